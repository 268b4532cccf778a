/* The manifest: which data files and segments make up a store (docs/formats/store.md). */
#ifndef FIRN_TIER_MANIFEST_H
#define FIRN_TIER_MANIFEST_H

#include "tier/segment.h"

#include <firn/allocator.h>
#include <firn/store.h>

enum {
    FIRN_MANIFEST_HEADER_BYTES = 40,
    FIRN_MANIFEST_FILE_BYTES = 4,     /* a data file's record */
    FIRN_MANIFEST_SEGMENT_BYTES = 24, /* a segment's record */
    FIRN_MANIFEST_FILES_MAX = 1 << 20,
    FIRN_MANIFEST_SEGMENTS_MAX = 1 << 24,
    /* a data file's limit; a segment that is larger alone has a file of its own */
    FIRN_DATA_FILE_BYTES = 4 << 20,
    FIRN_SEGMENT_PACKED_MAX =
        FIRN_SEGMENT_HEADER_BYTES + FIRN_FRAME_HEADER_BYTES + FIRN_SEGMENT_MAX_BYTES,
};
#define FIRN_MANIFEST_MAX_BYTES                                                                    \
    (FIRN_MANIFEST_HEADER_BYTES + 4u +                                                             \
     (uint64_t)FIRN_MANIFEST_FILES_MAX * FIRN_MANIFEST_FILE_BYTES +                                \
     (uint64_t)FIRN_MANIFEST_SEGMENTS_MAX * FIRN_MANIFEST_SEGMENT_BYTES)
#define FIRN_GENERATION_MAX (UINT64_C(1) << 62)

typedef struct firn_manifest_segment {
    uint32_t file;   /* index into files */
    uint32_t offset; /* bytes, of its header */
    uint32_t kind;
    uint32_t plain;
    uint32_t packed; /* bytes in the file, with its header */
    uint32_t codec;  /* firn_codec_kind */
} firn_manifest_segment;
_Static_assert(sizeof(firn_manifest_segment) == FIRN_MANIFEST_SEGMENT_BYTES, "no padding");

/* Zeroed it is the manifest of an empty store. The arrays are the holder's. */
typedef struct firn_manifest {
    uint64_t store_id;
    uint64_t generation;
    uint32_t *files; /* sizes in bytes */
    firn_manifest_segment *segments;
    size_t file_count;
    size_t segment_count;
    size_t file_capacity;
    size_t segment_capacity;
} firn_manifest;

void firn_manifest_fini(firn_manifest *manifest, const firn_allocator *allocator);

/* The bytes that firn_manifest_write writes. */
size_t firn_manifest_bytes(const firn_manifest *manifest);
void firn_manifest_write(const firn_manifest *manifest, uint8_t *out);

/* Reads and checks a manifest. FIRN_NOT_STORE (another magic), FIRN_CORRUPT, FIRN_VERSION,
 * FIRN_NO_MEMORY; *ret_cause says in a few words what is wrong. */
FIRN_NODISCARD firn_status firn_manifest_read(const uint8_t *data, size_t size,
                                              const firn_allocator *allocator,
                                              firn_manifest *ret_manifest, const char **ret_cause);

/* Appends records; a data file's size grows with its segments. FIRN_NO_MEMORY, FIRN_LIMIT. */
FIRN_NODISCARD firn_status firn_manifest_add_file(firn_manifest *manifest,
                                                  const firn_allocator *allocator);
FIRN_NODISCARD firn_status firn_manifest_add_segment(firn_manifest *manifest,
                                                     const firn_allocator *allocator,
                                                     const firn_manifest_segment *segment);

#endif
