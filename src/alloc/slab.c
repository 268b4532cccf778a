/* Slabs: the calls. Each class has a cache, an array of free objects, last in first out, which the
 * inlined calls in the header work on without touching an object; when it is empty or full, half of
 * it is fetched from or given to the spans. Objects above the classes are runs of units or huge.
 *
 * Invariants:
 *   I1  begin <= top <= end for each cache, its objects are of its class, used in their spans, and
 *       nobody else's; begin[-1] is NULL
 *   I2  all that the state points to lies in the segments; nothing there points to the handle
 *   I3  in checked builds caches have no room, so that all calls come here and can look
 *
 * Threads: one, but for release_remote, which pushes on a list that is taken whole (no ABA).
 * Complexity: O(1), amortised. Follows Bonwick's magazines (2001) and tcmalloc's thread caches.
 */
#include "alloc/slab.h"

#include <assert.h>
#include <string.h>

#define CACHE_OBJECTS_MAX 64
#define CACHE_BYTES_MAX 32768
#define KEPT_UNITS 32 /* 512 KiB, */
#define KEPT_PART 8   /* or where the user says how much, at least an eighth */

static size_t cache_capacity(uint32_t class)
{
#ifdef FIRN_CHECKED
    (void)class;
    return 0; /* I3 */
#else
    size_t count = CACHE_BYTES_MAX / firn_class_size(class);
    return count > CACHE_OBJECTS_MAX ? CACHE_OBJECTS_MAX : count < 2 ? 2 : count;
#endif
}

/* The fewest units whose slots waste at most a sixteenth, at least four slots of the large classes.
 */
static uint8_t units_for(uint32_t class)
{
    for (uint8_t units = 1;; units++) {
        size_t capacity = firn_span_capacity(class, units), bytes = units * FIRN_UNIT_BYTES;
        if (capacity >= 4 && bytes - capacity * firn_class_size(class) <= bytes / 16)
            return units;
    }
}

static void set_up_classes(firn_slab_state *state)
{
    void **next = state->cached;
    const firn_segment *first = state->segments;
    for (uint32_t class = 0; class < FIRN_SLAB_CLASSES; class ++) {
        size_t capacity = cache_capacity(class);
        uint32_t size = firn_class_size(class);
        state->reciprocal[class] = (((uint64_t)1 << 40) + size - 1) / size;
        state->span_units[class] = units_for(class);
        if (state->span_units[class] <= (first->free_units + 1) / 2)
            state->small_max = size;
        *next++ = NULL; /* I1 */
        state->front.caches[class] = (struct firn_slab_cache){next, next, next + capacity, 0};
        next += capacity;
    }
    for (size_t i = 0; i < sizeof(state->front.class_of); i++)
        state->front.class_of[i] = (uint8_t)firn_slab_class(i == 0 ? 1 : i * 16);
}

firn_status firn_slab_init(firn_slab *slab, const firn_slab_options *options)
{
    static const firn_slab_options defaults;
    options = options != NULL ? options : &defaults;
    if (options->reserved != 0)
        return FIRN_INVALID;
    firn_slab made = {NULL, options->source != NULL ? *options->source : firn_page_source_system()};
    if (made.source.range == NULL && (made.source.map == NULL || made.source.unmap == NULL))
        return FIRN_INVALID;
    size_t state_bytes = sizeof(firn_slab_state);
    for (uint32_t class = 0; class < FIRN_SLAB_CLASSES; class ++)
        state_bytes += (1 + cache_capacity(class)) * sizeof(void *);
    firn_status status = firn_pages_init(&made, options->limit_bytes, state_bytes);
    if (status != FIRN_OK)
        return status;
    firn_slab_state *state = firn_slab_state_of(&made);
    state->kept_units =
        options->kept_bytes != 0 ? options->kept_bytes / FIRN_UNIT_BYTES : KEPT_UNITS;
    state->kept_part = options->kept_bytes != 0 ? KEPT_PART : 0;
    set_up_classes(state);
    *slab = made;
    return FIRN_OK;
}

void firn_slab_fini(firn_slab *slab)
{
    if (slab->front != NULL)
        firn_pages_fini(slab);
    slab->front = NULL;
}

void firn_slab_forget_ready(firn_slab *slab)
{
    for (uint32_t class = 0; class < FIRN_SLAB_CLASSES; class ++)
        slab->front->caches[class].top = slab->front->caches[class].begin;
}

/* --- release --- */

/* Gives the oldest objects of a cache to the spans. */
static void flush(firn_slab *slab, struct firn_slab_cache *cache, size_t given)
{
    size_t count = (size_t)(cache->top - cache->begin);
    for (size_t i = 0; i < given; i++)
        (void)firn_span_give(slab, cache->begin[i]); /* one freed twice changes nothing */
    memmove(cache->begin, cache->begin + given, (count - given) * sizeof(void *));
    cache->top -= given;
}

