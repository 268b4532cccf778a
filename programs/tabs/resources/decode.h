/* Decoding of pictures into rows of red, green, blue and alpha. */
#ifndef TABS_RESOURCES_DECODE_H
#define TABS_RESOURCES_DECODE_H

#include "tabs/resources/pictures.h"

/* Decodes into out, which has room for width * height pixels as the file tells them, before it is
 * turned. FIRN_CORRUPT (also for other sizes), FIRN_NO_MEMORY. */
typedef firn_status (*decode_fn)(const void *data, size_t size, uint32_t width, uint32_t height,
                                 uint8_t *out);

firn_status decode_png(const void *data, size_t size, uint32_t width, uint32_t height,
                       uint8_t *out);
firn_status decode_jpeg(const void *data, size_t size, uint32_t width, uint32_t height,
                        uint8_t *out);
firn_status decode_webp(const void *data, size_t size, uint32_t width, uint32_t height,
                        uint8_t *out);

/* Turns width * height pixels of `from` into `to` by an orientation of EXIF, 1 to 8. */
void decode_turn(const uint32_t *from, uint32_t width, uint32_t height, uint8_t orientation,
                 uint32_t *to);

#endif
