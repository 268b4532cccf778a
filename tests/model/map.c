/* Maps of each kind of keys against an array with a place for each possible key: after any random
 * operation both hold the same, in the same order, and the map's invariants hold. FIRN_OPS in the
 * environment says how many operations to do in all. */
#include <firn/map.h>

#include "support/failing.h"
#include "support/map_keys.h"
#include "support/random.h"

#include "map/type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define KEYS_MAX 40000
#define OPERATIONS 400000

static struct {
    rng random;
    failing memory;
    enum map_keys kind;
    size_t value_bytes;
    firn_map_type *type;
    firn_map map;
    uint32_t keys;            /* numbers below it are keys */
    uint8_t values[KEYS_MAX]; /* 0: not there; else what each byte of the value is */
    uint32_t count;
    size_t type_bytes;
} model;

static uint32_t any_key(void)
{
    return (uint32_t)rng_below(&model.random, model.keys);
}

static uint8_t any_fill(void)
{
    return (uint8_t)(1 + rng_below(&model.random, 255));
}

static void check_value(uint32_t number, const void *value)
{
    const uint8_t *bytes = value;
    assert_non_null(value);
    assert_int_not_equal(model.values[number], 0);
    for (size_t i = 0; i < model.value_bytes; i++)
        assert_int_equal(bytes[i], model.values[number]);
}

static void set_model(uint32_t number, uint8_t fill)
{
    model.count += fill != 0;
    model.count -= model.values[number] != 0;
    model.values[number] = fill;
}

/* The first key at or after a number, model.keys when there is none. */
static uint32_t at_or_after(uint32_t number)
{
    while (number < model.keys && model.values[number] == 0)
        number++;
    return number;
}

/* The last key below a number, model.keys when there is none. */
static uint32_t before(uint32_t number)
{
    while (number > 0)
        if (model.values[--number] != 0)
            return number;
    return model.keys;
}

/* --- operations --- */

static void put(uint32_t number)
{
    map_key room;
    uint8_t value[64], fill = any_fill();
    const void *key = map_keys_make(model.kind, number, &room);
    bool there = model.values[number] != 0;
    memset(value, fill, sizeof(value));
    switch (rng_below(&model.random, 3)) {
    case 0:
        assert_int_equal(firn_map_put(&model.map, key, value), FIRN_OK);
        break;
    case 1:
        assert_int_equal(firn_map_put_new(&model.map, key, value), there ? FIRN_EXISTS : FIRN_OK);
        if (there)
            return;
        break;
    default: {
        void *found = NULL;
        bool is_new = there;
        assert_int_equal(firn_map_entry(&model.map, key, &found, &is_new), FIRN_OK);
        assert_int_equal(is_new, !there);
        if (there)
            check_value(number, found);
        else
            for (size_t i = 0; i < model.value_bytes; i++)
                assert_int_equal(((uint8_t *)found)[i], 0);
        memset(found, fill, model.value_bytes);
    }
    }
    set_model(number, fill);
}

static void take(uint32_t number)
{
    map_key room;
    uint8_t value[64];
    const void *key = map_keys_make(model.kind, number, &room);
    bool there = model.values[number] != 0;
    if (rng_below(&model.random, 2) == 0) {
        assert_int_equal(firn_map_remove(&model.map, key), there ? FIRN_OK : FIRN_NOT_FOUND);
    } else {
        assert_int_equal(firn_map_take(&model.map, key, value), there ? FIRN_OK : FIRN_NOT_FOUND);
        if (there)
            check_value(number, value);
    }
    set_model(number, 0);
}

static void get(uint32_t number)
{
    map_key room;
    const void *value = firn_map_get(&model.map, map_keys_make(model.kind, number, &room));
    if (model.values[number] == 0)
        assert_null(value);
    else
        check_value(number, value);
}

static void check_cursor(const firn_map_cursor *cursor, firn_status status, uint32_t number)
{
    if (number == model.keys) {
        assert_int_equal(status, FIRN_NOT_FOUND);
        assert_null(cursor->key);
        return;
    }
    assert_int_equal(status, FIRN_OK);
    assert_int_equal(map_keys_number(model.kind, cursor->key), number);
    check_value(number, cursor->value);
}

static void walk(uint32_t number)
{
    map_key room;
    const void *key = map_keys_make(model.kind, number, &room);
    firn_map_cursor cursor;
    firn_map_cursor_init(&cursor, &model.map);
    uint32_t at;
    switch (rng_below(&model.random, 3)) {
    case 0:
        at = model.values[number] != 0 ? number : model.keys;
        check_cursor(&cursor, firn_map_seek(&cursor, key), at);
        break;
    case 1:
        at = before(number + 1);
        check_cursor(&cursor, firn_map_floor(&cursor, key), at);
        break;
    default:
        at = at_or_after(number);
        check_cursor(&cursor, firn_map_ceiling(&cursor, key), at);
    }
    for (uint64_t i = rng_below(&model.random, 20); i > 0 && at != model.keys; i--) {
        uint64_t what = rng_below(&model.random, 5);
        if (what == 0) {
            set_model(at, 0);
            at = at_or_after(at);
            check_cursor(&cursor, firn_map_cursor_remove(&model.map, &cursor), at);
        } else if (what < 3) {
            at = at_or_after(at + 1);
            check_cursor(&cursor, firn_map_next(&cursor), at);
        } else {
            at = before(at);
            check_cursor(&cursor, firn_map_previous(&cursor), at);
        }
    }
    if (at != model.keys) {
        put(any_key());
        firn_status status = firn_map_next(&cursor);
        assert_true(status == FIRN_CHANGED || status == FIRN_OK || status == FIRN_NOT_FOUND);
    }
}

