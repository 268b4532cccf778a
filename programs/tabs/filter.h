/* What both processes that are confined, pages and decoders of pictures, are confined by: a filter
 * of system calls (seccomp(2)), written as a list of those that are allowed, and a limit of data.
 * By hand, as a library's way to a filter would dirty pages that all children share. */
#ifndef TABS_FILTER_H
#define TABS_FILTER_H

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define FILTER_LOAD(field)                                                                         \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define FILTER_RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define FILTER_REFUSE FILTER_RETURN(SECCOMP_RET_ERRNO | EPERM)
/* Goes on with the next `steps` where the value is another. */
#define FILTER_UNLESS(value, steps)                                                                \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (steps))
/* How a list begins: its calls are this machine's. */
#define FILTER_BEGIN                                                                               \
    FILTER_LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),               \
        FILTER_RETURN(SECCOMP_RET_KILL_PROCESS), FILTER_LOAD(nr)
#define FILTER_ALLOW(call) FILTER_UNLESS(SYS_##call, 1), FILTER_RETURN(SECCOMP_RET_ALLOW)

/* Sets a filter for the calling process, and that it gains no privileges. */
static inline bool filter_set(struct sock_filter *steps, size_t count)
{
    const struct sock_fprog program = {.len = (unsigned short)count, .filter = steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Bytes that RLIMIT_DATA counts now; 0 where the kernel does not tell. */
static inline uint64_t filter_data_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %*u %*u %*u %*u %llu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * 4096;
}

#endif
