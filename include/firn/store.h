/* The frozen store: immutable segments in checksummed files, changed by atomic commits. A folder
 * holds data files with segments in them, a manifest with a log of the commits since it was
 * written, and a lock. Formats: docs/formats/frozen.md.
 *
 * What a writer puts, removes or moves becomes visible to others by its commit only, which is
 * atomic: a crash or a failure at any moment leaves the earlier content or the new one. Readers in
 * this and other processes keep what they opened until they refresh it, whatever a writer does. One
 * writer at a time; a second is refused with FIRN_BUSY. What is read was checked before it was
 * unpacked; data that is damaged is an error and never returned.
 *
 * Caveats: do not put a store on a network file system without working flock and atomic rename; do
 * not copy a store while a writer commits. An open store holds a descriptor for each data file: of
 * these there are some 64 up to 256 MiB, 256 up to 16 GiB, and 4 for each further GiB. In a child
 * of fork a writer's store cannot be written, only closed, and the parent's lock lasts until both
 * have closed it; the closing gives memory back unless another thread was in a call at the fork. */
#ifndef FIRN_STORE_H
#define FIRN_STORE_H

#include <firn/codec.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

#define FIRN_SEGMENT_BYTES (256u << 10)    /* what a segment should hold, plain */
#define FIRN_SEGMENT_MAX_BYTES (16u << 20) /* what it may hold */
#define FIRN_SEGMENT_NONE UINT32_MAX

/* May be shared between threads, but for its opening and closing. */
typedef struct firn_store firn_store;

typedef enum firn_store_mode {
    FIRN_STORE_READ = 0,  /* what a writer does later is not seen until a refresh */
    FIRN_STORE_WRITE = 1, /* opens a store, or makes one, which its first commit completes */
    FIRN_STORE_REPLACE =
        2, /* as WRITE, but starts with nothing: the first commit removes all that
              was there in the same atomic step. A damaged store may be replaced. */
} firn_store_mode;

typedef struct firn_store_options {
    const firn_allocator *allocator; /* NULL: the system's; must be safe between threads */
    firn_store_mode mode;
    size_t cache_bytes;   /* of decoded segments kept, least recently used go first; 0: 16 MiB.
                             Pinned segments stay even above it. */
    uint64_t quota_bytes; /* writers: of all files together, see firn_store_put; 0: none; else at
                             least FIRN_STORE_QUOTA_MIN_BYTES */
    const char *what; /* writers: who writes, for those whom the lock refuses; NULL: "a writer" */
    uint32_t reserved[2]; /* must be 0 */
} firn_store_options;

#define FIRN_STORE_QUOTA_MIN_BYTES (1u << 20)

/* Opens the store in folder path.
 *
 * Reading: FIRN_NOT_FOUND, FIRN_NOT_STORE, FIRN_VERSION, FIRN_CORRUPT (both copies of the manifest
 * or its log are damaged, a data file is missing or too short), FIRN_PERMISSION, FIRN_CHANGED
 * (writers change it faster than it can be opened).
 *
 * Writing makes the folder (its parent must exist) or takes an empty one or a store, and removes
 * what a writer that died left behind. Also FIRN_BUSY (another writer is at work), FIRN_NOT_STORE
 * for a folder with other files in it, FIRN_UNSUPPORTED to write into a store of the first format,
 * which can be read and replaced only.
 *
 * Both: FIRN_INVALID, FIRN_NO_MEMORY, FIRN_IO; ret_error names file, cause and way out. */
FIRN_API FIRN_NODISCARD firn_status firn_store_open(const char *path,
                                                    const firn_store_options *options,
                                                    firn_store **ret_store, firn_error *ret_error);
/* Drops what was not committed. No segment may be pinned any more. NULL is let pass. */
FIRN_API void firn_store_close(firn_store *store);

/* Readers: makes what was committed since the opening visible; pinned segments stay valid, and on
 * failure all stays as it was. *ret_changed (may be NULL) tells whether there was anything.
 * FIRN_INVALID for a writer; FIRN_CHANGED when another store stands in the place of this one, which
 * must be opened anew; else as firn_store_open. */
FIRN_API FIRN_NODISCARD firn_status firn_store_refresh(firn_store *store, bool *ret_changed,
                                                       firn_error *ret_error);

/* --- what is in it; a writer's store tells of what it has put and not committed, too --- */

/* The segment that the last commit named as the way to all others; FIRN_SEGMENT_NONE for none. */
FIRN_API uint32_t firn_store_root(const firn_store *store);

