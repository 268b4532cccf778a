/* Natural sizes, each by its format's head. A JPEG's lies behind markers, whose lengths are
 * followed; its orientation is a field of EXIF. Nothing here reads beyond what it was given. */
#include "tabs/resources/measure.h"

#include <string.h>

uint32_t measure_number(const uint8_t *at, size_t bytes, bool big)
{
    uint32_t number = 0;
    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | at[big ? i : bytes - 1 - i];
    return number;
}

#define LITTLE(offset, bytes) measure_number(data + (offset), bytes, false)
#define BIG(offset, bytes) measure_number(data + (offset), bytes, true)

static firn_status set(picture_size *ret, uint32_t width, uint32_t height)
{
    if (width == 0 || height == 0)
        return FIRN_CORRUPT;
    if (width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX)
        return FIRN_LIMIT;
    ret->width = width;
    ret->height = height;
    return FIRN_OK;
}

static firn_status measure_png(const uint8_t *data, size_t size, picture_size *ret)
{
    if (size < 24 || memcmp(data + 12, "IHDR", 4) != 0)
        return FIRN_CORRUPT;
    return set(ret, BIG(16, 4), BIG(20, 4));
}

static firn_status measure_gif(const uint8_t *data, size_t size, picture_size *ret)
{
    return size < 10 ? FIRN_CORRUPT : set(ret, LITTLE(6, 2), LITTLE(8, 2));
}

static firn_status measure_bmp(const uint8_t *data, size_t size, picture_size *ret)
{
    if (size < 26)
        return FIRN_CORRUPT;
    if (LITTLE(14, 4) == 12)
        return set(ret, LITTLE(18, 2), LITTLE(20, 2));
    uint32_t height = LITTLE(22, 4); /* below 0: from the top */
    return set(ret, LITTLE(18, 4), height >> 31 ? 0u - height : height);
}

/* The largest of an icon's pictures. */
static firn_status measure_ico(const uint8_t *data, size_t size, picture_size *ret)
{
    uint32_t width = 0, height = 0, count = LITTLE(4, 2);
    for (size_t i = 0; i < count && size >= 6 + 16 * (i + 1); i++) {
        const uint8_t *entry = data + 6 + 16 * i;
        uint32_t w = entry[0] != 0 ? entry[0] : 256, h = entry[1] != 0 ? entry[1] : 256;
        if (w * h > width * height) {
            width = w;
            height = h;
        }
    }
    return set(ret, width, height);
}

static firn_status measure_webp(const uint8_t *data, size_t size, picture_size *ret)
{
    if (size < 30)
        return FIRN_CORRUPT;
    if (memcmp(data + 12, "VP8X", 4) == 0)
        return set(ret, LITTLE(24, 3) + 1, LITTLE(27, 3) + 1);
    if (memcmp(data + 12, "VP8L", 4) == 0) {
        uint32_t bits = LITTLE(21, 4);
        return data[20] != 0x2f ? FIRN_CORRUPT
                                : set(ret, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
    }
    if (memcmp(data + 12, "VP8 ", 4) != 0 || memcmp(data + 23, "\x9d\x01\x2a", 3) != 0)
        return FIRN_CORRUPT;
    return set(ret, LITTLE(26, 2) & 0x3fff, LITTLE(28, 2) & 0x3fff);
}

/* --- JPEG --- */

/* The orientation in what follows "Exif\0\0", 1 where there is none. */
static uint8_t orientation_in(const uint8_t *data, size_t size)
{
    if (size < 8 || (memcmp(data, "II", 2) != 0 && memcmp(data, "MM", 2) != 0))
        return 1;
    bool big = data[0] == 'M';
    uint32_t at = measure_number(data + 4, 4, big);
    if (at > size - 2)
        return 1;
    uint32_t count = measure_number(data + at, 2, big);
    at += 2;
    for (uint32_t i = 0; i < count && at + 12 <= size; i++, at += 12) {
        if (measure_number(data + at, 2, big) != 0x112)
            continue;
        uint32_t value = measure_number(data + at + 8, 2, big);
        return value >= 1 && value <= 8 ? (uint8_t)value : 1;
    }
    return 1;
}

static bool is_frame(uint8_t marker) /* SOF0 to SOF15, without DHT, JPG and DAC */
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static firn_status measure_jpeg(const uint8_t *data, size_t size, picture_size *ret)
{
    size_t at = 2;
    while (at + 4 <= size) {
        if (data[at] != 0xff || data[at + 1] == 0xff || data[at + 1] == 0 || data[at + 1] == 0x01 ||
            (data[at + 1] >= 0xd0 && data[at + 1] <= 0xd8)) {
            at++; /* fill bytes, and what decoders pass over */
            continue;
        }
        uint8_t marker = data[at + 1];
        size_t length = BIG(at + 2, 2);
        if (length < 2 || marker == 0xd9 || marker == 0xda)
            return FIRN_CORRUPT;
        const uint8_t *part = data + at + 4;
        size_t there = size - at - 4 < length - 2 ? size - at - 4 : length - 2;
        if (marker == 0xe1 && there > 6 && memcmp(part, "Exif\0\0", 6) == 0)
            ret->orientation = orientation_in(part + 6, there - 6);
        if (is_frame(marker)) {
            if (there < 5)
                return FIRN_CORRUPT;
            uint32_t height = measure_number(part + 1, 2, true);
            uint32_t width = measure_number(part + 3, 2, true);
            bool turned = ret->orientation >= 5;
            return set(ret, turned ? height : width, turned ? width : height);
        }
        at += 2 + length;
    }
    return FIRN_CORRUPT;
}

/* --- which it is --- */

static const struct format {
    picture_kind kind;
    size_t at, size;
    const char *bytes;
    firn_status (*measure)(const uint8_t *data, size_t size, picture_size *ret);
} formats[] = {
    {PICTURE_PNG, 0, 8, "\x89PNG\r\n\x1a\n", measure_png},
    {PICTURE_JPEG, 0, 3, "\xff\xd8\xff", measure_jpeg},
    {PICTURE_GIF, 0, 6, "GIF89a", measure_gif},
    {PICTURE_GIF, 0, 6, "GIF87a", measure_gif},
    {PICTURE_WEBP, 8, 4, "WEBP", measure_webp},
    {PICTURE_BMP, 0, 2, "BM", measure_bmp},
    {PICTURE_ICO, 0, 4, "\0\0\1\0", measure_ico},
    {PICTURE_ICO, 0, 4, "\0\0\2\0", measure_ico}, /* a cursor */
};

firn_status picture_measure(const void *bytes, size_t size, picture_size *ret_size)
{
    const uint8_t *data = bytes;
    picture_size found = {.orientation = 1};
    firn_status status = FIRN_UNSUPPORTED;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const struct format *format = &formats[i];
        if (size < format->at + format->size || size < 6 ||
            memcmp(data + format->at, format->bytes, format->size) != 0 ||
            (format->kind == PICTURE_WEBP && memcmp(data, "RIFF", 4) != 0))
            continue;
        found.kind = format->kind;
        status = format->measure(data, size, &found);
        break;
    }
    if (found.kind == PICTURE_NONE) {
        double width, height;
        status = measure_svg((const char *)data, size, &width, &height);
        found.kind = PICTURE_SVG;
        if (status == FIRN_OK)
            status = width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX
                         ? FIRN_LIMIT
                         : set(&found, (uint32_t)(width + 0.5), (uint32_t)(height + 0.5));
    }
    if (status == FIRN_OK)
        *ret_size = found;
    return status;
}
