/* Which mode and limits a context should have here: a function of a few facts, and the call that
 * reads them. Called by the program; calls core only. Threads: no state. Memory: none.
 */
#include <firn/context.h>

#include "core/cgroup.h"
#include "core/environment.h"
#include "core/kernel_text.h"

#include <string.h>

#define UNKNOWN_MACHINE_BYTES ((uint64_t)1 << 30)
#define COMPACT_BELOW_BYTES ((uint64_t)256 << 20)
#define HEAP_LIMIT_MAX ((uint64_t)1 << 42)

void firn_context_facts_get(firn_context_facts *ret_facts)
{
    firn_context_facts facts = {0};
    firn_cgroup_memory group;
    if (!firn_kernel_sum("", "/proc/meminfo", "MemTotal", &facts.machine_bytes))
        facts.machine_bytes = 0;
    firn_cgroup_memory_get("", &group);
    facts.cgroup_bytes = group.limit_bytes != UINT64_MAX ? group.limit_bytes : 0;
    firn_environment_get("FIRN_MODE", facts.mode, sizeof facts.mode);
    *ret_facts = facts;
}

/* The mode that FIRN_MODE names, or `usual`; false when there is no such mode. */
static bool choose_mode(const firn_context_facts *facts, firn_mode usual, firn_mode *ret_mode)
{
    *ret_mode = usual;
    if (facts->mode[0] == '\0')
        return true;
    for (int mode = FIRN_MODE_COMPILER; mode <= FIRN_MODE_SERVER; mode++) {
        if (strncmp(facts->mode, firn_mode_name((firn_mode)mode), sizeof facts->mode) == 0) {
            *ret_mode = (firn_mode)mode;
            return true;
        }
    }
    return false;
}

static uint64_t choose_limit(const firn_context_facts *facts)
{
    uint64_t machine = facts->machine_bytes != 0 ? facts->machine_bytes : UNKNOWN_MACHINE_BYTES;
    uint64_t group = facts->cgroup_bytes;
    return group != 0 && group < machine ? group - group / 4 : machine / 2;
}

static uint64_t least_limit(firn_mode mode)
{
    if (mode == FIRN_MODE_COMPILER)
        return FIRN_CONTEXT_LIMIT_MIN;
    return mode == FIRN_MODE_SERVER ? FIRN_CONTEXT_MEMORY_MIN : FIRN_CONTEXT_HEAP_MIN;
}

firn_status firn_context_detect(const firn_context_facts *facts, firn_mode usual,
                                firn_context_options *ret_options, firn_error *ret_error)
{
    firn_context_facts here;
    firn_mode mode;
    if (facts == NULL) {
        firn_context_facts_get(&here);
        facts = &here;
    }
    if (firn_mode_name(usual) == NULL)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "%d is no mode", (int)usual);
    if (!choose_mode(facts, usual, &mode))
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "FIRN_MODE=%.*s is no mode: use compiler, runtime, vm or server",
                              (int)sizeof facts->mode, facts->mode);
    uint64_t limit = choose_limit(facts);
    if (limit < least_limit(mode))
        return firn_error_set(
            ret_error, FIRN_LIMIT, 0, "mode %s needs %llu bytes, and may take %llu here",
            firn_mode_name(mode), (unsigned long long)least_limit(mode), (unsigned long long)limit);
    bool heap = mode == FIRN_MODE_RUNTIME || mode == FIRN_MODE_VM;
    if (heap && limit < COMPACT_BELOW_BYTES)
        mode = FIRN_MODE_VM;
    if (heap && limit > HEAP_LIMIT_MAX)
        limit = HEAP_LIMIT_MAX;
    *ret_options = (firn_context_options){.mode = mode, .limit_bytes = (size_t)limit};
    return FIRN_OK;
}
