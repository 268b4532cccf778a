/* What all maps of a type share: how their nodes look, and of which sizes slots are. Constant once
 * it is made. */
#ifndef FIRN_MAP_TYPE_H
#define FIRN_MAP_TYPE_H

#include "map/node.h"

/* Sizes of slots are the multiples of a step, up to node_bytes: classes 0 to class_count - 1. Half
 * the step takes up to 0.4 bytes less of a random u64 to u64, and an insertion of 10^5 of them 145
 * ns instead of 129, as nodes move twice as often. */
#define FIRN_CLASS_MAX 16u
#define FIRN_STEP_MIN 64u

struct firn_tree;
struct firn_path;

struct firn_map_type {
    firn_shape leaf, inner;
    firn_key_kind key;
    uint32_t step, class_count;
    const firn_allocator *allocator;
    /* Finds a value in one go where the kind has its own way, NULL elsewhere. */
    void *(*find)(const struct firn_map_type *type, const struct firn_tree *tree, const void *key);
    /* Sets a path to where a key is or would be inserted: at in the leaf may be the leaf's count.
     * Returns whether it is there. */
    bool (*descend)(const struct firn_map_type *type, const struct firn_tree *tree, const void *key,
                    struct firn_path *ret_path);
};

/* Takes the forms of search that run on every machine, or the best for this one. For tests. */
void firn_map_type_set_portable(firn_map_type *type, bool portable);

/* The least class whose slots hold `bytes`, which is at most node_bytes. */
static inline unsigned firn_type_class(const firn_map_type *type, size_t bytes)
{
    return (unsigned)((bytes - 1) / type->step);
}

static inline uint32_t firn_class_bytes(const firn_map_type *type, unsigned class)
{
    return (class + 1) * type->step;
}

#endif
