/* Every bit of every byte of a small cache's store flipped, before it is opened and while it is
 * open: what is read is right, or an error that names the store, and then only of the keys that lie
 * there; all others live, and the cache goes on with them. */
#include "support/cache_flushes.h"
#include "support/samples.h"

enum { SAMPLES = 700, LOG_SEAL = 20 };

static flushes_files files;
static firn_segment_info segments[FLUSHES];

static int set_up_filled(void **state)
{
    set_up_fast(state);
    flushes_fill(path, 1);
    flushes_files_read(path, &files);
    assert_int_equal(flushes_segments(path, FLUSH_DATA_KIND, FLUSHES, segments), FLUSHES);
    return 0;
}

static int tear_down_filled(void **state)
{
    flushes_files_free(&files);
    return tear_down(state);
}

/* The flush whose segment has this byte; FLUSHES: none's. */
static uint32_t flush_at(const char *name, size_t at)
{
    char file[48];
    for (uint32_t flush = 0; flush < FLUSHES; flush++) {
        const firn_segment_info *info = &segments[flush];
        snprintf(file, sizeof file, "data-%u.firn", (unsigned)info->file);
        if (strcmp(name, file) == 0 && at >= info->offset_bytes &&
            at < info->offset_bytes + info->packed_bytes)
            return flush;
    }
    return FLUSHES;
}

/* Other keys can be put, removed and flushed, and are there again. */
static void expect_going_on(firn_cache *cache, uint32_t damaged_flush, const char *what)
{
    uint32_t flush = (damaged_flush + 1) % FLUSHES;
    char text[24];
    size_t size;
    flushes_make(cache, 2, flush);
    assert_int_equal(firn_cache_remove(cache, flushes_key(flush * FLUSH_KEYS, text), NULL),
                     FIRN_OK);
    fake_sleep(2 * HOUR);
    firn_error error = {0};
    firn_status status = firn_cache_tick(cache, &error);
    if (status != FIRN_OK && status != FIRN_CORRUPT)
        fail_msg("%s: tick: %s", what, error.text);
    assert_int_equal(firn_cache_flush(cache, NULL), FIRN_OK);
    firn_cache_close(cache);
    assert_int_equal(flushes_open(path, &cache, NULL), FIRN_OK);
    assert_int_equal(
        firn_cache_get(cache, flushes_key(flush * FLUSH_KEYS, text), NULL, 0, &size, NULL),
        FIRN_NOT_FOUND);
    firn_bytes key = flushes_key(flush * FLUSH_KEYS, text);
    uint8_t value[FLUSH_VALUE];
    flushes_value(2, flush * FLUSH_KEYS, value);
    assert_int_equal(firn_cache_put(cache, key, (firn_bytes){value, sizeof value}, NULL), FIRN_OK);
    assert_int_equal(flushes_damaged(cache, 2, flush, what), 0);
    firn_cache_close(cache);
}

/* Looks at all keys; returns whether anything was found to be wrong. */
static bool expect_right_or_named(firn_cache *cache, const char *name, size_t at, bool go_on)
{
    char what[64];
    uint32_t flush = flush_at(name, at), damaged = 0;
    uint64_t places = 0;
    firn_error error = {0};
    snprintf(what, sizeof what, "%s, byte %zu", name, at);
    for (uint32_t i = 0; i < FLUSHES; i++) {
        uint32_t here = flushes_damaged(cache, 1, i, what);
        if (here > 0 && i != flush)
            fail_msg("%s: keys of another segment", what);
        damaged += here;
    }
    firn_status status = firn_cache_verify(cache, &places, &error);
    if ((status != FIRN_OK && !flushes_told_well(&error)) || (status == FIRN_OK && damaged > 0) ||
        places < (damaged > 0))
        fail_msg("%s: verify: %s %s", what, firn_status_name(status), error.text);
    if (flush < FLUSHES && status == FIRN_OK)
        fail_msg("%s: damage that nobody found", what);
    if (go_on)
        expect_going_on(cache, flush, what);
    else
        firn_cache_close(cache);
    return status != FIRN_OK;
}

static void flip(const char *name, size_t at, unsigned bit)
{
    FILE *file = fopen(tempdir_path(path, name), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    fputc(byte ^ (1 << bit), file);
    assert_int_equal(fclose(file), 0);
}

/* Whether a flipped bit was found, at the opening or after it. */
static bool is_found(const flushes_file *file, size_t at, unsigned bit, bool go_on)
{
    firn_cache *cache;
    firn_error error = {0};
    flushes_files_write(path, &files);
    flip(file->name, at, bit);
    firn_status status = flushes_open(path, &cache, &error);
    if (status == FIRN_OK)
        return expect_right_or_named(cache, file->name, at, go_on);
    if (!flushes_told_well(&error) || strncmp(file->name, "log-", 4) != 0 ||
        (status != FIRN_CORRUPT && status != FIRN_VERSION))
        fail_msg("%s, byte %zu: %s %s", file->name, at, firn_status_name(status), error.text);
    return true;
}

/* What is not found is right: the lock's text, the seal of the last commit, and a copy of the
 * manifest, which the opening has mended by the other. */
static bool is_harmless(const flushes_file *file, size_t at)
{
    return strcmp(file->name, "lock") == 0 || strncmp(file->name, "manifest", 8) == 0 ||
           (strncmp(file->name, "log-", 4) == 0 && at + LOG_SEAL >= file->size);
}

static void every_flipped_bit_is_found_or_harmless(void **state)
{
    (void)state;
    rng random;
    uint64_t total = 0, tried = 0, harmless = 0;
    rng_init(&random, "cache_flip");
    for (size_t i = 0; i < files.count; i++)
        total += files.all[i].size * 8;
    for (size_t i = 0; i < files.count; i++) {
        const flushes_file *file = &files.all[i];
        for (size_t at = 0; at < file->size; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                if (!sample_is_wanted(&random, SAMPLES, total))
                    continue;
                bool found = is_found(file, at, bit, rng_below(&random, 8) == 0);
                if (found == is_harmless(file, at))
                    fail_msg("%s, byte %zu: %s", file->name, at, found ? "found" : "not found");
                tried++;
                harmless += !found;
            }
        }
    }
    print_message("%llu of %llu bits, of which %llu harmless\n", (unsigned long long)tried,
                  (unsigned long long)total, (unsigned long long)harmless);
}

static void every_bit_that_flips_under_an_open_cache_is_found(void **state)
{
    (void)state;
    rng random;
    unsigned tried = 0;
    rng_init(&random, "cache_flip_open");
    for (uint32_t flush = 0; flush < FLUSHES; flush++) {
        const firn_segment_info *info = &segments[flush];
        for (size_t i = 0; i < (size_t)info->packed_bytes * 8; i++) {
            firn_cache *cache;
            char name[48];
            size_t at = info->offset_bytes + i / 8;
            if (!sample_is_wanted(&random, SAMPLES / FLUSHES, (uint64_t)info->packed_bytes * 8))
                continue;
            snprintf(name, sizeof name, "data-%u.firn", (unsigned)info->file);
            flushes_files_write(path, &files);
            assert_int_equal(flushes_open(path, &cache, NULL), FIRN_OK);
            flip(name, at, i % 8);
            assert_true(expect_right_or_named(cache, name, at, false));
            tried++;
        }
    }
    print_message("%u bits\n", tried);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_filled, tear_down_filled)
    const struct CMUnitTest tests[] = {
        TEST(every_flipped_bit_is_found_or_harmless),
        TEST(every_bit_that_flips_under_an_open_cache_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
