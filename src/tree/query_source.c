/* The words of a query's source: blanks, names, strings, and where a failure lies. Called by the
 * compiler of patterns and of predicates. */
#include "tree/query_steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CAUSE_BYTES 160

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void firn_query_skip_blanks(struct firn_query_source *source)
{
    while (source->at < source->size) {
        const char c = source->text[source->at];
        if (c == ';') {
            while (source->at < source->size && source->text[source->at] != '\n')
                source->at++;
        } else if (is_blank(c)) {
            source->at++;
        } else {
            break;
        }
    }
}

bool firn_query_at_name(const struct firn_query_source *source)
{
    const char c = firn_query_peek(source);
    return is_alnum(c) || c == '_' || c == '-';
}

struct firn_query_text firn_query_name(struct firn_query_source *source)
{
    const size_t start = source->at;
    char c;

    do {
        source->at++;
        c = firn_query_peek(source);
    } while (is_alnum(c) || (c != '\0' && strchr("_-.?!", c) != NULL));
    return (struct firn_query_text){source->text + start, source->at - start};
}

static char unescaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case '0':
        return '\0';
    default:
        return c;
    }
}

firn_status firn_query_string(struct firn_query_source *source, struct firn_query_text *ret_text)
{
    const size_t start = source->at++;
    const char *end = memchr(source->text + source->at, '\n', source->size - source->at);
    const size_t line_end = end != NULL ? (size_t)(end - source->text) : source->size;
    char *out = firn_arena_alloc(&source->query->arena, line_end - start + 1);
    size_t size = 0;

    if (out == NULL)
        return firn_query_no_memory(source);
    while (source->at < line_end && source->text[source->at] != '"') {
        char c = source->text[source->at++];
        if (c == '\\' && source->at < line_end)
            c = unescaped(source->text[source->at++]);
        out[size++] = c;
    }
    if (source->at == line_end)
        return firn_query_fail(source, FIRN_INVALID, start,
                               "a text begins here and its \" is missing in this line");
    source->at++;
    out[size] = '\0';
    *ret_text = (struct firn_query_text){out, size};
    return FIRN_OK;
}

firn_status firn_query_fail(struct firn_query_source *source, firn_status status, size_t offset,
                            const char *format, ...)
{
    char cause[CAUSE_BYTES];
    uint64_t line = 1;
    size_t column = 1;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(cause, sizeof cause, format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < offset && i < source->size; i++) {
        column++;
        if (source->text[i] == '\n') {
            line++;
            column = 1;
        }
    }
    firn_error_set(source->ret_error, status, 0, "query: line %llu, column %zu: %s",
                   (unsigned long long)line, column, cause);
    if (source->ret_error != NULL) {
        source->ret_error->offset = offset;
        source->ret_error->line = line;
    }
    return status;
}

firn_status firn_query_no_memory(struct firn_query_source *source)
{
    return firn_error_set(source->ret_error, FIRN_NO_MEMORY, 0, "query: %s",
                          firn_status_text(FIRN_NO_MEMORY));
}
