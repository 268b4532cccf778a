/* Maps from sorted entries, their nodes full: load_sorted, clone, shrink. Called by users; calls
 * tree.c, store.c, small.c and place.c.
 *
 * Each level has one open node, its last; those before are full. An open node lies in the largest
 * slot and is referred to by the last entry of the open node above; what is over of its slot is
 * given back when it is closed. The tree so far can be freed at any time.
 */
#include "map/place.h"

typedef struct builder {
    const firn_map_type *type;
    firn_tree *tree;
    uint32_t open[FIRN_MAP_HEIGHT_MAX]; /* by level, the leaf's first */
} builder;

static firn_slot slot_at(const builder *build, unsigned level)
{
    return firn_slot_of(&build->tree->store, build->open[level]);
}

static firn_status append(const builder *build, uint32_t ref, const void *key, void **ret_value)
{
    const firn_shape *shape = firn_shape_of(build->type, ref);
    firn_slot slot = firn_slot_of(&build->tree->store, ref);
    void *kept = NULL;
    if (shape->kind->keep != NULL) {
        firn_status status = shape->kind->keep(shape, key, &kept);
        if (status != FIRN_OK)
            return status;
    }
    *ret_value = shape->kind->insert(shape, slot, slot.node->count, key, kept);
    return FIRN_OK;
}

static bool fits(const builder *build, unsigned level, const void *key)
{
    const firn_shape *shape = firn_shape_of(build->type, build->open[level]);
    firn_slot slot = slot_at(build, level);
    unsigned count = slot.node->count;
    return shape->kind->need(shape, slot, 0, count, count, key) <= slot.bytes;
}

static firn_status open_node(const builder *build, uint32_t kind, uint32_t *ret_ref)
{
    return firn_node_alloc(build->type, &build->tree->store, build->type->leaf.node_bytes, kind,
                           ret_ref);
}

/* Moves the open node of a level to the slot that it needs; stays where it is without memory. */
static void trim(builder *build, unsigned level)
{
    const firn_map_type *type = build->type;
    firn_tree *tree = build->tree;
    uint32_t old = build->open[level], ref;
    const firn_shape *shape = firn_shape_of(type, old);
    firn_slot slot = slot_at(build, level);
    size_t need = firn_need(shape, slot);
    if (firn_type_class(type, need) >= firn_type_class(type, slot.bytes) ||
        firn_node_alloc(type, &tree->store, need, old & FIRN_REF_LEAF, &ref) != FIRN_OK)
        return;
    shape->kind->copy(shape, slot, 0, slot.node->count, firn_slot_of(&tree->store, ref));
    firn_node_free(type, &tree->store, old);
    build->open[level] = ref;
    if (level + 1 == tree->height) {
        tree->root = ref;
    } else {
        firn_slot above = slot_at(build, level + 1);
        firn_child_set(type, above, above.node->count - 1u, ref);
    }
}

/* A new open node of a level above the leaves, with one child. */
static firn_status open_inner(const builder *build, uint32_t child, uint32_t *ret_ref)
{
    void *value;
    firn_status status = open_node(build, 0, ret_ref);
    if (status == FIRN_OK)
        status = append(build, *ret_ref, build->type->inner.kind->lowest, &value);
    if (status == FIRN_OK)
        memcpy(value, &child, sizeof(child));
    return status;
}

/* Makes `next` the open node of a level: the one before is closed, and the level above told. */
static firn_status advance(builder *build, unsigned level, uint32_t next, const void *separator)
{
    firn_tree *tree = build->tree;
    firn_status status = FIRN_OK;
    void *value;
    trim(build, level);
    if (level + 1 == tree->height) {
        if (tree->height == FIRN_MAP_HEIGHT_MAX)
            return FIRN_LIMIT;
        status = open_inner(build, build->open[level], &build->open[level + 1]);
        if (status != FIRN_OK)
            return status;
        tree->root = build->open[level + 1];
        tree->height++;
    }
    if (fits(build, level + 1, separator)) {
        status = append(build, build->open[level + 1], separator, &value);
        if (status == FIRN_OK)
            memcpy(value, &next, sizeof(next));
    } else {
        uint32_t above;
        status = open_inner(build, next, &above);
        if (status == FIRN_OK) {
            status = advance(build, level + 1, above, separator);
            if (status != FIRN_OK)
                firn_node_free(build->type, &tree->store, above);
        }
    }
    if (status == FIRN_OK)
        build->open[level] = next;
    return status;
}