static void remove_range(void)
{
    map_key rooms[2];
    uint32_t from = any_key(), length = (uint32_t)rng_below(&model.random, 1 + model.keys / 8);
    uint32_t to = from + length < model.keys ? from + length : model.keys - 1;
    bool open_begin = rng_below(&model.random, 30) == 0,
         open_end = rng_below(&model.random, 30) == 0;
    uint64_t gone = firn_map_remove_range(
        &model.map, open_begin ? NULL : map_keys_make(model.kind, from, &rooms[0]),
        open_end ? NULL : map_keys_make(model.kind, to, &rooms[1]));
    uint32_t before_count = model.count;
    for (uint32_t i = open_begin ? 0 : from; i < (open_end ? model.keys : to); i++)
        set_model(i, 0);
    assert_int_equal(gone, before_count - model.count);
}

/* --- the whole --- */

typedef struct visited {
    uint32_t next, end;
    uint64_t left;
} visited;

static bool visit(void *context, const void *key, void *value)
{
    visited *walk = context;
    uint32_t number = at_or_after(walk->next);
    assert_true(number < walk->end);
    assert_int_equal(map_keys_number(model.kind, key), number);
    check_value(number, value);
    walk->next = number + 1;
    return --walk->left > 0;
}

static void visit_range(void)
{
    map_key rooms[2];
    uint32_t from = any_key(), to = any_key();
    visited walk = {from, to, 1 + rng_below(&model.random, 300)};
    assert_int_equal(firn_map_visit(&model.map, map_keys_make(model.kind, from, &rooms[0]),
                                    map_keys_make(model.kind, to, &rooms[1]), visit, &walk),
                     FIRN_OK);
    if (walk.left > 0)
        assert_true(at_or_after(walk.next) >= to);
}

