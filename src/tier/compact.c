/* Compaction: live segments moved out of data files that are largely garbage, and packed again.
 *
 * Called by users (firn/store.h), `firn store compact` and whoever has an idle moment. Calls read.c
 * and writer.c; the next commit makes the moves durable and removes the files that became empty.
 *
 * Files are worth emptying by their share of garbage, or when there are many small ones, as writers
 * that come and go leave them. A segment that was packed again is marked, so that nobody tries it a
 * second time, whether or not it became smaller.
 * Invariants:
 *   K1  a file that is being emptied takes no more segments
 *   K2  a segment is moved only if it was read whole, and if nobody removed or moved it meanwhile
 * Threads: one compaction at a time; puts, pins, removals and commits go on beside it.
 * Memory: a segment's packed bytes, and its content when it is packed again; 4 bytes for each of a
 * file's segments.
 * Complexity: O(bytes moved), and O(segments) a file. */
#include "tier/folder.h"
#include "tier/frozen.h"

#include "core/file_error.h"

enum {
    GARBAGE_PERCENT_DEFAULT = 50,
    SMALL_SHARE = 4, /* a small file is below this part of what files should have */
    SMALL_FILES = 8, /* so many of them may be */
    LEVEL_MAX = 19,
};

/* What a compaction is to do and has done. */
typedef struct compaction {
    firn_store *store;
    firn_codec *codec;
    uint32_t garbage_percent;
    int level;
    uint64_t move_bytes; /* to stop at */
    uint64_t moved_bytes;
    bool is_full; /* the quota has no room for more */
} compaction;

/* Numbers, of files or segments. */
typedef struct numbers {
    uint32_t *of;
    size_t count;
    size_t room;
} numbers;

static bool is_done(const compaction *work)
{
    return work->is_full || (work->move_bytes != 0 && work->moved_bytes >= work->move_bytes);
}

/* --- what to move --- */

static bool numbers_allocate(const compaction *work, size_t room, numbers *list)
{
    *list = (numbers){.room = room};
    if (room > 0)
        list->of = firn_allocate(work->store->allocator, room * sizeof *list->of);
    return room == 0 || list->of != NULL;
}

static void numbers_release(const compaction *work, numbers *list)
{
    if (list->of != NULL)
        firn_release(work->store->allocator, list->of, list->room * sizeof *list->of);
}

static bool is_small(const firn_data_file *file, uint64_t file_bytes)
{
    return file->live_segments > 0 && file->size < file_bytes / SMALL_SHARE;
}

static size_t small_count(const firn_store *store, uint64_t file_bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < store->state.file_count; i++)
        count += is_small(store->state.files[i], file_bytes);
    return count;
}

static bool is_garbage(const compaction *work, const firn_data_file *file)
{
    uint64_t garbage = file->size - file->live_bytes;
    return file->live_segments > 0 && garbage > 0 &&
           garbage * 100 >= (uint64_t)file->size * work->garbage_percent;
}

/* The files to be emptied, which are retired (K1). */
static firn_status choose_files(const compaction *work, numbers *files, firn_error *ret_error)
{
    firn_store *store = work->store;
    firn_writer *writer = store->writer;
    const firn_state *state = &store->state;
    pthread_mutex_lock(&writer->append_mutex);
    pthread_mutex_lock(&store->mutex);
    uint64_t file_bytes = firn_writer_file_bytes(store);
    bool merges = small_count(store, file_bytes) > SMALL_FILES;
    bool allocated = numbers_allocate(work, state->file_count, files);
    for (size_t i = 0; i < state->file_count && allocated; i++) {
        firn_data_file *file = state->files[i];
        if (!is_garbage(work, file) && !(merges && is_small(file, file_bytes)))
            continue;
        files->of[files->count++] = file->number;
        file->retired = true;
        if (writer->current == file) {
            firn_file_close(&writer->append);
            writer->current = NULL;
        }
    }
    pthread_mutex_unlock(&store->mutex);
    pthread_mutex_unlock(&writer->append_mutex);
    return allocated ? FIRN_OK : firn_store_no_memory(store, ret_error);
}

