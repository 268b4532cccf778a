/* An image as bytes, and back: docs/formats/region.md. */
#ifndef FIRN_REGION_SNAPSHOT_H
#define FIRN_REGION_SNAPSHOT_H

#include "region/image.h"

#include <firn/bytes.h>

/* What a snapshot says beside its blocks. */
typedef struct firn_snapshot_head {
    uint64_t region_id, generation;
    uint64_t base, reserve_bytes, limit_bytes;
    uint64_t root, front; /* addresses; front: of the slab's state */
    uint64_t build_id;    /* the user's */
    uint64_t build, machine;
    uint64_t template_id; /* 0: none */
    int32_t level;
    uint32_t used_blocks, entry_count;
} firn_snapshot_head;

/* The numbers of this build and machine. */
uint64_t firn_snapshot_build(void);

uint64_t firn_snapshot_size(const firn_image *image);
/* Writes exactly that many bytes. taken: the bits of the blocks in use, used_blocks of them. */
void firn_snapshot_write(const firn_snapshot_head *head, const firn_image *image,
                         const uint64_t *taken, uint8_t *out);

/* Checks all of a snapshot but what it is a snapshot of: FIRN_NOT_STORE, FIRN_VERSION,
 * FIRN_CORRUPT, FIRN_UNSUPPORTED. */
firn_status firn_snapshot_check(firn_bytes snapshot, firn_snapshot_head *ret_head,
                                firn_error *ret_error);
/* The image of a snapshot that was checked; sibling, which it then holds, has the id that its head
 * tells, or is NULL where that is 0. NULL: no memory. */
firn_image *firn_snapshot_read(firn_bytes snapshot, const firn_snapshot_head *head,
                               const firn_allocator *allocator, firn_region_template *sibling);
/* A word of its bits. */
uint64_t firn_snapshot_taken(firn_bytes snapshot, size_t word);

#endif
