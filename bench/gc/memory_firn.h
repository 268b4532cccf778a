/* Firn's heap: frames and held variables are its roots, put is its write barrier. */
#ifndef FIRN_BENCH_GC_MEMORY_FIRN_H
#define FIRN_BENCH_GC_MEMORY_FIRN_H

#include <firn/heap.h>

#define MUST_FORGET false

extern firn_heap *heap;
extern firn_type types[KINDS];

static inline void *make(enum kind kind, size_t size)
{
    return need(firn_heap_alloc(heap, types[kind], size));
}

static inline void put(void *object, void *slot, void *value)
{
    firn_heap_write(heap, object, slot, value);
}

static inline void forget(void *object)
{
    (void)object;
}

#define FRAME(name, slots)                                                                         \
    firn_roots name;                                                                               \
    firn_roots_begin(heap, &(name), (slots), sizeof(slots) / sizeof((slots)[0]))
#define FRAME_END(name) firn_roots_end(heap, &(name))
#define ROOT(slot) firn_root_get((void *const *)&(slot))

#endif
