/* Nodes of byte strings: all that changes them. text.h has the layout and the invariants (T1 to
 * T4). Called by text.c's table; calls text.c's reading half and, to free long keys, the allocator.
 *
 * When an entry comes or goes, what the one behind it shares changes, and that one's suffix becomes
 * shorter or longer at its front; no other entry is touched. Every change is one `splice`, which
 * moves heads and suffixes apart or together, and then the heads and bytes in the gap are written.
 *
 * Memory: none. Complexity: O(bytes of the node).
 */
#include "map/text.h"

#include <assert.h>

/* What a splice does at one place: entries removed and added, and bytes of rests. */
struct splice {
    unsigned position, removed, added;
    unsigned offset, bytes_removed, bytes_added;
};

static void set_head(firn_node *node, unsigned position, unsigned shared, unsigned length)
{
    uint8_t *heads = firn_text_heads(node);
    if (firn_text_is_wide(node)) {
        heads[position] = (uint8_t)shared;
        heads[node->count + position] = (uint8_t)length;
    } else {
        assert(shared <= FIRN_TEXT_NARROW_SHARED && length <= FIRN_TEXT_NARROW_MAX); /* T3 */
        heads[position] = (uint8_t)(shared << 5 | length);
    }
}

struct move {
    uint8_t *to;
    const uint8_t *from;
    size_t bytes;
};

/* Moves heads, first bytes and rests so that the gaps are as asked for; what is in them is not set.
 * Either nothing moves to the front or nothing to the back, so that pieces move in one order. */
static void splice(firn_node *node, const struct splice *at)
{
    bool wide = firn_text_is_wide(node);
    unsigned count = node->count, new_count = count - at->removed + at->added;
    unsigned planes = firn_text_planes(wide), used = firn_text_used(node), moves = 0;
    unsigned end = at->position + at->removed, new_end = at->position + at->added;
    uint8_t *old = firn_text_heads(node), *new = old;
    struct move move[8];
    for (unsigned i = 0; i < planes; i++, old += count, new += new_count) {
        move[moves++] = (struct move){new, old, i > 0 ? at->position : 0};
        move[moves++] = (struct move){new + new_end, old + end, count - end};
    }
    move[moves++] = (struct move){new, old, at->offset};
    old += at->offset + at->bytes_removed;
    new += at->offset + at->bytes_added;
    move[moves++] = (struct move){new, old, used - at->offset - at->bytes_removed};
    bool grows = new > old || new_count > count;
    for (unsigned i = 0; i < moves; i++) {
        const struct move *next = &move[grows ? moves - 1 - i : i];
        assert(next->bytes == 0 || next->to == next->from || (next->to > next->from) == grows);
        memmove(next->to, next->from, next->bytes);
    }
    node->count = (uint16_t)new_count;
    node->used =
        (uint16_t)((used - at->bytes_removed + at->bytes_added) | (wide ? FIRN_TEXT_WIDE : 0));
}

/* Removes values and makes room for others; count is still the old one. */
static void splice_values(const firn_shape *shape, firn_slot slot, unsigned position,
                          unsigned removed, unsigned added)
{
    unsigned last = slot.node->count - 1u, moved = slot.node->count - position - removed;
    if (moved > 0 && shape->value_bytes > 0)
        memmove(firn_text_value(shape, slot, last - removed + added),
                firn_text_value(shape, slot, last), (size_t)moved * shape->value_bytes);
}

static void widen(firn_node *node)
{
    unsigned count = node->count;
    uint8_t *heads = firn_text_heads(node), *lengths = heads + count;
    memmove(lengths + count, lengths, (size_t)count + node->used);
    for (unsigned i = 0; i < count; i++) {
        lengths[i] = heads[i] & 31u;
        heads[i] >>= 5;
    }
    node->used |= FIRN_TEXT_WIDE;
}

/* --- one more --- */

/* How a key at a place lies there: its head, and what becomes of the entry behind it. */
struct fit {
    unsigned shared, length, bytes; /* bytes: of its rest */
    unsigned behind;                /* what the entry at the place shares then, */
    unsigned behind_now;            /* and now */
    bool wide;                      /* whether the node must be */
};

