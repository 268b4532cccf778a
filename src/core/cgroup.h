/* The limits that control groups (v2 and v1, with all ancestors) lay on this process. Thread-safe.
 * root is put before every path: "" for the machine, a folder with made-up files for tests.
 */
#ifndef FIRN_CORE_CGROUP_H
#define FIRN_CORE_CGROUP_H

#include <stdint.h>

typedef struct firn_cgroup_memory {
    uint64_t limit_bytes; /* the smallest limit, UINT64_MAX for none */
    uint64_t room_bytes;  /* the least that is left below any limit, UINT64_MAX for no limit */
} firn_cgroup_memory;

void firn_cgroup_memory_get(const char *root, firn_cgroup_memory *ret_memory);

/* Processors that the quotas allow, rounded up, at least 1; UINT32_MAX for no quota. */
uint32_t firn_cgroup_processors(const char *root);

#endif
