/* Messages out of a stream that is cut anywhere, and the bounds of headers and contents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "code/lsp/frames.h"

static const char stream[] = "Content-Length: 5\r\n\r\nhello"
                             "Content-Type: x; charset=utf-8\r\ncontent-length:0\r\n\r\n"
                             "Content-Length: 2\n\n{}";

/* Feeds the stream in pieces and checks the three messages. */
static void check_pieces(size_t piece)
{
    static const char *const wanted[] = {"hello", "", "{}"};
    struct frames frames = {.line_size = 0};
    unsigned messages = 0;
    for (size_t at = 0; at < sizeof stream - 1;) {
        size_t left = sizeof stream - 1 - at, taken;
        enum frame_event event =
            frames_feed(&frames, stream + at, piece < left ? piece : left, &taken);
        at += taken;
        if (event == FRAME_MESSAGE) {
            assert_true(messages < 3);
            assert_int_equal(frames.content.size, strlen(wanted[messages]));
            if (frames.content.size > 0)
                assert_memory_equal(frames.content.data, wanted[messages], frames.content.size);
            assert_true(frames_at_boundary(&frames));
            messages++;
        } else {
            assert_int_equal(event, FRAME_MORE);
            assert_true(taken > 0);
        }
    }
    assert_int_equal(messages, 3);
    frames_fini(&frames);
}

static void messages_come_whole_however_the_stream_is_cut(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < sizeof stream; piece++)
        check_pieces(piece);
}

static enum frame_event feed(const char *text)
{
    struct frames frames = {.line_size = 0};
    size_t taken;
    enum frame_event event = frames_feed(&frames, text, strlen(text), &taken);
    if (event == FRAME_BROKEN)
        assert_non_null(frames.problem);
    frames_fini(&frames);
    return event;
}

static void broken_headers_are_refused(void **state)
{
    (void)state;
    char longest[FRAME_HEADER_MAX + 8];
    assert_int_equal(feed("\r\n"), FRAME_BROKEN);
    assert_int_equal(feed("x\r\n"), FRAME_BROKEN);
    assert_int_equal(feed("Content-Length: 1 2\r\n\r\n"), FRAME_BROKEN);
    assert_int_equal(feed("Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), FRAME_BROKEN);
    assert_int_equal(feed("Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"), FRAME_MESSAGE);
    assert_int_equal(feed("Content-Length: 12345678901234567\r\n\r\n"), FRAME_BROKEN);
    assert_int_equal(feed("Content-Type: a; charset=latin1\r\n"), FRAME_BROKEN);
    assert_int_equal(feed("Other: a\r\nContent-Length: 3\r\n\r\nab"), FRAME_MORE);
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(feed(longest), FRAME_BROKEN);
}

static void a_large_message_is_passed_over_without_its_memory(void **state)
{
    (void)state;
    static char zeros[1 << 16];
    struct frames frames = {.line_size = 0};
    const char header[] = "Content-Length: 33554433\r\n\r\n", next[] = "Content-Length: 1\r\n\r\n7";
    size_t taken, left = FRAME_CONTENT_MAX + 1;
    enum frame_event event = frames_feed(&frames, header, sizeof header - 1, &taken);
    while (event == FRAME_MORE) {
        event = frames_feed(&frames, zeros, sizeof zeros < left ? sizeof zeros : left, &taken);
        left -= taken;
    }
    assert_int_equal(event, FRAME_LARGE);
    assert_int_equal(left, 0);
    assert_int_equal(frames.content.capacity, 0);
    assert_int_equal(frames_feed(&frames, next, sizeof next - 1, &taken), FRAME_MESSAGE);
    assert_int_equal(frames.content.data[0], '7');
    frames_fini(&frames);
}

static void a_claim_takes_no_memory_before_its_bytes_come(void **state)
{
    (void)state;
    struct frames frames = {.line_size = 0};
    const char header[] = "Content-Length: 33554432\r\n\r\nab";
    size_t taken;
    assert_int_equal(frames_feed(&frames, header, sizeof header - 1, &taken), FRAME_MORE);
    assert_true(frames.content.capacity < 1024);
    assert_false(frames_at_boundary(&frames));
    frames_fini(&frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_whole_however_the_stream_is_cut),
        cmocka_unit_test(broken_headers_are_refused),
        cmocka_unit_test(a_large_message_is_passed_over_without_its_memory),
        cmocka_unit_test(a_claim_takes_no_memory_before_its_bytes_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
