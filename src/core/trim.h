/* The system's own heap, which keeps what was freed. Thread-safe. */
#ifndef FIRN_CORE_TRIM_H
#define FIRN_CORE_TRIM_H

/* Gives its free pages back to the kernel: 0.1 to 0.9 ms for each megabyte that goes, and a
 * hundredth of that for what has gone already. */
void firn_system_heap_trim(void);

#endif
