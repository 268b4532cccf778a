/* Reading the kernel's text files line by line through one buffer; see kernel_text.h.
 * Called by cgroup.c and system.c; calls os.c. Threads: no state. Memory: 4 KiB of stack.
 */
#include "core/kernel_text.h"

#include "core/os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool firn_kernel_lines_open(firn_kernel_lines *lines, const char *root, const char *path)
{
    char whole[PATH_MAX];
    int length = snprintf(whole, sizeof(whole), "%s%s", root, path);
    if (length < 0 || (size_t)length >= sizeof(whole))
        return false;
    lines->start = lines->end = 0;
    return firn_os_open(whole, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &lines->fd) == 0;
}

void firn_kernel_lines_close(firn_kernel_lines *lines)
{
    firn_os_close(lines->fd);
}

/* Moves what is left to the front and reads more behind it; false when nothing more came. */
static bool fill(firn_kernel_lines *lines)
{
    memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
    lines->end -= lines->start;
    lines->start = 0;
    size_t room = sizeof(lines->buffer) - 1 - lines->end; /* one for the NUL */
    size_t got = 0;
    if (room == 0 || firn_os_read_some(lines->fd, lines->buffer + lines->end, room, &got) != 0)
        return false;
    lines->end += got;
    return got > 0;
}

static char *find_end(firn_kernel_lines *lines)
{
    return memchr(lines->buffer + lines->start, '\n', lines->end - lines->start);
}

/* Drops what comes until the line's end; the line's beginning stays in the buffer. */
static void skip_rest(firn_kernel_lines *lines)
{
    char byte;
    size_t got = 0;
    while (firn_os_read_some(lines->fd, &byte, 1, &got) == 0 && got == 1 && byte != '\n')
        got = 0;
}

char *firn_kernel_lines_next(firn_kernel_lines *lines)
{
    char *end = find_end(lines);
    while (end == NULL && fill(lines))
        end = find_end(lines);
    if (end == NULL && lines->start == lines->end)
        return NULL;
    char *line = lines->buffer + lines->start;
    if (end != NULL) {
        lines->start = (size_t)(end - lines->buffer) + 1;
    } else {
        end = lines->buffer + lines->end;
        lines->start = lines->end;
        if (lines->end == sizeof(lines->buffer) - 1)
            skip_rest(lines);
    }
    *end = '\0';
    return line;
}

/* Reads a number and a unit of kB, if there is one. */
static bool read_number(const char *text, uint64_t *ret_number)
{
    while (*text == ' ' || *text == '\t')
        text++;
    if (strcmp(text, "max") == 0 || strcmp(text, "-1") == 0) {
        *ret_number = UINT64_MAX;
        return true;
    }
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (errno != 0)
        return false;
    if (strcmp(end, " kB") == 0) {
        if (number > UINT64_MAX / 1024)
            return false;
        number *= 1024;
    } else if (*end != '\0') {
        return false;
    }
    *ret_number = number;
    return true;
}

bool firn_kernel_number(const char *root, const char *path, uint64_t *ret_number)
{
    firn_kernel_lines lines;
    if (!firn_kernel_lines_open(&lines, root, path))
        return false;
    const char *line = firn_kernel_lines_next(&lines);
    bool found = line != NULL && read_number(line, ret_number);
    firn_kernel_lines_close(&lines);
    return found;
}

bool firn_kernel_sum(const char *root, const char *path, const char *key, uint64_t *ret_sum)
{
    firn_kernel_lines lines;
    if (!firn_kernel_lines_open(&lines, root, path))
        return false;
    size_t size = strlen(key);
    uint64_t sum = 0, number;
    bool found = false;
    for (const char *line; (line = firn_kernel_lines_next(&lines)) != NULL;) {
        if (strncmp(line, key, size) != 0 || (line[size] != ':' && line[size] != ' '))
            continue;
        if (!read_number(line + size + 1, &number) || number > UINT64_MAX - sum)
            continue;
        sum += number;
        found = true;
    }
    firn_kernel_lines_close(&lines);
    if (found)
        *ret_sum = sum;
    return found;
}
