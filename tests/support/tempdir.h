/* A folder of a test's own below $TMPDIR, and plain stdio for looking at and damaging files in it.
 */
#ifndef FIRN_TESTS_TEMPDIR_H
#define FIRN_TESTS_TEMPDIR_H

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPDIR_PATH_BYTES 512

static inline void tempdir_check(int failed, const char *what)
{
    if (!failed)
        return;
    perror(what);
    abort();
}

static inline void tempdir_make_below(const char *base, char path[TEMPDIR_PATH_BYTES])
{
    snprintf(path, TEMPDIR_PATH_BYTES, "%s/firn-test-XXXXXX", base);
    tempdir_check(mkdtemp(path) == NULL, path);
}

static inline void tempdir_make(char path[TEMPDIR_PATH_BYTES])
{
    const char *base = getenv("TMPDIR");
    tempdir_make_below(base != NULL ? base : "/tmp", path);
}

/* In memory where that is possible: for tests that sync thousands of times. */
static inline void tempdir_make_fast(char path[TEMPDIR_PATH_BYTES])
{
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK | X_OK) == 0)
        tempdir_make_below("/dev/shm", path);
    else
        tempdir_make(path);
}

/* FOLDER/NAME in a static buffer; eight of them are valid at a time. */
static inline const char *tempdir_path(const char *folder, const char *name)
{
    static char paths[8][2 * TEMPDIR_PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* Removes a folder and what is in it, folders in it included. */
static inline void tempdir_remove(const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT) /* a link goes, and not what it leads to */
        return;
    DIR *folder = opendir(path);
    tempdir_check(folder == NULL, path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char inner[2 * TEMPDIR_PATH_BYTES];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        tempdir_remove(inner);
    }
    closedir(folder);
    rmdir(path);
}

/* Makes or empties a folder. */
static inline void tempdir_empty(const char *path)
{
    tempdir_remove(path);
    tempdir_check(mkdir(path, 0777) != 0, path);
}

static inline void tempdir_write(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    tempdir_check(file == NULL, path);
    tempdir_check(fwrite(data, 1, size, file) != size, path);
    tempdir_check(fclose(file) != 0, path);
}

/* The whole file in a block that the caller frees; NULL when there is none. */
static inline uint8_t *tempdir_read(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    struct stat stat;
    tempdir_check(fstat(fileno(file), &stat) != 0, path);
    size_t size = (size_t)stat.st_size;
    uint8_t *data = malloc(size + 1);
    tempdir_check(data == NULL, path);
    tempdir_check(fread(data, 1, size, file) != size, path);
    fclose(file);
    *ret_size = size;
    return data;
}

static inline bool tempdir_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static inline size_t tempdir_count(const char *path)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    tempdir_check(folder == NULL, path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

#endif
