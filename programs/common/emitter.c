/* Plain text or JSON from the same calls, after jemalloc's emitter. Used by every command for what
 * it prints on stdout.
 *
 * JSON is indented by two blanks a level, but an object that is an array's element stands on one
 * line. Plain text has one value a line, `label   value`, the label being the key with blanks for
 * underscores and without the unit that the value shows.
 *
 * I1  depth <= EMITTER_DEPTH_MAX, and ends match begins.
 * I2  a row holds exactly one value a column.
 * I3  once `error` is set nothing more is written.
 *
 * One thread; no memory but the struct. */
#include "common/emitter.h"

#include "common/readable.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_WIDTH 20

/* --- writing, with the first failure kept --- */

static void check_stream(struct emitter *emitter)
{
    if (emitter->error == 0 && ferror(emitter->out))
        emitter->error = errno != 0 ? errno : EIO;
}

static void put(struct emitter *emitter, const void *data, size_t size)
{
    if (emitter->error != 0 || size == 0)
        return; /* I3 */
    errno = 0;
    if (fwrite_unlocked(data, 1, size, emitter->out) != size)
        check_stream(emitter);
}

static void put_text(struct emitter *emitter, const char *text)
{
    put(emitter, text, strlen(text));
}

static void put_blanks(struct emitter *emitter, size_t count)
{
    static const char blanks[] = "                                ";
    for (; count > sizeof blanks - 1; count -= sizeof blanks - 1)
        put(emitter, blanks, sizeof blanks - 1);
    put(emitter, blanks, count);
}

/* --- JSON strings --- */

