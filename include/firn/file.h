/* Files: the one place where short reads, short writes and EINTR are handled, and where a file is
 * written so that a crash leaves the old one or the new one. Functions that take a firn_error name
 * the file in its text. */
#ifndef FIRN_FILE_H
#define FIRN_FILE_H

#include <firn/allocator.h>
#include <firn/status.h>

FIRN_BEGIN

typedef enum firn_file_mode {
    FIRN_FILE_READ,   /* must exist, a regular file (FIRN_UNSUPPORTED for others), never blocks on a
                         FIFO */
    FIRN_FILE_CREATE, /* must not exist (FIRN_EXISTS), for writing and reading */
    FIRN_FILE_OVERWRITE, /* made, or emptied, for writing and reading */
    FIRN_FILE_APPEND,    /* must exist, a regular file; for reading, and writing at its end */
} firn_file_mode;

/* An open file. The caller owns the struct; fd is -1 when closed. Confined to one thread, but for
 * firn_file_read_at, which any number of threads may call. */
typedef struct firn_file {
    int fd; /* private */
} firn_file;

typedef struct firn_file_info {
    uint64_t size;    /* bytes */
    int64_t mtime_ns; /* last change, nanoseconds since 1970 */
    uint64_t device;
    uint64_t inode;
    int64_t ctime_ns; /* last change of the content or of what the file system says of it, which no
                         program can set back */
} firn_file_info;

/* Opens path. FIRN_NOT_FOUND, FIRN_PERMISSION, FIRN_EXISTS, FIRN_UNSUPPORTED (not a regular file),
 * FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status firn_file_open(const char *path, firn_file_mode mode,
                                                   firn_file *ret_file, firn_error *ret_error);
/* Closes; a closed file may be closed again. What was not synced may be lost in a crash. */
FIRN_API void firn_file_close(firn_file *file);

/* Size, time of change and identity. FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status firn_file_info_get(const firn_file *file,
                                                       firn_file_info *ret_info);

/* Reads up to size bytes at offset; *ret_read is smaller only at the end of the file. FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status firn_file_read_at(const firn_file *file, uint64_t offset,
                                                      void *buffer, size_t size, size_t *ret_read);

/* Says that these bytes will soon be read, so that the device begins while the caller does
 * something else. */
FIRN_API void firn_file_will_read(const firn_file *file, uint64_t offset, size_t size);

/* Appends all of data at the file's position. FIRN_NO_SPACE, FIRN_IO; the file's end is then
 * undefined. */
FIRN_API FIRN_NODISCARD firn_status firn_file_write(firn_file *file, const void *data, size_t size);

/* Cuts the file off, or fills it up with zeros, to size bytes. FIRN_NO_SPACE, FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status firn_file_truncate(firn_file *file, uint64_t size);

/* Makes what was written durable (fsync). After a failure the data must be counted as lost: a
 * second sync would report success. */
FIRN_API FIRN_NODISCARD firn_status firn_file_sync(firn_file *file);

/* Makes renames, creations and removals in a folder durable. */
FIRN_API FIRN_NODISCARD firn_status firn_folder_sync(const char *path, firn_error *ret_error);

/* Makes a folder; FIRN_EXISTS when there is something of that name. */
FIRN_API FIRN_NODISCARD firn_status firn_folder_create(const char *path, firn_error *ret_error);

/* Renames within a file system, replacing what `to` was. Durable after firn_folder_sync. */
FIRN_API FIRN_NODISCARD firn_status firn_file_rename(const char *from, const char *to,
                                                     firn_error *ret_error);

/* Removes a file. FIRN_NOT_FOUND when there is none. */
FIRN_API FIRN_NODISCARD firn_status firn_file_remove(const char *path, firn_error *ret_error);

/* Reads a whole regular file of at most limit_bytes (FIRN_LIMIT above it) into a block of *ret_size
 * bytes from allocator, which the caller releases (firn_release with *ret_size); an empty file
 * gives NULL and 0. FIRN_CHANGED when the file's size or time changed meanwhile. ret_info may be
 * NULL. */
FIRN_API FIRN_NODISCARD firn_status firn_file_read_all(const char *path, uint64_t limit_bytes,
                                                       const firn_allocator *allocator,
                                                       void **ret_data, size_t *ret_size,
                                                       firn_file_info *ret_info,
                                                       firn_error *ret_error);

/* Puts data in the place of path so that a crash leaves the old content or the new: writes path +
 * ".tmp", syncs, renames, syncs the folder. A failure leaves the old file and no temporary one;
 * only when the folder cannot be synced, the new one is in place but may not outlive a crash. The
 * mode of an old file is kept. */
FIRN_API FIRN_NODISCARD firn_status firn_file_replace(const char *path, const void *data,
                                                      size_t size, firn_error *ret_error);

/* Visits the names in a folder, "." and ".." left out, in no order. The callback returns FIRN_OK to
 * go on; anything else ends the visit and is returned. */
typedef firn_status (*firn_folder_visit_fn)(void *context, const char *name);
FIRN_API FIRN_NODISCARD firn_status firn_folder_visit(const char *path, firn_folder_visit_fn visit,
                                                      void *context, firn_error *ret_error);

/* What a path names, without following a final link. */
typedef enum firn_path_kind {
    FIRN_PATH_FILE,
    FIRN_PATH_FOLDER,
    FIRN_PATH_LINK,
    FIRN_PATH_OTHER, /* FIFO, socket or device */
} firn_path_kind;
FIRN_API FIRN_NODISCARD firn_status firn_path_kind_get(const char *path, firn_path_kind *ret_kind,
                                                       firn_file_info *ret_info,
                                                       firn_error *ret_error);

/* A lock file that one process may hold at a time, across crashes (flock). path is made when
 * missing; the holder's process id and `what` (a short text) are written into it. FIRN_BUSY when
 * another process holds it, with who in the error's text. Released by firn_lock_release or by the
 * end of the process. */
typedef struct firn_lock {
    int fd; /* private; -1 when not held */
} firn_lock;
FIRN_API FIRN_NODISCARD firn_status firn_lock_acquire(const char *path, const char *what,
                                                      firn_lock *ret_lock, firn_error *ret_error);
FIRN_API void firn_lock_release(firn_lock *lock);

FIRN_END

#endif
