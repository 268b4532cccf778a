/* The messages of tests/http/messages.txt, and a server's reading of a connection. */
#ifndef FIRN_TESTS_HTTP_MESSAGES_H
#define FIRN_TESTS_HTTP_MESSAGES_H

#include "http/head.h"

#include "support/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 16384u
#define MESSAGE_FIELDS 32u

struct message {
    unsigned verdict; /* 1 to 9: answered; 400 to 599: refused */
    char name[64];
    char data[MESSAGE_MAX];
    size_t size;
};

static inline size_t unescape(const char *text, char *out)
{
    size_t size = 0;
    while (*text != '\0' && *text != '\n') {
        if (*text != '\\') {
            out[size++] = *text++;
            continue;
        }
        if (text[1] == 'x') {
            const char digits[] = {text[2], text[3], '\0'};
            out[size++] = (char)strtoul(digits, NULL, 16);
            text += 4;
            continue;
        }
        out[size++] = text[1] == 'r' ? '\r' : text[1] == 'n' ? '\n' : text[1] == 't' ? '\t' : '\\';
        text += 2;
    }
    return size;
}

/* Opens the file for a test in tests/KIND/, whose __FILE__ is given. */
static inline FILE *messages_open(const char *test_file)
{
    static char text[1 << 18];
    size_t size = golden_read(test_file, "../http/messages.txt", text, sizeof text);
    return fmemopen(text, size, "r");
}

/* Reads the next message; false at the end. */
static inline bool message_read(FILE *file, struct message *message)
{
    static char line[4 * MESSAGE_MAX];
    while (fgets(line, sizeof line, file) != NULL) {
        char *tab = strchr(line, '\t'), *second = tab != NULL ? strchr(tab + 1, '\t') : NULL;
        if (line[0] == '#' || second == NULL)
            continue;
        message->verdict = (unsigned)strtoul(line, NULL, 10);
        snprintf(message->name, sizeof message->name, "%.*s", (int)(second - tab - 1), tab + 1);
        message->size = unescape(second + 1, message->data);
        return true;
    }
    return false;
}

/* What a server makes of the bytes of a connection as they come. */
struct reading {
    firn_http_lines_fn *lines; /* set it, and zero the rest, before reading_begin */
    firn_http_field fields[MESSAGE_FIELDS];
    firn_http_head head;
    firn_http_chunks chunks;
    size_t start; /* of what is to be read next */
    uint64_t left;
    enum { IN_HEAD, IN_LENGTH, IN_CHUNKS, IN_TRAILERS, AT_END } where;
    unsigned answered, refusal;
};

static inline void reading_begin(struct reading *reading, firn_http_kind kind)
{
    if (firn_http_head_begin(&reading->head, kind, NULL, reading->fields, MESSAGE_FIELDS) !=
        FIRN_OK)
        abort();
}

static inline void reading_answer(struct reading *reading)
{
    reading->answered++;
    reading->where = IN_HEAD;
    reading_begin(reading, FIRN_HTTP_REQUEST);
}

/* Reads a head or trailers. False when more must come, or never will. */
static inline bool reading_head(struct reading *reading, const char *data, size_t size)
{
    firn_status status = firn_http_head_parse_by(reading->lines, &reading->head,
                                                 data + reading->start, size - reading->start);
    if (status == FIRN_CORRUPT || status == FIRN_LIMIT) {
        reading->refusal = status == FIRN_LIMIT ? 431 : reading->head.refusal;
        reading->where = AT_END;
    }
    if (status != FIRN_OK)
        return false;
    reading->start += reading->head.size;
    if (reading->where == IN_TRAILERS || reading->head.body == FIRN_HTTP_BODY_NONE) {
        reading_answer(reading);
        return true;
    }
    reading->where = reading->head.body == FIRN_HTTP_BODY_CHUNKED ? IN_CHUNKS : IN_LENGTH;
    reading->left = reading->head.length;
    reading->chunks = (firn_http_chunks){0};
    return true;
}

static inline bool reading_chunks(struct reading *reading, const char *data, size_t size)
{
    size_t used;
    firn_http_text part;
    firn_status status = firn_http_chunks_next(&reading->chunks, data + reading->start,
                                               size - reading->start, &used, &part);
    if (status == FIRN_CORRUPT) {
        reading->refusal = reading->chunks.refusal;
        reading->where = AT_END;
        return false;
    }
    reading->start += used;
    if (reading->chunks.is_done) {
        reading->where = IN_TRAILERS;
        reading_begin(reading, FIRN_HTTP_TRAILERS);
        return true;
    }
    return status == FIRN_OK;
}

/* Goes on with a connection of which these bytes have come. */
static inline void reading_go_on(struct reading *reading, const char *data, size_t size)
{
    bool more = true;
    while (more && reading->where != AT_END) {
        if (reading->where == IN_CHUNKS) {
            more = reading_chunks(reading, data, size);
        } else if (reading->where == IN_LENGTH) {
            size_t there = size - reading->start;
            size_t part = there < reading->left ? there : (size_t)reading->left;
            reading->left -= part;
            reading->start += part;
            more = reading->left == 0;
            if (more)
                reading_answer(reading);
        } else {
            more = reading_head(reading, data, size);
        }
    }
}

#endif
