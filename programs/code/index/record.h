/* What the catalog knows of a file, as the payload of its path. Format: docs/formats/code.md. */
#ifndef CODE_INDEX_RECORD_H
#define CODE_INDEX_RECORD_H

#include "code/index/bytes.h"

struct place_edits;

/* Where bytes lie in the store: from an offset in a segment on, then in further segments from their
 * beginnings. */
struct place {
    uint32_t segment;
    uint32_t offset;
    uint32_t more_count;
    uint32_t *more;            /* more_count further segments; NULL when there are none */
    struct place_edits *edits; /* not NULL: a former version lies there, and these make of it what
                                  is meant; only a source has them */
};

/* Edits as firn_edit_pack gives them, which have none themselves. */
struct place_edits {
    struct place place;
    uint64_t size;
    uint64_t base_size; /* of the former version */
};

struct file_record {
    uint32_t language; /* an index into the meta segment's languages */
    uint32_t crc;      /* CRC-32C of the source */
    uint64_t size;     /* of the source, bytes */
    uint64_t lines;
    int64_t mtime_ns;
    uint64_t nodes;
    uint64_t tree_size; /* of the packed tree, bytes */
    struct place source;
    struct place tree;
    uint32_t labels_size;
    uint8_t *labels; /* those of the tree's nodes: bit l % 8 of byte l / 8; the last byte is not 0.
                        NULL in stores that were written before there were any */
};

#define RECORD_LABELS_MAX_BYTES 1024u

/* Appends a place (without its edits) or a record. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status place_put(struct bytes *bytes, const struct place *place);
FIRN_NODISCARD firn_status record_put(struct bytes *bytes, const struct file_record *record);

/* Reads a place at in, whose further segments come from the allocator and are given back by
 * place_fini; *ret_next is where the next thing starts. FIRN_CORRUPT, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status place_get(const uint8_t *in, const uint8_t *end,
                                     const firn_allocator *allocator, struct place *ret_place,
                                     const uint8_t **ret_next);
void place_fini(struct place *place, const firn_allocator *allocator);

/* Copies a place without its edits. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status place_copy(const struct place *from, struct place *ret_place,
                                      const firn_allocator *allocator);

/* Gives a place room for edits, all zero. NULL when there is no memory. */
struct place_edits *place_add_edits(struct place *place, const firn_allocator *allocator);

/* Reads a record of exactly size bytes; record_fini gives its places back. FIRN_CORRUPT,
 * FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status record_get(const void *data, size_t size,
                                      const firn_allocator *allocator,
                                      struct file_record *ret_record);
void record_fini(struct file_record *record, const firn_allocator *allocator);

#endif
