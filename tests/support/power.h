/* A recorder of what is done to the files of a folder, and what a power failure may leave of it.
 * The test is linked so that calls of src/core/os.h come through here first (see
 * tests/CMakeLists.txt).
 *
 * A write is safe once its file was synced, a new, changed or removed name once the folder was. Of
 * all else the disk may have kept any part: each of the last few is tried both ways, those before
 * all together both ways, and the last write also torn at every 512 bytes. For one program's static
 * use. */
#ifndef FIRN_TESTS_POWER_H
#define FIRN_TESTS_POWER_H

#include "support/tempdir.h"

#include "core/os.h"

#include <fcntl.h>

enum { POWER_EVENTS = 4000, POWER_INODES = 400, POWER_FDS = 256, POWER_NAME = 48, POWER_DEEP = 3 };

typedef enum power_kind { POWER_WRITE, POWER_CUT, POWER_LINK, POWER_UNLINK, POWER_ACK } power_kind;

typedef struct power_event {
    power_kind kind;
    int inode;
    size_t offset; /* of a write; the size of a cut; the number of what was acknowledged */
    size_t size;
    uint8_t *data;
    char name[POWER_NAME]; /* which a link gives, or an unlink removes */
    size_t safe_at;        /* the number of events there were when it was synced; 0: never */
} power_event;

static struct power {
    bool is_on;
    char folder[TEMPDIR_PATH_BYTES];
    power_event events[POWER_EVENTS];
    size_t event_count;
    size_t sizes[POWER_INODES]; /* now */
    char names[POWER_INODES][POWER_NAME];
    int inode_count;
    int inode_of[POWER_FDS]; /* 0: none that is recorded; -1: the folder */
} power;

int __real_firn_os_open(const char *path, int flags, mode_t mode, int *ret_fd);
int __real_firn_os_write(int fd, const void *data, size_t size);
int __real_firn_os_truncate(int fd, uint64_t size);
int __real_firn_os_fsync(int fd);
int __real_firn_os_rename(const char *from, const char *to);
int __real_firn_os_unlink(const char *path);
int __wrap_firn_os_open(const char *path, int flags, mode_t mode, int *ret_fd);
int __wrap_firn_os_write(int fd, const void *data, size_t size);
int __wrap_firn_os_truncate(int fd, uint64_t size);
int __wrap_firn_os_fsync(int fd);
int __wrap_firn_os_rename(const char *from, const char *to);
int __wrap_firn_os_unlink(const char *path);

/* --- recording --- */

static inline power_event *power_add(power_kind kind, int inode)
{
    tempdir_check(power.event_count == POWER_EVENTS, "too many events");
    power_event *event = &power.events[power.event_count++];
    *event = (power_event){.kind = kind, .inode = inode};
    return event;
}

/* A path's name in the folder; NULL when it is elsewhere, or the lock, which holds nothing. */
static inline const char *power_name(const char *path)
{
    size_t length = strlen(power.folder);
    if (!power.is_on || strncmp(path, power.folder, length) != 0 || path[length] != '/' ||
        strcmp(path + length, "/lock") == 0)
        return NULL;
    return path + length + 1;
}

static inline int power_inode(const char *name)
{
    for (int i = 1; i <= power.inode_count; i++)
        if (strcmp(power.names[i], name) == 0)
            return i;
    return 0;
}

static inline int power_create(const char *name)
{
    tempdir_check(power.inode_count + 1 >= POWER_INODES, "too many files");
    int inode = ++power.inode_count;
    snprintf(power.names[inode], POWER_NAME, "%s", name);
    power_event *event = power_add(POWER_LINK, inode);
    snprintf(event->name, POWER_NAME, "%s", name);
    return inode;
}

