/* How the process's allocator is set for long work on many threads. */
#ifndef CODE_MEMORY_H
#define CODE_MEMORY_H

/* Makes large blocks go back to the kernel when they are freed. Called once, before threads are
 * made. */
void memory_return_large_blocks(void);

#endif
