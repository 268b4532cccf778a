/* A context of Firn's, in the mode that the build chooses by MEMORY_MODE. */
#ifndef FIRN_BENCH_GC_MEMORY_CONTEXT_H
#define FIRN_BENCH_GC_MEMORY_CONTEXT_H

#include <firn/context.h>

#define MUST_FORGET false

extern firn_context *context;
extern firn_type types[KINDS];

static inline void *make(enum kind kind, size_t size)
{
    return need(firn_context_alloc(context, types[kind], size));
}

static inline void put(void *object, void *slot, void *value)
{
    firn_context_write(context, object, slot, value);
}

static inline void forget(void *object)
{
    (void)object;
}

#define FRAME(name, slots)                                                                         \
    firn_roots name;                                                                               \
    firn_context_roots_begin(context, &(name), (slots), sizeof(slots) / sizeof((slots)[0]))
#define FRAME_END(name) firn_context_roots_end(context, &(name))
#define ROOT(slot) firn_root_get((void *const *)&(slot))

#endif
