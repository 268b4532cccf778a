/* A template: plain base-free blocks, ascending, in one mapping. Never changes; counted. */
#ifndef FIRN_REGION_TEMPLATE_H
#define FIRN_REGION_TEMPLATE_H

#include <firn/region.h>

#include <stdatomic.h>

struct firn_region_template {
    const firn_allocator *allocator;
    atomic_size_t holders;
    uint64_t id;
    uint32_t block_count;
    uint32_t *numbers; /* of the blocks */
    uint8_t *blocks;   /* mapped */
};

/* A block's bytes; NULL when it is all zero, or sibling is NULL. Async-signal-safe. */
const uint8_t *firn_template_block(const firn_region_template *sibling, uint32_t block);

#endif
