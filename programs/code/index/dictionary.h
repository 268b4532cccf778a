/* A sorted map from byte strings to payloads that spans segments of the store: a table a segment,
 * and over them a top table with each segment's last key. Names and paths are looked up in such
 * dictionaries. Format: docs/formats/code.md. */
#ifndef CODE_DICTIONARY_H
#define CODE_DICTIONARY_H

#include <firn/store.h>

#include "code/index/table.h"

/* --- writing: confined to one thread; the store's writer may be shared --- */

struct dictionary_options {
    const firn_allocator *allocator;
    firn_store *store;
    uint32_t kind;      /* of the segments with entries; the top table's is kind + 1 */
    int level;          /* of zstd */
    size_t table_bytes; /* after which a table is closed */
};

struct dictionary_writer {
    struct dictionary_options options;
    firn_codec *codec;
    struct table_writer table;
    struct table_writer top;
    struct bytes plain;
    uint64_t count; /* of entries; may be read */
};

/* FIRN_NO_MEMORY; fini in any case. */
FIRN_NODISCARD firn_status dictionary_writer_init(struct dictionary_writer *writer,
                                                  const struct dictionary_options *options);
void dictionary_writer_fini(struct dictionary_writer *writer);

/* Adds an entry; keys ascend, equal ones may follow each other. Payloads are far smaller than a
 * segment. Fails as table_add and firn_store_put do. */
FIRN_NODISCARD firn_status dictionary_add(struct dictionary_writer *writer, const void *key,
                                          size_t key_size, const void *payload, size_t payload_size,
                                          firn_error *ret_error);

/* Takes over what the other writer wrote, whose keys all come behind this one's, and empties it. */
FIRN_NODISCARD firn_status dictionary_append(struct dictionary_writer *writer,
                                             struct dictionary_writer *other,
                                             firn_error *ret_error);

/* Writes what is left and the top table; the dictionary is found again by the top's segment. */
FIRN_NODISCARD firn_status dictionary_finish(struct dictionary_writer *writer,
                                             uint32_t *ret_top_segment, firn_error *ret_error);

/* --- reading: a dictionary may be shared between threads; a cursor is confined to one --- */

struct dictionary {
    firn_store *store;
    firn_segment top_segment;
    struct table top;
};

/* Opens the dictionary whose top table is in a segment. Fails as firn_store_pin does. A zeroed
 * struct may be closed. */
FIRN_NODISCARD firn_status dictionary_open(struct dictionary *dictionary, firn_store *store,
                                           uint32_t top_segment, firn_error *ret_error);
void dictionary_close(struct dictionary *dictionary);

/* Entries in all. */
FIRN_NODISCARD firn_status dictionary_count(const struct dictionary *dictionary,
                                            uint64_t *ret_count, firn_error *ret_error);

/* Tells the segment of a table of entries, counted from 0. FIRN_END_OF_DATA behind the last,
 * FIRN_CORRUPT. */
FIRN_NODISCARD firn_status dictionary_table(const struct dictionary *dictionary, uint32_t index,
                                            struct table_cursor *cursor, uint32_t *ret_segment,
                                            firn_error *ret_error);

/* A place in a dictionary; zero it before its first use. */
struct dictionary_cursor {
    struct table_cursor entry;           /* key, key_size, payload, payload_size may be read */
    uint64_t number;                     /* of the entry; may be read */
    const struct dictionary *dictionary; /* private from here */
    struct table_cursor top;
    firn_segment segment;
};

/* Put the cursor on the first entry whose key is not below the given one, on an entry by its
 * number, on the one behind. FIRN_END_OF_DATA when there is none; FIRN_CORRUPT and what
 * firn_store_pin returns. A cursor holds one segment in memory until it is closed. */
FIRN_NODISCARD firn_status dictionary_seek(const struct dictionary *dictionary, const void *key,
                                           size_t key_size, struct dictionary_cursor *cursor,
                                           firn_error *ret_error);
FIRN_NODISCARD firn_status dictionary_at(const struct dictionary *dictionary, uint64_t number,
                                         struct dictionary_cursor *cursor, firn_error *ret_error);
FIRN_NODISCARD firn_status dictionary_next(struct dictionary_cursor *cursor, firn_error *ret_error);
void dictionary_cursor_close(struct dictionary_cursor *cursor);

#endif
