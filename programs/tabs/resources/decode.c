/* PNG and WebP by their libraries' one call each, and turning. */
#include "tabs/resources/decode.h"

#include <png.h>
#include <string.h>
#include <webp/decode.h>

firn_status decode_png(const void *data, size_t size, uint32_t width, uint32_t height, uint8_t *out)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, data, size))
        return FIRN_CORRUPT;
    image.format = PNG_FORMAT_RGBA;
    bool done = image.width == width && image.height == height &&
                png_image_finish_read(&image, NULL, out, (png_int_32)(width * 4), NULL);
    png_image_free(&image);
    return done ? FIRN_OK : FIRN_CORRUPT;
}

firn_status decode_webp(const void *data, size_t size, uint32_t width, uint32_t height,
                        uint8_t *out)
{
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(data, size, &features) != VP8_STATUS_OK ||
        (uint32_t)features.width != width || (uint32_t)features.height != height)
        return FIRN_CORRUPT;
    size_t bytes = (size_t)width * height * 4;
    return WebPDecodeRGBAInto(data, size, out, bytes, (int)(width * 4)) != NULL ? FIRN_OK
                                                                                : FIRN_CORRUPT;
}

void decode_turn(const uint32_t *from, uint32_t width, uint32_t height, uint8_t orientation,
                 uint32_t *to)
{
    bool turned = orientation >= 5;
    uint32_t out_width = turned ? height : width, out_height = turned ? width : height;
    bool mirrored_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool mirrored_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    for (uint32_t y = 0; y < out_height; y++) {
        for (uint32_t x = 0; x < out_width; x++) {
            uint32_t column = turned ? y : x, row = turned ? x : y;
            if (mirrored_x)
                column = width - 1 - column;
            if (mirrored_y)
                row = height - 1 - row;
            *to++ = from[(size_t)row * width + column];
        }
    }
}
