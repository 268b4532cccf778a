/* Objects of one size: in chunks of 64 with a bitmap, and no header. An object has a pointer and a
 * handle of 32 bits; each leads to the other in O(1).
 *
 * Confined to one thread. With AddressSanitizer, objects that are not live are poisoned; in other
 * builds with assertions they are filled with a pattern that the next allocation of the place and
 * firn_pool_verify look at, so that a use after free is found. */
#ifndef FIRN_POOL_H
#define FIRN_POOL_H

#include <firn/allocator.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

struct firn_pool_extent;

/* Which object; 0 is none. The same number is given out again once its object is freed. */
typedef uint32_t firn_pool_handle;

/* Private, but here, so that firn_pool_alloc and firn_pool_free are inlined. */
typedef struct firn_pool {
    void *last;           /* the object that was freed last, if its slot is not marked free yet */
    uint64_t *room;       /* of the current chunk: bit s is set while slot s is free; may be NULL */
    uint8_t *object;      /* a slot of the current chunk: the newest marked free, or the first */
    uint32_t slot;        /* its number */
    uint32_t listed;      /* the first of the chunks with room */
    size_t slot_bytes;    /* of an object, with its rounding */
    uint64_t reciprocal;  /* 2^64 over the bytes of a chunk */
    uintptr_t range_base; /* of the extent that free looks at first, */
    size_t range_chunks;  /* 0 where there is none and in builds that look for misuse */
    uint64_t *range_rooms;
    struct firn_pool_extent *extents; /* where chunks lie */
    uint8_t *windows;                 /* which extent holds an address, most likely */
    size_t window_mask;
    uint64_t *checked_room; /* takes the place of room in builds that look for misuse */
    uint32_t extent_count, extent_capacity;
    uint32_t ranged, range_end; /* the number of the range, and of the first extent behind it */
    uint32_t apart;             /* ranged, once free looks at the range first */
    uint32_t range_first;       /* the number of its first chunk */
    uint32_t fresh;             /* chunks of the newest extent that were used so far */
    uint32_t window_shift;
    const firn_allocator *allocator;
    size_t object_bytes, alignment, limit_bytes, reserved_bytes;
} firn_pool;

typedef struct firn_pool_options {
    const firn_allocator *allocator; /* NULL: the system's, and above 256 KiB, or 128 with objects
                                        below 32 bytes, the kernel's pages in 4 GiB of address space
                                        that are reserved for it */
    size_t object_bytes;             /* 1 to 65,536 */
    size_t alignment;                /* 0: 16; else a power of two up to 4,096 */
    size_t limit_bytes;              /* of all memory that the pool takes; 0: none */
    size_t reserved[2];              /* must be 0 */
} firn_pool_options;

/* Makes a pool in the caller's struct; allocates nothing. FIRN_INVALID for options that are NULL, a
 * size or alignment out of its range or a reserved field, with the struct left as it was. A limit
 * is kept however low: below the 64 objects of a chunk there is never one. */
FIRN_API FIRN_NODISCARD firn_status firn_pool_init(firn_pool *pool,
                                                   const firn_pool_options *options);
/* Gives all memory back, objects that live included. Also for a zeroed struct. */
FIRN_API void firn_pool_fini(firn_pool *pool);

#if defined(__SANITIZE_ADDRESS__)
#define FIRN_POOL_POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIRN_POOL_POISONED 1
#endif
#endif

#if !defined(FIRN_POOL_POISONED) && defined(__SIZEOF_INT128__)
#define FIRN_POOL_INLINED 1
#endif

__extension__ typedef unsigned __int128 firn_pool_product;

/* What the inlined calls leave over, which is all in builds that look for misuse. */
FIRN_API void *firn_pool_alloc_slow(firn_pool *pool);
FIRN_API firn_status firn_pool_free_slow(firn_pool *pool, void *object);
FIRN_API firn_status firn_pool_mark_free(firn_pool *pool, void *object, uint64_t chunk,
                                         uint64_t slot);

