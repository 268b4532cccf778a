/* A small map's block. Called by map.c and bulk.c; calls the kinds of keys.
 *
 * Its sizes are those that malloc has nothing to round at (16 k + 8), and at most a sixteenth more
 * than the leaf needs: 8 elements of u32 to u32 lie in 88 bytes.
 */
#include "map/small.h"

size_t firn_small_bytes(size_t need)
{
    size_t step = 16;
    while (step * 32 <= need)
        step *= 2;
    return (need + 8 + step - 1) / step * step - 8;
}

firn_node *firn_small_create(const firn_map_type *type, size_t need)
{
    size_t bytes = firn_small_bytes(need);
    firn_node *node = firn_allocate(type->allocator, bytes);
    if (node != NULL)
        *node = (firn_node){.units = (uint16_t)(bytes / 8)};
    return node;
}

void firn_small_forget(const firn_map_type *type, firn_node *small)
{
    firn_release(type->allocator, small, (size_t)small->units * 8);
}

void firn_small_destroy(const firn_map_type *type, firn_node *small)
{
    type->leaf.kind->remove(&type->leaf, firn_small_slot(small), 0, small->count);
    firn_small_forget(type, small);
}

/* Moves the content to a block for `need` bytes; false when there is no memory. */
static bool move(const firn_map_type *type, void **content, size_t need)
{
    firn_node *node = firn_small_create(type, need), *old = *content;
    if (node == NULL)
        return false;
    if (old != NULL) {
        type->leaf.kind->copy(&type->leaf, firn_small_slot(old), 0, old->count,
                              firn_small_slot(node));
        node->version = old->version;
        firn_small_forget(type, old);
    }
    *content = node;
    return true;
}

firn_status firn_small_insert(const firn_map_type *type, void **content, unsigned at,
                              const void *key, size_t need, void **ret_value)
{
    const firn_shape *shape = &type->leaf;
    void *kept = NULL;
    firn_status status = FIRN_OK;
    if (shape->kind->keep != NULL)
        status = shape->kind->keep(shape, key, &kept);
    if (status != FIRN_OK)
        return status;
    bool fits = *content != NULL && need <= firn_small_slot(*content).bytes;
    if (!fits && !move(type, content, need)) {
        if (kept != NULL)
            shape->kind->drop(shape, key, kept);
        return FIRN_NO_MEMORY;
    }
    firn_node *node = *content;
    node->version++;
    *ret_value = shape->kind->insert(shape, firn_small_slot(node), at, key, kept);
    return FIRN_OK;
}

void firn_small_remove(const firn_map_type *type, void **content, unsigned begin, unsigned end)
{
    const firn_shape *shape = &type->leaf;
    firn_node *node = *content;
    firn_slot slot = firn_small_slot(node);
    shape->kind->remove(shape, slot, begin, end);
    node->version++;
    if (node->count == 0) {
        firn_small_forget(type, node);
        *content = NULL;
        return;
    }
    size_t need = shape->kind->need(shape, slot, 0, node->count, 0, NULL);
    if (firn_small_bytes(need + need / 8) < slot.bytes)
        (void)move(type, content, need); /* without memory it stays where it is */
}
