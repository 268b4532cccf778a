/* URLs: what is parsed into which parts, what is refused and where, references, and the cache. */
#include "support/failing.h"
#include "support/random.h"

#include <firn/url.h>

#include "http/url_cache.h"
#include "http/url_wide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

static firn_error error;

static bool part_is(const firn_url *url, firn_url_part part, const char *text)
{
    return part.size == strlen(text) && memcmp(url->text + part.offset, text, part.size) == 0;
}

static firn_url parsed(const char *text)
{
    firn_url url;
    if (firn_url_parse(text, strlen(text), &url, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    assert_ptr_equal(url.text, text);
    assert_int_equal(url.size, strlen(text));
    return url;
}

static void the_parts_of_a_url_are_found(void **state)
{
    (void)state;
    firn_url url = parsed("https://me:p%40ss@Example.org:8443/a/b%20c;d?x=1&y=/?#top/?");
    assert_int_equal(url.scheme, FIRN_URL_HTTPS);
    assert_int_equal(url.port, 8443);
    assert_int_equal(url.kind, FIRN_URL_NAME);
    assert_true(url.has_userinfo && url.has_query && url.has_fragment);
    assert_true(part_is(&url, url.userinfo, "me:p%40ss"));
    assert_true(part_is(&url, url.host, "Example.org"));
    assert_true(part_is(&url, url.path, "/a/b%20c;d"));
    assert_true(part_is(&url, url.query, "x=1&y=/?"));
    assert_true(part_is(&url, url.fragment, "top/?"));
    url = parsed("HTTP://a");
    assert_int_equal(url.scheme, FIRN_URL_HTTP);
    assert_int_equal(url.port, 80);
    assert_false(url.has_userinfo || url.has_query || url.has_fragment);
    assert_true(part_is(&url, url.path, ""));
    url = parsed("https://a:?#");
    assert_int_equal(url.port, 443);
    assert_true(url.has_query && url.has_fragment);
    assert_true(part_is(&url, url.query, "") && part_is(&url, url.fragment, ""));
    url = parsed("http://[2001:db8::7]:81/");
    assert_int_equal(url.kind, FIRN_URL_IPV6);
    assert_int_equal(url.port, 81);
    assert_true(part_is(&url, url.host, "2001:db8::7"));
    assert_int_equal(parsed("http://[::ffff:1.2.3.4]").kind, FIRN_URL_IPV6);
    assert_int_equal(parsed("http://127.0.0.1:65535").kind, FIRN_URL_IPV4);
    assert_int_equal(parsed("http://127.0.0.1.example").kind, FIRN_URL_NAME);
    assert_int_equal(parsed("http://0xg.a1").kind, FIRN_URL_NAME);
    assert_int_equal(parsed("http://a:00080").port, 80);
}

static void what_is_no_url_is_refused_where_it_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        firn_status status;
        size_t offset;
    } cases[] = {{"", FIRN_INVALID, 0},
                 {"//a/b", FIRN_INVALID, 0},
                 {"example.org", FIRN_INVALID, 0},
                 {"http:/a", FIRN_INVALID, 0},
                 {"http:a", FIRN_INVALID, 0},
                 {"https:", FIRN_INVALID, 0},
                 {" http://a", FIRN_INVALID, 0},
                 {"ftp://a/b", FIRN_UNSUPPORTED, 0},
                 {"mailto:a@b", FIRN_UNSUPPORTED, 0},
                 {"httpx://a", FIRN_UNSUPPORTED, 0},
                 {"http://", FIRN_INVALID, 7},
                 {"http:///a", FIRN_INVALID, 7},
                 {"http://:80", FIRN_INVALID, 7},
                 {"http://a b", FIRN_INVALID, 8},
                 {"http://a\\b", FIRN_INVALID, 8},
                 {"http://a/b c", FIRN_INVALID, 10},
                 {"http://a/\xc3\xa4", FIRN_INVALID, 9},
                 {"http://a/b\n", FIRN_INVALID, 10},
                 {"http://a/%", FIRN_INVALID, 9},
                 {"http://a/%4", FIRN_INVALID, 9},
                 {"http://a/%4g", FIRN_INVALID, 9},
                 {"http://a/?%zz", FIRN_INVALID, 10},
                 {"http://a/#a#b", FIRN_INVALID, 11},
                 {"http://a/[", FIRN_INVALID, 9},
                 {"http://a:0/", FIRN_INVALID, 10},
                 {"http://a:65536/", FIRN_INVALID, 13},
                 {"http://a:8x/", FIRN_INVALID, 10},
                 {"http://a:-1/", FIRN_INVALID, 9},
                 {"http://a:1:2/", FIRN_INVALID, 10},
                 {"http://u@v@w/", FIRN_INVALID, 10},
                 {"http://u<@w/", FIRN_INVALID, 8},
                 {"http://[::1/", FIRN_INVALID, 7},
                 {"http://[::1]x/", FIRN_INVALID, 12},
                 {"http://[::1%25eth0]/", FIRN_INVALID, 7},
                 {"http://[v1.a]/", FIRN_INVALID, 7},
                 {"http://[1:2:3:4:5:6:7:8:9]/", FIRN_INVALID, 7},
                 {"http://127.1/", FIRN_INVALID, 12},
                 {"http://0x7f.1/", FIRN_INVALID, 13},
                 {"http://a.0x7f/", FIRN_INVALID, 13},
                 {"http://2130706433/", FIRN_INVALID, 17},
                 {"http://1.2.3.256/", FIRN_INVALID, 16},
                 {"http://1.2.3.4./", FIRN_INVALID, 15},
                 {"http://01.2.3.4/", FIRN_INVALID, 15}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        firn_url url;
        error = (firn_error){.offset = 77};
        firn_status status = firn_url_parse(cases[i].text, strlen(cases[i].text), &url, &error);
        if (status != cases[i].status || error.status != status || error.offset != cases[i].offset)
            fail_msg("%s: %s at %llu: %s", cases[i].text, firn_status_name(status),
                     (unsigned long long)error.offset, error.text);
    }
    firn_url url;
    assert_int_equal(firn_url_parse("http://a\0b", 10, &url, &error), FIRN_INVALID);
    assert_int_equal(firn_url_parse("http://[::1\0]", 13, &url, NULL), FIRN_INVALID);
}

