/* The allocator that every container of Firn takes, so that it can live in an arena, a region or a
 * user's heap. Follows Lua's hook: the release and the change of a block are told the block's size.
 */
#ifndef FIRN_ALLOCATOR_H
#define FIRN_ALLOCATOR_H

#include <firn/api.h>

FIRN_BEGIN

/* All blocks are aligned for any object (16 bytes). Sizes are in bytes and never 0. A function
 * returns NULL when it cannot give what was asked for; reallocate then leaves the old block as it
 * was. The allocator must outlive what uses it, and be as safe between threads as its users are. */
typedef struct firn_allocator {
    void *(*allocate)(void *context, size_t size);
    void *(*reallocate)(void *context, void *block, size_t old_size, size_t new_size);
    void (*release)(void *context, void *block, size_t size);
    void *context;
} firn_allocator;

/* The system's allocator (malloc); safe between threads. Never NULL. What an API takes for NULL. */
FIRN_API const firn_allocator *firn_allocator_system(void);

/* Allocates size bytes from allocator (NULL: the system's). Returns NULL when there is no memory or
 * when size is 0 or above PTRDIFF_MAX. */
FIRN_API void *firn_allocate(const firn_allocator *allocator, size_t size);

/* The same, zeroed; for count objects of size bytes, NULL also when the product overflows. */
FIRN_API void *firn_allocate_zeroed(const firn_allocator *allocator, size_t count, size_t size);

/* Changes a block's size, block NULL (old_size 0) being a new one; new_size must not be 0. Returns
 * NULL and leaves the block as it was when there is no memory. */
FIRN_API void *firn_reallocate(const firn_allocator *allocator, void *block, size_t old_size,
                               size_t new_size);

/* Gives a block of size bytes back; block may be NULL. */
FIRN_API void firn_release(const firn_allocator *allocator, void *block, size_t size);

/* Makes room for at least `wanted` elements of `size` bytes in the array *block of *capacity
 * elements, by doubling. Returns false and changes nothing when there is no memory. */
FIRN_API FIRN_NODISCARD bool firn_grow(const firn_allocator *allocator, void **block,
                                       size_t *capacity, size_t wanted, size_t size);

FIRN_END

#endif
