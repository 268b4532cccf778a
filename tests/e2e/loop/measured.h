/* What the programs of tune_loop_library.py say of themselves: by how much their memory grew, and
 * what processor time they took from then on. */
#ifndef LOOP_MEASURED_H
#define LOOP_MEASURED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double measured_kb(const char *key)
{
    char line[256];
    double kb = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            kb = strtod(line + strlen(key), NULL);
    if (status != NULL)
        fclose(status);
    return kb;
}

static inline double measured_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double begin_kb, begin_seconds;

static inline void measured_begin(void)
{
    begin_kb = measured_kb("VmRSS:");
    begin_seconds = measured_seconds();
}

static inline void measured_end(void)
{
    printf("%.0f %f\n", (measured_kb("VmHWM:") - begin_kb) * 1024,
           measured_seconds() - begin_seconds);
}

static inline uint64_t measured_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

#endif