static void a_url_has_at_most_so_many_bytes(void **state)
{
    (void)state;
    static char text[FIRN_URL_BYTES_MAX + 2];
    firn_url url;
    memset(text, 'x', sizeof text);
    memcpy(text, "http://a/", 9);
    assert_int_equal(firn_url_parse(text, FIRN_URL_BYTES_MAX, &url, &error), FIRN_OK);
    assert_int_equal(url.path.size, FIRN_URL_BYTES_MAX - 8);
    assert_int_equal(firn_url_parse(text, FIRN_URL_BYTES_MAX + 1, &url, &error), FIRN_LIMIT);
}

/* --- references --- */

static void check_resolved(const char *base_text, const char *reference, const char *expected)
{
    char out[200];
    firn_url url, base = parsed(base_text);
    if (firn_url_resolve(&base, reference, strlen(reference), out, sizeof out, &url, &error) !=
        FIRN_OK)
        fail_msg("%s: %s", reference, error.text);
    assert_ptr_equal(url.text, out);
    if (url.size != strlen(expected) || memcmp(out, expected, url.size) != 0)
        fail_msg("%s: %.*s instead of %s", reference, (int)url.size, out, expected);
}

/* Those of RFC 3986, 5.4. */
static void references_are_resolved(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"http:g", NULL},
                                           {"g:h", NULL},
                                           {"g", "http://a/b/c/g"},
                                           {"./g", "http://a/b/c/g"},
                                           {"g/", "http://a/b/c/g/"},
                                           {"/g", "http://a/g"},
                                           {"//g", "http://g"},
                                           {"?y", "http://a/b/c/d;p?y"},
                                           {"g?y", "http://a/b/c/g?y"},
                                           {"#s", "http://a/b/c/d;p?q#s"},
                                           {"g#s", "http://a/b/c/g#s"},
                                           {"g?y#s", "http://a/b/c/g?y#s"},
                                           {";x", "http://a/b/c/;x"},
                                           {"g;x", "http://a/b/c/g;x"},
                                           {"g;x?y#s", "http://a/b/c/g;x?y#s"},
                                           {"", "http://a/b/c/d;p?q"},
                                           {".", "http://a/b/c/"},
                                           {"./", "http://a/b/c/"},
                                           {"..", "http://a/b/"},
                                           {"../", "http://a/b/"},
                                           {"../g", "http://a/b/g"},
                                           {"../..", "http://a/"},
                                           {"../../", "http://a/"},
                                           {"../../g", "http://a/g"},
                                           {"../../../g", "http://a/g"},
                                           {"../../../../g", "http://a/g"},
                                           {"/./g", "http://a/g"},
                                           {"/../g", "http://a/g"},
                                           {"g.", "http://a/b/c/g."},
                                           {".g", "http://a/b/c/.g"},
                                           {"g..", "http://a/b/c/g.."},
                                           {"..g", "http://a/b/c/..g"},
                                           {"./../g", "http://a/b/g"},
                                           {"./g/.", "http://a/b/c/g/"},
                                           {"g/./h", "http://a/b/c/g/h"},
                                           {"g/../h", "http://a/b/c/h"},
                                           {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
                                           {"g;x=1/../y", "http://a/b/c/y"},
                                           {"g?y/./x", "http://a/b/c/g?y/./x"},
                                           {"g?y/../x", "http://a/b/c/g?y/../x"},
                                           {"g#s/./x", "http://a/b/c/g#s/./x"},
                                           {"g#s/../x", "http://a/b/c/g#s/../x"},
                                           {"https://x/../y/./z", "https://x/y/z"},
                                           {"//x:81/a/..", "http://x:81/"},
                                           {"/a//../b", "http://a/a/b"},
                                           {"g?a:b", "http://a/b/c/g?a:b"}};
    const firn_url base = parsed("http://a/b/c/d;p?q");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[200];
        firn_url url;
        if (cases[i][1] != NULL)
            check_resolved(base.text, cases[i][0], cases[i][1]);
        else
            assert_int_not_equal(firn_url_resolve(&base, cases[i][0], strlen(cases[i][0]), out,
                                                  sizeof out, &url, &error),
                                 FIRN_OK);
    }
    check_resolved("http://a", "g", "http://a/g");
    check_resolved("http://a?x", "", "http://a?x");
    check_resolved("http://a?x", "?y", "http://a?y");
    check_resolved("https://a#f", "#g", "https://a#g");
    check_resolved("https://a/b", "//c", "https://c");
}

