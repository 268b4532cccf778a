/* Arenas: objects are bumped off a chunk, chunks are kept in a list, newest first. All parts and
 * programs may use one; calls only its allocator.
 *
 *   arena.chunk -> newest -> ... -> oldest -> NULL      arena.spare -> kept for later -> ...
 *                  | header 32 B | objects | free |
 *
 * The bump chunk is the one that small objects come from. A chunk made for a large object becomes
 * it only when it has more room left than the present one, so large objects waste no room.
 *
 * Invariants:
 *   I1  next and end lie in the bump chunk, next <= end; both NULL while there is no chunk
 *   I2  every chunk's `bump` is the bump chunk of the time when it was the newest
 *   I3  used of a chunk counts its object bytes; tail and next tell that of the present bump chunk
 *   I4  reserved is the sum of all chunks, spare ones too, and at most the limit
 *   I5  with AddressSanitizer exactly the headers and the living objects can be touched
 *   I6  sizes of chunks, and so end, are multiples of 16, and next is one of step
 *   I7  tail is the end of the newest object, and next the multiple of step after it, until an
 *       inlined call moves next on by that much or more and leaves tail behind
 *   I8  step is 16 and by_8 empty, or in a context's arena 8 and by_16 empty, so that
 *       firn_arena_alloc finds no room, comes here and gets its 16 there too
 *
 * Threads: one. Complexity: O(1); a new chunk looks at up to 8 spare ones, and gives back as much
 * as it takes, so that odd sizes do not pile up. Follows Hanson (1990).
 */
#include <firn/arena.h>

#include <assert.h>
#include <string.h>

#ifdef FIRN_ARENA_POISONED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

#define FIRST_CHUNK_BYTES 4096
#define MAX_CHUNK_BYTES ((size_t)1 << 20)
#define MAX_ALIGNMENT 4096
#define SPARES_LOOKED_AT 8

struct firn_arena_chunk {
    struct firn_arena_chunk *previous; /* older one, or the next spare one */
    struct firn_arena_chunk *bump;     /* I2 */
    size_t size;                       /* all of it, header included */
    size_t used;                       /* I3 */
};

typedef struct firn_arena_chunk chunk;

#define HEADER_BYTES sizeof(chunk)
_Static_assert(sizeof(void *) != 8 || sizeof(chunk) == 32, "a header is 32 bytes");
_Static_assert(sizeof(chunk) % 16 == 0, "objects start aligned");

static uint8_t *chunk_start(chunk *of)
{
    return (uint8_t *)of + HEADER_BYTES;
}

static uint8_t *chunk_end(chunk *of)
{
    return (uint8_t *)of + of->size;
}

/* Which of the two the arena's objects come from. */
static struct firn_arena_bump *bump_of(firn_arena *arena)
{
    return arena->step == 16 ? &arena->by_16 : &arena->by_8;
}

static const struct firn_arena_bump *const_bump_of(const firn_arena *arena)
{
    return arena->step == 16 ? &arena->by_16 : &arena->by_8;
}

firn_status firn_arena_init(firn_arena *arena, const firn_arena_options *options)
{
    static const firn_arena_options defaults;
    if (options == NULL)
        options = &defaults;
    size_t first = options->first_chunk_bytes != 0 ? options->first_chunk_bytes : FIRST_CHUNK_BYTES;
    if (first < 64 || first > (size_t)1 << 30 || options->reserved[0] != 0 ||
        options->reserved[1] != 0)
        return FIRN_INVALID;
    *arena = (firn_arena){
        .step = 16,
        .allocator = options->allocator,
        .limit_bytes = options->limit_bytes,
        .chunk_bytes = first & ~(size_t)15,
    };
    return FIRN_OK;
}

static void release_chunk(firn_arena *arena, chunk *of)
{
    ASAN_UNPOISON_MEMORY_REGION(chunk_start(of), of->size - HEADER_BYTES);
    assert(arena->reserved_bytes >= of->size); /* I4 */
    arena->reserved_bytes -= of->size;
    firn_release(arena->allocator, of, of->size);
}

static void release_list(firn_arena *arena, chunk **list)
{
    while (*list != NULL) {
        chunk *first = *list;
        *list = first->previous;
        release_chunk(arena, first);
    }
}

void firn_arena_fini(firn_arena *arena)
{
    release_list(arena, &arena->chunk);
    release_list(arena, &arena->spare);
    *bump_of(arena) = (struct firn_arena_bump){NULL, NULL};
    arena->tail = NULL;
    assert(arena->reserved_bytes == 0); /* I4 */
}

void firn_arena_trim(firn_arena *arena)
{
    release_list(arena, &arena->spare);
}

