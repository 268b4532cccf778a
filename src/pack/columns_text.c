/* A column of texts: which rows repeat an earlier one, and the new texts, front-coded.
 *
 * Called by columns.c, and by columns_words.c for each place of a word. docs/formats/columns.md
 * gives the bytes: three sizes, then the streams codes, shared, rests and bytes.
 *
 * A repeat is told by how many rows ago the text stood last, not by a number of its own: on visits
 * of pages a block's codes shrink to 0.65 bytes a row that way, numbers in the order of first sight
 * to 0.90, in sorted order to 1.19. Front coding takes an eighth off what new addresses take at
 * level 3 and nothing from titles.
 *
 * Threads: no state. Memory: packing holds each text once more, and 4 bytes for each; unpacking the
 * new texts. Complexity: linear in the texts. */
#include "pack/columns.h"

#include <firn/intern.h>

#include <assert.h>

/* --- packing --- */

struct writer {
    firn_sink codes, shared, rests, bytes;
    firn_intern *known;
    uint32_t *rows; /* of each known text, the last one with it */
    size_t row_capacity;
    firn_bytes last; /* the new text before, in known */
    uint64_t text_bytes;
};

static void writer_fini(struct writer *w, const firn_allocator *allocator)
{
    firn_sink_fini(&w->codes);
    firn_sink_fini(&w->shared);
    firn_sink_fini(&w->rests);
    firn_sink_fini(&w->bytes);
    firn_release(allocator, w->rows, w->row_capacity * sizeof *w->rows);
    firn_intern_destroy(w->known);
}

static firn_status new_put(struct writer *w, uint32_t id)
{
    firn_bytes text;
    text.data = firn_intern_get(w->known, id, &text.size);
    w->text_bytes += text.size;
    if (w->text_bytes > FIRN_COLUMNS_TEXT_MAX_BYTES)
        return FIRN_LIMIT;
    const uint8_t *a = text.data, *b = w->last.data;
    size_t least = text.size < w->last.size ? text.size : w->last.size, shared = 0;
    while (shared < least && a[shared] == b[shared])
        shared++;
    firn_sink_varint(&w->shared, shared);
    firn_sink_varint(&w->rests, text.size - shared);
    firn_sink_put(&w->bytes, a + shared, text.size - shared);
    w->last = text;
    return FIRN_OK;
}

/* Finds how many rows ago the text of this row stood, 0 for a new one, and notes the row. */
static firn_status row_find(struct writer *w, const firn_allocator *allocator,
                            const firn_bytes *text, uint32_t row, uint32_t *ret_distance)
{
    uint32_t id;
    bool is_new;
    firn_status status = firn_intern_put(w->known, text->data, text->size, &id, &is_new);
    if (status != FIRN_OK)
        return status;
    void *rows = w->rows;
    if (!firn_grow(allocator, &rows, &w->row_capacity, (size_t)id + 1, sizeof *w->rows))
        return FIRN_NO_MEMORY;
    w->rows = rows;
    *ret_distance = is_new ? 0 : row - w->rows[id];
    w->rows[id] = row;
    return is_new ? new_put(w, id) : FIRN_OK;
}

