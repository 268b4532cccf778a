/* What the host tells pages of one document that settle, and what it makes of what they say: here
 * the pages are sockets of the test. */
#include "tabs/host/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TABS = 5, OWN = 4 << 20 };

static struct host host;
static struct tab tabs[TABS];
static struct tab *list[TABS];
static int pages[TABS];
static message_buffer into;

static void begin(const char *url)
{
    host = (struct host){.tabs = list, .tab_count = TABS};
    for (uint32_t i = 0; i < TABS; i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        tabs[i] = (struct tab){.number = i + 1, .instance = i + 1, .socket = ends[0]};
        tab_set_text(&tabs[i].url, url);
        pages[i] = ends[1];
        list[i] = &tabs[i];
    }
}

static void end(void)
{
    for (size_t i = 0; i < TABS; i++) {
        alike_leave(&host, &tabs[i]);
        close(tabs[i].socket);
        close(pages[i]);
        tab_drop_text(&tabs[i].url);
    }
    message_fini(&into);
    assert_int_equal(alike_bytes(), 0);
}

/* A page says something, with numbers. */
static void say(size_t at, message_kind kind, size_t count, const uint64_t *numbers)
{
    message_buffer out = {0};
    message from;
    size_t used;
    message_begin(&out, kind, 0);
    for (size_t i = 0; i < count; i++)
        message_add_number(&out, numbers[i]);
    message_end(&out);
    assert_int_equal(message_find(out.data, out.size, &from, &used), MESSAGE_WHOLE);
    alike_heard(&host, &tabs[at], &from);
    message_fini(&out);
}

static void settle(size_t at)
{
    say(at, MESSAGE_SETTLED, 0, NULL);
}

static void shared(size_t at, uint64_t own, uint64_t alike)
{
    say(at, MESSAGE_SHARED, 2, (const uint64_t[]){own, alike});
}

static bool is_told(size_t at)
{
    struct pollfd one = {.fd = pages[at], .events = POLLIN};
    return poll(&one, 1, 0) > 0;
}

/* What a page is told: the descriptor. */
static int told(size_t at, message_kind kind, uint64_t number)
{
    message from;
    assert_true(is_told(at));
    assert_true(message_receive(pages[at], &into, &from));
    assert_int_equal(from.kind, kind);
    assert_int_equal(message_take_number(&from), number);
    assert_true(from.descriptor >= 0 && !from.broken);
    return from.descriptor;
}

