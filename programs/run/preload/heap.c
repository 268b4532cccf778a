/* Heaps and the threads that own them: see heap.h. Called by blocks.c; calls range.c, bump.c and
 * libfirn's slabs.
 *
 * Invariants:
 *   I1  a heap is owned by one living thread, or is in the list of orphans, or is the late one
 *   I2  a slot of the range's table names the heap in whose slab it is
 *
 * A thread leaves its heap in the last round of its keys' destructors, so that those of others find
 * it. In the child of a fork the other threads are gone amid whatever they did: their slabs' backs
 * are whole, because all locks were held, and what only they used without a lock (caches, arenas)
 * is forgotten, which loses at most 32 KiB a size class and what their arenas had free.
 */
#include "run/preload/heap.h"

#include "run/preload/large.h"
#include "run/preload/range.h"

#include <limits.h>

/* With less, gcc's compiler proper takes more page faults: 7,300 for 13,100 with 512 KiB. With more
 * it needs more memory than on the C library's allocator. */
#define KEPT_BYTES ((size_t)2 << 20)
/* Heaps that are left as they are for the next threads: giving their free pages back and taking new
 * ones costs a short thread 80 us. */
#define WARM_ORPHANS 4
#define BLOCK_BYTES ((size_t)65536) /* of memory for heaps, at a time */

#ifdef __SANITIZE_THREAD__ /* ThreadSanitizer has the last round to itself */
#define END_ROUNDS (PTHREAD_DESTRUCTOR_ITERATIONS - 1)
#else
#define END_ROUNDS PTHREAD_DESTRUCTOR_ITERATIONS
#endif

static struct firn_slab_front empty_front;

struct run_heap run_heap_nobody = {.slab = {.front = &empty_front}};
RUN_TLS struct run_heap *run_heap_mine = &run_heap_nobody;
RUN_TLS bool run_forking;
static RUN_TLS bool has_ended;