int __wrap_firn_os_open(const char *path, int flags, mode_t mode, int *ret_fd)
{
    int error = __real_firn_os_open(path, flags, mode, ret_fd);
    if (error != 0 || *ret_fd >= POWER_FDS)
        return error;
    const char *name = power_name(path);
    power.inode_of[*ret_fd] = 0;
    if (power.is_on && strcmp(path, power.folder) == 0)
        power.inode_of[*ret_fd] = -1;
    if (name == NULL)
        return 0;
    int inode = power_inode(name);
    if (inode == 0 && (flags & O_CREAT) != 0)
        inode = power_create(name);
    power.inode_of[*ret_fd] = inode;
    return 0;
}

int __wrap_firn_os_write(int fd, const void *data, size_t size)
{
    int error = __real_firn_os_write(fd, data, size);
    int inode = fd < POWER_FDS ? power.inode_of[fd] : 0;
    if (error != 0 || inode <= 0 || size == 0)
        return error;
    power_event *event = power_add(POWER_WRITE, inode);
    event->offset = power.sizes[inode];
    event->size = size;
    event->data = malloc(size);
    tempdir_check(event->data == NULL, "memory");
    memcpy(event->data, data, size);
    power.sizes[inode] += size;
    return 0;
}

int __wrap_firn_os_truncate(int fd, uint64_t size)
{
    int error = __real_firn_os_truncate(fd, size);
    int inode = fd < POWER_FDS ? power.inode_of[fd] : 0;
    if (error == 0 && inode > 0) {
        power_add(POWER_CUT, inode)->offset = (size_t)size;
        power.sizes[inode] = (size_t)size;
    }
    return error;
}

int __wrap_firn_os_fsync(int fd)
{
    int error = __real_firn_os_fsync(fd);
    int inode = fd < POWER_FDS ? power.inode_of[fd] : 0;
    for (size_t i = 0; error == 0 && inode != 0 && i < power.event_count; i++) {
        power_event *event = &power.events[i];
        bool of_names = event->kind == POWER_LINK || event->kind == POWER_UNLINK;
        if (event->safe_at == 0 && (inode < 0 ? of_names : !of_names && event->inode == inode))
            event->safe_at = power.event_count;
    }
    return error;
}

int __wrap_firn_os_rename(const char *from, const char *to)
{
    int error = __real_firn_os_rename(from, to);
    const char *old = power_name(from), *new = power_name(to);
    if (error != 0 || old == NULL || new == NULL)
        return error;
    int inode = power_inode(old), replaced = power_inode(new);
    if (replaced != 0)
        power.names[replaced][0] = '\0';
    snprintf(power.names[inode], POWER_NAME, "%s", new);
    /* One event: a rename is there whole or not at all. */
    power_event *event = power_add(POWER_LINK, inode);
    snprintf(event->name, POWER_NAME, "%s", new);
    return 0;
}

int __wrap_firn_os_unlink(const char *path)
{
    int error = __real_firn_os_unlink(path);
    const char *name = power_name(path);
    if (error != 0 || name == NULL)
        return error;
    int inode = power_inode(name);
    if (inode != 0)
        power.names[inode][0] = '\0';
    snprintf(power_add(POWER_UNLINK, inode)->name, POWER_NAME, "%s", name);
    return 0;
}

static inline void power_begin(const char *folder)
{
    memset(&power, 0, sizeof power);
    snprintf(power.folder, sizeof power.folder, "%s", folder);
    power.is_on = true;
}

static inline void power_acknowledge(size_t number)
{
    power_add(POWER_ACK, 0)->offset = number;
}

static inline void power_end(void)
{
    for (size_t i = 0; i < power.event_count; i++)
        free(power.events[i].data);
    power.event_count = 0;
}

/* --- what is left of it --- */

/* A failure after so many events. */
typedef struct power_failure {
    size_t event_count;
    unsigned kept;    /* bits: of the last few that are not safe, newest first */
    bool others_kept; /* of those before */
    size_t torn;      /* bytes that are kept of the last event, a write; SIZE_MAX: all */
} power_failure;

static inline bool power_is_safe(const power_event *event, size_t event_count)
{
    return event->kind == POWER_ACK || (event->safe_at != 0 && event->safe_at <= event_count);
}

