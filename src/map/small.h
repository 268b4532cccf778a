/* A small map: one block that is a leaf, of nearly exactly its size. See small.c. */
#ifndef FIRN_MAP_SMALL_H
#define FIRN_MAP_SMALL_H

#include "map/type.h"

static inline firn_slot firn_small_slot(void *content)
{
    firn_node *node = content;
    return (firn_slot){node, (uint32_t)node->units * 8u};
}

/* Bytes of the block for a leaf that needs `need`. */
size_t firn_small_bytes(size_t need);

/* An empty leaf for `need` bytes of content; NULL when there is no memory. */
firn_node *firn_small_create(const firn_map_type *type, size_t need);
/* Gives the memory back; what the keys kept is dropped with them. */
void firn_small_destroy(const firn_map_type *type, firn_node *small);
/* The same when the keys live on elsewhere. */
void firn_small_forget(const firn_map_type *type, firn_node *small);

/* Inserts a key that is not there at a position, the map being *content or NULL. `need` is what the
 * leaf will need. FIRN_NO_MEMORY, FIRN_LIMIT, with nothing changed. */
firn_status firn_small_insert(const firn_map_type *type, void **content, unsigned at,
                              const void *key, size_t need, void **ret_value);
/* Removes entries [begin, end); *content becomes NULL when none is left. */
void firn_small_remove(const firn_map_type *type, void **content, unsigned begin, unsigned end);

#endif
