/* Versions of blobs in a frozen store: each blob is a full version and, where that is smaller, the
 * edits that make the present one of it (firn/delta.h). A put finds and keeps the edits, or folds:
 * a full version again, once the edits are longer than a share of the blob. A get reads the full
 * version and at most one piece of edits. Small blobs and edits lie together in segments of some
 * 256 KiB; a table, a segment too, names where each one's parts are.
 *
 * What is put becomes durable as the rest of the store does: firn_journal_flush puts it into the
 * store and gives the table, which the caller names from his root, and firn_store_commit makes all
 * of it visible in one step. Where a flush or the commit fails, or the store is aborted, what came
 * after the last commit is forgotten: close the journal, abort the store, and open the journal anew
 * with the table of that commit. So does a reader when firn_store_refresh told of a change.
 *
 * Confined to one thread while it changes; while nobody changes it, any number may read.
 * Format: docs/formats/journal.md. */
#ifndef FIRN_JOURNAL_H
#define FIRN_JOURNAL_H

#include <firn/store.h>

FIRN_BEGIN

typedef struct firn_journal firn_journal;

typedef struct firn_journal_options {
    const firn_allocator *allocator; /* NULL: the system's */
    uint32_t kind; /* of its segments: full versions; edits are kind + 1, tables kind + 2 */
    uint32_t
        fold_percent; /* of a blob's size: longer edits become a full version; 1 to 100, 0: 50 */
    int level;        /* of zstd for its segments: 1 to 19, 0: 3 */
    uint32_t reserved[2]; /* must be 0 */
} firn_journal_options;

/* Opens the journal whose table is that segment, or an empty one for FIRN_SEGMENT_NONE; a store
 * that was opened to be read lets it be read. The store must outlive it. FIRN_INVALID,
 * FIRN_NOT_STORE for a segment that is no table, FIRN_VERSION, FIRN_CORRUPT, FIRN_NO_MEMORY, and
 * what firn_store_pin gives. */
FIRN_API FIRN_NODISCARD firn_status firn_journal_open(firn_store *store, uint32_t table,
                                                      const firn_journal_options *options,
                                                      firn_journal **ret_journal,
                                                      firn_error *ret_error);
/* Drops what was not flushed. NULL is let pass. */
FIRN_API void firn_journal_close(firn_journal *journal);

/* Sets the present version of a blob, new or not, of at most FIRN_SEGMENT_MAX_BYTES (FIRN_LIMIT).
 * Fails as firn_store_pin (when the full version cannot be read) and firn_store_put; the blob is
 * then as it was, and so are all others. */
FIRN_API FIRN_NODISCARD firn_status firn_journal_put(firn_journal *journal, uint64_t id,
                                                     const void *data, size_t size,
                                                     firn_error *ret_error);
/* Sets the present version of a blob without a look at the one before: for those that cannot be
 * read any more, and where a full version is wanted. */
FIRN_API FIRN_NODISCARD firn_status firn_journal_replace(firn_journal *journal, uint64_t id,
                                                         const void *data, size_t size,
                                                         firn_error *ret_error);
/* FIRN_NOT_FOUND. */
FIRN_API FIRN_NODISCARD firn_status firn_journal_remove(firn_journal *journal, uint64_t id);

/* Reads the present version into a block of *ret_size bytes from allocator, which the caller gives
 * back with firn_release (NULL and 0 for an empty one). FIRN_NOT_FOUND, FIRN_CORRUPT,
 * FIRN_NO_MEMORY, and what firn_store_pin gives. */
FIRN_API FIRN_NODISCARD firn_status firn_journal_get(const firn_journal *journal, uint64_t id,
                                                     const firn_allocator *allocator,
                                                     void **ret_data, size_t *ret_size,
                                                     firn_error *ret_error);

typedef struct firn_journal_info {
    uint64_t id;
    uint32_t size_bytes;  /* of the present version */
    uint32_t base_bytes;  /* of the full version */
    uint32_t edits_bytes; /* 0: the full version is the present one */
} firn_journal_info;
/* Tells of the blob with the smallest id that is not below `from`. FIRN_END_OF_DATA. */
FIRN_API FIRN_NODISCARD firn_status firn_journal_next(const firn_journal *journal, uint64_t from,
                                                      firn_journal_info *ret_info);

/* Puts what is new into the store, moves the live parts of segments of which more than half is
 * garbage, or that have become many small ones, and removes from the store what is not needed any
 * more. *ret_table is the table's segment, to be named by the root of the commit that follows; the
 * former one again when nothing changed; FIRN_SEGMENT_NONE when there never was a blob. After a
 * failure see above. FIRN_LIMIT for a table above FIRN_SEGMENT_MAX_BYTES (some 500,000 blobs);
 * FIRN_NO_MEMORY, FIRN_CORRUPT, and what firn_store_put gives. */
FIRN_API FIRN_NODISCARD firn_status firn_journal_flush(firn_journal *journal, uint32_t *ret_table,
                                                       firn_error *ret_error);

typedef struct firn_journal_summary {
    uint64_t blob_count;
    uint64_t edited_count;  /* blobs with edits */
    uint64_t blob_bytes;    /* of all present versions */
    uint64_t live_bytes;    /* of full versions and edits, as they lie in segments, plain */
    uint64_t garbage_bytes; /* of what is no part of a present version any more, likewise */
    uint64_t segment_count; /* that hold them */
} firn_journal_summary;
FIRN_API void firn_journal_summary_get(const firn_journal *journal,
                                       firn_journal_summary *ret_summary);

/* Reads every blob. Returns the status of the first failure, with ret_error telling of it;
 * *ret_damaged counts the blobs that cannot be read and is written then too. FIRN_NO_MEMORY ends it
 * at once. */
FIRN_API FIRN_NODISCARD firn_status firn_journal_verify(const firn_journal *journal,
                                                        uint64_t *ret_damaged,
                                                        firn_error *ret_error);

/* live: what was put and not flushed, and the table in RAM; what the store holds is not counted. */
FIRN_API void firn_journal_usage(const firn_journal *journal, firn_usage *ret_usage);

FIRN_END

#endif
