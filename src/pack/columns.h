/* The columns of texts, each by itself: columns_text.c and columns_words.c, called by columns.c. */
#ifndef FIRN_PACK_COLUMNS_H
#define FIRN_PACK_COLUMNS_H

#include "pack/sink.h"

#include <firn/columns.h>

/* A distance says of a row: 0 when its text is new, else how many rows before it stands the row
 * that it is equal to. like: the distances of the column that this one follows, or NULL. */

/* ret_distances has room for count. FIRN_NO_MEMORY, FIRN_LIMIT. */
firn_status firn_column_text_pack(firn_sink *out, const firn_bytes *texts, size_t count,
                                  const uint32_t *like, uint32_t *ret_distances);
firn_status firn_column_text_distances(const uint8_t *data, size_t size, size_t count,
                                       const uint32_t *like, uint32_t *ret_distances);
/* distances: what the above gave for the same bytes. */
firn_status firn_column_text_unpack(const uint8_t *data, size_t size, size_t count,
                                    const uint32_t *distances, const firn_allocator *allocator,
                                    firn_bytes *ret_texts, void **ret_block,
                                    size_t *ret_block_size);

firn_status firn_column_words_pack(firn_sink *out, const firn_bytes *texts, size_t count);
firn_status firn_column_words_unpack(const uint8_t *data, size_t size, size_t count,
                                     const firn_allocator *allocator, firn_bytes *ret_texts,
                                     void **ret_block, size_t *ret_block_size);

#endif
