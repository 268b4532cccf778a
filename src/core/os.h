/* The system calls on files that src/core makes, each in one place: EINTR is tried again, a short
 * read or write is gone on with, descriptors are closed on exec, and fault.h may make any of them
 * fail. All return 0 or an errno value; ret_ parameters are written only on success.
 *
 * Thread-safe: there is no state.
 */
#ifndef FIRN_CORE_OS_H
#define FIRN_CORE_OS_H

#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <sys/stat.h>
#include <sys/types.h>

int firn_os_open(const char *path, int flags, mode_t mode, int *ret_fd);
/* Closes fd, which is gone even when an error is returned. */
int firn_os_close(int fd);
int firn_os_fstat(int fd, struct stat *ret_stat);
/* Of the path itself, a final link not being followed. */
int firn_os_lstat(const char *path, struct stat *ret_stat);
int firn_os_stat(const char *path, struct stat *ret_stat);
/* Reads up to size bytes at offset; *ret_read is smaller only at the end of the file. */
int firn_os_read_at(int fd, uint64_t offset, void *buffer, size_t size, size_t *ret_read);
/* Lets the kernel begin to read; it may also do nothing. */
void firn_os_will_read(int fd, uint64_t offset, size_t size);
/* Reads up to size bytes at the descriptor's position, once. */
int firn_os_read_some(int fd, void *buffer, size_t size, size_t *ret_read);
/* Writes all of data at the descriptor's position. */
int firn_os_write(int fd, const void *data, size_t size);
int firn_os_truncate(int fd, uint64_t size);
int firn_os_fsync(int fd);
int firn_os_rename(const char *from, const char *to);
int firn_os_unlink(const char *path);
int firn_os_mkdir(const char *path, mode_t mode);
/* Takes the exclusive lock or returns EWOULDBLOCK at once. */
int firn_os_lock(int fd);
int firn_os_opendir(const char *path, DIR **ret_folder);
/* *ret_entry is NULL at the end; valid until the next call. */
int firn_os_readdir(DIR *folder, struct dirent **ret_entry);
/* This process's id, which a fork changes. */
long firn_os_process(void);

#endif
