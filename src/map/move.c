/* Empties the extents of a tree that have become sparse, so that unused slots stay below about a
 * sixteenth of all. Called by map.c and place.c before they change a tree; calls store.c and
 * tree.c.
 *
 * One extent at a time is the victim: the one with the least share of slots in use, among those
 * whose nodes fit into other extents of the class. Before each operation up to MOVES of its nodes
 * move there, until it is given back. An extent is gained for at most as many moves as it has
 * slots, so there is less than one move for each slot that was freed. A node's parent is found by
 * descending for a key of its: a reference to the parent in each node would have to be changed more
 * often than it is asked for.
 */
#include "map/move.h"

#define MOVES 4

/* The extent to empty; NONE when no extent's nodes fit elsewhere. */
static uint32_t sparsest(const firn_node_store *store)
{
    uint32_t best = FIRN_EXTENT_NONE;
    uint64_t best_live = 1, best_slots = 1;
    for (uint32_t i = 0; i < store->extent_count; i++) {
        const firn_extent *extent = &store->extents[i];
        if (extent->base == NULL || extent->live == extent->slots)
            continue;
        const firn_class *class = &store->classes[extent->class];
        uint32_t room = class->slots - class->live - (uint32_t)(extent->slots - extent->live);
        if (extent->live <= room && extent->live * best_slots < best_live * extent->slots) {
            best = i;
            best_live = extent->live;
            best_slots = extent->slots;
        }
    }
    return best;
}

/* Finds where a node is referred to: sets *ret_level, 0 for the root, and the path to it. */
static bool find_node(const firn_map_type *type, const firn_tree *tree, uint32_t ref,
                      firn_path *ret_path, unsigned *ret_level)
{
    firn_key_room room;
    uint32_t at = ref;
    firn_slot slot = firn_slot_of(&tree->store, at);
    while (!(at & FIRN_REF_LEAF) && slot.node->count == 1) {
        at = firn_child(type, slot, 0);
        slot = firn_slot_of(&tree->store, at);
    }
    const firn_shape *shape = firn_shape_of(type, at);
    const void *key = shape->kind->key(shape, slot, shape->inner, &room);
    type->descend(type, tree, key, ret_path);
    for (unsigned level = 0; level < tree->height; level++) {
        if (ret_path->ref[level] == ref) {
            *ret_level = level;
            return true;
        }
    }
    return false;
}

/* Moves a node to another extent of its class; false when that cannot be done. */
static bool move_node(const firn_map_type *type, firn_tree *tree, uint32_t number, unsigned slot)
{
    firn_path path;
    unsigned level;
    uint32_t ref = number << FIRN_EXTENT_SLOT_BITS | slot, moved;
    firn_slot from = firn_slot_of(&tree->store, ref);
    ref |= from.node->units == FIRN_NODE_INNER ? 0 : FIRN_REF_LEAF;
    if (tree->store.classes[tree->store.extents[number].class].open == FIRN_EXTENT_NONE ||
        !find_node(type, tree, ref, &path, &level) ||
        firn_node_alloc(type, &tree->store, from.bytes, ref & FIRN_REF_LEAF, &moved) != FIRN_OK)
        return false;
    memcpy(firn_slot_of(&tree->store, moved).node, from.node, from.bytes);
    if (level == 0)
        tree->root = moved;
    else
        firn_child_set(type, firn_slot_of(&tree->store, path.ref[level - 1]), path.at[level - 1],
                       moved);
    firn_node_free(type, &tree->store, ref);
    return true;
}

void firn_tree_tidy_step(const firn_map_type *type, firn_tree *tree)
{
    firn_node_store *store = &tree->store;
    uint64_t live[FIRN_EXTENT_SLOTS / 64];
    if (store->victim == FIRN_EXTENT_NONE) {
        uint32_t victim = sparsest(store);
        if (victim == FIRN_EXTENT_NONE) {
            store->patience = store->slot_bytes - store->live_bytes + store->slot_bytes / 64;
            return;
        }
        firn_extent_close(store, victim);
        store->victim = victim;
    }
    uint32_t victim = store->victim;
    (void)firn_extent_live(&store->extents[victim], live);
    tree->version++;
    unsigned moved = 0;
    for (unsigned i = 0; i < FIRN_EXTENT_SLOTS / 64 && moved < MOVES; i++) {
        for (; live[i] != 0 && moved < MOVES; live[i] &= live[i] - 1, moved++) {
            if (!move_node(type, tree, victim, i * 64 + (unsigned)__builtin_ctzll(live[i]))) {
                store->victim = FIRN_EXTENT_NONE;
                firn_extent_open(store, victim);
                store->patience = store->slot_bytes - store->live_bytes + store->slot_bytes / 64;
                return;
            }
        }
    }
}
