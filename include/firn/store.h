/* The frozen store: immutable segments in checksummed files, replaced as a whole by a commit. A
 * folder holds a manifest, data files of up to 4 MiB with segments in them, and a lock. Formats:
 * docs/formats/store.md.
 *
 * What a writer puts becomes visible by its commit only, which is atomic: a crash or a failure at
 * any moment leaves the earlier content or the new one. Readers in this or other processes keep
 * what they opened as long as they hold it open, whatever a writer does. One writer at a time; a
 * second is refused with FIRN_BUSY.
 *
 * Caveats: do not put a store on a network file system without working flock and atomic rename; do
 * not copy a store while a writer commits. An open store holds a descriptor for each data file, so
 * for each 4 MiB. A fork keeps a writer's lock until parent and child have both given it up. */
#ifndef FIRN_STORE_H
#define FIRN_STORE_H

#include <firn/codec.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

#define FIRN_SEGMENT_BYTES (256u << 10)   /* what a segment should hold, plain */
#define FIRN_SEGMENT_MAX_BYTES (4u << 20) /* what it may hold */

/* --- reading: a store may be shared between threads --- */

typedef struct firn_store firn_store;

typedef struct firn_store_options {
    const firn_allocator *allocator; /* NULL: the system's; must be safe between threads */
    size_t cache_bytes;   /* of decoded segments kept, least recently used go first; 0: 16 MiB.
                             Pinned segments stay even above it. */
    uint32_t reserved[2]; /* must be 0 */
} firn_store_options;

/* Opens the store in folder path. FIRN_NOT_FOUND, FIRN_NOT_STORE, FIRN_VERSION, FIRN_CORRUPT (the
 * manifest is damaged, a data file is missing or not of its size), FIRN_PERMISSION, FIRN_CHANGED
 * (writers commit faster than it can be opened), FIRN_NO_MEMORY, FIRN_IO; ret_error names file,
 * cause and way out. */
FIRN_API FIRN_NODISCARD firn_status firn_store_open(const char *path,
                                                    const firn_store_options *options,
                                                    firn_store **ret_store, firn_error *ret_error);
/* No segment may be pinned any more. NULL is let pass. */
FIRN_API void firn_store_close(firn_store *store);

typedef struct firn_segment_info {
    uint32_t kind; /* the writer's own number */
    uint32_t plain_bytes;
    uint32_t packed_bytes; /* on disk, with its header */
    firn_codec_kind codec;
    uint32_t file;         /* number of the data file that holds it */
    uint32_t offset_bytes; /* of its header in that file */
} firn_segment_info;

/* Segments are numbered from 0 in the order of their puts. */
FIRN_API uint32_t firn_store_segment_count(const firn_store *store);
/* What the manifest says of a segment; its number must be below the count. */
FIRN_API void firn_store_segment_info(const firn_store *store, uint32_t segment,
                                      firn_segment_info *ret_info);

/* The store as a whole, as its manifest has it. */
typedef struct firn_store_summary {
    uint64_t store_id;   /* random; a store keeps it through all its generations */
    uint64_t generation; /* counts commits, not without gaps */
    uint64_t manifest_bytes;
    uint64_t data_bytes;  /* of all data files */
    uint64_t plain_bytes; /* of all segments, as their writers put them */
    uint32_t segment_count;
    uint32_t file_count; /* data files, numbered from 0 */
} firn_store_summary;
FIRN_API void firn_store_summary_get(const firn_store *store, firn_store_summary *ret_summary);

#define FIRN_STORE_FILE_NAME_BYTES 48 /* room for any data file's name, with its NUL */

typedef struct firn_store_file {
    char name[FIRN_STORE_FILE_NAME_BYTES]; /* in the store's folder */
    uint32_t size_bytes;
} firn_store_file;
/* A data file; its number must be below the summary's file_count. */
FIRN_API void firn_store_file_get(const firn_store *store, uint32_t file,
                                  firn_store_file *ret_file);

/* Files in the folder that are the store's by their names and that its manifest does not need:
 * the next begin frees them. What a writer at work has not committed yet is among them. */
typedef struct firn_store_unused {
    uint64_t bytes;
    uint64_t file_count;
} firn_store_unused;
/* Looks through the folder. FIRN_NOT_FOUND, FIRN_NOT_STORE, FIRN_PERMISSION, FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status firn_store_unused_get(const firn_store *store,
                                                          firn_store_unused *ret_unused,
                                                          firn_error *ret_error);

/* A decoded segment held in memory. */
typedef struct firn_segment {
    const uint8_t *data; /* NULL when size is 0 */
    size_t size;
    void *entry; /* private */
} firn_segment;

