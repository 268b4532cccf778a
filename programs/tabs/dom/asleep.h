/* What the forms of nodes and of style sheets asleep share: bytes that grow, numbers, texts behind
 * each other, and the block that parts of them are packed into. Any bytes are safe to read.
 *
 * A block: a size and a frame (firn/codec.h) of so many bytes; in it, as varints, the version, a
 * number, and of each part its size twice, and one more where it has a frame of its own; then the
 * parts that have none. Behind it the other frames, each with its size before it. */
#ifndef TABS_DOM_ASLEEP_H
#define TABS_DOM_ASLEEP_H

#include <firn/allocator.h>
#include <firn/status.h>

typedef struct asleep_bytes {
    uint8_t *data;
    size_t size, capacity;
} asleep_bytes;

/* A text ends with one of these, which of them is for the caller to say; in the text bytes up to
 * ASLEEP_ENDS_TOO are ASLEEP_ESCAPE and 3 more than they are. */
enum { ASLEEP_ENDS, ASLEEP_ESCAPE, ASLEEP_ENDS_TOO };

/* FIRN_NO_MEMORY. */
firn_status asleep_put(const firn_allocator *allocator, asleep_bytes *to, const void *data,
                       size_t size);
firn_status asleep_put_number(const firn_allocator *allocator, asleep_bytes *to, uint64_t number);
firn_status asleep_put_text(const firn_allocator *allocator, asleep_bytes *to, const char *text,
                            size_t size, uint8_t end);
void asleep_release(const firn_allocator *allocator, asleep_bytes *bytes);

typedef struct asleep_reader {
    const uint8_t *at, *end;
} asleep_reader;

/* Packs parts by zstd with checksums, behind a version and a number of the caller's, into a block
 * that the caller gives back with firn_release. FIRN_LIMIT (64 MiB), FIRN_NO_MEMORY. */
firn_status asleep_pack(const firn_allocator *allocator, int level, const uint64_t about[2],
                        const asleep_bytes *parts, size_t count, void **ret_data, size_t *ret_size);
/* The same parts again, which lie in frames, count and one of them, zeroed, that the caller
 * releases in any case. FIRN_CORRUPT, FIRN_VERSION (of a later version), FIRN_NO_MEMORY. */
firn_status asleep_unpack(const firn_allocator *allocator, uint64_t version, const void *data,
                          size_t size, asleep_bytes *frames, asleep_reader *ret_parts, size_t count,
                          uint64_t *ret_number);

/* False for what is not there, or is not below what it must be. */
bool asleep_number(asleep_reader *from, uint64_t below, uint64_t *ret_number);
/* Adds the next text to what is there. FIRN_CORRUPT, FIRN_NO_MEMORY. */
firn_status asleep_text(const firn_allocator *allocator, asleep_reader *from, asleep_bytes *to,
                        uint8_t *ret_end);

#endif