typedef struct firn_segment_info {
    uint32_t segment; /* its number, which is never used again */
    uint32_t kind;    /* the writer's own number */
    uint32_t plain_bytes;
    uint32_t packed_bytes; /* on disk, with its header */
    firn_codec_kind codec;
    uint32_t dictionary;   /* the segment it was packed with; FIRN_SEGMENT_NONE: none */
    uint32_t file;         /* number of the data file that holds it */
    uint64_t offset_bytes; /* of its header in that file */
    uint64_t generation;   /* of the commit that it was put or last moved for */
    bool is_dictionary;
} firn_segment_info;

/* Tells of the segment with the smallest number that is not below `from`. FIRN_END_OF_DATA. */
FIRN_API FIRN_NODISCARD firn_status firn_store_next(const firn_store *store, uint32_t from,
                                                    firn_segment_info *ret_info);
/* Tells of one segment. FIRN_NOT_FOUND. */
FIRN_API FIRN_NODISCARD firn_status firn_store_segment_info(const firn_store *store,
                                                            uint32_t segment,
                                                            firn_segment_info *ret_info);

typedef struct firn_store_summary {
    uint64_t store_id;       /* random; a store keeps it through all its generations */
    uint64_t generation;     /* counts commits, not without gaps; 0: none yet */
    uint64_t manifest_bytes; /* both copies and the log */
    uint64_t data_bytes;     /* of all data files */
    uint64_t live_bytes;     /* of these, what segments take; the rest is garbage */
    uint64_t plain_bytes;    /* of all segments, as their writers put them */
    uint32_t segment_count;
    uint32_t file_count; /* data files */
    uint32_t root;
    uint32_t version; /* of the format: 1 or 2 */
} firn_store_summary;
FIRN_API void firn_store_summary_get(const firn_store *store, firn_store_summary *ret_summary);

#define FIRN_STORE_FILE_NAME_BYTES 48 /* room for any data file's name, with its NUL */

typedef struct firn_store_file {
    char name[FIRN_STORE_FILE_NAME_BYTES]; /* in the store's folder */
    uint32_t file;                         /* its number */
    uint32_t segment_count;
    uint64_t size_bytes;
    uint64_t live_bytes; /* of its segments */
} firn_store_file;
/* Tells of the data file with the smallest number that is not below `from`. FIRN_END_OF_DATA. */
FIRN_API FIRN_NODISCARD firn_status firn_store_file_next(const firn_store *store, uint32_t from,
                                                         firn_store_file *ret_file);

/* Files in the folder that are the store's by their names and that its manifest does not need:
 * the next writer removes them. What a writer at work has not committed yet is among them. */
typedef struct firn_store_unused {
    uint64_t bytes;
    uint64_t file_count;
} firn_store_unused;
/* Looks through the folder. FIRN_NOT_FOUND, FIRN_NOT_STORE, FIRN_PERMISSION, FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status firn_store_unused_get(const firn_store *store,
                                                          firn_store_unused *ret_unused,
                                                          firn_error *ret_error);

/* live: decoded segments in RAM; disk: all files of the store. */
FIRN_API void firn_store_usage(const firn_store *store, firn_usage *ret_usage);

/* --- reading segments --- */

/* A decoded segment held in memory. */
typedef struct firn_segment {
    const uint8_t *data; /* NULL when size is 0 */
    size_t size;
    void *entry; /* private */
} firn_segment;

/* Reads, verifies and decodes a segment, or finds it decoded. FIRN_NOT_FOUND for a number that is
 * none's, FIRN_CORRUPT (the error names file and segment; all others live on), FIRN_VERSION,
 * FIRN_NO_MEMORY, FIRN_IO. Unpin each pin once. */
FIRN_API FIRN_NODISCARD firn_status firn_store_pin(firn_store *store, uint32_t segment,
                                                   firn_segment *ret_segment,
                                                   firn_error *ret_error);
FIRN_API void firn_store_unpin(firn_store *store, firn_segment *segment);
/* Says that a segment will soon be pinned: where it is not decoded, the kernel begins to read it
 * while the caller does something else. A number that is none's does nothing. */
FIRN_API void firn_store_will_pin(firn_store *store, uint32_t segment);

/* Reads both copies of the manifest, and every segment from its file, decoded or not, and compares
 * every checksum; goes on after damage. Returns the status of the first (FIRN_CORRUPT;
 * FIRN_VERSION; FIRN_IO when it could not be read), with ret_error telling of it. *ret_damaged
 * counts damaged segments, and is written then too: 0 when only a copy of the manifest is damaged,
 * of which the other copy stands in until a writer opens the store and mends it. FIRN_NO_MEMORY
 * ends it at once.
 */
