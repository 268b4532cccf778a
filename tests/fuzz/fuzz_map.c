/* Maps under any operations, against a sorted array. The first byte gives the kind of keys and the
 * size of nodes, the second the values' size; then each operation is a byte, a key and what else it
 * takes. Keys are short and often equal, some are long; runs of them make trees of small inputs. */
#include <firn/map.h>

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 700
#define STEPS_MAX 600 /* keys put or taken for an input, so that none is slow */
#define KEY_MAX 300
#define VALUE_MAX 33

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct key {
    firn_bytes bytes;
    size_t size;
    uint8_t data[KEY_MAX];
} key;

typedef struct entry {
    key *key;
    uint8_t value; /* all bytes of the map's */
} entry;

typedef struct model {
    const uint8_t *data, *end;
    firn_map_type_options options;
    firn_map map;
    unsigned steps, count;
    entry entries[ENTRIES_MAX];
} model;

static void check(bool holds)
{
    if (!holds)
        abort();
}

static uint8_t next_byte(model *all)
{
    return all->data < all->end ? *all->data++ : 0;
}

/* --- keys --- */

static int descending(const void *a, const void *b, void *context)
{
    return memcmp(b, a, *(const size_t *)context);
}

static const size_t fixed_bytes = 3;

static int order(const model *all, const key *a, const key *b)
{
    if (all->options.key == FIRN_KEY_U32 || all->options.key == FIRN_KEY_U64) {
        uint64_t x = 0, y = 0;
        memcpy(&x, a->data, a->size); /* little-endian */
        memcpy(&y, b->data, b->size);
        return (x > y) - (x < y);
    }
    if (all->options.compare != NULL)
        return memcmp(b->data, a->data, a->size);
    int first = memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);
    return first != 0 ? first : (a->size > b->size) - (a->size < b->size);
}

static size_t fixed_size(const model *all)
{
    if (all->options.key == FIRN_KEY_FIXED)
        return all->options.key_bytes;
    return all->options.key == FIRN_KEY_U32 ? sizeof(uint32_t) : sizeof(uint64_t);
}

/* Reads a key; number `step` of a run of them. */
static void next_key(model *all, unsigned step, key *ret_key)
{
    uint8_t form = next_byte(all);
    memset(ret_key->data, 0, sizeof(ret_key->data));
    if (all->options.key != FIRN_KEY_BYTES) {
        ret_key->size = fixed_size(all);
        uint32_t number = form + (uint32_t)next_byte(all) * 256 + step;
        memcpy(ret_key->data, &number, ret_key->size < 4 ? ret_key->size : 4);
        return;
    }
    size_t size = form & 0x80 ? (size_t)(form >> 4 & 7) * 40 : 0;
    memset(ret_key->data, 'k', size);
    for (unsigned i = form & 15u; i > 0; i--)
        ret_key->data[size++] = next_byte(all);
    if (step > 0) {
        ret_key->data[size++] = (uint8_t)(step * 7 / 256);
        ret_key->data[size++] = (uint8_t)(step * 7);
    }
    ret_key->size = size;
}

/* As a parameter of a call. */
static const void *given(const model *all, key *of)
{
    of->bytes = (firn_bytes){of->data, of->size};
    return all->options.key == FIRN_KEY_BYTES ? (const void *)&of->bytes : of->data;
}

static bool is_key(const model *all, const void *told, const key *expected)
{
    firn_bytes bytes = {told, expected->size};
    if (all->options.key == FIRN_KEY_BYTES)
        bytes = *(const firn_bytes *)told;
    return bytes.size == expected->size &&
           (bytes.size == 0 || memcmp(bytes.data, expected->data, bytes.size) == 0);
}

static bool is_value(const model *all, const uint8_t *told, uint8_t expected)
{
    for (size_t i = 0; i < all->options.value_bytes; i++) {
        if (told[i] != expected)
            return false;
    }
    return told != NULL;
}

