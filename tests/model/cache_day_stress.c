/* A day in some minutes: 10^7 calls (or FIRN_CALLS) on a cache of 100 MB over 1 GB of values cut
 * from the machine's own C headers, HTML pages, Python and JSON files, under a clock that runs a
 * day meanwhile. Every value that is read is compared, the memory that the kernel counts stays
 * within the limit and a tenth, and at the end every key is read once more, after a flush and a
 * reopening.
 */
#include "support/cache_fixture.h"

#include <firn/system.h>

#include <ftw.h>
#include <inttypes.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define LIMIT ((uint64_t)100 * 1000 * 1000)
#define CORPUS_BYTES ((size_t)96 << 20)
#define VALUES_BYTES ((uint64_t)1000 * 1000 * 1000)

enum { VALUE_MIN = 100, VALUE_SPAN = 1400, KEYS = VALUES_BYTES / (VALUE_MIN + VALUE_SPAN / 2) };

static uint8_t *corpus;
static size_t corpus_size;
static uint16_t versions[KEYS]; /* 0: not there */

static bool wanted(const char *name)
{
    static const char *const ends[] = {".h", ".c", ".html", ".json", ".py"};
    const char *end = strrchr(name, '.');
    for (size_t i = 0; end != NULL && i < sizeof ends / sizeof *ends; i++) {
        if (strcmp(end, ends[i]) == 0)
            return true;
    }
    return false;
}

static int add_file(const char *name, const struct stat *stat, int kind, struct FTW *where)
{
    (void)where;
    if (kind != FTW_F || !wanted(name) || stat->st_size < 2000)
        return 0;
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        return 0;
    size_t room = CORPUS_BYTES - corpus_size;
    size_t most = room < (1u << 20) ? room : (1u << 20);
    corpus_size += fread(corpus + corpus_size, 1, most, file);
    fclose(file);
    return corpus_size == CORPUS_BYTES;
}

static uint64_t mix(uint64_t value)
{
    return rng_splitmix(&value);
}

/* A piece of the corpus. */
static firn_bytes value_at(uint32_t key, uint16_t version)
{
    uint64_t mixed = mix((uint64_t)key << 16 | version);
    size_t size = VALUE_MIN + mixed % (VALUE_SPAN + 1);
    size_t offset = (size_t)(mix(mixed) % (corpus_size - size));
    return (firn_bytes){corpus + offset, size};
}

/* A key of which some are asked for much more often: ranks are spread over the keys. */
static uint32_t zipf(rng *random)
{
    return (uint32_t)(mix(rng_zipf(random, KEYS)) % KEYS);
}

static void put(firn_cache *cache, uint32_t key, uint16_t version)
{
    char text[24];
    firn_error error;
    firn_status status = firn_cache_put(cache, key_of(key, text), value_at(key, version), &error);
    if (status != FIRN_OK)
        cache_fail("put", key, status, &error);
    versions[key] = version;
}

static void get(firn_cache *cache, uint32_t key)
{
    static uint8_t out[VALUE_MIN + VALUE_SPAN];
    char text[24];
    size_t size = 0;
    firn_error error;
    firn_status status = firn_cache_get(cache, key_of(key, text), out, sizeof out, &size, &error);
    if (status != (versions[key] != 0 ? FIRN_OK : FIRN_NOT_FOUND))
        cache_fail("lost or back again", key, status, &error);
    if (status != FIRN_OK)
        return;
    firn_bytes expected = value_at(key, versions[key]);
    if (size != expected.size || memcmp(out, expected.data, size) != 0)
        cache_fail("another value", key, status, NULL);
}

static void change(firn_cache *cache, rng *random, uint32_t key)
{
    char text[24];
    if (rng_below(random, 4) != 0) {
        put(cache, key, (uint16_t)(versions[key] % 65535 + 1));
        return;
    }
    firn_status status = firn_cache_remove(cache, key_of(key, text), NULL);
    if (status != (versions[key] != 0 ? FIRN_OK : FIRN_NOT_FOUND))
        cache_fail("remove", key, status, NULL);
    versions[key] = 0;
}

static uint64_t rss_bytes(void)
{
    firn_process_memory memory;
    assert_int_equal(firn_process_memory_get(&memory), FIRN_OK);
    return memory.rss_bytes;
}