/* Bytes of the UTF-8 sequence at text, 0 when it is not valid (RFC 3629). */
static size_t utf8_sequence(const unsigned char *text, size_t size)
{
    const unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    const size_t length = first < 0xc2   ? 0
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 0;
    if (length == 0 || length > size)
        return 0;
    const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

static bool utf8_valid(const char *text, size_t size)
{
    const unsigned char *next = (const unsigned char *)text;
    while (size > 0) {
        const size_t length = utf8_sequence(next, size);
        if (length == 0)
            return false;
        next += length;
        size -= length;
    }
    return true;
}

static void put_json_escape(struct emitter *emitter, unsigned char byte)
{
    static const char plain[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    char escape[8];
    const char *found = byte != 0 ? strchr(plain, byte) : NULL;
    if (found != NULL)
        snprintf(escape, sizeof escape, "\\%c", letters[found - plain]);
    else
        snprintf(escape, sizeof escape, "\\u%04x", byte < 0x80 ? byte : 0xfffdu);
    put_text(emitter, escape);
}

static void put_json_text(struct emitter *emitter, const char *text, size_t size)
{
    put(emitter, "\"", 1);
    const unsigned char *next = (const unsigned char *)text;
    size_t run = 0; /* bytes at next that need no escape */
    while (run < size) {
        const unsigned char byte = next[run];
        if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
            run++;
            continue;
        }
        const size_t length = utf8_sequence(next + run, size - run);
        if (length > 1) {
            run += length;
            continue;
        }
        put(emitter, next, run);
        put_json_escape(emitter, byte);
        next += run + 1;
        size -= run + 1;
        run = 0;
    }
    put(emitter, next, run);
    put(emitter, "\"", 1);
}

/* --- before and after a value --- */

static bool in_array(const struct emitter *emitter)
{
    return emitter->depth > 0 && (emitter->arrays >> emitter->depth & 1) != 0;
}

/* A comma, a new line and the key, as they are due. */
static void json_prefix(struct emitter *emitter, const char *key)
{
    assert((key == NULL) == (emitter->depth == 0 || in_array(emitter)));
    const uint16_t bit = (uint16_t)(1u << emitter->depth);
    if ((emitter->filled & bit) != 0)
        put_text(emitter, emitter->compact != 0 ? ", " : ",");
    emitter->filled |= bit;
    if (emitter->compact == 0 && emitter->depth > 0) {
        put(emitter, "\n", 1);
        put_blanks(emitter, 2 * (size_t)emitter->depth);
    }
    if (key != NULL) {
        put(emitter, "\"", 1); /* keys are words of the program's */
        put_text(emitter, key);
        put_text(emitter, "\": ");
    }
}

static void indent(struct emitter *emitter)
{
    if (emitter->depth > 1)
        put_blanks(emitter, 2 * (size_t)(emitter->depth - 1));
}

/* A key as people read it. unit is what the value shows itself and the label leaves out. */
static size_t put_label(struct emitter *emitter, const char *key, const char *unit)
{
    size_t size = strlen(key);
    const size_t unit_size = strlen(unit);
    if (size > unit_size && strcmp(key + size - unit_size, unit) == 0)
        size -= unit_size;
    for (size_t i = 0; i < size; i++)
        put(emitter, key[i] == '_' ? " " : key + i, 1);
    return size;
}

static size_t characters(const char *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static void put_cell(struct emitter *emitter, const char *text, size_t size)
{
    assert(emitter->column < emitter->column_count); /* I2 */
    const struct emitter_column *column = &emitter->columns[emitter->column];
    const size_t width = (size_t)abs(column->width);
    const size_t used = characters(text, size);
    const size_t blanks = used < width ? width - used : 0;
    if (emitter->column == 0)
        indent(emitter);
    else
        put_text(emitter, "  ");
    emitter->column++;
    if (column->width > 0)
        put_blanks(emitter, blanks);
    emitter_plain_name(emitter, text, size);
    if (column->width < 0 && emitter->column < emitter->column_count)
        put_blanks(emitter, blanks);
}

static void plain_value(struct emitter *emitter, const char *key, const char *unit,
                        const char *text, size_t size)
{
    if (emitter->in_row) {
        put_cell(emitter, text, size);
        return;
    }
    indent(emitter);
    if (key != NULL) {
        const size_t used = put_label(emitter, key, unit);
        put_blanks(emitter, used < LABEL_WIDTH ? LABEL_WIDTH - used : 1);
    }
    emitter_plain_name(emitter, text, size);
    put(emitter, "\n", 1);
}

/* --- documents and containers --- */

void emitter_begin(struct emitter *emitter, FILE *out, bool json)
{
    /* what was written before counts: its error may not come again */
    const int error = !ferror(out) ? 0 : errno != 0 ? errno : EIO;
    *emitter = (struct emitter){.out = out, .json = json, .error = error};
}

void emitter_begin_line(struct emitter *emitter, FILE *out, bool json)
{
    *emitter = (struct emitter){.out = out, .json = json, .compact = 1};
}

bool emitter_failed(const struct emitter *emitter)
{
    return emitter->error != 0;
}

enum exit_status emitter_end(struct emitter *emitter, enum exit_status status)
{
    assert(emitter->depth == 0 || status != EXIT_DONE); /* I1 */
    if (emitter->json && (emitter->filled & 1) != 0)
        put(emitter, "\n", 1);
    errno = 0;
    if (emitter->error == 0 && (fflush(emitter->out) != 0 || ferror(emitter->out)))
        emitter->error = errno != 0 ? errno : EIO;
    if (emitter->error == 0)
        return status;
    if (emitter->error != EPIPE) /* a reader that has seen enough, such as head, wants no remark */
        report("standard output: %s; what was printed is incomplete", strerror(emitter->error));
    return EXIT_FAILED;
}

static void container_begin(struct emitter *emitter, const char *key, bool array)
{
    const bool element = in_array(emitter);
    if (emitter->json) {
        json_prefix(emitter, key);
        put(emitter, array ? "[" : "{", 1);
    } else if (key != NULL) {
        indent(emitter);
        put_label(emitter, key, "");
        put_text(emitter, ":\n");
    }
    assert(emitter->depth < EMITTER_DEPTH_MAX); /* I1 */
    emitter->depth++;
    const uint16_t bit = (uint16_t)(1u << emitter->depth);
    emitter->filled &= (uint16_t)~bit;
    emitter->arrays = (uint16_t)(array ? emitter->arrays | bit : emitter->arrays & ~bit);
    if (element && !array && emitter->compact == 0)
        emitter->compact = emitter->depth;
}

static void container_end(struct emitter *emitter, bool array)
{
    assert(emitter->depth > 0 && in_array(emitter) == array); /* I1 */
    const bool filled = (emitter->filled >> emitter->depth & 1) != 0;
    const bool compact = emitter->compact != 0;
    if (emitter->compact == emitter->depth)
        emitter->compact = 0;
    emitter->depth--;
    if (!emitter->json)
        return;
    if (filled && !compact) {
        put(emitter, "\n", 1);
        put_blanks(emitter, 2 * (size_t)emitter->depth);
    }
    put(emitter, array ? "]" : "}", 1);
}

void emitter_abandon(struct emitter *emitter)
{
    emitter->in_row = false;
    emitter->columns = NULL;
    while (emitter->depth > 0)
        container_end(emitter, in_array(emitter));
}

void emitter_object_begin(struct emitter *emitter, const char *key)
{
    container_begin(emitter, key, false);
}

void emitter_object_end(struct emitter *emitter)
{
    container_end(emitter, false);
}

void emitter_array_begin(struct emitter *emitter, const char *key)
{
    container_begin(emitter, key, true);
}

void emitter_array_end(struct emitter *emitter)
{
    container_end(emitter, true);
}

/* --- tables --- */

void emitter_table_begin(struct emitter *emitter, const char *key,
                         const struct emitter_column *columns, unsigned count)
{
    container_begin(emitter, key, true);
    emitter->columns = columns;
    emitter->column_count = count;
}

static void put_titles(struct emitter *emitter)
{
    for (unsigned i = 0; i < emitter->column_count; i++) {
        char title[64];
        const char *key = emitter->columns[i].key;
        size_t size = 0;
        for (; key[size] != '\0' && size < sizeof title; size++)
            title[size] = key[size];
        for (size_t at = 0; at < size; at++)
            title[at] = title[at] == '_' ? ' ' : title[at];
        put_cell(emitter, title, size);
    }
    put(emitter, "\n", 1);
}

void emitter_row_begin(struct emitter *emitter)
{
    assert(emitter->columns != NULL && !emitter->in_row);
    const uint16_t bit = (uint16_t)(1u << emitter->depth);
    emitter->column = 0;
    if (emitter->json) {
        container_begin(emitter, NULL, false);
    } else if ((emitter->filled & bit) == 0) {
        emitter->filled |= bit;
        put_titles(emitter);
        emitter->column = 0;
    }
    emitter->in_row = true;
}

void emitter_row_end(struct emitter *emitter)
{
    assert(emitter->in_row && (emitter->json || emitter->column == emitter->column_count)); /* I2 */
    emitter->in_row = false;
    if (emitter->json)
        container_end(emitter, false);
    else
        put(emitter, "\n", 1);
}

void emitter_table_end(struct emitter *emitter)
{
    emitter->columns = NULL;
    container_end(emitter, true);
}

/* --- values --- */

void emitter_text_sized(struct emitter *emitter, const char *key, const char *value, size_t size)
{
    if (!emitter->json) {
        plain_value(emitter, key, "", value, size);
        return;
    }
    json_prefix(emitter, key);
    put_json_text(emitter, value, size);
}

void emitter_text(struct emitter *emitter, const char *key, const char *value)
{
    emitter_text_sized(emitter, key, value, strlen(value));
}

void emitter_path(struct emitter *emitter, const char *key, const char *path)
{
    const size_t size = strlen(path);
    emitter_text_sized(emitter, key, path, size);
    if (!emitter->json || utf8_valid(path, size))
        return;
    char name[64];
    snprintf(name, sizeof name, "%s_hex", key);
    json_prefix(emitter, name);
    put(emitter, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        char digits[3];
        snprintf(digits, sizeof digits, "%02x", (unsigned char)path[i]);
        put(emitter, digits, 2);
    }
    put(emitter, "\"", 1);
}

/* A value in the form for JSON or in that for people, as it is wanted. */
static void value(struct emitter *emitter, const char *key, const char *unit, const char *text)
{
    if (emitter->json) {
        json_prefix(emitter, key);
        put_text(emitter, text);
    } else {
        plain_value(emitter, key, unit, text, strlen(text));
    }
}

static char *decimal(uint64_t number, char buffer[READABLE_BYTES])
{
    char *at = buffer + READABLE_BYTES - 1;
    *at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return at;
}

static char *json_real(double number, char buffer[READABLE_BYTES])
{
    snprintf(buffer, READABLE_BYTES, isfinite(number) ? "%.9g" : "null", number);
    return buffer;
}

void emitter_number(struct emitter *emitter, const char *key, uint64_t number)
{
    char text[READABLE_BYTES];
    value(emitter, key, "", emitter->json ? decimal(number, text) : readable_number(number, text));
}

void emitter_bytes(struct emitter *emitter, const char *key, uint64_t bytes)
{
    char text[READABLE_BYTES];
    value(emitter, key, "_bytes",
          emitter->json ? decimal(bytes, text) : readable_bytes(bytes, text));
}

void emitter_seconds(struct emitter *emitter, const char *key, double seconds)
{
    char text[READABLE_BYTES];
    value(emitter, key, "_seconds",
          emitter->json ? json_real(seconds, text) : readable_seconds(seconds, text));
}

void emitter_real(struct emitter *emitter, const char *key, double number)
{
    char text[READABLE_BYTES];
    if (emitter->json)
        (void)json_real(number, text);
    else
        snprintf(text, sizeof text, "%.4g", number);
    value(emitter, key, "", text);
}

void emitter_flag(struct emitter *emitter, const char *key, bool flag)
{
    if (emitter->json)
        value(emitter, key, "", flag ? "true" : "false");
    else
        value(emitter, key, "", flag ? "yes" : "no");
}

/* --- plain text only --- */

void emitter_plain(struct emitter *emitter, const char *format, ...)
{
    if (emitter->json || emitter->error != 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    errno = 0;
    vfprintf(emitter->out, format, arguments);
    va_end(arguments);
    check_stream(emitter);
}

void emitter_plain_name(struct emitter *emitter, const char *name, size_t size)
{
    if (emitter->json || emitter->error != 0)
        return;
    errno = 0;
    print_escaped(emitter->out, name, size);
    check_stream(emitter);
}

void emitter_plain_bytes(struct emitter *emitter, const void *data, size_t size)
{
    if (!emitter->json)
        put(emitter, data, size);
}