/* The first entry not before a key. */
static unsigned find(const model *all, const key *wanted, bool *ret_equal)
{
    unsigned low = 0, high = all->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (order(all, all->entries[middle].key, wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_equal = low < all->count && order(all, all->entries[low].key, wanted) == 0;
    return low;
}

static void forget(model *all, unsigned begin, unsigned end)
{
    for (unsigned i = begin; i < end; i++)
        free(all->entries[i].key);
    memmove(&all->entries[begin], &all->entries[end], (all->count - end) * sizeof(entry));
    all->count -= end - begin;
}

/* --- operations --- */

static void put(model *all, key *new_key, uint8_t value, bool only_new)
{
    uint8_t values[VALUE_MAX];
    bool equal;
    unsigned at = find(all, new_key, &equal);
    if (!equal && all->count == ENTRIES_MAX)
        return;
    memset(values, value, sizeof(values));
    firn_status status = only_new ? firn_map_put_new(&all->map, given(all, new_key), values)
                                  : firn_map_put(&all->map, given(all, new_key), values);
    check(status == (equal && only_new ? FIRN_EXISTS : FIRN_OK));
    if (equal) {
        all->entries[at].value = only_new ? all->entries[at].value : value;
        return;
    }
    memmove(&all->entries[at + 1], &all->entries[at], (all->count - at) * sizeof(entry));
    all->entries[at] = (entry){malloc(sizeof(key)), value};
    check(all->entries[at].key != NULL);
    *all->entries[at].key = *new_key;
    all->count++;
}

static void take(model *all, key *old_key)
{
    uint8_t values[VALUE_MAX];
    bool equal;
    unsigned at = find(all, old_key, &equal);
    const uint8_t *there = firn_map_get(&all->map, given(all, old_key));
    check((there != NULL) == equal);
    check(firn_map_take(&all->map, given(all, old_key), values) ==
          (equal ? FIRN_OK : FIRN_NOT_FOUND));
    if (equal) {
        check(is_value(all, values, all->entries[at].value));
        forget(all, at, at + 1);
    }
}

static void run(model *all, bool puts)
{
    const uint8_t *start = all->data;
    unsigned steps = 1 + next_byte(all);
    uint8_t value = next_byte(all);
    for (unsigned step = 1; step <= steps; step++) {
        key each;
        all->steps++;
        all->data = start + 2 < all->end ? start + 2 : all->end;
        next_key(all, step, &each);
        if (puts)
            put(all, &each, value, false);
        else
            take(all, &each);
    }
}

static void take_range(model *all)
{
    key from, to;
    bool equal;
    next_key(all, 0, &from);
    next_key(all, 0, &to);
    unsigned begin = find(all, &from, &equal), end = find(all, &to, &equal);
    end = end > begin ? end : begin;
    check(firn_map_remove_range(&all->map, given(all, &from), given(all, &to)) == end - begin);
    forget(all, begin, end);
}

static void cursor_is_at(const model *all, const firn_map_cursor *cursor, firn_status status,
                         unsigned at)
{
    if (at >= all->count) {
        check(status == FIRN_NOT_FOUND && cursor->key == NULL);
        return;
    }
    check(status == FIRN_OK && is_key(all, cursor->key, all->entries[at].key));
    check(is_value(all, cursor->value, all->entries[at].value));
}

static void move_about(model *all)
{
    key wanted;
    bool equal;
    uint8_t steps = next_byte(all);
    firn_map_cursor cursor;
    next_key(all, 0, &wanted);
    unsigned at = find(all, &wanted, &equal);
    firn_map_cursor_init(&cursor, &all->map);
    firn_status status = firn_map_seek(&cursor, given(all, &wanted));
    cursor_is_at(all, &cursor, status, equal ? at : all->count);
    status = firn_map_floor(&cursor, given(all, &wanted));
    unsigned floor = equal ? at : at - 1; /* wraps around when there is none */
    cursor_is_at(all, &cursor, status, floor);
    if (status == FIRN_OK) {
        status = firn_map_previous(&cursor);
        cursor_is_at(all, &cursor, status, floor - 1);
    }
    status = firn_map_ceiling(&cursor, given(all, &wanted));
    cursor_is_at(all, &cursor, status, at);
    for (; steps > 0 && status == FIRN_OK; steps--) {
        if (steps % 3 == 2) {
            status = firn_map_cursor_remove(&all->map, &cursor);
            forget(all, at, at + 1);
        } else {
            status = firn_map_next(&cursor);
            at++;
        }
        cursor_is_at(all, &cursor, status, at);
    }
}

static bool visit_one(void *context, const void *told_key, void *told_value)
{
    model *all = context;
    const entry *expected = &all->entries[all->count++];
    check(is_key(all, told_key, expected->key));
    check(is_value(all, told_value, expected->value));
    return true;
}

static void compare_all(model *all)
{
    unsigned count = all->count;
    check(firn_map_verify(&all->map, NULL) == FIRN_OK);
    check(firn_map_count(&all->map) == count);
    all->count = 0; /* counts what is visited */
    check(firn_map_visit(&all->map, NULL, NULL, visit_one, all) == FIRN_OK);
    check(all->count == count);
}

static void make_anew(model *all)
{
    firn_map copy;
    check(firn_map_clone(&all->map, &copy) == FIRN_OK);
    firn_map_fini(&all->map);
    all->map = copy;
}

static void operate(model *all)
{
    uint8_t what = next_byte(all);
    key any;
    switch (what % 8) {
    case 0:
    case 1:
        next_key(all, 0, &any);
        put(all, &any, what, what % 8 == 1);
        break;
    case 2:
        next_key(all, 0, &any);
        take(all, &any);
        break;
    case 3:
    case 4:
        run(all, what % 8 == 3);
        break;
    case 5:
        take_range(all);
        break;
    case 6:
        move_about(all);
        break;
    default:
        if (what == 255)
            firn_map_clear(&all->map);
        else if (what < 128)
            make_anew(all);
        else
            check(firn_map_shrink(&all->map) == FIRN_OK);
        if (what == 255)
            forget(all, 0, all->count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static model all;
    static const firn_key_kind kinds[] = {FIRN_KEY_BYTES, FIRN_KEY_U32, FIRN_KEY_U64,
                                          FIRN_KEY_FIXED, FIRN_KEY_FIXED};
    static const size_t values[] = {0, 1, 4, 8, 12, 16, VALUE_MAX};
    all = (model){.data = data, .end = data + size};
    uint8_t form = next_byte(&all);
    all.options.key = kinds[form % 5];
    all.options.value_bytes = values[next_byte(&all) % 7];
    if (form % 5 >= 3)
        all.options.key_bytes = fixed_bytes;
    if (form % 5 == 4) {
        all.options.compare = descending;
        all.options.compare_context = (void *)(uintptr_t)&fixed_bytes;
    }
    if (form & 0x80)
        all.options.node_bytes = all.options.key == FIRN_KEY_BYTES ? 1200 : 192;
    firn_map_type *type = NULL;
    check(firn_map_type_create(&all.options, &type) == FIRN_OK);
    firn_map_init(&all.map, type);
    for (unsigned i = 1; all.data < all.end && all.steps < STEPS_MAX; i++) {
        all.steps += 8;
        operate(&all);
        check(firn_map_count(&all.map) == all.count);
        if (i % 64 == 0)
            compare_all(&all);
    }
    compare_all(&all);
    forget(&all, 0, all.count);
    firn_map_fini(&all.map);
    firn_map_type_destroy(type);
    return 0;
}
