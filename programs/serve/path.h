/* From a request's target to the name of a file below the served folder. Thread-safe: no state. */
#ifndef SERVE_PATH_H
#define SERVE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_MAX_BYTES 4096

/* Writes what the target's path names, relative to the folder, "." for the folder itself: percent
 * signs are decoded once, "." and ".." taken by their words, empty parts dropped. *ret_is_folder
 * tells whether the target ends in a slash. False for what names nothing that could be served: a
 * malformed percent sign, a NUL, a path that leaves the folder, or one that is too long. */
bool path_of_target(const char *target, size_t size, char path[PATH_MAX_BYTES],
                    bool *ret_is_folder);

/* Writes a name as part of an address: all but unreserved characters and slashes as percent signs.
 * Returns the size; 0 when it does not fit. */
size_t path_to_address(const char *name, char *out, size_t capacity);

#endif
