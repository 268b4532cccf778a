/* Firn's arena, for work whose objects die together. */
#ifndef FIRN_BENCH_GC_MEMORY_ARENA_H
#define FIRN_BENCH_GC_MEMORY_ARENA_H

#include <firn/arena.h>

#define MUST_FORGET false

extern firn_arena arena;

static inline void *make(enum kind kind, size_t size)
{
    (void)kind;
    return need(firn_arena_alloc_aligned(&arena, size, 8));
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

#endif
