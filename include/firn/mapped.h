/* Files held in memory once per process and shared by all who ask for them: sources, fonts, images.
 * Keyed by device, inode, size and times of change. The bytes are a copy, so that a file which is
 * truncated or rewritten meanwhile is an error at the open, never a SIGBUS in the reader's code;
 * one that changed in the last 20 ms, within which its times could hide another change, is copied
 * for each who opens it. Thread-safe; the table of open files is the process's one shared state
 * here.
 *
 * Processes share what was open before a fork: a file of 5 MB in a parent and ten children
 * takes 5.5 MB of memory in all, as much as one in a shared memory object, and 49 MB when each
 * opens it. */
#ifndef FIRN_MAPPED_H
#define FIRN_MAPPED_H

#include <firn/file.h>
#include <firn/usage.h>

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

/* Of all files that are open here. live: their bytes. */
FIRN_API void firn_mapped_usage(firn_usage *ret_usage);

FIRN_END

#endif
