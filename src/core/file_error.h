/* The one-line texts of failed calls on files: `path: what failed: cause; way out`. */
#ifndef FIRN_CORE_FILE_ERROR_H
#define FIRN_CORE_FILE_ERROR_H

#include <firn/status.h>

/* Room for the part of a path that a text shows. */
#define FIRN_PATH_SHOWN_BYTES 128

/* Writes to ret_shown the path, or "..." and the end of a long one, so that a text that begins with
 * it still has room for the cause. Returns ret_shown. */
const char *firn_path_shown(const char *path, char ret_shown[FIRN_PATH_SHOWN_BYTES]);

/* Fills ret_error (may be NULL) for a call `what` on path that failed with os_errno and returns the
 * status that stands for it. */
firn_status firn_file_error(firn_error *ret_error, int os_errno, const char *path,
                            const char *what);

#endif
