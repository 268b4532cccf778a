/* What a page may not do. Scripts have no way to the system but by what the engine gives them; this
 * is for the day when one finds another.
 *
 * The kernel refuses all calls but those that the engine, the C library, and packing and waking
 * (docs/processes.md) make: no files are written or made, no sockets, no processes, no signals to
 * others. To pack itself a process reads /proc/self, so that files can be opened to be read: the
 * zygote's root has nothing else, where the kernel lets it make one (confine_view). */
#include "tabs/filter.h"
#include "tabs/page/page.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

#define ARGUMENT(n)                                                                                \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (n)))
/* A call whose n-th argument must be one of two values. */
#define ALLOW_IF(call, n, value, other)                                                            \
    FILTER_UNLESS(SYS_##call, 5), ARGUMENT(n),                                                     \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 1, 0), FILTER_UNLESS(other, 1),     \
        FILTER_RETURN(SECCOMP_RET_ALLOW), FILTER_REFUSE

/* A call whose n-th argument must have none of some bits. */
#define ALLOW_WITHOUT(call, n, bits)                                                               \
    FILTER_UNLESS(SYS_##call, 4), ARGUMENT(n),                                                     \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(bits), 1, 0),                              \
        FILTER_RETURN(SECCOMP_RET_ALLOW), FILTER_REFUSE

#define WRITES (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_TMPFILE | O_PATH)

static bool confine_calls(void)
{
    const uint32_t self = (uint32_t)getpid();
    struct sock_filter filter[] = {
        FILTER_BEGIN,
        /* the socket and the clock */
        FILTER_ALLOW(recvfrom),
        FILTER_ALLOW(recvmsg),
        FILTER_ALLOW(sendto),
        FILTER_ALLOW(poll),
        FILTER_ALLOW(clock_gettime),
        FILTER_ALLOW(setitimer),
        FILTER_ALLOW(getrandom),
        /* memory */
        FILTER_ALLOW(mmap),
        FILTER_ALLOW(munmap),
        FILTER_ALLOW(mprotect),
        FILTER_ALLOW(mremap),
        FILTER_ALLOW(madvise),
        FILTER_ALLOW(brk),
        /* what a process asks about itself */
        FILTER_ALLOW(read),
        FILTER_ALLOW(pread64),
        FILTER_ALLOW(lseek),
        FILTER_ALLOW(close),
        FILTER_ALLOW(fstat),
        FILTER_ALLOW(ioctl),
        FILTER_ALLOW(getpid),
        FILTER_ALLOW(gettid),
        FILTER_ALLOW(gettimeofday),
        FILTER_ALLOW(time),
        FILTER_ALLOW(getrusage),
        FILTER_ALLOW(sysinfo),
        FILTER_ALLOW(sched_yield),
        FILTER_ALLOW(sched_getaffinity),
        FILTER_ALLOW(futex),
        FILTER_ALLOW(membarrier),
        /* signals, of itself */
        FILTER_ALLOW(rt_sigaction),
        FILTER_ALLOW(rt_sigprocmask),
        FILTER_ALLOW(rt_sigreturn),
        FILTER_ALLOW(sigaltstack),
        FILTER_ALLOW(exit),
        FILTER_ALLOW(exit_group),
        FILTER_ALLOW(restart_syscall),
        ALLOW_WITHOUT(openat, 2, WRITES),
        ALLOW_IF(newfstatat, 3, AT_EMPTY_PATH, AT_EMPTY_PATH), /* fstat */
        ALLOW_IF(fcntl, 1, F_GET_SEALS, F_GET_SEALS),          /* of what it is to share */
        ALLOW_IF(prctl, 0, PR_GET_TID_ADDRESS, PR_SET_VMA),
        ALLOW_IF(prlimit64, 0, 0, self),
        ALLOW_IF(tgkill, 0, self, self),
        FILTER_REFUSE,
    };
    return filter_set(filter, sizeof filter / sizeof filter[0]);
}

/* --- limits --- */

static bool set_limit(int what, uint64_t bytes)
{
    const struct rlimit limit = {bytes, bytes};
    return setrlimit((__rlimit_resource_t)what, &limit) == 0;
}

static bool confine_resources(const zygote_request *about)
{
    const uint64_t base = filter_data_bytes();
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
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && confine_resources(about) && confine_calls();
}