static void check_same(const firn_map *map)
{
    firn_error error = {0};
    if (firn_map_verify(map, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    assert_int_equal(firn_map_count(map), model.count);
    visited walk = {0, model.keys, UINT64_MAX};
    assert_int_equal(firn_map_visit(map, NULL, NULL, visit, &walk), FIRN_OK);
    assert_int_equal(at_or_after(walk.next), model.keys);
    firn_map_cursor cursor;
    firn_map_cursor_init(&cursor, map);
    firn_status status = firn_map_last(&cursor);
    for (uint32_t number = before(model.keys);; number = before(number)) {
        check_cursor(&cursor, status, number);
        if (number == model.keys)
            break;
        status = firn_map_previous(&cursor);
    }
}

static void check_all(void)
{
    check_same(&model.map);
    firn_usage usage;
    firn_map_stats stats;
    firn_map_usage(&model.map, &usage);
    firn_map_stats_get(&model.map, &stats);
    assert_int_equal(usage.reserved_bytes + model.type_bytes,
                     atomic_load(&model.memory.live_bytes));
    assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
    assert_true(stats.filled_bytes <= stats.node_bytes);
    assert_true(stats.node_bytes <= usage.reserved_bytes);
}

typedef struct source {
    uint32_t next;
    map_key key;
    uint8_t value[64];
} source;

static bool next_of_model(void *context, const void **ret_key, const void **ret_value)
{
    source *from = context;
    from->next = at_or_after(from->next);
    if (from->next == model.keys)
        return false;
    memset(from->value, model.values[from->next], sizeof(from->value));
    *ret_key = map_keys_make(model.kind, from->next++, &from->key);
    *ret_value = from->value;
    return true;
}

/* Replaces the map by a copy, or by one made anew. */
static void copy_map(void)
{
    firn_map other;
    if (rng_below(&model.random, 2) == 0) {
        assert_int_equal(firn_map_clone(&model.map, &other), FIRN_OK);
    } else {
        source from = {0};
        firn_map_init(&other, model.type);
        assert_int_equal(firn_map_load_sorted(&other, next_of_model, &from), FIRN_OK);
    }
    check_same(&other);
    check_same(&model.map);
    firn_map_fini(&model.map);
    model.map = other;
}

static void begin(enum map_keys kind)
{
    static const size_t value_sizes[] = {0, 1, 4, 8, 20, 33};
    failing_init(&model.memory, 0);
    model.kind = kind;
    model.value_bytes = value_sizes[rng_below(&model.random, 6)];
    firn_map_type_options options = {
        .value_bytes = model.value_bytes,
        .allocator = &model.memory.allocator,
    };
    map_keys_options(kind, &options);
    if (rng_below(&model.random, 3) != 0) /* the smallest nodes make the highest trees */
        options.node_bytes = kind == KEYS_TEXT ? 1280 + rng_below(&model.random, 1000)
                                               : 192 + rng_below(&model.random, 400);
    assert_int_equal(firn_map_type_create(&options, &model.type), FIRN_OK);
    firn_map_type_set_portable(model.type, rng_below(&model.random, 2) == 0);
    model.type_bytes = atomic_load(&model.memory.live_bytes);
    model.keys = (uint32_t)(8 + rng_below(&model.random,
                                          rng_below(&model.random, 3) == 0 ? KEYS_MAX - 8 : 2000));
    memset(model.values, 0, sizeof(model.values));
    model.count = 0;
    firn_map_init(&model.map, model.type);
}

static void operate(uint64_t growth)
{
    uint32_t number = any_key();
    uint64_t what = rng_below(&model.random, 100);
    if (what < 60) {
        if (rng_below(&model.random, 10) < growth)
            put(number);
        else
            take(number);
    } else if (what < 80) {
        get(number);
    } else if (what < 98) {
        walk(number);
    } else if (rng_below(&model.random, 20) != 0) {
        visit_range();
    } else if (rng_below(&model.random, 3) != 0) {
        remove_range();
    } else if (rng_below(&model.random, 20) == 0) {
        firn_map_clear(&model.map);
        memset(model.values, 0, sizeof(model.values));
        model.count = 0;
    } else if (rng_below(&model.random, 2) == 0) {
        assert_int_equal(firn_map_shrink(&model.map), FIRN_OK);
    }
}

/* Ascending or descending keys, as they often come. */
static void run_in_order(bool descending)
{
    uint32_t from = any_key(), count = 1 + (uint32_t)rng_below(&model.random, model.keys);
    for (uint32_t i = 0; i < count; i++)
        put((descending ? from + model.keys - i : from + i) % model.keys);
}

static void a_map_holds_what_the_model_holds(void **state)
{
    (void)state;
    rng_init(&model.random, "map");
    const char *given = getenv("FIRN_OPS");
    uint64_t left = given != NULL ? strtoull(given, NULL, 0) : OPERATIONS;
    for (unsigned round = 0; left > 0; round++) {
        begin((enum map_keys)(round % KEYS_KINDS));
        for (uint64_t phase = 0; phase < 8 && left > 0; phase++) {
            uint64_t growth = rng_below(&model.random, 11), operations = left;
            if (operations > 3000)
                operations = rng_below(&model.random, 3000);
            left -= operations;
            for (uint64_t i = 0; i < operations; i++)
                operate(growth);
            if (rng_below(&model.random, 4) == 0)
                run_in_order(rng_below(&model.random, 2) == 0);
            check_all();
            if (rng_below(&model.random, 4) == 0)
                copy_map();
        }
        firn_map_fini(&model.map);
        firn_map_type_destroy(model.type);
        failing_check(&model.memory);
    }
}

/* --- all orders of a few keys --- */

#define FEW 8

static void insert_and_remove(const uint32_t order[FEW], const uint32_t back[FEW])
{
    for (uint32_t i = 0; i < FEW; i++)
        put(order[i]);
    check_same(&model.map);
    for (uint32_t i = 0; i < FEW; i++)
        take(back[i]);
    assert_null(model.map.content);
}

/* Calls insert_and_remove with each permutation of numbers as the order, or as the way back. */
static void permute(uint32_t numbers[FEW], unsigned from, const uint32_t *other, bool back)
{
    if (from == FEW) {
        insert_and_remove(back ? other : numbers, back ? numbers : other);
        return;
    }
    for (unsigned i = from; i < FEW; i++) {
        uint32_t first = numbers[from];
        numbers[from] = numbers[i];
        numbers[i] = first;
        permute(numbers, from + 1, other, back);
        numbers[i] = numbers[from];
        numbers[from] = first;
    }
}

static void all_orders_of_a_few_keys_work(void **state)
{
    (void)state;
    rng_init(&model.random, "map orders");
    for (int kind = 0; kind < KEYS_KINDS; kind++) {
        if (kind != KEYS_U32 && kind != KEYS_DESCENDING)
            continue; /* one that knows the lowest key, one that does not */
        begin((enum map_keys)kind);
        firn_map_type_destroy(model.type);
        firn_map_type_options options = {.allocator = &model.memory.allocator};
        map_keys_options((enum map_keys)kind, &options);
        options.node_bytes = 64;
        options.value_bytes = model.value_bytes = kind == KEYS_U32 ? 10 : 6;
        assert_int_equal(firn_map_type_create(&options, &model.type), FIRN_OK);
        firn_map_init(&model.map, model.type);
        model.keys = FEW;
        uint32_t straight[FEW], mixed[FEW];
        for (uint32_t i = 0; i < FEW; i++) {
            straight[i] = i;
            mixed[i] = i * 5 % FEW;
        }
        permute(straight, 0, mixed, false);
        permute(straight, 0, mixed, true);
        firn_map_type_destroy(model.type);
        failing_check(&model.memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_holds_what_the_model_holds),
        cmocka_unit_test(all_orders_of_a_few_keys_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
