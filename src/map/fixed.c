/* Nodes of keys of one size; see fixed.h for their layout. The kinds for u32 and u64 search by
 * search.h, the kind for any other size by a comparator or memcmp.
 *
 * Invariants, which `check` looks at: F1 the entries fit into the slot. F2 each key is before the
 * next one. A search stays within the node whatever a comparator answers.
 */
#include "map/fixed.h"

#include "map/search.h"

static uint8_t *key_at(const firn_shape *shape, firn_slot slot, unsigned position)
{
    return firn_node_keys(slot.node) + (size_t)position * shape->key_bytes;
}

static uint8_t *value_at(const firn_shape *shape, firn_slot slot, unsigned position)
{
    return firn_node_value(slot, shape->value_bytes, position);
}

static int compare_fixed(const firn_shape *shape, const void *a, const void *b)
{
    if (shape->compare != NULL)
        return shape->compare(a, b, shape->compare_context);
    return memcmp(a, b, shape->key_bytes);
}

static int compare_u32(const firn_shape *shape, const void *a, const void *b)
{
    (void)shape;
    uint32_t left, right;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return (left > right) - (left < right);
}

static int compare_u64(const firn_shape *shape, const void *a, const void *b)
{
    (void)shape;
    uint64_t left, right;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return (left > right) - (left < right);
}

/* --- search --- */

static unsigned search_fixed(const firn_shape *shape, firn_slot slot, const void *key,
                             bool *ret_equal)
{
    unsigned low = shape->inner && slot.node->count > 0, high = slot.node->count;
    bool equal = false;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = compare_fixed(shape, key_at(shape, slot, middle), key);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
            equal = order == 0;
        }
    }
    *ret_equal = equal; /* the last key found not before is the one at low */
    return low;
}

FIRN_SEARCH_INLINE unsigned find_u64(firn_slot slot, const void *key, bool *ret_equal)
{
    uint64_t wanted;
    memcpy(&wanted, key, sizeof(wanted));
    const uint64_t *keys = (const uint64_t *)(const void *)(slot.node + 1);
    unsigned at = firn_search_u64(keys, slot.node->count, wanted);
    *ret_equal = at < slot.node->count && keys[at] == wanted;
    return at;
}

FIRN_SEARCH_INLINE unsigned find_u32(firn_slot slot, const void *key, bool *ret_equal)
{
    uint32_t wanted;
    memcpy(&wanted, key, sizeof(wanted));
    const uint32_t *keys = (const uint32_t *)(const void *)(slot.node + 1);
    unsigned at = firn_search_u32(keys, slot.node->count, wanted);
    *ret_equal = at < slot.node->count && keys[at] == wanted;
    return at;
}

static unsigned search_u64(const firn_shape *shape, firn_slot slot, const void *key,
                           bool *ret_equal)
{
    (void)shape;
    return find_u64(slot, key, ret_equal);
}

static unsigned search_u32(const firn_shape *shape, firn_slot slot, const void *key,
                           bool *ret_equal)
{
    (void)shape;
    return find_u32(slot, key, ret_equal);
}

FIRN_TARGET_AVX2 static unsigned search_u64_avx2(const firn_shape *shape, firn_slot slot,
                                                 const void *key, bool *ret_equal)
{
    (void)shape;
    return find_u64(slot, key, ret_equal);
}

FIRN_TARGET_AVX2 static unsigned search_u32_avx2(const firn_shape *shape, firn_slot slot,
                                                 const void *key, bool *ret_equal)
{
    (void)shape;
    return find_u32(slot, key, ret_equal);
}

/* --- the rest, the same for all sizes --- */

static void *value(const firn_shape *shape, firn_slot slot, unsigned position)
{
    return value_at(shape, slot, position);
}

static const void *key_of(const firn_shape *shape, firn_slot slot, unsigned position,
                          firn_key_room *room)
{
    (void)room;
    return key_at(shape, slot, position);
}

static size_t bytes_of(const firn_shape *shape, size_t count)
{
    return sizeof(firn_node) + count * (shape->key_bytes + shape->value_bytes);
}

static size_t need(const firn_shape *shape, firn_slot slot, unsigned begin, unsigned end,
                   unsigned position, const void *key)
{
    (void)slot;
    (void)position;
    return bytes_of(shape, (size_t)(end - begin) + (key != NULL));
}

static size_t need_joined(const firn_shape *shape, firn_slot left, firn_slot right)
{
    return bytes_of(shape, (size_t)left.node->count + right.node->count);
}