static struct fit fit(const firn_node *node, const firn_text_place *place, const firn_bytes *key)
{
    struct fit fit = {.length = FIRN_TEXT_LONG, .bytes = FIRN_TEXT_LONG_BYTES};
    if (place->position < node->count)
        fit.behind_now = firn_text_shared(node, place->position);
    if (key->size <= FIRN_TEXT_INLINE_MAX) {
        fit.shared = place->before;
        fit.length = (unsigned)key->size - place->before;
        fit.bytes = firn_text_rest_of(fit.length);
        fit.behind = place->behind;
    }
    fit.wide = key->size > FIRN_TEXT_NARROW_MAX || fit.shared > FIRN_TEXT_NARROW_SHARED ||
               fit.behind > FIRN_TEXT_NARROW_SHARED;
    return fit;
}

/* Whether a node of only these entries would have to be wide. */
static bool wide_range(const firn_node *node, unsigned begin, unsigned end)
{
    if (!firn_text_is_wide(node))
        return false;
    const uint8_t *shared = firn_text_heads(node), *lengths = shared + node->count;
    for (unsigned i = begin; i < end; i++) {
        if ((shared[i] > FIRN_TEXT_NARROW_SHARED && i > begin) ||
            shared[i] + lengths[i] > FIRN_TEXT_NARROW_MAX)
            return true;
    }
    return false;
}

/* Bytes of rests of only these entries, the first of which is then whole. */
static size_t range_bytes(const firn_node *node, unsigned begin, unsigned end)
{
    if (begin == end)
        return 0;
    if (end - begin == node->count)
        return firn_text_used(node);
    return firn_text_shared(node, begin) + firn_text_offset(node, end) -
           firn_text_offset(node, begin);
}

/* What `need` says, place (NULL: none) being that of the key. */
static size_t need_at(const firn_shape *shape, const firn_node *node, unsigned begin, unsigned end,
                      const firn_text_place *place, const firn_bytes *key)
{
    unsigned count = end - begin;
    size_t bytes = range_bytes(node, begin, end);
    bytes +=
        shape->inner && begin > 0; /* the first byte that an empty key in its place does not use */
    /* A node that is wide without need stays so when it grows in its place. */
    bool wide = count == node->count ? firn_text_is_wide(node) : wide_range(node, begin, end);
    if (place == NULL)
        return firn_text_need_of(shape, count, wide, bytes);
    struct fit with = fit(node, place, key);
    bytes += with.bytes + (place->position == begin ? with.shared : 0);
    if (place->position < end)
        bytes += (place->position == begin ? 0 : with.behind_now);
    if (place->position < end)
        bytes -= with.behind;
    return firn_text_need_of(shape, count + 1, wide || with.wide, bytes);
}

size_t firn_text_need(const firn_shape *shape, firn_slot slot, unsigned begin, unsigned end,
                      unsigned position, const void *key)
{
    if (key == NULL)
        return need_at(shape, slot.node, begin, end, NULL, NULL);
    firn_text_place place = firn_text_locate(slot.node, key);
    assert(place.position == position && !place.equal);
    (void)position;
    return need_at(shape, slot.node, begin, end, &place, key);
}

/* What the entry behind a change has now, and what it will share. Its suffix becomes shorter at its
 * front, or longer by bytes of the key before it. */
struct behind {
    bool is_there;
    unsigned shared, length; /* as they will be */
    unsigned cut, added;     /* bytes of the suffix */
    uint8_t first;           /* as it will be, and was */
    uint8_t first_before;
    uint8_t prefix[FIRN_TEXT_INLINE_MAX]; /* those added are up to what it shared */
};

/* The entry at position (count: none) will share so many bytes. */
static void look_behind(const firn_node *node, unsigned position, unsigned offset, unsigned shared,
                        struct behind *ret_behind)
{
    struct behind *behind = ret_behind;
    behind->is_there = position < node->count;
    behind->cut = behind->added = 0;
    if (!behind->is_there)
        return;
    unsigned now = firn_text_shared(node, position);
    behind->length = firn_text_length(node, position);
    behind->first = behind->first_before = firn_text_firsts(node)[position];
    behind->shared = shared;
    if (shared > now) {
        behind->cut = shared - now;
        behind->length -= behind->cut;
        behind->first = firn_text_rests(node)[offset + behind->cut - 1];
    } else if (shared < now) {
        behind->added = now - shared;
        behind->length += behind->added;
        firn_text_prefix(node, position, offset, behind->prefix);
        behind->first = behind->prefix[shared];
    }
}

