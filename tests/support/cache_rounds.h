/* A small cache over a store whose keys go through rounds of puts and removals, each with a flush
 * and some hours after it, so that items are packed, frozen, compacted and packed again; and what
 * each key may hold then, whatever failed. For one program's static use. */
#ifndef FIRN_TESTS_CACHE_ROUNDS_H
#define FIRN_TESTS_CACHE_ROUNDS_H

#include "support/cache_fixture.h"

enum { ROUND_KEYS = 40, ROUND_COUNT = 6, ROUND_VERSIONS = 32, ROUND_VALUE_MAX = 2000 };

/* Versions are the rounds' numbers; 0: the key is not there. */
typedef struct rounds {
    uint32_t now[ROUND_KEYS];      /* what calls that returned FIRN_OK made of it */
    uint32_t possible[ROUND_KEYS]; /* bits: what a crash may leave */
} rounds;

static inline rounds rounds_none(void)
{
    rounds all;
    for (uint32_t key = 0; key < ROUND_KEYS; key++) {
        all.now[key] = 0;
        all.possible[key] = 1;
    }
    return all;
}

static inline size_t rounds_size(uint32_t key, uint32_t version)
{
    return (key * 131 + version * 7) % ROUND_VALUE_MAX;
}

static inline const uint8_t *rounds_value(uint32_t key, uint32_t version)
{
    static uint8_t values[ROUND_KEYS][ROUND_VERSIONS][ROUND_VALUE_MAX];
    static bool made[ROUND_KEYS][ROUND_VERSIONS];
    uint8_t *value = values[key][version];
    if (!made[key][version])
        value_fill(key, version, value, rounds_size(key, version));
    made[key][version] = true;
    return value;
}

static inline firn_status rounds_put(firn_cache *cache, uint32_t key, uint32_t version,
                                     firn_error *error)
{
    char text[24];
    firn_bytes value = {rounds_value(key, version), rounds_size(key, version)};
    return firn_cache_put(cache, key_of(key, text), value, error);
}

static inline void rounds_is_now(rounds *all, uint32_t key, uint32_t version)
{
    all->now[key] = version;
    all->possible[key] |= 1u << version;
}

static inline void rounds_acknowledge(rounds *all)
{
    for (uint32_t key = 0; key < ROUND_KEYS; key++)
        all->possible[key] = 1u << all->now[key];
}

/* A fifth of the keys is removed in a round, another left as it is. */
static inline bool rounds_removes(uint32_t key, uint32_t round)
{
    return (key * 7 + round * 3) % 5 == 0;
}

static inline bool rounds_leaves(uint32_t key, uint32_t round)
{
    return (key * 7 + round * 3) % 5 == 1;
}

/* As if the round had been made. */
static inline void rounds_assume(rounds *all, uint32_t round)
{
    for (uint32_t key = 0; key < ROUND_KEYS; key++)
        if (!rounds_leaves(key, round))
            rounds_is_now(all, key, rounds_removes(key, round) ? 0 : round);
}

static inline void rounds_keep(firn_status *worst, firn_status status)
{
    if (*worst == FIRN_OK)
        *worst = status;
}

/* Makes a round, going on after what fails; returns the first failure. */
static inline firn_status rounds_make(firn_cache *cache, rounds *all, uint32_t round)
{
    firn_status worst = FIRN_OK;
    for (uint32_t key = 0; key < ROUND_KEYS; key++) {
        char text[24];
        firn_status status = FIRN_OK;
        if (rounds_leaves(key, round))
            continue;
        if (rounds_removes(key, round))
            status = firn_cache_remove(cache, key_of(key, text), NULL);
        else
            status = rounds_put(cache, key, round, NULL);
        if (status == FIRN_OK)
            rounds_is_now(all, key, rounds_removes(key, round) ? 0 : round);
        if (status == FIRN_NOT_FOUND && all->now[key] != 0)
            cache_fail("a removal finds nothing", key, status, NULL);
        rounds_keep(&worst, status == FIRN_NOT_FOUND ? FIRN_OK : status);
    }
    return worst;
}