/* Inlined, so that key_bytes is a constant where it can be one. */
FIRN_SEARCH_INLINE void *insert_sized(const firn_shape *shape, firn_slot slot, unsigned position,
                                      const void *key, size_t key_bytes)
{
    size_t value_bytes = shape->value_bytes;
    unsigned behind = slot.node->count++ - position;
    uint8_t *at = firn_node_keys(slot.node) + position * key_bytes;
    uint8_t *last = value_at(shape, slot, slot.node->count - 1);
    __builtin_prefetch(last + value_bytes); /* while the keys move */
    memmove(at + key_bytes, at, behind * key_bytes);
    memcpy(at, key, key_bytes);
    memmove(last, last + value_bytes, behind * value_bytes);
    return last + behind * value_bytes;
}

static void *insert_u32(const firn_shape *shape, firn_slot slot, unsigned position, const void *key,
                        void *kept)
{
    (void)kept;
    return insert_sized(shape, slot, position, key, sizeof(uint32_t));
}

static void *insert_u64(const firn_shape *shape, firn_slot slot, unsigned position, const void *key,
                        void *kept)
{
    (void)kept;
    return insert_sized(shape, slot, position, key, sizeof(uint64_t));
}

static void *insert_fixed(const firn_shape *shape, firn_slot slot, unsigned position,
                          const void *key, void *kept)
{
    (void)kept;
    return insert_sized(shape, slot, position, key, shape->key_bytes);
}

static void remove_range(const firn_shape *shape, firn_slot slot, unsigned begin, unsigned end)
{
    unsigned behind = slot.node->count - end, gone = end - begin;
    uint8_t *at = key_at(shape, slot, begin), *last = value_at(shape, slot, slot.node->count - 1);
    memmove(at, key_at(shape, slot, end), (size_t)behind * shape->key_bytes);
    memmove(last + (size_t)gone * shape->value_bytes, last, (size_t)behind * shape->value_bytes);
    slot.node->count = (uint16_t)(slot.node->count - gone);
}

static void copy(const firn_shape *shape, firn_slot from, unsigned begin, unsigned end,
                 firn_slot to)
{
    if (begin == end)
        return;
    unsigned count = end - begin, there = to.node->count;
    memcpy(key_at(shape, to, there), key_at(shape, from, begin), (size_t)count * shape->key_bytes);
    memcpy(value_at(shape, to, there + count - 1), value_at(shape, from, end - 1),
           (size_t)count * shape->value_bytes);
    to.node->count = (uint16_t)(there + count);
}

static unsigned middle(const firn_shape *shape, firn_slot slot)
{
    (void)shape;
    return slot.node->count / 2u;
}

static const void *separator(const firn_shape *shape, firn_slot left, firn_slot right,
                             firn_key_room *room)
{
    (void)left;
    return key_of(shape, right, 0, room);
}

static void usage(const firn_shape *shape, firn_slot slot, uint64_t *ret_key_bytes,
                  uint64_t *ret_kept_bytes)
{
    *ret_key_bytes = (uint64_t)slot.node->count * shape->key_bytes;
    *ret_kept_bytes = 0;
}

static const char *check(const firn_shape *shape, firn_slot slot)
{
    if (bytes_of(shape, slot.node->count) > slot.bytes)
        return "the entries of a node do not fit into its slot"; /* F1 */
    for (unsigned i = shape->inner ? 2 : 1; i < slot.node->count; i++)
        if (shape->kind->compare(shape, key_at(shape, slot, i - 1), key_at(shape, slot, i)) >= 0)
            return "keys of a node are out of order"; /* F2 */
    return NULL;
}

static const uint64_t lowest[32];
_Static_assert(sizeof(lowest) == FIRN_MAP_FIXED_MAX, "a key of zeros of any size");

#define KIND(SEARCH, COMPARE, INSERT)                                                              \
    {                                                                                              \
        .search = SEARCH, .value = value, .key = key_of, .need = need, .need_joined = need_joined, \
        .insert = INSERT, .remove = remove_range, .copy = copy, .middle = middle,                  \
        .separator = separator, .lowest = lowest, .compare = COMPARE, .usage = usage,              \
        .check = check,                                                                            \
    }

const firn_node_kind firn_node_u32 = KIND(search_u32, compare_u32, insert_u32);
const firn_node_kind firn_node_u64 = KIND(search_u64, compare_u64, insert_u64);
const firn_node_kind firn_node_u32_avx2 = KIND(search_u32_avx2, compare_u32, insert_u32);
const firn_node_kind firn_node_u64_avx2 = KIND(search_u64_avx2, compare_u64, insert_u64);
const firn_node_kind firn_node_fixed = KIND(search_fixed, compare_fixed, insert_fixed);
