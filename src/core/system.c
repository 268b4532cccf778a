/* What the machine has and what this process takes: clock, memory, processors, from /proc, the
 * control groups and the scheduler. Called by tier/ and the programs; calls cgroup.c and
 * kernel_text.c. Threads: no state. Memory: none is allocated.
 */
#include "core/system.h"

#include "core/cgroup.h"
#include "core/kernel_text.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ns(clockid_t id)
{
    struct timespec now = {0, 0};
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t firn_clock_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t firn_clock_thread_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t firn_clock_wall_ns(void)
{
    return (int64_t)clock_ns(CLOCK_REALTIME);
}

uint64_t firn_memory_available_at(const char *root)
{
    uint64_t available = UINT64_MAX;
    firn_kernel_sum(root, "/proc/meminfo", "MemAvailable", &available);
    firn_cgroup_memory group;
    firn_cgroup_memory_get(root, &group);
    if (group.room_bytes < available)
        available = group.room_bytes;
    return available == UINT64_MAX ? 0 : available;
}

uint64_t firn_memory_available_bytes(void)
{
    return firn_memory_available_at("");
}

uint64_t firn_memory_limit_at(const char *root)
{
    uint64_t limit = UINT64_MAX;
    firn_kernel_sum(root, "/proc/meminfo", "MemTotal", &limit);
    firn_cgroup_memory group;
    firn_cgroup_memory_get(root, &group);
    return group.limit_bytes < limit ? group.limit_bytes : limit;
}

uint64_t firn_memory_limit_bytes(void)
{
    return firn_memory_limit_at("");
}

firn_status firn_process_memory_at(const char *root, firn_process_memory *ret_memory)
{
    firn_process_memory memory = {0, 0, 0};
    /* VmHWM and VmRSS lag behind by some pages a thread; smaps is exact, but walks all pages. */
    if (!firn_kernel_sum(root, "/proc/self/status", "VmHWM", &memory.peak_rss_bytes))
        return FIRN_IO;
    const char *path = "/proc/self/smaps_rollup";
    if (!firn_kernel_sum(root, path, "Pss", &memory.pss_bytes)) {
        path = "/proc/self/smaps"; /* before Linux 4.14 */
        if (!firn_kernel_sum(root, path, "Pss", &memory.pss_bytes))
            return FIRN_IO;
    }
    if (!firn_kernel_sum(root, path, "Rss", &memory.rss_bytes))
        return FIRN_IO;
    if (memory.peak_rss_bytes < memory.rss_bytes)
        memory.peak_rss_bytes = memory.rss_bytes;
    *ret_memory = memory;
    return FIRN_OK;
}

firn_status firn_process_memory_get(firn_process_memory *ret_memory)
{
    return firn_process_memory_at("", ret_memory);
}

/* Processors in the affinity mask. */
static unsigned affinity_count(void)
{
    cpu_set_t set[16]; /* room for 16,384: the kernel refuses a mask smaller than its own */
    if (sched_getaffinity(0, sizeof(set), set) == 0) {
        int count = CPU_COUNT_S(sizeof(set), set);
        if (count > 0)
            return (unsigned)count;
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

unsigned firn_processor_count(void)
{
    unsigned count = affinity_count();
    uint32_t allowed = firn_cgroup_processors("");
    return allowed < count ? (unsigned)allowed : count;
}
