/* The life of a context: options checked, the strategy made, types registered, all given back.
 * Called by the program; calls arena, slab and heap. See context.h for the layout.
 *
 * A context over the caller's memory is laid out by its slab: the slab is made first, then the
 * context and the types are objects of it, so that nothing comes from anywhere else.
 *
 * Threads: one, for each context. Memory: a context and 48 bytes a type from the allocator.
 */
#include "alloc/context.h"

#include "alloc/heap/type.h"

#define TYPES_MAX 65535
#define FIRST_TYPES 8 /* that firn_grow makes room for */
#define NURSERY_MIN ((size_t)128 << 10)
#define NURSERY_STEP ((size_t)64 << 10)
#define NURSERY_DEFAULT ((size_t)2 << 20)
#define BESIDE_NURSERY ((size_t)8 << 20) /* what a heap's limit must leave beside 4 nurseries */

_Static_assert(sizeof(void *) != 8 || sizeof(struct context_type) == 48, "firn_context_options");
_Static_assert(sizeof(struct context) <= FIRST_TYPES * sizeof(struct context_type), "in_memory");
_Static_assert(FIRN_CONTEXT_HEAP_MIN == 4 * NURSERY_MIN + BESIDE_NURSERY, "firn_heap_options");

const char *firn_mode_name(firn_mode mode)
{
    static const char *const names[] = {"compiler", "runtime", "vm", "server"};
    return (unsigned)mode <= FIRN_MODE_SERVER ? names[mode] : NULL;
}

/* --- options --- */

static bool is_collected(firn_mode mode)
{
    return mode == FIRN_MODE_RUNTIME || mode == FIRN_MODE_VM;
}

/* What the strategies do not check themselves. */
static bool are_valid(const firn_context_options *options)
{
    if (firn_mode_name(options->mode) == NULL || options->reserved[0] != 0 ||
        options->reserved[1] != 0)
        return false;
    if (!is_collected(options->mode) &&
        (options->nursery_bytes != 0 || options->pause_target_ns != 0 || options->stress))
        return false;
    if (options->memory != NULL || options->memory_bytes != 0)
        return options->mode == FIRN_MODE_SERVER && options->memory != NULL &&
               options->memory_bytes >= FIRN_CONTEXT_MEMORY_MIN &&
               options->memory_bytes <= UINTPTR_MAX - (uintptr_t)options->memory &&
               options->limit_bytes == 0 && options->allocator == NULL;
    if (options->mode == FIRN_MODE_COMPILER)
        return options->limit_bytes == 0 || options->limit_bytes >= FIRN_CONTEXT_LIMIT_MIN;
    return options->mode != FIRN_MODE_SERVER || options->limit_bytes != 0;
}

/* The nursery that a heap with this limit has room for. */
static size_t nursery_for(size_t limit)
{
    if (limit == 0 || limit >= 4 * NURSERY_DEFAULT + BESIDE_NURSERY)
        return NURSERY_DEFAULT;
    if (limit < FIRN_CONTEXT_HEAP_MIN)
        return NURSERY_MIN; /* which the heap refuses */
    size_t most = (limit - BESIDE_NURSERY) / 4;
    return most / NURSERY_STEP * NURSERY_STEP;
}

/* --- create and destroy --- */

static firn_status open_heap(struct context *context, const firn_context_options *options)
{
    size_t nursery = options->nursery_bytes;
    const firn_heap_options heap = {
        .allocator = options->allocator,
        .limit_bytes = options->limit_bytes,
        .nursery_bytes = nursery != 0 ? nursery : nursery_for(options->limit_bytes),
        .pause_target_ns = options->pause_target_ns,
        .no_compaction = options->mode == FIRN_MODE_RUNTIME,
        .stress = options->stress,
    };
    return firn_heap_create(&heap, &context->front.heap);
}

static firn_status open_strategy(struct context *context, const firn_context_options *options)
{
    if (is_collected(options->mode))
        return open_heap(context, options);
    if (options->mode == FIRN_MODE_COMPILER) {
        const firn_arena_options arena = {
            .allocator = options->allocator,
            .limit_bytes = options->limit_bytes,
        };
        firn_status status = firn_arena_init(&context->front.from.arena, &arena);
        context->front.from.arena.step = 8; /* for firn_context_bump */
        return status;
    }
    const firn_slab_options slab = {.limit_bytes = options->limit_bytes};
    return firn_slab_init(&context->front.from.slab, &slab);
}

static void fill(struct context *context, const firn_context_options *options)
{
    context->mode = options->mode;
    context->counted = options->statistics;
    context->limit_bytes = options->limit_bytes;
    if (context->in_memory)
        context->limit_bytes = options->memory_bytes;
    else if (context->front.heap != NULL)
        context->limit_bytes = heap_of(context->front.heap)->limit_bytes;
    context->front.young =
        context->front.heap != NULL && !context->counted ? context->front.heap : &context->none;
}

