/* Bump allocation: objects that die together. The first chunk comes with the first object, chunks
 * grow from 4 KiB by doubling up to 1 MiB, and an object larger than a quarter of a chunk gets a
 * chunk of its own. Follows Hanson, "Fast allocation and deallocation of memory based on object
 * lifetimes" (1990).
 *
 * Confined to one thread. Poisoned under AddressSanitizer, so that a use after a reset or a rewind
 * is caught. */
#ifndef FIRN_ARENA_H
#define FIRN_ARENA_H

#include <firn/allocator.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

struct firn_arena_chunk;

/* Private from here to firn_arena_options, but here, so that firn_arena_alloc is inlined. */
struct firn_arena_bump {
    uint8_t *next; /* where the next object goes, at a multiple of step */
    uint8_t *end;  /* of the current chunk */
};

typedef struct firn_arena {
    struct firn_arena_bump by_16; /* of firn_arena_alloc, where step is 16; else empty */
    struct firn_arena_bump by_8;  /* of a context, where step is 8; else empty */
    uint8_t *tail;                /* the newest object's end, if less than step before next */
    size_t step;
    struct firn_arena_chunk *chunk; /* the current one; the others hang from it */
    struct firn_arena_chunk *spare; /* kept by a reset or a rewind for later */
    const firn_allocator *allocator;
    size_t limit_bytes;
    size_t reserved_bytes;
    size_t chunk_bytes; /* of the next chunk */
} firn_arena;

typedef struct firn_arena_options {
    const firn_allocator *allocator; /* where chunks come from; NULL: the system's */
    size_t limit_bytes;              /* of all chunks; 0: none. Below 48 no object is ever made */
    size_t first_chunk_bytes; /* 0: 4,096; else 64 to 2^30, of which a multiple of 16 is taken;
                                 less where the limit asks for it */
    size_t reserved[2];       /* must be 0 */
} firn_arena_options;

/* Makes an arena in the caller's struct; allocates nothing. options may be NULL. FIRN_INVALID for a
 * first chunk out of its range or a reserved field, with the struct left as it was. */
FIRN_API FIRN_NODISCARD firn_status firn_arena_init(firn_arena *arena,
                                                    const firn_arena_options *options);
/* Gives all chunks back. Also for a zeroed struct. */
FIRN_API void firn_arena_fini(firn_arena *arena);

/* Allocates size bytes (0 is taken as 1) at a multiple of alignment (a power of two up to 4,096);
 * not zeroed. Objects of less than 16 are packed. Lives until a reset, a rewind to before it, or
 * fini. NULL when there is no memory, which holds for any size up to SIZE_MAX, when the limit is
 * reached, or for another alignment; the arena stays usable. O(1). */
FIRN_API void *firn_arena_alloc_aligned(firn_arena *arena, size_t size, size_t alignment);

#if defined(__SANITIZE_ADDRESS__)
#define FIRN_ARENA_POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIRN_ARENA_POISONED 1
#endif
#endif

/* The same, aligned to 16 bytes. */
static inline void *firn_arena_alloc(firn_arena *arena, size_t size)
{
#if !defined(FIRN_ARENA_POISONED) && defined(__GNUC__)
    /* The size is rounded, not the address: one addition is all that the next object waits for,
     * 0.73 ns instead of 0.93. Rounded it fits where it did before, as end is a multiple of 16 too;
     * 0 and what would wrap become 0 and go the other way, by a jump that needs no compare. */
    uint8_t *object = arena->by_16.next;
    size_t rounded = (size + 15) & ~(size_t)15;
    if (__builtin_expect(rounded != 0, 1) &&
        rounded <= (uintptr_t)arena->by_16.end - (uintptr_t)object) {
        arena->by_16.next = object + rounded;
        return object;
    }
#endif
    return firn_arena_alloc_aligned(arena, size, 16);
}

/* The same, zeroed; NULL also when count * size overflows. */
FIRN_API void *firn_arena_alloc_zeroed(firn_arena *arena, size_t count, size_t size);

/* Changes the size of an object; in place when it is the newest and there is room, else by a copy,
 * aligned to 16. object NULL is a new one; else it must be a living object of this arena and
 * old_size what it was made or last changed with, which nothing checks. Sizes 0 are taken as 1.
 * NULL when there is no memory, the object staying as it was. */
FIRN_API void *firn_arena_realloc(firn_arena *arena, void *object, size_t old_size,
                                  size_t new_size);

/* Copies size bytes of text and a final NUL. NULL when there is no memory; text may be NULL with
 * size 0. */
FIRN_API char *firn_arena_strndup(firn_arena *arena, const char *text, size_t size);

/* A point to come back to. A mark dies with a reset or a rewind to an earlier mark; a rewind to a
 * dead mark, or to another arena's, is undefined (builds with assertions stop at most). An object
 * whose size is changed after a mark counts as made after it. */
typedef struct firn_arena_mark {
    struct firn_arena_chunk *chunk;
    uint8_t *next;
} firn_arena_mark;
FIRN_API firn_arena_mark firn_arena_mark_get(const firn_arena *arena);
/* Frees all objects made since the mark; chunks are kept for later. */
FIRN_API void firn_arena_rewind(firn_arena *arena, firn_arena_mark mark);

/* Frees all objects, keeps the chunks. */
FIRN_API void firn_arena_reset(firn_arena *arena);
/* Gives chunks that hold no object back to the allocator. */
FIRN_API void firn_arena_trim(firn_arena *arena);

/* An allocator whose blocks live in the arena; release frees only the newest block, and leaves
 * others to the arena, so that one released twice changes nothing while it is not the newest. It
 * points to the arena, which must stay where it is. */
FIRN_API firn_allocator firn_arena_allocator(firn_arena *arena);

/* live: bytes of objects with their alignment and rounding; resident is taken as reserved. */
FIRN_API void firn_arena_usage(const firn_arena *arena, firn_usage *ret_usage);

FIRN_END

#endif
