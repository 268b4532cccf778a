/* Files held in memory once per process and shared by all who ask for them: sources, fonts, images.
 * Keyed by device, inode, size and time of change. The bytes are a copy, so that a file which is
 * truncated or rewritten meanwhile is an error at the open, never a SIGBUS in the reader's code.
 * Thread-safe; the table of open files is the process's one shared state here. */
#ifndef FIRN_MAPPED_H
#define FIRN_MAPPED_H

#include <firn/file.h>

FIRN_BEGIN

typedef struct firn_mapped firn_mapped;

/* Opens a regular file of at most limit_bytes (FIRN_LIMIT above it). FIRN_NOT_FOUND,
 * FIRN_PERMISSION, FIRN_UNSUPPORTED (not a regular file), FIRN_CHANGED (it changed while it was
 * read), FIRN_NO_MEMORY, FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status firn_mapped_open(const char *path, uint64_t limit_bytes,
                                                     firn_mapped **ret_mapped,
                                                     firn_error *ret_error);
/* Gives the file up; the last user frees it. NULL is let pass. */
FIRN_API void firn_mapped_close(firn_mapped *mapped);

/* The bytes, valid until the close, followed by one NUL that is not part of them; never NULL. */
FIRN_API const char *firn_mapped_data(const firn_mapped *mapped, size_t *ret_size);
FIRN_API void firn_mapped_info(const firn_mapped *mapped, firn_file_info *ret_info);

FIRN_END

#endif
