/* The clock that the script engine has while the zygote starts. At a collection the engine drops
 * what it compiled more than five seconds ago: pages of the zygote's first seconds would keep what
 * later ones drop, lay out their memory in another way and have 0.3 to 0.9 MB more of it. So what
 * the zygote compiles is old from the beginning: its clock is behind until it has started.
 *
 * clock_gettime of the whole process is this one; nothing that was read while it is behind is kept.
 *
 * I1  it does not go back: it is set behind before anything else reads it, and ahead once */
#include "tabs/page/page.h"

#include <dlfcn.h>
#include <time.h>

enum { BEHIND_S = 60 };

static bool is_behind;

__attribute__((used, visibility("default"))) int
clock_read(clockid_t clock, struct timespec *ret_time) __asm__("clock_gettime");

int clock_read(clockid_t clock, struct timespec *ret_time)
{
    static int (*next)(clockid_t, struct timespec *);
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    const int result = next(clock, ret_time);
    if (is_behind && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE))
        ret_time->tv_sec -= BEHIND_S;
    return result;
}

void clock_set_behind(bool behind)
{
    is_behind = behind;
}
