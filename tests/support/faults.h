/* Failures that the library is told to have (core/fault.h), set and taken back from within a test,
 * and how many calls there are to fail. For one program's static use, in builds with FIRN_FAULTS.
 */
#ifndef FIRN_TESTS_FAULTS_H
#define FIRN_TESTS_FAULTS_H

#include "core/fault.h"
#include "support/tempdir.h"

#include <sys/wait.h>

static const char *const FAULT_CALLS[] = {
#define FAULT_CALL_NAME(code, name) #name,
    FIRN_FAULT_CALLS(FAULT_CALL_NAME)
#undef FAULT_CALL_NAME
};

#if defined(FIRN_FAULTS) && FIRN_FAULTS

static inline void faults_set(const char *variable, const char *value)
{
    setenv(variable, value, 1);
    firn_fault_reload();
}

static inline void faults_clear(void)
{
    unsetenv("FIRN_FAULT_IO");
    unsetenv("FIRN_FAULT_ALLOC");
    unsetenv("FIRN_FAULT_KILL");
    unsetenv("FIRN_FAULT_COUNT");
    firn_fault_reload();
}

/* What a piece of work reaches, counted in a child. */
typedef struct faults_count {
    unsigned alloc, mutating;
    unsigned calls[FIRN_FAULT_CALL_COUNT];
} faults_count;

static inline faults_count faults_count_of(void (*work)(void), const char *folder)
{
    faults_count counts = {0};
    char file_path[2 * TEMPDIR_PATH_BYTES], name[32];
    unsigned count;
    int ended = 1;
    snprintf(file_path, sizeof file_path, "%s/counts", folder);
    unlink(file_path);
    fflush(stdout); /* else the child prints it again */
    pid_t child = fork();
    if (child == 0) {
        faults_set("FIRN_FAULT_COUNT", file_path);
        work();
        exit(0);
    }
    tempdir_check(waitpid(child, &ended, 0) != child || ended != 0, "the counted work");
    FILE *file = fopen(file_path, "r");
    tempdir_check(file == NULL, file_path);
    while (fscanf(file, "%31s %u", name, &count) == 2) {
        if (strcmp(name, "alloc") == 0)
            counts.alloc = count;
        if (strcmp(name, "mutating") == 0)
            counts.mutating = count;
        for (size_t i = 0; i < FIRN_FAULT_CALL_COUNT; i++)
            if (strcmp(name, FAULT_CALLS[i]) == 0)
                counts.calls[i] = count;
    }
    fclose(file);
    unlink(file_path);
    return counts;
}

#endif

#endif
