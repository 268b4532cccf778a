/* A column of texts of few forms: split at spaces into up to PARTS parts, of which the last has the
 * rest; each part is a column of texts by itself, of the rows that have so many.
 *
 * Called by columns.c. In dpkg's log a column of messages takes two thirds of what it takes as
 * whole texts. docs/formats/columns.md gives the bytes.
 *
 * Threads: no state. Memory: 16 bytes for each part of each row beside the texts. */
#include "pack/columns.h"

#include <assert.h>

enum { PARTS = 12 };

/* The parts of all rows: part p of the rows that have one, one after the other, from start[p] on.
 */
struct parts {
    firn_bytes *texts;
    size_t total;
    size_t count[PARTS], start[PARTS];
};

static unsigned parts_of(const firn_bytes *text)
{
    const uint8_t *bytes = text->data;
    unsigned parts = 1;
    for (size_t i = 0; i < text->size && parts < PARTS; i++)
        parts += bytes[i] == ' ';
    return parts;
}

/* Places the parts by how many parts each row has. */
static bool parts_make(struct parts *parts, const uint8_t *row_parts, size_t count,
                       const firn_allocator *allocator)
{
    *parts = (struct parts){.texts = NULL};
    for (size_t row = 0; row < count; row++)
        for (unsigned p = 0; p < row_parts[row]; p++)
            parts->count[p]++;
    for (unsigned p = 0; p < PARTS; p++) {
        parts->start[p] = parts->total;
        parts->total += parts->count[p];
    }
    if (parts->total > 0)
        parts->texts = firn_allocate_zeroed(allocator, parts->total, sizeof *parts->texts);
    return parts->texts != NULL || parts->total == 0;
}

static void parts_fini(struct parts *parts, const firn_allocator *allocator)
{
    firn_release(allocator, parts->texts, parts->total * sizeof *parts->texts);
}

/* Cuts the text into the next place of each part. */
static void parts_cut(struct parts *parts, size_t next[PARTS], const firn_bytes *text,
                      unsigned row_parts)
{
    const uint8_t *at = text->data;
    const uint8_t *end = at != NULL ? at + text->size : NULL;
    for (unsigned p = 0; p < row_parts; p++) {
        const uint8_t *to = p + 1 < row_parts ? memchr(at, ' ', (size_t)(end - at)) : end;
        parts->texts[next[p]++] = (firn_bytes){at, (size_t)(to - at)};
        at = p + 1 < row_parts ? to + 1 : to;
    }
}

static firn_status parts_pack(firn_sink *out, const struct parts *parts, unsigned p,
                              uint32_t *distances)
{
    firn_sink part = {.allocator = out->allocator};
    firn_status status = firn_column_text_pack(&part, parts->texts + parts->start[p],
                                               parts->count[p], NULL, distances);
    if (status == FIRN_OK) {
        firn_sink_varint(out, part.size);
        firn_sink_put(out, part.data, part.size);
    }
    firn_sink_fini(&part);
    return status;
}

firn_status firn_column_words_pack(firn_sink *out, const firn_bytes *texts, size_t count)
{
    struct parts parts = {.texts = NULL};
    size_t next[PARTS], total = 0;
    for (size_t row = 0; row < count; row++) {
        if (texts[row].size > FIRN_COLUMNS_TEXT_MAX_BYTES - total)
            return FIRN_LIMIT;
        total += texts[row].size;
    }
    if (count == 0)
        return FIRN_OK;
    uint32_t *distances = firn_allocate(out->allocator, count * sizeof *distances);
    uint8_t *row_parts = firn_sink_extend(out, count);
    firn_status status = distances != NULL && row_parts != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    if (status == FIRN_OK) {
        for (size_t row = 0; row < count; row++)
            row_parts[row] = (uint8_t)parts_of(&texts[row]);
        if (!parts_make(&parts, row_parts, count, out->allocator))
            status = FIRN_NO_MEMORY;
    }
    if (status == FIRN_OK) {
        memcpy(next, parts.start, sizeof next);
        for (size_t row = 0; row < count; row++)
            parts_cut(&parts, next, &texts[row], row_parts[row]);
    }
    for (unsigned p = 0; status == FIRN_OK && p < PARTS && parts.count[p] > 0; p++)
        status = parts_pack(out, &parts, p, distances);
    parts_fini(&parts, out->allocator);
    firn_release(out->allocator, distances, count * sizeof *distances);
    return status;
}

