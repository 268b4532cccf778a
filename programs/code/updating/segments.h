/* The segments that a store had when an update began, and what of them is still needed. */
#ifndef CODE_UPDATING_SEGMENTS_H
#define CODE_UPDATING_SEGMENTS_H

#include "code/index/meta.h"

struct segment_use {
    uint32_t segment;
    uint32_t kind;
    uint32_t plain_bytes;
    uint64_t live_bytes; /* of sources and trees: what files have in it; of others: 1, or 0 */
};

struct segments {
    const firn_allocator *allocator;
    struct segment_use *uses; /* by ascending numbers */
    size_t count;
    size_t capacity;
};

/* Lists them, none being needed yet; fini in any case. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status segments_list(struct segments *segments, const firn_store *store,
                                         const firn_allocator *allocator);
void segments_fini(struct segments *segments);

/* Counts a record's places as needed, or (is_needed false) as needed no more. Segments that are not
 * listed are passed over: they are new. */
void segments_count(struct segments *segments, const struct file_record *record, bool is_needed);
/* The same of one place with size bytes; what its edits take is not counted. */
void segments_count_place(struct segments *segments, const struct place *place, uint64_t size,
                          bool is_needed);
/* Notes that a segment is needed. */
void segments_need(struct segments *segments, uint32_t segment);

/* Whether what lies at a place ought to be moved when its file gets a new record anyway: the
 * segment is half garbage, or so small that it should be joined with others. */
bool segments_should_move(const struct segments *segments, const struct place *place,
                          uint64_t size);

/* Removes from the store what is not needed, of the kinds that an index consists of. As
 * firn_store_remove. */
FIRN_NODISCARD firn_status segments_sweep(const struct segments *segments, firn_store *store);

#endif
