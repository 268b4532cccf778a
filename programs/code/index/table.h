/* A sorted table of byte strings, each with a payload, as one block of bytes: names with their
 * files, paths with what is known of the files, and the indexes over such tables. Keys are front
 * coded in groups of 64, so that a key is found by a binary search over the groups and a scan of at
 * most 64. Format: docs/formats/code.md. Tables are written in its third form; all are read.
 *
 * A table may be shared between threads; writers and cursors are confined to one. */
#ifndef CODE_TABLE_H
#define CODE_TABLE_H

#include "code/index/bytes.h"

#define KEY_MAX_BYTES 4096u
#define TABLE_GROUP 64u

/* --- writing --- */

struct table_writer {
    struct bytes groups, keys, payloads; /* the three parts of the block, in its order */
    uint8_t last[KEY_MAX_BYTES];
    size_t last_size;
    uint32_t count;
};

void table_writer_init(struct table_writer *writer, const firn_allocator *allocator);
void table_writer_fini(struct table_writer *writer);

/* Adds a key with its payload. FIRN_INVALID when the key is too long or comes before the last one
 * (equal ones may follow each other), FIRN_LIMIT for a block of 4 GiB, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status table_add(struct table_writer *writer, const void *key, size_t key_size,
                                     const void *payload, size_t payload_size);

/* The size of the block as it is. */
size_t table_size(const struct table_writer *writer);

/* Appends the block to *bytes and empties the writer. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status table_finish(struct table_writer *writer, struct bytes *bytes);

/* --- reading --- */

/* A view of a block, which must outlive it. */
struct table {
    const uint8_t *groups;
    const uint8_t *keys;
    const uint8_t *payloads;
    size_t keys_size;
    size_t payloads_size;
    uint32_t count;
    uint32_t group;  /* entries in each but the last */
    bool is_compact; /* the entries' heads, and postings in the payloads, have their second form */
};

/* Opens a block after checking its frame; damage inside is found by the cursor. FIRN_CORRUPT. */
FIRN_NODISCARD firn_status table_open(const void *data, size_t size, struct table *ret_table);

/* A place in a table, on an entry. */
struct table_cursor {
    struct table table;
    const uint8_t *payload; /* of the entry, payload_size bytes in the block */
    size_t payload_size;
    const uint8_t *next_key; /* private */
    uint32_t index;          /* of the entry */
    size_t shared;           /* bytes that the key has of the one before; may be read */
    size_t key_size;
    uint8_t key[KEY_MAX_BYTES]; /* of the entry, key_size bytes */
};

/* Each puts the cursor on an entry: the one of a number, the first whose key is not below the given
 * one, the one behind. FIRN_END_OF_DATA when there is none, FIRN_CORRUPT; the cursor must then be
 * placed anew. */
FIRN_NODISCARD firn_status table_at(const struct table *table, uint32_t index,
                                    struct table_cursor *cursor);
FIRN_NODISCARD firn_status table_seek(const struct table *table, const void *key, size_t key_size,
                                      struct table_cursor *cursor);
FIRN_NODISCARD firn_status table_next(struct table_cursor *cursor);

/* Compares byte strings as memcmp does, a shorter one coming before what it begins. */
int key_compare(const void *a, size_t a_size, const void *b, size_t b_size);

#endif
