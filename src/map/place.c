/* Places in a map of either form, and removal there. Calls small.c, tree.c, remove.c and move.c.
 *
 * Leaves have no links: a leaf that moves would have to change them in two others, both out of
 * cache most likely, and the parent names the neighbours as well.
 */
#include "map/place.h"

#include "map/move.h"
#include "map/remove.h"

bool firn_place_find(const firn_map *map, const void *key, firn_place *ret_place)
{
    const firn_map_type *type = map->type;
    const firn_tree *tree = firn_content_tree(map);
    bool equal;
    if (map->content == NULL || key == NULL)
        return false;
    if (tree != NULL) {
        equal = type->descend(type, tree, key, &ret_place->path);
        ret_place->leaf = firn_slot_of(&tree->store, ret_place->path.ref[tree->height - 1]);
        ret_place->at = ret_place->path.at[tree->height - 1];
    } else {
        ret_place->leaf = firn_small_slot(map->content);
        ret_place->at = type->leaf.kind->search(&type->leaf, ret_place->leaf, key, &equal);
    }
    return equal;
}

/* Goes down from a node at `level` along its first children, or its last ones. */
static void go_down(const firn_map_type *type, const firn_tree *tree, unsigned level, bool last,
                    firn_place *place)
{
    for (;; level++) {
        uint32_t ref = place->path.ref[level];
        firn_slot slot = firn_slot_of(&tree->store, ref);
        unsigned at = last ? slot.node->count - 1u : 0;
        if (ref & FIRN_REF_LEAF) {
            place->leaf = slot;
            place->at = at;
            return;
        }
        place->path.at[level] = (uint16_t)at;
        place->path.ref[level + 1] = firn_child(type, slot, at);
    }
}

/* The first entry of a map that has some, or the last. */
static void go_to_end(const firn_map *map, bool last, firn_place *ret_place)
{
    const firn_tree *tree = firn_content_tree(map);
    if (tree != NULL) {
        ret_place->path.ref[0] = tree->root;
        go_down(map->type, tree, 0, last, ret_place);
        return;
    }
    ret_place->leaf = firn_small_slot(map->content);
    ret_place->at = last ? ret_place->leaf.node->count - 1u : 0;
}

firn_slot firn_place_leaf_behind(const firn_map *map, const firn_place *place)
{
    const firn_tree *tree = firn_content_tree(map);
    if (tree == NULL || tree->height < 2)
        return (firn_slot){0};
    unsigned above = tree->height - 2, behind = place->path.at[above] + 1u;
    firn_slot slot = firn_slot_of(&tree->store, place->path.ref[above]);
    if (behind == slot.node->count)
        return (firn_slot){0};
    return firn_slot_of(&tree->store, firn_child(map->type, slot, behind));
}

/* Asks for the ends of the leaf behind a place's, from which a walk goes inwards: with 10^6 random
 * keys a walk takes 3.5 ns an entry instead of 4.2. */
static void prefetch_next(const firn_map *map, const firn_place *place)
{
    firn_slot leaf = firn_place_leaf_behind(map, place);
    const uint8_t *begin = (const uint8_t *)leaf.node;
    for (unsigned i = 0; i < 256 && i < leaf.bytes; i += 64) {
        __builtin_prefetch(begin + i);
        __builtin_prefetch(begin + leaf.bytes - 64 - i);
    }
}

bool firn_place_next_leaf(const firn_map *map, firn_place *place)
{
    const firn_tree *tree = firn_content_tree(map);
    if (tree == NULL)
        return false;
    for (unsigned level = tree->height - 1; level-- > 0;) {
        firn_slot slot = firn_slot_of(&tree->store, place->path.ref[level]);
        if (place->path.at[level] + 1u < slot.node->count) {
            place->path.at[level]++;
            place->path.ref[level + 1] = firn_child(map->type, slot, place->path.at[level]);
            go_down(map->type, tree, level + 1, false, place);
            prefetch_next(map, place);
            return true;
        }
    }
    return false;
}

bool firn_place_previous_leaf(const firn_map *map, firn_place *place)
{
    const firn_tree *tree = firn_content_tree(map);
    if (tree == NULL)
        return false;
    for (unsigned level = tree->height - 1; level-- > 0;) {
        if (place->path.at[level] > 0) {
            firn_slot slot = firn_slot_of(&tree->store, place->path.ref[level]);
            place->path.at[level]--;
            place->path.ref[level + 1] = firn_child(map->type, slot, place->path.at[level]);
            go_down(map->type, tree, level + 1, true, place);
            return true;
        }
    }
    return false;
}

bool firn_place_ceiling(const firn_map *map, const void *key, firn_place *ret_place)
{
    if (map->content == NULL)
        return false;
    if (key == NULL) {
        go_to_end(map, false, ret_place);
        return true;
    }
    (void)firn_place_find(map, key, ret_place);
    return ret_place->at < ret_place->leaf.node->count || firn_place_next_leaf(map, ret_place);
}

bool firn_place_floor(const firn_map *map, const void *key, firn_place *ret_place)
{
    if (map->content == NULL)
        return false;
    if (key == NULL) {
        go_to_end(map, true, ret_place);
        return true;
    }
    if (firn_place_find(map, key, ret_place))
        return true;
    if (ret_place->at == 0)
        return firn_place_previous_leaf(map, ret_place);
    ret_place->at--;
    return true;
}

unsigned firn_place_end(const firn_map *map, const firn_place *place, const void *to)
{
    const firn_shape *shape = &map->type->leaf;
    firn_key_room room;
    unsigned count = place->leaf.node->count;
    bool equal;
    if (to == NULL)
        return count;
    const void *last = shape->kind->key(shape, place->leaf, count - 1, &room);
    if (shape->kind->compare(shape, last, to) < 0) /* but for the last leaf of a range */
        return count;
    return shape->kind->search(shape, place->leaf, to, &equal);
}

/* Makes a tree that has become small enough a block again, or nothing. */
static void demote(firn_map *map, firn_tree *tree)
{
    const firn_map_type *type = map->type;
    const firn_shape *shape = &type->leaf;
    if (tree->height == 0) {
        firn_tree_forget(type, tree);
        map->content = NULL;
        return;
    }
    firn_slot slot = firn_slot_of(&tree->store, tree->root);
    size_t need = firn_need(shape, slot);
    if (need > shape->node_bytes / 2)
        return;
    firn_node *small = firn_small_create(type, need);
    if (small == NULL)
        return;
    small->version = (uint16_t)((tree->version >> 16) + 1);
    shape->kind->copy(shape, slot, 0, slot.node->count, firn_small_slot(small));
    firn_tree_forget(type, tree);
    map->content = small;
}

void firn_place_remove(firn_map *map, firn_place *place, unsigned end)
{
    firn_tree *tree = firn_content_tree(map);
    if (tree == NULL) {
        firn_small_remove(map->type, &map->content, place->at, end);
        return;
    }
    place->path.at[tree->height - 1] = (uint16_t)place->at;
    firn_tree_remove_at(map->type, tree, &place->path, end);
    if (tree->height <= 1)
        demote(map, tree);
    else
        firn_tree_tidy(map->type, tree);
}
