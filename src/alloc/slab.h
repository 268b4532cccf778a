/* What the slab's files share: slab.c (the calls), slab_span.c (objects of a class),
 * slab_pages.c (segments and runs of units). A file calls only those after it. slab_usage.c and
 * slab_idle.c walk over what is there.
 *
 *   segment: | header | state, in the first one | units of 16 KiB ...                       |
 *            | segment 128 B | kinds, a byte a unit | free, dirty: bits | spans, 64 B a unit |
 *
 * A unit is free, or in the run of a large object, or in a span, which has slots of one class.
 * Segments are 4 MiB (less under a small limit) at multiples of their size, so that masking an
 * object's address finds its segment; over a fixed range there is one segment, found by adding.
 * An object too large for a segment gets one of its own (huge).
 */
#ifndef FIRN_ALLOC_SLAB_H
#define FIRN_ALLOC_SLAB_H

#include <firn/slab.h>

#include "alloc/poison.h"

#include <stdatomic.h>

#define FIRN_UNIT_BYTES ((size_t)16384)
#define FIRN_SEGMENT_BYTES ((size_t)4 << 20)
#define FIRN_SEGMENT_MIN_BYTES ((size_t)128 << 10)
#define FIRN_SLAB_ALIGNMENT_MAX ((size_t)64 << 10)

enum firn_unit_kind {                       /* below FIRN_SLAB_CLASSES: of a span of that class */
                      FIRN_UNIT_RUN = 0xf0, /* of a large object */
                      FIRN_UNIT_HUGE,
                      FIRN_UNIT_HEADER,
                      FIRN_UNIT_FREE,
};

typedef struct firn_span {             /* one for each unit; that of a run's first unit is used */
    struct firn_span *previous, *next; /* those of a class with free slots */
    uint32_t first;                    /* of the run that this unit is in; kept in all of them */
    uint32_t units;
    uint16_t capacity, used; /* slots; those in the cache are used */
    uint16_t touched;        /* slots that were handed out at some time, as far as counted */
    uint8_t listed : 1;
    uint8_t dirty : 1; /* the unit was when it was taken; kept in all units of a run */
    uint8_t kind;
    uint64_t room[4]; /* bit s: slot s is free; of classes below 64 B behind the slots */
} firn_span;
_Static_assert(sizeof(void *) != 8 || sizeof(firn_span) == 64, "a span is a cache line");

typedef struct firn_segment {
    struct firn_segment *previous, *next;           /* all of them */
    struct firn_segment *previous_open, *next_open; /* those with free units */
    size_t bytes;                                   /* of the mapping */
    uint64_t *free, *dirty; /* a bit a unit; dirty ones are free, not clean */
    firn_span *spans;
    uint32_t unit_count, header_units, free_units;
    uint32_t first_free; /* no unit before is free */
    size_t huge_offset;  /* of the object in a huge segment, else 0 */
    uint8_t *memory;     /* the start of the mapping */
    uint64_t unused[4];
    uint8_t kinds[];
} firn_segment;
_Static_assert(sizeof(void *) != 8 || offsetof(firn_segment, kinds) == 128, "firn_slab_release");

typedef struct firn_slab_state {
    struct firn_slab_front front;
    _Atomic(void *) remote; /* objects that other threads released, linked in their first word */
    firn_segment *segments, *open;
    size_t segment_bytes, limit_bytes, reserved_bytes;
    size_t used_units, dirty_units; /* used: by runs and spans */
    size_t kept_units;              /* dirty ones that may stay, */
    size_t kept_part;               /* or this part of those in use, if not 0 and that is more */
    bool ranged;                    /* over a fixed range */
    uint32_t small_max;             /* the largest size that has a class here */
    firn_span *partial[FIRN_SLAB_CLASSES]; /* spans with free slots */
    uint64_t reciprocal[FIRN_SLAB_CLASSES];
    uint8_t span_units[FIRN_SLAB_CLASSES];
    void *cached[]; /* what the caches point to */
} firn_slab_state;

static inline firn_slab_state *firn_slab_state_of(const firn_slab *slab)
{
    return (firn_slab_state *)slab->front; /* its first member */
}

static inline firn_segment *firn_segment_of(const firn_slab_state *state, const void *at)
{
    uintptr_t segment = ((uintptr_t)at & state->front.segment_mask) + state->front.segment_base;
    return (firn_segment *)segment;
}

static inline uint32_t firn_unit_of(const firn_segment *segment, const void *at)
{
    return (uint32_t)(((uintptr_t)at - (uintptr_t)segment) / FIRN_UNIT_BYTES);
}

static inline uint8_t *firn_unit_at(const firn_segment *segment, uint32_t unit)
{
    return (uint8_t *)segment + unit * FIRN_UNIT_BYTES;
}

static inline uint32_t firn_class_size(uint32_t class)
{
    if (class < 8)
        return (class + 1) * 16;
    return (128u << (class - 8) / 4) + ((class - 8) % 4 + 1) * (32u << (class - 8) / 4);
}

/* The bits of a span's free slots; behind the slots where there are too many for the span. */
static inline const uint64_t *firn_span_room(const firn_segment *segment, const firn_span *span)
{
    uint32_t size = firn_class_size(span->kind);
    if (size >= 64)
        return span->room;
    const uint8_t *end = firn_unit_at(segment, span->first) + span->units * FIRN_UNIT_BYTES;
    return (const uint64_t *)(const void *)end - (FIRN_UNIT_BYTES / size + 63) / 64;
}

/* --- slab_span.c --- */

size_t firn_span_capacity(uint32_t class, size_t units);
/* Takes up to count free objects of a class, those at low addresses coming last. Returns how many;
 * 0 when there is no memory. */
size_t firn_span_take(firn_slab *slab, uint32_t class, void **objects, size_t count);
/* Frees the slot of an object in a span; FIRN_INVALID when it is none or free already. */
firn_status firn_span_give(firn_slab *slab, void *object);
/* Whether an object in a span is one that is handed out or cached. */
bool firn_span_holds(const firn_slab_state *state, const void *object);
/* Gives the pages of all empty spans back to their segments. */
void firn_span_trim(firn_slab *slab);

/* --- slab_pages.c --- */

/* Maps the first segment and lays out the state, with the size of its tail. */
firn_status firn_pages_init(firn_slab *slab, size_t limit_bytes, size_t state_bytes);
void firn_pages_fini(firn_slab *slab);
/* Takes a run of units at a multiple of alignment, for objects of that kind. NULL: no memory. */
firn_span *firn_pages_take(firn_slab *slab, uint8_t kind, size_t units, size_t alignment);
void firn_pages_give(firn_slab *slab, firn_span *run);
/* Changes the size of a run where it lies; false, changing nothing, when it cannot grow there. */
bool firn_pages_resize(firn_slab *slab, firn_span *run, size_t units);
/* The same three for objects that no segment can hold. */
void *firn_huge_take(firn_slab *slab, size_t size, size_t alignment);
void firn_huge_give(firn_slab *slab, firn_segment *segment);
bool firn_huge_resize(firn_slab *slab, firn_segment *segment, size_t size);
/* Discards what is free, and unmaps segments that are all free. */
void firn_pages_trim(firn_slab *slab);
/* Whether the address lies in one of the slab's segments. */
bool firn_pages_know(const firn_slab_state *state, const void *at);

#endif
