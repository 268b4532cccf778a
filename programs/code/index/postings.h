/* The files that a name occurs in, with its definitions there: the payload of a name's entry.
 * Format: docs/formats/code.md. Confined to one thread. */
#ifndef CODE_POSTINGS_H
#define CODE_POSTINGS_H

#include "code/index/bytes.h"

/* Where a name is defined; rows and columns (bytes) from 0. */
struct definition {
    uint32_t row;
    uint32_t column;
    uint8_t kind; /* as extract.h numbers them */
};

/* --- writing --- */

struct postings_writer {
    struct bytes bytes; /* the payload so far */
    uint64_t next_file; /* the smallest file that may follow */
};

/* Empties the writer for the next payload; it keeps its memory. */
void postings_begin(struct postings_writer *writer);

/* Adds a file with its definitions, whose rows ascend. FIRN_INVALID when the file does not come
 * behind the last one, or rows descend; FIRN_NO_MEMORY, the payload then being lost. */
FIRN_NODISCARD firn_status postings_put(struct postings_writer *writer, uint32_t file,
                                        const struct definition *definitions, size_t count);

/* --- reading --- */

struct postings {
    const uint8_t *in; /* private */
    const uint8_t *end;
    uint64_t next_file;
    uint64_t row;
    bool is_compact;
    uint32_t file;             /* may be read: the file */
    uint64_t definitions_left; /* may be read: definitions in it that were not read yet */
};

/* is_compact: as the payload's table is. */
void postings_init(struct postings *postings, const void *payload, size_t size, bool is_compact);

/* Goes to the next file. FIRN_END_OF_DATA, FIRN_CORRUPT. */
FIRN_NODISCARD firn_status postings_next(struct postings *postings);

/* Reads the file's next definition. FIRN_END_OF_DATA when it has no more, FIRN_CORRUPT. */
FIRN_NODISCARD firn_status postings_definition(struct postings *postings,
                                               struct definition *ret_definition);

#endif
