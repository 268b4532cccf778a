/* Memory for libraries whose allocator hook is one for the whole process and is told neither a
 * context nor the sizes of blocks: a thread enters an allocator, and what such a library allocates
 * in this thread until it leaves comes from there. Under each block lie 16 bytes that say who gave
 * it and how large it is, so that it can be released from anywhere. Used by sqlite.h and jansson.h.
 *
 *     const firn_allocator *before = firn_current_enter(&regions_allocator);
 *     ... calls of SQLite, jansson ...
 *     firn_current_enter(before);
 *
 * A call that was made outside is no error: what it allocates comes from the system's memory, and
 * only does not sleep.
 *
 * Threads: each has its own current allocator. A block may be released by another thread when its
 * allocator allows that. */
#ifndef FIRN_ADAPTERS_CURRENT_H
#define FIRN_ADAPTERS_CURRENT_H

#include <firn/allocator.h>

#include <string.h>

FIRN_BEGIN

/* Private: one for all files that include this. NULL: the system's. */
extern __thread const firn_allocator *firn_current_allocator;
__attribute__((weak, visibility("default"))) __thread const firn_allocator *firn_current_allocator;

/* Makes allocator (NULL: the system's) this thread's and returns the one before, NULL likewise. It
 * must outlive the blocks that it gives. */
static inline const firn_allocator *firn_current_enter(const firn_allocator *allocator)
{
    const firn_allocator *before = firn_current_allocator;
    firn_current_allocator = allocator;
    return before;
}

/* Private. */
typedef struct firn_current_head {
    const firn_allocator *owner;
    size_t size; /* of the block without this */
} firn_current_head;

static inline firn_current_head firn_current_head_of(const void *block)
{
    firn_current_head head;
    memcpy(&head, (const char *)block - sizeof head, sizeof head);
    return head;
}

/* What the block begins with, which is then usable from behind it. */
static inline void *firn_current_finish(void *begin, const firn_allocator *owner, size_t size)
{
    if (begin == NULL)
        return NULL;
    firn_current_head head = {owner, size};
    memcpy(begin, &head, sizeof head);
    return (char *)begin + sizeof head;
}

/* Allocates size bytes (0 is taken as 1), aligned to 16, from this thread's allocator; NULL when it
 * has none. */
static inline void *firn_current_allocate(size_t size)
{
    const firn_allocator *owner = firn_current_allocator;
    if (size > SIZE_MAX - sizeof(firn_current_head))
        return NULL;
    size += size == 0;
    return firn_current_finish(firn_allocate(owner, sizeof(firn_current_head) + size), owner, size);
}

/* Gives a block back to the allocator it came from; block may be NULL. */
static inline void firn_current_release(void *block)
{
    if (block == NULL)
        return;
    firn_current_head head = firn_current_head_of(block);
    firn_release(head.owner, (char *)block - sizeof head, sizeof head + head.size);
}

/* Changes a block's size where it came from, block NULL being a new one of this thread's allocator.
 * NULL when there is no memory; the block then stays as it was. */
static inline void *firn_current_reallocate(void *block, size_t size)
{
    if (block == NULL)
        return firn_current_allocate(size);
    if (size > SIZE_MAX - sizeof(firn_current_head))
        return NULL;
    firn_current_head head = firn_current_head_of(block);
    size += size == 0;
    void *begin = firn_reallocate(head.owner, (char *)block - sizeof head, sizeof head + head.size,
                                  sizeof head + size);
    return firn_current_finish(begin, head.owner, size);
}

/* How large a block is, as it was asked for. */
static inline size_t firn_current_size(const void *block)
{
    return firn_current_head_of(block).size;
}

FIRN_END

#endif
