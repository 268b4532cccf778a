/* How long processes of the machine, or of this one's control group, wait for memory, as the kernel
 * counts it (PSI). Thread-safe. root is put before every path: "" for the machine, a folder with
 * made-up files for tests. */
#ifndef FIRN_CORE_PRESSURE_H
#define FIRN_CORE_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

/* The share of the last 10 s in which some process waited for memory, in hundredths of a percent:
 * the larger one of machine and group. False where the kernel does not tell. */
bool firn_pressure_memory(const char *root, uint32_t *ret_share);

#endif
