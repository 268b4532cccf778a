/* Boehm's collector as it comes, but with one marker thread: its time on the processors is what is
 * compared. */
#ifndef FIRN_BENCH_GC_MEMORY_BOEHM_H
#define FIRN_BENCH_GC_MEMORY_BOEHM_H

#include <gc.h>

#define MUST_FORGET false

static inline void *make(enum kind kind, size_t size)
{
    return need(kind == KIND_LEAF ? GC_MALLOC_ATOMIC(size) : GC_MALLOC(size));
}

static inline void put(void *object, void *slot, void *value)
{
    (void)object;
    *(void **)slot = value;
}

static inline void forget(void *object)
{
    (void)object;
}

#define FRAME(name, slots) (void)(slots)
#define FRAME_END(name) (void)0
#define ROOT(slot) (slot)

#endif
