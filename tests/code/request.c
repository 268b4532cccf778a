/* Requests of the server's protocol, and the lines of its answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "code/serve/reply.h"
#include "code/serve/request.h"

static void assert_refused(const char *line, const char *code, const char *id)
{
    struct request request;
    struct refusal refusal;
    assert_false(request_read(line, strlen(line), &request, &refusal));
    assert_string_equal(refusal.code, code);
    assert_string_equal(request.id, id);
    assert_int_not_equal(refusal.message[0], '\0');
    request_fini(&request);
}

static void a_request_says_what_is_asked(void **state)
{
    (void)state;
    static const char line[] =
        "{\"id\":7,\"method\":\"query\",\"params\":{\"pattern\":\"(_) @a\",\"file\":\"a.c\","
        "\"language\":\"c\",\"format\":\"lines\",\"text\":true,\"json\":false,\"quiet\":true,"
        "\"folder\":\"/f\",\"store\":\"/s\",\"version\":\"1\"}}";
    struct request request;
    struct refusal refusal;
    assert_true(request_read(line, strlen(line), &request, &refusal));
    assert_string_equal(request.id, "7");
    assert_int_equal(request.verb, VERB_ASK);
    assert_string_equal(request.method->name, "query");
    assert_string_equal(request.question.operand, "(_) @a");
    assert_string_equal(request.question.file, "a.c");
    assert_string_equal(request.question.language, "c");
    assert_string_equal(request.question.folder, "/f");
    assert_string_equal(request.store, "/s");
    assert_string_equal(request.version, "1");
    assert_true(request.question.in_lines && request.in_text && request.is_quiet);
    assert_false(request.is_json);
    request_fini(&request);
}

static void ids_are_numbers_or_texts(void **state)
{
    (void)state;
    static const struct {
        const char *line, *id;
    } cases[] = {{"{\"id\":-3,\"method\":\"stats\"}", "-3"},
                 {"{\"id\":\"a b\",\"method\":\"health\"}", "\"a b\""},
                 {" {\"method\":\"shutdown\", \"id\":\"\\u00e9\\n\"} ", "\"\xc3\xa9\\n\""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request request;
        struct refusal refusal;
        assert_true(request_read(cases[i].line, strlen(cases[i].line), &request, &refusal));
        assert_string_equal(request.id, cases[i].id);
        request_fini(&request);
    }
}

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    assert_refused("", "bad_request", "null");
    assert_refused("{\"id\":1,\"method\":\"find\"", "bad_request", "null");
    assert_refused("[1]", "bad_request", "null");
    assert_refused("{\"id\":1.5,\"method\":\"stats\"}", "bad_request", "null");
    assert_refused("{\"id\":1}", "bad_request", "1");
    assert_refused("{\"id\":1,\"method\":\"stats\",\"params\":3}", "bad_request", "1");
    assert_refused("{\"id\":1,\"method\":\"seek\"}", "unknown_method", "1");
    assert_refused("{\"id\":1,\"method\":\"find\"}", "bad_params", "1");
    assert_refused("{\"id\":1,\"method\":\"find\",\"params\":{\"name\":1}}", "bad_params", "1");
    assert_refused("{\"id\":1,\"method\":\"find\",\"params\":{\"name\":\"a\",\"text\":1}}",
                   "bad_params", "1");
    assert_refused("{\"id\":1,\"method\":\"find\",\"params\":{\"name\":\"a\\u0000\"}}",
                   "bad_request", "null");
    assert_refused("{\"id\":1,\"method\":\"stats\",\"params\":{\"name\":\"a\"}}", "bad_params",
                   "1");
    assert_refused("{\"id\":1,\"method\":\"find\",\"params\":{\"name\":\"a\",\"file\":\"b\"}}",
                   "bad_params", "1");
    assert_refused("{\"a\":[[[[[[[[1]]]]]]]]}", "bad_request", "null");
}

static void brackets_in_texts_do_not_nest(void **state)
{
    (void)state;
    static const char line[] = "{\"id\":1,\"method\":\"query\",\"params\":{\"pattern\":"
                               "\"[[[[[[[[[[[[\\\"[{{{\"}}";
    struct request request;
    struct refusal refusal;
    assert_true(request_read(line, strlen(line), &request, &refusal));
    assert_string_equal(request.question.operand, "[[[[[[[[[[[[\"[{{{");
    request_fini(&request);
}

/* --- answers --- */

struct sent {
    char data[1 << 20];
    size_t size;
    size_t room; /* after which the client is gone */
};

static bool keep(void *context, const char *data, size_t size)
{
    struct sent *sent = context;
    if (sent->size + size > sent->room)
        return false;
    memcpy(sent->data + sent->size, data, size);
    sent->size += size;
    sent->data[sent->size] = '\0';
    return true;
}

