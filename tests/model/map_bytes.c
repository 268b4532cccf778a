/* Maps of byte strings against a sorted array: random operations of all kinds on maps of small and
 * usual nodes, of keys of several families and of real identifiers and paths. */
#include "map/type.h"

#include "support/failing.h"
#include "support/text_keys.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ENTRIES_MAX 6000

/* The second has small leaves, for a tall tree. */
static const struct form {
    size_t node_bytes, value_bytes;
} forms[] = {{1344, sizeof(uint64_t)}, {2112, 256}, {0, sizeof(uint64_t)}};
#define FORMS (sizeof(forms) / sizeof(forms[0]))
#define VALUE_MAX 256

struct entry {
    uint8_t *data;
    size_t size;
    uint64_t value;
};

struct model {
    struct entry entries[ENTRIES_MAX];
    unsigned count;
};

static struct model model;

static firn_bytes key_at(unsigned position)
{
    return (firn_bytes){model.entries[position].data, model.entries[position].size};
}

static int compare(firn_bytes a, firn_bytes b)
{
    size_t most = a.size < b.size ? a.size : b.size;
    int order = most > 0 ? memcmp(a.data, b.data, most) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* The first entry not before a key. */
static unsigned model_search(firn_bytes key, bool *ret_equal)
{
    unsigned low = 0, high = model.count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (compare(key_at(middle), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_equal = low < model.count && compare(key_at(low), key) == 0;
    return low;
}

static void model_add(unsigned position, firn_bytes key, uint64_t value)
{
    struct entry *at = &model.entries[position];
    memmove(at + 1, at, (model.count - position) * sizeof(*at));
    *at = (struct entry){malloc(key.size + 1), key.size, value};
    assert_non_null(at->data);
    if (key.size > 0)
        memcpy(at->data, key.data, key.size);
    model.count++;
}

static void model_remove(unsigned begin, unsigned end)
{
    for (unsigned i = begin; i < end; i++)
        free(model.entries[i].data);
    memmove(&model.entries[begin], &model.entries[end],
            (model.count - end) * sizeof(model.entries[0]));
    model.count -= end - begin;
}

/* --- the whole map --- */

static void verify(const firn_map *map)
{
    firn_error error;
    if (firn_map_verify(map, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    assert_int_equal(firn_map_count(map), model.count);
}

static bool visit_one(void *context, const void *key, void *value)
{
    unsigned *position = context;
    assert_in_range(*position, 0, model.count - 1);
    assert_int_equal(compare(*(const firn_bytes *)key, key_at(*position)), 0);
    assert_memory_equal(value, &model.entries[*position].value, sizeof(uint64_t));
    ++*position;
    return true;
}

static void compare_all(const firn_map *map)
{
    unsigned position = 0;
    uint64_t live_bytes = 0;
    verify(map);
    assert_int_equal(firn_map_visit(map, NULL, NULL, visit_one, &position), FIRN_OK);
    assert_int_equal(position, model.count);

    firn_map_cursor cursor;
    firn_map_cursor_init(&cursor, map);
    firn_status status = firn_map_first(&cursor);
    for (unsigned i = 0; i < model.count; i++, status = firn_map_next(&cursor)) {
        assert_int_equal(status, FIRN_OK);
        assert_int_equal(compare(*(const firn_bytes *)cursor.key, key_at(i)), 0);
        live_bytes += model.entries[i].size + map->type->leaf.value_bytes;
    }
    assert_int_equal(status, FIRN_NOT_FOUND);
    status = firn_map_last(&cursor);
    for (unsigned i = model.count; i-- > 0; status = firn_map_previous(&cursor)) {
        assert_int_equal(status, FIRN_OK);
        assert_int_equal(compare(*(const firn_bytes *)cursor.key, key_at(i)), 0);
    }
    assert_int_equal(status, FIRN_NOT_FOUND);
    firn_usage usage;
    firn_map_usage(map, &usage);
    assert_true(usage.live_bytes <= live_bytes); /* packed, they may take less than their bytes */
    assert_true(usage.live_bytes == live_bytes || usage.live_bytes == usage.reserved_bytes);
}

/* --- operations --- */

static void put(rng *random, firn_map *map, firn_bytes key)
{
    bool equal, is_new = false;
    unsigned position = model_search(key, &equal);
    uint64_t value = rng_next(random), given[VALUE_MAX / sizeof(uint64_t)] = {value};
    void *there = NULL;
    if (!equal && model.count == ENTRIES_MAX)
        return;
    switch (rng_below(random, 3)) {
    case 0:
        assert_int_equal(firn_map_put(map, &key, given), FIRN_OK);
        break;
    case 1:
        assert_int_equal(firn_map_put_new(map, &key, given), equal ? FIRN_EXISTS : FIRN_OK);
        value = equal ? model.entries[position].value : value;
        break;
    default:
        assert_int_equal(firn_map_entry(map, &key, &there, &is_new), FIRN_OK);
        assert_int_equal(is_new, !equal);
        memcpy(there, &value, sizeof(value));
    }
    if (equal)
        model.entries[position].value = value;
    else
        model_add(position, key, value);
    assert_memory_equal(firn_map_get(map, &key), &value, sizeof(value));
}

static void take(firn_map *map, firn_bytes key)
{
    bool equal;
    uint64_t value[VALUE_MAX / sizeof(uint64_t)];
    unsigned position = model_search(key, &equal);
    assert_int_equal(firn_map_get(map, &key) != NULL, equal);
    assert_int_equal(firn_map_take(map, &key, value), equal ? FIRN_OK : FIRN_NOT_FOUND);
    if (equal) {
        assert_int_equal(value[0], model.entries[position].value);
        model_remove(position, position + 1);
    }
}

static void take_range(firn_map *map, firn_bytes from, firn_bytes to)
{
    bool equal;
    if (compare(from, to) > 0) {
        assert_int_equal(firn_map_remove_range(map, &from, &to), 0);
        return;
    }
    unsigned begin = model_search(from, &equal), end = model_search(to, &equal);
    assert_int_equal(firn_map_remove_range(map, &from, &to), end - begin);
    model_remove(begin, end);
}

static void cursor_is_at(const firn_map_cursor *cursor, firn_status status, bool there,
                         unsigned position)
{
    assert_int_equal(status, there ? FIRN_OK : FIRN_NOT_FOUND);
    if (there) {
        assert_int_equal(compare(*(const firn_bytes *)cursor->key, key_at(position)), 0);
        assert_memory_equal(cursor->value, &model.entries[position].value, sizeof(uint64_t));
    } else {
        assert_null(cursor->key);
    }
}

static void seek(rng *random, firn_map *map, firn_bytes key)
{
    bool equal;
    unsigned at = model_search(key, &equal);
    firn_map_cursor cursor;
    firn_map_cursor_init(&cursor, map);
    cursor_is_at(&cursor, firn_map_seek(&cursor, &key), equal, at);
    unsigned floor = equal ? at : at - 1;
    cursor_is_at(&cursor, firn_map_floor(&cursor, &key), equal || at > 0, floor);
    if (equal || at > 0)
        cursor_is_at(&cursor, firn_map_previous(&cursor), floor > 0, floor - 1);
    cursor_is_at(&cursor, firn_map_ceiling(&cursor, &key), at < model.count, at);
    for (uint64_t steps = rng_below(random, 6); steps > 0 && at + 1 < model.count; steps--)
        cursor_is_at(&cursor, firn_map_next(&cursor), true, ++at);
    for (uint64_t removals = rng_below(random, 3); removals > 0 && at < model.count; removals--) {
        firn_status status = firn_map_cursor_remove(map, &cursor);
        model_remove(at, at + 1);
        cursor_is_at(&cursor, status, at < model.count, at);
    }
}

struct source {
    unsigned next;
    firn_bytes key;
    uint64_t value[VALUE_MAX / sizeof(uint64_t)];
};

static bool next_of_model(void *context, const void **ret_key, const void **ret_value)
{
    struct source *from = context;
    if (from->next == model.count)
        return false;
    from->key = key_at(from->next);
    *ret_key = &from->key;
    from->value[0] = model.entries[from->next++].value;
    *ret_value = from->value;
    return true;
}

/* Goes on with a map of the same content, made in another way. */
static void make_anew(rng *random, firn_map *map)
{
    firn_map other;
    struct source from = {0};
    switch (rng_below(random, 3)) {
    case 0:
        assert_int_equal(firn_map_clone(map, &other), FIRN_OK);
        break;
    case 1:
        firn_map_init(&other, map->type);
        assert_int_equal(firn_map_load_sorted(&other, next_of_model, &from), FIRN_OK);
        break;
    default:
        assert_int_equal(firn_map_shrink(map), FIRN_OK);
        compare_all(map);
        return;
    }
    compare_all(&other);
    firn_map_fini(map);
    *map = other;
}

static firn_map_type *make_type(failing *memory, const struct form *form)
{
    firn_map_type_options options = {.key = FIRN_KEY_BYTES,
                                     .value_bytes = form->value_bytes,
                                     .node_bytes = form->node_bytes,
                                     .allocator = &memory->allocator};
    firn_map_type *type = NULL;
    assert_int_equal(firn_map_type_create(&options, &type), FIRN_OK);
    return type;
}

static void any_operation(rng *random, firn_map *map, enum text_family family, uint64_t adds)
{
    uint64_t what = rng_below(random, 100);
    bool present = model.count > 0 && rng_below(random, 2) == 0;
    firn_bytes key = text_key(random, family);
    if (what < adds) {
        put(random, map, key);
        return;
    }
    if (present) { /* a copy, as the model's is freed with the entry */
        key = key_at((unsigned)rng_below(random, model.count));
        memcpy(text_some, key.data, key.size);
        key.data = text_some;
    }
    if (what < 90)
        take(map, key);
    else if (what < 99 || model.count == 0 || rng_below(random, 40) != 0)
        seek(random, map, key);
    else if (rng_below(random, 2) == 0)
        make_anew(random, map);
    else
        take_range(map, key, key_at((unsigned)rng_below(random, model.count)));
}

static void maps_of_bytes_are_sorted_arrays(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "map_bytes");
    unsigned highest = 0;
    for (size_t round = 0; round < TEXT_FAMILIES * FORMS; round++) {
        enum text_family family = (enum text_family)(round / FORMS);
        failing memory;
        failing_init(&memory, 0);
        firn_map_type *type = make_type(&memory, &forms[round % FORMS]);
        firn_map map;
        firn_map_init(&map, type);
        uint64_t adds = 75;
        for (unsigned step = 0; step < 6000; step++) {
            if (step % 1000 == 0)
                adds = step < 3000 ? 60 + rng_below(&random, 25) : 20 + rng_below(&random, 60);
            any_operation(&random, &map, family, adds);
            if (step % 64 == 0)
                verify(&map);
        }
        compare_all(&map);
        firn_map_stats stats;
        firn_map_stats_get(&map, &stats);
        highest = stats.height > highest ? stats.height : highest;
        model_remove(0, model.count);
        if (round % 2 == 0)
            firn_map_clear(&map);
        firn_map_fini(&map);
        firn_map_type_destroy(type);
        failing_check(&memory);
    }
    assert_true(highest >= 3); /* so that inner nodes were split */
}

/* --- real ones --- */

static void put_all(firn_map *map, rng *random, const char *text, size_t size)
{
    if (size > 0)
        put(random, map, (firn_bytes){text, size});
}

static void put_identifiers(firn_map *map, rng *random, const char *path)
{
    static char text[100000];
    FILE *file = fopen(path, "rb");
    size_t size = file != NULL ? fread(text, 1, sizeof(text), file) : 0, begin = 0;
    if (file != NULL)
        fclose(file);
    for (size_t i = 0; i <= size; i++) {
        bool letter = i < size && (text[i] == '_' || (text[i] >= '0' && text[i] <= '9') ||
                                   ((text[i] | 32) >= 'a' && (text[i] | 32) <= 'z'));
        if (letter)
            continue;
        put_all(map, random, text + begin, i - begin);
        begin = i + 1;
    }
}

static void identifiers_and_paths_of_headers(void **state)
{
    (void)state;
    static const char *const folders[] = {"/usr/include", "/usr/include/linux"};
    rng random;
    rng_init(&random, "headers");
    failing memory;
    failing_init(&memory, 0);
    firn_map_type *type = make_type(&memory, &forms[0]);
    firn_map map;
    firn_map_init(&map, type);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        DIR *folder = opendir(folders[i]);
        const struct dirent *entry = NULL;
        while (folder != NULL && (entry = readdir(folder)) != NULL && model.count < 5000) {
            char path[600];
            int size = snprintf(path, sizeof(path), "%s/%s", folders[i], entry->d_name);
            put_all(&map, &random, path, (size_t)size);
            if (size > 2 && path[size - 2] == '.')
                put_identifiers(&map, &random, path);
        }
        if (folder != NULL)
            closedir(folder);
    }
    assert_true(model.count > 100);
    compare_all(&map);
    while (model.count > 0) {
        unsigned position = (unsigned)rng_below(&random, model.count);
        firn_bytes key = key_at(position);
        assert_memory_equal(firn_map_get(&map, &key), &model.entries[position].value, 8);
        assert_int_equal(firn_map_remove(&map, &key), FIRN_OK);
        model_remove(position, position + 1);
        if (model.count % 500 == 0)
            compare_all(&map);
    }
    firn_map_fini(&map);
    firn_map_type_destroy(type);
    failing_check(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_of_bytes_are_sorted_arrays),
        cmocka_unit_test(identifiers_and_paths_of_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
