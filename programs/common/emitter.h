/* What a command prints on stdout: plain text for people, or one JSON document with --json, from
 * the same calls. Streams as it goes and keeps nothing.
 *
 *     emitter_begin(&emitter, stdout, invocation->json);
 *     emitter_object_begin(&emitter, NULL);
 *     emitter_number(&emitter, "files", 1955);            "files":1955      files    1,955
 *     emitter_bytes(&emitter, "store_bytes", 11800000);   "store_bytes":…   store    11.8 MB
 *     emitter_object_end(&emitter);
 *     return emitter_end(&emitter, EXIT_DONE);
 *
 * JSON is always valid UTF-8: a byte that is not part of a valid sequence becomes \ufffd. Where
 * that must not lose anything, emitter_path adds the same bytes in hexadecimal.
 *
 * A write that fails (a full disk, a closed pipe) is kept, later calls print nothing, and
 * emitter_end reports it, but for a closed pipe, which is its reader's will. Long loops may ask
 * emitter_failed and end early. One thread. */
#ifndef FIRN_PROGRAMS_EMITTER_H
#define FIRN_PROGRAMS_EMITTER_H

#include "common/report.h"

#include <stdio.h>

#define EMITTER_DEPTH_MAX 15

/* A column of a table; its title in plain text is its key with blanks for underscores. */
struct emitter_column {
    const char *key;
    int width; /* characters; negative: flush left */
};

struct emitter {
    FILE *out;
    bool json; /* may be read */
    int error; /* private from here: errno of the first failed write, 0 while all is well */
    unsigned depth;
    uint16_t filled;                      /* bit d: the container at depth d has an element */
    uint16_t arrays;                      /* bit d: it is an array */
    unsigned compact;                     /* depth from which all stands on one line, 0: none */
    const struct emitter_column *columns; /* of the open table */
    unsigned column_count;
    unsigned column; /* the next one of the open row */
    bool in_row;
};

void emitter_begin(struct emitter *emitter, FILE *out, bool json);
/* The same; JSON stands on one line. */
void emitter_begin_line(struct emitter *emitter, FILE *out, bool json);
/* Ends the document and flushes. Returns status, or EXIT_FAILED after one line on stderr when a
 * write failed. Open containers are left open, which only a command that failed may do. */
enum exit_status emitter_end(struct emitter *emitter, enum exit_status status);
/* Closes what is open after a failure, so that what was printed is JSON. */
void emitter_abandon(struct emitter *emitter);
bool emitter_failed(const struct emitter *emitter);

/* Containers. key is NULL for the document itself and in arrays. In plain text an object or array
 * with a key is a heading with its values indented below it. */
void emitter_object_begin(struct emitter *emitter, const char *key);
void emitter_object_end(struct emitter *emitter);
void emitter_array_begin(struct emitter *emitter, const char *key);
void emitter_array_end(struct emitter *emitter);

/* A table: in JSON an array of objects. The columns must outlive it; a row's values come in their
 * order and with their keys. Plain text has the titles only when the table has a row. */
void emitter_table_begin(struct emitter *emitter, const char *key,
                         const struct emitter_column *columns, unsigned count);
void emitter_row_begin(struct emitter *emitter);
void emitter_row_end(struct emitter *emitter);
void emitter_table_end(struct emitter *emitter);

/* Values. In JSON numbers are plain; bytes and seconds have their unit in the key (`_bytes`,
 * `_seconds`). In plain text they are made readable: 11.8 MB, 3.4 s, 41 µs. A real that is no
 * finite number is null in JSON. */
void emitter_text(struct emitter *emitter, const char *key, const char *value);
void emitter_text_sized(struct emitter *emitter, const char *key, const char *value, size_t size);
void emitter_number(struct emitter *emitter, const char *key, uint64_t value);
void emitter_bytes(struct emitter *emitter, const char *key, uint64_t value);
void emitter_seconds(struct emitter *emitter, const char *key, double value);
void emitter_real(struct emitter *emitter, const char *key, double value);
void emitter_flag(struct emitter *emitter, const char *key, bool value);

/* A name of the file system: as emitter_text, and in JSON, when it is not UTF-8, one more value
 * with the key KEY_hex that has all its bytes in hexadecimal. Not in arrays. */
void emitter_path(struct emitter *emitter, const char *key, const char *path);

/* Plain text only; nothing in JSON. */
FIRN_PRINTF(2, 3) void emitter_plain(struct emitter *emitter, const char *format, ...);
/* A name from the input, with control characters escaped (see print_escaped). */
void emitter_plain_name(struct emitter *emitter, const char *name, size_t size);
/* Bytes as they are. */
void emitter_plain_bytes(struct emitter *emitter, const void *data, size_t size);

#endif
