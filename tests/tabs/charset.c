/* Documents to UTF-8: which encoding is taken, and what comes of malformed ones. */
#include "tabs/resources/charset.h"

#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct sample {
    const char *bytes, *type, *charset, *text;
    size_t size; /* 0: up to the NUL */
};

static void check(const struct sample *sample, bool is_html)
{
    charset_text text;
    size_t size = sample->size != 0 ? sample->size : strlen(sample->bytes);
    char *apart = malloc(size + 1); /* a block of its own, for AddressSanitizer */
    memcpy(apart, sample->bytes, size);
    assert_int_equal(charset_decode(apart, size, sample->type, is_html, NULL, NULL, &text),
                     FIRN_OK);
    assert_string_equal(text.charset, sample->charset);
    if (sample->text != NULL)
        assert_string_equal(text.text, sample->text);
    assert_int_equal(strlen(text.text), text.size);
    firn_release(NULL, text.text, text.block_bytes);
    free(apart);
}

static void the_mark_the_type_and_the_meta_are_asked_in_this_order(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"\xef\xbb\xbf<meta charset=latin1>\xc3\xa9", "text/html; charset=koi8-r", "UTF-8",
         "<meta charset=latin1>\xc3\xa9", 0},
        {"<meta charset=utf-8>\xe9", "text/html; charset=ISO-8859-1", "windows-1252",
         "<meta charset=utf-8>\xc3\xa9", 0},
        {"<meta charset=utf-8>\xc3\xa9", "text/html", "UTF-8", "<meta charset=utf-8>\xc3\xa9", 0},
        {"\xe9\x80\x9f", NULL, "windows-1252", "\xc3\xa9\xe2\x82\xac\xc5\xb8", 0},
        {"\xff\xfe<\0b\0\xe9\0", NULL, "UTF-16LE", "<b\xc3\xa9", 8},
        {"\xfe\xff\0<\0b", NULL, "UTF-16BE", "<b", 6},
        {"\xd0\xd2\xc9", "text/html;charset=\"koi8-r\"", "KOI8-R", "\xd0\xbf\xd1\x80\xd0\xb8", 0},
        {"\x93\xfa\x96\x7b", "text/html; charset=x-sjis", "Shift_JIS", "\xe6\x97\xa5\xe6\x9c\xac",
         0},
        {"\xc4\xe3\xba\xc3", "text/html; charset=gb2312", "GBK", "\xe4\xbd\xa0\xe5\xa5\xbd", 0},
        {"\xc4\xe3\xba\xc3", "text/html; charset=unheard-of", "windows-1252", NULL, 0},
        {"", NULL, "windows-1252", "", 0},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        check(&samples[i], true);
}

static void meta_elements_are_found_as_browsers_do(void **state)
{
    (void)state;
    static const struct {
        const char *html, *charset;
    } samples[] = {
        {"<meta charset=\"koi8-r\">", "KOI8-R"},
        {"<META/CHARSET='koi8-r'>", "KOI8-R"},
        {"<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>", "KOI8-R"},
        {"<meta content='text/html; charset = \"koi8-r\"' http-equiv=Content-Type>", "KOI8-R"},
        {"<meta content='text/html; charset=koi8-r'>", "windows-1252"},
        {"<meta name=x content=charset=koi8-r><meta charset=big5>", "Big5"},
        {"<!-- <meta charset=koi8-r> --><meta charset=big5>", "Big5"},
        {"<p title='<meta charset=koi8-r>'><meta charset=big5>", "Big5"},
        {"<metal charset=koi8-r><meta charset=big5>", "Big5"},
        {"</p <meta charset=koi8-r><meta charset=big5>", "Big5"},
        {"<meta charset=utf-16le>", "UTF-8"},
        {"<meta charset=x-user-defined>", "windows-1252"},
        {"<meta charset=none><meta charset=koi8-r>", "KOI8-R"},
        {"<meta", "windows-1252"},
        {"<!--", "windows-1252"},
        {"<meta charset", "windows-1252"},
        {"<meta charset=", "windows-1252"},
        {"<meta charset='koi8-r", "KOI8-R"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        check(&(struct sample){samples[i].html, NULL, samples[i].charset, NULL, 0}, true);
    char late[1100];
    memset(late, ' ', sizeof late);
    memcpy(late + 1010, "<meta charset=koi8-r>", 22);
    check(&(struct sample){late, NULL, "windows-1252", NULL, 0}, true);
}

static void malformed_bytes_are_replaced_each_by_its_longest_beginning(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"a\xff"
         "b",
         NULL, "UTF-8",
         "a\xef\xbf\xbd"
         "b",
         0},
        {"\xe2\x82", NULL, "UTF-8", "\xef\xbf\xbd", 0},
        {"\xe2\x82"
         "a",
         NULL, "UTF-8",
         "\xef\xbf\xbd"
         "a",
         0},
        {"\xed\xa0\x80", NULL, "UTF-8", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 0},
        {"\xf0\x9f\x98\x80\xf4\x90\x80\x80", NULL, "UTF-8",
         "\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 0},
        {"\xc0\xaf", NULL, "UTF-8", "\xef\xbf\xbd\xef\xbf\xbd", 0},
        {"\xb0"
         "a",
         "text/css; charset=euc-jp", "EUC-JP",
         "\xef\xbf\xbd"
         "a",
         0},
        {"ab\x8e", "text/css; charset=euc-jp", "EUC-JP", "ab\xef\xbf\xbd", 0},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        check(&samples[i], false);
}

static bool is_binary(const char *bytes, size_t size)
{
    charset_text text;
    assert_int_equal(charset_decode(bytes, size, NULL, true, NULL, NULL, &text), FIRN_OK);
    firn_release(NULL, text.text, text.block_bytes);
    return text.is_binary;
}

static void binary_documents_are_told(void **state)
{
    (void)state;
    assert_true(is_binary("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16));
    assert_true(is_binary("PK\3\4", 4));
    assert_false(is_binary("<p>\t\r\n\f\x1b", 8));
    assert_false(is_binary("\xff\xfe<\0p\0>\0", 8));
}

static void labels_have_their_encodings(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{" Latin1\n", "windows-1252"},
                                           {"UTF8", "UTF-8"},
                                           {"iso_8859-9:1989", "windows-1254"},
                                           {"sjis", "Shift_JIS"}};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(charset_find(pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
    static const char *const none[] = {"", " ", "utf", "utf-8 utf8", "8859"};
    for (size_t i = 0; i < 5; i++)
        assert_null(charset_find(none[i], strlen(none[i])));
}

static firn_status decode_some(const firn_allocator *allocator, void *context)
{
    static const char *const types[] = {"a/b;charset=utf-8", "a/b;charset=gbk",
                                        "a/b;charset=latin1"};
    (void)context;
    for (size_t i = 0; i < 3; i++) {
        charset_text text;
        firn_status status =
            charset_decode("abc\xff\xe9\xff", 6, types[i], true, NULL, allocator, &text);
        if (status != FIRN_OK)
            return status;
        firn_release(allocator, text.text, text.block_bytes);
    }
    return FIRN_OK;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_each(decode_some, NULL) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mark_the_type_and_the_meta_are_asked_in_this_order),
        cmocka_unit_test(meta_elements_are_found_as_browsers_do),
        cmocka_unit_test(malformed_bytes_are_replaced_each_by_its_longest_beginning),
        cmocka_unit_test(binary_documents_are_told),
        cmocka_unit_test(labels_have_their_encodings),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
