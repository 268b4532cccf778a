/* What the files of the journal share. journal.c has the calls, journal_pack.c the packs that hold
 * the parts of blobs, journal_table.c the table's bytes.
 *
 * Nouns: a part is a blob's full version (base) or its edits; a pack is a segment of parts of one
 * role, or, while its segment is FIRN_SEGMENT_NONE, the buffer that will become one; a place says
 * where a part lies.
 * Invariants:
 *   J1  a pack's live bytes are the sum of the sizes of the places in it; parts do not overlap
 *   J2  a place lies within its pack's total bytes; one of size 0 lies nowhere
 *   J3  at most one pack of each role is a buffer
 *   J4  a blob with edits has a base; its size is what the edits say, else the base's */
#ifndef FIRN_TIER_JOURNAL_H
#define FIRN_TIER_JOURNAL_H

#include <firn/journal.h>
#include <firn/map.h>

enum { FIRN_PACK_BASE = 0, FIRN_PACK_EDITS = 1, FIRN_PACK_ROLES = 2, FIRN_PACK_TABLE = 2 };

#define FIRN_PACK_NONE UINT32_MAX

typedef struct firn_place {
    uint32_t pack; /* its index in the journal */
    uint32_t offset;
    uint32_t size;
} firn_place;

typedef struct firn_blob {
    uint32_t size;
    firn_place part[FIRN_PACK_ROLES]; /* by role; edits of size 0: there are none */
} firn_blob;

typedef struct firn_pack {
    uint32_t segment;
    uint32_t live, total; /* bytes; a free index has a total of 0 and no segment */
    uint8_t role;
    bool moving; /* its live parts are to go to others */
} firn_pack;

/* Packs and blobs; what a table says. */
typedef struct firn_journal_index {
    const firn_allocator *allocator;
    firn_map_type *type;
    firn_map blobs; /* u64 to firn_blob */
    firn_pack *packs;
    size_t pack_count, pack_capacity;
} firn_journal_index;

firn_status firn_journal_index_init(firn_journal_index *index, const firn_allocator *allocator);
/* Also for a struct of zeros. */
void firn_journal_index_fini(firn_journal_index *index);

/* All packs that are live must be segments. *ret_data: a block from the index' allocator. */
firn_status firn_journal_table_write(const firn_journal_index *index, void **ret_data,
                                     size_t *ret_size);
/* Into an empty index. FIRN_NOT_STORE, FIRN_VERSION, FIRN_CORRUPT, FIRN_NO_MEMORY. */
firn_status firn_journal_table_read(firn_journal_index *index, const void *data, size_t size);

struct firn_journal {
    firn_store *store;
    firn_codec *codec; /* made when first needed */
    uint32_t kind, fold_percent, table;
    int level;
    bool changed; /* since the table was written */
    firn_journal_index index;
    struct {
        uint8_t *data;
        size_t capacity;
        uint32_t pack; /* FIRN_PACK_NONE: nothing is there */
    } buffer[FIRN_PACK_ROLES];
};

/* Appends a part to the role's buffer, which is made a segment first when it would be too full. */
firn_status firn_pack_append(firn_journal *journal, int role, const void *data, size_t size,
                             firn_place *ret_place, firn_error *ret_error);
/* Counts a part as garbage. */
void firn_pack_drop(firn_journal *journal, const firn_place *place);
/* Shows a part, which stays until firn_pack_unpin. */
firn_status firn_pack_pin(const firn_journal *journal, int role, const firn_place *place,
                          const uint8_t **ret_data, firn_segment *ret_segment,
                          firn_error *ret_error);
void firn_pack_unpin(const firn_journal *journal, firn_segment *segment);
/* Moves what is live in packs that are mostly garbage, or small and many. */
firn_status firn_packs_move(firn_journal *journal, firn_error *ret_error);
/* Makes a segment of the role's buffer. */
firn_status firn_pack_write(firn_journal *journal, int role, firn_error *ret_error);
/* Removes the segments of packs in which nothing is live. */
firn_status firn_packs_sweep(firn_journal *journal);
firn_status firn_journal_segment_put(firn_journal *journal, int role, const void *data, size_t size,
                                     uint32_t *ret_segment, firn_error *ret_error);

#endif
