/* Status codes and the details of a failure: names and sentences from the one table in
 * <firn/status.h>, and firn_error_set, which every failing call goes through.
 *
 * Called by all; calls nothing. Threads: no state. Memory: none is allocated, so that a failure for
 * want of memory can still be told.
 */
#include <firn/status.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *firn_status_text(firn_status status)
{
    switch (status) {
#define STATUS_TEXT(code, number, sentence)                                                        \
    case code:                                                                                     \
        return sentence;
        FIRN_STATUS_TABLE(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}

const char *firn_status_name(firn_status status)
{
    switch (status) {
#define STATUS_NAME(code, number, sentence)                                                        \
    case code:                                                                                     \
        return #code;
        FIRN_STATUS_TABLE(STATUS_NAME)
#undef STATUS_NAME
    }
    return "unknown status";
}

/* The text is shown in terminals and logs as one line, but a path may hold any byte. */
static void replace_control_bytes(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
    }
}

/* Takes a UTF-8 sequence that the cut went through off the end of text. */
static void drop_half_character(char *text, size_t size)
{
    size_t start = size;
    while (start > 0 && size - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0 || ((unsigned char)text[start - 1] & 0xc0) != 0xc0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (size - (start - 1) < wanted)
        text[start - 1] = '\0';
}

firn_status firn_error_set(firn_error *ret_error, firn_status status, int os_errno,
                           const char *format, ...)
{
    if (ret_error == NULL)
        return status;
    firn_error error = {.status = status, .os_errno = os_errno};
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error.text, sizeof(error.text), format, arguments);
    va_end(arguments);
    if (length < 0)
        error.text[0] = '\0';
    else if ((size_t)length >= sizeof(error.text))
        drop_half_character(error.text, sizeof(error.text) - 1);
    replace_control_bytes(error.text);
    *ret_error = error;
    return status;
}

firn_status firn_status_from_errno(int os_errno)
{
    switch (os_errno) {
    case 0:
        return FIRN_OK;
    case ENOMEM:
        return FIRN_NO_MEMORY;
    case ENOENT:
        return FIRN_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return FIRN_PERMISSION;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return FIRN_NO_SPACE;
    case EEXIST:
        return FIRN_EXISTS;
    case ETIMEDOUT:
        return FIRN_TIMEOUT;
    default:
        return FIRN_IO;
    }
}