/* The live segments of a file, or, of all files, those that were not packed again yet. */
static firn_status choose_segments(const compaction *work, const uint32_t *file, numbers *segments,
                                   firn_error *ret_error)
{
    firn_store *store = work->store;
    const firn_state *state = &store->state;
    pthread_mutex_lock(&store->mutex);
    const firn_data_file *found = file != NULL ? firn_state_file(state, *file) : NULL;
    size_t room = file == NULL ? state->live_count : found != NULL ? found->live_segments : 0;
    bool allocated = numbers_allocate(work, room, segments);
    for (size_t i = 0; i < state->segment_count && segments->count < room && allocated; i++) {
        const firn_segment_record *record = &state->segments[i];
        bool wanted =
            file != NULL ? record->file == *file : (record->flags & FIRN_RECORD_REPACKED) == 0;
        if (wanted && (record->flags & FIRN_RECORD_DEAD) == 0)
            segments->of[segments->count++] = record->segment;
    }
    pthread_mutex_unlock(&store->mutex);
    return allocated ? FIRN_OK : firn_store_no_memory(store, ret_error);
}

/* --- one segment --- */

/* Packs a segment's content anew into bytes, behind the room for a header; *packed becomes what the
 * segment would be then. */
static firn_status pack_again(const compaction *work, const firn_segment_record *record,
                              const uint8_t *plain, uint8_t *bytes, firn_segment_record *packed,
                              firn_error *ret_error)
{
    firn_store *store = work->store;
    size_t frame = 0;
    uint8_t *out = bytes + FIRN_SEGMENT_HEADER_BYTES;
    const firn_dictionary *dictionary = NULL;
    firn_status status = FIRN_OK;
    char shown[FIRN_PATH_SHOWN_BYTES];
    if (record->dictionary != FIRN_SEGMENT_NONE)
        status =
            firn_store_dictionary(store, record->dictionary, work->level, &dictionary, ret_error);
    if (status != FIRN_OK)
        return status;
    status = dictionary != NULL ? firn_codec_pack_with(work->codec, dictionary, work->level, plain,
                                                       record->plain, out, &frame)
                                : firn_codec_pack(work->codec, FIRN_CODEC_ZSTD, work->level, plain,
                                                  record->plain, out, &frame);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: a segment cannot be packed: %s",
                              firn_path_shown(store->path, shown), firn_status_text(status));
    *packed = *record;
    packed->packed = (uint32_t)(FIRN_SEGMENT_HEADER_BYTES + frame);
    packed->codec = out[0];
    packed->dictionary =
        out[0] == FIRN_CODEC_ZSTD_DICTIONARY ? record->dictionary : FIRN_SEGMENT_NONE;
    return FIRN_OK;
}

/* Unpacks a segment and packs it again; *ret_bytes is then what is to be appended: new bytes of
 * room, where that is smaller. */
static firn_status repack(const compaction *work, const firn_segment_record *record,
                          const uint8_t *old, uint8_t *room, firn_segment_record *packed,
                          bool *ret_smaller, firn_error *ret_error)
{
    const firn_allocator *allocator = work->store->allocator;
    size_t size = record->plain > 0 ? record->plain : 1;
    uint8_t *plain = firn_allocate(allocator, size);
    if (plain == NULL)
        return firn_store_no_memory(work->store, ret_error);
    firn_status status = firn_segment_unpack(work->store, record, old, plain, ret_error);
    if (status == FIRN_OK)
        status = pack_again(work, record, plain, room, packed, ret_error);
    firn_release(allocator, plain, size);
    if (status == FIRN_OK)
        *ret_smaller = packed->packed < record->packed;
    return status;
}

/* Moves what was read into old, packed again where that is wanted and pays. must_move: even if not.
 */
