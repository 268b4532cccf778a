/* Blocks: which part of the allocator has them. Called by malloc.c, which has the short way for
 * blocks that lie ready; calls heap.c, bump.c, large.c and libfirn's slabs.
 *
 *     up to 32 KiB, in the mode `compiler`   the thread's arena, until the ceiling is reached;
 *                                            then freed blocks of it, when the slab runs short
 *     up to 1 MiB                            the thread's slab
 *     above                                  slots of their own
 *
 * Another thread's block goes onto its slab's list of remote frees; an arena's goes into this
 * thread's arena. The owner takes its list back when it next runs short; because it may be asleep,
 * whoever frees much into a heap takes the list back for it, under the heap's lock.
 */
#include "run/preload/blocks.h"

#include "run/preload/complain.h"
#include "run/preload/heap.h"
#include "run/preload/large.h"
#include "run/preload/range.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define RECLAIM_WEIGHT 256 /* of blocks freed into other threads' heaps; each counts 1, */
#define WEIGHT_BYTES 1024  /* and 1 for each of this many bytes */

#define SLAB_ALIGNMENT_MAX ((size_t)64 << 10)
#define STAYS_BYTES 128 /* a block that is no larger is never moved to save space */

static RUN_TLS size_t freed_weight;

/* Threads that have no heap share nobody's counts. */
static void count(enum run_count which)
{
    struct run_heap *heap = run_heap_mine;
    if (heap == &run_heap_nobody)
        atomic_fetch_add_explicit(&heap->counts[which], 1, memory_order_relaxed);
    else
        run_count(heap, which);
}

/* --- allocation --- */

/* What is wanted of a block besides its size, and what is found out about it. */
struct wish {
    size_t alignment;
    bool zeroed;  /* it should be zero: */
    bool is_zero; /* it is */
};

static void *slab_alloc(struct run_heap *heap, size_t size, struct wish *wish)
{
    void *block = NULL;
    run_lock(&heap->lock);
    if (!run_heap_need_slab(heap)) {
        block = NULL;
    } else if (wish->alignment > 16) {
        block = firn_slab_alloc_aligned(&heap->slab, size, wish->alignment);
    } else if (wish->zeroed) { /* fresh pages need no memset */
        block = firn_slab_alloc_zeroed(&heap->slab, 1, size);
        wish->is_zero = true;
    } else {
        block = firn_slab_alloc(&heap->slab, size);
    }
    run_unlock(&heap->lock);
    return block;
}

/* A block of up to 1 MiB from this thread's heap. */
static void *small_alloc(size_t size, struct wish *wish)
{
    struct run_heap *heap = run_heap_mine;
    if (heap == &run_heap_nobody)
        heap = run_heap_thread_ended() ? run_heap_late() : run_heap_take();
    if (heap == NULL)
        return NULL;
    void *block = NULL;
    if (heap->has_arena && wish->alignment <= 16 && size <= RUN_BUMP_MAX - RUN_BUMP_HEAD) {
        block = run_bump_alloc(&heap->bump, size != 0 ? size : 1, heap->bump_max != 0);
        if (block == NULL)
            heap->bump_max = 0; /* from now on slabs come first */
    }
    return block != NULL ? block : slab_alloc(heap, size, wish);
}

static void *alloc(size_t size, struct wish *wish)
{
    if (size <= RUN_LARGE_MIN && wish->alignment <= SLAB_ALIGNMENT_MAX)
        return small_alloc(size, wish);
    return run_large_alloc(size != 0 ? size : 1, wish->alignment, &wish->is_zero);
}

void *run_blocks_alloc(size_t alignment, size_t size)
{
    struct wish wish = {.alignment = alignment};
    void *block = alloc(size, &wish);
    if (block != NULL)
        count(RUN_ALLOCATIONS);
    return block;
}

void *run_blocks_alloc_zeroed(size_t size)
{
    struct wish wish = {.alignment = 16, .zeroed = true};
    void *block = alloc(size, &wish);
    if (block != NULL)
        count(RUN_ALLOCATIONS);
    return block != NULL && !wish.is_zero ? memset(block, 0, size) : block;
}

/* --- release --- */