static void told_to_share(size_t at, uint64_t percent)
{
    int file = told(at, MESSAGE_SHARE, percent);
    assert_int_equal(fcntl(file, F_GET_SEALS),
                     F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    close(file);
}

static void write_some(size_t at)
{
    int file = told(at, MESSAGE_WRITE, 0);
    assert_int_equal(pwrite(file, "pages", 5, 0), 5);
    close(file);
    say(at, MESSAGE_WRITTEN, 1, (const uint64_t[]){OWN});
}

/* The first two of a document: the second one has written, and both share. */
static void two_share(void)
{
    begin("file:///a/page.html#top");
    settle(0);
    assert_false(is_told(0));
    settle(1);
    write_some(1);
    told_to_share(0, 10);
    told_to_share(1, 10);
    shared(0, OWN, OWN / 10 * 9);
    shared(1, OWN, OWN);
    assert_true(alike_bytes() > 0);
}

static void the_second_to_settle_writes_and_all_share(void **state)
{
    (void)state;
    two_share();
    settle(2);
    told_to_share(2, 10);
    shared(2, OWN, OWN);
    settle(2); /* again, what it has changed in between */
    told_to_share(2, 0);
    shared(2, OWN, 0);
    for (size_t i = 0; i < TABS; i++)
        assert_false(is_told(i));
    alike_leave(&host, &tabs[0]);
    alike_leave(&host, &tabs[1]);
    assert_true(alike_bytes() > 0);
    alike_leave(&host, &tabs[2]);
    assert_int_equal(alike_bytes(), 0);
    end();
}

static void what_two_still_have_to_themselves_goes_into_another_file(void **state)
{
    (void)state;
    two_share();
    settle(2);
    told_to_share(2, 10);
    shared(2, OWN, OWN / 2);
    assert_false(is_told(2)); /* there is none like it */
    settle(3);
    told_to_share(3, 10);
    shared(3, OWN, 0);
    write_some(3);
    told_to_share(3, 10);
    told_to_share(2, 10);
    told_to_share(0, 10);
    told_to_share(1, 10);
    shared(3, OWN, OWN);
    shared(2, OWN / 2, OWN / 2);
    shared(0, OWN / 10, 0);
    shared(1, 0, 0);
    settle(2); /* it has worked, and tries both */
    told_to_share(2, 0);
    shared(2, OWN / 8, 0);
    told_to_share(2, 0);
    shared(2, OWN / 8, OWN / 16);
    settle(4);
    told_to_share(4, 10);
    shared(4, OWN, OWN / 5);
    told_to_share(4, 10);
    shared(4, OWN / 5 * 4, OWN / 5 * 4);
    for (size_t i = 0; i < TABS; i++)
        assert_false(is_told(i));
    end();
}

static void nobody_waits_for_one_that_writes(void **state)
{
    (void)state;
    begin("https://a.example/");
    settle(0);
    settle(1);
    close(told(1, MESSAGE_WRITE, 0));
    settle(2); /* while it does not answer */
    settle(1);
    assert_false(is_told(0) || is_told(1) || is_told(2));
    alike_leave(&host, &tabs[1]); /* it was lost */
    settle(2);
    write_some(2);
    told_to_share(0, 10);
    told_to_share(2, 10);
    end();
}

static void a_file_that_can_still_be_written_is_given_to_nobody(void **state)
{
    (void)state;
    begin("https://a.example/");
    settle(0);
    settle(1);
    int file = told(1, MESSAGE_WRITE, 0);
    void *open = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_true(open != MAP_FAILED);
    say(1, MESSAGE_WRITTEN, 1, (const uint64_t[]){OWN});
    assert_false(is_told(0) || is_told(1));
    assert_int_equal(alike_bytes(), 0);
    munmap(open, 4096);
    close(file);
    host.tab_memory_bytes = 4096; /* one that is larger than a tab may be */
    settle(0);
    file = told(0, MESSAGE_WRITE, 0);
    assert_int_equal(ftruncate(file, INT64_C(1) << 60), 0);
    for (off_t at = 0; at < 8; at++)
        assert_int_equal(pwrite(file, "pages", 5, at * 4096), 5);
    close(file);
    say(0, MESSAGE_WRITTEN, 1, (const uint64_t[]){OWN});
    assert_false(is_told(0) || is_told(1));
    assert_int_equal(alike_bytes(), 0);
    end();
}

static void what_was_not_asked_for_changes_nothing(void **state)
{
    (void)state;
    begin("file:///a/page.html");
    shared(0, OWN, OWN);
    say(0, MESSAGE_WRITTEN, 1, (const uint64_t[]){OWN});
    say(0, MESSAGE_WRITTEN, 0, NULL);
    settle(0);
    settle(1);
    int file = told(1, MESSAGE_WRITE, 0);
    close(file);
    shared(1, OWN, OWN); /* in place of the other answer */
    assert_false(is_told(1));
    say(1, MESSAGE_WRITTEN, 1, (const uint64_t[]){OWN});
    say(1, MESSAGE_WRITTEN, 1, (const uint64_t[]){OWN});
    told_to_share(1, 10);
    told_to_share(0, 10);
    say(0, MESSAGE_SHARED, 0, NULL);
    assert_false(is_told(0) || is_told(1));
    end();
}

static void other_documents_have_nothing_to_do_with_it(void **state)
{
    (void)state;
    static const char *const urls[] = {"file:///a", "file:///ab", "about:blank", "about:blank",
                                       "http://a/"};
    begin("file:///x");
    for (size_t i = 0; i < TABS; i++)
        tab_set_text(&tabs[i].url, urls[i]);
    for (size_t i = 0; i < 2 * TABS; i++)
        settle(i % TABS);
    for (size_t i = 0; i < TABS; i++)
        assert_false(is_told(i));
    tabs[0].state = TAB_WARM; /* one that is not awake */
    tab_set_text(&tabs[1].url, urls[0]);
    settle(0);
    settle(1);
    assert_false(is_told(0) || is_told(1));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_to_settle_writes_and_all_share),
        cmocka_unit_test(what_two_still_have_to_themselves_goes_into_another_file),
        cmocka_unit_test(nobody_waits_for_one_that_writes),
        cmocka_unit_test(a_file_that_can_still_be_written_is_given_to_nobody),
        cmocka_unit_test(what_was_not_asked_for_changes_nothing),
        cmocka_unit_test(other_documents_have_nothing_to_do_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