/* --- unpacking --- */

struct reader {
    const uint8_t *at, *end;
    const firn_allocator *allocator;
    struct parts parts;
    void *blocks[PARTS];
    size_t block_bytes[PARTS], total_bytes;
    uint32_t *distances;
};

static firn_status part_unpack(struct reader *in, unsigned p)
{
    uint64_t size;
    const uint8_t *at = firn_varint_get(in->at, in->end, &size);
    size_t count = in->parts.count[p];
    if (at == NULL || size > (size_t)(in->end - at))
        return FIRN_CORRUPT;
    in->at = at + size;
    firn_status status = firn_column_text_distances(at, (size_t)size, count, NULL, in->distances);
    if (status != FIRN_OK)
        return status;
    status = firn_column_text_unpack(at, (size_t)size, count, in->distances, in->allocator,
                                     in->parts.texts + in->parts.start[p], &in->blocks[p],
                                     &in->block_bytes[p]);
    if (status != FIRN_OK)
        return status;
    in->total_bytes += in->block_bytes[p];
    return in->total_bytes <= FIRN_COLUMNS_TEXT_MAX_BYTES ? FIRN_OK : FIRN_CORRUPT;
}

/* Joins the parts of each row in one block. */
static firn_status rows_join(const struct reader *in, const uint8_t *row_parts, size_t count,
                             firn_bytes *ret_texts, void **ret_block, size_t *ret_block_size)
{
    size_t next[PARTS];
    uint64_t total = 0;
    for (size_t i = 0; i < in->parts.total; i++)
        total += in->parts.texts[i].size; /* each up to 2^26, of 2^26 at most */
    total += in->parts.total - count;     /* the spaces between */
    if (total > FIRN_COLUMNS_TEXT_MAX_BYTES)
        return FIRN_CORRUPT;
    uint8_t *block = total > 0 ? firn_allocate(in->allocator, (size_t)total) : NULL;
    if (block == NULL && total > 0)
        return FIRN_NO_MEMORY;
    uint8_t *out = block;
    memcpy(next, in->parts.start, sizeof next);
    for (size_t row = 0; row < count; row++) {
        ret_texts[row] = (firn_bytes){out, 0};
        for (unsigned p = 0; p < row_parts[row]; p++) {
            firn_bytes part = in->parts.texts[next[p]++];
            if (p > 0)
                *out++ = ' ';
            if (part.size > 0) {
                memcpy(out, part.data, part.size);
                out += part.size;
            }
            ret_texts[row].size += part.size + (p > 0);
        }
    }
    assert(block == NULL || out == block + total);
    *ret_block = block;
    *ret_block_size = (size_t)total;
    return FIRN_OK;
}

firn_status firn_column_words_unpack(const uint8_t *data, size_t size, size_t count,
                                     const firn_allocator *allocator, firn_bytes *ret_texts,
                                     void **ret_block, size_t *ret_block_size)
{
    if (count > size || (count == 0 && size > 0))
        return FIRN_CORRUPT;
    for (size_t row = 0; row < count; row++)
        if (data[row] < 1 || data[row] > PARTS)
            return FIRN_CORRUPT;
    if (count == 0) {
        *ret_block = NULL;
        *ret_block_size = 0;
        return FIRN_OK;
    }
    struct reader in = {.at = data + count, .end = data + size, .allocator = allocator};
    firn_status status = FIRN_NO_MEMORY;
    in.distances = firn_allocate(allocator, count * sizeof *in.distances);
    if (in.distances != NULL && parts_make(&in.parts, data, count, allocator))
        status = FIRN_OK;
    for (unsigned p = 0; status == FIRN_OK && p < PARTS && in.parts.count[p] > 0; p++)
        status = part_unpack(&in, p);
    if (status == FIRN_OK && in.at != in.end)
        status = FIRN_CORRUPT;
    if (status == FIRN_OK)
        status = rows_join(&in, data, count, ret_texts, ret_block, ret_block_size);
    for (unsigned p = 0; p < PARTS; p++)
        firn_release(allocator, in.blocks[p], in.block_bytes[p]);
    parts_fini(&in.parts, allocator);
    firn_release(allocator, in.distances, count * sizeof *in.distances);
    return status;
}
