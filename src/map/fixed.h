/* Nodes of keys of one size: two arrays, keys from the slot's start and values from its end, so
 * that nothing says how many would fit.
 *
 *     | header 8 B | key 0 | key 1 | ... free ... | value 1 | value 0 |
 */
#ifndef FIRN_MAP_FIXED_H
#define FIRN_MAP_FIXED_H

#include "map/node.h"

static inline uint8_t *firn_node_keys(firn_node *node)
{
    return (uint8_t *)(node + 1);
}

static inline uint8_t *firn_node_value(firn_slot slot, uint32_t value_bytes, unsigned position)
{
    return (uint8_t *)slot.node + slot.bytes - (size_t)(position + 1) * value_bytes;
}

#endif