static inline firn_status rounds_flush(firn_cache *cache, rounds *all)
{
    firn_status status = firn_cache_flush(cache, NULL);
    if (status == FIRN_OK)
        rounds_acknowledge(all);
    return status;
}

/* Hours pass: all is packed, frozen and compacted; with `peace`, packed again, too. */
static inline firn_status rounds_pass(firn_cache *cache, bool peace)
{
    firn_status worst = FIRN_OK;
    fake_sleep(2 * HOUR);
    for (int i = 0; i < (peace ? 6 : 3); i++) {
        rounds_keep(&worst, firn_cache_tick(cache, NULL));
        fake_sleep(i < 2 ? SECOND : 11 * SECOND);
    }
    return worst;
}

static inline firn_cache_options rounds_options(const firn_allocator *allocator, const char *store)
{
    return (firn_cache_options){.allocator = allocator,
                                .limit_bytes = FIRN_CACHE_STORE_MIN_BYTES,
                                .store = store,
                                .shard_count = 2,
                                .no_thread = true,
                                .ignore_pressure = true,
                                .wait_ms = 1,
                                .clock_ns = fake_clock};
}

static inline firn_cache *rounds_open(const char *store)
{
    firn_cache_options options = rounds_options(NULL, store);
    firn_cache *cache;
    firn_error error;
    firn_status status = firn_cache_open(&options, &cache, &error);
    if (status != FIRN_OK)
        cache_fail(store, 0, status, &error);
    return cache;
}

/* Gives what a key holds; a value that no round has put ends the test. */
static inline firn_status rounds_version(firn_cache *cache, uint32_t key, uint32_t *ret_version,
                                         firn_error *error)
{
    static uint8_t value[ROUND_VALUE_MAX];
    char text[24];
    size_t size = 0;
    firn_status status =
        firn_cache_get(cache, key_of(key, text), value, sizeof value, &size, error);
    *ret_version = 0;
    if (status != FIRN_OK)
        return status == FIRN_NOT_FOUND ? FIRN_OK : status;
    for (uint32_t version = 1; version < ROUND_VERSIONS; version++) {
        if (rounds_size(key, version) != size ||
            (size > 0 && memcmp(value, rounds_value(key, version), size) != 0))
            continue;
        *ret_version = version;
        return FIRN_OK;
    }
    cache_fail("a value that was never put", key, status, NULL);
    return FIRN_CORRUPT;
}

/* Each key holds one of what it may hold; that is what it holds from now on. */
static inline void rounds_settle(firn_cache *cache, rounds *all, const char *what)
{
    for (uint32_t key = 0; key < ROUND_KEYS; key++) {
        uint32_t version;
        firn_error error = {0};
        firn_status status = rounds_version(cache, key, &version, &error);
        if (status != FIRN_OK || (all->possible[key] >> version & 1) == 0)
            cache_fail(what, key, status, &error);
        all->now[key] = version;
    }
    rounds_acknowledge(all);
}

/* Each key holds what was put last. */
static inline void rounds_expect_now(firn_cache *cache, const rounds *all, const char *what)
{
    for (uint32_t key = 0; key < ROUND_KEYS; key++) {
        uint32_t version;
        firn_error error = {0};
        firn_status status = rounds_version(cache, key, &version, &error);
        if (status != FIRN_OK || version != all->now[key])
            cache_fail(what, key, status, &error);
    }
}

/* Opens what was left, which must hold what it may, and makes a round more. */
static inline void rounds_recover(const char *store, rounds *all, const char *what)
{
    uint64_t damaged = 0;
    firn_error error = {0};
    firn_cache *cache = rounds_open(store);
    rounds_settle(cache, all, what);
    firn_status status = rounds_make(cache, all, ROUND_VERSIONS - 1);
    rounds_keep(&status, rounds_flush(cache, all));
    if (status != FIRN_OK)
        cache_fail(what, ROUND_KEYS, status, NULL);
    firn_cache_close(cache);
    cache = rounds_open(store);
    rounds_expect_now(cache, all, what);
    status = firn_cache_verify(cache, &damaged, &error);
    if (status != FIRN_OK || damaged != 0)
        cache_fail(what, (uint32_t)damaged, status, &error);
    firn_cache_close(cache);
}

#endif
