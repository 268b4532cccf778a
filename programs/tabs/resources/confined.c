/* Decoding in a process of its own, so that a picture that gets the better of its library gets
 * nothing else: the process has no descriptors, may ask the kernel for memory of its own alone, and
 * has a limit of memory and of time. What it gives back is the pixels, which are only looked at,
 * and the number that it ends with.
 *
 * It is a fork: a picture of 24 x 16 takes 0.44 ms so in place of 0.02, one of 400 x 300 1.9 in
 * place of 1.1. The parent may have threads: the child takes no lock but malloc's, which the C
 * library keeps usable in a child. */
#include "tabs/filter.h"
#include "tabs/resources/decode.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPARE_BYTES ((uint64_t)64 << 20)

enum { SECONDS = 20, MEMORY_FACTOR = 4, EXIT_BASE = 32 };

static bool confine_calls(void)
{
    struct sock_filter filter[] = {
        FILTER_BEGIN,
        FILTER_ALLOW(mmap), /* of no file: there are no descriptors */
        FILTER_ALLOW(munmap),
        FILTER_ALLOW(mremap),
        FILTER_ALLOW(mprotect),
        FILTER_ALLOW(madvise),
        FILTER_ALLOW(brk),
        FILTER_ALLOW(futex),
        FILTER_ALLOW(sched_yield),
        FILTER_ALLOW(sigaltstack), /* as AddressSanitizer does behind each longjmp */
        FILTER_ALLOW(gettid),
        FILTER_ALLOW(exit_group),
        FILTER_REFUSE,
    };
    return filter_set(filter, sizeof filter / sizeof filter[0]);
}

static bool confine(uint64_t memory_bytes)
{
    const struct rlimit memory = {memory_bytes, memory_bytes}, time = {SECONDS, SECONDS},
                        none = {0, 0};
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && setrlimit(RLIMIT_DATA, &memory) == 0 &&
           setrlimit(RLIMIT_CPU, &time) == 0 && setrlimit(RLIMIT_CORE, &none) == 0 &&
           close_range(0, ~0u, 0) == 0 && confine_calls();
}

static firn_status status_of(int ended)
{
    if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0)
        return FIRN_OK;
    if (WIFEXITED(ended) && WEXITSTATUS(ended) == EXIT_BASE + (int)FIRN_NO_MEMORY)
        return FIRN_NO_MEMORY;
    return FIRN_CORRUPT; /* and whatever a picture has made of the process */
}

firn_status decode_confined(const picture_size *size, const void *data, size_t data_bytes,
                            uint8_t *pixels)
{
    const uint64_t memory_bytes = filter_data_bytes() + SPARE_BYTES +
                                  MEMORY_FACTOR * ((uint64_t)size->width * size->height * 4);
    int ended;
    const pid_t child = fork();
    if (child < 0)
        return FIRN_NO_MEMORY;
    if (child == 0) {
        if (!confine(memory_bytes))
            _exit(1);
        const firn_status status = decode_picture(size, data, data_bytes, pixels);
        _exit(status == FIRN_OK ? 0 : EXIT_BASE + (int)status);
    }
    while (waitpid(child, &ended, 0) < 0) {
        if (errno != EINTR)
            return FIRN_IO;
    }
    return status_of(ended);
}
