/* Pictures: their natural sizes as browsers tell them, read from the first bytes without decoding;
 * and decoded ones, in memory files that several processes may map, which are dropped when memory
 * is short and decoded again when they are wanted.
 *
 * PNG, JPEG (by its EXIF orientation), WebP, GIF, BMP, ICO and SVG are measured; PNG, JPEG and WebP
 * are decoded. Hostile bytes are safe: what is larger than the limits is refused before any memory
 * is taken for it.
 *
 * Threads: confined to one. */
#ifndef TABS_RESOURCES_PICTURES_H
#define TABS_RESOURCES_PICTURES_H

#include <firn/allocator.h>
#include <firn/status.h>

#define PICTURE_SIDE_MAX 32768u
#define PICTURE_PIXELS_MAX (32u << 20) /* that are decoded */

typedef enum picture_kind {
    PICTURE_NONE,
    PICTURE_PNG,
    PICTURE_JPEG,
    PICTURE_WEBP,
    PICTURE_GIF,
    PICTURE_BMP,
    PICTURE_ICO,
    PICTURE_SVG,
} picture_kind;

typedef struct picture_size {
    picture_kind kind;
    uint32_t width, height; /* as naturalWidth and naturalHeight give them, so after turning; of an
                               SVG without sizes of its own what a browser takes */
    uint8_t orientation;    /* of EXIF: 1 to 8 */
} picture_size;

/* FIRN_UNSUPPORTED for what is none of these kinds, FIRN_CORRUPT for one that is cut off or breaks
 * its format where the size stands, FIRN_LIMIT above PICTURE_SIDE_MAX. Allocates nothing. */
firn_status picture_measure(const void *data, size_t size, picture_size *ret_size);

/* --- decoded --- */

typedef struct pictures pictures;

/* Decoded pixels: rows of red, green, blue and alpha (not multiplied), 8 bits each, from the top,
 * without gaps, turned as the orientation says. */
typedef struct picture {
    uint32_t width, height;
    int fd;             /* a memory file, sealed: it may be passed on, and be mapped to be read */
    const void *pixels; /* mapped here, to be read; width * height * 4 bytes */
    uint32_t entry;     /* private */
} picture;

/* limit_bytes: of all pixels; 0: 256 MiB. FIRN_NO_MEMORY. */
firn_status pictures_create(const firn_allocator *allocator, uint64_t limit_bytes,
                            pictures **ret_pictures);
/* No picture may be held. NULL is let pass. */
void pictures_destroy(pictures *all);

/* Gives the pixels of a picture, by any number that names its content (the same number, the same
 * bytes): those that are there, else it decodes them. Let it go once for each get.
 * FIRN_UNSUPPORTED, FIRN_CORRUPT, FIRN_LIMIT (too large, or what is held leaves no room),
 * FIRN_NO_MEMORY, FIRN_IO. */
firn_status pictures_get(pictures *all, uint64_t content, const void *data, size_t size,
                         picture *ret_picture);
void pictures_let_go(pictures *all, picture *shown);

/* Drops pixels that nobody here holds, the least recently used first, until at most keep_bytes are
 * left; processes that have mapped them keep theirs. Returns how many were dropped. */
uint64_t pictures_drop(pictures *all, uint64_t keep_bytes);
uint64_t pictures_bytes(const pictures *all);

#endif
