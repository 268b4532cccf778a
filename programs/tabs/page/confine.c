/* What a page may not do. Scripts have no way to the system but by what the engine gives them; this
 * is for the day when one finds another.
 *
 * The kernel refuses all calls but those that the engine, the C library, and packing and waking
 * (docs/processes.md) make: no files are written or made, no sockets, no processes, no signals to
 * others. To pack itself a process reads /proc/self, so that files can be opened to be read: the
 * zygote's root has nothing else, where the kernel lets it make one (confine_view).
 *
 * The filter is written by hand: it is a list, and a library's way to it would dirty pages that all
 * children share. */
#include "tabs/page/page.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 16, PACKING_FACTOR = 4, PACKING_BYTES = 64 << 20 };

static struct rlimit for_scripts, for_packing; /* of data; in an image as the page had them */

/* --- the view of files --- */

void confine_view(void)
{
    const char *base = "/tmp";
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", base, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k") != 0)
        return;
    if (mkdir("/tmp/proc", 0555) != 0 ||
        mount("/proc", "/tmp/proc", NULL, MS_BIND | MS_REC, NULL) != 0 || chdir(base) != 0 ||
        syscall(SYS_pivot_root, ".", ".") != 0) {
        (void)umount2(base, MNT_DETACH);
        return;
    }
    (void)umount2(".", MNT_DETACH);
    (void)!chdir("/");
    (void)mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_BIND, NULL);
}

/* --- system calls --- */

#define LOAD(field)                                                                                \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define ARGUMENT(n)                                                                                \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (n)))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define REFUSE RETURN(SECCOMP_RET_ERRNO | EPERM)
/* Goes on with the next `steps` where the value is another. */
#define UNLESS(value, steps) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (steps))
#define ALLOW(call) UNLESS(SYS_##call, 1), RETURN(SECCOMP_RET_ALLOW)
/* A call whose n-th argument must be one of two values. */
#define ALLOW_IF(call, n, value, other)                                                            \
    UNLESS(SYS_##call, 5), ARGUMENT(n),                                                            \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 1, 0), UNLESS(other, 1),            \
        RETURN(SECCOMP_RET_ALLOW), REFUSE

/* A call whose n-th argument must have none of some bits. */
#define ALLOW_WITHOUT(call, n, bits)                                                               \
    UNLESS(SYS_##call, 4), ARGUMENT(n),                                                            \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(bits), 1, 0), RETURN(SECCOMP_RET_ALLOW),   \
        REFUSE

#define WRITES (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_TMPFILE | O_PATH)

static bool confine_calls(void)
{
    const uint32_t self = (uint32_t)getpid();
    struct sock_filter filter[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        /* the socket and the clock */
        ALLOW(recvfrom),
        ALLOW(sendto),
        ALLOW(poll),
        ALLOW(clock_gettime),
        ALLOW(setitimer),
        ALLOW(getrandom),
        /* memory */
        ALLOW(mmap),
        ALLOW(munmap),
        ALLOW(mprotect),
        ALLOW(mremap),
        ALLOW(madvise),
        ALLOW(brk),
        /* what a process asks about itself */
        ALLOW(read),
        ALLOW(pread64),
        ALLOW(lseek),
        ALLOW(close),
        ALLOW(fstat),
        ALLOW(ioctl),
        ALLOW(getpid),
        ALLOW(gettid),
        ALLOW(gettimeofday),
        ALLOW(time),
        ALLOW(getrusage),
        ALLOW(sysinfo),
        ALLOW(sched_yield),
        ALLOW(sched_getaffinity),
        ALLOW(futex),
        ALLOW(membarrier),
        /* signals, of itself */
        ALLOW(rt_sigaction),
        ALLOW(rt_sigprocmask),
        ALLOW(rt_sigreturn),
        ALLOW(sigaltstack),
        ALLOW(exit),
        ALLOW(exit_group),
        ALLOW(restart_syscall),
        ALLOW_WITHOUT(openat, 2, WRITES),
        ALLOW_IF(newfstatat, 3, AT_EMPTY_PATH, AT_EMPTY_PATH), /* fstat */
        ALLOW_IF(prctl, 0, PR_GET_TID_ADDRESS, PR_SET_VMA),
        ALLOW_IF(prlimit64, 0, 0, self),
        ALLOW_IF(tgkill, 0, self, self),
        REFUSE,
    };
    const struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* --- limits --- */

/* Bytes of address space that the limit counts. */
static uint64_t data_bytes(void)
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

static bool set_limit(int what, uint64_t bytes)
{
    const struct rlimit limit = {bytes, bytes};
    return setrlimit((__rlimit_resource_t)what, &limit) == 0;
}

static bool confine_resources(const zygote_request *about)
{
    const uint64_t base = data_bytes();
    if (about->memory_bytes > 0) {
        for_packing.rlim_cur = for_packing.rlim_max =
            base + PACKING_FACTOR * about->memory_bytes + PACKING_BYTES;
        for_scripts = for_packing;
        for_scripts.rlim_cur = base + about->memory_bytes;
        if (setrlimit(RLIMIT_DATA, &for_packing) != 0)
            return false;
    }
    return set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_FSIZE, 0) &&
           set_limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
}

void confine_memory(bool scripts)
{
    struct rlimit is;
    if (for_packing.rlim_max == 0 || getrlimit(RLIMIT_DATA, &is) != 0)
        return;
    is.rlim_cur = scripts ? for_scripts.rlim_cur : is.rlim_max;
    if (is.rlim_cur > is.rlim_max)
        is.rlim_cur = is.rlim_max;
    (void)setrlimit(RLIMIT_DATA, &is);
}

void confine_time(unsigned seconds)
{
    const struct itimerval timer = {.it_value.tv_sec = (time_t)seconds};
    (void)setitimer(ITIMER_PROF, &timer, NULL);
}

bool confine_page(const zygote_request *about)
{
    for (int fd = 0; fd < ZYGOTE_SOCKET; fd++)
        (void)close(fd);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || !confine_resources(about) || !confine_calls())
        return false;
    if (!about->rebuilds)
        confine_memory(true);
    return true;
}
