/* Seeds from the kernel's random numbers; where they cannot be had without waiting, from the clock
 * and the place of the stack, which is a poor seed but keeps a table usable. Threads: no state.
 */
#include "core/entropy.h"

#include <firn/system.h>

#include <sys/random.h>

uint64_t firn_entropy(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed))
        return seed;
    return firn_clock_ns() * 0x9e3779b97f4a7c15u ^ (uint64_t)(uintptr_t)&seed;
}
