/* Streams of blobs into segments. A worker has one for the sources and one for the trees
 * of its files, so that neighbours in the list of files share segments, which packs better and lets
 * a reader of a folder decode little. */
#include "code/stream.h"

void stream_init(struct stream *stream, const struct stream_options *options)
{
    *stream = (struct stream){.options = *options, .held = {.allocator = options->allocator}};
}

void stream_fini(struct stream *stream)
{
    bytes_fini(&stream->held);
    firn_release(stream->options.allocator, stream->places,
                 stream->place_capacity * sizeof(struct place *));
    stream->places = NULL;
    stream->place_count = stream->place_capacity = 0;
}

static firn_status put_segment(struct stream *stream, const void *data, size_t size,
                               uint32_t *ret_segment, firn_error *ret_error)
{
    const struct stream_options *options = &stream->options;
    const firn_store_put_options put = {
        .kind = options->kind, .codec = FIRN_CODEC_ZSTD, .level = options->level};
    return firn_store_put(options->store, options->codec, &put, data, size, ret_segment, ret_error);
}

firn_status stream_flush(struct stream *stream, firn_error *ret_error)
{
    uint32_t segment = 0;
    firn_status status = FIRN_OK;
    if (stream->held.size > 0)
        status = put_segment(stream, stream->held.data, stream->held.size, &segment, ret_error);
    if (status != FIRN_OK)
        return status;
    for (size_t i = 0; i < stream->place_count; i++)
        stream->places[i]->segment = segment;
    stream->held.size = stream->place_count = 0;
    return FIRN_OK;
}

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while filling a segment");
}

/* Writes bytes into segments of their own. */
static firn_status put_alone(struct stream *stream, const uint8_t *data, size_t size,
                             struct place *place, firn_error *ret_error)
{
    size_t count = (size - 1) / FIRN_SEGMENT_BYTES;
    if (count > 0) {
        place->more = firn_allocate(stream->options.allocator, count * sizeof *place->more);
        if (place->more == NULL)
            return out_of_memory(ret_error);
    }
    place->more_count = (uint32_t)count;
    place->offset = 0;
    for (size_t i = 0; i <= count; i++) {
        size_t begin = i * FIRN_SEGMENT_BYTES;
        size_t piece = size - begin < FIRN_SEGMENT_BYTES ? size - begin : FIRN_SEGMENT_BYTES;
        firn_status status = put_segment(stream, data + begin, piece,
                                         i == 0 ? &place->segment : &place->more[i - 1], ret_error);
        if (status != FIRN_OK)
            return status;
    }
    return FIRN_OK;
}

firn_status stream_put(struct stream *stream, const void *data, size_t size, struct place *place,
                       firn_error *ret_error)
{
    *place = (struct place){.more = NULL};
    const size_t group_bytes = stream->options.group_bytes;
    if (size > group_bytes)
        return put_alone(stream, data, size, place, ret_error);
    firn_status status = FIRN_OK;
    if (stream->held.size + size > group_bytes)
        status = stream_flush(stream, ret_error);
    if (status != FIRN_OK)
        return status;
    void *places = stream->places;
    if (!firn_grow(stream->options.allocator, &places, &stream->place_capacity,
                   stream->place_count + 1, sizeof(struct place *)))
        return out_of_memory(ret_error);
    stream->places = places;
    place->offset = (uint32_t)stream->held.size;
    if (bytes_put(&stream->held, data, size) != FIRN_OK)
        return out_of_memory(ret_error);
    stream->places[stream->place_count++] = place;
    return FIRN_OK;
}
