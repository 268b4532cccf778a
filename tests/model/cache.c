/* Random calls on a cache, from all tiers, with ageing under a clock of the test's own, flushes,
 * reopenings after a close without a flush, and refusals, against a table of what each key holds.
 */
#include "support/cache_fixture.h"
#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { KEYS = 4000, STEPS = 40000, PINS = 4, VALUE_MAX = 40000 };

typedef struct model_item {
    bool there, there_flushed;
    uint32_t version, version_flushed; /* of the value now, and of the last that was flushed */
} model_item;

typedef struct held_pin {
    bool held;
    uint32_t key, version;
    firn_cache_pinned pinned;
} held_pin;

typedef struct world {
    rng random;
    failing memory;
    firn_cache_options options;
    firn_cache *cache;
    model_item items[KEYS];
    held_pin pins[PINS];
    uint32_t version;
    size_t refused, reopened;
} world;

static size_t value_size(uint32_t key, uint32_t version)
{
    uint32_t mixed = (key * 2654435761u) ^ version * 40503u;
    if (mixed % 97 == 0)
        return 0;
    if (mixed % 61 == 0)
        return mixed % VALUE_MAX;
    return mixed % 900;
}

static void expect_content(uint32_t key, uint32_t version, const void *data, size_t size)
{
    static uint8_t expected[VALUE_MAX];
    if (size != value_size(key, version))
        cache_fail("size", key, FIRN_OK, NULL);
    value_fill(key, version, expected, size);
    if (size > 0 && memcmp(data, expected, size) != 0)
        cache_fail("content", key, FIRN_OK, NULL);
}

/* Low keys are asked for more often. */
static uint32_t any_key(world *w)
{
    uint32_t bits = 4 + (uint32_t)rng_below(&w->random, 9);
    return (uint32_t)rng_below(&w->random, 1u << bits) % KEYS;
}

static void open_cache(world *w)
{
    firn_error error;
    firn_status status = firn_cache_open(&w->options, &w->cache, &error);
    if (status != FIRN_OK)
        cache_fail("open", 0, status, &error);
}

static void put(world *w, uint32_t key)
{
    static uint8_t value[VALUE_MAX];
    char text[24];
    firn_error error;
    uint32_t version = ++w->version;
    size_t size = value_size(key, version);
    value_fill(key, version, value, size);
    firn_status status =
        firn_cache_put(w->cache, key_of(key, text), (firn_bytes){value, size}, &error);
    if (status == FIRN_LIMIT && w->options.store == NULL) {
        w->refused++;
        return;
    }
    if (status != FIRN_OK)
        cache_fail("put", key, status, &error);
    w->items[key].there = true;
    w->items[key].version = version;
}

static void expect_found(const world *w, uint32_t key, firn_status status, const firn_error *error)
{
    if (status != (w->items[key].there ? FIRN_OK : FIRN_NOT_FOUND))
        cache_fail("found or not", key, status, error);
}

static void get(world *w, uint32_t key)
{
    static uint8_t value[VALUE_MAX];
    char text[24];
    firn_error error;
    size_t size = 0;
    firn_status status =
        firn_cache_get(w->cache, key_of(key, text), value, sizeof value, &size, &error);
    expect_found(w, key, status, &error);
    if (status == FIRN_OK)
        expect_content(key, w->items[key].version, value, size);
}

static void take_away(world *w, uint32_t key)
{
    char text[24];
    firn_error error;
    firn_status status = firn_cache_remove(w->cache, key_of(key, text), &error);
    expect_found(w, key, status, &error);
    w->items[key].there = false;
}

static void ask(world *w, uint32_t key)
{
    char text[24];
    firn_error error;
    firn_tier tier;
    bool contains;
    firn_status status = firn_cache_tier_of(w->cache, key_of(key, text), &tier, &error);
    expect_found(w, key, status, &error);
    status = firn_cache_contains(w->cache, key_of(key, text), &contains, &error);
    if (status != FIRN_OK || contains != w->items[key].there)
        cache_fail("contains", key, status, &error);
}

