/* What a map's content is: nothing, a small block, or a tree, which the lowest bit tells. */
#ifndef FIRN_MAP_CONTENT_H
#define FIRN_MAP_CONTENT_H

#include "map/small.h"
#include "map/tree.h"

#include <assert.h>

#define FIRN_CONTENT_TREE ((uintptr_t)1)

/* Whether a map was given, which lives. */
static inline bool firn_map_is_usable(const firn_map *map)
{
    assert(map == NULL || map->type != NULL); /* not before init, not after fini */
    return map != NULL && map->type != NULL;
}

/* NULL when the map is no tree. */
static inline firn_tree *firn_content_tree(const firn_map *map)
{
    uintptr_t content = (uintptr_t)map->content;
    return content & FIRN_CONTENT_TREE ? (firn_tree *)(content - FIRN_CONTENT_TREE) : NULL;
}

/* NULL when the map is empty or a tree. */
static inline firn_node *firn_content_small(const firn_map *map)
{
    return (uintptr_t)map->content & FIRN_CONTENT_TREE ? NULL : map->content;
}

static inline void firn_content_set_tree(firn_map *map, firn_tree *tree)
{
    map->content = (void *)((uintptr_t)tree | FIRN_CONTENT_TREE);
}

/* Differs after a change; 0 for an empty map. */
static inline uint64_t firn_content_version(const firn_map *map)
{
    const firn_tree *tree = firn_content_tree(map);
    const firn_node *small = firn_content_small(map);
    uint64_t counted = tree != NULL ? tree->version : small != NULL ? small->version : 0;
    return ((uint64_t)(uintptr_t)map->content << 16) + counted;
}

#endif