static void rss_holds(uint64_t before, uint64_t *most)
{
    uint64_t taken = rss_bytes() - before;
    *most = taken > *most ? taken : *most;
    if (taken > LIMIT + LIMIT / 10) {
        fprintf(stderr, "%" PRIu64 " bytes resident\n", taken);
        abort();
    }
}

static void report(firn_cache *cache)
{
    static const double parts[] = {0.5, 0.9, 0.99, 0.999};
    firn_cache_stats stats;
    uint64_t hits = 0;
    firn_cache_stats_get(cache, &stats);
    for (int tier = 0; tier < FIRN_TIER_COUNT; tier++)
        hits += stats.tier[tier].hit_count;
    for (int tier = 0; tier < FIRN_TIER_COUNT; tier++) {
        const firn_cache_tier_stats *one = &stats.tier[tier];
        printf("%-6s %8" PRIu64 " items, %9" PRIu64 " hits (%.3f), us:",
               firn_tier_name((firn_tier)tier), one->item_count, one->hit_count,
               (double)one->hit_count / (double)hits);
        for (size_t i = 0; i < 4; i++)
            printf(" p%g %.1f", parts[i] * 100, firn_cache_latency_ns(&one->get, parts[i]) / 1000);
        printf("\n");
    }
    printf("put    us:");
    for (size_t i = 0; i < 4; i++)
        printf(" p%g %.1f", parts[i] * 100, firn_cache_latency_ns(&stats.put, parts[i]) / 1000);
    printf("\n%" PRIu64 " waits, %" PRIu64 " commits, %" PRIu64 " refused, dictionary %" PRIu64
           "\n",
           stats.wait_count, stats.commit_count, stats.refused_count, stats.dictionary_bytes);
    fflush(stdout);
    assert_int_equal(stats.refused_count, 0);
}

static void a_day_loses_nothing_and_keeps_its_budget(void **state)
{
    (void)state;
    const char *given = getenv("FIRN_CALLS");
    uint64_t calls = given != NULL ? strtoull(given, NULL, 0) : 10000000, most = 0;
    firn_cache_options options = {
        .limit_bytes = LIMIT, .store = path, .ignore_pressure = true, .clock_ns = fake_clock};
    firn_cache *cache;
    firn_error error;
    rng random;
    rng_init(&random, "cache_day");
    corpus = malloc(CORPUS_BYTES);
    assert_non_null(corpus);
    static const char *const folders[] = {"/usr/include", "/usr/share", "/usr/lib"};
    for (size_t i = 0; i < 3 && corpus_size < CORPUS_BYTES; i++)
        nftw(folders[i], add_file, 20, FTW_PHYS);
    assert_true(corpus_size > (4u << 20));
    memset(versions, 0, sizeof versions);
    uint64_t before = rss_bytes();
    assert_int_equal(firn_cache_open(&options, &cache, &error), FIRN_OK);
    uint64_t start_ns = firn_clock_ns();
    for (uint32_t key = 0; key < KEYS; key++) {
        put(cache, key, 1);
        if (key % 50000 == 0)
            rss_holds(before, &most);
    }
    printf("%u values of %zu MB of files, put in %.1f s\n", (unsigned)KEYS, corpus_size >> 20,
           (double)(firn_clock_ns() - start_ns) / 1e9);
    start_ns = firn_clock_ns();
    for (uint64_t i = 0; i < calls; i++) {
        uint32_t key = zipf(&random);
        if (rng_below(&random, 100) < 95)
            get(cache, key);
        else
            change(cache, &random, key);
        fake_sleep(24 * HOUR / calls);
        if (i % 50000 == 0)
            rss_holds(before, &most);
    }
    printf("%" PRIu64 " calls in %.1f s, at most %.1f MB resident\n", calls,
           (double)(firn_clock_ns() - start_ns) / 1e9, (double)most / 1e6);
    report(cache);
    assert_int_equal(firn_cache_flush(cache, &error), FIRN_OK);
    firn_cache_close(cache);
    start_ns = firn_clock_ns();
    assert_int_equal(firn_cache_open(&options, &cache, &error), FIRN_OK);
    printf("opened again in %.1f s\n", (double)(firn_clock_ns() - start_ns) / 1e9);
    for (uint32_t key = 0; key < KEYS; key += calls < 10000000 ? 17 : 1)
        get(cache, key);
    rss_holds(before, &most);
    firn_cache_close(cache);
    free(corpus);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0); /* for who watches it */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_day_loses_nothing_and_keeps_its_budget, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