/* Takes a spare chunk of at least size bytes, NULL when none of the first few is large enough. */
static chunk *take_spare(firn_arena *arena, size_t size)
{
    chunk **link = &arena->spare;
    for (int i = 0; i < SPARES_LOOKED_AT && *link != NULL; i++, link = &(*link)->previous) {
        chunk *found = *link;
        if (found->size >= size) {
            *link = found->previous;
            return found;
        }
    }
    return NULL;
}

static bool over_limit(const firn_arena *arena, size_t size)
{
    return arena->limit_bytes != 0 &&
           (size > arena->limit_bytes || arena->reserved_bytes > arena->limit_bytes - size);
}

/* Gives spare chunks back that do not fit a wish for size bytes, until they make up for it and the
 * limit allows it. */
static void give_way(firn_arena *arena, size_t size)
{
    size_t given = 0;
    while (arena->spare != NULL && (given < size || over_limit(arena, size))) {
        chunk *first = arena->spare;
        arena->spare = first->previous;
        given += first->size;
        release_chunk(arena, first);
    }
}

/* Gets a chunk with room for an object of size bytes; NULL for want of memory or by the limit. */
static chunk *get_chunk(firn_arena *arena, size_t size)
{
    size_t needed = (HEADER_BYTES + size + 15) & ~(size_t)15; /* I6 */
    chunk *found = take_spare(arena, needed);
    if (found != NULL)
        return found;
    give_way(arena, needed);
    size_t bytes =
        size > arena->chunk_bytes / 4 || needed > arena->chunk_bytes ? needed : arena->chunk_bytes;
    if (over_limit(arena, bytes)) { /* a smaller one may still do */
        if (over_limit(arena, needed))
            return NULL;
        bytes = (arena->limit_bytes - arena->reserved_bytes) & ~(size_t)15;
    }
    found = firn_allocate(arena->allocator, bytes);
    if (found == NULL)
        return NULL;
    found->size = bytes;
    arena->reserved_bytes += bytes;
    if (arena->chunk_bytes < MAX_CHUNK_BYTES / 2)
        arena->chunk_bytes *= 2;
    else if (arena->chunk_bytes < MAX_CHUNK_BYTES)
        arena->chunk_bytes = MAX_CHUNK_BYTES;
    ASAN_POISON_MEMORY_REGION(chunk_start(found), bytes - HEADER_BYTES); /* I5 */
    return found;
}

static size_t padding(const uint8_t *at, size_t alignment)
{
    return (size_t)(-(uintptr_t)at & (alignment - 1));
}

/* Whether no inlined call made an object since the tail was set. */
static bool tail_is_known(const firn_arena *arena)
{
    return (uintptr_t)const_bump_of(arena)->next - (uintptr_t)arena->tail < arena->step; /* I7 */
}

static uint8_t *tail_of(const firn_arena *arena)
{
    return tail_is_known(arena) ? arena->tail : const_bump_of(arena)->next;
}

/* Whether the newest object of the bump chunk ends there. */
static bool newest_ends(const firn_arena *arena, const uint8_t *at)
{
    if (tail_is_known(arena))
        return at == arena->tail;
    return at + padding(at, arena->step) == const_bump_of(arena)->next;
}

static void set_tail(firn_arena *arena, uint8_t *tail)
{
    struct firn_arena_bump *room = bump_of(arena);
    size_t mask = arena->step - 1;
    arena->tail = tail;
    room->next = (uint8_t *)(((uintptr_t)tail + mask) & ~(uintptr_t)mask);
    assert(room->next <= room->end); /* I1 */
}

static void set_bump(firn_arena *arena, chunk *bump, uint8_t *tail)
{
    bump_of(arena)->end = bump != NULL ? chunk_end(bump) : NULL;
    assert((uintptr_t)bump_of(arena)->end % 16 == 0); /* I6 */
    set_tail(arena, tail);
}

static void *alloc_in_new_chunk(firn_arena *arena, size_t size, size_t alignment)
{
    if (size > PTRDIFF_MAX - HEADER_BYTES - MAX_ALIGNMENT)
        return NULL;
    chunk *made = get_chunk(arena, size + (alignment > 16 ? alignment - 16 : 0));
    if (made == NULL)
        return NULL;
    uint8_t *object = chunk_start(made);
    object += padding(object, alignment);
    ASAN_UNPOISON_MEMORY_REGION(object, size);

    chunk *bump = arena->chunk != NULL ? arena->chunk->bump : NULL;
    made->previous = arena->chunk;
    made->used = (size_t)(object + size - chunk_start(made));
    arena->chunk = made;
    if (bump != NULL &&
        chunk_end(made) - (object + size) <= bump_of(arena)->end - bump_of(arena)->next) {
        made->bump = bump;
        return object;
    }
    if (bump != NULL)
        bump->used = (size_t)(tail_of(arena) - chunk_start(bump)); /* I3 */
    made->bump = made;
    set_bump(arena, made, object + size);
    return object;
}