/* Writes it, where a splice has made room. */
static void set_behind(firn_node *node, unsigned position, unsigned offset,
                       const struct behind *behind)
{
    if (!behind->is_there)
        return;
    set_head(node, position, behind->shared, behind->length);
    firn_text_firsts(node)[position] = behind->first;
    if (behind->added > 0) {
        uint8_t *rest = firn_text_rests(node) + offset;
        memcpy(rest, behind->prefix + behind->shared + 1, behind->added - 1);
        rest[behind->added - 1] = behind->first_before;
    }
}

static void *insert_at(const firn_shape *shape, firn_slot slot, const firn_text_place *place,
                       const firn_bytes *bytes, void *kept)
{
    firn_node *node = slot.node;
    unsigned position = place->position;
    assert((kept != NULL) == (bytes->size > FIRN_TEXT_INLINE_MAX));
    struct fit with = fit(node, place, bytes);
    struct behind behind;
    look_behind(node, position, place->offset, with.behind, &behind);
    if (with.wide && !firn_text_is_wide(node))
        widen(node);
    splice_values(shape, slot, position, 0, 1);
    splice(node, &(struct splice){.position = position,
                                  .added = 1,
                                  .offset = place->offset,
                                  .bytes_removed = behind.cut,
                                  .bytes_added = with.bytes + behind.added});
    set_head(node, position, with.shared, with.length);
    set_behind(node, position + 1, place->offset + with.bytes, &behind);
    uint8_t *first = firn_text_firsts(node) + position;
    uint8_t *rest = firn_text_rests(node) + place->offset;
    if (kept != NULL) {
        uint32_t size = (uint32_t)bytes->size;
        *first = FIRN_TEXT_LONG_FIRST;
        memcpy(rest, &kept, sizeof(kept));
        memcpy(rest + sizeof(kept), &size, sizeof(size));
    } else if (with.length > 0) {
        const uint8_t *suffix = (const uint8_t *)bytes->data + with.shared;
        *first = suffix[0];
        memcpy(rest, suffix + 1, with.bytes);
    } else {
        *first = 0;
    }
    return firn_text_value(shape, slot, position);
}

void *firn_text_insert(const firn_shape *shape, firn_slot slot, unsigned position, const void *key,
                       void *kept)
{
    firn_text_place place = firn_text_locate(slot.node, key);
    assert(place.position == position && !place.equal);
    (void)position;
    return insert_at(shape, slot, &place, key, kept);
}

void *firn_text_put(const firn_shape *shape, firn_slot slot, const void *key,
                    unsigned *ret_position, bool *ret_new)
{
    const firn_bytes *bytes = key;
    firn_text_place place = firn_text_locate(slot.node, bytes);
    *ret_position = place.position;
    *ret_new = !place.equal;
    if (place.equal)
        return firn_text_value(shape, slot, place.position);
    /* The block of a small map may be larger than a node. */
    size_t room = slot.bytes < shape->node_bytes ? slot.bytes : shape->node_bytes;
    if (bytes->size > FIRN_TEXT_INLINE_MAX ||
        need_at(shape, slot.node, 0, slot.node->count, &place, bytes) > room)
        return NULL;
    return insert_at(shape, slot, &place, bytes, NULL);
}

/* --- some less --- */

/* What the entry at end shares once those in [begin, end) are gone. */
static unsigned shared_across(const firn_node *node, unsigned begin, unsigned end)
{
    if (begin == 0 || firn_text_is_long(node, begin - 1) || firn_text_is_long(node, end))
        return 0; /* T1 */
    unsigned shared = firn_text_shared(node, end);
    bool any_long = false;
    for (unsigned i = begin; i < end; i++) {
        unsigned here = firn_text_shared(node, i);
        shared = here < shared ? here : shared;
        any_long = any_long || firn_text_is_long(node, i);
    }
    if (!any_long)
        return shared; /* by T2, the least on the way */
    firn_key_room before, behind;
    const firn_bytes *a = firn_text_key(node, begin - 1, &before);
    const firn_bytes *b = firn_text_key(node, end, &behind);
    return (unsigned)firn_text_common(before.text, behind.text,
                                      a->size < b->size ? a->size : b->size);
}