static void a_resolved_url_fits_or_is_refused(void **state)
{
    (void)state;
    char out[32];
    firn_url url, base = parsed("http://a/b/c");
    for (size_t capacity = 0; capacity < sizeof out; capacity++) {
        memset(out, '!', sizeof out);
        firn_status status = firn_url_resolve(&base, "../de", 5, out, capacity, &url, &error);
        assert_int_equal(status, capacity >= strlen("http://a/b/../de") ? FIRN_OK : FIRN_LIMIT);
        for (size_t i = capacity; i < sizeof out; i++)
            assert_int_equal(out[i], '!');
    }
    assert_int_equal(firn_url_resolve(&base, "/a b", 4, out, sizeof out, &url, &error),
                     FIRN_INVALID);
    assert_int_equal(firn_url_resolve(&base, "ftp://x", 7, out, sizeof out, &url, &error),
                     FIRN_UNSUPPORTED);
}

static void origins_are_compared_without_case(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"http://Ab.c", "HTTP://aB.C:80/x", true}, {"https://a", "https://a:443?x", true},
        {"http://a", "https://a", false},          {"http://a:443", "https://a", false},
        {"http://a", "http://a:81", false},        {"http://a", "http://b", false},
        {"http://a", "http://ab", false},          {"http://[::1]", "http://[::1]/", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const firn_url a = parsed(cases[i].a), b = parsed(cases[i].b);
        assert_int_equal(firn_url_is_same_origin(&a, &b), cases[i].same);
        assert_int_equal(firn_url_is_same_origin(&b, &a), cases[i].same);
    }
}

