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

/* Private, but here, so that firn_pool_alloc is inlined. */
typedef struct firn_pool {
    uint64_t *room;    /* of the current chunk: bit s is set while slot s is free; may be NULL */
    uint8_t *object;   /* a slot of the current chunk: the one that was freed last, or the first */
    uint32_t slot;     /* its number */
    uint32_t listed;   /* the first of the chunks with room */
    size_t slot_bytes; /* of an object, with its rounding */
    uint8_t *windows;  /* which extent holds an address, most likely */
    size_t window_mask;
    struct firn_pool_extent *extents; /* where chunks lie */
    uint64_t reciprocal;              /* of slot_bytes */
    uint64_t *checked_room;           /* takes the place of room in builds that look for misuse */
    uint32_t extent_count, extent_capacity;
    uint32_t fresh;        /* chunks of the newest extent that were used so far */
    uint32_t window_count; /* used, of window_mask + 1 */
    const firn_allocator *allocator;
    size_t object_bytes, alignment, limit_bytes, reserved_bytes;
} firn_pool;

typedef struct firn_pool_options {
    const firn_allocator *allocator; /* NULL: the system's */
    size_t object_bytes;             /* 1 to 65,536 */
    size_t alignment;                /* 0: 16; else a power of two up to 4,096 */
    size_t limit_bytes;              /* of all that the pool takes from the allocator; 0: none */
    size_t reserved[2];              /* must be 0 */
} firn_pool_options;

/* Makes a pool in the caller's struct; allocates nothing. FIRN_INVALID. */
FIRN_API FIRN_NODISCARD firn_status firn_pool_init(firn_pool *pool,
                                                   const firn_pool_options *options);
/* Gives all memory back, objects that live included. Also for a zeroed struct. */
FIRN_API void firn_pool_fini(firn_pool *pool);

/* What firn_pool_alloc calls when the current chunk is full, and always in builds that look for
 * misuse. */
FIRN_API void *firn_pool_alloc_slow(firn_pool *pool);

#if defined(__SANITIZE_ADDRESS__)
#define FIRN_POOL_POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIRN_POOL_POISONED 1
#endif
#endif

/* Allocates an object, not zeroed; the place freed last is taken first. NULL when there is no
 * memory, the limit is reached or 2^32 handles are out; the pool stays usable. O(1). */
static inline void *firn_pool_alloc(firn_pool *pool)
{
#if !defined(FIRN_POOL_POISONED) && defined(__GNUC__)
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
 * all builds. O(1). */
FIRN_API firn_status firn_pool_free(firn_pool *pool, void *object);

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
