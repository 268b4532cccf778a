/* See slabs.h. Called by record.c, under its lock. Follows src/alloc/slab.c and slab_span.c: the
 * span that had a slot freed last is filled first, a class keeps its last span, and units that
 * became free stay as long as they are few. A slot is not told from another one of its span.
 *
 * Invariants:
 *   S1  a span is in its class' list if and only if it has room
 *   S2  used_units are those of all spans and of blocks above the classes
 * Memory: 16 bytes a span, straight from the kernel. Complexity: constant. */
#include "tune/preload/slabs.h"

#include "tune/preload/kept.h"

#include <firn/slab.h>

#include <stddef.h>
#include <sys/mman.h>

enum { FIRST_SPANS = 4096, UNIT_BYTES = 16384, KEPT_UNITS = 128, KEPT_PART = 8 };

struct span {
    uint32_t previous, next; /* of its class, with room; 0: none */
    uint16_t used, capacity;
    uint8_t class, units;
};

static struct {
    struct span *spans; /* the first one is none */
    uint32_t count, capacity;
    uint32_t idle; /* the first of those that are no spans now */
    uint32_t partial[FIRN_SLAB_CLASSES];
    uint64_t used_units, dirty_units; /* S2; dirty: free, and not given back */
    uint64_t huge_bytes;
} slabs;

static uint64_t class_size(uint32_t class)
{
    return class < 8 ? 16 * (class + 1) : (uint64_t)(5 + (class - 8) % 4) << (5 + (class - 8) / 4);
}

/* --- units --- */

static void take_units(uint64_t units)
{
    slabs.used_units += units;
    slabs.dirty_units -= units < slabs.dirty_units ? units : slabs.dirty_units;
}

static void give_units(uint64_t units)
{
    slabs.used_units -= units;
    slabs.dirty_units += units;
    const uint64_t part = slabs.used_units / KEPT_PART;
    if (slabs.dirty_units > (part > KEPT_UNITS ? part : KEPT_UNITS))
        slabs.dirty_units = 0;
}

/* --- spans --- */

static bool grow(void)
{
    const uint32_t capacity = slabs.capacity > 0 ? 2 * slabs.capacity : FIRST_SPANS;
    const size_t bytes = capacity * sizeof *slabs.spans;
    void *at = slabs.capacity > 0
                   ? mremap(slabs.spans, bytes / 2, bytes, MREMAP_MAYMOVE)
                   : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return false;
    slabs.spans = at;
    slabs.capacity = capacity;
    slabs.count += slabs.count == 0;
    return true;
}

static void list(uint32_t at)
{
    struct span *span = &slabs.spans[at];
    uint32_t *first = &slabs.partial[span->class];
    span->previous = 0;
    span->next = *first;
    if (*first != 0)
        slabs.spans[*first].previous = at;
    *first = at;
}

static void unlist(uint32_t at)
{
    const struct span *span = &slabs.spans[at];
    if (span->previous != 0)
        slabs.spans[span->previous].next = span->next;
    else
        slabs.partial[span->class] = span->next;
    if (span->next != 0)
        slabs.spans[span->next].previous = span->previous;
}

/* The fewest units that waste a sixteenth at most, with four slots at least. */
static void lay_out(struct span *span)
{
    const uint64_t size = class_size(span->class);
    uint64_t bytes = 0, capacity = 0;
    for (; capacity < 4 || bytes - capacity * size > bytes / 16; span->units++) {
        bytes += UNIT_BYTES;
        capacity = bytes / size;
    }
    span->capacity = (uint16_t)capacity;
}

/* 0: no memory. */
static uint32_t add_span(uint32_t class)
{
    uint32_t at = slabs.idle;
    if (at != 0)
        slabs.idle = slabs.spans[at].next;
    else if (slabs.count < slabs.capacity || grow())
        at = slabs.count++;
    if (at == 0)
        return 0;
    struct span *span = &slabs.spans[at];
    *span = (struct span){.class = (uint8_t) class};
    lay_out(span);
    take_units(span->units);
    list(at);
    return at;
}

static uint64_t units_of(uint64_t size)
{
    return (size + UNIT_BYTES - 1) / UNIT_BYTES;
}

uint32_t track_slabs_alloc(uint64_t size)
{
    if (track_kept_is_large(size)) {
        slabs.huge_bytes += size;
        return 0;
    }
    if (size > FIRN_SLAB_SMALL_MAX) {
        take_units(units_of(size));
        return 0;
    }
    const uint32_t class = firn_slab_class(size > 0 ? (size_t)size : 1);
    const uint32_t at = slabs.partial[class] != 0 ? slabs.partial[class] : add_span(class);
    if (at != 0 && ++slabs.spans[at].used == slabs.spans[at].capacity)
        unlist(at); /* S1 */
    return at;
}

void track_slabs_free(uint64_t size, uint32_t at)
{
    if (track_kept_is_large(size)) {
        slabs.huge_bytes -= size;
        return;
    }
    if (size > FIRN_SLAB_SMALL_MAX) {
        give_units(units_of(size));
        return;
    }
    if (at == 0)
        return;
    struct span *span = &slabs.spans[at];
    if (span->used-- == span->capacity)
        list(at); /* S1 */
    if (span->used > 0 || (slabs.partial[span->class] == at && span->next == 0 && span->units == 1))
        return;
    unlist(at);
    give_units(span->units);
    span->next = slabs.idle;
    slabs.idle = at;
}

uint64_t track_slabs_bytes(void)
{
    return (slabs.used_units + slabs.dirty_units) * UNIT_BYTES + slabs.huge_bytes;
}

void track_slabs_reset(void)
{
    for (uint32_t class = 0; class < FIRN_SLAB_CLASSES; class ++)
        slabs.partial[class] = 0;
    slabs.count = slabs.capacity > 0;
    slabs.idle = 0;
    slabs.used_units = slabs.dirty_units = slabs.huge_bytes = 0;
}
