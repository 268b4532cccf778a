/* The C library's malloc and free. */
#ifndef FIRN_BENCH_GC_MEMORY_MALLOC_H
#define FIRN_BENCH_GC_MEMORY_MALLOC_H

#define MUST_FORGET true

static inline void *make(enum kind kind, size_t size)
{
    (void)kind;
    return need(malloc(size));
}

static inline void put(void *object, void *slot, void *value)
{
    (void)object;
    *(void **)slot = value;
}

static inline void forget(void *object)
{
    free(object);
}

#define FRAME(name, slots) (void)(slots)
#define FRAME_END(name) (void)0
#define ROOT(slot) (slot)

#endif
