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

/* What a splice does at one place: heads removed and added, and suffix bytes. */
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

/* Moves heads and suffixes so that the gaps are as asked for; what is in them is not set. Either
 * nothing moves to the front or nothing to the back, so that pieces are moved in one order. */
static void splice(firn_node *node, const struct splice *at)
{
    bool wide = firn_text_is_wide(node);
    unsigned count = node->count, new_count = count - at->removed + at->added;
    uint8_t *heads = firn_text_heads(node);
    uint8_t *old = heads + firn_text_head_bytes(count, wide);
    uint8_t *new = heads + firn_text_head_bytes(new_count, wide);
    unsigned head_end = at->position + at->removed, new_head_end = at->position + at->added;
    unsigned end = at->offset + at->bytes_removed, new_end = at->offset + at->bytes_added;
    unsigned used = firn_text_used(node);
    const struct {
        uint8_t *to;
        const uint8_t *from;
        size_t bytes;
    } moves[] = {
        {heads + new_head_end, heads + head_end, count - head_end},
        {heads + new_count, heads + count, wide ? at->position : 0},
        {heads + new_count + new_head_end, heads + count + head_end, wide ? count - head_end : 0},
        {new, old, at->offset},
        {new + new_end, old + end, used - end},
    };
    size_t last = sizeof(moves) / sizeof(moves[0]) - 1;
    bool grows = new + new_end > old + end || new_count > count;
    for (size_t i = 0; i <= last; i++) {
        size_t move = grows ? last - i : i;
        assert(moves[move].bytes == 0 || (moves[move].to >= moves[move].from) == grows ||
               moves[move].to == moves[move].from);
        memmove(moves[move].to, moves[move].from, moves[move].bytes);
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
    uint8_t *heads = firn_text_heads(node), *suffixes = firn_text_suffixes(node);
    unsigned count = node->count;
    memmove(suffixes + count, suffixes, node->used);
    for (unsigned i = 0; i < count; i++) {
        heads[count + i] = heads[i] & 31u;
        heads[i] >>= 5;
    }
    node->used |= FIRN_TEXT_WIDE;
}

/* --- one more --- */

/* How a key at a place lies there: its head, and what becomes of the entry behind it. */
struct fit {
    unsigned shared, length, bytes; /* bytes: of its suffix */
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
        fit.length = fit.bytes = (unsigned)key->size - place->before;
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

/* Bytes of suffixes of only these entries, the first of which is then whole. */
static size_t range_bytes(const firn_node *node, unsigned begin, unsigned end)
{
    if (begin == end)
        return 0;
    return firn_text_shared(node, begin) + firn_text_offset(node, end) -
           firn_text_offset(node, begin);
}

size_t firn_text_need(const firn_shape *shape, firn_slot slot, unsigned begin, unsigned end,
                      unsigned position, const void *key)
{
    const firn_node *node = slot.node;
    unsigned count = end - begin;
    size_t bytes = range_bytes(node, begin, end);
    /* A node that is wide without need stays so when it grows in its place. */
    bool wide = count == node->count ? firn_text_is_wide(node) : wide_range(node, begin, end);
    if (key == NULL)
        return firn_text_need_of(shape, count, wide, bytes);
    firn_text_place place = firn_text_locate(node, key);
    assert(place.position == position && !place.equal);
    struct fit with = fit(node, &place, key);
    bytes += with.bytes + (position == begin ? with.shared : 0);
    if (position < end)
        bytes += (position == begin ? 0 : with.behind_now);
    if (position < end)
        bytes -= with.behind;
    return firn_text_need_of(shape, count + 1, wide || with.wide, bytes);
}

void *firn_text_insert(const firn_shape *shape, firn_slot slot, unsigned position, const void *key,
                       void *kept)
{
    firn_node *node = slot.node;
    const firn_bytes *bytes = key;
    firn_text_place place = firn_text_locate(node, bytes);
    assert(place.position == position && !place.equal);
    assert((kept != NULL) == (bytes->size > FIRN_TEXT_INLINE_MAX));
    struct fit with = fit(node, &place, bytes);
    bool last = position == node->count;
    unsigned behind_length = last ? 0 : firn_text_length(node, position);
    uint8_t prefix[FIRN_TEXT_INLINE_MAX];
    unsigned prefix_bytes = with.behind < with.behind_now ? with.behind_now : 0; /* T1 */
    if (prefix_bytes > 0)
        firn_text_prefix(node, position, place.offset, prefix);
    if (with.wide && !firn_text_is_wide(node))
        widen(node);
    unsigned cut = with.behind > with.behind_now ? with.behind - with.behind_now : 0;
    splice_values(shape, slot, position, 0, 1);
    splice(node, &(struct splice){.position = position,
                                  .added = 1,
                                  .offset = place.offset,
                                  .bytes_removed = cut,
                                  .bytes_added = with.bytes + prefix_bytes});
    set_head(node, position, with.shared, with.length);
    if (!last && behind_length != FIRN_TEXT_LONG)
        set_head(node, position + 1, with.behind, behind_length + prefix_bytes - cut);
    else if (!last)
        set_head(node, position + 1, 0, FIRN_TEXT_LONG);
    uint8_t *suffix = firn_text_suffixes(node) + place.offset;
    if (kept != NULL) {
        uint32_t size = (uint32_t)bytes->size;
        memcpy(suffix, &kept, sizeof(kept));
        memcpy(suffix + sizeof(kept), &size, sizeof(size));
    } else if (with.bytes > 0) {
        memcpy(suffix, (const uint8_t *)bytes->data + with.shared, with.bytes);
    }
    memcpy(suffix + with.bytes, prefix, prefix_bytes);
    return firn_text_value(shape, slot, position);
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
    const uint8_t *suffix = firn_text_suffixes(node) + firn_text_offset(node, begin);
    for (unsigned i = begin; i < end; i++) {
        if (firn_text_is_long(node, i)) {
            firn_bytes kept = firn_text_long(suffix);
            firn_release(shape->allocator, (void *)(uintptr_t)kept.data, kept.size);
        }
        suffix += firn_text_size(node, i);
    }
}

void firn_text_remove(const firn_shape *shape, firn_slot slot, unsigned begin, unsigned end)
{
    firn_node *node = slot.node;
    struct splice out = {.position = begin, .removed = end - begin};
    assert(begin <= end && end <= node->count);
    out.offset = firn_text_offset(node, begin);
    unsigned end_offset = firn_text_offset(node, end), shared = 0, length = 0, prefix_bytes = 0;
    uint8_t prefix[FIRN_TEXT_INLINE_MAX];
    bool last = end == node->count;
    out.bytes_removed = end_offset - out.offset;
    if (!last) {
        unsigned shared_now = firn_text_shared(node, end);
        shared = shared_across(node, begin, end);
        length = firn_text_length(node, end);
        if (shared > shared_now) { /* behind a long one, it was whole */
            out.bytes_removed += shared - shared_now;
            length -= shared - shared_now;
        } else if (shared < shared_now) {
            firn_text_prefix(node, end, end_offset, prefix);
            prefix_bytes = out.bytes_added = shared_now - shared;
            length += prefix_bytes;
        }
    }
    if (firn_text_is_wide(node))
        drop_long(shape, node, begin, end);
    splice_values(shape, slot, begin, out.removed, 0);
    splice(node, &out);
    if (!last)
        set_head(node, begin, shared, length);
    memcpy(firn_text_suffixes(node) + out.offset, prefix + shared, prefix_bytes);
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

/* Of the first one only if both nodes are of one form. */
static void copy_heads(firn_node *node, unsigned position, const firn_node *from, unsigned begin,
                       unsigned end)
{
    uint8_t *heads = firn_text_heads(node) + position;
    const uint8_t *source = firn_text_heads(from) + begin;
    bool wide = firn_text_is_wide(node);
    if (wide != firn_text_is_wide(from)) {
        for (unsigned i = begin + 1; i < end; i++)
            set_head(node, position + i - begin, firn_text_shared(from, i),
                     firn_text_length(from, i));
        return;
    }
    memcpy(heads, source, end - begin);
    if (wide)
        memcpy(heads + node->count, source + from->count, end - begin);
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
    unsigned shared_now = firn_text_shared(source, begin), length = firn_text_length(source, begin);
    unsigned shared = firn_text_shared_behind(node, source, begin);
    unsigned cut = shared > shared_now ? shared - shared_now : 0;
    unsigned prefix_bytes = shared < shared_now ? shared_now - shared : 0;
    if (!firn_text_is_wide(node) &&
        (shared > FIRN_TEXT_NARROW_SHARED || wide_range(source, begin, end)))
        widen(node);
    splice(node, &(struct splice){.position = count,
                                  .added = end - begin,
                                  .offset = used,
                                  .bytes_added = prefix_bytes + bytes - cut});
    copy_heads(node, count, source, begin, end);
    if (length != FIRN_TEXT_LONG)
        set_head(node, count, shared, length + prefix_bytes - cut);

    uint8_t prefix[FIRN_TEXT_INLINE_MAX], *suffix = firn_text_suffixes(node) + used;
    firn_text_prefix(source, begin, offset, prefix);
    memcpy(suffix, prefix + shared, prefix_bytes);
    memcpy(suffix + prefix_bytes, firn_text_suffixes(source) + offset + cut, bytes - cut);
    if (shape->value_bytes > 0)
        memcpy(firn_text_value(shape, to, node->count - 1u), firn_text_value(shape, from, end - 1),
               (size_t)(end - begin) * shape->value_bytes);
}
