/* The system's allocator behind firn_allocator, and the checks that every caller would repeat:
 * sizes that no object can have, products that overflow, arrays that grow.
 *
 * Called by all; calls malloc, and fault.h in builds that can inject failures. Threads: no state.
 */
#include <firn/allocator.h>

#include "core/fault.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(_Alignof(max_align_t) >= 16, "malloc must align to 16 bytes");

static void *system_allocate(void *context, size_t size)
{
    (void)context;
    return firn_fault_alloc() ? NULL : malloc(size);
}

static void *system_reallocate(void *context, void *block, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old_size;
    return firn_fault_alloc() ? NULL : realloc(block, new_size);
}

static void system_release(void *context, void *block, size_t size)
{
    (void)context;
    (void)size;
    free(block);
}

static const firn_allocator system_allocator = {system_allocate, system_reallocate, system_release,
                                                NULL};

const firn_allocator *firn_allocator_system(void)
{
    return &system_allocator;
}

static const firn_allocator *or_system(const firn_allocator *allocator)
{
    return allocator != NULL ? allocator : &system_allocator;
}

void *firn_allocate(const firn_allocator *allocator, size_t size)
{
    if (size == 0 || size > PTRDIFF_MAX)
        return NULL;
    allocator = or_system(allocator);
    return allocator->allocate(allocator->context, size);
}

void *firn_allocate_zeroed(const firn_allocator *allocator, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *block = firn_allocate(allocator, bytes);
    if (block != NULL)
        memset(block, 0, bytes);
    return block;
}

void *firn_reallocate(const firn_allocator *allocator, void *block, size_t old_size,
                      size_t new_size)
{
    if (block == NULL)
        return firn_allocate(allocator, new_size);
    if (new_size == 0 || new_size > PTRDIFF_MAX)
        return NULL;
    allocator = or_system(allocator);
    return allocator->reallocate(allocator->context, block, old_size, new_size);
}

void firn_release(const firn_allocator *allocator, void *block, size_t size)
{
    if (block == NULL)
        return;
    allocator = or_system(allocator);
    allocator->release(allocator->context, block, size);
}

bool firn_grow(const firn_allocator *allocator, void **block, size_t *capacity, size_t wanted,
               size_t size)
{
    if (wanted <= *capacity)
        return true;
    size_t most = size > 0 ? PTRDIFF_MAX / size : 0;
    if (wanted > most)
        return false;
    size_t grown = *capacity > most / 2 ? most : *capacity * 2;
    if (grown < wanted)
        grown = wanted;
    if (grown < 8 && most >= 8)
        grown = 8;
    void *larger = firn_reallocate(allocator, *block, *capacity * size, grown * size);
    if (larger == NULL)
        return false;
    *block = larger;
    *capacity = grown;
    return true;
}
