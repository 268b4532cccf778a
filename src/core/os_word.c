/* Futexes; see os_word.h. Called by http/; calls the kernel. Threads: no state. Memory: none. */
#include "core/os_word.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int firn_os_word_wait(atomic_uint *word, unsigned value, uint64_t deadline_ns)
{
    const struct timespec moment = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
                                    .tv_nsec = (long)(deadline_ns % 1000000000u)};
    const struct timespec *until = deadline_ns != UINT64_MAX ? &moment : NULL;
    /* Unlike FUTEX_WAIT this one takes a moment of CLOCK_MONOTONIC, as firn_clock_ns has it. */
    long got = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value, until, NULL,
                       FUTEX_BITSET_MATCH_ANY);
    return got != 0 && errno == ETIMEDOUT ? ETIMEDOUT : 0;
}

void firn_os_word_wake(atomic_uint *word)
{
    int before = errno;
    (void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
    errno = before;
}
