/* Which file a command names, and whether a preloaded library reaches it. */
#ifndef FIRN_PROGRAMS_PROGRAM_H
#define FIRN_PROGRAMS_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

enum program_kind {
    PROGRAM_DYNAMIC,    /* the library is preloaded */
    PROGRAM_STATIC,     /* has its own allocator inside */
    PROGRAM_FOREIGN,    /* for another machine or another C library */
    PROGRAM_PRIVILEGED, /* gains privileges when it starts, and the loader then preloads nothing */
    PROGRAM_UNKNOWN,    /* cannot be read, or is no program: exec will tell */
};

/* Finds the file that execvp would run. False when there is none. */
bool program_find(const char *name, char path[PATH_MAX]);

/* What kind of program a file is; of a script, what its interpreter is. */
enum program_kind program_kind_of(const char *path);

#endif
