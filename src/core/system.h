/* <firn/system.h> with a folder in place of the machine's root, for tests, and the clock by which
 * files tell their times. Thread-safe. */
#ifndef FIRN_CORE_SYSTEM_H
#define FIRN_CORE_SYSTEM_H

#include <firn/system.h>

/* Nanoseconds since 1970; may jump either way. */
int64_t firn_clock_wall_ns(void);

uint64_t firn_memory_available_at(const char *root);
uint64_t firn_memory_limit_at(const char *root);
FIRN_NODISCARD firn_status firn_process_memory_at(const char *root,
                                                  firn_process_memory *ret_memory);

#endif
