/* What a store holds, in memory: its data files and segments, as the manifest, its log and the
 * uncommitted changes say. */
#ifndef FIRN_TIER_STATE_H
#define FIRN_TIER_STATE_H

#include "tier/segment.h"

#include <firn/allocator.h>
#include <firn/file.h>
#include <firn/store.h>

enum {
    FIRN_STATE_FILES_MAX = 1 << 20,
    FIRN_STATE_SEGMENTS_MAX = 1 << 24,
};
#define FIRN_GENERATION_MAX (UINT64_C(1) << 62)

/* Flags of a record. The first two are in the files, too. */
enum {
    FIRN_RECORD_DICTIONARY = 1,
    FIRN_RECORD_REPACKED = 2, /* compaction has tried to make it smaller */
    FIRN_RECORD_ON_DISK = FIRN_RECORD_DICTIONARY | FIRN_RECORD_REPACKED,
    FIRN_RECORD_DEAD = 1 << 14,    /* removed; its place in the array is not cleared yet */
    FIRN_RECORD_PENDING = 1 << 15, /* put since the last commit began */
};

typedef struct firn_segment_record {
    uint64_t generation;
    uint32_t segment;
    uint32_t file;
    uint32_t offset; /* of its header */
    uint32_t kind;
    uint32_t plain;
    uint32_t packed; /* bytes in the file, with its header */
    uint32_t dictionary;
    uint16_t codec; /* firn_codec_kind */
    uint16_t flags;
} firn_segment_record;
_Static_assert(sizeof(firn_segment_record) == 40, "no padding");

/* A data file; shared by its state and those who read from it. */
typedef struct firn_data_file {
    uint32_t number;
    uint32_t refs;      /* guarded by the store's mutex */
    firn_file file;     /* fd -1: not open */
    uint32_t size;      /* where the next segment would begin; readers: the manifest's size */
    uint32_t committed; /* the manifest's size; 0: the manifest does not name it */
    uint32_t live_segments;
    uint64_t live_bytes;
    uint32_t committing; /* what a commit under way will make of committed */
    bool dirty;          /* written since its last sync */
    bool failed;         /* its last sync failed, and no commit knows of it yet */
    bool retired;        /* takes no more segments */
} firn_data_file;

/* What stays the same as long as a store is open. */
typedef struct firn_store_form {
    uint64_t store_id;
    uint64_t generation; /* in the first version: of all that the store holds */
    uint32_t version;    /* of the format */
} firn_store_form;

/* Zeroed, with root FIRN_SEGMENT_NONE, it is that of an empty store. */
typedef struct firn_state {
    firn_store_form form;
    uint64_t generation;
    uint32_t root;
    uint32_t segment_next; /* the lowest number that was never used */
    uint32_t file_next;
    firn_data_file **files; /* by their numbers */
    size_t file_count;
    size_t file_capacity;
    firn_segment_record *segments; /* by their numbers, dead ones among them */
    size_t segment_count;
    size_t segment_capacity;
    size_t live_count; /* of segments */
    uint64_t live_bytes;
    uint64_t plain_bytes;
} firn_state;

/* Releases the arrays, and the files that nobody else refers to. */
void firn_state_fini(firn_state *state, const firn_allocator *allocator);

/* --- data files --- */

/* The file of a number, or NULL. */
firn_data_file *firn_state_file(const firn_state *state, uint32_t number);
/* The position of the first file whose number is not below. */
size_t firn_state_file_at(const firn_state *state, uint32_t number);
/* Appends a file with the next number, with one reference. FIRN_NO_MEMORY, FIRN_LIMIT. */
FIRN_NODISCARD firn_status firn_state_file_add(firn_state *state, const firn_allocator *allocator,
                                               uint32_t number, firn_data_file **ret_file);
void firn_state_file_remove(firn_state *state, const firn_allocator *allocator,
                            firn_data_file *file);
/* Drops a reference; the last one closes and releases. */
void firn_data_file_release(firn_data_file *file, const firn_allocator *allocator);

/* --- segments --- */

/* The live segment of a number, or NULL; valid until the next put or purge. */
firn_segment_record *firn_state_segment(const firn_state *state, uint32_t segment);
/* The position of the first record, dead or not, whose number is not below. */
size_t firn_state_segment_at(const firn_state *state, uint32_t segment);
/* Makes sure that the next put succeeds. FIRN_NO_MEMORY, FIRN_LIMIT. */
FIRN_NODISCARD firn_status firn_state_reserve(firn_state *state, const firn_allocator *allocator);
/* Appends a segment, whose number is above all others and whose file is there. */
void firn_state_put(firn_state *state, const firn_segment_record *record);
/* Lets a segment lie elsewhere. */
void firn_state_move(firn_state *state, const firn_segment_record *record);
void firn_state_remove(firn_state *state, uint32_t segment);
/* Undoes a removal. */
void firn_state_restore(firn_state *state, const firn_segment_record *record);
/* Clears the places of the dead, where they are many. */
void firn_state_purge(firn_state *state);

/* Whether a record keeps the format's limits and its file, if there is one, holds all of it. */
bool firn_state_record_valid(const firn_state *state, const firn_segment_record *record);

#endif
