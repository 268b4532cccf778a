/* Ends the test when a file is synced again whose sync has failed: what the kernel then says of it
 * means nothing. The program is linked so that firn_os_fsync comes through here (see
 * tests/CMakeLists.txt). For one program's static use. */
#ifndef FIRN_TESTS_NO_SECOND_SYNC_H
#define FIRN_TESTS_NO_SECOND_SYNC_H

#include "core/os.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { NO_SECOND_SYNC_MAX = 64 };

static ino_t no_second_sync_failed[NO_SECOND_SYNC_MAX];
static size_t no_second_sync_count;

int __real_firn_os_fsync(int fd);
int __wrap_firn_os_fsync(int fd);

int __wrap_firn_os_fsync(int fd)
{
    struct stat stat;
    bool is_file = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode);
    for (size_t i = 0; i < no_second_sync_count && is_file; i++) {
        if (no_second_sync_failed[i] == stat.st_ino) {
            fprintf(stderr, "a file is synced again after a sync that failed\n");
            abort();
        }
    }
    int error = __real_firn_os_fsync(fd);
    if (error != 0 && is_file && no_second_sync_count < NO_SECOND_SYNC_MAX)
        no_second_sync_failed[no_second_sync_count++] = stat.st_ino;
    return error;
}

/* Before other files, which may have the numbers of these. */
static inline void no_second_sync_reset(void)
{
    no_second_sync_count = 0;
}

#endif
