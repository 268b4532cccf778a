/* Libraries of Firn that a program is started with: where they are, and how the loader is told. */
#ifndef FIRN_PROGRAMS_PRELOAD_H
#define FIRN_PROGRAMS_PRELOAD_H

#include "common/report.h"

#include <limits.h>

/* Writes the path of a file beside firn, or where `make install` puts what belongs to it. False: it
 * is not there. */
bool preload_place(const char *wanted, char library[PATH_MAX]);

/* Writes the path of a library beside firn, or where `make install` puts it. EXIT_FAILED after one
 * line on stderr when it is not there, or where the loader would not take it. */
enum exit_status preload_find(const char *name, char library[PATH_MAX]);

/* Puts it in front of LD_PRELOAD in this process's environment. EXIT_FAILED after one line on
 * stderr. */
enum exit_status preload_set(const char *library);

#endif