static void unpin(world *w, held_pin *pin)
{
    if (!pin->held)
        return;
    expect_content(pin->key, pin->version, pin->pinned.data, pin->pinned.size);
    firn_cache_unpin(w->cache, &pin->pinned);
    pin->held = false;
}

static void pin_key(world *w, uint32_t key)
{
    char text[24];
    firn_error error;
    held_pin *pin = &w->pins[rng_below(&w->random, PINS)];
    unpin(w, pin);
    firn_status status = firn_cache_pin(w->cache, key_of(key, text), &pin->pinned, &error);
    if (status == FIRN_LIMIT && w->options.store == NULL)
        return;
    expect_found(w, key, status, &error);
    if (status != FIRN_OK)
        return;
    *pin = (held_pin){true, key, w->items[key].version, pin->pinned};
    expect_content(key, pin->version, pin->pinned.data, pin->pinned.size);
}

static void tick(world *w)
{
    static const uint64_t naps[] = {SECOND, 20 * SECOND, MINUTE, 10 * MINUTE, 2 * HOUR};
    firn_error error;
    fake_sleep(naps[rng_below(&w->random, 5)]);
    firn_status status = firn_cache_tick(w->cache, &error);
    if (status != FIRN_OK)
        cache_fail("tick", 0, status, &error);
}

static void flush(world *w)
{
    firn_error error;
    if (w->options.store == NULL)
        return;
    firn_status status = firn_cache_flush(w->cache, &error);
    if (status != FIRN_OK)
        cache_fail("flush", 0, status, &error);
    for (uint32_t i = 0; i < KEYS; i++) {
        w->items[i].there_flushed = w->items[i].there;
        w->items[i].version_flushed = w->items[i].version;
    }
}

/* All keys, each once. */
static void iterate(world *w)
{
    static bool seen[KEYS];
    firn_cache_cursor *cursor;
    firn_bytes key, value;
    firn_tier tier;
    firn_error error;
    size_t expected = 0, count = 0;
    firn_status status = firn_cache_cursor_open(w->cache, &cursor);
    assert_int_equal(status, FIRN_OK);
    memset(seen, 0, sizeof seen);
    while ((status = firn_cache_cursor_next(cursor, &key, &value, &tier, &error)) == FIRN_OK) {
        char text[24] = "";
        memcpy(text, key.data, key.size < 23 ? key.size : 23);
        unsigned number = 0;
        if (sscanf(text, "key:%u", &number) != 1 || number >= KEYS || seen[number] ||
            !w->items[number].there)
            cache_fail("iterate", number, status, NULL);
        seen[number] = true;
        expect_content(number, w->items[number].version, value.data, value.size);
        count++;
    }
    if (status != FIRN_END_OF_DATA)
        cache_fail("iterate", 0, status, &error);
    firn_cache_cursor_close(cursor);
    for (uint32_t i = 0; i < KEYS; i++)
        expected += w->items[i].there;
    assert_int_equal(count, expected);
}

/* What a cache that was closed without a flush left: of each key the state of the last flush, or a
 * later one. The model goes on from what is there. */
static void reopen(world *w)
{
    static uint8_t value[VALUE_MAX], expected[VALUE_MAX];
    for (int i = 0; i < PINS; i++)
        unpin(w, &w->pins[i]);
    if (w->options.store == NULL)
        return;
    bool flushed = rng_below(&w->random, 2) == 0;
    if (flushed)
        flush(w);
    firn_cache_close(w->cache);
    failing_check(&w->memory);
    open_cache(w);
    w->reopened++;
    for (uint32_t key = 0; key < KEYS; key++) {
        model_item *item = &w->items[key];
        char text[24];
        size_t size = 0;
        firn_error error;
        firn_status status =
            firn_cache_get(w->cache, key_of(key, text), value, sizeof value, &size, &error);
        if (status != FIRN_OK && status != FIRN_NOT_FOUND)
            cache_fail("after reopening", key, status, &error);
        if (flushed) {
            expect_found(w, key, status, &error);
            if (status == FIRN_OK)
                expect_content(key, item->version, value, size);
            continue;
        }
        /* Versions count up, so what is found tells which it is by trying: the flushed one or the
         * newest are what is likely, others in between are as good. */
        bool right = status == FIRN_NOT_FOUND && (!item->there_flushed || !item->there ||
                                                  item->version != item->version_flushed);
        uint32_t found = 0;
        uint32_t from = item->there_flushed ? item->version_flushed : 0;
        for (uint32_t version = from; status == FIRN_OK && !right && version <= w->version;
             version++) {
            if (value_size(key, version) != size)
                continue;
            value_fill(key, version, expected, size);
            right = memcmp(value, expected, size) == 0;
            found = version;
        }
        if (!right)
            cache_fail("lost or older than flushed", key, status, &error);
        item->there = item->there_flushed = status == FIRN_OK;
        item->version = item->version_flushed = found;
    }
}

