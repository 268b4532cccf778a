/* Postings: the files that a name occurs in, ascending, as gaps, each with the definitions there.
 * The payloads of the dictionary of names; this file calls the library only.
 *
 *   file: varint (file - smallest possible) * 2 + (1 if it has definitions)
 *   with definitions: varint count | per definition: kind byte, varint rows since the one before,
 *   varint column
 *
 * There is no count of files: the payload's end ends the list. Reading takes hostile bytes. */
#include "code/index/postings.h"

void postings_begin(struct postings_writer *writer)
{
    writer->bytes.size = 0;
    writer->next_file = 0;
}

firn_status postings_put(struct postings_writer *writer, uint32_t file,
                         const struct definition *definitions, size_t count)
{
    if (file < writer->next_file)
        return FIRN_INVALID;
    firn_status status =
        bytes_put_varint(&writer->bytes, (file - writer->next_file) << 1 | (count > 0 ? 1 : 0));
    if (status == FIRN_OK && count > 0)
        status = bytes_put_varint(&writer->bytes, count);
    uint32_t row = 0;
    for (size_t i = 0; i < count && status == FIRN_OK; i++) {
        if (definitions[i].row < row)
            return FIRN_INVALID;
        status = bytes_reserve(&writer->bytes, 1 + 2 * FIRN_VARINT_MAX_BYTES);
        if (status != FIRN_OK)
            break;
        uint8_t *out = writer->bytes.data + writer->bytes.size;
        *out++ = definitions[i].kind;
        out += firn_varint_put(out, definitions[i].row - row);
        out += firn_varint_put(out, definitions[i].column);
        writer->bytes.size = (size_t)(out - writer->bytes.data);
        row = definitions[i].row;
    }
    writer->next_file = (uint64_t)file + 1;
    return status;
}

void postings_init(struct postings *postings, const void *payload, size_t size)
{
    *postings = (struct postings){.in = payload, .end = (const uint8_t *)payload + size};
}

firn_status postings_definition(struct postings *postings, struct definition *ret_definition)
{
    if (postings->definitions_left == 0)
        return FIRN_END_OF_DATA;
    const uint8_t *in = postings->in;
    uint64_t rows, column;
    if (in == postings->end)
        return FIRN_CORRUPT;
    uint8_t kind = *in++;
    if ((in = firn_varint_get(in, postings->end, &rows)) == NULL ||
        (in = firn_varint_get(in, postings->end, &column)) == NULL)
        return FIRN_CORRUPT;
    if (rows > UINT32_MAX - postings->row || column > UINT32_MAX)
        return FIRN_CORRUPT;
    postings->in = in;
    postings->row += rows;
    postings->definitions_left--;
    *ret_definition = (struct definition){(uint32_t)postings->row, (uint32_t)column, kind};
    return FIRN_OK;
}

firn_status postings_next(struct postings *postings)
{
    struct definition unread;
    while (postings->definitions_left > 0) {
        firn_status status = postings_definition(postings, &unread);
        if (status != FIRN_OK)
            return status;
    }
    if (postings->in == postings->end)
        return FIRN_END_OF_DATA;
    uint64_t gap, count = 0;
    const uint8_t *in = firn_varint_get(postings->in, postings->end, &gap);
    if (in == NULL || gap >> 1 > UINT32_MAX || postings->next_file + (gap >> 1) > UINT32_MAX)
        return FIRN_CORRUPT;
    /* A definition takes three bytes at least. */
    if ((gap & 1) != 0 && ((in = firn_varint_get(in, postings->end, &count)) == NULL ||
                           count == 0 || count > (size_t)(postings->end - in) / 3))
        return FIRN_CORRUPT;
    postings->in = in;
    postings->file = (uint32_t)(postings->next_file + (gap >> 1));
    postings->next_file = (uint64_t)postings->file + 1;
    postings->definitions_left = count;
    postings->row = 0;
    return FIRN_OK;
}