/* Allocates an object, not zeroed, where one was freed lately if there is such a place. NULL when
 * there is no memory, the limit is reached or 2^31 objects live; the pool stays usable. O(1). */
static inline void *firn_pool_alloc(firn_pool *pool)
{
#ifdef FIRN_POOL_INLINED
    void *last = pool->last;
    if (last != NULL) {
        pool->last = NULL;
        return last;
    }
    uint64_t *room = pool->room;
    if (room != NULL) {
        uint64_t there = *room, bit = (uint64_t)1 << pool->slot;
        if (there & bit) { /* apart, so that the result does not wait for the bitmap */
            *room = there & ~bit;
            return pool->object;
        }
        if (there != 0) {
            int slot = __builtin_ctzll(there);
            *room = there & (there - 1);
            return pool->object + (slot - (int)pool->slot) * (ptrdiff_t)pool->slot_bytes;
        }
    }
#endif
    return firn_pool_alloc_slow(pool);
}

/* Frees an object; NULL is none. FIRN_INVALID, with nothing changed, for a pointer that is none of
 * this pool's living objects: freed before, into the middle of one, or foreign. That is found in
 * all builds; what cannot be found is a pointer kept over a free once its place was given out
 * again. O(1). */
static inline firn_status firn_pool_free(firn_pool *pool, void *object)
{
#ifdef FIRN_POOL_INLINED
    /* The offset in chunks, with 64 bits after the point: the first six are the slot, and the rest
     * is next to nothing where a slot starts. Every instruction counts, as it takes the place of
     * one that could wait for memory meanwhile: about 0.4 ns in the churn of bench/alloc. */
    firn_pool_product at =
        (firn_pool_product)((uintptr_t)object - pool->range_base) * pool->reciprocal;
    uint64_t chunk = (uint64_t)(at >> 64), slot = (uint64_t)at << 6 | (uint64_t)at >> 58;
    if (__builtin_expect(chunk < pool->range_chunks && slot < pool->reciprocal &&
                             !(pool->range_rooms[chunk] >> (slot & 63) & 1),
                         1)) {
        if (__builtin_expect(pool->last != NULL, 0)) /* a jump less: 5 % of the churn */
            return firn_pool_mark_free(pool, object, chunk, slot & 63);
        if (object == NULL)
            __builtin_unreachable(); /* so that an allocation right after knows */
        pool->last = object;
        return FIRN_OK;
    }
#endif
    return firn_pool_free_slow(pool, object);
}

/* The same by handle; 0 is none. A handle of another pool is FIRN_INVALID, unless an object with
 * the same number lives here: handles carry no mark of their pool. O(1). */
FIRN_API firn_status firn_pool_free_handle(firn_pool *pool, firn_pool_handle handle);

/* The handle of an object, 0 when it is none of this pool's living objects. O(1). */
FIRN_API firn_pool_handle firn_pool_handle_of(const firn_pool *pool, const void *object);

/* The object of a handle, NULL when no such object lives. O(1). */
FIRN_API void *firn_pool_get(const firn_pool *pool, firn_pool_handle handle);

/* The living object that follows after *handle, which starts at 0 and becomes the object's handle;
 * NULL after the last. The objects may be freed as they come; those made meanwhile may come or not.
 * O(1) but for the free places in between, 64 at a step. */
FIRN_API void *firn_pool_next(const firn_pool *pool, firn_pool_handle *handle);

/* Frees all objects, keeps the memory. */
FIRN_API void firn_pool_reset(firn_pool *pool);

/* Checks the pool's own structure and, in builds that fill freed objects with a pattern, that
 * nobody wrote to them: FIRN_OK or FIRN_CORRUPT. O(all). */
FIRN_API FIRN_NODISCARD firn_status firn_pool_verify(const firn_pool *pool);

/* live: object_bytes of each living object; resident is taken as reserved. O(all / 64). */
FIRN_API void firn_pool_usage(const firn_pool *pool, firn_usage *ret_usage);

FIRN_END

#endif
