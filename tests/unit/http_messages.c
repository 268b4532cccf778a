/* Each of the messages in tests/http/messages.txt is answered or refused as it says there, whole,
 * byte by byte and cut in two anywhere, by the parser for the machine and by the one for any. */
#include "support/http_messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static firn_http_lines_fn *const forms[] = {
    firn_http_lines_plain,
#if defined(__x86_64__)
    firn_http_lines_avx2,
#endif
};

static size_t form_count(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") ? 2 : 1;
#else
    return 1;
#endif
}

static struct message message;

/* Reads as much of the message as has come, from a block of just that size. */
static void come(struct reading *reading, size_t size)
{
    char *block = malloc(size + 1);
    assert_non_null(block);
    memcpy(block + 1, message.data, size); /* unaligned */
    reading_go_on(reading, block + 1, size);
    free(block);
}

static void begin(struct reading *reading, size_t form)
{
    *reading = (struct reading){.lines = forms[form]};
    reading_begin(reading, FIRN_HTTP_REQUEST);
}

static void check(const struct reading *reading, const char *how, size_t at)
{
    const bool refused = message.verdict >= 100;
    const unsigned answered = refused ? 0 : message.verdict;
    const unsigned refusal = refused ? message.verdict : 0;
    if (reading->answered != answered || reading->refusal != refusal)
        fail_msg("%s, %s %zu: %u answered and %u, wanted %u and %u", message.name, how, at,
                 reading->answered, reading->refusal, answered, refusal);
}

static void each_message_has_its_verdict(void **state)
{
    (void)state;
    FILE *file = messages_open(__FILE__);
    assert_non_null(file);
    unsigned refused = 0;
    while (message_read(file, &message)) {
        refused += message.verdict >= 100;
        for (size_t form = 0; form < form_count(); form++) {
            struct reading reading;
            begin(&reading, form);
            come(&reading, message.size);
            check(&reading, "whole", form);
            begin(&reading, form);
            for (size_t size = 0; size <= message.size; size++)
                come(&reading, size);
            check(&reading, "byte by byte", form);
            for (size_t size = 0; size <= message.size && message.size < 512; size++) {
                begin(&reading, form);
                come(&reading, size);
                come(&reading, message.size);
                check(&reading, "cut behind", size);
            }
        }
    }
    fclose(file);
    assert_true(refused >= 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_message_has_its_verdict)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
