/* The folder for the files of a run, below TMPDIR or /var/tmp, where there is room for gigabytes.
 * It goes when the program ends, however that is: a shell in a session of its own waits for it,
 * which keeps the program's output open until the folder is gone. Header-only. */
#ifndef FIRN_BENCH_FOLDER_H
#define FIRN_BENCH_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder_path[256];

static inline const char *folder_make(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder_path, sizeof folder_path, "%.200s/firn-bench-XXXXXX",
             base != NULL ? base : "/var/tmp");
    if (mkdtemp(folder_path) == NULL) {
        perror(folder_path);
        exit(1);
    }
    setenv("FIRN_BENCH_FOLDER", folder_path, 1);
    if (popen("exec setsid sh -c 'cat; rm -rf -- \"$FIRN_BENCH_FOLDER\"'", "we") == NULL) {
        perror("sh");
        exit(1);
    }
    return folder_path;
}

#endif