static bool same_text(const firn_bytes *a, const firn_bytes *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static firn_status rows_put(struct writer *w, const firn_allocator *allocator,
                            const firn_bytes *texts, size_t count, const uint32_t *like,
                            uint32_t *ret_distances)
{
    for (uint32_t row = 0; row < count; row++) {
        uint32_t distance = 0, told = like != NULL ? like[row] : 0;
        firn_status status = row_find(w, allocator, &texts[row], row, &distance);
        if (status != FIRN_OK)
            return status;
        bool follows = told > 0 && same_text(&texts[row], &texts[row - told]);
        firn_sink_varint(&w->codes, follows ? 0 : distance + (told > 0));
        ret_distances[row] = follows ? told : distance;
    }
    return FIRN_OK;
}

firn_status firn_column_text_pack(firn_sink *out, const firn_bytes *texts, size_t count,
                                  const uint32_t *like, uint32_t *ret_distances)
{
    const firn_allocator *allocator = out->allocator;
    firn_sink empty = {.allocator = allocator};
    struct writer w = {.codes = empty, .shared = empty, .rests = empty, .bytes = empty};
    firn_intern_options options = {.allocator = allocator};
    firn_status status = firn_intern_create(&options, &w.known);
    if (status == FIRN_OK)
        status = rows_put(&w, allocator, texts, count, like, ret_distances);
    if (status == FIRN_OK &&
        (w.codes.failed || w.shared.failed || w.rests.failed || w.bytes.failed))
        status = FIRN_NO_MEMORY;
    if (status == FIRN_OK) {
        firn_sink_varint(out, w.codes.size);
        firn_sink_varint(out, w.shared.size);
        firn_sink_varint(out, w.rests.size);
        firn_sink_put(out, w.codes.data, w.codes.size);
        firn_sink_put(out, w.shared.data, w.shared.size);
        firn_sink_put(out, w.rests.data, w.rests.size);
        firn_sink_put(out, w.bytes.data, w.bytes.size);
        status = out->failed ? FIRN_NO_MEMORY : FIRN_OK;
    }
    writer_fini(&w, allocator);
    return status;
}

/* --- unpacking --- */

struct stream {
    const uint8_t *at, *end;
};

struct streams {
    struct stream codes, shared, rests, bytes;
};

static bool stream_cut(const uint8_t **at, const uint8_t *end, uint64_t size, struct stream *ret)
{
    if (size > (size_t)(end - *at))
        return false;
    *ret = (struct stream){*at, *at + size};
    *at += size;
    return true;
}

static bool streams_read(const uint8_t *data, size_t size, struct streams *ret)
{
    const uint8_t *at = data, *end = data + size;
    uint64_t sizes[3];
    for (int i = 0; i < 3; i++) {
        at = firn_varint_get(at, end, &sizes[i]);
        if (at == NULL)
            return false;
    }
    return stream_cut(&at, end, sizes[0], &ret->codes) &&
           stream_cut(&at, end, sizes[1], &ret->shared) &&
           stream_cut(&at, end, sizes[2], &ret->rests) &&
           stream_cut(&at, end, (uint64_t)(end - at), &ret->bytes);
}

static bool stream_next(struct stream *stream, uint64_t *ret_value)
{
    const uint8_t *at = firn_varint_get(stream->at, stream->end, ret_value);
    if (at == NULL)
        return false;
    stream->at = at;
    return true;
}

firn_status firn_column_text_distances(const uint8_t *data, size_t size, size_t count,
                                       const uint32_t *like, uint32_t *ret_distances)
{
    struct streams in;
    if (!streams_read(data, size, &in))
        return FIRN_CORRUPT;
    for (size_t row = 0; row < count; row++) {
        uint64_t code, told = like != NULL ? like[row] : 0;
        if (!stream_next(&in.codes, &code))
            return FIRN_CORRUPT;
        uint64_t distance = told == 0 ? code : code == 0 ? told : code - 1;
        if (distance > row)
            return FIRN_CORRUPT;
        ret_distances[row] = (uint32_t)distance;
    }
    return in.codes.at == in.codes.end ? FIRN_OK : FIRN_CORRUPT;
}

/* What the new texts take together; false when the streams do not fit each other or the count. */
static bool texts_measure(struct streams in, size_t count, const uint32_t *distances,
                          size_t *ret_bytes)
{
    uint64_t before = 0, total = 0;
    for (size_t row = 0; row < count; row++) {
        uint64_t shared, rest;
        if (distances[row] > 0)
            continue;
        if (!stream_next(&in.shared, &shared) || !stream_next(&in.rests, &rest))
            return false;
        if (shared > before || rest > (size_t)(in.bytes.end - in.bytes.at))
            return false;
        in.bytes.at += rest;
        before = shared + rest;
        total += before;
        if (total > FIRN_COLUMNS_TEXT_MAX_BYTES)
            return false;
    }
    *ret_bytes = (size_t)total;
    return in.shared.at == in.shared.end && in.rests.at == in.rests.end &&
           in.bytes.at == in.bytes.end;
}

/* Only for streams that were measured. */
static void texts_fill(struct streams in, size_t count, const uint32_t *distances, uint8_t *out,
                       firn_bytes *ret_texts)
{
    const uint8_t *before = NULL;
    for (size_t row = 0; row < count; row++) {
        uint64_t shared = 0, rest = 0;
        if (distances[row] > 0) {
            ret_texts[row] = ret_texts[row - distances[row]];
            continue;
        }
        bool read = stream_next(&in.shared, &shared) && stream_next(&in.rests, &rest);
        assert(read);
        (void)read;
        ret_texts[row] = (firn_bytes){out, (size_t)(shared + rest)};
        if (shared > 0)
            memcpy(out, before, (size_t)shared);
        if (rest > 0)
            memcpy(out + shared, in.bytes.at, (size_t)rest);
        in.bytes.at += rest;
        before = out;
        if (out != NULL)
            out += shared + rest;
    }
}

firn_status firn_column_text_unpack(const uint8_t *data, size_t size, size_t count,
                                    const uint32_t *distances, const firn_allocator *allocator,
                                    firn_bytes *ret_texts, void **ret_block, size_t *ret_block_size)
{
    struct streams in;
    size_t total;
    uint8_t *block = NULL;
    if (!streams_read(data, size, &in) || !texts_measure(in, count, distances, &total))
        return FIRN_CORRUPT;
    if (total > 0) {
        block = firn_allocate(allocator, total);
        if (block == NULL)
            return FIRN_NO_MEMORY;
    }
    texts_fill(in, count, distances, block, ret_texts);
    *ret_block = block;
    *ret_block_size = total;
    return FIRN_OK;
}
