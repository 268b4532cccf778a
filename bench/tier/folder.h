/* The folder for the files of a run, below TMPDIR or /var/tmp, where there is room for gigabytes.
 * It goes at the end, or when the program exits. Header-only. */
#ifndef FIRN_BENCH_FOLDER_H
#define FIRN_BENCH_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder_path[256];

static inline int folder_remove_entry(const char *path, const struct stat *info, int kind,
                                      struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline void folder_remove(void)
{
    if (folder_path[0] != '\0')
        nftw(folder_path, folder_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    folder_path[0] = '\0';
}

static inline const char *folder_make(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder_path, sizeof folder_path, "%.200s/firn-bench-XXXXXX",
             base != NULL ? base : "/var/tmp");
    if (mkdtemp(folder_path) == NULL) {
        perror(folder_path);
        exit(1);
    }
    atexit(folder_remove);
    return folder_path;
}

#endif
