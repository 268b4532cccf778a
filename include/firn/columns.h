/* Records of the same shape turned into columns before they are compressed: each field's values lie
 * together, numbers as the bytes of their differences, texts once each, so that zstd finds what
 * repeats. The block that comes out is to be packed by a codec (firn/codec.h), which also guards
 * it: it has no checksum of its own, but any bytes are safe to read. Any column is read alone.
 * Format: docs/formats/columns.md. Thread-safe: there is no state. */
#ifndef FIRN_COLUMNS_H
#define FIRN_COLUMNS_H

#include <firn/allocator.h>
#include <firn/bytes.h>
#include <firn/status.h>

FIRN_BEGIN

#define FIRN_COLUMNS_MAX 64u
#define FIRN_COLUMNS_ROWS_MAX (1u << 22)
#define FIRN_COLUMNS_TEXT_MAX_BYTES (64u << 20) /* of a column's texts, unpacked */

typedef enum firn_column_kind {
    FIRN_COLUMN_NUMBER =
        0,                /* of up to 64 bits; signed ones as their two's complement. Times, counts,
                             codes: whether values or differences are kept, the data decide */
    FIRN_COLUMN_TEXT = 1, /* names, addresses, titles: equal ones are kept once, and of one that
                             begins as the new one before it only the rest */
    FIRN_COLUMN_WORDS = 2, /* of few forms with words that change, as messages in a log */
} firn_column_kind;

/* A column to be packed: one array, by its kind, with a value for each row. */
typedef struct firn_column {
    firn_column_kind kind;
    uint32_t like; /* FIRN_COLUMN_TEXT: 1 + the index of an earlier such column that mostly tells
                      this one's text, as an address tells its title; 0: none */
    const uint64_t *numbers;
    const firn_bytes *texts;
} firn_column;

/* Packs row_count rows into one block of *ret_size bytes, which the caller gives back with
 * firn_release. FIRN_INVALID for no columns, an unknown kind or a `like` that is no such column;
 * FIRN_LIMIT above the limits (FIRN_COLUMN_WORDS: all texts together; FIRN_COLUMN_TEXT: different
 * ones together, each below 16 MiB); FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_columns_pack(const firn_column *columns,
                                                      size_t column_count, size_t row_count,
                                                      const firn_allocator *allocator,
                                                      void **ret_data, size_t *ret_size);

/* A view of a packed block; the bytes must outlive it. */
typedef struct firn_columns {
    uint32_t row_count, column_count; /* may be read */
    struct {
        uint8_t kind, like; /* private, as what follows */
        uint32_t at, size;
    } column[FIRN_COLUMNS_MAX];
    const uint8_t *data;
} firn_columns;

/* FIRN_CORRUPT, FIRN_VERSION. A damaged block may tell any row_count up to FIRN_COLUMNS_ROWS_MAX.
 */
FIRN_API FIRN_NODISCARD firn_status firn_columns_open(const void *data, size_t size,
                                                      firn_columns *ret_columns);
/* FIRN_INVALID when there is no such column. */
FIRN_API FIRN_NODISCARD firn_status firn_columns_kind(const firn_columns *columns, size_t column,
                                                      firn_column_kind *ret_kind);
/* Unpacks a column of numbers into row_count places. FIRN_INVALID when it is none, FIRN_CORRUPT;
 * the places are then undefined. */
FIRN_API FIRN_NODISCARD firn_status firn_columns_numbers(const firn_columns *columns, size_t column,
                                                         uint64_t *ret_numbers);
/* Unpacks a column of texts or words: row_count texts, which lie in one block of *ret_block_size
 * bytes (NULL and 0 where they are empty) that the caller gives back to allocator with
 * firn_release. FIRN_INVALID when it is none, FIRN_CORRUPT (also for more than
 * FIRN_COLUMNS_TEXT_MAX_BYTES), FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_columns_texts(const firn_columns *columns, size_t column,
                                                       const firn_allocator *allocator,
                                                       firn_bytes *ret_texts, void **ret_block,
                                                       size_t *ret_block_size);

FIRN_END

#endif
