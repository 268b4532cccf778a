/* What the files of a context share: context.c (its life and its types), context_object.c (the
 * calls that are not inlined), context_stats.c, context_report.c and context_detect.c. A file calls
 * only those before it.
 *
 *   front.arena_types, slab_types, young->type_count: the number of types in the one that applies,
 *   0 in the others, and in all of them with statistics, so that every object comes by the slow way
 *   and is counted. Where there is no heap to be young, `none` stands in, which has no types.
 */
#ifndef FIRN_ALLOC_CONTEXT_H
#define FIRN_ALLOC_CONTEXT_H

#include <firn/context.h>

#define TYPE_INDEX 0xffff /* of a firn_type: a heap puts more above it */

struct context_type {
    const char *name;
    uint64_t made_count, made_bytes; /* with statistics; an object that grows makes bytes */
    uint64_t gone_count, gone_bytes; /* live is made - gone, modulo 2^64; of a heap's objects that
                                      * is right after firn_context_count */
    firn_type type;
    bool finalised;
};

struct context {
    firn_context front; /* first, so that a firn_context * is a context * */
    firn_mode mode;
    bool counted;
    bool in_memory;                  /* that the caller gave: all of this lies in its slab */
    const firn_allocator *allocator; /* of this and of the types */
    firn_allocator slab_allocator;   /* what it points to then */
    size_t limit_bytes;
    firn_heap none;
    struct context_type *types;
    size_t type_count, type_capacity;
};

static inline struct context *context_of(firn_context *front)
{
    return (struct context *)front;
}

/* The entry of a type; NULL when it is unknown. */
static inline struct context_type *context_type_find(struct context *context, firn_type type)
{
    size_t index = type & TYPE_INDEX;
    if (index >= context->type_count || context->types[index].type != type)
        return NULL;
    return &context->types[index];
}

/* --- context_stats.c --- */

/* Brings up to date what is only known by a walk over a heap. */
void firn_context_count(struct context *context);
firn_context_type_stats firn_context_row(const struct context_type *type);

#endif
