/* Nodes of byte strings: searching and reading, and the kind's table. text.h has the layout and the
 * invariants. Called by the tree through firn_node_text; calls text_edit.c, text_check.c and, for
 * long keys only, the allocator.
 *
 * A search goes over the entries once and keeps how many bytes the sought key has in common with
 * the entry before, which it is behind. An entry that shares more than that with the one before is
 * before the key too, since it differs from the key where that one does; one that shares less is
 * behind the key. Of those that share just as much, the first byte of the suffix tells, but where
 * it is the key's own: there, and only there, the rest is compared.
 *
 * Threads: as the map's. Complexity: search and key O(bytes of the node), the heads in front.
 */
#include "map/text.h"

#include <assert.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

int firn_text_compare(const firn_bytes *a, const firn_bytes *b)
{
    size_t most = a->size < b->size ? a->size : b->size;
    int order = most > 0 ? memcmp(a->data, b->data, most) : 0;
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* What entries are passed by. */
struct skip {
    const uint8_t *shared;  /* heads, in a narrow node */
    const uint8_t *lengths; /* NULL in a narrow node */
    const uint8_t *firsts;
    unsigned count;
};

#ifdef __SSE2__
#define LANES 16u

/* Of 16 lanes, those from `begin` on and below `end`. */
static __m128i lanes(unsigned begin, unsigned end)
{
    static const uint8_t edges[48] = {
        [16] = 255, [17] = 255, [18] = 255, [19] = 255, [20] = 255, [21] = 255,
        [22] = 255, [23] = 255, [24] = 255, [25] = 255, [26] = 255, [27] = 255,
        [28] = 255, [29] = 255, [30] = 255, [31] = 255,
    };
    __m128i from = _mm_loadu_si128((const __m128i *)(const void *)(edges + 16 - begin));
    __m128i to = _mm_loadu_si128((const __m128i *)(const void *)(edges + 32 - end));
    return _mm_and_si128(from, to);
}

static __m128i load(const uint8_t *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* Sets the lanes of entries, from number `base` on, that a search must stop at, and the bytes of
 * all their rests, if it does not. */
static inline __attribute__((always_inline)) __m128i look(const struct skip *skip, bool wide,
                                                          unsigned base, __m128i before,
                                                          __m128i least, __m128i *ret_rests)
{
    __m128i shared = load(skip->shared + base), firsts = load(skip->firsts + base), lengths;
    if (wide) {
        lengths = load(skip->lengths + base);
    } else {
        lengths = _mm_and_si128(shared, _mm_set1_epi8(31));
        shared = _mm_and_si128(_mm_srli_epi16(shared, 5), _mm_set1_epi8(7));
    }
    *ret_rests = _mm_subs_epu8(lengths, _mm_set1_epi8(1));
    __m128i same = _mm_cmpeq_epi8(shared, before);
    __m128i no_more = _mm_cmpeq_epi8(_mm_min_epu8(shared, before), shared);
    __m128i no_less = _mm_cmpeq_epi8(_mm_max_epu8(firsts, least), firsts);
    return _mm_and_si128(no_more, _mm_or_si128(no_less, _mm_xor_si128(same, _mm_set1_epi8(-1))));
}

static unsigned sum(__m128i sums)
{
    return (unsigned)_mm_cvtsi128_si32(sums) + (unsigned)_mm_cvtsi128_si32(_mm_srli_si128(sums, 8));
}

static inline __attribute__((always_inline)) bool
skip_lanes_of(const struct skip *skip, bool wide, uint8_t first, firn_text_place *place)
{
    const __m128i before = _mm_set1_epi8((char)place->before), least = _mm_set1_epi8((char)first);
    const __m128i zero = _mm_setzero_si128();
    unsigned position = place->position, begin = 0, mask = 0;
    __m128i rests, sums = zero;
    while (position + LANES <= skip->count) {
        mask = (unsigned)_mm_movemask_epi8(look(skip, wide, position, before, least, &rests));
        if (mask != 0)
            break;
        sums = _mm_add_epi64(sums, _mm_sad_epu8(rests, zero));
        position += LANES;
    }
    if (mask == 0 && position < skip->count) { /* the last 16, of which the first were passed */
        begin = position + LANES - skip->count;
        position = skip->count - LANES;
        mask = (unsigned)_mm_movemask_epi8(look(skip, wide, position, before, least, &rests));
        mask &= 0xffffu << begin;
    } else if (mask == 0) {
        place->position = position;
        place->offset += sum(sums);
        return false;
    }
    unsigned end = mask != 0 ? (unsigned)__builtin_ctz(mask) : LANES;
    rests = _mm_and_si128(rests, lanes(begin, end));
    place->position = position + end;
    place->offset += sum(_mm_add_epi64(sums, _mm_sad_epu8(rests, zero)));
    return mask != 0;
}

/* Passes entries by 16 at a time: a search in 75 of them in cache takes 46 ns instead of 65.
 * Returns whether the place is at an entry where it must stop; else it is at the end. */
static bool skip_lanes(const struct skip *skip, uint8_t first, firn_text_place *place)
{
    return skip->lengths != NULL ? skip_lanes_of(skip, true, first, place)
                                 : skip_lanes_of(skip, false, first, place);
}
#endif

/* Goes on from the place over entries that are before the key by their heads and first bytes.
 * Returns whether it stops at one; else it is at the end. */
static bool skip_some(const struct skip *skip, uint8_t first, firn_text_place *place)
{
#ifdef __SSE2__
    if (skip->count >= LANES)
        return skip_lanes(skip, first, place);
#endif
    for (; place->position < skip->count; place->position++) {
        unsigned head = skip->shared[place->position], length = head & 31u;
        unsigned shared = head >> 5;
        if (skip->lengths != NULL) {
            length = skip->lengths[place->position];
            shared = head;
        }
        if (shared < place->before ||
            (shared == place->before && skip->firsts[place->position] >= first))
            return true;
        place->offset += length - (length > 0);
    }
    return false;
}

/* Whether the long entry at the place is before the key, and the place then is behind it. */
static bool passes_long(const uint8_t *rest, const firn_bytes *key, firn_text_place *place)
{
    firn_bytes whole = firn_text_long(rest);
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
static bool passes(uint8_t first, const uint8_t *rest, unsigned length, const firn_bytes *key,
                   firn_text_place *place)
{
    size_t left = key->size - place->before;
    const uint8_t *wanted = left > 0 ? (const uint8_t *)key->data + place->before : NULL;
    size_t most = left < length ? left : length, same = 0;
    if (most > 0 && first == wanted[0])
        same = 1 + firn_text_common(rest, wanted + 1, most - 1);
    bool before = same == length;
    if (same < most)
        before = same > 0 ? rest[same - 1] < wanted[same] : first < wanted[0];
    if (same == left || !before) {
        place->behind = place->before + (unsigned)same;
        place->equal = same == left && same == length;
        return false;
    }
    place->before += (unsigned)same;
    place->offset += firn_text_rest_of(length);
    place->position++;
    return true;
}

firn_text_place firn_text_locate(const firn_node *node, const firn_bytes *key)
{
    firn_text_place place = {0};
    const uint8_t *heads = firn_text_heads(node), *rests = firn_text_rests(node);
    struct skip skip = {.shared = heads, .firsts = firn_text_firsts(node), .count = node->count};
    skip.lengths = firn_text_is_wide(node) ? heads + node->count : NULL;
    for (;;) {
        bool left = place.before < key->size;
        uint8_t first = left ? ((const uint8_t *)key->data)[place.before] : 0;
        if (!skip_some(&skip, first, &place))
            return place;
        unsigned shared = heads[place.position] >> 5, length = heads[place.position] & 31u;
        if (skip.lengths != NULL) {
            shared = heads[place.position];
            length = skip.lengths[place.position];
        }
        if (length == FIRN_TEXT_LONG) {
            if (!passes_long(rests + place.offset, key, &place))
                return place;
        } else if (shared < place.before) {
            place.behind = shared;
            return place;
        } else if (!passes(skip.firsts[place.position], rests + place.offset, length, key,
                           &place)) {
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
            offset += firn_text_rest_of(lengths[i]);
    } else {
        for (unsigned i = 0; i < position; i++)
            offset += (heads[i] & 31u) - ((heads[i] & 31u) > 0);
    }
    return offset;
}

void firn_text_prefix(const firn_node *node, unsigned position, unsigned offset, uint8_t *ret_text)
{
    const uint8_t *firsts = firn_text_firsts(node), *rests = firn_text_rests(node);
    unsigned wanted = firn_text_shared(node, position);
    while (wanted > 0) {
        position--;
        offset -= firn_text_rest(node, position);
        unsigned shared = firn_text_shared(node, position);
        if (shared < wanted) {
            ret_text[shared] = firsts[position];
            memcpy(ret_text + shared + 1, rests + offset, wanted - shared - 1);
            wanted = shared;
        }
    }
}

/* An entry's key, when the bytes that it shares are in room. */
static const firn_bytes *read_key(const firn_node *node, unsigned position, unsigned offset,
                                  firn_key_room *room)
{
    const uint8_t *rest = firn_text_rests(node) + offset;
    unsigned length = firn_text_length(node, position), shared = firn_text_shared(node, position);
    if (length == FIRN_TEXT_LONG) {
        room->bytes = firn_text_long(rest);
        return &room->bytes;
    }
    room->text[shared] = firn_text_firsts(node)[position];
    memcpy(room->text + shared + 1, rest, firn_text_rest_of(length));
    room->bytes = (firn_bytes){room->text, shared + length};
    return &room->bytes;
}

const firn_bytes *firn_text_key(const firn_node *node, unsigned position, firn_key_room *room)
{
    assert(position < node->count);
    unsigned offset = firn_text_offset(node, position);
    firn_text_prefix(node, position, offset, room->text);
    return read_key(node, position, offset, room);
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

/* What an entry shares with the one before is in room already. */
static const void *text_next_key(const firn_shape *shape, firn_slot slot, unsigned position,
                                 firn_key_room *room)
{
    (void)shape;
    return read_key(slot.node, position, firn_text_offset(slot.node, position), room);
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
    size_t each = shape->value_bytes + firn_text_planes(firn_text_is_wide(node));
    size_t half = (each * node->count + firn_text_used(node)) / 2, before = 0;
    unsigned position = 0;
    while (position < node->count - 1u && before < half) {
        size_t next = before + each + firn_text_rest(node, position);
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
    const uint8_t *rest = firn_text_rests(node);
    uint64_t key_bytes = 0, kept_bytes = 0;
    for (unsigned i = 0; i < node->count; i++) {
        if (firn_text_is_long(node, i))
            kept_bytes += firn_text_long(rest).size;
        else
            key_bytes += firn_text_shared(node, i) + firn_text_length(node, i);
        rest += firn_text_rest(node, i);
    }
    *ret_key_bytes = key_bytes + kept_bytes;
    *ret_kept_bytes = kept_bytes;
}

static const firn_bytes lowest = {NULL, 0};

const firn_node_kind firn_node_text = {
    .search = text_search,
    .value = text_value,
    .key = text_key,
    .next_key = text_next_key,
    .need = firn_text_need,
    .need_joined = firn_text_need_joined,
    .keep = text_keep,
    .drop = text_drop,
    .insert = firn_text_insert,
    .put = firn_text_put,
    .remove = firn_text_remove,
    .copy = firn_text_copy,
    .middle = text_middle,
    .separator = text_separator,
    .lowest = &lowest,
    .compare = text_compare,
    .usage = text_usage,
    .check = firn_text_check,
};