static firn_status release_cached(firn_slab *slab, uint8_t class, void *object)
{
    struct firn_slab_cache *cache = &slab->front->caches[class];
    size_t capacity = cache_capacity(class);
    if (capacity == 0) { /* I3 */
        if (!firn_span_holds(firn_slab_state_of(slab), object))
            return FIRN_INVALID;
        firn_poison(object, firn_class_size(class));
        return firn_span_give(slab, object);
    }
    if (cache->top[-1] == object)
        return FIRN_INVALID;
    if (cache->top == cache->end)
        flush(slab, cache, (capacity + 1) / 2);
    *cache->top++ = object;
    return FIRN_OK;
}

/* Frees an object in a span or a run: into its cache, or past it. */
static firn_status release(firn_slab *slab, void *object, bool cached)
{
    firn_slab_state *state = firn_slab_state_of(slab);
#ifdef FIRN_CHECKED
    if (!firn_pages_know(state, object))
        return FIRN_INVALID;
#endif
    firn_segment *segment = firn_segment_of(state, object);
    uint32_t unit = firn_unit_of(segment, object);
    uint8_t kind = segment->kinds[unit];
    if (kind < FIRN_SLAB_CLASSES)
        return cached || cache_capacity(kind) == 0 ? release_cached(slab, kind, object)
                                                   : firn_span_give(slab, object);
    bool is_start = (uintptr_t)object % FIRN_UNIT_BYTES == 0;
    if (kind == FIRN_UNIT_RUN && is_start && segment->spans[unit].first == unit) {
        firn_pages_give(slab, &segment->spans[unit]);
        return FIRN_OK;
    }
    if (kind == FIRN_UNIT_HUGE && is_start) {
        firn_huge_give(slab, segment);
        return FIRN_OK;
    }
    return FIRN_INVALID;
}

/* Takes back what other threads released. */
static void drain(firn_slab *slab, bool cached)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    if (atomic_load_explicit(&state->remote, memory_order_relaxed) == NULL)
        return;
    void *object = atomic_exchange_explicit(&state->remote, NULL, memory_order_acquire);
    while (object != NULL) {
        void *next = *(void **)object;
        (void)release(slab, object, cached);
        object = next;
    }
}

firn_status firn_slab_release_slow(firn_slab *slab, void *object)
{
    if (object == NULL)
        return FIRN_OK;
    if ((uintptr_t)object - slab->front->low >= slab->front->extent && slab->front->extent != 0)
        return FIRN_INVALID;
    drain(slab, true);
    return release(slab, object, true);
}

void firn_slab_release_remote(firn_slab *slab, void *object)
{
    if (object == NULL)
        return;
    firn_slab_state *state = firn_slab_state_of(slab);
    void *first = atomic_load_explicit(&state->remote, memory_order_relaxed);
    do
        *(void **)object = first;
    while (!atomic_compare_exchange_weak_explicit(&state->remote, &first, object,
                                                  memory_order_release, memory_order_relaxed));
}

void firn_slab_reclaim(firn_slab *slab)
{
    drain(slab, false);
}

void firn_slab_trim(firn_slab *slab)
{
    drain(slab, true);
    for (uint32_t class = 0; class < FIRN_SLAB_CLASSES; class ++) {
        struct firn_slab_cache *cache = &slab->front->caches[class];
        flush(slab, cache, (size_t)(cache->top - cache->begin));
    }
    firn_span_trim(slab);
    firn_pages_trim(slab);
}

/* --- allocation --- */

static void *take_cached(firn_slab *slab, uint32_t class)
{
    struct firn_slab_cache *cache = &slab->front->caches[class];
    size_t capacity = cache_capacity(class);
    if (capacity == 0) { /* I3 */
        void *object;
        if (firn_span_take(slab, class, &object, 1) == 0)
            return NULL;
        assert(firn_poison_holds(object, firn_class_size(class))); /* else used after a free */
        firn_unpoison(object, firn_class_size(class));
        return object;
    }
    if (cache->top == cache->begin)
        cache->top += firn_span_take(slab, class, cache->begin, (capacity + 1) / 2);
    return cache->top != cache->begin ? *--cache->top : NULL;
}

static void *take_large(firn_slab *slab, size_t size, size_t alignment)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    size_t units = size / FIRN_UNIT_BYTES + (size % FIRN_UNIT_BYTES != 0);
    if (state->ranged || units <= state->segment_bytes / FIRN_UNIT_BYTES / 4) {
        firn_span *run = firn_pages_take(slab, FIRN_UNIT_RUN, units, alignment);
        if (run != NULL)
            return firn_unit_at(firn_segment_of(state, run), run->first);
    }
    return firn_huge_take(slab, size, alignment);
}

/* alignment is 16 or up to a unit with a size that is a multiple of it, or larger. */
static void *take(firn_slab *slab, size_t size, size_t alignment)
{
    if (size > firn_slab_state_of(slab)->small_max || alignment > FIRN_UNIT_BYTES)
        return take_large(slab, size, alignment > 16 ? alignment : FIRN_UNIT_BYTES);
    uint32_t class = firn_slab_class(size);
    while (firn_class_size(class) % alignment != 0)
        class ++; /* the next power of two at the latest */
    return take_cached(slab, class);
}

