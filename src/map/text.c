/* Nodes of byte strings: searching and reading, and the kind's table. text.h has the layout and the
 * invariants. Called by the tree through firn_node_text; calls text_edit.c, text_check.c and, for
 * long keys only, the allocator.
 *
 * A search goes over the entries once and keeps how many bytes the sought key has in common with
 * the entry before, which it is behind. An entry that shares more than that with the one before is
 * passed by its head alone, since it differs from the key where the one before does; one that
 * shares less is behind the key. Only those that share just as much are compared, from there on.
 *
 * Threads: as the map's. Complexity: search and key O(bytes of the node), the heads in front.
 */
#include "map/text.h"

#include <assert.h>

int firn_text_compare(const firn_bytes *a, const firn_bytes *b)
{
    size_t most = a->size < b->size ? a->size : b->size;
    int order = most > 0 ? memcmp(a->data, b->data, most) : 0;
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* Goes on from the place over entries that share more than `matched` bytes. */
static void skip(const firn_node *node, const uint8_t *heads, bool wide, firn_text_place *place)
{
    unsigned count = node->count, position = place->position, offset = place->offset;
    if (wide) {
        const uint8_t *lengths = heads + count;
        for (; position < count && heads[position] > place->before; position++)
            offset += lengths[position];
    } else {
        unsigned least = (place->before + 1) << 5;
        for (; position < count && heads[position] >= least; position++)
            offset += heads[position] & 31u;
    }
    place->position = position;
    place->offset = offset;
}

/* Whether the long entry at the place is before the key, and the place then is behind it. */
static bool passes_long(const uint8_t *suffix, const firn_bytes *key, firn_text_place *place)
{
    firn_bytes whole = firn_text_long(suffix);
    int order = firn_text_compare(&whole, key);
    place->equal = order == 0;
    if (order >= 0) {
        place->behind = 0;
        return false;
    }
    place->before = 0; /* T1: the next one is whole */
    place->offset += (unsigned)FIRN_TEXT_LONG_BYTES;
    place->position++;
    return true;
}

/* The same for an entry that shares with the one before what the key does. */
static bool passes(const uint8_t *suffix, unsigned length, const firn_bytes *key,
                   firn_text_place *place)
{
    size_t rest = key->size - place->before;
    const uint8_t *wanted = rest > 0 ? (const uint8_t *)key->data + place->before : NULL;
    size_t most = rest < length ? rest : length;
    size_t same = firn_text_common(suffix, wanted, most);
    if (same == rest || (same < length && suffix[same] > wanted[same])) {
        place->behind = place->before + (unsigned)same;
        place->equal = same == rest && same == length;
        return false;
    }
    place->before += (unsigned)same;
    place->offset += length;
    place->position++;
    return true;
}

firn_text_place firn_text_locate(const firn_node *node, const firn_bytes *key)
{
    firn_text_place place = {0};
    bool wide = firn_text_is_wide(node);
    const uint8_t *heads = firn_text_heads(node), *suffixes = firn_text_suffixes(node);
    for (;;) {
        skip(node, heads, wide, &place);
        if (place.position == node->count)
            return place;
        unsigned length = firn_text_length(node, place.position);
        unsigned shared = firn_text_shared(node, place.position);
        if (length == FIRN_TEXT_LONG) {
            if (!passes_long(suffixes + place.offset, key, &place))
                return place;
        } else if (shared < place.before) {
            place.behind = shared;
            return place;
        } else if (!passes(suffixes + place.offset, length, key, &place)) {
            return place;
        }
    }
}

unsigned firn_text_offset(const firn_node *node, unsigned position)
{
    const uint8_t *heads = firn_text_heads(node);
    unsigned offset = 0;
    if (firn_text_is_wide(node)) {
        const uint8_t *lengths = heads + node->count;
        for (unsigned i = 0; i < position; i++)
            offset += lengths[i] == FIRN_TEXT_LONG ? (unsigned)FIRN_TEXT_LONG_BYTES : lengths[i];
    } else {
        for (unsigned i = 0; i < position; i++)
            offset += heads[i] & 31u;
    }
    return offset;
}

void firn_text_prefix(const firn_node *node, unsigned position, unsigned offset, uint8_t *ret_text)
{
    const uint8_t *suffixes = firn_text_suffixes(node);
    unsigned wanted = firn_text_shared(node, position);
    while (wanted > 0) {
        position--;
        offset -= firn_text_size(node, position);
        unsigned shared = firn_text_shared(node, position);
        if (shared < wanted) {
            memcpy(ret_text + shared, suffixes + offset, wanted - shared);
            wanted = shared;
        }
    }
}

const firn_bytes *firn_text_key(const firn_node *node, unsigned position, firn_key_room *room)
{
    assert(position < node->count);
    unsigned offset = firn_text_offset(node, position);
    const uint8_t *suffix = firn_text_suffixes(node) + offset;
    unsigned length = firn_text_length(node, position);
    if (length == FIRN_TEXT_LONG) {
        room->bytes = firn_text_long(suffix);
        return &room->bytes;
    }
    unsigned shared = firn_text_shared(node, position);
    firn_text_prefix(node, position, offset, room->text);
    memcpy(room->text + shared, suffix, length);
    room->bytes = (firn_bytes){room->text, shared + length};
    return &room->bytes;
}

unsigned firn_text_shared_behind(const firn_node *left, const firn_node *right, unsigned position)
{
    if (left->count == 0 || firn_text_is_long(left, left->count - 1u) ||
        firn_text_is_long(right, position))
        return 0; /* T1 */
    firn_key_room last_room, next_room;
    const firn_bytes *last = firn_text_key(left, left->count - 1u, &last_room);
    const firn_bytes *next = firn_text_key(right, position, &next_room);
    size_t most = last->size < next->size ? last->size : next->size;
    return (unsigned)firn_text_common(last_room.text, next_room.text, most);
}

/* --- the kind's own --- */

static unsigned text_search(const firn_shape *shape, firn_slot slot, const void *key,
                            bool *ret_equal)
{
    (void)shape;
    firn_text_place place = firn_text_locate(slot.node, key);
    *ret_equal = place.equal;
    return place.position;
}

static void *text_value(const firn_shape *shape, firn_slot slot, unsigned position)
{
    return firn_text_value(shape, slot, position);
}

static const void *text_key(const firn_shape *shape, firn_slot slot, unsigned position,
                            firn_key_room *room)
{
    (void)shape;
    return firn_text_key(slot.node, position, room);
}

static firn_status text_keep(const firn_shape *shape, const void *key, void **ret_kept)
{
    const firn_bytes *bytes = key;
    if (bytes->size > FIRN_MAP_KEY_MAX)
        return FIRN_LIMIT;
    void *kept = NULL;
    if (bytes->size > FIRN_TEXT_INLINE_MAX) {
        kept = firn_allocate(shape->allocator, bytes->size);
        if (kept == NULL)
            return FIRN_NO_MEMORY;
        memcpy(kept, bytes->data, bytes->size);
    }
    *ret_kept = kept;
    return FIRN_OK;
}

static void text_drop(const firn_shape *shape, const void *key, void *kept)
{
    const firn_bytes *bytes = key;
    if (kept != NULL)
        firn_release(shape->allocator, kept, bytes->size);
}

/* From 1 to count - 1, so that the bytes before it are as near to half as may be. */
static unsigned text_middle(const firn_shape *shape, firn_slot slot)
{
    const firn_node *node = slot.node;
    assert(node->count >= 2);
    size_t each = shape->value_bytes + firn_text_head_bytes(1, firn_text_is_wide(node));
    size_t half = (each * node->count + firn_text_used(node)) / 2, before = 0;
    unsigned position = 0;
    while (position < node->count - 1u && before < half) {
        size_t next = before + each + firn_text_size(node, position);
        if (next > half && next - half > half - before)
            break;
        before = next;
        position++;
    }
    return position > 0 ? position : 1;
}

static const void *text_separator(const firn_shape *shape, firn_slot left, firn_slot right,
                                  firn_key_room *room)
{
    (void)shape;
    firn_key_room last_room;
    const firn_bytes *last = firn_text_key(left.node, left.node->count - 1u, &last_room);
    firn_bytes *first = &room->bytes;
    firn_text_key(right.node, 0, room);
    size_t most = last->size < first->size ? last->size : first->size;
    size_t same = most > 0 ? firn_text_common(last->data, first->data, most) : 0;
    assert(same < first->size);
    first->size = same + 1; /* behind last, as first is */
    return first;
}

static int text_compare(const firn_shape *shape, const void *a, const void *b)
{
    (void)shape;
    return firn_text_compare(a, b);
}

static void text_usage(const firn_shape *shape, firn_slot slot, uint64_t *ret_key_bytes,
                       uint64_t *ret_kept_bytes)
{
    (void)shape;
    const firn_node *node = slot.node;
    const uint8_t *suffix = firn_text_suffixes(node);
    uint64_t key_bytes = 0, kept_bytes = 0;
    for (unsigned i = 0; i < node->count; i++) {
        if (firn_text_is_long(node, i))
            kept_bytes += firn_text_long(suffix).size;
        else
            key_bytes += firn_text_shared(node, i) + firn_text_length(node, i);
        suffix += firn_text_size(node, i);
    }
    *ret_key_bytes = key_bytes + kept_bytes;
    *ret_kept_bytes = kept_bytes;
}

static const firn_bytes lowest = {NULL, 0};

const firn_node_kind firn_node_text = {
    .search = text_search,
    .value = text_value,
    .key = text_key,
    .need = firn_text_need,
    .need_joined = firn_text_need_joined,
    .keep = text_keep,
    .drop = text_drop,
    .insert = firn_text_insert,
    .remove = firn_text_remove,
    .copy = firn_text_copy,
    .middle = text_middle,
    .separator = text_separator,
    .lowest = &lowest,
    .compare = text_compare,
    .usage = text_usage,
    .check = firn_text_check,
};
