/* An open store: what its reading, its writing and its commits share.
 *
 * Locks, each taken before those behind it: writer.commit_mutex, writer.append_mutex, mutex. The
 * last is held for moments only, never while a file is read, written or synced. */
#ifndef FIRN_TIER_FROZEN_H
#define FIRN_TIER_FROZEN_H

#include "tier/decoded.h"
#include "tier/load.h"

#include <pthread.h>

enum { FIRN_STORE_LOG_MIN_BYTES = 64 << 10 }; /* a shorter log is gone on with */

/* An idle codec. */
typedef struct firn_unpacker firn_unpacker;
struct firn_unpacker {
    firn_unpacker *next;
    firn_codec *codec;
};

/* A dictionary's segment, made ready to unpack (level 0) or to pack at a level. */
typedef struct firn_prepared firn_prepared;
struct firn_prepared {
    firn_prepared *next;
    uint32_t segment;
    int level;
    firn_dictionary *dictionary;
};

typedef enum firn_pending_kind {
    FIRN_PENDING_PUT,
    FIRN_PENDING_MOVE,
    FIRN_PENDING_REMOVE,
} firn_pending_kind;

/* A change since the last commit. */
typedef struct firn_pending {
    firn_pending_kind kind;
    firn_segment_record before; /* of a put, only the number */
} firn_pending;

typedef struct firn_writer {
    pthread_mutex_t commit_mutex; /* one commit at a time, and the log */
    pthread_mutex_t append_mutex; /* one append at a time, and current */
    firn_lock lock;
    long process; /* which opened the store */
    bool is_open; /* the folder is this writer's to change */
    uint64_t quota_bytes;

    /* guarded by append_mutex, and changed under mutex, too */
    firn_data_file *current; /* takes the next segment; NULL: none */
    firn_file append;        /* the same file, for writing */

    /* guarded by mutex */
    firn_pending *pending; /* in the order of their doing */
    size_t pending_count;
    size_t pending_capacity;
    uint64_t generation;    /* of the last commit that was tried */
    uint64_t data_bytes;    /* of all data files, as they are on disk */
    uint64_t earlier_bytes; /* of files that the first commit will remove */
    uint64_t manifest_bytes;
    uint64_t log_generation;       /* of the checkpoint; 0: there is none yet */
    uint32_t appending_dictionary; /* what the segment that is being appended needs */
    bool folder_dirty;             /* a data file was made since the folder was synced */
    bool is_doubtful;  /* a crash might bring a commit that failed: its files must stay */
    bool sweep_needed; /* files may lie around that no manifest needs */

    /* guarded by commit_mutex */
    firn_file log; /* fd -1: none that can be gone on with */
    uint64_t log_bytes;
    uint32_t log_crc; /* of its last record */
    uint64_t checkpoint_bytes;
    bool seal_dirty;   /* a seal was written since the last sync */
    bool must_publish; /* the next commit writes, even if nothing changed */
} firn_writer;

struct firn_store {
    const firn_allocator *allocator;
    char *path;
    size_t path_size;
    firn_store_mode mode;
    firn_store_form form;  /* never changes, and so needs no lock */
    pthread_mutex_t mutex; /* state, the references of its files, what follows */
    bool mutex_ready;
    firn_state state;
    firn_loaded loaded; /* where the state came from; its own state is empty */
    firn_unpacker *unpackers;
    firn_prepared *prepared;
    firn_decoded decoded;
    bool decoded_ready;
    firn_writer *writer; /* NULL: only for reading */
};

/* Texts for failures whose errno core keeps to itself, and for want of memory. */
firn_status firn_store_no_memory(const firn_store *store, firn_error *ret_error);

/* --- reading (read.c) --- */

/* Reads a segment's bytes into out, which has room for record->packed, and checks header and frame.
 * The caller holds a reference to the file. */
FIRN_NODISCARD firn_status firn_segment_read_packed(firn_store *store,
                                                    const firn_segment_record *record,
                                                    const firn_data_file *file, uint8_t *out,
                                                    firn_error *ret_error);
/* Unpacks what was read and checked so into out, which has room for record->plain. */
FIRN_NODISCARD firn_status firn_segment_unpack(firn_store *store, const firn_segment_record *record,
                                               const uint8_t *packed, uint8_t *out,
                                               firn_error *ret_error);
/* Finds a segment and takes a reference to its file. FIRN_NOT_FOUND. */
FIRN_NODISCARD firn_status firn_segment_take(firn_store *store, uint32_t segment,
                                             firn_segment_record *ret_record,
                                             firn_data_file **ret_file, firn_error *ret_error);
void firn_segment_give(firn_store *store, firn_data_file *file);

/* A dictionary's segment made ready at a level. FIRN_INVALID when it is none. */
FIRN_NODISCARD firn_status firn_store_dictionary(firn_store *store, uint32_t segment, int level,
                                                 const firn_dictionary **ret_dictionary,
                                                 firn_error *ret_error);

/* --- writing (writer.c, begin.c) --- */

/* Opens for writing (begin.c): takes the lock, reads what stands there. */
FIRN_NODISCARD firn_status firn_writer_open(firn_store *store, const firn_store_options *options,
                                            firn_error *ret_error);
void firn_writer_close(firn_store *store);

/* For a child of fork that took the store in the middle of another thread's call: closes what
 * descriptors it can, so that the lock ends with the parent's, and leaves all memory (store.c). */
void firn_store_leave(firn_store *store);

/* FIRN_INVALID unless the store can be written by this process. */
FIRN_NODISCARD firn_status firn_writer_check(const firn_store *store, firn_error *ret_error);

/* Appends a segment whose frame is ready behind room for its header in bytes. record has kind,
 * plain, packed, codec, flags and dictionary. moved: NULL, or the segment that this takes the place
 * of, provided that it is still where moved says; *ret_done (may be NULL) tells. */
FIRN_NODISCARD firn_status firn_writer_append(firn_store *store, uint8_t *bytes,
                                              firn_segment_record *record,
                                              const firn_segment_record *moved, bool *ret_done,
                                              firn_error *ret_error);

/* Notes that a segment need not be packed again. */
FIRN_NODISCARD firn_status firn_writer_mark(firn_store *store, const firn_segment_record *record,
                                            firn_error *ret_error);

/* The size that data files should have now. The caller holds mutex. */
uint64_t firn_writer_file_bytes(const firn_store *store);

/* Undoes all that is pending. has_failed: what was written may not have reached the disk, so that
 * nothing is appended behind it. The caller holds append_mutex and mutex. */
void firn_writer_undo(firn_store *store, bool has_failed);

/* Removes from the state and the disk the files that nobody needs: of no segment, and not named by
 * the manifest. None after a commit that failed in doubt. The caller does not hold mutex. */
void firn_writer_drop_files(firn_store *store);

/* --- commits (commit.c) --- */

/* Writes the state, as it was read, as a checkpoint: mends what a crash has left. */
FIRN_NODISCARD firn_status firn_commit_mend(firn_store *store, firn_error *ret_error);

#endif