/* --- the cache --- */

static void check_equal(const firn_url *a, const firn_url *b)
{
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->port, b->port);
    assert_int_equal(a->scheme, b->scheme);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->has_userinfo, b->has_userinfo);
    assert_int_equal(a->has_query, b->has_query);
    assert_int_equal(a->has_fragment, b->has_fragment);
    assert_memory_equal(&a->userinfo, &b->userinfo, 5 * sizeof a->userinfo);
}

static void check_cache(bool may_be_wide)
{
    rng random;
    failing memory;
    firn_url_cache *cache;
    firn_url_cache_stats stats;
    failing_init(&memory, 0);
    rng_init(&random, "url_cache");
    assert_int_equal(firn_url_cache_create_by(0, may_be_wide, &memory.allocator, &cache), FIRN_OK);
    const size_t bytes = memory.live_bytes;
    assert_true(bytes <= 65536 && bytes > 62000);
    for (int i = 0; i < 100000; i++) {
        char text[300];
        firn_url got = {0}, expected;
        const uint64_t number = rng_zipf(&random, 2000);
        /* Of all lengths, and every seventh of them broken. */
        size_t size = (size_t)snprintf(text, sizeof text, "http%s://h%u.example/%llu%s",
                                       number % 2 ? "s" : "", (unsigned)(number % 5),
                                       (unsigned long long)number, number % 7 == 6 ? "^" : "");
        if (number % 3 == 0)
            size +=
                (size_t)snprintf(text + size, sizeof text - size, "?%0*u", (int)(number % 230), 1);
        firn_status status = firn_url_parse(text, size, &expected, NULL);
        assert_int_equal(firn_url_cache_get(cache, text, size, &got, &error), status);
        if (status != FIRN_OK)
            continue;
        assert_ptr_equal(got.text, text);
        check_equal(&got, &expected);
    }
    firn_url_cache_stats_get(cache, &stats);
    assert_true(stats.hit_count > 10000 && stats.miss_count > 1000);
    assert_int_equal(memory.live_bytes, bytes);
    assert_int_equal(memory.calls, 1);
    firn_url_cache_destroy(cache);
    failing_check(&memory);
}

static void the_cache_gives_what_parsing_gives(void **state)
{
    (void)state;
    check_cache(true);
    check_cache(false);
}

static void check_differing(bool may_be_wide)
{
    firn_url_cache *cache;
    firn_url_cache_stats stats;
    assert_int_equal(firn_url_cache_create_by(1u << 20, may_be_wide, NULL, &cache), FIRN_OK);
    uint64_t misses = 0;
    for (size_t size = 16; size <= FIRN_URL_CACHE_TEXT_BYTES + 1; size++) {
        char text[FIRN_URL_CACHE_TEXT_BYTES + 2];
        firn_url url;
        memset(text, 'a', sizeof text);
        memcpy(text, "http://a/", 9);
        for (size_t at = 9; at < size; at++) {
            text[at] = 'b';
            misses += size <= FIRN_URL_CACHE_TEXT_BYTES;
            assert_int_equal(firn_url_cache_get(cache, text, size, &url, NULL), FIRN_OK);
            text[at] = 'a';
        }
    }
    firn_url_cache_stats_get(cache, &stats);
    assert_int_equal(stats.miss_count, misses);
    assert_int_equal(stats.hit_count, 0);
    firn_url_cache_destroy(cache);
}

static void what_differs_in_one_byte_is_another_url(void **state)
{
    (void)state;
    check_differing(true);
    check_differing(false);
}

#if URL_HAS_WIDE
/* Whether two texts of as many bytes, the second with zeros behind it, are the same; they have the
 * same sums if and only if they are. */
URL_WIDE_TARGET static bool is_same_widely(const uint64_t *secrets, const char *a, const char *b,
                                           size_t size)
{
    url_wide_text first, second;
    const unsigned pieces = size <= 128 ? 4 : URL_WIDE_PIECES;
    const __m128i sum = url_wide_sum(secrets, &first, a, size, pieces);
    const __m128i other = url_wide_sum(secrets, &second, b, size, pieces);
    const bool is_same = url_wide_is_same(&first, b, pieces);
    assert_int_equal(is_same, _mm_testz_si128(_mm_xor_si128(sum, other), _mm_set1_epi8(-1)));
    return is_same;
}

