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

/* Decodes a picture of a kind that has a decoder, and turns it as it says. */
firn_status decode_picture(const picture_size *size, const void *data, size_t data_bytes,
                           uint8_t *pixels);
/* The same in a process of its own, into pixels that lie in shared memory. FIRN_CORRUPT also when
 * the process ends in another way than it should; FIRN_NO_MEMORY, FIRN_IO. */
firn_status decode_confined(const picture_size *size, const void *data, size_t data_bytes,
                            uint8_t *pixels);

/* Turns width * height pixels of `from` into `to` by an orientation of EXIF, 1 to 8. */
void decode_turn(const uint32_t *from, uint32_t width, uint32_t height, uint8_t orientation,
                 uint32_t *to);

#endif
