/* The functions of the C library that allocate and free, for a whole process. Called by the program
 * that the library is preloaded into; calls blocks.c when nothing lies ready.
 *
 * In the tests' build RUN_PREFIX stands before each name, so that they can be called beside the
 * C library's own.
 */
#include "run/preload/blocks.h"
#include "run/preload/heap.h"
#include "run/preload/large.h"
#include "run/preload/range.h"
#include "run/preload/summary.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef RUN_PREFIX
#include "run/preload/prefixed.h"
#define NAME(name) firn_run_##name
#else
#define NAME(name) name
#endif
#define EXPORT __attribute__((visibility("default")))

static bool is_power_of_two(size_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static void *or_no_memory(void *block)
{
    if (block == NULL)
        errno = ENOMEM;
    return block;
}

/* A block of this thread's that lies ready; NULL when there is none. */
static inline void *take_ready(struct run_heap *heap, size_t size)
{
    void *block = __builtin_expect(size - 1 < heap->bump_max, 0)
                      ? run_bump_take(&heap->bump, size)
                      : firn_slab_alloc_ready(&heap->slab, size);
    if (block != NULL)
        run_count(heap, RUN_ALLOCATIONS);
    return block;
}

static void *alloc_aligned(size_t alignment, size_t size)
{
    if (size > PTRDIFF_MAX || alignment > PTRDIFF_MAX)
        return NULL;
    return run_blocks_alloc(alignment, size);
}

/* What is called behind the short way must be the last call there, so that the short way saves no
 * registers: gcc's compiler proper spends 12 % fewer instructions in malloc and free. */
static __attribute__((noinline)) void *alloc_or_fail(size_t size)
{
    return or_no_memory(alloc_aligned(16, size));
}

EXPORT void *NAME(malloc)(size_t size)
{
    void *block = take_ready(run_heap_mine, size);
    return __builtin_expect(block != NULL, 1) ? block : alloc_or_fail(size);
}

EXPORT void NAME(free)(void *block)
{
    if (block == NULL)
        return;
    size_t slot = run_slot_of(block);
    if (__builtin_expect(slot < RUN_SLOTS, 1)) {
        struct run_heap *heap = run_heap_mine;
        uintptr_t owner = run_owner_of_slot(slot);
        if (owner == (uintptr_t)heap ? firn_slab_release_ready(&heap->slab, block)
                                     : owner == RUN_OWNER_ARENA && heap->has_arena &&
                                           run_bump_free_exact(&heap->bump, block)) {
            run_count(heap, RUN_FREES);
            return;
        }
    }
    run_blocks_free(block, "free()");
}

EXPORT void *NAME(calloc)(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX)
        return or_no_memory(NULL);
    void *block = take_ready(run_heap_mine, bytes);
    if (__builtin_expect(block != NULL, 1))
        return memset(block, 0, bytes);
    return or_no_memory(run_blocks_alloc_zeroed(bytes));
}

EXPORT void *NAME(realloc)(void *block, size_t size)
{
    if (block == NULL)
        return NAME(malloc)(size);
    if (size == 0) { /* as in the C library of GNU */
        NAME(free)(block);
        return NULL;
    }
    return or_no_memory(size <= PTRDIFF_MAX ? run_blocks_resize(block, size) : NULL);
}

EXPORT void *NAME(reallocarray)(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return or_no_memory(NULL);
    return NAME(realloc)(block, bytes);
}

EXPORT int NAME(posix_memalign)(void **ret_block, size_t alignment, size_t size)
{
    if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
        return EINVAL;
    void *block = alloc_aligned(alignment, size);
    if (block == NULL)
        return ENOMEM;
    *ret_block = block;
    return 0;
}

EXPORT void *NAME(aligned_alloc)(size_t alignment, size_t size)
{
    if (!is_power_of_two(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    return or_no_memory(alloc_aligned(alignment, size));
}

/* As in the C library of GNU, the next power of two is taken. */
EXPORT void *NAME(memalign)(size_t alignment, size_t size)
{
    size_t power = 16;
    while (power < alignment && power <= PTRDIFF_MAX / 2)
        power *= 2;
    if (power < alignment) {
        errno = EINVAL;
        return NULL;
    }
    return or_no_memory(alloc_aligned(power, size));
}

EXPORT void *NAME(valloc)(size_t size)
{
    return NAME(memalign)((size_t)sysconf(_SC_PAGESIZE), size);
}

EXPORT void *NAME(pvalloc)(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (size > PTRDIFF_MAX - page)
        return or_no_memory(NULL);
    return NAME(memalign)(page, (size + page - 1) & ~(page - 1));
}

EXPORT size_t NAME(malloc_usable_size)(void *block)
{
    return block != NULL ? run_blocks_usable(block, "malloc_usable_size()") : 0;
}

EXPORT int NAME(malloc_trim)(size_t pad)
{
    (void)pad;
    size_t before = run_range_taken_bytes();
    run_blocks_trim();
    return run_range_taken_bytes() < before;
}

/* What it asks for is about another allocator; programs go on as if it were heeded. */
EXPORT int NAME(mallopt)(int parameter, int value)
{
    (void)parameter;
    (void)value;
    return 1;
}

/* Arenas count as used altogether. */
EXPORT struct mallinfo2 NAME(mallinfo2)(void)
{
    struct run_totals totals = run_totals_get();
    return (struct mallinfo2){
        .arena = totals.arena_bytes + totals.slab_held_bytes,
        .hblkhd = totals.large_live_bytes + totals.large_kept_bytes,
        .uordblks = totals.arena_bytes + totals.slab_live_bytes + totals.large_live_bytes,
        .fordblks = totals.slab_held_bytes - totals.slab_live_bytes + totals.large_kept_bytes,
    };
}

EXPORT struct mallinfo NAME(mallinfo)(void)
{
    struct mallinfo2 info = NAME(mallinfo2)();
    return (struct mallinfo){
        .arena = (int)info.arena,
        .hblkhd = (int)info.hblkhd,
        .uordblks = (int)info.uordblks,
        .fordblks = (int)info.fordblks,
    };
}
