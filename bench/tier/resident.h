/* What a process has in memory, its code's pages included: now, with only its share of the pages
 * that others have too (PSS), or the most that it had at any moment (VmHWM). Header-only. */
#ifndef FIRN_BENCH_RESIDENT_H
#define FIRN_BENCH_RESIDENT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static inline double resident_read(pid_t process, const char *name, const char *field)
{
    char path[64], line[256];
    double kilobytes = -1;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, name);
    FILE *file = fopen(path, "r");
    while (file != NULL && kilobytes < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            kilobytes = strtod(line + strlen(field), NULL);
    if (kilobytes < 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    return kilobytes * 1024;
}

static inline double resident_bytes(pid_t process)
{
    return resident_read(process, "smaps_rollup", "Pss:");
}

/* From now on the most counts anew; returns what there is now. */
static inline double resident_peak_reset(pid_t process)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)process);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs("5", file) < 0 || fclose(file) != 0) {
        fprintf(stderr, "cannot write %s\n", path);
        exit(1);
    }
    return resident_read(process, "status", "VmRSS:");
}

static inline double resident_peak_bytes(pid_t process)
{
    return resident_read(process, "status", "VmHWM:");
}

#endif
