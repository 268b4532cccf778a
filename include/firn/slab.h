/* Objects of any size, freed one by one, in size classes without a header: 16 bytes apart up to
 * 128, then four to a doubling up to 32 KiB; above that whole units of 16 KiB. Everything the slab
 * knows lies in the pages that its source gives; the handle holds the source and one pointer into
 * them.
 *
 * Confined to one thread, except for firn_slab_release_remote. Builds with assertions or
 * AddressSanitizer find frees of pointers that are no living object (FIRN_INVALID) and, by poison
 * or a pattern, uses after a free. Other builds find a double free only when it follows at once or
 * when the object has left the caches; then it changes nothing. A foreign pointer is undefined
 * there. */
#ifndef FIRN_SLAB_H
#define FIRN_SLAB_H

#include <firn/allocator.h>
#include <firn/page_source.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

#define FIRN_SLAB_CLASSES 40
#define FIRN_SLAB_INLINE_MAX 1024
#define FIRN_SLAB_SMALL_MAX 32768 /* bytes of the largest class */

/* Private from here to firn_slab_options, but here, so that allocation is inlined. */
struct firn_slab_cache { /* free objects of a class; the last one goes out first */
    void **top, **begin, **end;
    uint64_t unused;
};

struct firn_slab_front {
    struct firn_slab_cache caches[FIRN_SLAB_CLASSES];
    uint8_t class_of[FIRN_SLAB_INLINE_MAX / 16 + 8]; /* by size in 16 bytes, rounded up */
    uintptr_t low, extent;                           /* where objects lie, as far as known */
    uintptr_t segment_mask, segment_base;            /* an object's segment: (at & mask) + base */
};

typedef struct firn_slab {
    struct firn_slab_front *front;
    firn_page_source source;
} firn_slab;

/* The smallest class for size bytes, 1 to FIRN_SLAB_SMALL_MAX. */
static inline uint32_t firn_slab_class(size_t size)
{
    if (size <= 128)
        return (uint32_t)(size - 1) / 16;
    uint32_t power = 63 - (uint32_t)__builtin_clzll((unsigned long long)size - 1);
    return 8 + (power - 7) * 4 + ((uint32_t)((size - 1) >> (power - 2)) & 3);
}

typedef struct firn_slab_options {
    const firn_page_source *source; /* NULL: firn_page_source_system(); copied */
    size_t limit_bytes;             /* of all that is mapped; 0: none; at least 128 KiB */
    size_t kept_bytes; /* of free pages that are not discarded yet: this or an eighth of those in
                        * use, whichever is more; 0: 512 KiB; of no effect without discard */
    size_t reserved;   /* must be 0 */
} firn_slab_options;

/* Makes a slab in the caller's struct and maps its first pages: 4 MiB of address space, less with a
 * limit below 32 MiB, of which only what is used becomes resident. options may be NULL. Returns
 * FIRN_NO_MEMORY, or FIRN_INVALID for a limit or a range below 128 KiB. */
FIRN_API FIRN_NODISCARD firn_status firn_slab_init(firn_slab *slab,
                                                   const firn_slab_options *options);
/* Gives all pages back, objects that live included. Also for a zeroed struct. */
FIRN_API void firn_slab_fini(firn_slab *slab);

FIRN_API void *firn_slab_alloc_slow(firn_slab *slab, size_t size);
FIRN_API firn_status firn_slab_release_slow(firn_slab *slab, void *object);

/* Allocates size bytes (0 is taken as 1), aligned to 16 and not zeroed. NULL when there is no
 * memory or the limit is reached; the slab stays usable. O(1) but for getting pages. */
static inline void *firn_slab_alloc(firn_slab *slab, size_t size)
{
    if (size <= FIRN_SLAB_INLINE_MAX) {
        struct firn_slab_front *front = slab->front;
        struct firn_slab_cache *cache = &front->caches[front->class_of[(size + 15) / 16]];
        if (cache->top != cache->begin)
            return *--cache->top;
    }
    return firn_slab_alloc_slow(slab, size);
}