static void drop_long(const firn_shape *shape, const firn_node *node, unsigned begin, unsigned end)
{
    const uint8_t *rest = firn_text_rests(node) + firn_text_offset(node, begin);
    for (unsigned i = begin; i < end; i++) {
        if (firn_text_is_long(node, i)) {
            firn_bytes kept = firn_text_long(rest);
            firn_release(shape->allocator, (void *)(uintptr_t)kept.data, kept.size);
        }
        rest += firn_text_rest(node, i);
    }
}

void firn_text_remove(const firn_shape *shape, firn_slot slot, unsigned begin, unsigned end)
{
    firn_node *node = slot.node;
    assert(begin <= end && end <= node->count);
    unsigned offset = firn_text_offset(node, begin), end_offset = firn_text_offset(node, end);
    struct behind behind;
    look_behind(node, end, end_offset, end < node->count ? shared_across(node, begin, end) : 0,
                &behind);
    if (firn_text_is_wide(node))
        drop_long(shape, node, begin, end);
    splice_values(shape, slot, begin, end - begin, 0);
    splice(node, &(struct splice){.position = begin,
                                  .removed = end - begin,
                                  .offset = offset,
                                  .bytes_removed = end_offset - offset + behind.cut,
                                  .bytes_added = behind.added});
    set_behind(node, begin, offset, &behind);
}

/* --- whole nodes --- */

size_t firn_text_need_joined(const firn_shape *shape, firn_slot left, firn_slot right)
{
    const firn_node *a = left.node, *b = right.node;
    unsigned shared = b->count > 0 ? firn_text_shared_behind(a, b, 0) : 0;
    bool wide = firn_text_is_wide(a) || firn_text_is_wide(b) || shared > FIRN_TEXT_NARROW_SHARED;
    wide = wide || shape->inner; /* the key that will come between is not known here */
    return firn_text_need_of(shape, (unsigned)a->count + b->count, wide,
                             firn_text_used(a) + firn_text_used(b) - shared);
}

static void copy_heads(firn_node *node, unsigned position, const firn_node *from, unsigned begin,
                       unsigned end)
{
    uint8_t *heads = firn_text_heads(node) + position;
    const uint8_t *source = firn_text_heads(from) + begin;
    bool wide = firn_text_is_wide(node);
    memcpy(firn_text_firsts(node) + position, firn_text_firsts(from) + begin, end - begin);
    if (wide == firn_text_is_wide(from)) {
        memcpy(heads, source, end - begin);
        if (wide)
            memcpy(heads + node->count, source + from->count, end - begin);
        return;
    }
    for (unsigned i = begin + 1; i < end; i++) /* the first one is the caller's */
        set_head(node, position + i - begin, firn_text_shared(from, i), firn_text_length(from, i));
}

void firn_text_copy(const firn_shape *shape, firn_slot from, unsigned begin, unsigned end,
                    firn_slot to)
{
    const firn_node *source = from.node;
    firn_node *node = to.node;
    assert(begin <= end && end <= source->count);
    if (node->count == 0)
        node->used = 0;
    if (begin == end)
        return;
    unsigned count = node->count, used = firn_text_used(node);
    unsigned offset = firn_text_offset(source, begin);
    unsigned bytes = firn_text_offset(source, end) - offset;
    unsigned shared = firn_text_shared_behind(node, source, begin);
    struct behind first;
    look_behind(source, begin, offset, shared, &first);
    if (!firn_text_is_wide(node) &&
        (shared > FIRN_TEXT_NARROW_SHARED || wide_range(source, begin, end)))
        widen(node);
    splice(node, &(struct splice){.position = count,
                                  .added = end - begin,
                                  .offset = used,
                                  .bytes_added = first.added + bytes - first.cut});
    copy_heads(node, count, source, begin, end);
    set_behind(node, count, used, &first);
    memcpy(firn_text_rests(node) + used + first.added, firn_text_rests(source) + offset + first.cut,
           bytes - first.cut);
    if (shape->value_bytes > 0)
        memcpy(firn_text_value(shape, to, node->count - 1u), firn_text_value(shape, from, end - 1),
               (size_t)(end - begin) * shape->value_bytes);
}
