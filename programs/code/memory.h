/* How the process's allocator is set for long work on many threads. */
#ifndef CODE_MEMORY_H
#define CODE_MEMORY_H

/* Makes large blocks go back to the kernel when they are freed. Called once, before threads are
 * made. */
void memory_return_large_blocks(void);

/* For a process that stays: all threads take their memory from the same place, so that what one has
 * freed is there for the next. Called once, before threads are made. */
void memory_share(void);

/* The same for one that keeps most of its memory and takes little besides: what is large goes back
 * to the kernel at once, and leaves no holes between what is kept. */
void memory_share_little(void);

/* Gives what is free back to the kernel. */
void memory_trim(void);

#endif
