/* The calls with one key, and the change between a small block and a tree. Calls small.c, tree.c,
 * remove.c and move.c.
 *
 * A map becomes a tree when its leaf exceeds the largest node, and a block again when its tree has
 * shrunk to a leaf of half that size.
 */
#include "map/move.h"
#include "map/place.h"

void firn_map_init(firn_map *map, const firn_map_type *type)
{
    *map = (firn_map){.type = type};
}

void firn_map_fini(firn_map *map)
{
    if (map == NULL)
        return;
    if (map->type != NULL)
        firn_map_clear(map);
    *map = (firn_map){0};
}

void firn_map_clear(firn_map *map)
{
    if (!firn_map_is_usable(map))
        return;
    firn_tree *tree = firn_content_tree(map);
    firn_node *small = firn_content_small(map);
    if (tree != NULL)
        firn_tree_destroy(map->type, tree);
    else if (small != NULL)
        firn_small_destroy(map->type, small);
    map->content = NULL;
}

uint64_t firn_map_count(const firn_map *map)
{
    if (!firn_map_is_usable(map))
        return 0;
    const firn_tree *tree = firn_content_tree(map);
    const firn_node *small = firn_content_small(map);
    return tree != NULL ? tree->count : small != NULL ? small->count : 0;
}

/* --- finding --- */

void *firn_map_get(const firn_map *map, const void *key)
{
    if (!firn_map_is_usable(map) || key == NULL)
        return NULL;
    const firn_map_type *type = map->type;
    const firn_tree *tree = firn_content_tree(map);
    if (tree != NULL && type->find != NULL)
        return type->find(type, tree, key);
    firn_place place;
    if (!firn_place_find(map, key, &place))
        return NULL;
    return type->leaf.kind->value(&type->leaf, place.leaf, place.at);
}

/* --- inserting --- */

static firn_status promote(firn_map *map, const void *key, void **ret_value)
{
    const firn_map_type *type = map->type;
    const firn_shape *shape = &type->leaf;
    firn_node *small = map->content;
    firn_slot slot = firn_small_slot(small);
    firn_tree *tree = firn_tree_create(type);
    if (tree == NULL)
        return FIRN_NO_MEMORY;
    size_t need = shape->kind->need(shape, slot, 0, small->count, 0, NULL);
    firn_status status = firn_node_alloc(type, &tree->store, need, FIRN_REF_LEAF, &tree->root);
    bool is_new;
    if (status == FIRN_OK) {
        tree->height = 1;
        tree->count = small->count;
        tree->version = ((uint64_t)small->version + 1) << 16;
        shape->kind->copy(shape, slot, 0, small->count, firn_slot_of(&tree->store, tree->root));
        status = firn_tree_put(type, tree, key, ret_value, &is_new);
    }
    if (status != FIRN_OK) {
        firn_tree_forget(type, tree);
        return status;
    }
    firn_small_forget(type, small);
    firn_content_set_tree(map, tree);
    return FIRN_OK;
}

static firn_status put(firn_map *map, const void *key, void **ret_value, bool *ret_new)
{
    const firn_map_type *type = map->type;
    const firn_shape *shape = &type->leaf;
    firn_tree *tree = firn_content_tree(map);
    if (tree != NULL) {
        firn_tree_tidy(type, tree);
        return firn_tree_put(type, tree, key, ret_value, ret_new);
    }
    firn_node none = {0};
    firn_slot slot = {&none, sizeof(none)};
    unsigned at = 0;
    bool equal = false;
    if (map->content != NULL) {
        slot = firn_small_slot(map->content);
        if (shape->kind->put != NULL) {
            *ret_value = shape->kind->put(shape, slot, key, &at, ret_new);
            if (*ret_value != NULL) {
                slot.node->version = (uint16_t)(slot.node->version + *ret_new);
                return FIRN_OK;
            }
        } else {
            at = shape->kind->search(shape, slot, key, &equal);
        }
    }
    *ret_new = !equal;
    if (equal) {
        *ret_value = shape->kind->value(shape, slot, at);
        return FIRN_OK;
    }
    size_t need = shape->kind->need(shape, slot, 0, slot.node->count, at, key);
    if (need > shape->node_bytes && slot.node->count > 0)
        return promote(map, key, ret_value);
    return firn_small_insert(type, &map->content, at, key, need, ret_value);
}

static void set_value(const firn_map *map, void *value, const void *given)
{
    size_t bytes = map->type->leaf.value_bytes;
    if (given != NULL)
        memmove(value, given, bytes); /* it may be the very value */
    else
        memset(value, 0, bytes);
}

firn_status firn_map_put(firn_map *map, const void *key, const void *value)
{
    void *there;
    bool is_new;
    if (!firn_map_is_usable(map) || key == NULL)
        return FIRN_INVALID;
    firn_status status = put(map, key, &there, &is_new);
    if (status == FIRN_OK)
        set_value(map, there, value);
    return status;
}

firn_status firn_map_put_new(firn_map *map, const void *key, const void *value)
{
    void *there;
    bool is_new;
    if (!firn_map_is_usable(map) || key == NULL)
        return FIRN_INVALID;
    firn_status status = put(map, key, &there, &is_new);
    if (status == FIRN_OK && !is_new)
        return FIRN_EXISTS;
    if (status == FIRN_OK)
        set_value(map, there, value);
    return status;
}

firn_status firn_map_entry(firn_map *map, const void *key, void **ret_value, bool *ret_new)
{
    void *there;
    bool is_new;
    if (!firn_map_is_usable(map) || key == NULL || ret_value == NULL)
        return FIRN_INVALID;
    firn_status status = put(map, key, &there, &is_new);
    if (status != FIRN_OK)
        return status;
    if (is_new)
        set_value(map, there, NULL);
    *ret_value = there;
    if (ret_new != NULL)
        *ret_new = is_new;
    return FIRN_OK;
}

/* --- removing --- */

firn_status firn_map_take(firn_map *map, const void *key, void *ret_value)
{
    if (!firn_map_is_usable(map) || key == NULL)
        return FIRN_INVALID;
    firn_place place;
    if (!firn_place_find(map, key, &place))
        return FIRN_NOT_FOUND;
    const firn_shape *shape = &map->type->leaf;
    if (ret_value != NULL && shape->value_bytes > 0)
        memcpy(ret_value, shape->kind->value(shape, place.leaf, place.at), shape->value_bytes);
    firn_place_remove(map, &place, place.at + 1);
    return FIRN_OK;
}

firn_status firn_map_remove(firn_map *map, const void *key)
{
    return firn_map_take(map, key, NULL);
}

uint64_t firn_map_remove_range(firn_map *map, const void *from, const void *to)
{
    if (!firn_map_is_usable(map))
        return 0;
    uint64_t before = firn_map_count(map);
    firn_place place;
    while (firn_place_ceiling(map, from, &place)) {
        unsigned end = firn_place_end(map, &place, to);
        if (end <= place.at)
            break;
        firn_place_remove(map, &place, end);
    }
    return before - firn_map_count(map);
}