static firn_status create_in_memory(const firn_context_options *options, struct context **ret_made)
{
    firn_slab slab;
    const firn_page_source source = firn_page_source_fixed(options->memory, options->memory_bytes);
    const firn_slab_options slab_options = {.source = &source};
    firn_status status = firn_slab_init(&slab, &slab_options);
    if (status != FIRN_OK)
        return status;
    /* As large as the first types, so that both lie in one class and share its 16 KiB. */
    size_t bytes = FIRST_TYPES * sizeof(struct context_type);
    struct context *context = firn_slab_alloc_zeroed(&slab, 1, bytes);
    if (context == NULL) {
        firn_slab_fini(&slab);
        return FIRN_NO_MEMORY;
    }
    context->front.from.slab = slab; /* nothing in the memory points to the handle */
    context->slab_allocator = firn_slab_allocator(&context->front.from.slab);
    context->allocator = &context->slab_allocator;
    context->in_memory = true;
    *ret_made = context;
    return FIRN_OK;
}

static firn_status create_anywhere(const firn_context_options *options, struct context **ret_made)
{
    struct context *context = firn_allocate_zeroed(options->allocator, 1, sizeof *context);
    if (context == NULL)
        return FIRN_NO_MEMORY;
    context->allocator = options->allocator;
    firn_status status = open_strategy(context, options);
    if (status != FIRN_OK) {
        firn_release(options->allocator, context, sizeof *context);
        return status;
    }
    *ret_made = context;
    return FIRN_OK;
}

firn_status firn_context_create(const firn_context_options *options, firn_context **ret_context)
{
    static const firn_context_options usual;
    options = options != NULL ? options : &usual;
    if (!are_valid(options))
        return FIRN_INVALID;
    struct context *context;
    firn_status status = options->memory != NULL ? create_in_memory(options, &context)
                                                 : create_anywhere(options, &context);
    if (status != FIRN_OK)
        return status;
    fill(context, options);
    *ret_context = &context->front;
    return FIRN_OK;
}

void firn_context_destroy(firn_context *front)
{
    if (front == NULL)
        return;
    struct context *context = context_of(front);
    if (context->in_memory) {
        firn_slab slab = front->from.slab; /* in which the context lies */
        firn_slab_fini(&slab);
        return;
    }
    if (is_collected(context->mode))
        firn_heap_destroy(front->heap);
    else if (context->mode == FIRN_MODE_COMPILER)
        firn_arena_fini(&front->from.arena);
    else
        firn_slab_fini(&front->from.slab);
    firn_release(context->allocator, context->types,
                 context->type_capacity * sizeof(struct context_type));
    firn_release(context->allocator, context, sizeof *context);
}

/* --- what lies underneath --- */

firn_mode firn_context_mode(const firn_context *front)
{
    return ((const struct context *)front)->mode;
}

firn_arena *firn_context_arena(firn_context *front)
{
    return firn_context_mode(front) == FIRN_MODE_COMPILER ? &front->from.arena : NULL;
}

firn_heap *firn_context_heap(firn_context *front)
{
    return front->heap;
}

firn_slab *firn_context_slab(firn_context *front)
{
    return firn_context_mode(front) == FIRN_MODE_SERVER ? &front->from.slab : NULL;
}

/* --- types --- */

/* A heap numbers its types itself, in the same order. */
static firn_status number_type(struct context *context, const firn_type_options *options,
                               firn_type *ret_type)
{
    *ret_type = (firn_type)context->type_count;
    if (context->front.heap == NULL)
        return FIRN_OK;
    firn_status status = firn_heap_type_put(context->front.heap, options, ret_type);
    if (status == FIRN_OK && (*ret_type & TYPE_INDEX) != context->type_count)
        return FIRN_INVALID; /* somebody registered one there */
    return status;
}

static void publish_types(struct context *context)
{
    uint32_t count = context->counted ? 0 : (uint32_t)context->type_count;
    context->front.arena_types = context->mode == FIRN_MODE_COMPILER ? count : 0;
    context->front.slab_types = context->mode == FIRN_MODE_SERVER ? count : 0;
}

firn_status firn_context_type_put(firn_context *front, const firn_type_options *options,
                                  firn_type *ret_type)
{
    struct context *context = context_of(front);
    if (options == NULL || !firn_type_is_valid(options))
        return FIRN_INVALID;
    if (context->type_count == TYPES_MAX)
        return FIRN_LIMIT;
    void *types = context->types;
    if (!firn_grow(context->allocator, &types, &context->type_capacity, context->type_count + 1,
                   sizeof(struct context_type)))
        return FIRN_NO_MEMORY;
    context->types = types;
    firn_type type;
    firn_status status = number_type(context, options, &type);
    if (status != FIRN_OK)
        return status;
    context->types[context->type_count++] = (struct context_type){
        .name = options->name != NULL ? options->name : "",
        .type = type,
        .finalised = options->finalise != NULL,
    };
    publish_types(context);
    *ret_type = type;
    return FIRN_OK;
}
