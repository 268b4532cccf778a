/* Objects of a context, where no inlined call does: with statistics, with a finaliser, aligned,
 * zeroed, changed in size, released from an arena; and the roots and resets that only some modes
 * have. Called by the program and the inlined calls; calls arena, slab and heap.
 *
 * Threads: one, for each context. Complexity: that of the strategy, and O(1).
 */
#include "alloc/context.h"

#include <string.h>

#define COLLECTED_ALIGNMENT 8
#define ALIGNMENT_MAX 4096

static size_t at_least_one(size_t size)
{
    return size != 0 ? size : 1;
}

/* --- counting, by types that are known --- */

/* Not to be kept across an allocation: a finaliser may register types, which moves them. */
static struct context_type *entry_of(const struct context *context, firn_type type)
{
    return &context->types[type & TYPE_INDEX];
}

static void count_made(const struct context *context, firn_type type, size_t size)
{
    if (context->counted) {
        entry_of(context, type)->made_count++;
        entry_of(context, type)->made_bytes += at_least_one(size);
    }
}

static void count_gone(const struct context *context, firn_type type, size_t size)
{
    if (context->counted) {
        entry_of(context, type)->gone_count++;
        entry_of(context, type)->gone_bytes += at_least_one(size);
    }
}

static void count_changed(const struct context *context, firn_type type, size_t old_size,
                          size_t new_size)
{
    old_size = at_least_one(old_size);
    new_size = at_least_one(new_size);
    if (context->counted && new_size > old_size)
        entry_of(context, type)->made_bytes += new_size - old_size;
    else if (context->counted)
        entry_of(context, type)->gone_bytes += old_size - new_size;
}

/* --- making --- */

static void *make(struct context *context, firn_type type, size_t size)
{
    firn_context *front = &context->front;
    if (front->heap != NULL)
        return firn_heap_alloc(front->heap, type, size);
    if (context->mode == FIRN_MODE_COMPILER)
        return firn_context_bump(&front->from.arena, size);
    return firn_slab_alloc(&front->from.slab, size);
}

void *firn_context_alloc_slow(firn_context *front, firn_type type, size_t size)
{
    struct context *context = context_of(front);
    void *object = context_type_find(context, type) != NULL ? make(context, type, size) : NULL;
    if (object != NULL)
        count_made(context, type, size);
    return object;
}

void *firn_context_alloc_zeroed(firn_context *front, firn_type type, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *object = firn_context_alloc(front, type, bytes);
    if (object != NULL && front->heap == NULL)
        memset(object, 0, bytes);
    return object;
}

void *firn_context_alloc_aligned(firn_context *front, firn_type type, size_t size, size_t alignment)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > ALIGNMENT_MAX)
        return NULL;
    if (alignment <= COLLECTED_ALIGNMENT)
        return firn_context_alloc(front, type, size);
    struct context *context = context_of(front);
    if (front->heap != NULL || context_type_find(context, type) == NULL)
        return NULL;
    void *object = context->mode == FIRN_MODE_COMPILER
                       ? firn_arena_alloc_aligned(&front->from.arena, size, alignment)
                       : firn_slab_alloc_aligned(&front->from.slab, size, alignment);
    if (object != NULL)
        count_made(context, type, size);
    return object;
}

/* --- changing --- */

/* A copy in a new object, as an object's size is in its header for good. */
static void *change_collected(struct context *context, firn_type type, void *object,
                              size_t old_size, size_t new_size)
{
    firn_heap *heap = context->front.heap;
    firn_roots frame;
    firn_roots_begin(heap, &frame, &object, 1);
    void *made = firn_heap_alloc(heap, type, new_size);
    firn_roots_end(heap, &frame);
    if (made == NULL)
        return NULL;
    size_t kept = old_size < new_size ? old_size : new_size;
    memcpy(made, object, kept);
    if (new_size > FIRN_HEAP_PLAIN_MAX)
        firn_heap_wrote(heap, made, made, kept);
    return made;
}

void *firn_context_realloc(firn_context *front, firn_type type, void *object, size_t old_size,
                           size_t new_size)
{
    struct context *context = context_of(front);
    if (object == NULL)
        return firn_context_alloc(front, type, new_size);
    const struct context_type *entry = context_type_find(context, type);
    if (entry == NULL || entry->finalised)
        return NULL;
    void *changed;
    if (front->heap != NULL)
        changed = change_collected(context, type, object, old_size, new_size);
    else if (context->mode == FIRN_MODE_COMPILER)
        changed = firn_arena_realloc(&front->from.arena, object, old_size, new_size);
    else
        changed = firn_slab_realloc(&front->from.slab, object, new_size);
    if (changed != NULL)
        count_changed(context, type, old_size, new_size);
    return changed;
}

/* --- releasing --- */

firn_status firn_context_release_slow(firn_context *front, firn_type type, void *object,
                                      size_t size)
{
    struct context *context = context_of(front);
    if (context_type_find(context, type) == NULL)
        return FIRN_INVALID;
    if (object == NULL || front->heap != NULL)
        return FIRN_OK;
    if (context->mode == FIRN_MODE_COMPILER) {
        firn_allocator arena = firn_arena_allocator(&front->from.arena);
        arena.release(arena.context, object, at_least_one(size));
    } else {
        firn_status status = firn_slab_release(&front->from.slab, object);
        if (status != FIRN_OK)
            return status;
    }
    count_gone(context, type, size);
    return FIRN_OK;
}

firn_status firn_context_reset(firn_context *front)
{
    struct context *context = context_of(front);
    if (context->mode != FIRN_MODE_COMPILER)
        return FIRN_UNSUPPORTED;
    firn_arena_reset(&front->from.arena);
    for (size_t i = 0; i < context->type_count && context->counted; i++) {
        context->types[i].gone_count = context->types[i].made_count;
        context->types[i].gone_bytes = context->types[i].made_bytes;
    }
    return FIRN_OK;
}

/* --- roots --- */

firn_status firn_context_root_put(firn_context *front, void **slot)
{
    return front->heap != NULL ? firn_heap_root_put(front->heap, slot) : FIRN_OK;
}

firn_status firn_context_root_remove(firn_context *front, void **slot)
{
    return front->heap != NULL ? firn_heap_root_remove(front->heap, slot) : FIRN_OK;
}
