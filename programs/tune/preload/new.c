/* The operators new and delete of C++, by the names that its compilers give them. Most end in
 * malloc and free, which count; those of other allocators do not, and are counted here. Called by
 * the program; calls next.c, record.c. No C++ is needed here: an exception that a new throws passes
 * through, as these functions hold nothing. */
#include "tune/preload/next.h"
#include "tune/preload/record.h"

#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

static inline void *counted(void *block, size_t size, const struct trace_thread *thread,
                            uint64_t before)
{
    if (block != NULL && thread == track_mine && thread->calls == before)
        track_count(block, size);
    return block;
}

/* Without a runtime of C++ there is nothing that could be thrown. */
static void *plain_new(size_t size)
{
    void *block = track_next.malloc(size | (size == 0));
    if (block == NULL)
        abort();
    return block;
}

static void *aligned_new(size_t alignment, size_t size)
{
    void *block = track_next.aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
    if (block == NULL)
        abort();
    return block;
}

#define FIND(next, name)                                                                           \
    do {                                                                                           \
        if (__builtin_expect((next) == NULL && !is_sought, 0)) {                                   \
            void *found_ = track_next_find(name);                                                  \
            memcpy(&(next), &found_, sizeof found_);                                               \
            is_sought = found_ == NULL;                                                            \
        }                                                                                          \
    } while (0)

#define NEW(function, name, fallback, parameters, arguments)                                       \
    EXPORT void *function parameters __asm__(name);                                                \
    void *function parameters                                                                      \
    {                                                                                              \
        static void *(*next)parameters;                                                            \
        static bool is_sought;                                                                     \
        FIND(next, name);                                                                          \
        const struct trace_thread *thread = track_mine;                                            \
        const uint64_t before = thread->calls;                                                     \
        void *block = next != NULL ? next arguments : fallback;                                    \
        return counted(block, size, thread, before);                                               \
    }

#define DELETE(function, name, parameters, arguments)                                              \
    EXPORT void function parameters __asm__(name);                                                 \
    void function parameters                                                                       \
    {                                                                                              \
        static void(*next) parameters;                                                             \
        static bool is_sought;                                                                     \
        FIND(next, name);                                                                          \
        if (block != NULL && track_may_be_noted(block))                                            \
            track_died(block);                                                                     \
        if (next != NULL)                                                                          \
            next arguments;                                                                        \
        else                                                                                       \
            track_next.free(block);                                                                \
    }

/* nothrow is the address of an object that says so. */
NEW(new_one, "_Znwm", plain_new(size), (size_t size), (size))
NEW(new_array, "_Znam", plain_new(size), (size_t size), (size))
NEW(new_one_nothrow, "_ZnwmRKSt9nothrow_t", track_next.malloc(size),
    (size_t size, const void *nothrow), (size, nothrow))
NEW(new_array_nothrow, "_ZnamRKSt9nothrow_t", track_next.malloc(size),
    (size_t size, const void *nothrow), (size, nothrow))
NEW(new_one_aligned, "_ZnwmSt11align_val_t", aligned_new(alignment, size),
    (size_t size, size_t alignment), (size, alignment))
NEW(new_array_aligned, "_ZnamSt11align_val_t", aligned_new(alignment, size),
    (size_t size, size_t alignment), (size, alignment))
NEW(new_one_aligned_nothrow, "_ZnwmSt11align_val_tRKSt9nothrow_t", aligned_new(alignment, size),
    (size_t size, size_t alignment, const void *nothrow), (size, alignment, nothrow))
NEW(new_array_aligned_nothrow, "_ZnamSt11align_val_tRKSt9nothrow_t", aligned_new(alignment, size),
    (size_t size, size_t alignment, const void *nothrow), (size, alignment, nothrow))

DELETE(delete_one, "_ZdlPv", (void *block), (block))
DELETE(delete_array, "_ZdaPv", (void *block), (block))
DELETE(delete_one_sized, "_ZdlPvm", (void *block, size_t size), (block, size))
DELETE(delete_array_sized, "_ZdaPvm", (void *block, size_t size), (block, size))
DELETE(delete_one_nothrow, "_ZdlPvRKSt9nothrow_t", (void *block, const void *nothrow),
       (block, nothrow))
DELETE(delete_array_nothrow, "_ZdaPvRKSt9nothrow_t", (void *block, const void *nothrow),
       (block, nothrow))
DELETE(delete_one_aligned, "_ZdlPvSt11align_val_t", (void *block, size_t alignment),
       (block, alignment))
DELETE(delete_array_aligned, "_ZdaPvSt11align_val_t", (void *block, size_t alignment),
       (block, alignment))
DELETE(delete_one_sized_aligned, "_ZdlPvmSt11align_val_t",
       (void *block, size_t size, size_t alignment), (block, size, alignment))
DELETE(delete_array_sized_aligned, "_ZdaPvmSt11align_val_t",
       (void *block, size_t size, size_t alignment), (block, size, alignment))
DELETE(delete_one_aligned_nothrow, "_ZdlPvSt11align_val_tRKSt9nothrow_t",
       (void *block, size_t alignment, const void *nothrow), (block, alignment, nothrow))
DELETE(delete_array_aligned_nothrow, "_ZdaPvSt11align_val_tRKSt9nothrow_t",
       (void *block, size_t alignment, const void *nothrow), (block, alignment, nothrow))
