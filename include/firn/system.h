/* What the machine has and what this process takes: memory, processors, time. Thread-safe. */
#ifndef FIRN_SYSTEM_H
#define FIRN_SYSTEM_H

#include <firn/status.h>

FIRN_BEGIN

/* Nanoseconds of a clock that never goes back; from an arbitrary start. */
FIRN_API uint64_t firn_clock_ns(void);

/* Nanoseconds that the processor has worked for this thread; from an arbitrary start. */
FIRN_API uint64_t firn_clock_thread_ns(void);

/* Bytes that this process could still take without the system swapping or killing: the smaller of
 * the kernel's MemAvailable and the room left below the cgroup's limit (v2 and v1, with all its
 * ancestors). 0 when neither can be read. */
FIRN_API uint64_t firn_memory_available_bytes(void);

/* The memory limit over this process, bytes: the smallest cgroup limit, else the machine's RAM. */
FIRN_API uint64_t firn_memory_limit_bytes(void);

typedef struct firn_process_memory {
    uint64_t rss_bytes;      /* resident now */
    uint64_t peak_rss_bytes; /* the highest since the start */
    uint64_t pss_bytes;      /* resident, shared pages divided by their users */
} firn_process_memory;

/* Reads what the kernel counts for this process. FIRN_IO when /proc cannot be read. */
FIRN_API FIRN_NODISCARD firn_status firn_process_memory_get(firn_process_memory *ret_memory);

/* Processors this process may run on (affinity and cgroup quota, rounded up); at least 1. */
FIRN_API unsigned firn_processor_count(void);

FIRN_END

#endif