void *firn_arena_alloc_aligned(firn_arena *arena, size_t size, size_t alignment)
{
    if (alignment == 0 || alignment > MAX_ALIGNMENT || (alignment & (alignment - 1)) != 0)
        return NULL;
    size = size != 0 ? size : 1;
    uint8_t *at = tail_of(arena);
    size_t room = (size_t)(bump_of(arena)->end - at), skip = padding(at, alignment);
    if (skip > room || size > room - skip)
        return alloc_in_new_chunk(arena, size, alignment);
    uint8_t *object = at + skip;
    ASAN_UNPOISON_MEMORY_REGION(object, size);
    set_tail(arena, object + size);
    return object;
}

void *firn_arena_alloc_zeroed(firn_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *object = firn_arena_alloc_aligned(arena, bytes, 16);
    if (object != NULL)
        memset(object, 0, bytes);
    return object;
}

void *firn_arena_realloc(firn_arena *arena, void *object, size_t old_size, size_t new_size)
{
    if (object == NULL)
        return firn_arena_alloc_aligned(arena, new_size, 16);
    old_size = old_size != 0 ? old_size : 1;
    new_size = new_size != 0 ? new_size : 1;
    uint8_t *at = object;
    bool newest = newest_ends(arena, at + old_size);
    if (new_size <= old_size || (newest && new_size <= (size_t)(bump_of(arena)->end - at))) {
        if (new_size < old_size)
            ASAN_POISON_MEMORY_REGION(at + new_size, old_size - new_size);
        else
            ASAN_UNPOISON_MEMORY_REGION(at, new_size);
        if (newest)
            set_tail(arena, at + new_size);
        return object;
    }
    void *moved = firn_arena_alloc_aligned(arena, new_size, 16);
    if (moved == NULL)
        return NULL;
    memcpy(moved, object, old_size);
    ASAN_POISON_MEMORY_REGION(object, old_size);
    return moved;
}

char *firn_arena_strndup(firn_arena *arena, const char *text, size_t size)
{
    if (size == SIZE_MAX)
        return NULL;
    char *copy = firn_arena_alloc_aligned(arena, size + 1, 1);
    if (copy == NULL)
        return NULL;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

firn_arena_mark firn_arena_mark_get(const firn_arena *arena)
{
    return (firn_arena_mark){arena->chunk, tail_of(arena)};
}

void firn_arena_rewind(firn_arena *arena, firn_arena_mark mark)
{
    while (arena->chunk != mark.chunk) {
        chunk *newest = arena->chunk;
        assert(newest != NULL); /* else the mark is dead */
        arena->chunk = newest->previous;
        ASAN_POISON_MEMORY_REGION(chunk_start(newest), newest->size - HEADER_BYTES); /* I5 */
        newest->previous = arena->spare;
        arena->spare = newest;
    }
    set_bump(arena, mark.chunk != NULL ? mark.chunk->bump : NULL, mark.next); /* I2 */
    ASAN_POISON_MEMORY_REGION(arena->tail, (size_t)(bump_of(arena)->end - arena->tail));
}

void firn_arena_reset(firn_arena *arena)
{
    firn_arena_rewind(arena, (firn_arena_mark){NULL, NULL});
}

static void *allocator_allocate(void *context, size_t size)
{
    return firn_arena_alloc_aligned(context, size, 16);
}

static void *allocator_reallocate(void *context, void *block, size_t old_size, size_t new_size)
{
    return firn_arena_realloc(context, block, old_size, new_size);
}

static void allocator_release(void *context, void *block, size_t size)
{
    firn_arena *arena = context;
    ASAN_POISON_MEMORY_REGION(block, size);
    if (newest_ends(arena, (uint8_t *)block + size))
        set_tail(arena, block);
}

firn_allocator firn_arena_allocator(firn_arena *arena)
{
    return (firn_allocator){allocator_allocate, allocator_reallocate, allocator_release, arena};
}

void firn_arena_usage(const firn_arena *arena, firn_usage *ret_usage)
{
    uint64_t live = 0, overhead = 0;
    chunk *bump = arena->chunk != NULL ? arena->chunk->bump : NULL;
    for (chunk *at = arena->chunk; at != NULL; at = at->previous) {
        live += at == bump ? (size_t)(tail_of(arena) - chunk_start(at)) : at->used;
        overhead += HEADER_BYTES;
    }
    for (chunk *at = arena->spare; at != NULL; at = at->previous)
        overhead += HEADER_BYTES;
    assert(live + overhead <= arena->reserved_bytes);
    *ret_usage = (firn_usage){
        .live_bytes = live,
        .overhead_bytes = overhead,
        .reserved_bytes = arena->reserved_bytes,
        .resident_bytes = arena->reserved_bytes,
    };
}