/* Frees an object; NULL is none. Always FIRN_OK for a living object; see above for FIRN_INVALID. */
static inline firn_status firn_slab_release(firn_slab *slab, void *object)
{
    struct firn_slab_front *front = slab->front;
    uintptr_t at = (uintptr_t)object;
    if (at - front->low < front->extent) {
        uintptr_t segment = (at & front->segment_mask) + front->segment_base;
        uint8_t kind = ((const uint8_t *)segment)[128 + ((at - segment) >> 14)];
        if (kind < FIRN_SLAB_CLASSES) {
            struct firn_slab_cache *cache = &front->caches[kind];
            if (cache->top != cache->end && cache->top[-1] != object) {
                *cache->top++ = object;
                return FIRN_OK;
            }
        }
    }
    return firn_slab_release_slow(slab, object);
}

/* The same from any thread, while the slab lives: the object goes on a list that the slab's own
 * thread takes back when it next runs short of objects, or in firn_slab_trim. Lock-free. */
FIRN_API void firn_slab_release_remote(firn_slab *slab, void *object);

/* --- a slab whose back several threads look after ---
 *
 * These two touch only the caches, so that its own thread may call them without a lock while
 * another thread, which holds a lock that all other calls are made under, calls
 * firn_slab_reclaim. */

/* Allocates an object of up to 32 KiB that lies ready; NULL when there is none. */
static inline void *firn_slab_alloc_ready(firn_slab *slab, size_t size)
{
    struct firn_slab_front *front = slab->front;
    uint32_t kind = 0;
    if (size <= FIRN_SLAB_INLINE_MAX)
        kind = front->class_of[(size + 15) / 16];
    else if (size <= FIRN_SLAB_SMALL_MAX)
        kind = firn_slab_class(size);
    else
        return NULL;
    struct firn_slab_cache *cache = &front->caches[kind];
    return cache->top != cache->begin ? *--cache->top : NULL;
}

/* Frees an object of this slab, not NULL. False when that needs firn_slab_release. */
static inline bool firn_slab_release_ready(firn_slab *slab, void *object)
{
    struct firn_slab_front *front = slab->front;
    uintptr_t at = (uintptr_t)object;
    uintptr_t segment = (at & front->segment_mask) + front->segment_base;
    uint8_t kind = ((const uint8_t *)segment)[128 + ((at - segment) >> 14)];
    if (kind >= FIRN_SLAB_CLASSES)
        return false;
    struct firn_slab_cache *cache = &front->caches[kind];
    if (cache->top == cache->end || cache->top[-1] == object)
        return false;
    *cache->top++ = object;
    return true;
}

/* Takes back what other threads released, and leaves the caches alone. */
FIRN_API void firn_slab_reclaim(firn_slab *slab);

/* Empties the caches without a look at them; what they held is lost until fini. For the child of a
 * fork, in which the slab's own thread was not the one that forked and may have been amid a call
 * of the first two. */
FIRN_API void firn_slab_forget_ready(firn_slab *slab);

/* Allocates size bytes at a multiple of alignment (a power of two up to 64 KiB); else as
 * firn_slab_alloc. NULL for other alignments. */
FIRN_API void *firn_slab_alloc_aligned(firn_slab *slab, size_t size, size_t alignment);

/* The same zeroed, aligned to 16; NULL also when count * size overflows. */
FIRN_API void *firn_slab_alloc_zeroed(firn_slab *slab, size_t count, size_t size);

/* Changes an object's size (0 is taken as 1), object NULL being a new one: in place when the class
 * allows it without wasting half, or the pages behind a large one are free; else by a copy, aligned
 * to 16. NULL when there is no memory, the object staying as it was. */
FIRN_API void *firn_slab_realloc(firn_slab *slab, void *object, size_t size);

/* How many bytes of a living object may be used: at least what was asked for. 0 for an address in
 * the slab's pages where no object can be. From any thread that has the object. */
FIRN_API size_t firn_slab_usable_size(const firn_slab *slab, const void *object);

/* Takes back what other threads released, and gives all pages that hold no object to the source. */
FIRN_API void firn_slab_trim(firn_slab *slab);

/* An allocator whose blocks live in the slab. It points to the slab, which must stay where it is.
 */
FIRN_API firn_allocator firn_slab_allocator(firn_slab *slab);

/* Checks the slab's own structure: FIRN_OK or FIRN_CORRUPT. O(all). */
FIRN_API FIRN_NODISCARD firn_status firn_slab_verify(const firn_slab *slab);

/* live: usable bytes of the living objects, those on their way from other threads included;
 * resident: what was handed out at some time and not discarded since. O(all). */
FIRN_API void firn_slab_usage(const firn_slab *slab, firn_usage *ret_usage);

FIRN_END

#endif
