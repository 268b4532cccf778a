/* The limits that control groups (v2 and v1, with all ancestors) lay on this process. Thread-safe.
 * root is put before every path: "" for the machine, a folder with made-up files for tests.
 */
#ifndef FIRN_CORE_CGROUP_H
#define FIRN_CORE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct firn_cgroup_memory {
    uint64_t limit_bytes; /* the smallest limit, UINT64_MAX for none */
    uint64_t room_bytes;  /* the least that is left below any limit, UINT64_MAX for no limit */
} firn_cgroup_memory;

void firn_cgroup_memory_get(const char *root, firn_cgroup_memory *ret_memory);

/* The folder of the process's v2 group, root included; false where there is none to be seen. */
bool firn_cgroup_folder(const char *root, char *ret_folder, size_t size);

/* Processors that the quotas allow, rounded up, at least 1; UINT32_MAX for no quota. */
uint32_t firn_cgroup_processors(const char *root);

#endif
