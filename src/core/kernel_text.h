/* The text files in which the kernel tells its figures (/proc, cgroup folders). Nothing is
 * allocated, so that memory can be looked at when there is none left. Thread-safe.
 */
#ifndef FIRN_CORE_KERNEL_TEXT_H
#define FIRN_CORE_KERNEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text file read line by line; lines longer than the buffer are cut. */
typedef struct firn_kernel_lines {
    int fd;
    size_t start, end; /* what is read and not yet handed out */
    char buffer[4096];
} firn_kernel_lines;

/* Opens the file root + path; false when it cannot be read. */
bool firn_kernel_lines_open(firn_kernel_lines *lines, const char *root, const char *path);
void firn_kernel_lines_close(firn_kernel_lines *lines);
/* The next line without its end, NUL-terminated, valid and writable until the next call; NULL when
 * there is none. */
char *firn_kernel_lines_next(firn_kernel_lines *lines);

/* Reads the number that the file root + path consists of; "max" and "-1" give UINT64_MAX. */
bool firn_kernel_number(const char *root, const char *path, uint64_t *ret_number);

/* Adds up the numbers of all lines `key: number kB` or `key number`, in bytes. False when there is
 * none. */
bool firn_kernel_sum(const char *root, const char *path, const char *key, uint64_t *ret_sum);

#endif