static firn_status move_read(compaction *work, const firn_segment_record *record, uint8_t *old,
                             bool must_move, firn_error *ret_error)
{
    firn_store *store = work->store;
    const size_t room = FIRN_SEGMENT_HEADER_BYTES + firn_codec_bound(record->plain);
    firn_segment_record moved = *record;
    uint8_t *bytes = old, *again = NULL;
    bool done = false;
    firn_status status = FIRN_OK;
    if (work->level != 0 && (record->flags & FIRN_RECORD_REPACKED) == 0) {
        bool smaller = false;
        again = firn_allocate(store->allocator, room);
        if (again == NULL)
            return firn_store_no_memory(store, ret_error);
        status = repack(work, record, old, again, &moved, &smaller, ret_error);
        if (!smaller)
            moved = *record;
        bytes = smaller ? again : old;
        moved.flags |= FIRN_RECORD_REPACKED;
    }
    if (status == FIRN_OK && bytes == old && !must_move) {
        status = firn_writer_mark(store, &moved, ret_error);
        done = status == FIRN_OK; /* the time went all the same */
    } else if (status == FIRN_OK)
        status = firn_writer_append(store, bytes, &moved, record, &done, ret_error);
    if (status == FIRN_OK && done)
        work->moved_bytes += moved.packed;
    firn_release(store->allocator, again, again != NULL ? room : 0);
    return status;
}

/* Moves one segment. What is gone, or damaged, is passed over (K2). */
static firn_status move_one(compaction *work, uint32_t segment, bool must_move,
                            firn_error *ret_error)
{
    firn_store *store = work->store;
    firn_segment_record record;
    firn_data_file *file;
    if (firn_segment_take(store, segment, &record, &file, NULL) != FIRN_OK)
        return FIRN_OK;
    uint8_t *packed = firn_allocate(store->allocator, record.packed);
    firn_status status = packed != NULL
                             ? firn_segment_read_packed(store, &record, file, packed, ret_error)
                             : firn_store_no_memory(store, ret_error);
    if (status == FIRN_OK)
        status = move_read(work, &record, packed, must_move, ret_error);
    firn_release(store->allocator, packed, packed != NULL ? record.packed : 0);
    firn_segment_give(store, file);
    if (status == FIRN_LIMIT)
        work->is_full = true;
    bool passed_over = status == FIRN_CORRUPT || status == FIRN_VERSION ||
                       (status == FIRN_LIMIT && work->moved_bytes > 0);
    return passed_over ? FIRN_OK : status;
}

/* --- all --- */

static firn_status move_all(compaction *work, const uint32_t *file, firn_error *ret_error)
{
    numbers segments;
    firn_status status = choose_segments(work, file, &segments, ret_error);
    for (size_t i = 0; i < segments.count && status == FIRN_OK && !is_done(work); i++)
        status = move_one(work, segments.of[i], file != NULL, ret_error);
    numbers_release(work, &segments);
    return status;
}

static firn_status options_check(const firn_store *store, const firn_store_compact_options *options,
                                 firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_status status = firn_writer_check(store, ret_error);
    bool valid = options->garbage_percent <= 100 && options->level >= 0 &&
                 options->level <= LEVEL_MAX && options->reserved[0] == 0 &&
                 options->reserved[1] == 0;
    if (status != FIRN_OK || valid)
        return status;
    return firn_error_set(ret_error, FIRN_INVALID, 0, "%s: no such way to compact",
                          firn_path_shown(store->path, shown));
}

firn_status firn_store_compact(firn_store *store, firn_codec *codec,
                               const firn_store_compact_options *options, uint64_t *ret_moved,
                               firn_error *ret_error)
{
    static const firn_store_compact_options defaults = {0};
    if (options == NULL)
        options = &defaults;
    compaction work = {.store = store,
                       .codec = codec,
                       .garbage_percent = options->garbage_percent != 0 ? options->garbage_percent
                                                                        : GARBAGE_PERCENT_DEFAULT,
                       .level = options->level,
                       .move_bytes = options->move_bytes};
    numbers files = {.count = 0};
    firn_status status = options_check(store, options, ret_error);
    if (status == FIRN_OK)
        status = choose_files(&work, &files, ret_error);
    for (size_t i = 0; i < files.count && status == FIRN_OK && !is_done(&work); i++)
        status = move_all(&work, &files.of[i], ret_error);
    if (status == FIRN_OK && work.level != 0 && !is_done(&work))
        status = move_all(&work, NULL, ret_error);
    numbers_release(&work, &files);
    if (status == FIRN_OK)
        *ret_moved = work.moved_bytes;
    return status;
}
