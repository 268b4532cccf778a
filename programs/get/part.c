/* Files while they come; see part.h. */
#include "get/part.h"

#include "common/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const char *path, const char *way_out)
{
    report("%s: %s%s", path, strerror(errno), way_out);
    return false;
}

static bool name(struct part *part, const char *path)
{
    int size = snprintf(part->tag_path, sizeof part->tag_path, "%s.part.tag", path);
    if (size >= (int)sizeof part->tag_path) {
        report("%.100s...: the name is too long", path);
        return false;
    }
    snprintf(part->to, sizeof part->to, "%s", path);
    snprintf(part->path, sizeof part->path, "%s.part", path);
    return true;
}

static void read_tag(struct part *part)
{
    FILE *file = fopen(part->tag_path, "re");
    part->tag[0] = '\0';
    if (file == NULL)
        return;
    size_t size = fread(part->tag, 1, sizeof part->tag - 1, file);
    fclose(file);
    part->tag[size] = '\0';
    char *end = strchr(part->tag, '\n');
    if (end == NULL) /* not written to its end */
        part->tag[0] = '\0';
    else
        *end = '\0';
}

static bool open_direct(struct part *part, const char *path)
{
    part->direct = true;
    if (path == NULL) {
        part->fd = STDOUT_FILENO;
        snprintf(part->path, sizeof part->path, "stdout");
        return true;
    }
    snprintf(part->path, sizeof part->path, "%s", path);
    part->fd = open(path, O_WRONLY | O_CLOEXEC);
    return part->fd >= 0 || fail(path, "; name a file that can be written");
}

bool part_open(struct part *part, const char *path, bool goes_on)
{
    struct stat stat_of;
    *part = (struct part){.fd = -1};
    if (path == NULL || (stat(path, &stat_of) == 0 && !S_ISREG(stat_of.st_mode)))
        return open_direct(part, path);
    if (!name(part, path))
        return false;
    part->fd = open(part->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (part->fd < 0)
        return fail(part->path, "; name a file that can be written");
    if (flock(part->fd, LOCK_EX | LOCK_NB) != 0) {
        report("%s: is being written by another; end that first", part->path);
        close(part->fd);
        part->fd = -1;
        return false;
    }
    if (fstat(part->fd, &stat_of) != 0)
        return fail(part->path, "");
    part->is_kept = stat_of.st_size > 0;
    if (goes_on && part->is_kept) {
        part->size = (uint64_t)stat_of.st_size;
        read_tag(part);
    }
    return true;
}

static bool write_tag(const struct part *part, const char *tag)
{
    FILE *file = fopen(part->tag_path, "we");
    if (file == NULL)
        return fail(part->tag_path, "");
    bool fine = fprintf(file, "%s\n", tag) > 0;
    if (fclose(file) != 0 || !fine)
        return fail(part->tag_path, "");
    return true;
}

bool part_begin(struct part *part, const char *tag)
{
    part->size = 0;
    if (part->direct)
        return true;
    /* First the old tag goes: a crash in between leaves a part that nobody goes on with. */
    if (unlink(part->tag_path) != 0 && errno != ENOENT)
        return fail(part->tag_path, "");
    if (ftruncate(part->fd, 0) != 0)
        return fail(part->path, "");
    part->is_kept = false;
    return tag[0] == '\0' || write_tag(part, tag);
}

int part_write(struct part *part, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t got = part->direct ? write(part->fd, data, size)
                                   : pwrite(part->fd, data, size, (off_t)part->size);
        if (got < 0 && errno != EINTR)
            return errno;
        size_t written = got > 0 ? (size_t)got : 0;
        data += written;
        size -= written;
        part->size += written;
        part->is_kept = true;
    }
    return 0;
}

bool part_finish(struct part *part)
{
    if (part->direct)
        return true;
    if (fsync(part->fd) != 0)
        return fail(part->path, "");
    if (rename(part->path, part->to) != 0)
        return fail(part->to, "; what came is in FILE.part");
    (void)unlink(part->tag_path);
    close(part->fd);
    part->fd = -1;
    return true;
}

bool part_close(struct part *part)
{
    if (part->fd < 0)
        return false;
    if (part->direct) {
        if (part->fd != STDOUT_FILENO)
            close(part->fd);
        part->fd = -1;
        return false;
    }
    if (!part->is_kept) {
        (void)unlink(part->path);
        (void)unlink(part->tag_path);
    }
    close(part->fd);
    part->fd = -1;
    return part->is_kept;
}
