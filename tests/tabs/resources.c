/* Responses that are kept: content once, freshness, limits, and what an end leaves. */
#include "tabs/resources/fresh.h"
#include "tabs/resources/resources.h"

#include "support/failing.h"
#include "support/random.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NOW 1700000000
#define FOREVER "Cache-Control: max-age=1000\r\n"

static char folder[TEMPDIR_PATH_BYTES];

static int make_folder(void **state)
{
    (void)state;
    tempdir_make_fast(folder);
    tempdir_remove(folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    tempdir_remove(folder);
    return 0;
}

static resources *open_resources(const char *where, uint64_t limit_bytes)
{
    resources *all;
    firn_error error;
    resources_options options = {.folder = where, .limit_bytes = limit_bytes};
    if (resources_open(&options, &all, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    return all;
}

static bool put(resources *all, const char *url, const char *headers, const char *body)
{
    bool kept;
    assert_int_equal(resources_put(all, url, 200, headers, body, strlen(body), NOW, &kept),
                     FIRN_OK);
    return kept;
}

static void check(resources *all, const char *url, const char *body, bool is_fresh)
{
    resource found;
    assert_int_equal(resources_get(all, url, NOW + 100, &found), FIRN_OK);
    assert_int_equal(found.status, 200);
    assert_int_equal(found.body_bytes, strlen(body));
    assert_memory_equal(found.body, body, strlen(body));
    assert_int_equal(found.is_fresh, is_fresh);
    resource_let_go(&found);
}

static void live_once(resources *all)
{
    assert_true(put(all, "http://a/x", FOREVER, "the content of all"));
    assert_true(put(all, "http://b/x", FOREVER "ETag: \"1\"\r\n", "the content of all"));
    assert_true(put(all, "http://a/empty", FOREVER, ""));
    resources_summary summary;
    resources_usage(all, &summary);
    assert_int_equal(summary.url_count, 3);
    assert_int_equal(summary.body_count, 1);
    assert_int_equal(summary.plain_bytes, 18);
    check(all, "http://a/x", "the content of all", true);
    check(all, "http://b/x", "the content of all", true);
    check(all, "http://a/empty", "", true);
    resources_remove(all, "http://a/x");
    resources_remove(all, "http://a/none");
    resource found;
    assert_int_equal(resources_get(all, "http://a/x", NOW, &found), FIRN_NOT_FOUND);
    check(all, "http://b/x", "the content of all", true);
    assert_true(put(all, "http://b/x", FOREVER, "another"));
    check(all, "http://b/x", "another", true);
    resources_usage(all, &summary);
    assert_int_equal(summary.body_count, 1);
}

static void content_lies_there_once(void **state)
{
    (void)state;
    resources *all = open_resources(NULL, 0);
    live_once(all);
    resources_close(all);
    all = open_resources(folder, 0);
    live_once(all);
    resources_close(all);
}

static void what_was_written_down_is_there_again(void **state)
{
    (void)state;
    resources *all = open_resources(folder, 0);
    put(all, "http://a/x",
        FOREVER "ETag: \"7\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "one");
    put(all, "http://a/y", FOREVER, "one");
    resources_close(all);
    all = open_resources(folder, 0);
    check(all, "http://a/y", "one", true);
    resource found;
    assert_int_equal(resources_get(all, "http://a/x", NOW + 1001, &found), FIRN_OK);
    assert_false(found.is_fresh);
    assert_string_equal(found.etag, "\"7\"");
    assert_string_equal(found.modified, "Sun, 06 Nov 1994 08:49:37 GMT");
    resource_let_go(&found);
    resources_summary summary;
    resources_usage(all, &summary);
    assert_int_equal(summary.body_count, 1);
    resources_close(all);
}

static void freshness_is_as_http_says(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        unsigned status;
        bool may_keep;
        int64_t lifetime_s;
    } samples[] = {
        {"Cache-Control: max-age=60\r\n", 200, true, 60},
        {"cache-control:public , MAX-AGE=\"60\"\r\n", 200, true, 60},
        {"Cache-Control: no-store\r\nCache-Control: max-age=60\r\n", 200, false, 60},
        {"Cache-Control: no-cache\r\nETag: a\r\n", 200, true, 0},
        {"Cache-Control: max-age=60\r\nAge: 20\r\n", 200, true, 40},
        {"Cache-Control: max-age=99999999999999999999\r\n", 200, true, (int64_t)1 << 31},
        {"Cache-Control: max-age=60\r\nVary: accept-encoding\r\n", 200, true, 60},
        {"Cache-Control: max-age=60\r\nVary: Cookie\r\n", 200, false, 60},
        {"Cache-Control: max-age=60\r\nVary: *\r\n", 200, false, 60},
        {"Cache-Control: max-age=60\r\n", 206, false, 60},
        {"Cache-Control: max-age=60\r\n", 404, true, 60},
        {"Cache-Control: max-age=60\r\n", 500, false, 60},
        {"Date: Tue, 14 Nov 2023 22:13:20 GMT\r\nExpires: Tue, 14 Nov 2023 22:14:20 GMT\r\n", 200,
         true, 60},
        {"Date: Tue, 14 Nov 2023 22:13:10 GMT\r\nExpires: Tue, 14 Nov 2023 22:14:10 GMT\r\n", 200,
         true, 50},
        {"Expires: 0\r\nETag: a\r\n", 200, true, 0},
        {"Last-Modified: Tue, 14 Nov 2023 22:11:40 GMT\r\n", 200, true, 10},
        {"Last-Modified: Tuesday, 14-Nov-23 22:11:40 GMT\r\n", 200, true, 10},
        {"Last-Modified: Tue Nov 14 22:11:40 2023\r\n", 200, true, 10},
        {"ETag: a\r\n", 200, true, 0},
        {"Content-Type: a/b\r\n", 200, false, 0},
        {"", 200, false, 0},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        freshness fresh = freshness_of(samples[i].status, samples[i].headers, NOW);
        assert_int_equal(fresh.may_keep, samples[i].may_keep);
        assert_int_equal(fresh.until_s - NOW, samples[i].lifetime_s);
    }
}

static void what_is_not_modified_is_fresh_again(void **state)
{
    (void)state;
    resources *all = open_resources(NULL, 0);
    put(all, "http://a/x", "ETag: \"1\"\r\nContent-Type: a/b\r\nX-Old: 1\r\n", "body");
    check(all, "http://a/x", "body", false);
    assert_int_equal(resources_renew(all, "http://a/none", "", NOW), FIRN_NOT_FOUND);
    assert_int_equal(resources_renew(all, "http://a/x",
                                     "etag: \"2\"\r\nContent-Length: 9\r\n" FOREVER, NOW + 50),
                     FIRN_OK);
    check(all, "http://a/x", "body", true);
    resource found;
    assert_int_equal(resources_get(all, "http://a/x", NOW, &found), FIRN_OK);
    assert_string_equal(found.headers, "Content-Type: a/b\r\nX-Old: 1\r\netag: \"2\"\r\n" FOREVER);
    assert_string_equal(found.etag, "\"2\"");
    resource_let_go(&found);
    resources_close(all);
}

/* Random puts and gets under a limit: what is found is what was put last, and the limit holds. */
static void the_limit_holds(void **state)
{
    (void)state;
    static char last[200][3000];
    rng random;
    rng_init(&random, "the_limit_holds");
    for (int round = 0; round < 2; round++) {
        resources *all = open_resources(round == 0 ? NULL : folder, 40000);
        memset(last, 0, sizeof last);
        size_t found_count = 0;
        for (int i = 0; i < 3000; i++) {
            size_t which = (size_t)rng_zipf(&random, 200);
            char url[40];
            resource found;
            snprintf(url, sizeof url, "http://a/%zu", which);
            if (resources_get(all, url, NOW, &found) == FIRN_OK) {
                assert_int_equal(found.body_bytes, strlen(last[which]));
                assert_memory_equal(found.body, last[which], found.body_bytes);
                resource_let_go(&found);
                found_count++;
                if (rng_below(&random, 4) != 0)
                    continue;
            }
            size_t size = 1 + rng_below(&random, 2990);
            for (size_t at = 0; at < size; at++) /* which does not shrink much */
                last[which][at] = (char)(33 + rng_below(&random, 90));
            last[which][size] = 0;
            assert_true(put(all, url, FOREVER, last[which]));
            resources_summary summary;
            resources_usage(all, &summary);
            assert_true(summary.packed_bytes <= 40000);
        }
        assert_true(found_count > 300);
        resources_close(all);
    }
}

static void a_damaged_folder_begins_anew(void **state)
{
    (void)state;
    resources *all = open_resources(folder, 0);
    put(all, "http://a/x", FOREVER, "one");
    resources_close(all);
    static const char *const names[] = {"manifest", "manifest-copy"};
    for (size_t i = 0; i < 2; i++) {
        size_t size;
        uint8_t *data = tempdir_read(tempdir_path(folder, names[i]), &size);
        assert_non_null(data);
        data[size / 2] ^= 0xff;
        tempdir_write(tempdir_path(folder, names[i]), data, size);
        free(data);
    }
    all = open_resources(folder, 0);
    resource found;
    assert_int_equal(resources_get(all, "http://a/x", NOW, &found), FIRN_NOT_FOUND);
    put(all, "http://a/x", FOREVER, "two");
    resources_close(all);
    all = open_resources(folder, 0);
    check(all, "http://a/x", "two", true);
    resources_close(all);
}

static firn_status whole_life(const firn_allocator *allocator, void *context)
{
    resources *all;
    resource found;
    resources_options options = {.allocator = allocator, .folder = context};
    if (context != NULL)
        tempdir_remove(context);
    firn_status status = resources_open(&options, &all, NULL);
    if (status != FIRN_OK)
        return status;
    status = resources_put(all, "http://a/x", 200, FOREVER "ETag: a\r\n", "body", 4, NOW, NULL);
    if (status == FIRN_OK)
        status = resources_put(all, "http://b/x", 200, FOREVER, "body", 4, NOW, NULL);
    if (status == FIRN_OK)
        status = resources_renew(all, "http://b/x", FOREVER, NOW);
    if (status == FIRN_OK)
        status = resources_flush(all, NULL);
    if (status == FIRN_OK)
        status = resources_get(all, "http://a/x", NOW, &found);
    if (status == FIRN_OK)
        resource_let_go(&found);
    resources_close(all);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_each(whole_life, NULL) > 10);
    assert_true(failing_each(whole_life, folder) > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(content_lies_there_once),   TEST(what_was_written_down_is_there_again),
        TEST(freshness_is_as_http_says), TEST(what_is_not_modified_is_fresh_again),
        TEST(the_limit_holds),           TEST(a_damaged_folder_begins_anew),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
