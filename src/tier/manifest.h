/* The manifest's bytes: a checkpoint has the whole state, and a commit's record what it changed
 * (docs/formats/frozen.md). */
#ifndef FIRN_TIER_MANIFEST_H
#define FIRN_TIER_MANIFEST_H

#include "tier/state.h"

enum {
    FIRN_CHECKPOINT_HEADER_BYTES = 48,
    FIRN_MANIFEST_FILE_BYTES = 8,
    FIRN_MANIFEST_SEGMENT_BYTES = 40,
    FIRN_MANIFEST_CRC_BYTES = 4,
};
#define FIRN_MANIFEST_MAX_BYTES                                                                    \
    (FIRN_CHECKPOINT_HEADER_BYTES + FIRN_MANIFEST_CRC_BYTES +                                      \
     (uint64_t)FIRN_STATE_FILES_MAX * FIRN_MANIFEST_FILE_BYTES +                                   \
     (uint64_t)FIRN_STATE_SEGMENTS_MAX * FIRN_MANIFEST_SEGMENT_BYTES)

typedef struct firn_file_change {
    uint32_t number;
    uint32_t size; /* 0: the file is no more */
} firn_file_change;

/* What a commit changes, or, since nothing, the whole content. */
typedef struct firn_changes {
    uint64_t store_id;
    uint64_t generation;
    uint32_t root;
    uint32_t segment_next;
    uint32_t file_next;
    firn_file_change *files;
    size_t file_count;
    firn_segment_record *segments; /* packed 0: the segment is no more */
    size_t segment_count;
    size_t file_room; /* of the arrays */
    size_t segment_room;
} firn_changes;

/* The elements that checkpoints and records share; return where the next one goes or is. */
uint8_t *firn_manifest_files_write(const firn_changes *changes, uint8_t *out);
uint8_t *firn_manifest_segments_write(const firn_changes *changes, uint8_t *out);
void firn_manifest_file_read(const uint8_t *data, firn_file_change *ret_file);
void firn_manifest_segment_read(const uint8_t *data, firn_segment_record *ret_record);

/* A checkpoint. Its last 4 bytes are its CRC, to which the log refers. */
size_t firn_checkpoint_bytes(const firn_changes *changes);
void firn_checkpoint_write(const firn_changes *changes, uint8_t *out);

/* Reads and checks a checkpoint of either version of the format. FIRN_NOT_STORE (another magic),
 * FIRN_CORRUPT, FIRN_VERSION, FIRN_NO_MEMORY; *ret_cause says in a few words what is wrong. */
FIRN_NODISCARD firn_status firn_checkpoint_read(const uint8_t *data, size_t size,
                                                const firn_allocator *allocator,
                                                firn_state *ret_state, const char **ret_cause);

/* Reads what follows the version in a checkpoint of the first version, whose checksum fits.
 * FIRN_CORRUPT, FIRN_NO_MEMORY; the state is then half filled. */
FIRN_NODISCARD firn_status firn_manifest_v1_read(const uint8_t *data, size_t size,
                                                 const firn_allocator *allocator,
                                                 firn_state *state);

#endif