static void free_in_arena(void *block, const char *call)
{
    struct run_heap *heap = run_heap_mine;
    if (heap == &run_heap_nobody)
        heap = run_heap_take();
    if (heap == NULL) /* a thread at its end: its few blocks wait for the process's end */
        return;
    if (!run_bump_free(&heap->bump, block))
        run_die(call, block, "was freed before, or is no block");
}

static void free_in_slab(struct run_heap *heap, void *block, const char *call)
{
    if (heap == run_heap_mine) {
        run_lock(&heap->lock);
        firn_status status = firn_slab_release(&heap->slab, block);
        run_unlock(&heap->lock);
        if (status != FIRN_OK)
            run_die(call, block, "was freed before, or is no block");
        return;
    }
    size_t usable = firn_slab_usable_size(&heap->slab, block);
    if (usable == 0)
        run_die(call, block, "was freed before, or is no block");
    firn_slab_release_remote(&heap->slab, block);
    freed_weight += 1 + usable / WEIGHT_BYTES;
    if (freed_weight >= RECLAIM_WEIGHT && run_try_lock(&heap->lock)) {
        freed_weight = 0;
        firn_slab_reclaim(&heap->slab);
        run_unlock(&heap->lock);
    }
}

static void release(void *block, const char *call)
{
    uintptr_t owner = run_owner_of(block);
    if (owner == RUN_OWNER_ARENA)
        free_in_arena(block, call);
    else if (run_owner_is_heap(owner))
        free_in_slab((struct run_heap *)owner, block, call);
    else if (!run_large_is(owner) || !run_large_free(block))
        run_die(call, block, "was freed before, or is no block");
}

void run_blocks_free(void *block, const char *call)
{
    if (block == NULL)
        return;
    int error = errno;
    release(block, call);
    count(RUN_FREES);
    errno = error;
}

/* --- change --- */

size_t run_blocks_usable(void *block, const char *call)
{
    uintptr_t owner = run_owner_of(block);
    size_t usable = 0;
    if (owner == RUN_OWNER_ARENA)
        usable = run_bump_usable(block);
    else if (run_large_is(owner))
        usable = run_large_usable(block);
    else if (run_owner_is_heap(owner))
        usable = firn_slab_usable_size(&((struct run_heap *)owner)->slab, block);
    if (usable == 0)
        run_die(call, block, "is no block that lives");
    return usable;
}

/* Changes a block's size where its part of the allocator can do that better than by a copy: returns
 * where it is then, or NULL, the block staying as it was. */
static void *resize_there(uintptr_t owner, void *block, size_t usable, size_t size)
{
    struct run_heap *heap = run_heap_mine;
    if (owner == RUN_OWNER_ARENA)
        return heap->has_arena && run_bump_resize(&heap->bump, block, size) ? block : NULL;
    if (run_large_is(owner))
        return size > RUN_LARGE_MIN ? run_large_resize(block, size) : NULL;
    if (owner != (uintptr_t)heap || usable <= FIRN_SLAB_SMALL_MAX || size <= FIRN_SLAB_SMALL_MAX ||
        size > RUN_LARGE_MIN)
        return NULL;
    run_lock(&heap->lock);
    void *moved = firn_slab_realloc(&heap->slab, block, size);
    run_unlock(&heap->lock);
    return moved;
}

void *run_blocks_resize(void *block, size_t size)
{
    uintptr_t owner = run_owner_of(block);
    size_t usable = run_blocks_usable(block, "realloc()");
    void *moved = resize_there(owner, block, usable, size);
    if (moved == NULL && size <= usable && (size >= usable / 2 || usable <= STAYS_BYTES))
        moved = block;
    if (moved == NULL) {
        struct wish wish = {.alignment = 16};
        moved = alloc(size, &wish);
        if (moved == NULL)
            return size <= usable ? block : NULL;
        memcpy(moved, block, size < usable ? size : usable);
        release(block, "realloc()");
    }
    count(RUN_RESIZES);
    if (moved == block)
        count(RUN_RESIZES_IN_PLACE);
    return moved;
}

void run_blocks_trim(void)
{
    run_heap_trim();
    run_large_trim();
}
