/* Status codes, their texts, and the details of an error. */
#include <firn/status.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void every_status_has_a_name_and_a_sentence(void **state)
{
    (void)state;
#define CHECK_STATUS(code, number, sentence)                                                       \
    assert_int_equal(code, number);                                                                \
    assert_string_equal(firn_status_name(code), #code);                                            \
    assert_string_equal(firn_status_text(code), sentence);
    FIRN_STATUS_TABLE(CHECK_STATUS)
#undef CHECK_STATUS
    assert_string_equal(firn_status_text((firn_status)999), "unknown status");
    assert_string_equal(firn_status_name((firn_status)999), "unknown status");
}

static void an_error_holds_what_it_was_given(void **state)
{
    (void)state;
    firn_error error;
    memset(&error, 0xff, sizeof(error));
    assert_int_equal(firn_error_set(&error, FIRN_LIMIT, EFBIG, "%s: %d", "a.c", 7), FIRN_LIMIT);
    assert_int_equal(error.status, FIRN_LIMIT);
    assert_int_equal(error.os_errno, EFBIG);
    assert_int_equal(error.offset, 0);
    assert_int_equal(error.line, 0);
    assert_string_equal(error.text, "a.c: 7");
}

static void an_error_may_go_unasked_for(void **state)
{
    (void)state;
    assert_int_equal(firn_error_set(NULL, FIRN_BUSY, 0, "x"), FIRN_BUSY);
}

static void an_error_text_is_one_line(void **state)
{
    (void)state;
    firn_error error;
    firn_error_set(&error, FIRN_IO, 0, "a\nb\tc\x7f\x1b[1m");
    assert_string_equal(error.text, "a?b?c??[1m");
}

static void a_long_error_text_is_cut_between_characters(void **state)
{
    (void)state;
    const char *characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < 4; i++) {
        size_t size = strlen(characters[i]);
        for (size_t before = 250; before <= 256; before++) {
            char text[300] = {0}, expected[300] = {0};
            memset(text, 'a', before);
            memcpy(text + before, characters[i], size);
            memset(text + before + size, 'z', 10);
            size_t fits = before + size <= 255 || before >= 255 ? 255 : before;
            memcpy(expected, text, fits);
            firn_error error;
            firn_error_set(&error, FIRN_IO, 0, "%s", text);
            assert_string_equal(error.text, expected);
        }
    }
}

static void a_text_that_fits_exactly_is_not_cut(void **state)
{
    (void)state;
    char text[256] = {0};
    memset(text, 'a', 253);
    memcpy(text + 253, "\xc3\xa9", 2);
    firn_error error;
    firn_error_set(&error, FIRN_IO, 0, "%s", text);
    assert_string_equal(error.text, text);
}

static void errno_values_become_the_documented_statuses(void **state)
{
    (void)state;
    static const struct {
        int os_errno;
        firn_status status;
    } table[] = {
        {0, FIRN_OK},
        {ENOMEM, FIRN_NO_MEMORY},
        {ENOENT, FIRN_NOT_FOUND},
        {EACCES, FIRN_PERMISSION},
        {EPERM, FIRN_PERMISSION},
        {EROFS, FIRN_PERMISSION},
        {ENOSPC, FIRN_NO_SPACE},
        {EDQUOT, FIRN_NO_SPACE},
        {EFBIG, FIRN_NO_SPACE},
        {EEXIST, FIRN_EXISTS},
        {ETIMEDOUT, FIRN_TIMEOUT},
        {EIO, FIRN_IO},
        {ELOOP, FIRN_IO},
        {12345, FIRN_IO},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(firn_status_from_errno(table[i].os_errno), table[i].status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_and_a_sentence),
        cmocka_unit_test(an_error_holds_what_it_was_given),
        cmocka_unit_test(an_error_may_go_unasked_for),
        cmocka_unit_test(an_error_text_is_one_line),
        cmocka_unit_test(a_long_error_text_is_cut_between_characters),
        cmocka_unit_test(a_text_that_fits_exactly_is_not_cut),
        cmocka_unit_test(errno_values_become_the_documented_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
