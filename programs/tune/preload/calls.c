/* The functions of the C library that allocate and free, as the program sees them: each calls the
 * next definition of its name and has it noted. Called by the program; calls next.c, record.c.
 *
 * An allocator may be made of another's calls (memalign of aligned_alloc's, new of malloc's): what
 * the inner call counted, the outer one does not. */
#include "tune/preload/next.h"
#include "tune/preload/record.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

/* Counts a block unless an inner call did. */
static inline void *counted(void *block, size_t size, const struct trace_thread *thread,
                            uint64_t before)
{
    if (block != NULL && thread == track_mine && thread->calls == before)
        track_count(block, size);
    return block;
}

EXPORT void *malloc(size_t size)
{
    void *block = track_next.malloc(size);
    if (__builtin_expect(block != NULL, 1))
        track_count(block, size);
    return block;
}

EXPORT void free(void *block)
{
    if (track_may_be_noted(block) && block != NULL)
        track_died(block);
    if (__builtin_expect(track_next_is_early(block), 0))
        return;
    track_next.free(block);
}

EXPORT void *calloc(size_t count, size_t size)
{
    const struct trace_thread *thread = track_mine;
    const uint64_t before = thread->calls;
    void *block = track_next.calloc(count, size);
    return counted(block, count * size, thread, before);
}

/* Takes the old block's life, and gives it back where the call failed. */
static void *resize(void *block, size_t size, bool is_array, size_t count)
{
    struct life life;
    const size_t bytes = is_array ? count * size : size;
    if (track_next_is_early(block))
        return counted(track_next_move_early(block, bytes), bytes, track_mine, track_mine->calls);
    const bool is_noted =
        block != NULL && track_may_be_noted(block) && track_take(block, false, &life);
    const struct trace_thread *thread = track_mine;
    const uint64_t before = thread->calls;
    void *moved =
        is_array ? track_next.reallocarray(block, count, size) : track_next.realloc(block, size);
    if (moved == NULL && is_noted && (bytes > 0 || errno == ENOMEM))
        track_put_back(&life);
    return counted(moved, bytes, thread, before);
}

EXPORT void *realloc(void *block, size_t size)
{
    return resize(block, size, false, 0);
}

EXPORT void *reallocarray(void *block, size_t count, size_t size)
{
    return resize(block, size, true, count);
}

EXPORT int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
    const struct trace_thread *thread = track_mine;
    const uint64_t before = thread->calls;
    const int error = track_next.posix_memalign(ret_block, alignment, size);
    if (error == 0)
        (void)counted(*ret_block, size, thread, before);
    return error;
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    const struct trace_thread *thread = track_mine;
    const uint64_t before = thread->calls;
    return counted(track_next.aligned_alloc(alignment, size), size, thread, before);
}

EXPORT void *memalign(size_t alignment, size_t size)
{
    const struct trace_thread *thread = track_mine;
    const uint64_t before = thread->calls;
    return counted(track_next.memalign(alignment, size), size, thread, before);
}

EXPORT void *valloc(size_t size)
{
    const struct trace_thread *thread = track_mine;
    const uint64_t before = thread->calls;
    return counted(track_next.valloc(size), size, thread, before);
}

EXPORT void *pvalloc(size_t size)
{
    const struct trace_thread *thread = track_mine;
    const uint64_t before = thread->calls;
    return counted(track_next.pvalloc(size), size, thread, before);
}

int dlclose(void *handle);
EXPORT int dlclose(void *handle)
{
    const int result = track_next.dlclose(handle);
    track_unloaded();
    return result;
}

__attribute__((constructor)) static void begin(void)
{
    track_watch();
}

__attribute__((destructor)) static void end(void)
{
    track_end();
}
