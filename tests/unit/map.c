/* Maps: each call, each documented error, and the sizes that are promised. */
#include <firn/map.h>

#include "support/failing.h"
#include "support/map_keys.h"
#include "support/random.h"

#include "map/find.h"
#include "map/search.h"
#include "map/tree.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static firn_map_type *type_of(firn_map_type_options options)
{
    firn_map_type *type = NULL;
    assert_int_equal(firn_map_type_create(&options, &type), FIRN_OK);
    return type;
}

static firn_map_type *type_u64(void)
{
    return type_of((firn_map_type_options){.key = FIRN_KEY_U64, .value_bytes = 8});
}

static void fill(firn_map *map, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t key = i * 3, value = i;
        assert_int_equal(firn_map_put(map, &key, &value), FIRN_OK);
    }
}

static uint64_t value_of(const firn_map *map, uint64_t key)
{
    const uint64_t *value = firn_map_get(map, &key);
    assert_non_null(value);
    return *value;
}

/* --- types --- */

static void assert_refused(firn_map_type_options options)
{
    firn_map_type *type = NULL;
    assert_int_equal(firn_map_type_create(&options, &type), FIRN_INVALID);
    assert_null(type);
}

static void contradictory_types_are_refused(void **state)
{
    (void)state;
    firn_map_type *type = NULL;
    assert_int_equal(firn_map_type_create(NULL, &type), FIRN_INVALID);
    assert_int_equal(firn_map_type_create(&(firn_map_type_options){0}, NULL), FIRN_INVALID);
    assert_refused((firn_map_type_options){.key = (firn_key_kind)9});
    assert_refused((firn_map_type_options){.key = FIRN_KEY_U32, .key_bytes = 4});
    assert_refused((firn_map_type_options){.key = FIRN_KEY_U64, .compare = map_keys_descending});
    assert_refused((firn_map_type_options){.key = FIRN_KEY_FIXED});
    assert_refused((firn_map_type_options){.key = FIRN_KEY_FIXED, .key_bytes = 257});
    assert_refused((firn_map_type_options){.value_bytes = FIRN_MAP_VALUE_MAX + 1});
    assert_refused((firn_map_type_options){.compare_context = &type});
    assert_refused((firn_map_type_options){.reserved = {0, 1}});
    assert_refused((firn_map_type_options){.node_bytes = 63});
    assert_refused((firn_map_type_options){.node_bytes = 32769});
    assert_refused(
        (firn_map_type_options){.key = FIRN_KEY_U64, .value_bytes = 9, .node_bytes = 64});
    assert_refused((firn_map_type_options){.key = FIRN_KEY_BYTES, .node_bytes = 512});
    firn_map_type_destroy(NULL);
}

static void types_of_all_sizes_work(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 7, 8, 16, 100, 255, 256, 1000, 1024};
    for (size_t k = 0; k < 9; k++) {
        for (size_t v = 0; v < 11; v++) {
            firn_map_type *type = type_of((firn_map_type_options){
                .key = FIRN_KEY_FIXED, .key_bytes = sizes[k], .value_bytes = sizes[v]});
            firn_map map;
            firn_map_init(&map, type);
            uint8_t key[256] = {0}, value[1024];
            for (unsigned i = 0; i < 200; i++) {
                key[0] = (uint8_t)(i * 7);
                memset(value, (int)i, sizeof(value));
                assert_int_equal(firn_map_put(&map, key, value), FIRN_OK);
            }
            assert_int_equal(firn_map_verify(&map, NULL), FIRN_OK);
            for (unsigned i = 0; i < 200; i++) {
                key[0] = (uint8_t)(i * 7);
                memset(value, (int)i, sizeof(value));
                assert_memory_equal(firn_map_get(&map, key), value, sizes[v]);
            }
            firn_map_fini(&map);
            firn_map_type_destroy(type);
        }
    }
}

/* --- sizes --- */

static void a_handle_has_16_bytes_and_an_empty_map_nothing(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    firn_map_type *type = type_of((firn_map_type_options){.allocator = &memory.allocator});
    size_t before = atomic_load(&memory.calls);
    firn_map map;
    firn_map_init(&map, type);
    uint32_t key = 1;
    assert_int_equal(sizeof(map), sizeof(void *) * 2);
    assert_null(firn_map_get(&map, &key));
    assert_int_equal(firn_map_remove(&map, &key), FIRN_NOT_FOUND);
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_OK);
    assert_int_equal(firn_map_put(&map, &key, NULL), FIRN_OK);
    assert_int_equal(firn_map_remove(&map, &key), FIRN_OK);
    assert_int_equal(atomic_load(&memory.live_blocks), 1); /* the type */
    assert_int_equal(atomic_load(&memory.calls), before + 1);
    firn_map_fini(&map);
    firn_map_type_destroy(type);
    failing_check(&memory);
}

