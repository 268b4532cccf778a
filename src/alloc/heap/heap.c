/* The life of a heap: options checked, the range reserved, everything given back. Called by the
 * program; the work is done in the other files of this folder, whose layout and nouns space.h
 * tells:
 *
 *   allocate  the slow path              nursery   minor collections
 *   collect   when to do what            mark      marking of the old space
 *   blocks    the range                  compact   emptying sparse blocks
 *   old       cells and sweeping         roots, weak, finalise, type
 *   large     large objects              pause, walk, verify
 *
 * Threads: one, for each heap. Memory: the range and its tables from the kernel, the rest from the
 * allocator.
 */
#include "alloc/heap/blocks.h"
#include "alloc/heap/collect.h"
#include "alloc/heap/finalise.h"
#include "alloc/heap/mark.h"
#include "alloc/heap/old.h"
#include "alloc/heap/roots.h"
#include "alloc/heap/type.h"
#include "alloc/heap/weak.h"

#define LIMIT_DEFAULT ((size_t)16 << 30)
#define LIMIT_MAX ((size_t)1 << 42)
#define NURSERY_DEFAULT ((size_t)8 << 20)
#define NURSERY_PART 16 /* of the limit, if that is less */
#define NURSERY_MIN ((size_t)128 << 10)
#define NURSERY_MAX ((size_t)256 << 20)
#define PAUSE_DEFAULT_NS 2000000
#define PAUSE_MIN_NS 100000
#define STEP_DEFAULT ((size_t)4 << 20)
#define STEP_MIN 4096
#define OPTION_MAX ((uint64_t)1 << 61) /* so that sums do not overflow */
#define AGE_DEFAULT 3
#define AGE_MAX 15
#define GROWTH_MIN 10
#define GROWTH_MAX 1000

#ifdef FIRN_GCSTRESS
#define ALWAYS_STRESS true
#else
#define ALWAYS_STRESS false
#endif

/* *value, or the default for 0; false when it is out of range. */
static bool take(uint64_t *value, uint64_t usual, uint64_t least, uint64_t most)
{
    *value = *value != 0 ? *value : usual;
    return *value >= least && *value <= most;
}

static uint64_t limit_least(uint64_t nursery)
{
    return 4 * nursery + ((uint64_t)8 << 20);
}

/* What a heap with this limit has room for. */
static uint64_t usual_nursery(uint64_t limit)
{
    uint64_t nursery = NURSERY_DEFAULT;
    while (limit != 0 && nursery > NURSERY_MIN &&
           (limit < limit_least(nursery) || nursery > limit / NURSERY_PART))
        nursery /= 2;
    return nursery;
}

static bool take_options(struct heap *heap, const firn_heap_options *options)
{
    uint64_t limit = options->limit_bytes, nursery = options->nursery_bytes;
    uint64_t pause = options->pause_target_ns, step = options->step_bytes;
    uint64_t age = options->promote_age, growth = options->growth_percent;
    if (options->reserved[0] != 0 || options->reserved[1] != 0 ||
        !take(&nursery, usual_nursery(limit), NURSERY_MIN, NURSERY_MAX) ||
        !take(&limit, LIMIT_DEFAULT, limit_least(nursery), LIMIT_MAX) ||
        !take(&pause, PAUSE_DEFAULT_NS, PAUSE_MIN_NS, OPTION_MAX) ||
        !take(&step, STEP_DEFAULT, STEP_MIN, OPTION_MAX) || !take(&age, AGE_DEFAULT, 1, AGE_MAX) ||
        (growth != 0 && !take(&growth, 0, GROWTH_MIN, GROWTH_MAX)))
        return false;
    heap->limit_bytes = limit;
    heap->nursery_bytes = (nursery + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1);
    heap->pause_target_ns = pause;
    heap->step_bytes = step;
    heap->promote_age = (uint32_t)age;
    heap->tenure = 1; /* what a program makes first often lives: see adapt_tenure */
    heap->growth_percent = (uint32_t)growth;
    heap->growth = (uint32_t)growth;
    heap->fixed_nursery = options->fixed_nursery;
    heap->no_compaction = options->no_compaction;
    heap->stress = options->stress || ALWAYS_STRESS;
    heap->allocator = options->allocator;
    return true;
}

firn_status firn_heap_create(const firn_heap_options *options, firn_heap **ret_heap)
{
    static const firn_heap_options usual;
    options = options != NULL ? options : &usual;
    struct heap *heap = firn_allocate_zeroed(options->allocator, 1, sizeof *heap);
    if (heap == NULL)
        return FIRN_NO_MEMORY;
    firn_status status = FIRN_INVALID;
    if (!take_options(heap, options)) {
        firn_release(options->allocator, heap, sizeof *heap);
        return status;
    }
    status = firn_blocks_init(heap);
    if (status != FIRN_OK)
        goto fail;
    firn_old_init(heap);
    status = FIRN_NO_MEMORY;
    if (!firn_mark_init(heap))
        goto fail;
    heap->runway_bytes = SIZE_MAX; /* nothing is known yet */
    firn_collect_aim(heap);
    status = firn_collect_open(heap);
    if (status != FIRN_OK)
        goto fail;
    *ret_heap = &heap->front;
    return FIRN_OK;
fail:
    firn_heap_destroy(&heap->front);
    return status;
}

void firn_heap_destroy(firn_heap *front)
{
    if (front == NULL)
        return;
    struct heap *heap = heap_of(front);
    firn_roots_fini(heap);
    firn_weak_fini(heap);
    firn_final_fini(heap);
    firn_type_fini(heap);
    firn_blocks_fini(heap);
    firn_release(heap->allocator, heap, sizeof *heap);
}
