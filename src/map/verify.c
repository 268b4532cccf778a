/* Looks at every invariant of a map: those of nodes (F1, F2 in fixed.c, those of text.c), of the
 * store (S1 to S3 in store.c) and of the tree (T1 to T6 in tree.c), and of a small map:
 *
 * B1 its block is of a size that a block can have, and its leaf is not empty.
 *
 * Called by users and tests; calls the kinds and store.c. Reads nothing outside of a map's memory,
 * whatever lies in its nodes, and ends whatever a comparator answers. That no node is referred to
 * twice follows from the order: its keys would come twice. That none is lost follows from the
 * count of slots in use.
 */
#include "map/content.h"

typedef struct checker {
    const firn_map_type *type;
    const firn_tree *tree;
    const void *last;       /* the last key so far, NULL: none */
    firn_key_room rooms[2]; /* for it, by turns */
    unsigned turn;
    uint64_t count, slot_bytes;
} checker;

static bool is_live(const firn_node_store *store, uint32_t ref)
{
    uint64_t live[FIRN_EXTENT_SLOTS / 64];
    uint32_t number = (ref & ~FIRN_REF_LEAF) >> FIRN_EXTENT_SLOT_BITS;
    uint32_t slot = ref & (FIRN_EXTENT_SLOTS - 1);
    return number < store->extent_count && store->extents[number].base != NULL &&
           firn_extent_live(&store->extents[number], live) && (live[slot / 64] >> (slot % 64) & 1);
}

static const char *check_leaf(checker *check, firn_slot slot, const void *separator)
{
    const firn_shape *shape = &check->type->leaf;
    const firn_node_kind *kind = shape->kind;
    firn_key_room room;
    const void *first = kind->key(shape, slot, 0, &room);
    if (check->last != NULL && kind->compare(shape, check->last, first) >= 0)
        return "the keys of two leaves are out of order"; /* T1 */
    if (separator != NULL && kind->compare(shape, separator, first) > 0)
        return "a key comes before its separator"; /* T2 */
    check->turn ^= 1;
    check->last = kind->key(shape, slot, slot.node->count - 1u, &check->rooms[check->turn]);
    check->count += slot.node->count;
    return NULL;
}

static const char *check_node(checker *check, uint32_t ref, unsigned level, const void *separator)
{
    if (!is_live(&check->tree->store, ref))
        return "a reference to a slot that is not in use"; /* T4 */
    const firn_shape *shape = firn_shape_of(check->type, ref);
    const firn_node_kind *kind = shape->kind;
    firn_slot slot = firn_slot_of(&check->tree->store, ref);
    if (shape->inner != (level + 1 < check->tree->height))
        return "a leaf is not on the last level"; /* T3 */
    if (slot.node->units != (shape->inner ? FIRN_NODE_INNER : 0))
        return "a node does not know what it is"; /* T4 */
    if (slot.node->count == 0 || (level == 0 && shape->inner && slot.node->count < 2))
        return "a node has no entry, or an inner root one child"; /* T5 */
    const char *wrong = kind->check(shape, slot);
    check->slot_bytes += slot.bytes;
    if (wrong != NULL)
        return wrong;
    if (!shape->inner)
        return check_leaf(check, slot, separator);
    for (unsigned i = 0; i < slot.node->count; i++) {
        firn_key_room room;
        const void *key = i > 0 ? kind->key(shape, slot, i, &room) : separator;
        if (i > 0 && kind->compare(shape, check->last, key) >= 0)
            return "a key comes at or behind the separator that follows"; /* T2 */
        wrong = check_node(check, firn_child(check->type, slot, i), level + 1, key);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

static const char *check_tree(const firn_map_type *type, const firn_tree *tree)
{
    const char *wrong = firn_node_store_check(type, &tree->store);
    if (wrong != NULL)
        return wrong;
    if (tree->height == 0 || tree->height > FIRN_MAP_HEIGHT_MAX)
        return "a tree without a root"; /* T5 */
    checker check = {.type = type, .tree = tree};
    wrong = check_node(&check, tree->root, 0, NULL);
    if (wrong != NULL)
        return wrong;
    if (check.count != tree->count)
        return "a tree counts other entries than its leaves have"; /* T6 */
    if (check.slot_bytes != tree->store.live_bytes)
        return "a slot in use that nothing refers to"; /* T4 */
    return NULL;
}

static const char *check_small(const firn_map_type *type, const firn_map *map)
{
    firn_slot slot = firn_small_slot(map->content);
    if (slot.node->count == 0 || slot.bytes % 16 != 8 || slot.bytes < 24)
        return "a block of a wrong size, or without entries"; /* B1 */
    return type->leaf.kind->check(&type->leaf, slot);
}

firn_status firn_map_verify(const firn_map *map, firn_error *ret_error)
{
    if (!firn_map_is_usable(map))
        return FIRN_INVALID;
    const firn_tree *tree = firn_content_tree(map);
    const char *wrong = NULL;
    if (tree != NULL)
        wrong = check_tree(map->type, tree);
    else if (map->content != NULL)
        wrong = check_small(map->type, map);
    if (wrong == NULL)
        return FIRN_OK;
    return firn_error_set(ret_error, FIRN_CORRUPT, 0, "map: %s", wrong);
}
