/* Looks up the next definitions: see next.h. Called by calls.c and new.c. A lookup may itself
 * allocate; what is asked for then comes from a small array, which is never given back.
 *
 * Threads: a lookup by two at once finds the same. Memory: the array. */
#include "tune/preload/next.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define EARLY_BYTES ((size_t)64 << 10)

static struct {
    _Alignas(16) char bytes[EARLY_BYTES];
    atomic_size_t used;
} early;

static void *early_take(size_t size)
{
    const size_t rounded = (size + 31) & ~(size_t)15;
    const size_t at = rounded < EARLY_BYTES ? atomic_fetch_add(&early.used, rounded) : EARLY_BYTES;
    if (at > EARLY_BYTES - rounded) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(early.bytes + at, &size, sizeof size);
    return early.bytes + at + 16;
}

bool track_next_is_early(const void *block)
{
    return (uintptr_t)block - (uintptr_t)early.bytes < EARLY_BYTES;
}

/* Set while this thread looks a name up. */
static __attribute__((tls_model("initial-exec"))) _Thread_local bool is_looking;

void *track_next_find(const char *name)
{
    static const char *const runtimes[] = {"libstdc++.so.6", "libc++.so.1"};
    is_looking = true;
    void *found = dlsym(RTLD_NEXT, name);
    for (size_t i = 0; found == NULL && i < sizeof runtimes / sizeof runtimes[0]; i++) {
        void *runtime = dlopen(runtimes[i], RTLD_LAZY | RTLD_NOLOAD);
        if (runtime != NULL)
            found = dlsym(runtime, name);
    }
    is_looking = false;
    return found;
}

/* --- what stands in the table at first --- */

#define FIND(name)                                                                                 \
    do {                                                                                           \
        void *found_ = track_next_find(#name);                                                     \
        memcpy(&track_next.name, &found_, sizeof found_);                                          \
    } while (0)

static void *first_malloc(size_t size)
{
    if (is_looking)
        return early_take(size);
    FIND(malloc);
    return track_next.malloc(size);
}

static void first_free(void *block)
{
    if (is_looking)
        return;
    FIND(free);
    track_next.free(block);
}

static void *first_calloc(size_t count, size_t size)
{
    if (is_looking)
        return count <= EARLY_BYTES && size <= EARLY_BYTES ? early_take(count * size) : NULL;
    FIND(calloc);
    return track_next.calloc(count, size);
}

static void *first_realloc(void *block, size_t size)
{
    if (is_looking)
        return block == NULL ? early_take(size) : NULL;
    FIND(realloc);
    return track_next.realloc(block, size);
}

void *track_next_move_early(const void *block, size_t size)
{
    size_t old;
    memcpy(&old, (const char *)block - 16, sizeof old);
    void *taken = track_next.malloc(size);
    return taken != NULL ? memcpy(taken, block, old < size ? old : size) : NULL;
}

static void *first_reallocarray(void *block, size_t count, size_t size)
{
    FIND(reallocarray);
    return track_next.reallocarray(block, count, size);
}

static int first_posix_memalign(void **ret_block, size_t alignment, size_t size)
{
    FIND(posix_memalign);
    return track_next.posix_memalign(ret_block, alignment, size);
}

static void *first_aligned_alloc(size_t alignment, size_t size)
{
    FIND(aligned_alloc);
    return track_next.aligned_alloc(alignment, size);
}

static void *first_memalign(size_t alignment, size_t size)
{
    FIND(memalign);
    return track_next.memalign(alignment, size);
}

static void *first_valloc(size_t size)
{
    FIND(valloc);
    return track_next.valloc(size);
}

static void *first_pvalloc(size_t size)
{
    FIND(pvalloc);
    return track_next.pvalloc(size);
}

static int first_dlclose(void *handle)
{
    FIND(dlclose);
    return track_next.dlclose(handle);
}

struct track_next track_next = {
    .malloc = first_malloc,
    .free = first_free,
    .calloc = first_calloc,
    .realloc = first_realloc,
    .reallocarray = first_reallocarray,
    .posix_memalign = first_posix_memalign,
    .aligned_alloc = first_aligned_alloc,
    .memalign = first_memalign,
    .valloc = first_valloc,
    .pvalloc = first_pvalloc,
    .dlclose = first_dlclose,
};