/* Begins a new leaf with a key. */
static firn_status add_leaf(builder *build, const void *key, void **ret_value)
{
    firn_tree *tree = build->tree;
    const firn_shape *shape = &build->type->leaf;
    firn_key_room room;
    uint32_t ref;
    firn_status status = open_node(build, FIRN_REF_LEAF, &ref);
    if (status != FIRN_OK)
        return status;
    status = append(build, ref, key, ret_value);
    if (status == FIRN_OK && tree->height == 0) {
        tree->root = build->open[0] = ref;
        tree->height = 1;
        return FIRN_OK;
    }
    if (status == FIRN_OK) {
        firn_slot leaf = firn_slot_of(&tree->store, ref);
        status =
            advance(build, 0, ref, shape->kind->separator(shape, slot_at(build, 0), leaf, &room));
        if (status != FIRN_OK)
            shape->kind->remove(shape, leaf, 0, 1);
    }
    if (status != FIRN_OK)
        firn_node_free(build->type, &tree->store, ref);
    return status;
}

static firn_status add(builder *build, const void *key, const void *value)
{
    const firn_shape *shape = &build->type->leaf;
    firn_key_room room;
    void *there;
    firn_status status;
    bool room_left = false;
    if (build->tree->height > 0) {
        firn_slot leaf = slot_at(build, 0);
        const void *last = shape->kind->key(shape, leaf, leaf.node->count - 1u, &room);
        if (shape->kind->compare(shape, last, key) >= 0)
            return FIRN_INVALID;
        room_left = fits(build, 0, key);
    }
    if (room_left)
        status = append(build, build->open[0], key, &there);
    else
        status = add_leaf(build, key, &there);
    if (status != FIRN_OK)
        return status;
    build->tree->count++;
    if (value != NULL)
        memcpy(there, value, shape->value_bytes);
    else
        memset(there, 0, shape->value_bytes);
    return FIRN_OK;
}

/* Makes the built tree the map's content; a leaf alone becomes a block. */
static firn_status finish(builder *build, firn_map *map)
{
    firn_tree *tree = build->tree;
    const firn_shape *shape = &build->type->leaf;
    if (tree->height > 1) {
        for (unsigned level = 0; level < tree->height; level++)
            trim(build, level);
        firn_content_set_tree(map, tree);
        return FIRN_OK;
    }
    if (tree->height == 1) {
        firn_slot leaf = slot_at(build, 0);
        firn_node *small = firn_small_create(build->type, firn_need(shape, leaf));
        if (small == NULL)
            return FIRN_NO_MEMORY;
        shape->kind->copy(shape, leaf, 0, leaf.node->count, firn_small_slot(small));
        map->content = small;
    }
    firn_tree_forget(build->type, tree);
    return FIRN_OK;
}

firn_status firn_map_load_sorted(firn_map *map, firn_map_source_fn source, void *context)
{
    if (!firn_map_is_usable(map) || source == NULL || map->content != NULL)
        return FIRN_INVALID;
    builder build = {.type = map->type, .tree = firn_tree_create(map->type)};
    if (build.tree == NULL)
        return FIRN_NO_MEMORY;
    firn_status status = FIRN_OK;
    const void *key = NULL, *value = NULL;
    while (status == FIRN_OK && source(context, &key, &value)) {
        status = key != NULL ? add(&build, key, value) : FIRN_INVALID;
        value = NULL;
    }
    if (status == FIRN_OK)
        status = finish(&build, map);
    if (status != FIRN_OK)
        firn_tree_destroy(map->type, build.tree);
    return status;
}

/* --- from another map --- */

typedef struct walk {
    const firn_map *map;
    firn_place place;
    bool more;
    firn_key_room room;
} walk;

static bool next_of_map(void *context, const void **ret_key, const void **ret_value)
{
    walk *from = context;
    const firn_shape *shape = &from->map->type->leaf;
    firn_place *place = &from->place;
    if (from->more && place->at == place->leaf.node->count)
        from->more = firn_place_next_leaf(from->map, place);
    if (!from->more)
        return false;
    *ret_key = place->at > 0 && shape->kind->next_key != NULL
                   ? shape->kind->next_key(shape, place->leaf, place->at, &from->room)
                   : shape->kind->key(shape, place->leaf, place->at, &from->room);
    *ret_value = shape->kind->value(shape, place->leaf, place->at);
    place->at++;
    return true;
}

firn_status firn_map_clone(const firn_map *map, firn_map *ret_copy)
{
    if (!firn_map_is_usable(map) || ret_copy == NULL)
        return FIRN_INVALID;
    walk from = {.map = map};
    from.more = firn_place_ceiling(map, NULL, &from.place);
    firn_map_init(ret_copy, map->type);
    return firn_map_load_sorted(ret_copy, next_of_map, &from);
}

firn_status firn_map_shrink(firn_map *map)
{
    firn_map full;
    firn_usage now, then;
    firn_status status = firn_map_clone(map, &full);
    if (status != FIRN_OK)
        return status;
    firn_map_usage(map, &now);
    firn_map_usage(&full, &then);
    if (then.reserved_bytes < now.reserved_bytes) {
        firn_map other = *map;
        map->content = full.content;
        full = other;
    }
    firn_map_fini(&full);
    return FIRN_OK;
}