static struct {
    pthread_mutex_t lock;
    struct run_heap *heaps, *orphans, *late;
    unsigned orphan_count;
    struct run_heap *spare, *spare_end; /* memory for further heaps */
    pthread_key_t key;
    bool has_key;
    bool has_arenas;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct run_heap main_heap; /* the first one, so that a small program maps nothing for it */

/* --- slabs over the range --- */

static void *source_map(void *context, size_t size, size_t alignment)
{
    if (size != RUN_SLOT_BYTES || alignment > RUN_SLOT_BYTES)
        return NULL;                                                 /* no block is so large */
    return run_range_take(1, 0, (uintptr_t)context, RUN_OWNER_NONE); /* I2 */
}

static void source_unmap(void *context, void *pages, size_t size)
{
    (void)context;
    run_range_give(pages, size / RUN_SLOT_BYTES);
}

static void source_discard(void *context, void *pages, size_t size)
{
    (void)context;
    run_range_discard(pages, size);
}

bool run_heap_need_slab(struct run_heap *heap)
{
    if (heap->slab.front != &empty_front)
        return true;
    const firn_page_source source = {.map = source_map,
                                     .unmap = source_unmap,
                                     .discard = source_discard,
                                     .context = heap,
                                     .zeroed = true};
    const firn_slab_options options = {.source = &source, .kept_bytes = KEPT_BYTES};
    return firn_slab_init(&heap->slab, &options) == FIRN_OK;
}

/* --- making and leaving heaps, under the registry's lock --- */

static struct run_heap *make_heap(void)
{
    struct run_heap *heap = &main_heap;
    if (registry.heaps != NULL) {
        if (registry.spare == registry.spare_end) {
            const firn_page_source system = firn_page_source_system();
            registry.spare = system.map(system.context, BLOCK_BYTES, BLOCK_BYTES);
            registry.spare_end = registry.spare;
            if (registry.spare == NULL)
                return NULL;
            registry.spare_end += BLOCK_BYTES / sizeof(struct run_heap);
        }
        heap = registry.spare++;
    }
    heap->slab.front = &empty_front;
    pthread_mutex_init(&heap->lock, NULL);
    heap->next = registry.heaps;
    registry.heaps = heap;
    return heap;
}

static void add_orphan(struct run_heap *heap)
{
    heap->is_owned = false;
    heap->next_orphan = registry.orphans;
    registry.orphans = heap;
    registry.orphan_count++;
}

/* The destructor of registry.key: called END_ROUNDS times. */
static void leave_heap(void *context)
{
    struct run_heap *heap = context;
    if (++heap->end_rounds < END_ROUNDS && pthread_setspecific(registry.key, heap) == 0)
        return;
    has_ended = true;
    run_heap_mine = &run_heap_nobody;
    run_lock(&registry.lock);
    bool is_warm = registry.orphan_count < WARM_ORPHANS;
    run_unlock(&registry.lock);
    run_lock(&heap->lock);
    if (!is_warm && heap->slab.front != &empty_front)
        firn_slab_trim(&heap->slab);
    run_unlock(&heap->lock);
    run_lock(&registry.lock);
    add_orphan(heap); /* I1 */
    run_unlock(&registry.lock);
}

static void open_arena(struct run_heap *heap)
{
    heap->has_arena = true;
    heap->bump_max = RUN_BUMP_EXACT - RUN_BUMP_HEAD;
}

struct run_heap *run_heap_take(void)
{
    if (has_ended)
        return NULL;
    run_lock(&registry.lock);
    if (!registry.has_key)
        registry.has_key = pthread_key_create(&registry.key, leave_heap) == 0;
    struct run_heap *heap = registry.orphans;
    if (heap != NULL) {
        registry.orphans = heap->next_orphan;
        registry.orphan_count--;
    } else {
        heap = make_heap();
    }
    if (heap != NULL) {
        heap->is_owned = true;
        heap->end_rounds = 0;
        if (registry.has_arenas)
            open_arena(heap);
        run_heap_mine = heap;
    }
    run_unlock(&registry.lock);
    /* This may allocate, and then does so in the new heap. A heap that cannot be entered stays with
     * its thread for ever. */
    if (heap != NULL && registry.has_key)
        (void)pthread_setspecific(registry.key, heap);
    return heap;
}

bool run_heap_thread_ended(void)
{
    return has_ended;
}

struct run_heap *run_heap_late(void)
{
    run_lock(&registry.lock);
    if (registry.late == NULL)
        registry.late = make_heap();
    struct run_heap *heap = registry.late;
    run_unlock(&registry.lock);
    return heap;
}

firn_usage run_heap_usage(struct run_heap *heap)
{
    firn_usage usage = {0};
    if (run_try_lock(&heap->lock)) {
        if (heap->slab.front != &empty_front)
            firn_slab_usage(&heap->slab, &usage);
        run_unlock(&heap->lock);
    }
    return usage;
}

struct run_heap *run_heap_first(void)
{
    run_lock(&registry.lock);
    struct run_heap *heap = registry.heaps;
    run_unlock(&registry.lock);
    return heap;
}

void run_heap_trim(void)
{
    run_lock(&registry.lock); /* orphans stay orphans */
    for (struct run_heap *heap = registry.heaps; heap != NULL; heap = heap->next) {
        if (!run_try_lock(&heap->lock))
            continue;
        bool is_others = heap->is_owned && heap != run_heap_mine;
        if (heap->slab.front != &empty_front)
            (is_others ? firn_slab_reclaim : firn_slab_trim)(&heap->slab);
        run_unlock(&heap->lock);
    }
    run_unlock(&registry.lock);
}

void run_heap_use_arenas(void)
{
    run_lock(&registry.lock);
    registry.has_arenas = true;
    if (run_heap_mine != &run_heap_nobody)
        open_arena(run_heap_mine);
    run_unlock(&registry.lock);
}

/* --- fork --- */

static void before_fork(void)
{
    pthread_mutex_lock(&registry.lock);
    for (struct run_heap *heap = registry.heaps; heap != NULL; heap = heap->next)
        pthread_mutex_lock(&heap->lock);
    run_large_fork_lock();
    run_range_fork_lock();
    run_forking = true;
}

static void after_fork_in_parent(void)
{
    run_forking = false;
    run_range_fork_unlock(false);
    run_large_fork_unlock(false);
    for (struct run_heap *heap = registry.heaps; heap != NULL; heap = heap->next)
        pthread_mutex_unlock(&heap->lock);
    pthread_mutex_unlock(&registry.lock);
}

static void after_fork_in_child(void)
{
    run_forking = false;
    run_range_fork_unlock(true);
    run_large_fork_unlock(true);
    pthread_mutex_init(&registry.lock, NULL);
    for (struct run_heap *heap = registry.heaps; heap != NULL; heap = heap->next) {
        pthread_mutex_init(&heap->lock, NULL);
        if (!heap->is_owned || heap == run_heap_mine)
            continue;
        if (heap->slab.front != &empty_front)
            firn_slab_forget_ready(&heap->slab);
        heap->bump = (struct run_bump){.next = NULL};
        add_orphan(heap);
    }
}

void run_heap_watch_forks(void)
{
    (void)pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
