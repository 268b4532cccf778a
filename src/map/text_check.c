/* Nodes of byte strings: what can be wrong with one, whatever bytes lie in it. text.h has the
 * layout and the invariants (T1 to T4). Called by text.c's table; calls only its comparison.
 *
 * Nothing is read before it is known to lie in the slot, but for the blocks of long keys: their
 * addresses must be good.
 */
#include "map/text.h"

/* The key before, while a node is gone through. */
struct last_key {
    firn_bytes key;
    bool is_long;
    uint8_t text[FIRN_TEXT_INLINE_MAX];
};

static const char *check_long(const uint8_t *rest, unsigned shared, uint8_t mark,
                              struct last_key *last, bool first)
{
    firn_bytes key = firn_text_long(rest);
    if (shared != 0)
        return "a long key shares bytes";
    if (mark != FIRN_TEXT_LONG_FIRST)
        return "the first byte of a long key";
    if (key.data == NULL || key.size <= FIRN_TEXT_INLINE_MAX || key.size > FIRN_MAP_KEY_MAX)
        return "the size of a long key";
    if (!first && firn_text_compare(&last->key, &key) >= 0)
        return "keys out of order";
    last->key = key;
    last->is_long = true;
    return NULL;
}

static const char *check_inline(const uint8_t *rest, unsigned shared, unsigned length, uint8_t byte,
                                bool wide, struct last_key *last, bool first)
{
    if (shared > (first || last->is_long ? 0 : last->key.size))
        return "a key shares more than there is";
    if (shared + length > (wide ? FIRN_TEXT_INLINE_MAX : FIRN_TEXT_NARROW_MAX))
        return "a key is too long for its node";
    if (length == 0 && (!first || byte != 0))
        return first ? "the first byte of an empty key" : "keys out of order";
    if (!first && !last->is_long && shared < last->key.size && byte <= last->text[shared])
        return byte < last->text[shared] ? "keys out of order" : "a key shares less than it could";
    firn_bytes behind_long = last->key;
    last->text[shared] = byte;
    memcpy(last->text + shared + 1, rest, firn_text_rest_of(length));
    last->key = (firn_bytes){last->text, shared + length};
    if (last->is_long && firn_text_compare(&behind_long, &last->key) >= 0)
        return "keys out of order";
    last->is_long = false;
    return NULL;
}

const char *firn_text_check(const firn_shape *shape, firn_slot slot)
{
    const firn_node *node = slot.node;
    if (slot.bytes < sizeof(firn_node))
        return "a slot with no room for a node";
    unsigned count = node->count, used = firn_text_used(node), sum = 0;
    bool wide = firn_text_is_wide(node);
    if (firn_text_need_of(shape, count, wide, used) > slot.bytes)
        return "a node larger than its slot";
    for (unsigned i = 0; i < count; i++)
        sum += firn_text_rest(node, i);
    if (sum != used)
        return "the sum of a node's suffixes";

    struct last_key last = {.is_long = false};
    const uint8_t *rest = firn_text_rests(node), *firsts = firn_text_firsts(node);
    for (unsigned i = 0; i < count; i++) {
        unsigned shared = firn_text_shared(node, i), length = firn_text_length(node, i);
        const char *wrong =
            length == FIRN_TEXT_LONG
                ? check_long(rest, shared, firsts[i], &last, i == 0)
                : check_inline(rest, shared, length, firsts[i], wide, &last, i == 0);
        if (wrong != NULL)
            return wrong;
        rest += firn_text_rest(node, i);
    }
    return NULL;
}
