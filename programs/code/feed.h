/* A tree-sitter tree as events of a builder. */
#ifndef CODE_FEED_H
#define CODE_FEED_H

#include <firn/tree.h>

struct TSTree;

/* Tells builder, which has begun, every node of tree. Fails as the builder does. Takes memory by
 * tree-sitter's allocator, so that it runs within a heap; O(nodes), no recursion. */
FIRN_NODISCARD firn_status feed_tree(const struct TSTree *tree, firn_builder *builder);

#endif
