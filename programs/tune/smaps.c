/* Reads /proc/PID/smaps: see smaps.h. Called by memory.c. A mapping is a line START-END RIGHTS
 * OFFSET DEVICE INODE NAME, then lines `Key: number kB`. Memory: 400 bytes a mapping. */
#include "tune/smaps.h"

#include "common/report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 64 };

const char *const smaps_kind_names[SMAPS_KINDS] = {"heap", "anonymous", "file", "stack", "other"};

static enum smaps_kind kind_of(const char *name)
{
    if (strcmp(name, "[heap]") == 0)
        return SMAPS_HEAP;
    if (strncmp(name, "[stack", 6) == 0)
        return SMAPS_STACK;
    if (name[0] == '\0' || strncmp(name, "[anon", 5) == 0)
        return SMAPS_ANONYMOUS;
    return name[0] == '/' ? SMAPS_FILE : SMAPS_OTHER;
}

static bool parse_mapping(const char *line, struct smaps_mapping *mapping)
{
    int at = 0;
    *mapping = (struct smaps_mapping){.start = 0};
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &mapping->start,
               &mapping->end, mapping->rights, &mapping->offset, &at) != 4 ||
        at == 0)
        return false;
    snprintf(mapping->name, sizeof mapping->name, "%.255s", line + at);
    mapping->kind = kind_of(mapping->name);
    mapping->is_private = mapping->rights[3] == 'p';
    mapping->sums.mappings = 1;
    mapping->sums.size = mapping->end - mapping->start;
    return true;
}

static void parse_figure(const char *line, struct smaps_sums *sums)
{
    static const struct {
        const char *key;
        size_t at;
    } figures[] = {
        {"Rss", offsetof(struct smaps_sums, rss)},
        {"Pss", offsetof(struct smaps_sums, pss)},
        {"Private_Clean", offsetof(struct smaps_sums, private)},
        {"Private_Dirty", offsetof(struct smaps_sums, private)},
        {"Shared_Clean", offsetof(struct smaps_sums, shared)},
        {"Shared_Dirty", offsetof(struct smaps_sums, shared)},
        {"Private_Dirty", offsetof(struct smaps_sums, dirty)},
        {"Shared_Dirty", offsetof(struct smaps_sums, dirty)},
        {"Referenced", offsetof(struct smaps_sums, referenced)},
        {"Anonymous", offsetof(struct smaps_sums, anonymous)},
        {"Swap", offsetof(struct smaps_sums, swap)},
    };
    const size_t length = strcspn(line, ":");
    uint64_t number;
    if (sscanf(line + length, ": %" SCNu64 " kB", &number) != 1)
        return;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        if (strlen(figures[i].key) == length && strncmp(figures[i].key, line, length) == 0)
            *(uint64_t *)(void *)((char *)sums + figures[i].at) += number * 1024;
}

static void add(struct smaps_sums *sum, const struct smaps_sums *part)
{
    sum->mappings += part->mappings;
    sum->size += part->size;
    sum->rss += part->rss;
    sum->pss += part->pss;
    sum->private += part->private;
    sum->shared += part->shared;
    sum->dirty += part->dirty;
    sum->referenced += part->referenced;
    sum->anonymous += part->anonymous;
    sum->swap += part->swap;
}

/* Why a process cannot be looked at, in one line. */
static bool refuse(pid_t pid, int error)
{
    char path[PATH_BYTES], line[256], state = '?';
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "State: %c", &state);
    if (file != NULL)
        fclose(file);
    if ((error == EACCES || error == EPERM) && geteuid() == 0)
        report("process %ld: the kernel lets not even root look at it; look from where it runs",
               (long)pid);
    else if (error == EACCES || error == EPERM)
        report("process %ld: it is another user's; run firn as that user or as root", (long)pid);
    else if (file == NULL || error == ESRCH || error == ENOENT)
        report("process %ld: there is none; it has ended, or never was", (long)pid);
    else if (state == 'Z' || state == 'X')
        report("process %ld: it is ending and has no memory any more", (long)pid);
    else if (error == 0)
        report("process %ld: it is a thread of the kernel and has no memory of its own", (long)pid);
    else
        report("process %ld: %s", (long)pid, strerror(error));
    return false;
}

bool smaps_read(struct smaps *smaps, pid_t pid)
{
    char path[PATH_BYTES], line[4352];
    *smaps = (struct smaps){.count = 0};
    snprintf(path, sizeof path, "/proc/%ld/smaps", (long)pid);
    errno = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return refuse(pid, errno);
    struct smaps_mapping *mapping = NULL;
    bool is_good = true;
    while (is_good && fgets(line, sizeof line, file) != NULL) {
        struct smaps_mapping next;
        line[strcspn(line, "\n")] = '\0';
        if (!parse_mapping(line, &next)) {
            if (mapping != NULL)
                parse_figure(line, &mapping->sums);
            continue;
        }
        is_good = firn_grow(NULL, (void **)&smaps->mappings, &smaps->capacity, smaps->count + 1,
                            sizeof next);
        if (is_good)
            *(mapping = &smaps->mappings[smaps->count++]) = next;
    }
    const int error = ferror(file) ? errno : 0;
    fclose(file);
    if (is_good && smaps->count > 0) {
        for (size_t i = 0; i < smaps->count; i++) {
            add(&smaps->kinds[smaps->mappings[i].kind], &smaps->mappings[i].sums);
            add(&smaps->all, &smaps->mappings[i].sums);
        }
        return true;
    }
    smaps_release(smaps);
    if (is_good)
        return refuse(pid, error);
    report("process %ld: out of memory; close something else and try again", (long)pid);
    return false;
}

void smaps_release(struct smaps *smaps)
{
    firn_release(NULL, smaps->mappings, smaps->capacity * sizeof *smaps->mappings);
    *smaps = (struct smaps){.count = 0};
}

bool smaps_clear(pid_t pid, uint64_t *ret_ns)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/proc/%ld/clear_refs", (long)pid);
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const uint64_t begin = firn_clock_ns();
    const bool is_cleared = write(fd, "1", 1) == 1;
    *ret_ns = firn_clock_ns() - begin;
    close(fd);
    return is_cleared;
}

void smaps_command(pid_t pid, char *command, size_t size)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/proc/%ld/exe", (long)pid);
    const ssize_t got = readlink(path, command, size - 1);
    command[got > 0 ? got : 0] = '\0';
}
