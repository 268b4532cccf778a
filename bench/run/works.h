/* The works of bench/run: real programs, each started on an allocator and measured by the process
 * that started it. */
#ifndef FIRN_BENCH_WORKS_H
#define FIRN_BENCH_WORKS_H

#include <stdbool.h>

enum work { WORK_CC1, WORK_MEMCACHED, WORK_PYTHON, WORK_GIT, WORKS };

/* By these names works are told to the process that does them. */
extern const char *const work_names[WORKS];

/* Whether what a work runs is installed. */
bool work_is_there(enum work work);

/* Does a work once: below `firn run` in that mode, or with mode "none" as it is. file is what cc1
 * compiles, or the repository. Prints `seconds` of processor time, with what it starts itself, and
 * `memory_bytes`, the peak of what was resident. Returns the exit status for main. */
int work_do(enum work work, const char *mode, const char *file);

#endif
