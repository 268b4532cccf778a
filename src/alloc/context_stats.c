/* What a context holds: usage, and objects by type. Called by the program and context_report.c;
 * calls the strategies' own figures. Threads: one, for each context. Memory: none is taken; the
 * figures of a walk over a heap lie in the context's types.
 */
#include "alloc/context.h"

/* --- types --- */

static bool count_object(void *opaque, void *object, firn_type type, size_t size)
{
    struct context *context = opaque;
    (void)object;
    struct context_type *entry = context_type_find(context, type);
    if (entry != NULL) {
        entry->gone_count--;
        entry->gone_bytes -= size;
    }
    return true;
}

void firn_context_count(struct context *context)
{
    if (context->front.heap == NULL)
        return;
    for (size_t i = 0; i < context->type_count; i++) {
        context->types[i].gone_count = context->types[i].made_count;
        context->types[i].gone_bytes = context->types[i].made_bytes;
    }
    firn_heap_visit(context->front.heap, count_object, context);
}

firn_context_type_stats firn_context_row(const struct context_type *type)
{
    return (firn_context_type_stats){
        .name = type->name,
        .live_count = type->made_count - type->gone_count,
        .live_bytes = type->made_bytes - type->gone_bytes,
        .total_count = type->made_count,
        .total_bytes = type->made_bytes,
    };
}

size_t firn_context_stats(firn_context *front, firn_context_type_stats *rows, size_t capacity)
{
    struct context *context = context_of(front);
    if (capacity > 0)
        firn_context_count(context);
    for (size_t i = 0; i < context->type_count && i < capacity; i++)
        rows[i] = firn_context_row(&context->types[i]);
    return context->type_count;
}

/* --- usage --- */

/* The context and its types, which are the user's objects for the slab that they lie in. */
static void move_own(const struct context *context, firn_usage *usage)
{
    const firn_slab *slab = &context->front.from.slab;
    uint64_t own = firn_slab_usable_size(slab, context);
    if (context->types != NULL)
        own += firn_slab_usable_size(slab, context->types);
    usage->live_bytes -= own;
    usage->overhead_bytes += own;
}

void firn_context_usage(firn_context *front, firn_usage *ret_usage)
{
    const struct context *context = context_of(front);
    if (front->heap != NULL)
        firn_heap_usage(front->heap, ret_usage);
    else if (context->mode == FIRN_MODE_COMPILER)
        firn_arena_usage(&front->from.arena, ret_usage);
    else
        firn_slab_usage(&front->from.slab, ret_usage);
    if (context->in_memory) {
        move_own(context, ret_usage);
        return;
    }
    uint64_t own = sizeof *context + context->type_capacity * sizeof(struct context_type);
    ret_usage->overhead_bytes += own;
    ret_usage->reserved_bytes += own;
    ret_usage->resident_bytes += own;
}
