/* Insertion into a tree. Called by map.c through firn_tree_put; calls the kinds of keys and
 * store.c.
 *
 * Only a node that exceeds the largest slot is split: at its middle, but at its end where keys
 * ascend and at its start where they descend, which leaves full nodes behind.
 *
 * An insertion builds all nodes that split or grow beside the old ones, from the leaf upwards,
 * until it reaches a node with room; it then changes that one, which cannot fail, and frees the old
 * ones.
 */
#include "map/tree.h"

#include <assert.h>

/* What an insertion builds of a node: it splits into left and right, or moves to left. */
typedef struct made {
    uint32_t left, right; /* either may be the old node; right is NONE where it moves */
    uint32_t holder;  /* which new node the key was inserted into, NONE: it became the separator */
    uint16_t at;      /* and where */
    uint16_t dropped; /* from 1: the old node's key that neither has, as it went up; 0: none */
} made;

typedef struct insertion {
    const firn_map_type *type;
    firn_tree *tree;
    firn_path path;
    const void *key; /* to insert at the current level: the user's, or a separator */
    void *kept;
    uint32_t below_left, below_right; /* what the child became */
    firn_key_room rooms[2];           /* for separators, by turns */
    unsigned turn;
    made made[FIRN_MAP_HEIGHT_MAX];
    void *value;
} insertion;

static firn_status alloc(insertion *work, const firn_shape *shape, size_t bytes, uint32_t *ret_ref)
{
    assert(bytes <= shape->node_bytes);
    return firn_node_alloc(work->type, &work->tree->store, bytes, shape->inner ? 0 : FIRN_REF_LEAF,
                           ret_ref);
}

static void insert_into(insertion *work, const firn_shape *shape, uint32_t ref, unsigned at)
{
    firn_slot slot = firn_slot_of(&work->tree->store, ref);
    if (shape->inner && work->below_left != FIRN_REF_NONE && at > 0)
        firn_child_set(work->type, slot, at - 1, work->below_left);
    void *value = shape->kind->insert(shape, slot, at, work->key, work->kept);
    if (shape->inner)
        memcpy(value, &work->below_right, sizeof(work->below_right));
    else
        work->value = value;
    work->kept = NULL;
}

/* Where a leaf is split: at the key's place when keys ascend or descend. */
static unsigned leaf_split(const insertion *work, firn_slot slot, unsigned level, unsigned at)
{
    if (at == slot.node->count)
        return at;
    bool leftmost = at == 0;
    for (unsigned i = 0; i < level && leftmost; i++)
        leftmost = work->path.at[i] == 0;
    return leftmost ? 0 : work->type->leaf.kind->middle(&work->type->leaf, slot);
}

static firn_status split_leaf(insertion *work, unsigned level, made *ret_made)
{
    const firn_shape *shape = &work->type->leaf;
    const firn_node_kind *kind = shape->kind;
    uint32_t old = work->path.ref[level];
    firn_slot slot = firn_slot_of(&work->tree->store, old);
    unsigned count = slot.node->count, at = work->path.at[level];
    unsigned split = leaf_split(work, slot, level, at);
    bool in_left = at < split || split == 0;
    const void *left_key = in_left ? work->key : NULL, *right_key = in_left ? NULL : work->key;
    made result = {.left = old, .right = old};
    firn_status status = FIRN_OK;
    if (split < count || in_left) { /* else the old node is the left one, as it is */
        size_t bytes = kind->need(shape, slot, 0, split, in_left ? at : split, left_key);
        status = alloc(work, shape, bytes, &result.left);
        if (status == FIRN_OK)
            kind->copy(shape, slot, 0, split, firn_slot_of(&work->tree->store, result.left));
    }
    if (status == FIRN_OK && split > 0) {
        size_t bytes = kind->need(shape, slot, split, count, in_left ? split : at, right_key);
        status = alloc(work, shape, bytes, &result.right);
        if (status == FIRN_OK)
            kind->copy(shape, slot, split, count, firn_slot_of(&work->tree->store, result.right));
        else if (result.left != old)
            firn_node_free(work->type, &work->tree->store, result.left);
    }
    if (status != FIRN_OK)
        return status;
    result.holder = in_left ? result.left : result.right;
    result.at = (uint16_t)(in_left ? at : at - split);
    insert_into(work, shape, result.holder, result.at);
    work->key = kind->separator(shape, firn_slot_of(&work->tree->store, result.left),
                                firn_slot_of(&work->tree->store, result.right),
                                &work->rooms[work->turn ^= 1]);
    *ret_made = result;
    return FIRN_OK;
}

