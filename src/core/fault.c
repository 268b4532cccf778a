/* Failures on demand: reads FIRN_FAULT_* once when the program is loaded and counts allocations and
 * system calls against it; see fault.h for the words. Called by allocator.c, os.c and page.c.
 *
 * Threads: the plan is written before main (or by firn_fault_reload, in tests) and only read after
 * that; counts are atomic. Memory: none, since it decides about allocations.
 */
#include "core/fault.h"

#if defined(FIRN_FAULTS) && FIRN_FAULTS

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A call number and whether all that follow are meant too; at 0 is never. */
struct moment {
    unsigned long at;
    bool onwards;
};

static struct {
    struct moment alloc, io, kill;
    firn_fault_call io_call;
    int io_errno; /* 0: make it short */
    const char *count_path;
} plan;

static atomic_ulong alloc_count, mutating_count, call_counts[FIRN_FAULT_CALL_COUNT];

static const char *const call_names[] = {
#define CALL_NAME(code, name) #name,
    FIRN_FAULT_CALLS(CALL_NAME)
#undef CALL_NAME
};

static const struct {
    const char *name;
    int value;
} errno_names[] = {
    {"ECONNRESET", ECONNRESET},
    {"EPIPE", EPIPE},
    {"EIO", EIO},
    {"ENOSPC", ENOSPC},
    {"EINTR", EINTR},
    {"ENOMEM", ENOMEM},
    {"EACCES", EACCES},
    {"EPERM", EPERM},
    {"ENOENT", ENOENT},
    {"EEXIST", EEXIST},
    {"EDQUOT", EDQUOT},
    {"EFBIG", EFBIG},
    {"EROFS", EROFS},
    {"EMFILE", EMFILE},
    {"ENFILE", ENFILE},
    {"EBUSY", EBUSY},
    {"ELOOP", ELOOP},
    {"EAGAIN", EAGAIN},
    {"EINVAL", EINVAL},
    {"EXDEV", EXDEV},
    {"ENOTDIR", ENOTDIR},
    {"ECONNREFUSED", ECONNREFUSED},
};

static void refuse(const char *variable, const char *value)
{
    fprintf(stderr, "%s=%s: cannot be read; see src/core/fault.h for its form\n", variable, value);
    abort();
}

static bool reached(const struct moment *moment, unsigned long count)
{
    return moment->at != 0 && (count == moment->at || (moment->onwards && count > moment->at));
}

/* Reads `N` or `N+` and returns what follows, NULL when it is neither. */
static const char *read_moment(const char *text, struct moment *ret_moment)
{
    if (*text < '0' || *text > '9')
        return NULL;
    char *end;
    unsigned long at = strtoul(text, &end, 10);
    if (at == 0)
        return NULL;
    *ret_moment = (struct moment){at, *end == '+'};
    return end + (*end == '+');
}

static void read_simple(const char *variable, struct moment *ret_moment)
{
    *ret_moment = (struct moment){0, false};
    const char *value = getenv(variable);
    if (value == NULL)
        return;
    const char *end = read_moment(value, ret_moment);
    if (end == NULL || *end != '\0')
        refuse(variable, value);
}

static bool read_call(const char *text, size_t size)
{
    for (unsigned i = 0; i < FIRN_FAULT_CALL_COUNT; i++) {
        if (strlen(call_names[i]) == size && memcmp(call_names[i], text, size) == 0) {
            plan.io_call = (firn_fault_call)i;
            return true;
        }
    }
    return false;
}

static bool read_how(const char *text)
{
    if (strcmp(text, "short") == 0) {
        plan.io_errno = 0;
        return plan.io_call == FIRN_FAULT_READ || plan.io_call == FIRN_FAULT_WRITE ||
               plan.io_call == FIRN_FAULT_RECV || plan.io_call == FIRN_FAULT_SEND ||
               plan.io_call == FIRN_FAULT_SENDFILE;
    }
    for (size_t i = 0; i < sizeof(errno_names) / sizeof(errno_names[0]); i++) {
        if (strcmp(errno_names[i].name, text) == 0) {
            plan.io_errno = errno_names[i].value;
            return true;
        }
    }
    return false;
}

static void read_io(void)
{
    plan.io = (struct moment){0, false};
    plan.io_errno = EIO;
    const char *value = getenv("FIRN_FAULT_IO");
    if (value == NULL)
        return;
    const char *colon = strchr(value, ':');
    if (colon == NULL || !read_call(value, (size_t)(colon - value)))
        refuse("FIRN_FAULT_IO", value);
    const char *end = read_moment(colon + 1, &plan.io);
    if (end == NULL || (*end != '\0' && *end != ':') || (*end == ':' && !read_how(end + 1)))
        refuse("FIRN_FAULT_IO", value);
}

static void append_counts(void)
{
    if (plan.count_path == NULL)
        return;
    int fd = open(plan.count_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        refuse("FIRN_FAULT_COUNT", plan.count_path);
    dprintf(fd, "alloc %lu\n", atomic_load(&alloc_count));
    for (unsigned i = 0; i < FIRN_FAULT_CALL_COUNT; i++)
        dprintf(fd, "%s %lu\n", call_names[i], atomic_load(&call_counts[i]));
    dprintf(fd, "mutating %lu\n", atomic_load(&mutating_count));
    close(fd);
}

void firn_fault_reload(void)
{
    read_simple("FIRN_FAULT_ALLOC", &plan.alloc);
    read_simple("FIRN_FAULT_KILL", &plan.kill);
    read_io();
    plan.count_path = getenv("FIRN_FAULT_COUNT");
    atomic_store(&alloc_count, 0);
    atomic_store(&mutating_count, 0);
    for (unsigned i = 0; i < FIRN_FAULT_CALL_COUNT; i++)
        atomic_store(&call_counts[i], 0);
}

__attribute__((constructor)) static void load(void)
{
    firn_fault_reload();
    atexit(append_counts);
}

bool firn_fault_alloc(void)
{
    return reached(&plan.alloc, atomic_fetch_add(&alloc_count, 1) + 1);
}

int firn_fault_io(firn_fault_call call, bool mutating, size_t *size)
{
    if (mutating && reached(&plan.kill, atomic_fetch_add(&mutating_count, 1) + 1))
        kill(getpid(), SIGKILL);
    if (!reached(&plan.io, atomic_fetch_add(&call_counts[call], 1) + 1) || call != plan.io_call)
        return 0;
    if (plan.io_errno == 0 && size != NULL && *size > 1)
        *size /= 2;
    return plan.io_errno;
}

#endif
