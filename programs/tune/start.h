/* Starts the program that a command line names. */
#ifndef TUNE_START_H
#define TUNE_START_H

#include "common/options.h"

#include <sys/types.h>

/* Starts the operands as a program, whose standard output is standard error where --json wants the
 * former for itself. Returns when it runs; else the exit status, 127 when it is not found and 126
 * when it cannot be run, after one line on stderr. The caller waits for it. */
enum exit_status start_program(const struct invocation *invocation, pid_t *ret_child);

#endif
