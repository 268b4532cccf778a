/* Packed groups lie in chains of cells, carved from spans of 64 KiB, instead of blocks of their own
 * sizes: whatever sizes come and go, what is lost is half a cell a group (1.8 % of one of 14 KB)
 * and the free cells of the spans; gathering a chain costs 1 to 2 us, of 20 and more for decoding.
 * Lowest spans are filled first, so that the upper ones empty and go back.
 *
 * A cell: u32 number of the next, then 508 bytes. Number: span << 7 | cell in it.
 * Invariant: L1 free_cells is the count of the set bits of all spans. Threads: a shard's lock. */
#include "tier/cache_cells.h"

#include <assert.h>
#include <string.h>

enum {
    CELL_BYTES = 512,
    CELL_DATA = CELL_BYTES - 4,
    SPAN_CELLS = 128,
    SPAN_BYTES = SPAN_CELLS * CELL_BYTES,
    LINE_BYTES = 64, /* of the processor's cache */
    AHEAD_CELLS = 4
};

struct firn_cache_cell_span {
    uint8_t *data; /* NULL: no span of this number now */
    uint64_t free[2];
};

void firn_cache_cells_init(firn_cache_cells *cells, const firn_allocator *allocator)
{
    *cells = (firn_cache_cells){.allocator = allocator};
}

void firn_cache_cells_fini(firn_cache_cells *cells)
{
    for (size_t i = 0; i < cells->span_count; i++)
        firn_release(cells->allocator, cells->spans[i].data, SPAN_BYTES);
    firn_release(cells->allocator, cells->spans, cells->span_capacity * sizeof *cells->spans);
}

static size_t count_of(size_t size)
{
    return (size + CELL_DATA - 1) / CELL_DATA;
}

uint64_t firn_cache_cells_cost(size_t size)
{
    return (uint64_t)count_of(size) * CELL_BYTES;
}

static uint8_t *cell_at(const firn_cache_cells *cells, uint32_t cell)
{
    return cells->spans[cell / SPAN_CELLS].data + (size_t)(cell % SPAN_CELLS) * CELL_BYTES;
}

/* Adds a span, at the lowest number that is free. */
static bool span_add(firn_cache_cells *cells)
{
    size_t at = 0;
    while (at < cells->span_count && cells->spans[at].data != NULL)
        at++;
    if (at >= UINT32_MAX / SPAN_CELLS ||
        !firn_grow(cells->allocator, (void **)&cells->spans, &cells->span_capacity, at + 1,
                   sizeof *cells->spans))
        return false;
    uint8_t *data = firn_allocate(cells->allocator, SPAN_BYTES);
    if (data == NULL)
        return false;
    cells->spans[at] = (firn_cache_cell_span){data, {UINT64_MAX, UINT64_MAX}};
    if (at == cells->span_count)
        cells->span_count++;
    if (at < cells->lowest)
        cells->lowest = at;
    cells->free_cells += SPAN_CELLS;
    return true;
}

static bool span_has_free(const firn_cache_cell_span *span)
{
    return span->data != NULL && (span->free[0] | span->free[1]) != 0;
}

static uint32_t cell_take(firn_cache_cells *cells)
{
    while (!span_has_free(&cells->spans[cells->lowest]))
        cells->lowest++;
    assert(cells->lowest < cells->span_count); /* L1 */
    firn_cache_cell_span *span = &cells->spans[cells->lowest];
    int half = span->free[0] == 0;
    int bit = __builtin_ctzll(span->free[half]);
    span->free[half] &= span->free[half] - 1;
    cells->free_cells--;
    return (uint32_t)cells->lowest * SPAN_CELLS + (uint32_t)(half * 64 + bit);
}

static void cell_give(firn_cache_cells *cells, uint32_t cell)
{
    size_t number = cell / SPAN_CELLS;
    firn_cache_cell_span *span = &cells->spans[number];
    span->free[cell % SPAN_CELLS / 64] |= (uint64_t)1 << (cell % 64);
    cells->free_cells++;
    if (number < cells->lowest)
        cells->lowest = number;
    if (span->free[0] != UINT64_MAX || span->free[1] != UINT64_MAX)
        return;
    firn_release(cells->allocator, span->data, SPAN_BYTES);
    span->data = NULL;
    cells->free_cells -= SPAN_CELLS;
    while (cells->span_count > 0 && cells->spans[cells->span_count - 1].data == NULL)
        cells->span_count--;
}

bool firn_cache_cells_put(firn_cache_cells *cells, const void *data, size_t size,
                          uint32_t *ret_first)
{
    size_t count = count_of(size);
    while (cells->free_cells < count) {
        if (!span_add(cells))
            return false;
    }
    const uint8_t *from = data;
    uint8_t *link = NULL;
    for (size_t left = size; left > 0;) {
        size_t part = left < CELL_DATA ? left : CELL_DATA;
        uint32_t cell = cell_take(cells);
        uint8_t *at = cell_at(cells, cell);
        if (link != NULL)
            memcpy(link, &cell, sizeof cell);
        else
            *ret_first = cell;
        memcpy(at + sizeof cell, from, part);
        link = at;
        from += part;
        left -= part;
    }
    return true;
}

/* A chain is most often one run of cells, which a fetch so far ahead has ready in time: 1 us less
 * of 4 for a group of 22 KB. */
static void fetch_ahead(const uint8_t *cell)
{
    uintptr_t at = (uintptr_t)cell + (uintptr_t)AHEAD_CELLS * CELL_BYTES;
    for (uintptr_t line = 0; line < CELL_BYTES; line += LINE_BYTES)
        __builtin_prefetch((const void *)(at + line)); /* if the chain goes elsewhere, of no use */
}

void firn_cache_cells_get(const firn_cache_cells *cells, uint32_t first, size_t size, void *out)
{
    uint8_t *to = out;
    uint32_t cell = first;
    for (size_t left = size; left > 0;) {
        size_t part = left < CELL_DATA ? left : CELL_DATA;
        const uint8_t *at = cell_at(cells, cell);
        fetch_ahead(at);
        memcpy(&cell, at, sizeof cell);
        memcpy(to, at + sizeof cell, part);
        to += part;
        left -= part;
    }
}

void firn_cache_cells_remove(firn_cache_cells *cells, uint32_t first, size_t size)
{
    uint32_t cell = first;
    for (size_t left = count_of(size); left > 0; left--) {
        uint32_t next;
        memcpy(&next, cell_at(cells, cell), sizeof next);
        cell_give(cells, cell);
        cell = next;
    }
}