/* Texts end at a page that may not be read. */
static void each_byte_counts_widely(const uint64_t *secrets)
{
    enum { PAGE = 4096 };
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
    for (size_t size = 16; size <= FIRN_URL_CACHE_TEXT_BYTES; size++) {
        char padded[FIRN_URL_CACHE_TEXT_BYTES + 64] = {0};
        char *text = pages + PAGE - size;
        memset(text, 'x', size);
        memset(padded, 'x', size);
        assert_true(is_same_widely(secrets, text, padded, size));
        for (size_t at = 0; at < size; at++) {
            padded[at] = 'y';
            assert_false(is_same_widely(secrets, text, padded, size));
            padded[at] = 'x';
        }
    }
    munmap(pages, 2 * PAGE);
}
#endif

static uint64_t hash_of(const uint64_t *secrets, const char *text, size_t size, int pieces)
{
    uint64_t sums[2];
    url_sum(secrets, text, size, pieces, sums);
    return url_hash(secrets, sums, size);
}

static void each_byte_counts_when_texts_are_compared(void **state)
{
    (void)state;
    uint64_t secrets[URL_SECRETS];
    char a[FIRN_URL_CACHE_TEXT_BYTES], b[FIRN_URL_CACHE_TEXT_BYTES];
    memset(a, 'x', sizeof a);
    memset(b, 'x', sizeof b);
    for (unsigned i = 0; i < URL_SECRETS; i++)
        secrets[i] = i * 0x9e3779b97f4a7c15u;
#if URL_HAS_WIDE
    if (url_wide_is_there())
        each_byte_counts_widely(secrets);
#endif
    for (size_t size = 16; size <= sizeof a; size++) {
        const int pieces = size <= 64 ? 1 : size <= 128 ? 2 : 4;
        assert_true(url_is_same(a, b, size, pieces));
        for (size_t at = 0; at < size; at++) {
            b[at] = 'y';
            assert_false(url_is_same(a, b, size, pieces));
            assert_int_not_equal(hash_of(secrets, a, size, pieces),
                                 hash_of(secrets, b, size, pieces));
            b[at] = 'x';
        }
    }
}

static void a_cache_has_the_size_that_it_was_given(void **state)
{
    (void)state;
    firn_url_cache *cache = NULL;
    assert_int_equal(firn_url_cache_create(4095, NULL, &cache), FIRN_INVALID);
    assert_int_equal(firn_url_cache_create((1u << 30) + 1, NULL, &cache), FIRN_INVALID);
    assert_null(cache);
    for (size_t bytes = 4096; bytes < 100000; bytes += 1111) {
        failing memory;
        failing_init(&memory, 0);
        assert_int_equal(firn_url_cache_create(bytes, &memory.allocator, &cache), FIRN_OK);
        assert_true(memory.live_bytes <= bytes && memory.live_bytes + 1200 + bytes / 32 > bytes);
        firn_url_cache_destroy(cache);
        failing_check(&memory);
    }
    failing memory;
    failing_init(&memory, 1);
    assert_int_equal(firn_url_cache_create(0, &memory.allocator, &cache), FIRN_NO_MEMORY);
    firn_url_cache_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_of_a_url_are_found),
        cmocka_unit_test(what_is_no_url_is_refused_where_it_is_wrong),
        cmocka_unit_test(a_url_has_at_most_so_many_bytes),
        cmocka_unit_test(references_are_resolved),
        cmocka_unit_test(a_resolved_url_fits_or_is_refused),
        cmocka_unit_test(origins_are_compared_without_case),
        cmocka_unit_test(the_cache_gives_what_parsing_gives),
        cmocka_unit_test(what_differs_in_one_byte_is_another_url),
        cmocka_unit_test(each_byte_counts_when_texts_are_compared),
        cmocka_unit_test(a_cache_has_the_size_that_it_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