/* Bytes of a map of `count` entries, with what malloc takes for itself: blocks are multiples of 16,
 * of which 8 are its own. */
static size_t bytes_of(firn_key_kind kind, size_t value_bytes, unsigned count)
{
    firn_map_type *type = type_of((firn_map_type_options){.key = kind, .value_bytes = value_bytes});
    firn_map map;
    firn_map_init(&map, type);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t key = i * 2654435761u % 1000003;
        assert_int_equal(firn_map_put(&map, &key, NULL), FIRN_OK);
    }
    firn_usage usage;
    firn_map_usage(&map, &usage);
    size_t bytes = (usage.reserved_bytes + 8 + 15) / 16 * 16;
    firn_map_fini(&map);
    firn_map_type_destroy(type);
    return sizeof(map) + bytes;
}

static void small_maps_take_what_they_need(void **state)
{
    (void)state;
    assert_true(bytes_of(FIRN_KEY_U32, 4, 1) <= 48);
    assert_true(bytes_of(FIRN_KEY_U32, 4, 10) * 10 <= 10 * 115);
    assert_true(bytes_of(FIRN_KEY_U32, 4, 100) <= 900);
    assert_true(bytes_of(FIRN_KEY_U64, 8, 10) <= 200);
}

/* --- calls --- */

static void put_get_and_remove_do_what_they_say(void **state)
{
    (void)state;
    firn_map_type *type = type_u64();
    firn_map map;
    firn_map_init(&map, type);
    uint64_t key = 5, value = 50, taken = 0;
    void *there = NULL;
    bool is_new = false;
    assert_int_equal(firn_map_entry(&map, &key, &there, &is_new), FIRN_OK);
    assert_true(is_new);
    assert_int_equal(*(uint64_t *)there, 0);
    assert_int_equal(firn_map_put(&map, &key, &value), FIRN_OK);
    assert_int_equal(value_of(&map, 5), 50);
    assert_int_equal(firn_map_put_new(&map, &key, &taken), FIRN_EXISTS);
    assert_int_equal(value_of(&map, 5), 50);
    assert_int_equal(firn_map_entry(&map, &key, &there, NULL), FIRN_OK);
    assert_int_equal(*(uint64_t *)there, 50);
    assert_int_equal(firn_map_put(&map, &key, NULL), FIRN_OK);
    assert_int_equal(value_of(&map, 5), 0);
    key = 6;
    assert_int_equal(firn_map_put_new(&map, &key, &value), FIRN_OK);
    assert_int_equal(firn_map_count(&map), 2);
    assert_int_equal(firn_map_take(&map, &key, &taken), FIRN_OK);
    assert_int_equal(taken, 50);
    assert_int_equal(firn_map_take(&map, &key, &taken), FIRN_NOT_FOUND);
    firn_map_clear(&map);
    assert_int_equal(firn_map_count(&map), 0);
    firn_map_fini(&map);
    assert_null(map.type);
    firn_map_fini(&map);
    firn_map_fini(NULL);
    firn_map_type_destroy(type);
}

