/* One line on stderr. Called where a program's use of the allocator, or its environment, is wrong.
 * No state; safe in any thread. */
#include "run/preload/complain.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 256

static size_t append(char line[LINE_BYTES], size_t at, const char *text)
{
    size_t size = strnlen(text, LINE_BYTES);
    size = size < LINE_BYTES - 1 - at ? size : LINE_BYTES - 1 - at;
    memcpy(line + at, text, size);
    return at + size;
}

static void write_line(char line[LINE_BYTES], size_t size)
{
    line[size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written;
}

void run_die(const char *call, const void *block, const char *what)
{
    char line[LINE_BYTES], digits[2 * sizeof(uintptr_t) + 1];
    uintptr_t value = (uintptr_t)block;
    size_t first = sizeof digits - 1;
    digits[first] = '\0';
    do
        digits[--first] = "0123456789abcdef"[value % 16];
    while ((value /= 16) != 0);
    size_t size = append(line, 0, "firn run: ");
    size = append(line, size, call);
    size = append(line, size, ": 0x");
    size = append(line, size, digits + first);
    size = append(line, size, " ");
    write_line(line, append(line, size, what));
    abort();
}

void run_complain(const char *name, const char *what)
{
    char line[LINE_BYTES];
    size_t size = append(line, 0, "firn run: ");
    size = append(line, size, name);
    size = append(line, size, ": ");
    write_line(line, append(line, size, what));
}