static struct sent sent;

static void begin(struct reply *reply, bool in_text)
{
    sent = (struct sent){.room = sizeof sent.data - 1};
    reply_begin(reply, keep, &sent, "\"i\"", in_text);
}

static void answers_have_the_documented_lines(void **state)
{
    (void)state;
    struct reply reply;
    assert_int_equal(reply_init(&reply), FIRN_OK);
    begin(&reply, false);
    fputs("[1, 2]\n", reply.out);
    assert_true(reply_end(&reply));
    assert_string_equal(sent.data, "{\"id\":\"i\",\"result\":[1, 2]}\n");
    begin(&reply, false);
    fputs("[1, ", reply.out);
    assert_true(reply_fail(&reply, "corrupt", "a \"file\"\xff"));
    assert_string_equal(sent.data, "{\"id\":\"i\",\"error\":{\"code\": \"corrupt\", "
                                   "\"message\": \"a \\\"file\\\"\\ufffd\"}}\n");
    begin(&reply, true);
    fwrite("a\n\"\\\0\x1f\x80\xff", 1, 8, reply.out);
    assert_true(reply_end_text(&reply, 1, "none\xe9"));
    assert_string_equal(sent.data,
                        "{\"id\":\"i\",\"output\":\"a\\n\\\"\\\\\\u0000\\u001f\xc2\x80\xc3\xbf\"}\n"
                        "{\"id\":\"i\",\"result\":{\"exit\":1,\"message\":\"none\xc3\xa9\"}}\n");
    begin(&reply, true);
    reply_announce(&reply);
    assert_string_equal(sent.data, "{\"id\":\"i\",\"output\":\"\"}\n");
    assert_true(reply_end_text(&reply, 0, NULL));
    assert_non_null(strstr(sent.data, "{\"exit\":0,\"message\":null}}\n"));
    reply_fini(&reply);
}

static void a_long_answer_goes_in_pieces_that_are_lines(void **state)
{
    (void)state;
    struct reply reply;
    size_t letters = 0;
    assert_int_equal(reply_init(&reply), FIRN_OK);
    begin(&reply, true);
    for (unsigned i = 0; i < 50000; i++)
        fputs("\x01y", reply.out);
    assert_true(reply_end_text(&reply, 0, NULL));
    for (char *line = sent.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        json_t *json = json_loadb(line, (size_t)(end - line), 0, NULL);
        assert_non_null(json);
        assert_true((size_t)(end - line) < REPLY_BYTES);
        letters += json_string_length(json_object_get(json, "output"));
        json_decref(json);
    }
    assert_int_equal(letters, 100000);
    reply_fini(&reply);
}

static void a_value_that_fails_late_is_whole_and_has_an_error(void **state)
{
    (void)state;
    struct reply reply;
    assert_int_equal(reply_init(&reply), FIRN_OK);
    begin(&reply, false);
    fputs("[", reply.out);
    for (unsigned i = 0; i < 50000; i++)
        fputs("1, ", reply.out);
    fputs("1]", reply.out);
    assert_true(reply_fail(&reply, "io", "late"));
    json_t *json = json_loadb(sent.data, sent.size, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(json, "result")), 50001);
    assert_non_null(json_object_get(json_object_get(json, "error"), "code"));
    json_decref(json);
    reply_fini(&reply);
}

static void a_lost_client_is_told_to_who_prints(void **state)
{
    (void)state;
    struct reply reply;
    assert_int_equal(reply_init(&reply), FIRN_OK);
    begin(&reply, true);
    sent.room = 0;
    for (unsigned i = 0; i < 100000; i++)
        fputs("text", reply.out);
    assert_int_not_equal(ferror(reply.out), 0);
    assert_false(reply_end_text(&reply, 0, NULL));
    begin(&reply, true); /* and the next answer is not harmed */
    fputs("x", reply.out);
    assert_true(reply_end_text(&reply, 0, NULL));
    assert_int_equal(ferror(reply.out), 0);
    assert_string_equal(sent.data, "{\"id\":\"i\",\"output\":\"x\"}\n"
                                   "{\"id\":\"i\",\"result\":{\"exit\":0,\"message\":null}}\n");
    reply_fini(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_says_what_is_asked),
        cmocka_unit_test(ids_are_numbers_or_texts),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(brackets_in_texts_do_not_nest),
        cmocka_unit_test(answers_have_the_documented_lines),
        cmocka_unit_test(a_long_answer_goes_in_pieces_that_are_lines),
        cmocka_unit_test(a_value_that_fails_late_is_whole_and_has_an_error),
        cmocka_unit_test(a_lost_client_is_told_to_who_prints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
