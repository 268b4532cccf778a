/* Eight threads get, pin and go over a cache while one puts, removes, flushes, ages and compacts,
 * and two processes read its store: each sees of a key what it held at some moment of the call, and
 * the processes nothing older than what a flush had acknowledged before they looked. Threads check
 * by themselves and abort, since cmocka's assertions are for the main thread. */
#include "support/cache_fixture.h"
#include "tier/cache_frozen.h"

#include <firn/store.h>

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum {
    READERS = 8,
    PROCESSES = 2,
    KEYS = 600,
    VALUE_MAX = 1200,
    ROUNDS = 24,
    CHANGES = 150, /* of a round */
    REMOVAL = 5,   /* each fifth change of a key removes it */
    DATA_KIND = 0x4346
};

/* Shared with the processes. Changes of a key are counted. */
static struct shared {
    atomic_uint begun[KEYS];   /* the last change that was begun */
    atomic_uint done[KEYS];    /* that returned */
    atomic_uint flushed[KEYS]; /* that a flush has acknowledged */
    atomic_bool ended;
    atomic_uint looks, reads;
} * shared;

/* The first bytes tell key and change, so that who reads it knows what it should be. */
static size_t value_make(uint32_t key, uint32_t change, uint8_t *out)
{
    size_t size = 8 + (key * 31 + change * 17) % (VALUE_MAX - 8);
    memcpy(out, &key, 4);
    memcpy(out + 4, &change, 4);
    value_fill(key, change, out + 8, size - 8);
    return size;
}

/* Returns which change of the key has put this. */
static uint32_t change_of(uint32_t key, const uint8_t *value, size_t size)
{
    uint8_t expected[VALUE_MAX];
    uint32_t change = 0, told = 0;
    if (size >= 8) {
        memcpy(&told, value, 4);
        memcpy(&change, value + 4, 4);
    }
    if (size < 8 || told != key || change % REMOVAL == 0 ||
        value_make(key, change, expected) != size || memcmp(expected, value, size) != 0)
        cache_fail("another value", key, FIRN_OK, NULL);
    return change;
}

/* `change` is what was seen, 0 when the key was not there, at a moment when changes `oldest` to
 * `newest` could be. */
static void expect_between(uint32_t key, uint32_t change, uint32_t oldest, uint32_t newest,
                           const char *what)
{
    if (change == 0) /* some removal, or none of them yet */
        change = newest / REMOVAL * REMOVAL;
    if (change < oldest || change > newest) {
        fprintf(stderr, "%u of %u to %u: ", (unsigned)change, (unsigned)oldest, (unsigned)newest);
        cache_fail(what, key, FIRN_OK, NULL);
    }
}

/* --- threads --- */

typedef struct reader {
    firn_cache *cache;
    rng random;
} reader;

static void read_one(firn_cache *cache, uint32_t key, bool pins)
{
    uint8_t value[VALUE_MAX];
    char text[24];
    size_t size = 0;
    uint32_t change = 0, oldest = atomic_load(&shared->done[key]);
    firn_error error;
    firn_cache_pinned pinned = {0};
    firn_status status =
        pins ? firn_cache_pin(cache, key_of(key, text), &pinned, &error)
             : firn_cache_get(cache, key_of(key, text), value, sizeof value, &size, &error);
    uint32_t newest = atomic_load(&shared->begun[key]);
    if (status != FIRN_OK && status != FIRN_NOT_FOUND)
        cache_fail("get or pin", key, status, &error);
    if (status == FIRN_OK)
        change = pins ? change_of(key, pinned.data, pinned.size) : change_of(key, value, size);
    if (status == FIRN_OK && pins)
        firn_cache_unpin(cache, &pinned);
    expect_between(key, change, oldest, newest, "not what it held");
    atomic_fetch_add(&shared->reads, 1);
}

static void read_all(firn_cache *cache)
{
    firn_cache_cursor *cursor;
    firn_bytes value;
    firn_error error;
    uint32_t oldest[KEYS], seen[KEYS] = {0};
    for (uint32_t key = 0; key < KEYS; key++)
        oldest[key] = atomic_load(&shared->done[key]);
    firn_status status = firn_cache_cursor_open(cache, &cursor);
    if (status != FIRN_OK)
        cache_fail("cursor", 0, status, NULL);
    while ((status = firn_cache_cursor_next(cursor, NULL, &value, NULL, &error)) == FIRN_OK) {
        uint32_t key = KEYS;
        memcpy(&key, value.data, 4);
        if (key >= KEYS)
            cache_fail("cursor", key, status, NULL);
        seen[key] = change_of(key, value.data, value.size);
    }
    if (status != FIRN_END_OF_DATA)
        cache_fail("cursor", 0, status, &error);
    firn_cache_cursor_close(cursor);
    for (uint32_t key = 0; key < KEYS; key++)
        expect_between(key, seen[key], oldest[key], atomic_load(&shared->begun[key]),
                       "not what the cursor should give");
}

static void *read_along(void *context)
{
    reader *r = context;
    while (!atomic_load(&shared->ended)) {
        uint64_t dice = rng_below(&r->random, 500);
        if (dice == 0)
            read_all(r->cache);
        else
            read_one(r->cache, (uint32_t)rng_below(&r->random, KEYS), dice < 100);
    }
    return NULL;
}

/* --- processes --- */

static void look_at_records(firn_bytes records, uint32_t seen[KEYS])
{
    const uint8_t *at = records.data, *end = at + records.size;
    firn_cache_record record;
    firn_status status;
    while ((status = firn_cache_record_next(&at, end, &record)) == FIRN_OK) {
        char text[24] = "";
        unsigned key = KEYS;
        memcpy(text, record.key.data, record.key.size < 23 ? record.key.size : 23);
        if (sscanf(text, "key:%u", &key) != 1 || key >= KEYS)
            cache_fail("another key", key, status, NULL);
        seen[key] = record.state == FIRN_CACHE_STATE_GONE
                        ? 0
                        : change_of(key, record.value.data, record.value.size);
    }
    if (status != FIRN_END_OF_DATA)
        cache_fail("records", 0, status, NULL);
}

