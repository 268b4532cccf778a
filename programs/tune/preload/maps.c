/* Reads the kernel's text line by line; see maps.h. Called by stack.c and record.c. A line is
 * START-END RIGHTS OFFSET DEVICE INODE PATH. Threads: no state. Memory: 8 KiB of stack. */
#include "tune/preload/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = PATH_MAX + 256 };

static const char *read_hex(const char *at, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (;; at++) {
        const char letter = *at;
        if (letter >= '0' && letter <= '9')
            number = number << 4 | (uint64_t)(letter - '0');
        else if (letter >= 'a' && letter <= 'f')
            number = number << 4 | (uint64_t)(letter - 'a' + 10);
        else
            break;
    }
    *ret_number = number;
    return at;
}

static const char *skip_word(const char *at)
{
    at += strcspn(at, " ");
    return at + strspn(at, " ");
}

static struct track_mapping parse(const char *line)
{
    struct track_mapping mapping;
    const char *at = read_hex(line, &mapping.start);
    at = read_hex(at + (*at == '-'), &mapping.end);
    at += strspn(at, " ");
    mapping.is_code = strnlen(at, 4) == 4 && at[2] == 'x';
    at = read_hex(skip_word(at), &mapping.offset);
    at += strspn(at, " ");
    mapping.path = skip_word(skip_word(at));
    return mapping;
}

bool track_maps_visit(track_maps_fn visit, void *context)
{
    char buffer[BUFFER_BYTES];
    size_t filled = 0;
    bool goes_on = true;
    const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while (goes_on) {
        const ssize_t got = read(fd, buffer + filled, sizeof buffer - 1 - filled);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        filled += (size_t)got;
        char *line = buffer, *end;
        while (goes_on && (end = memchr(line, '\n', filled - (size_t)(line - buffer))) != NULL) {
            *end = '\0';
            const struct track_mapping mapping = parse(line);
            goes_on = visit(context, &mapping);
            line = end + 1;
        }
        filled -= (size_t)(line - buffer);
        memmove(buffer, line, filled);
    }
    close(fd);
    return true;
}

struct bounds {
    uint64_t address, start, end;
};

static bool find_bounds(void *context, const struct track_mapping *mapping)
{
    struct bounds *bounds = context;
    if (bounds->address < mapping->start || bounds->address >= mapping->end)
        return true;
    bounds->start = mapping->start;
    bounds->end = mapping->end;
    return false;
}

bool track_maps_bounds(uint64_t address, uint64_t *ret_start, uint64_t *ret_end)
{
    struct bounds bounds = {.address = address};
    if (!track_maps_visit(find_bounds, &bounds) || bounds.end == 0)
        return false;
    *ret_start = bounds.start;
    *ret_end = bounds.end;
    return true;
}
