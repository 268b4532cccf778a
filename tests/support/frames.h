/* Blocks of dom/asleep.h from hostile bytes, with checksums that hold: for the fuzz targets of what
 * sleeps. Each frame's bytes stand behind their size, in two bytes; the last has what is left. */
#ifndef FIRN_TESTS_FRAMES_H
#define FIRN_TESTS_FRAMES_H

#include "tabs/dom/asleep.h"

#include <firn/codec.h>
#include <firn/varint.h>

#include <stdlib.h>

struct frames {
    uint8_t *block;
    size_t size;
};

static inline void check(bool holds)
{
    if (!holds)
        abort();
}

/* False for bytes that no block is made of. */
static inline bool frames_make(struct frames *frames, const uint8_t *data, size_t size)
{
    firn_codec *codec;
    if (size < 2 || size > 1u << 16)
        return false;
    /* A frame has a head of its own and two bytes here. */
    size_t room = size + (size / 2 + 1) * (firn_codec_bound(0) + FIRN_VARINT_MAX_BYTES), frame_size;
    frames->block = malloc(room);
    frames->size = 0;
    uint8_t *frame = malloc(firn_codec_bound(size));
    check(frames->block != NULL && frame != NULL && firn_codec_create(NULL, &codec) == FIRN_OK);
    for (size_t at = 0; at + 2 < size;) {
        size_t here = data[at] + (size_t)data[at + 1] * 256;
        at += 2;
        here = here < size - at ? here : size - at;
        check(firn_codec_pack(codec, FIRN_CODEC_RAW, 0, data + at, here, frame, &frame_size) ==
              FIRN_OK);
        frames->size += firn_varint_put(frames->block + frames->size, frame_size);
        check(frames->size + frame_size <= room);
        for (size_t i = 0; i < frame_size; i++)
            frames->block[frames->size++] = frame[i];
        at += here;
    }
    firn_codec_destroy(codec);
    free(frame);
    return true;
}

static inline void frames_free(struct frames *frames)
{
    free(frames->block);
}

#endif
