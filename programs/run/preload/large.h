/* Blocks of more than 1 MiB: each has slots of its own, and any thread may free it. Thread-safe. */
#ifndef RUN_LARGE_H
#define RUN_LARGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_LARGE_MIN ((size_t)1 << 20) /* blocks above this are large */

/* Whether an entry of the range's table is that of a large block. */
static inline bool run_large_is(uintptr_t owner)
{
    return (owner & 1) != 0;
}

/* Allocates size bytes at a multiple of alignment; *ret_zero tells whether they are zero. NULL when
 * there is no memory. */
void *run_large_alloc(size_t size, size_t alignment, bool *ret_zero);

/* Frees a block. False when it is none. */
bool run_large_free(void *block);

/* Makes a block longer or shorter: where it lies, else by moving its pages to other addresses.
 * Returns where it is then; NULL, the block staying as it was, when neither can be done. */
void *run_large_resize(void *block, size_t size);

/* Bytes of a block that may be used; 0 when it is none. */
size_t run_large_usable(const void *block);

/* Gives what is kept for later to the kernel. */
void run_large_trim(void);

/* Bytes of all blocks, and of what is kept for later. */
void run_large_usage(size_t *ret_live_bytes, size_t *ret_kept_bytes);

/* For the fork, as those in range.h. */
void run_large_fork_lock(void);
void run_large_fork_unlock(bool child);

#endif