/* Fills the right half of an inner node: `lowest` with the child of the entry at `split` of the old
 * node with the new key in it, then the entries behind. */
static void fill_right(insertion *work, firn_slot old, unsigned split, unsigned at, made *result)
{
    const firn_shape *shape = &work->type->inner;
    firn_slot right = firn_slot_of(&work->tree->store, result->right);
    uint32_t first;
    if (split == at)
        first = work->below_right;
    else
        first = firn_child(work->type, old, split < at ? split : split - 1);
    void *value = shape->kind->insert(shape, right, 0, shape->kind->lowest, NULL);
    memcpy(value, &first, sizeof(first));
    shape->kind->copy(shape, old, split < at ? split + 1 : split, old.node->count, right);
    if (split < at) {
        result->holder = result->right;
        result->at = (uint16_t)(at - split);
        insert_into(work, shape, result->right, at - split);
    }
}

static void fill_left(insertion *work, firn_slot old, unsigned split, unsigned at, made *result)
{
    const firn_shape *shape = &work->type->inner;
    firn_slot left = firn_slot_of(&work->tree->store, result->left);
    shape->kind->copy(shape, old, 0, split > at ? split - 1 : split, left);
    if (split > at) {
        result->holder = result->left;
        result->at = (uint16_t)at;
        insert_into(work, shape, result->left, at);
    } else if (split == at) {
        firn_child_set(work->type, left, at - 1, work->below_left);
    }
}

/* Splits an inner node: of its entries with the new one at `at`, those from `split` on go to the
 * right, and the key at `split` goes up. */
static firn_status split_inner(insertion *work, unsigned level, made *ret_made)
{
    const firn_shape *shape = &work->type->inner;
    const firn_node_kind *kind = shape->kind;
    uint32_t old_ref = work->path.ref[level], child = work->path.ref[level + 1];
    firn_slot old = firn_slot_of(&work->tree->store, old_ref);
    unsigned count = old.node->count, at = work->path.at[level] + 1u, split;
    bool whole = at == count && work->below_left == child; /* the old node stays as the left one */
    if (at == count)
        split = at;
    else if (at == 1 && work->below_right == child)
        split = 1; /* keys descend */
    else
        split = kind->middle(shape, old);
    made result = {.left = old_ref, .holder = FIRN_REF_NONE};
    firn_status status = FIRN_OK;
    if (!whole) {
        unsigned end = split > at ? split - 1 : split;
        size_t left_bytes =
            kind->need(shape, old, 0, end, split > at ? at : 0, split > at ? work->key : NULL);
        status = alloc(work, shape, left_bytes, &result.left);
    }
    if (status != FIRN_OK)
        return status;
    unsigned begin = split > at ? split - 1 : split;
    size_t bytes = kind->need(shape, old, begin, count, split > at ? begin : at,
                              split > at ? NULL : work->key);
    /* A key that itself goes up was counted, but without it there is no more than in the old node.
     */
    bytes = split == at && bytes > shape->node_bytes ? shape->node_bytes : bytes;
    status = alloc(work, shape, bytes, &result.right);
    if (status != FIRN_OK) {
        if (!whole)
            firn_node_free(work->type, &work->tree->store, result.left);
        return status;
    }
    const void *up = work->key;
    if (split != at) {
        up = kind->key(shape, old, begin, &work->rooms[work->turn ^= 1]);
        result.dropped = (uint16_t)(begin + 1);
    }
    if (!whole)
        fill_left(work, old, split, at, &result);
    fill_right(work, old, split, at, &result);
    if (work->kept != NULL) /* it went up itself */
        kind->drop(shape, work->key, work->kept);
    work->kept = NULL;
    work->key = up;
    *ret_made = result;
    return FIRN_OK;
}

