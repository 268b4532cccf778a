/* What the allocator's functions do when the way in malloc.c is not enough. Thread-safe. All that
 * return a block return NULL when there is no memory. */
#ifndef RUN_BLOCKS_H
#define RUN_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

/* size may be 0; alignment is a power of two, 16 being that of any object. */
void *run_blocks_alloc(size_t alignment, size_t size);
/* The same, zeroed, at a multiple of 16. */
void *run_blocks_alloc_zeroed(size_t size);

/* Frees a block, or does nothing for NULL, and leaves errno as it is. Ends the process with a
 * message when it is no block that lives, as far as that is seen; call is what the program called.
 */
void run_blocks_free(void *block, const char *call);
/* Neither block nor size is 0. The same message. */
void *run_blocks_resize(void *block, size_t size);
/* Bytes that may be used. The same message. */
size_t run_blocks_usable(void *block, const char *call);

/* Gives free memory to the kernel, as far as no other thread is using it. */
void run_blocks_trim(void);

#endif