FIRN_API FIRN_NODISCARD firn_status firn_store_verify(firn_store *store, uint32_t *ret_damaged,
                                                      firn_error *ret_error);
/* The same for one segment; FIRN_NOT_FOUND for a number that is none's. */
FIRN_API FIRN_NODISCARD firn_status firn_store_segment_verify(firn_store *store, uint32_t segment,
                                                              firn_error *ret_error);
/* The same for the copies of the manifest alone. */
FIRN_API FIRN_NODISCARD firn_status firn_store_manifest_verify(const firn_store *store,
                                                               firn_error *ret_error);

/* --- writing: FIRN_INVALID for a store that was opened to be read, or in a child of fork. Puts and
 * removals may run in several threads, beside pins and beside a commit. --- */

typedef struct firn_store_put_options {
    uint32_t kind; /* the writer's own number */
    firn_codec_kind codec;
    int level;            /* of zstd: 1 to 19; else 0 */
    bool use_dictionary;  /* packs with `dictionary`; codec is FIRN_CODEC_ZSTD then */
    uint32_t dictionary;  /* a segment that was put with is_dictionary */
    bool is_dictionary;   /* other segments will be packed with this one */
    uint32_t reserved[2]; /* must be 0 */
} firn_store_put_options;

/* Packs data (at most FIRN_SEGMENT_MAX_BYTES, else FIRN_LIMIT) in the caller's thread and with its
 * codec, and appends it as a segment with the next number. FIRN_INVALID, FIRN_NO_MEMORY,
 * FIRN_NO_SPACE, FIRN_IO, FIRN_LIMIT (the quota: all files and the room that commits and compaction
 * need would exceed it; remove segments, commit, compact). A failed put leaves the store and all
 * that was put before as it was, and later ones may succeed. */
FIRN_API FIRN_NODISCARD firn_status firn_store_put(firn_store *store, firn_codec *codec,
                                                   const firn_store_put_options *options,
                                                   const void *data, size_t size,
                                                   uint32_t *ret_segment, firn_error *ret_error);

/* Removes a segment: this store knows it no more, others with the next commit. FIRN_NOT_FOUND,
 * FIRN_BUSY for a dictionary that segments need, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_store_remove(firn_store *store, uint32_t segment);

/* Makes all puts, removals and moves since the last commit durable and visible in one atomic step;
 * root (or FIRN_SEGMENT_NONE) is what firn_store_root then tells. Nothing is written when nothing
 * changed. What is put while it runs belongs to the next. On failure all that is not committed is
 * forgotten, what was put meanwhile included, and the earlier content stands (where only the last
 * sync failed, a crash may yet bring the new one); numbers are not used again, nothing is synced a
 * second time, and the store can be written on. FIRN_NOT_FOUND for a root that is no segment's. */
FIRN_API FIRN_NODISCARD firn_status firn_store_commit(firn_store *store, uint32_t root,
                                                      firn_error *ret_error);
/* Forgets what was put, removed and moved since the last commit. Not beside a commit. */
FIRN_API void firn_store_abort(firn_store *store);

typedef struct firn_store_compact_options {
    uint32_t garbage_percent; /* of a data file, from which on its segments are moved away; 0: 50 */
    int level;            /* 0: frames are copied; 1 to 19: packed anew by zstd, and kept where that
                             is smaller; segments that were read anew at this level are not again */
    uint64_t move_bytes;  /* ends after about this many; 0: all that the quota has room for */
    uint32_t reserved[2]; /* must be 0 */
} firn_store_compact_options;

/* Moves segments out of data files that are largely garbage (or, with a level, out of all, where it
 * pays) into new ones. Numbers stay, pins and readers are not disturbed. The moves belong to the
 * next commit, which removes the files that became empty. *ret_moved counts bytes, with a level
 * those of segments, too, that stay since they would not be smaller; 0: nothing is left to do.
 * Segments that cannot be read stay where they are. Fails as put and pin do. Threads as
 * firn_store_put, one compaction at a time. */
FIRN_API FIRN_NODISCARD firn_status firn_store_compact(firn_store *store, firn_codec *codec,
                                                       const firn_store_compact_options *options,
                                                       uint64_t *ret_moved, firn_error *ret_error);

/* Writes to ret_path (size bytes) the path of a scratch file of the given name in the store's
 * folder, which the closing removes, and the next opening for writing after a crash. FIRN_LIMIT
 * when it does not fit, FIRN_INVALID for a name that is empty or has a slash. */
FIRN_API FIRN_NODISCARD firn_status firn_store_scratch(const firn_store *store, const char *name,
                                                       char *ret_path, size_t size);

FIRN_END

#endif