/* Of several records of a key, the one in the latest segment holds. */
static void look_at_store(firn_store *store)
{
    uint32_t oldest[KEYS], seen[KEYS] = {0}, count;
    firn_segment_info info;
    firn_segment segment;
    firn_bytes records;
    firn_error error;
    for (uint32_t key = 0; key < KEYS; key++)
        oldest[key] = atomic_load(&shared->flushed[key]);
    firn_status status = firn_store_refresh(store, NULL, &error);
    for (uint32_t from = 0; status == FIRN_OK && firn_store_next(store, from, &info) == FIRN_OK;
         from = info.segment + 1) {
        status = firn_store_pin(store, info.segment, &segment, &error);
        if (status == FIRN_OK && info.kind == DATA_KIND) {
            status = firn_cache_segment_open(segment.data, segment.size, &records, &count);
            if (status == FIRN_OK)
                look_at_records(records, seen);
        }
        if (status == FIRN_OK)
            firn_store_unpin(store, &segment);
    }
    if (status != FIRN_OK)
        cache_fail("a process", 0, status, &error);
    for (uint32_t key = 0; key < KEYS; key++)
        expect_between(key, seen[key], oldest[key], atomic_load(&shared->begun[key]),
                       "older than what was flushed");
    atomic_fetch_add(&shared->looks, 1);
}

static void read_in_process(void)
{
    firn_store_options options = {.cache_bytes = 20000};
    while (!atomic_load(&shared->ended)) { /* opens again and again, and refreshes in between */
        firn_store *store;
        firn_error error;
        firn_status status = firn_store_open(path, &options, &store, &error);
        if (status == FIRN_NOT_FOUND || status == FIRN_NOT_STORE) {
            usleep(1000); /* its first commit completes it */
            continue;
        }
        if (status != FIRN_OK)
            cache_fail("open", 0, status, &error);
        for (int i = 0; i < 5; i++)
            look_at_store(store);
        firn_store_close(store);
    }
    _exit(0);
}

/* --- the one that writes --- */

static void change(firn_cache *cache, uint32_t key)
{
    uint8_t value[VALUE_MAX];
    char text[24];
    firn_error error;
    firn_status status;
    uint32_t number = atomic_load(&shared->begun[key]) + 1;
    atomic_store(&shared->begun[key], number);
    if (number % REMOVAL == 0) {
        status = firn_cache_remove(cache, key_of(key, text), &error);
    } else {
        size_t size = value_make(key, number, value);
        status = firn_cache_put(cache, key_of(key, text), (firn_bytes){value, size}, &error);
    }
    if (status != FIRN_OK)
        cache_fail("put or remove", key, status, &error);
    atomic_store(&shared->done[key], number);
}

static void flush(firn_cache *cache)
{
    firn_error error;
    firn_status status = firn_cache_flush(cache, &error);
    if (status != FIRN_OK)
        cache_fail("flush", 0, status, &error);
    for (uint32_t key = 0; key < KEYS; key++) /* nobody else changes anything */
        atomic_store(&shared->flushed[key], atomic_load(&shared->done[key]));
}

static void write_along(firn_cache *cache, rng *random)
{
    firn_error error;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CHANGES; i++)
            change(cache, (uint32_t)rng_below(random, KEYS));
        if (round % 3 != 2)
            flush(cache);
        fake_sleep(round % 2 == 0 ? 40 * SECOND : 2 * HOUR);
        firn_status status = firn_cache_tick(cache, &error);
        if (status != FIRN_OK)
            cache_fail("tick", 0, status, &error);
    }
    flush(cache);
}

static void readers_see_what_a_key_held_while_one_writes_and_compacts(void **state)
{
    (void)state;
    reader readers[READERS];
    pthread_t threads[READERS];
    pid_t processes[PROCESSES];
    firn_cache *cache;
    firn_cache_stats stats;
    uint64_t damaged;
    rng random;
    firn_cache_options options = {.limit_bytes = FIRN_CACHE_STORE_MIN_BYTES,
                                  .store = path,
                                  .shard_count = 2,
                                  .ignore_pressure = true,
                                  .clock_ns = fake_clock};
    rng_init(&random, "cache_readers");
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        processes[i] = fork();
        if (processes[i] == 0)
            read_in_process();
    }
    assert_int_equal(firn_cache_open(&options, &cache, NULL), FIRN_OK);
    for (uint32_t i = 0; i < READERS; i++) {
        readers[i].cache = cache;
        rng_seed(&readers[i].random, rng_next(&random));
        assert_int_equal(pthread_create(&threads[i], NULL, read_along, &readers[i]), 0);
    }
    write_along(cache, &random);
    while (atomic_load(&shared->looks) < PROCESSES) /* on a machine with much else to do */
        usleep(1000);
    atomic_store(&shared->ended, true);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < PROCESSES; i++) {
        int ended;
        assert_int_equal(waitpid(processes[i], &ended, 0), processes[i]);
        assert_int_equal(ended, 0);
    }
    firn_cache_stats_get(cache, &stats);
    assert_int_equal(firn_cache_verify(cache, &damaged, NULL), FIRN_OK);
    firn_cache_close(cache);
    print_message("%u reads, %u looks of the processes, %llu commits\n",
                  atomic_load(&shared->reads), atomic_load(&shared->looks),
                  (unsigned long long)stats.commit_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readers_see_what_a_key_held_while_one_writes_and_compacts,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
