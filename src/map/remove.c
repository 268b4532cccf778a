/* Removal from a tree. Called by map.c and range.c; calls the kinds of keys and store.c.
 *
 * A node that has become much smaller than its slot moves to a smaller one; one that has become
 * small is joined with a neighbour. Both build the new node beside the old ones; when no memory is
 * to be had for it, all stays where it is, only larger than need be: a removal does not fail.
 */
#include "map/remove.h"

/* Takes the entry of a child that is no more out of its parent. */
static void remove_child(const firn_map_type *type, firn_slot parent, unsigned at)
{
    const firn_shape *shape = &type->inner;
    if (at == 0 && parent.node->count > 1) { /* the first key stays, as it is none */
        firn_child_set(type, parent, 0, firn_child(type, parent, 1));
        at = 1;
    }
    shape->kind->remove(shape, parent, at, at + 1);
}

static void set_ref(const firn_map_type *type, firn_tree *tree, const firn_path *path,
                    unsigned level, uint32_t ref)
{
    if (level == 0)
        tree->root = ref;
    else
        firn_child_set(type, firn_slot_of(&tree->store, path->ref[level - 1]), path->at[level - 1],
                       ref);
}

static bool alloc(const firn_map_type *type, firn_tree *tree, size_t bytes, uint32_t like,
                  uint32_t *ret_ref)
{
    return firn_node_alloc(type, &tree->store, bytes, like & FIRN_REF_LEAF, ret_ref) == FIRN_OK;
}

static void shrink(const firn_map_type *type, firn_tree *tree, const firn_path *path,
                   unsigned level, size_t need)
{
    uint32_t old = path->ref[level], ref;
    if (!alloc(type, tree, need, old, &ref))
        return;
    const firn_shape *shape = firn_shape_of(type, old);
    firn_slot slot = firn_slot_of(&tree->store, old);
    shape->kind->copy(shape, slot, 0, slot.node->count, firn_slot_of(&tree->store, ref));
    set_ref(type, tree, path, level, ref);
    firn_node_free(type, &tree->store, old);
}

/* Joins the child at `at` of a parent with the one behind it; false when they are too large
 * together or there is no memory. */
static bool join(const firn_map_type *type, firn_tree *tree, firn_slot parent, unsigned at)
{
    uint32_t left_ref = firn_child(type, parent, at), ref;
    uint32_t right_ref = firn_child(type, parent, at + 1);
    const firn_shape *shape = firn_shape_of(type, left_ref);
    const firn_node_kind *kind = shape->kind;
    firn_slot left = firn_slot_of(&tree->store, left_ref);
    firn_slot right = firn_slot_of(&tree->store, right_ref);
    firn_key_room room;
    const void *between = NULL;
    void *kept = NULL;
    size_t bytes = kind->need_joined(shape, left, right);
    if (shape->inner) { /* the right one's first key, which is none, becomes one */
        between = kind->key(shape, parent, at + 1, &room);
        unsigned count = left.node->count;
        bytes += kind->need(shape, left, 0, count, count, between) - firn_need(shape, left);
    }
    if (bytes > shape->node_bytes / 4 * 3 ||
        (shape->inner && kind->keep != NULL && kind->keep(shape, between, &kept) != FIRN_OK))
        return false;
    if (!alloc(type, tree, bytes, left_ref, &ref)) {
        if (kept != NULL)
            kind->drop(shape, between, kept);
        return false;
    }
    firn_slot joined = firn_slot_of(&tree->store, ref);
    kind->copy(shape, left, 0, left.node->count, joined);
    if (shape->inner) {
        uint32_t child = firn_child(type, right, 0);
        void *value = kind->insert(shape, joined, joined.node->count, between, kept);
        memcpy(value, &child, sizeof(child));
    }
    kind->copy(shape, right, shape->inner, right.node->count, joined);
    firn_child_set(type, parent, at, ref);
    remove_child(type, parent, at + 1);
    firn_node_free(type, &tree->store, left_ref);
    firn_node_free(type, &tree->store, right_ref);
    return true;
}

/* Brings a node back into shape after something was removed from it; returns whether its parent
 * lost an entry. */
static bool settle(const firn_map_type *type, firn_tree *tree, const firn_path *path,
                   unsigned level)
{
    uint32_t ref = path->ref[level];
    const firn_shape *shape = firn_shape_of(type, ref);
    firn_slot slot = firn_slot_of(&tree->store, ref);
    if (slot.node->count == 0) {
        firn_node_free(type, &tree->store, ref);
        if (level == 0)
            tree->height = 0;
        else
            remove_child(type, firn_slot_of(&tree->store, path->ref[level - 1]),
                         path->at[level - 1]);
        return level > 0;
    }
    size_t need = firn_need(shape, slot);
    if (slot.bytes - need < type->step + type->step / 2 && slot.node->count > 1)
        return false; /* a step and a half: no node moves back and forth */
    if (level > 0 && need <= shape->node_bytes / 3) {
        firn_slot parent = firn_slot_of(&tree->store, path->ref[level - 1]);
        unsigned at = path->at[level - 1];
        if ((at > 0 && join(type, tree, parent, at - 1)) ||
            (at + 1u < parent.node->count && join(type, tree, parent, at)))
            return true;
    }
    if (firn_type_class(type, need) < firn_type_class(type, slot.bytes))
        shrink(type, tree, path, level, need);
    return false;
}

void firn_tree_remove_at(const firn_map_type *type, firn_tree *tree, firn_path *path, unsigned end)
{
    unsigned level = tree->height - 1, at = path->at[level];
    firn_slot slot = firn_slot_of(&tree->store, path->ref[level]);
    type->leaf.kind->remove(&type->leaf, slot, at, end);
    tree->count -= end - at;
    tree->version++;
    while (settle(type, tree, path, level))
        level--;
    while (tree->height > 1) {
        firn_slot root = firn_slot_of(&tree->store, tree->root);
        if (root.node->count > 1)
            return;
        uint32_t child = firn_child(type, root, 0);
        type->inner.kind->remove(&type->inner, root, 0, 1);
        firn_node_free(type, &tree->store, tree->root);
        tree->root = child;
        tree->height--;
    }
}
