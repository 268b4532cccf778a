/* See uri.h. */
#include "code/lsp/uri.h"

#include <ctype.h>
#include <strings.h>

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

/* Undoes percent escapes in place; false when one is broken or makes a zero byte. */
static bool decode(char *text)
{
    char *out = text;
    for (; *text != '\0'; text++) {
        char byte = *text;
        if (byte == '%') {
            int high = digit(text[1]);
            int low = high < 0 ? -1 : digit(text[2]);
            if (low < 0 || high * 16 + low == 0)
                return false;
            byte = (char)(high * 16 + low);
            text += 2;
        }
        *out++ = byte;
    }
    *out = '\0';
    return true;
}

/* Takes "." and ".." and doubled slashes out of an absolute path, in place. */
static void normalise(char *path)
{
    size_t size = 0;
    for (const char *in = path; *in != '\0';) {
        in += strspn(in, "/");
        size_t part = strcspn(in, "/");
        if (part == 2 && memcmp(in, "..", 2) == 0) {
            while (size > 0 && path[--size] != '/')
                continue;
        } else if (part > 0 && !(part == 1 && in[0] == '.')) {
            path[size++] = '/';
            memmove(path + size, in, part);
            size += part;
        }
        in += part;
    }
    if (size == 0)
        path[size++] = '/';
    path[size] = '\0';
}

firn_status uri_path(const char *uri, const firn_allocator *allocator, char **ret_path,
                     size_t *ret_size)
{
    if (strncasecmp(uri, "file://", 7) != 0)
        return FIRN_UNSUPPORTED;
    uri += 7;
    if (strncasecmp(uri, "localhost/", 10) == 0)
        uri += 9;
    if (uri[0] != '/')
        return FIRN_UNSUPPORTED; /* another machine's */
    size_t size = strcspn(uri, "?#");
    char *path = firn_allocate(allocator, size + 1);
    if (path == NULL)
        return FIRN_NO_MEMORY;
    memcpy(path, uri, size);
    path[size] = '\0';
    if (!decode(path)) {
        firn_release(allocator, path, size + 1);
        return FIRN_INVALID;
    }
    normalise(path);
    *ret_path = path;
    *ret_size = size + 1;
    return FIRN_OK;
}

static void put_encoded(struct out *out, const char *path)
{
    for (; *path != '\0'; path++) {
        static const char digits[] = "0123456789ABCDEF";
        const unsigned char byte = (unsigned char)*path;
        const char escape[3] = {'%', digits[byte >> 4], digits[byte & 15]};
        bool is_plain = byte < 0x80 && (isalnum(byte) || strchr("/-._~", byte) != NULL);
        out_raw(out, is_plain ? path : escape, is_plain ? 1 : 3);
    }
}

void out_uri(struct out *out, const char *folder, const char *name)
{
    out_json(out, "\"file://", 8);
    put_encoded(out, folder);
    if (name[0] != '\0')
        out_raw(out, "/", 1);
    put_encoded(out, name);
    out_raw(out, "\"", 1);
}