static void *alloc(firn_slab *slab, size_t size, size_t alignment)
{
    if (size > PTRDIFF_MAX - FIRN_SLAB_ALIGNMENT_MAX || slab->front == NULL)
        return NULL;
    size = size != 0 ? size : 1;
    size = (size + alignment - 1) & ~(alignment - 1);
    drain(slab, true);
    void *object = take(slab, size, alignment);
    if (object == NULL) { /* what lies in the caches may make room */
        firn_slab_trim(slab);
        object = take(slab, size, alignment);
    }
    return object;
}

void *firn_slab_alloc_slow(firn_slab *slab, size_t size)
{
    return alloc(slab, size, 16);
}

void *firn_slab_alloc_aligned(firn_slab *slab, size_t size, size_t alignment)
{
    if (alignment == 0 || alignment > FIRN_SLAB_ALIGNMENT_MAX || (alignment & (alignment - 1)) != 0)
        return NULL;
    return alignment <= 16 ? firn_slab_alloc(slab, size) : alloc(slab, size, alignment);
}

/* Zeroes an object that was just allocated, but for pages that read as zero as they came. */
static void zero(const firn_slab *slab, uint8_t *object, size_t size)
{
    const firn_segment *segment = firn_segment_of(firn_slab_state_of(slab), object);
    uint32_t unit = firn_unit_of(segment, object);
    uint8_t kind = segment->kinds[unit];
    if (kind == FIRN_UNIT_HUGE && slab->source.zeroed)
        return;
    if (kind != FIRN_UNIT_RUN || !slab->source.zeroed || slab->source.discard == NULL) {
        memset(object, 0, size);
        return;
    }
    for (size_t at = 0; at < size; at += FIRN_UNIT_BYTES, unit++) {
        size_t rest = size - at;
        if (segment->spans[unit].dirty)
            memset(object + at, 0, rest < FIRN_UNIT_BYTES ? rest : FIRN_UNIT_BYTES);
    }
}

void *firn_slab_alloc_zeroed(firn_slab *slab, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *object = firn_slab_alloc(slab, bytes);
    if (object != NULL)
        zero(slab, object, bytes);
    return object;
}

/* --- change --- */

size_t firn_slab_usable_size(const firn_slab *slab, const void *object)
{
    const firn_slab_state *state = firn_slab_state_of(slab);
    const firn_segment *segment = firn_segment_of(state, object);
    uint32_t unit = firn_unit_of(segment, object);
    uint8_t kind = segment->kinds[unit];
    if (kind == FIRN_UNIT_HUGE)
        return segment->bytes - segment->huge_offset;
    if (kind == FIRN_UNIT_RUN)
        return segment->spans[unit].units * FIRN_UNIT_BYTES;
    return kind < FIRN_SLAB_CLASSES ? firn_class_size(kind) : 0;
}

/* Changes the size of an object above the classes where it lies. */
static bool resize_large(firn_slab *slab, void *object, size_t size)
{
    const firn_slab_state *state = firn_slab_state_of(slab);
    firn_segment *segment = firn_segment_of(state, object);
    uint32_t unit = firn_unit_of(segment, object);
    if (segment->kinds[unit] == FIRN_UNIT_HUGE)
        return firn_huge_resize(slab, segment, size);
    size_t units = size / FIRN_UNIT_BYTES + (size % FIRN_UNIT_BYTES != 0);
    return segment->kinds[unit] == FIRN_UNIT_RUN &&
           firn_pages_resize(slab, &segment->spans[unit], units);
}

void *firn_slab_realloc(firn_slab *slab, void *object, size_t size)
{
    if (object == NULL)
        return firn_slab_alloc(slab, size);
    if (size > PTRDIFF_MAX - FIRN_SLAB_ALIGNMENT_MAX)
        return NULL;
    size = size != 0 ? size : 1;
    size_t usable = firn_slab_usable_size(slab, object);
    if (size <= usable && size >= usable / 2 && usable <= FIRN_SLAB_SMALL_MAX)
        return object;
    if ((size > usable / 2 || size > FIRN_SLAB_SMALL_MAX) && resize_large(slab, object, size))
        return object;
    void *moved = firn_slab_alloc(slab, size);
    if (moved == NULL)
        return size <= usable ? object : NULL;
    memcpy(moved, object, size < usable ? size : usable);
    (void)firn_slab_release(slab, object);
    return moved;
}

static void *allocator_allocate(void *context, size_t size)
{
    return firn_slab_alloc(context, size);
}

static void *allocator_reallocate(void *context, void *block, size_t old_size, size_t new_size)
{
    (void)old_size;
    return firn_slab_realloc(context, block, new_size);
}

static void allocator_release(void *context, void *block, size_t size)
{
    (void)size;
    (void)firn_slab_release(context, block);
}

firn_allocator firn_slab_allocator(firn_slab *slab)
{
    return (firn_allocator){allocator_allocate, allocator_reallocate, allocator_release, slab};
}