/* Reads, verifies and decodes a segment, or finds it decoded. FIRN_INVALID for a number that is
 * none, FIRN_CORRUPT (the error names file and segment), FIRN_NO_MEMORY, FIRN_IO. Unpin each pin
 * once. */
FIRN_API FIRN_NODISCARD firn_status firn_store_pin(firn_store *store, uint32_t segment,
                                                   firn_segment *ret_segment,
                                                   firn_error *ret_error);
FIRN_API void firn_store_unpin(firn_store *store, firn_segment *segment);

/* Reads every segment from its file, decoded or not, and compares every checksum; goes on after a
 * damaged one. Returns the status of the first damage (FIRN_CORRUPT; FIRN_IO when it could not be
 * read), with ret_error telling of it. *ret_damaged counts them, and is written then too.
 * FIRN_NO_MEMORY ends it at once. */
FIRN_API FIRN_NODISCARD firn_status firn_store_verify(firn_store *store, uint32_t *ret_damaged,
                                                      firn_error *ret_error);

/* The same for one segment. FIRN_INVALID for a number that is none, FIRN_CORRUPT, FIRN_VERSION,
 * FIRN_NO_MEMORY, FIRN_IO; ret_error names file and segment. */
FIRN_API FIRN_NODISCARD firn_status firn_store_segment_verify(firn_store *store, uint32_t segment,
                                                              firn_error *ret_error);

/* live: decoded segments in RAM; disk: all files of the store. */
FIRN_API void firn_store_usage(const firn_store *store, firn_usage *ret_usage);

/* --- writing --- */

typedef struct firn_store_writer firn_store_writer;

typedef struct firn_store_writer_options {
    const firn_allocator *allocator; /* NULL: the system's; must be safe between threads */
    const char *what;     /* who writes, for those whom the lock refuses; NULL: "a writer" */
    uint32_t reserved[2]; /* must be 0 */
} firn_store_writer_options;

/* Starts the next generation of the store in folder path: makes the folder (its parent must exist)
 * or takes an empty one or a store; refuses a folder with other files in it (FIRN_NOT_STORE) and a
 * store of a later version. A damaged store may be begun anew; its files stay until the commit.
 * Removes what a writer that died left behind. FIRN_BUSY when another writer is at work. */
FIRN_API FIRN_NODISCARD firn_status firn_store_begin(const char *path,
                                                     const firn_store_writer_options *options,
                                                     firn_store_writer **ret_writer,
                                                     firn_error *ret_error);

/* Packs data (at most FIRN_SEGMENT_MAX_BYTES, else FIRN_LIMIT) and appends it as a segment. May be
 * called from several threads: packing runs in parallel, in the caller's thread, with its codec.
 * FIRN_INVALID, FIRN_NO_MEMORY, FIRN_NO_SPACE, FIRN_IO. After a failure the writer can only be
 * aborted, and its commit does that. */
FIRN_API FIRN_NODISCARD firn_status firn_store_put(firn_store_writer *writer, firn_codec *codec,
                                                   uint32_t kind, firn_codec_kind codec_kind,
                                                   int level, const void *data, size_t size,
                                                   uint32_t *ret_segment, firn_error *ret_error);

/* Writes to ret_path (size bytes) the path of a scratch file of the given name in the store's
 * folder, which commit and abort remove, and the next begin after a crash. FIRN_LIMIT when it does
 * not fit, FIRN_INVALID for a name that is empty or has a slash. */
FIRN_API FIRN_NODISCARD firn_status firn_store_scratch(const firn_store_writer *writer,
                                                       const char *name, char *ret_path,
                                                       size_t size);

/* Makes what was put the store's content: syncs the data, replaces the manifest, removes the files
 * of the earlier generation. After a failure the earlier content stands, or, where nothing but the
 * manifest's last sync failed, the new one may. Ends the writer either way. */
FIRN_API FIRN_NODISCARD firn_status firn_store_commit(firn_store_writer *writer,
                                                      firn_error *ret_error);
/* Drops what was put and ends the writer. NULL is let pass. */
FIRN_API void firn_store_abort(firn_store_writer *writer);

FIRN_END

#endif
