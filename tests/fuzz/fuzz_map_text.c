/* Nodes of byte strings from hostile bytes: the check reads nothing outside of the slot, and what
 * it finds right behaves as a node: each key is found, and stays so when entries come and go. The
 * first byte gives the values' size, the rest is the slot. */
#include "map/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* A long entry has an address in it, which hostile bytes cannot give. */
static bool has_long(firn_slot slot)
{
    const firn_node *node = slot.node;
    if (!firn_text_is_wide(node) || sizeof(*node) + 2u * node->count > slot.bytes)
        return false;
    for (unsigned i = 0; i < node->count; i++) {
        if (firn_text_is_long(node, i))
            return true;
    }
    return false;
}

static firn_slot empty_slot(size_t bytes)
{
    firn_slot slot = {malloc((bytes + 7) & ~(size_t)7), (uint32_t)((bytes + 7) & ~(size_t)7)};
    check(slot.node != NULL);
    *slot.node = (firn_node){0};
    return slot;
}

static void check_search(const firn_shape *shape, firn_slot slot, unsigned position,
                         const firn_bytes *key)
{
    bool equal = false;
    check(firn_node_text.search(shape, slot, key, &equal) == position && equal);
    firn_bytes shorter = {key->data, key->size > 0 ? key->size - 1 : 0};
    check(firn_node_text.search(shape, slot, &shorter, &equal) <= position);
}

/* Copies a node without one entry, in two parts, and puts that one in again. */
static void take_apart(const firn_shape *shape, firn_slot slot, unsigned position)
{
    const firn_node_kind *kind = &firn_node_text;
    unsigned count = slot.node->count;
    firn_key_room room;
    const firn_bytes *key = kind->key(shape, slot, position, &room);
    firn_slot left = empty_slot(kind->need(shape, slot, 0, position, 0, NULL));
    firn_slot right = empty_slot(kind->need(shape, slot, position, count, position, NULL));
    kind->copy(shape, slot, 0, position, left);
    kind->copy(shape, slot, position, count, right);
    kind->remove(shape, right, 0, 1);
    firn_slot both = empty_slot(kind->need_joined(shape, left, right));
    kind->copy(shape, left, 0, position, both);
    kind->copy(shape, right, 0, count - position - 1, both);
    check(kind->check(shape, both) == NULL);

    firn_slot whole = empty_slot(kind->need(shape, both, 0, count - 1, position, key));
    kind->copy(shape, both, 0, count - 1, whole);
    kind->insert(shape, whole, position, key, NULL);
    check(kind->check(shape, whole) == NULL && whole.node->count == count);
    check_search(shape, whole, position, key);
    free(left.node);
    free(right.node);
    free(both.node);
    free(whole.node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 + sizeof(firn_node) || size > 32768)
        return 0;
    firn_shape shape = {.kind = &firn_node_text, .value_bytes = data[0] % 17u, .node_bytes = 32768};
    firn_slot slot = {NULL, (uint32_t)(size - 1) & ~7u};
    slot.node = malloc(slot.bytes);
    check(slot.node != NULL);
    memcpy(slot.node, data + 1, slot.bytes);
    if (!has_long(slot) && firn_node_text.check(&shape, slot) == NULL) {
        uint64_t key_bytes, kept_bytes;
        unsigned count = slot.node->count;
        firn_node_text.usage(&shape, slot, &key_bytes, &kept_bytes);
        check(kept_bytes == 0);
        for (unsigned i = 0; i < count; i++) {
            firn_key_room room;
            check_search(&shape, slot, i, firn_node_text.key(&shape, slot, i, &room));
        }
        if (count > 0)
            take_apart(&shape, slot, data[0] % count);
    }
    free(slot.node);
    return 0;
}