static inline void power_file_write(const char *folder, const char *name, int inode,
                                    const bool *kept, size_t event_count, size_t torn)
{
    static uint8_t content[1 << 20];
    size_t size = 0;
    for (size_t i = 0; i < event_count; i++) {
        const power_event *event = &power.events[i];
        if (!kept[i] || event->inode != inode)
            continue;
        if (event->kind == POWER_CUT)
            size = event->offset;
        if (event->kind != POWER_WRITE)
            continue;
        size_t bytes = i + 1 == event_count && torn < event->size ? torn : event->size;
        tempdir_check(event->offset + bytes > sizeof content, "too large a file");
        if (event->offset > size)
            memset(content + size, 0, event->offset - size);
        memcpy(content + event->offset, event->data, bytes);
        size = event->offset + bytes > size ? event->offset + bytes : size;
    }
    tempdir_write(tempdir_path(folder, name), content, size);
}

/* Lays out in a new folder what the failure leaves. */
static inline void power_fail(const power_failure *failure, const char *folder)
{
    static bool kept[POWER_EVENTS];
    static char names[POWER_INODES][POWER_NAME];
    unsigned deep = 0;
    memset(names, 0, sizeof names);
    for (size_t i = failure->event_count; i-- > 0;) {
        kept[i] = power_is_safe(&power.events[i], failure->event_count);
        if (kept[i])
            continue;
        kept[i] = deep < POWER_DEEP ? (failure->kept >> deep & 1) != 0 : failure->others_kept;
        deep++;
    }
    for (size_t i = 0; i < failure->event_count; i++) {
        const power_event *event = &power.events[i];
        if (!kept[i] || (event->kind != POWER_LINK && event->kind != POWER_UNLINK))
            continue;
        for (int k = 0; k < POWER_INODES; k++)
            if (strcmp(names[k], event->name) == 0)
                names[k][0] = '\0';
        if (event->kind == POWER_LINK)
            snprintf(names[event->inode], POWER_NAME, "%s", event->name);
    }
    tempdir_remove(folder);
    tempdir_check(mkdir(folder, 0777), folder);
    for (int i = 1; i < POWER_INODES; i++)
        if (names[i][0] != '\0')
            power_file_write(folder, names[i], i, kept, failure->event_count, failure->torn);
}

/* Calls check for each failure after so many events, with what was acknowledged by then. */
typedef void (*power_check_fn)(const char *folder, size_t acknowledged, const char *what);

static inline void power_each_after(size_t event_count, const char *folder, power_check_fn check)
{
    char what[96];
    size_t acknowledged = 0, unsafe = 0;
    for (size_t i = 0; i < event_count; i++) {
        if (power.events[i].kind == POWER_ACK)
            acknowledged = power.events[i].offset;
        unsafe += !power_is_safe(&power.events[i], event_count);
    }
    unsigned deep = unsafe < POWER_DEEP ? (unsigned)unsafe : POWER_DEEP;
    for (unsigned kept = 0; kept < 1u << deep; kept++) {
        for (int others = 0; others <= (unsafe > POWER_DEEP); others++) {
            const power_failure failure = {event_count, kept, others != 0, SIZE_MAX};
            power_fail(&failure, folder);
            snprintf(what, sizeof what, "%zu events, kept %x, others %d", event_count, kept,
                     others);
            check(folder, acknowledged, what);
        }
    }
    const power_event *last = event_count > 0 ? &power.events[event_count - 1] : NULL;
    for (size_t torn = 0; last != NULL && last->kind == POWER_WRITE && torn < last->size;) {
        torn = (last->offset + torn) / 512 * 512 + 512 - last->offset; /* the sector's end */
        const power_failure failure = {event_count, ~0u, true, torn};
        power_fail(&failure, folder);
        snprintf(what, sizeof what, "%zu events, torn at %zu", event_count, torn);
        check(folder, acknowledged, what);
    }
}

#endif
