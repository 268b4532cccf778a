/* Targets and names; see path.h. */
#include "serve/path.h"

#include <ctype.h>
#include <string.h>

static int digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Decodes percent signs; 0 for malformed ones, a NUL or too long a result. */
static size_t decode(const char *target, size_t size, char out[PATH_MAX_BYTES])
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        char byte = target[i];
        if (byte == '%') {
            int high = i + 2 < size ? digit_of(target[i + 1]) : -1;
            int low = i + 2 < size ? digit_of(target[i + 2]) : -1;
            if (high < 0 || low < 0)
                return 0;
            byte = (char)(high << 4 | low);
            i += 2;
        }
        if (byte == '\0' || length == PATH_MAX_BYTES - 1)
            return 0;
        out[length++] = byte;
    }
    out[length] = '\0';
    return length;
}

/* Takes the last part off; false when there is none. */
static bool leave(char path[PATH_MAX_BYTES], size_t *size)
{
    if (*size == 0)
        return false;
    while (*size > 0 && path[--*size] != '/')
        continue;
    path[*size] = '\0';
    return true;
}

bool path_of_target(const char *target, size_t size, char path[PATH_MAX_BYTES], bool *ret_is_folder)
{
    char text[PATH_MAX_BYTES];
    const char *query = memchr(target, '?', size);
    size_t length = decode(target, query != NULL ? (size_t)(query - target) : size, text);
    size_t at = 0;
    if (length == 0 || text[0] != '/')
        return false;
    path[0] = '\0';
    for (const char *part = text; *part != '\0';) {
        part += strspn(part, "/");
        size_t part_size = strcspn(part, "/");
        if (part_size == 2 && memcmp(part, "..", 2) == 0) {
            if (!leave(path, &at))
                return false;
        } else if (part_size > 0 && !(part_size == 1 && part[0] == '.')) {
            if (at > 0)
                path[at++] = '/';
            memcpy(path + at, part, part_size);
            at += part_size;
            path[at] = '\0';
        }
        part += part_size;
    }
    *ret_is_folder = text[length - 1] == '/' || at == 0;
    if (at == 0)
        memcpy(path, ".", 2);
    return true;
}

size_t path_to_address(const char *name, char *out, size_t capacity)
{
    size_t size = 0;
    for (; *name != '\0'; name++) {
        bool plain = isalnum((unsigned char)*name) || strchr("-._~/", *name) != NULL;
        if (capacity - size < 4)
            return 0;
        if (plain) {
            out[size++] = *name;
        } else {
            out[size++] = '%';
            out[size++] = "0123456789ABCDEF"[(unsigned char)*name >> 4];
            out[size++] = "0123456789ABCDEF"[(unsigned char)*name & 15];
        }
    }
    out[size] = '\0';
    return size;
}
