/* Packed groups in cells of 512 bytes. */
#ifndef FIRN_TIER_CACHE_CELLS_H
#define FIRN_TIER_CACHE_CELLS_H

#include <firn/allocator.h>

typedef struct firn_cache_cell_span firn_cache_cell_span;

typedef struct firn_cache_cells {
    const firn_allocator *allocator;
    firn_cache_cell_span *spans;
    size_t span_count, span_capacity;
    size_t lowest;       /* no span below has a free cell */
    uint64_t free_cells; /* in all spans */
} firn_cache_cells;

void firn_cache_cells_init(firn_cache_cells *cells, const firn_allocator *allocator);
void firn_cache_cells_fini(firn_cache_cells *cells);

/* Copies data (1 byte and more) into cells. False when there is no memory. */
FIRN_NODISCARD bool firn_cache_cells_put(firn_cache_cells *cells, const void *data, size_t size,
                                         uint32_t *ret_first);
/* Copies it out; size is what was put. */
void firn_cache_cells_get(const firn_cache_cells *cells, uint32_t first, size_t size, void *out);
void firn_cache_cells_remove(firn_cache_cells *cells, uint32_t first, size_t size);

/* Bytes of the cells that size bytes take. */
uint64_t firn_cache_cells_cost(size_t size);

#endif