/* A new root over the two halves of the old one. */
static firn_status grow_root(insertion *work)
{
    const firn_shape *shape = &work->type->inner;
    const firn_node_kind *kind = shape->kind;
    uint32_t ref;
    if (work->tree->height == FIRN_MAP_HEIGHT_MAX)
        return FIRN_LIMIT;
    firn_node none = {0};
    firn_slot empty = {&none, sizeof(none)};
    size_t bytes = kind->need(shape, empty, 0, 0, 0, kind->lowest) +
                   kind->need(shape, empty, 0, 0, 0, work->key);
    bytes = bytes > shape->node_bytes ? shape->node_bytes : bytes;
    firn_status status = alloc(work, shape, bytes, &ref);
    if (status != FIRN_OK)
        return status;
    firn_slot slot = firn_slot_of(&work->tree->store, ref);
    void *value = kind->insert(shape, slot, 0, kind->lowest, NULL);
    memcpy(value, &work->below_left, sizeof(work->below_left));
    insert_into(work, shape, ref, 1);
    work->tree->root = ref;
    work->tree->height++;
    return FIRN_OK;
}

/* Undoes what was built from the leaf up to, and without, level. */
static void undo(insertion *work, unsigned level)
{
    if (work->kept != NULL)
        work->type->inner.kind->drop(&work->type->inner, work->key, work->kept);
    for (unsigned i = level + 1; i < work->tree->height; i++) {
        const made *built = &work->made[i];
        const firn_shape *shape = firn_shape_of(work->type, work->path.ref[i]);
        if (built->holder != FIRN_REF_NONE)
            shape->kind->remove(shape, firn_slot_of(&work->tree->store, built->holder), built->at,
                                built->at + 1u);
        if (built->left != work->path.ref[i])
            firn_node_free(work->type, &work->tree->store, built->left);
        if (built->right != work->path.ref[i])
            firn_node_free(work->type, &work->tree->store, built->right);
    }
}

/* Frees the nodes that were replaced, from the leaf up to level. */
static void free_old(insertion *work, unsigned level, unsigned height)
{
    for (unsigned i = level; i < height; i++) {
        uint32_t old = work->path.ref[i];
        const made *built = &work->made[i];
        if (built->left == old || built->right == old)
            continue;
        const firn_shape *shape = firn_shape_of(work->type, old);
        if (built->dropped > 0)
            shape->kind->remove(shape, firn_slot_of(&work->tree->store, old), built->dropped - 1u,
                                built->dropped);
        firn_node_free(work->type, &work->tree->store, old);
    }
}

/* Moves a node that has grown to a larger slot, with the new entry. */
static firn_status grow(insertion *work, unsigned level, unsigned at, size_t bytes)
{
    firn_tree *tree = work->tree;
    uint32_t old = work->path.ref[level], ref;
    const firn_shape *shape = firn_shape_of(work->type, old);
    firn_status status = alloc(work, shape, bytes, &ref);
    if (status != FIRN_OK)
        return status;
    firn_slot slot = firn_slot_of(&tree->store, old);
    shape->kind->copy(shape, slot, 0, slot.node->count, firn_slot_of(&tree->store, ref));
    insert_into(work, shape, ref, at);
    if (level == 0)
        tree->root = ref;
    else
        firn_child_set(work->type, firn_slot_of(&tree->store, work->path.ref[level - 1]),
                       work->path.at[level - 1], ref);
    work->made[level] = (made){.left = ref, .right = FIRN_REF_NONE};
    return FIRN_OK;
}

/* Inserts the key and what comes of it at each level, from the leaf upwards. */
static firn_status insert(insertion *work)
{
    firn_tree *tree = work->tree;
    unsigned height = tree->height;
    for (unsigned level = height; level-- > 0;) {
        uint32_t ref = work->path.ref[level];
        const firn_shape *shape = firn_shape_of(work->type, ref);
        firn_slot slot = firn_slot_of(&tree->store, ref);
        unsigned at = work->path.at[level] + (unsigned)shape->inner;
        firn_status status = FIRN_OK;
        if (shape->kind->keep != NULL)
            status = shape->kind->keep(shape, work->key, &work->kept);
        size_t bytes = shape->kind->need(shape, slot, 0, slot.node->count, at, work->key);
        if (status == FIRN_OK && bytes <= slot.bytes) {
            insert_into(work, shape, ref, at);
            free_old(work, level + 1, height);
            return FIRN_OK;
        }
        if (status == FIRN_OK && bytes <= shape->node_bytes) {
            status = grow(work, level, at, bytes);
            if (status == FIRN_OK) {
                free_old(work, level, height);
                return FIRN_OK;
            }
        } else if (status == FIRN_OK) {
            status = shape->inner ? split_inner(work, level, &work->made[level])
                                  : split_leaf(work, level, &work->made[level]);
        }
        if (status != FIRN_OK) {
            undo(work, level);
            return status;
        }
        work->below_left = work->made[level].left;
        work->below_right = work->made[level].right;
    }
    firn_status status = FIRN_OK;
    if (work->type->inner.kind->keep != NULL)
        status = work->type->inner.kind->keep(&work->type->inner, work->key, &work->kept);
    if (status == FIRN_OK)
        status = grow_root(work);
    if (status == FIRN_OK)
        free_old(work, 0, height);
    else
        undo(work, (unsigned)-1);
    return status;
}

