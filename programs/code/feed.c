/* See feed.h. The walk of the grammars' archive gives nodes by the batch; this tells them on. */
#include "code/feed.h"

#include <tree_walk.h>

#define BATCH 256
#define PLACE_SHIFT 3 /* in a node's flags */

_Static_assert(TREE_WALK_MISSING == FIRN_NODE_MISSING && TREE_WALK_ERROR == FIRN_NODE_ERROR &&
                   TREE_WALK_EXTRA == FIRN_NODE_EXTRA,
               "flags are handed on as they are");
_Static_assert(TREE_WALK_OUTER_FIELD << PLACE_SHIFT == FIRN_NODE_OUTER_FIELD &&
                   TREE_WALK_FIELD_ENDS << PLACE_SHIFT == FIRN_NODE_FIELD_ENDS &&
                   TREE_WALK_LAST << PLACE_SHIFT == FIRN_NODE_LAST &&
                   TREE_WALK_SUPERTYPES + PLACE_SHIFT == FIRN_NODE_GROUPS_SHIFT,
               "and places too");

static firn_status leave(firn_builder *builder, uint64_t count)
{
    firn_status status = FIRN_OK;

    while (count-- > 0 && status == FIRN_OK)
        status = firn_builder_leave(builder);
    return status;
}

static firn_status feed_batch(firn_builder *builder, const tree_walk_node *nodes, size_t count,
                              uint64_t *depth)
{
    for (size_t i = 0; i < count; i++) {
        const tree_walk_node *node = &nodes[i];
        firn_status status = leave(builder, node->leave);
        if (status == FIRN_OK)
            status = firn_builder_enter(builder, node->label, node->field,
                                        node->flags | (unsigned)node->place << PLACE_SHIFT,
                                        node->start, node->end);
        if (status != FIRN_OK)
            return status;
        *depth += 1 - (uint64_t)node->leave;
    }
    return FIRN_OK;
}

firn_status feed_tree(const struct TSTree *tree, firn_builder *builder)
{
    tree_walk_node nodes[BATCH];
    tree_walk *walk = tree_walk_begin(tree);
    uint64_t depth = 0;
    firn_status status = FIRN_OK;
    size_t count;

    while (status == FIRN_OK && (count = tree_walk_next(walk, nodes, BATCH)) > 0)
        status = feed_batch(builder, nodes, count, &depth);
    tree_walk_end(walk);
    return status == FIRN_OK ? leave(builder, depth) : status;
}
