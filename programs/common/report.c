/* One-line failures on stderr. Each line is formatted first and written under stderr's lock, so
 * that lines of several threads do not mix. No memory but the stack. */
#include "common/report.h"

#include <stdarg.h>
#include <string.h>

#define LINE_BYTES 2000

void print_escaped(FILE *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte == '\n')
            fputs("\\n", out);
        else if (byte == '\t')
            fputs("\\t", out);
        else if (byte == '\r')
            fputs("\\r", out);
        else if (byte == '\\')
            fputs("\\\\", out);
        else if (byte < 0x20 || byte == 0x7f)
            fprintf(out, "\\x%02x", byte);
        else
            putc(byte, out);
    }
}

static void print_line(const char *text)
{
    flockfile(stderr);
    fputs("firn: ", stderr);
    print_escaped(stderr, text, strlen(text));
    putc('\n', stderr);
    funlockfile(stderr);
}

static FIRN_PRINTF(1, 0) void report_list(const char *format, va_list arguments)
{
    char line[LINE_BYTES];
    if (vsnprintf(line, sizeof line, format, arguments) >= 0)
        print_line(line);
}

void report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report_list(format, arguments);
    va_end(arguments);
}

enum exit_status report_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report_list(format, arguments);
    va_end(arguments);
    return EXIT_USAGE;
}

enum exit_status report_error(const firn_error *error)
{
    print_line(error->text[0] != '\0' ? error->text : firn_status_text(error->status));
    return EXIT_FAILED;
}