/* The first entry: a leaf for it. */
static firn_status insert_first(insertion *work)
{
    const firn_shape *shape = &work->type->leaf;
    firn_node none = {0};
    uint32_t ref;
    firn_status status = FIRN_OK;
    if (shape->kind->keep != NULL)
        status = shape->kind->keep(shape, work->key, &work->kept);
    if (status != FIRN_OK)
        return status;
    size_t bytes = shape->kind->need(shape, (firn_slot){&none, sizeof(none)}, 0, 0, 0, work->key);
    status = alloc(work, shape, bytes, &ref);
    if (status != FIRN_OK) {
        if (work->kept != NULL)
            shape->kind->drop(shape, work->key, work->kept);
        return status;
    }
    insert_into(work, shape, ref, 0);
    work->tree->root = ref;
    work->tree->height = 1;
    return FIRN_OK;
}

/* A key that is not there, where path leads to, when the leaf's slot has no room or the key must be
 * kept. */
static firn_status put_new(const firn_map_type *type, firn_tree *tree, const void *key,
                           const firn_path *path, void **ret_value)
{
    insertion work;
    work.type = type; /* the rest, as it is needed: most insertions use little of it */
    work.tree = tree;
    work.key = key;
    work.kept = NULL;
    work.below_left = work.below_right = FIRN_REF_NONE;
    work.turn = 0;
    if (path != NULL)
        work.path = *path;
    firn_status status = path != NULL ? insert(&work) : insert_first(&work);
    if (status == FIRN_OK)
        *ret_value = work.value;
    return status;
}

/* Where path leads to a leaf's slot: finds a key or inserts it there; NULL when that needs more. */
static void *put_in_leaf(const firn_map_type *type, const firn_tree *tree, const void *key,
                         firn_path *ret_path, bool *ret_new)
{
    const firn_shape *shape = &type->leaf;
    const firn_node_kind *kind = shape->kind;
    unsigned leaf = tree->height - 1;
    if (kind->put != NULL) {
        unsigned position;
        firn_tree_descend_inner(type, tree, key, ret_path);
        firn_slot slot = firn_slot_of(&tree->store, ret_path->ref[leaf]);
        void *value = kind->put(shape, slot, key, &position, ret_new);
        ret_path->at[leaf] = (uint16_t)position;
        return value;
    }
    *ret_new = !type->descend(type, tree, key, ret_path);
    firn_slot slot = firn_slot_of(&tree->store, ret_path->ref[leaf]);
    unsigned at = ret_path->at[leaf], count = slot.node->count;
    if (!*ret_new)
        return kind->value(shape, slot, at);
    if (kind->keep != NULL || kind->need(shape, slot, 0, count, at, key) > slot.bytes)
        return NULL;
    return kind->insert(shape, slot, at, key, NULL);
}

firn_status firn_tree_put(const firn_map_type *type, firn_tree *tree, const void *key,
                          void **ret_value, bool *ret_new)
{
    firn_path path;
    bool rooted = tree->height > 0, is_new = true;
    void *value = rooted ? put_in_leaf(type, tree, key, &path, &is_new) : NULL;
    if (value == NULL) {
        firn_status status = put_new(type, tree, key, rooted ? &path : NULL, &value);
        if (status != FIRN_OK)
            return status;
    }
    tree->count += is_new;
    tree->version += is_new;
    *ret_value = value;
    *ret_new = is_new;
    return FIRN_OK;
}
