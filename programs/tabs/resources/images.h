/* Pictures: their natural sizes as browsers tell them, read from the first bytes without decoding;
 * and decoded ones, in memory files that several processes may map, which are dropped when memory
 * is short and decoded again when they are wanted.
 *
 * PNG, JPEG (by its EXIF orientation), WebP, GIF, BMP, ICO and SVG are measured; PNG, JPEG and WebP
 * are decoded. Hostile bytes are safe: what is larger than the limits is refused before any memory
 * is taken for it.
 *
 * Threads: confined to one. */
#ifndef TABS_RESOURCES_IMAGES_H
#define TABS_RESOURCES_IMAGES_H

#include <firn/allocator.h>
#include <firn/status.h>

#define IMAGE_SIDE_MAX 32768u
#define IMAGE_PIXELS_MAX (64u << 20) /* that are decoded */

typedef enum image_kind {
    IMAGE_NONE,
    IMAGE_PNG,
    IMAGE_JPEG,
    IMAGE_WEBP,
    IMAGE_GIF,
    IMAGE_BMP,
    IMAGE_ICO,
    IMAGE_SVG,
} image_kind;

typedef struct image_size {
    image_kind kind;
    uint32_t width, height; /* as naturalWidth and naturalHeight give them, so after turning; of an
                               SVG without sizes of its own what a browser takes */
    uint8_t orientation;    /* of EXIF: 1 to 8 */
} image_size;

/* FIRN_UNSUPPORTED for what is none of these kinds, FIRN_CORRUPT for one that is cut off or breaks
 * its format where the size stands, FIRN_LIMIT above IMAGE_SIDE_MAX. Allocates nothing. */
firn_status image_measure(const void *data, size_t size, image_size *ret_size);

/* --- decoded --- */

typedef struct images images;

/* Decoded pixels: rows of red, green, blue and alpha (not multiplied), 8 bits each, from the top,
 * without gaps, turned as the orientation says. */
typedef struct image {
    uint32_t width, height;
    int fd;             /* a memory file, sealed: it may be passed on, and be mapped to be read */
    const void *pixels; /* mapped here, to be read; width * height * 4 bytes */
    uint32_t entry;     /* private */
} image;

/* limit_bytes: of all pixels; 0: 256 MiB. FIRN_NO_MEMORY. */
firn_status images_create(const firn_allocator *allocator, uint64_t limit_bytes,
                          images **ret_images);
/* No image may be held. NULL is let pass. */
void images_destroy(images *images);

/* Gives the pixels of a picture, by any number that names its content (the same number, the same
 * bytes): those that are there, else it decodes them. Let it go once for each get.
 * FIRN_UNSUPPORTED, FIRN_CORRUPT, FIRN_LIMIT (too large, or what is held leaves no room),
 * FIRN_NO_MEMORY, FIRN_IO. */
firn_status images_get(images *images, uint64_t content, const void *data, size_t size,
                       image *ret_image);
void images_let_go(images *images, image *image);

/* Drops pixels that nobody here holds, the least recently used first, until at most keep_bytes are
 * left; processes that have mapped them keep theirs. Returns how many were dropped. */
uint64_t images_drop(images *images, uint64_t keep_bytes);
uint64_t images_bytes(const images *images);

#endif