static void verify(world *w)
{
    uint64_t damaged = 0;
    firn_error error;
    firn_status status = firn_cache_verify(w->cache, &damaged, &error);
    if (status != FIRN_OK || damaged != 0)
        cache_fail("verify", (uint32_t)damaged, status, &error);
}

static void limits_hold(world *w)
{
    firn_cache_stats stats;
    firn_usage usage;
    uint64_t expected = 0;
    firn_cache_stats_get(w->cache, &stats);
    firn_cache_usage(w->cache, &usage);
    for (uint32_t i = 0; i < KEYS; i++)
        expected += w->items[i].there;
    assert_int_equal(stats.item_count, expected);
    assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
    assert_true(stats.used_bytes <= w->options.limit_bytes + w->options.limit_bytes / 10);
}

static void step(world *w)
{
    uint64_t dice = rng_below(&w->random, 1000);
    uint32_t key = any_key(w);
    if (dice < 400)
        get(w, key);
    else if (dice < 800)
        put(w, key);
    else if (dice < 870)
        take_away(w, key);
    else if (dice < 900)
        ask(w, key);
    else if (dice < 950)
        pin_key(w, key);
    else if (dice < 990)
        tick(w);
    else if (dice < 995)
        flush(w);
    else if (dice < 997)
        iterate(w);
    else if (dice < 998)
        verify(w);
    else if (dice < 999 || rng_below(&w->random, 4) != 0)
        limits_hold(w);
    else
        reopen(w);
}

static void run(const char *name, const char *store, uint64_t limit_bytes, uint32_t shards)
{
    static world w;
    memset(&w, 0, sizeof w);
    rng_init(&w.random, name);
    failing_init(&w.memory, 0);
    w.options = (firn_cache_options){.allocator = &w.memory.allocator,
                                     .limit_bytes = limit_bytes,
                                     .store = store,
                                     .shard_count = shards,
                                     .no_thread = true,
                                     .ignore_pressure = true,
                                     .no_repack = true,
                                     .clock_ns = fake_clock};
    open_cache(&w);
    for (int i = 0; i < STEPS; i++)
        step(&w);
    for (int i = 0; i < PINS; i++)
        unpin(&w, &w.pins[i]);
    iterate(&w);
    firn_cache_close(w.cache);
    failing_check(&w.memory);
    print_message("%s: %zu refused, %zu reopened\n", name, w.refused, w.reopened);
}

static void a_cache_in_ram_holds_what_was_put(void **state)
{
    (void)state;
    run("ram", NULL, 64 << 20, 4);
}

static void a_cache_in_little_ram_refuses_and_keeps(void **state)
{
    (void)state;
    run("little", NULL, FIRN_CACHE_LIMIT_MIN_BYTES, 1);
}

static void a_cache_over_a_store_holds_what_was_put(void **state)
{
    (void)state;
    run("store", path, FIRN_CACHE_STORE_MIN_BYTES, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cache_in_ram_holds_what_was_put),
        cmocka_unit_test(a_cache_in_little_ram_refuses_and_keeps),
        cmocka_unit_test_setup_teardown(a_cache_over_a_store_holds_what_was_put, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