static void nulls_are_refused(void **state)
{
    (void)state;
    firn_map_type *type = type_u64();
    firn_map map;
    firn_map_init(&map, type);
    uint64_t key = 1;
    void *there;
    firn_map_cursor cursor;
    firn_map_cursor_init(&cursor, &map);
    for (int large = 0; large <= 1; large++) {
        assert_int_equal(firn_map_put(NULL, &key, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_put(&map, NULL, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_put_new(&map, NULL, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_entry(&map, &key, NULL, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_entry(&map, NULL, &there, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_remove(&map, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_take(NULL, &key, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_visit(&map, NULL, NULL, NULL, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_load_sorted(&map, NULL, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_clone(&map, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_clone(NULL, &map), FIRN_INVALID);
        assert_int_equal(firn_map_shrink(NULL), FIRN_INVALID);
        assert_int_equal(firn_map_verify(NULL, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_seek(&cursor, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_floor(&cursor, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_ceiling(&cursor, NULL), FIRN_INVALID);
        assert_int_equal(firn_map_first(NULL), FIRN_INVALID);
        assert_int_equal(firn_map_cursor_remove(NULL, &cursor), FIRN_INVALID);
        assert_null(firn_map_get(&map, NULL));
        assert_null(firn_map_get(NULL, &key));
        assert_int_equal(firn_map_count(NULL), 0);
        assert_int_equal(firn_map_remove_range(NULL, NULL, NULL), 0);
        fill(&map, 2000);
    }
    firn_map_fini(&map);
#ifdef NDEBUG /* else these calls stop the program, as the header says */
    assert_int_equal(firn_map_put(&map, &key, NULL), FIRN_INVALID);
    assert_int_equal(firn_map_first(&cursor), FIRN_INVALID);
    assert_null(firn_map_get(&map, &key));
#endif
    firn_map_type_destroy(type);
}

static void keys_at_the_ends_of_their_range_work(void **state)
{
    (void)state;
    for (int wide = 0; wide <= 1; wide++) {
        firn_map_type *type = type_of(
            (firn_map_type_options){.key = wide ? FIRN_KEY_U64 : FIRN_KEY_U32, .node_bytes = 128});
        firn_map map;
        firn_map_init(&map, type);
        for (uint64_t i = 0; i < 1000; i++) {
            uint64_t low = i, high = wide ? UINT64_MAX - i : UINT32_MAX - i;
            assert_int_equal(firn_map_put(&map, &low, NULL), FIRN_OK);
            assert_int_equal(firn_map_put(&map, &high, NULL), FIRN_OK);
        }
        for (uint64_t i = 0; i < 1000; i++) {
            uint64_t high = wide ? UINT64_MAX - i : UINT32_MAX - i;
            assert_non_null(firn_map_get(&map, &i));
            assert_non_null(firn_map_get(&map, &high));
            assert_int_equal(firn_map_put_new(&map, &high, NULL), FIRN_EXISTS);
        }
        assert_int_equal(firn_map_count(&map), 2000);
        assert_int_equal(firn_map_verify(&map, NULL), FIRN_OK);
        firn_map_fini(&map);
        firn_map_type_destroy(type);
    }
}

static void keys_of_bytes_have_a_largest_size(void **state)
{
    (void)state;
    firn_map_type *type = type_of((firn_map_type_options){.key = FIRN_KEY_BYTES, .value_bytes = 4});
    static uint8_t text[FIRN_MAP_KEY_MAX + 1];
    firn_map map;
    firn_map_init(&map, type);
    firn_bytes key = {text, sizeof(text)}, empty = {NULL, 0};
    assert_int_equal(firn_map_put(&map, &key, NULL), FIRN_LIMIT);
    assert_null(map.content);
    key.size--;
    assert_int_equal(firn_map_put(&map, &key, NULL), FIRN_OK);
    assert_int_equal(firn_map_put(&map, &empty, NULL), FIRN_OK);
    assert_non_null(firn_map_get(&map, &key));
    assert_non_null(firn_map_get(&map, &empty));
    key.size++;
    assert_null(firn_map_get(&map, &key));
    assert_int_equal(firn_map_put(&map, &key, NULL), FIRN_LIMIT);
    assert_int_equal(firn_map_count(&map), 2);
    firn_map_fini(&map);
    firn_map_type_destroy(type);
}

/* Keys that no node holds, whose separators are as long: in inner nodes, too, they are kept in
 * blocks of their own, which move up when a node splits. */
static void long_separators_are_given_back(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    firn_map_type *type = type_of((firn_map_type_options){
        .key = FIRN_KEY_BYTES, .allocator = &memory.allocator, .node_bytes = 1280});
    char text[320];
    firn_map map;
    firn_bytes key = {text, 310};
    firn_map_stats stats;
    memset(text, 'x', sizeof(text));
    firn_map_init(&map, type);
    for (uint32_t i = 0; i < 12000; i++) {
        snprintf(text + 300, 11, "%010u", i * 7919u % 12007u);
        assert_int_equal(firn_map_put(&map, &key, NULL), FIRN_OK);
    }
    firn_map_stats_get(&map, &stats);
    assert_true(stats.height >= 3 && stats.inner_count >= 4);
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_OK);
    for (uint32_t i = 0; i < 9000; i++) {
        snprintf(text + 300, 11, "%010u", i * 104729u % 12007u);
        firn_status status = firn_map_remove(&map, &key);
        assert_true(status == FIRN_OK || status == FIRN_NOT_FOUND);
    }
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_OK);
    firn_map_fini(&map);
    firn_map_type_destroy(type);
    failing_check(&memory);
}

/* --- sorted input --- */

typedef struct numbers {
    const uint64_t *next;
    size_t left;
} numbers;

static bool next_number(void *context, const void **ret_key, const void **ret_value)
{
    numbers *from = context;
    if (from->left == 0)
        return false;
    from->left--;
    *ret_value = from->next;
    *ret_key = from->next++;
    return true;
}

static bool no_key(void *context, const void **ret_key, const void **ret_value)
{
    (void)context;
    *ret_key = *ret_value = NULL;
    return true;
}

/* An inner node whose first child splits gives all but that to its right half. */
static void descending_texts_split_full_inner_nodes(void **state)
{
    (void)state;
    for (size_t node_bytes = 1300; node_bytes < 2300; node_bytes += 100) {
        firn_map_type *type = type_of((firn_map_type_options){
            .key = FIRN_KEY_BYTES, .value_bytes = 32, .node_bytes = node_bytes});
        firn_map map;
        firn_map_init(&map, type);
        for (unsigned i = 20000; i-- > 0;) {
            char text[32];
            int size =
                snprintf(text, sizeof(text), "%08x%.*s", i * 10, (int)(i % 13), "aaaaaaaaaaaaa");
            firn_bytes key = {text, (size_t)size};
            assert_int_equal(firn_map_put(&map, &key, NULL), FIRN_OK);
        }
        assert_int_equal(firn_map_count(&map), 20000);
        assert_int_equal(firn_map_verify(&map, NULL), FIRN_OK);
        firn_map_fini(&map);
        firn_map_type_destroy(type);
    }
}

static void sorted_input_must_be_sorted(void **state)
{
    (void)state;
    firn_map_type *type = type_u64();
    firn_map map;
    firn_map_init(&map, type);
    uint64_t keys[5000];
    for (size_t i = 0; i < 5000; i++)
        keys[i] = i * 2;
    static const size_t places[] = {1, 200, 4999};
    for (size_t i = 0; i < 3; i++) {
        keys[places[i]] -= 2; /* as the one before */
        assert_int_equal(firn_map_load_sorted(&map, next_number, &(numbers){keys, 5000}),
                         FIRN_INVALID);
        keys[places[i]] -= places[i] > 1; /* below it */
        assert_int_equal(firn_map_load_sorted(&map, next_number, &(numbers){keys, 5000}),
                         FIRN_INVALID);
        assert_null(map.content);
        keys[places[i]] = places[i] * 2;
    }
    assert_int_equal(firn_map_load_sorted(&map, no_key, NULL), FIRN_INVALID);
    assert_int_equal(firn_map_load_sorted(&map, next_number, &(numbers){keys, 0}), FIRN_OK);
    assert_null(map.content);
    assert_int_equal(firn_map_load_sorted(&map, next_number, &(numbers){keys, 5000}), FIRN_OK);
    assert_int_equal(firn_map_load_sorted(&map, next_number, &(numbers){keys, 1}), FIRN_INVALID);
    assert_int_equal(firn_map_count(&map), 5000);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(value_of(&map, keys[i]), keys[i]);
    firn_map_stats stats;
    firn_map_stats_get(&map, &stats);
    assert_true(stats.filled_bytes * 100 >= stats.node_bytes * 99);
    firn_map_fini(&map);
    firn_map_type_destroy(type);
}

static void nodes_stay_full(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "map nodes stay full");
    firn_map_type *type = type_u64();
    for (int order = 0; order < 3; order++) { /* at random, ascending, descending */
        firn_map map;
        firn_map_stats stats;
        firn_usage usage;
        firn_map_init(&map, type);
        for (uint64_t i = 0; i < 60000; i++) {
            uint64_t key = order == 0 ? rng_next(&random) : order == 1 ? i : 100000 - i;
            assert_int_equal(firn_map_put(&map, &key, &i), FIRN_OK);
        }
        firn_map_stats_get(&map, &stats);
        firn_map_usage(&map, &usage);
        assert_true(stats.filled_bytes * 100 >= stats.node_bytes * (order == 0 ? 95 : 99));
        assert_true(usage.reserved_bytes * 10 <= firn_map_count(&map) * (order == 0 ? 184 : 168));
        /* what is left after nine of ten were removed takes at most 1.5 of what a new map would */
        firn_map_cursor cursor;
        firn_map_cursor_init(&cursor, &map);
        assert_int_equal(firn_map_first(&cursor), FIRN_OK);
        for (firn_status status = FIRN_OK; status == FIRN_OK;)
            status = rng_below(&random, 10) > 0 ? firn_map_cursor_remove(&map, &cursor)
                                                : firn_map_next(&cursor);
        firn_map_usage(&map, &usage);
        assert_true(usage.reserved_bytes * 10 <= firn_map_count(&map) * 260);
        assert_int_equal(firn_map_verify(&map, NULL), FIRN_OK);
        assert_int_equal(firn_map_shrink(&map), FIRN_OK);
        firn_map_usage(&map, &usage);
        assert_true(usage.reserved_bytes * 10 <= firn_map_count(&map) * 175);
        firn_map_fini(&map);
    }
    firn_map_type_destroy(type);
}

/* --- cursors --- */

static void cursors_notice_changes(void **state)
{
    (void)state;
    firn_map_type *type = type_u64();
    for (uint64_t count = 10; count <= 10000; count *= 10) {
        firn_map map;
        firn_map_cursor cursor;
        uint64_t key = 3, absent = 4;
        firn_map_init(&map, type);
        firn_map_cursor_init(&cursor, &map);
        assert_int_equal(firn_map_next(&cursor), FIRN_NOT_FOUND);
        assert_int_equal(firn_map_first(&cursor), FIRN_NOT_FOUND);
        fill(&map, count);
        assert_int_equal(firn_map_seek(&cursor, &absent), FIRN_NOT_FOUND);
        assert_int_equal(firn_map_cursor_remove(&map, &cursor), FIRN_NOT_FOUND);
        assert_int_equal(firn_map_seek(&cursor, &key), FIRN_OK);
        assert_int_equal(firn_map_next(&cursor), FIRN_OK);
        assert_int_equal(*(const uint64_t *)cursor.key, 6);
        assert_int_equal(firn_map_put(&map, &absent, NULL), FIRN_OK);
        assert_int_equal(firn_map_next(&cursor), FIRN_CHANGED);
        assert_int_equal(firn_map_next(&cursor), FIRN_NOT_FOUND);
        assert_int_equal(firn_map_seek(&cursor, &key), FIRN_OK);
        assert_int_equal(firn_map_remove(&map, &absent), FIRN_OK);
        assert_int_equal(firn_map_previous(&cursor), FIRN_CHANGED);
        assert_int_equal(firn_map_seek(&cursor, &key), FIRN_OK);
        firn_map_clear(&map);
        assert_int_equal(firn_map_cursor_remove(&map, &cursor), FIRN_CHANGED);
        firn_map_fini(&map);
    }
    firn_map_type_destroy(type);
}

/* --- comparators --- */

static int at_random(const void *a, const void *b, void *context)
{
    (void)a;
    (void)b;
    return (int)rng_below(context, 3) - 1;
}

static int odd_before_even(const void *a, const void *b, void *context)
{
    uint32_t left, right;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    if (*(bool *)context && left % 2 != right % 2)
        return left % 2 != 0 ? -1 : 1;
    return (left > right) - (left < right);
}

static void a_comparator_that_is_no_order_harms_nobody(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "map without order");
    firn_map_type *type = type_of((firn_map_type_options){.key = FIRN_KEY_FIXED,
                                                          .key_bytes = 4,
                                                          .value_bytes = 4,
                                                          .compare = at_random,
                                                          .compare_context = &random,
                                                          .node_bytes = 64});
    firn_map map;
    firn_map_init(&map, type);
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t key = (uint32_t)rng_below(&random, 3000);
        firn_status status = rng_below(&random, 3) > i / 10000 ? firn_map_put(&map, &key, NULL)
                                                               : firn_map_remove(&map, &key);
        assert_true(status == FIRN_OK || status == FIRN_NOT_FOUND);
        if (i % 1000 == 0)
            firn_map_remove_range(&map, &key, &i);
    }
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_CORRUPT);
    firn_map_fini(&map);
    firn_map_type_destroy(type);
}

static void an_order_that_changes_is_found(void **state)
{
    (void)state;
    bool changed = false;
    firn_map_type *type = type_of((firn_map_type_options){.key = FIRN_KEY_FIXED,
                                                          .key_bytes = 4,
                                                          .compare = odd_before_even,
                                                          .compare_context = &changed});
    for (uint32_t count = 3; count < 5000; count *= 10) {
        firn_map map;
        firn_error error = {0};
        changed = false;
        firn_map_init(&map, type);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(firn_map_put(&map, &i, NULL), FIRN_OK);
        assert_int_equal(firn_map_verify(&map, &error), FIRN_OK);
        changed = true;
        assert_int_equal(firn_map_verify(&map, &error), FIRN_CORRUPT);
        assert_non_null(strstr(error.text, "order"));
        firn_map_fini(&map);
    }
    firn_map_type_destroy(type);
}

/* --- search --- */

static void check_search(uint64_t *keys, unsigned count, uint64_t wanted)
{
    static uint32_t narrow[600];
    uint64_t wide[600];
    unsigned below = 0;
    for (unsigned i = 0; i < count; i++) {
        narrow[i] = (uint32_t)keys[i];
        wide[i] = keys[i] << 31;
        below += keys[i] < wanted;
    }
    assert_int_equal(firn_search_u32(narrow, count, (uint32_t)wanted), below);
    assert_int_equal(firn_search_u64(wide, count, wanted << 31), below);
}

static void searches_find_the_place(void **state)
{
    (void)state;
    for (unsigned count = 0; count < 70; count++) {
        uint64_t keys[70];
        for (unsigned i = 0; i < count; i++)
            keys[i] = i * 4000000 + 5; /* above half the range of 32 bits, too */
        for (unsigned i = 0; i <= count; i++)
            for (unsigned off = 0; off < 3; off++)
                check_search(keys, count, (uint64_t)i * 4000000 + 4 + off);
    }
    uint64_t high[40];
    for (unsigned i = 0; i < 40; i++)
        high[i] = 0xfffffff0u - 39 * 90000000u + i * 90000000u;
    for (unsigned i = 0; i < 40; i++)
        check_search(high, 40, high[i]);
}

/* --- damage --- */

static void damage_is_found(void **state)
{
    (void)state;
    firn_map_type *type = type_u64();
    firn_map map;
    firn_map_init(&map, type);
    fill(&map, 3000);
    firn_tree *tree = (firn_tree *)((uintptr_t)map.content & ~(uintptr_t)1);
    firn_slot root = firn_slot_of(&tree->store, tree->root);
    uint32_t child = firn_child(type, root, 1), other = firn_child(type, root, 2);
    firn_slot leaf = firn_slot_of(&tree->store, child);
    uint64_t *key = (uint64_t *)(void *)(leaf.node + 1), kept = *key;
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_OK);
    *key = 1; /* before its separator */
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_CORRUPT);
    *key = kept;
    firn_child_set(type, root, 1, other); /* twice */
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_CORRUPT);
    firn_child_set(type, root, 1, child & ~FIRN_REF_LEAF);
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_CORRUPT);
    firn_child_set(type, root, 1, FIRN_REF_LEAF | 0x70000000);
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_CORRUPT);
    firn_child_set(type, root, 1, child);
    tree->count++;
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_CORRUPT);
    tree->count--;
    tree->store.classes[type->class_count - 1].live++;
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_CORRUPT);
    tree->store.classes[type->class_count - 1].live--;
    uint16_t count = leaf.node->count;
    leaf.node->count = 4000;
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_CORRUPT);
    leaf.node->count = 0;
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_CORRUPT);
    leaf.node->count = count;
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_OK);
    firn_map_fini(&map);
    firn_map_type_destroy(type);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contradictory_types_are_refused),
        cmocka_unit_test(types_of_all_sizes_work),
        cmocka_unit_test(a_handle_has_16_bytes_and_an_empty_map_nothing),
        cmocka_unit_test(small_maps_take_what_they_need),
        cmocka_unit_test(put_get_and_remove_do_what_they_say),
        cmocka_unit_test(nulls_are_refused),
        cmocka_unit_test(keys_at_the_ends_of_their_range_work),
        cmocka_unit_test(keys_of_bytes_have_a_largest_size),
        cmocka_unit_test(long_separators_are_given_back),
        cmocka_unit_test(descending_texts_split_full_inner_nodes),
        cmocka_unit_test(sorted_input_must_be_sorted),
        cmocka_unit_test(nodes_stay_full),
        cmocka_unit_test(cursors_notice_changes),
        cmocka_unit_test(a_comparator_that_is_no_order_harms_nobody),
        cmocka_unit_test(an_order_that_changes_is_found),
        cmocka_unit_test(searches_find_the_place),
        cmocka_unit_test(damage_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
