/* Reading segments: found in the state, read from their files, checked, then decoded.
 *
 * Called by users (firn/store.h) and by compact.c. Calls core's files, the codec, the segment's
 * encoding, and decoded.c for what stays in memory. Data are read by pread and never mapped: a file
 * that somebody cuts off or a device that fails is an error then and no SIGBUS.
 *
 * Invariants:
 *   S1  a segment's bytes, wherever they lie, are always the same: numbers are not used twice, so
 *       what is decoded stays right when the state changes
 *   S2  what a pin returns was checked: its header against the state, its frame against the CRC
 *       that the header has, before it was decoded, and the data against theirs
 * Threads: everything may be called by any number. The store's mutex is held for look-ups only; the
 * reference to a data file keeps it open while it is read.
 * Memory: decoded segments, and for each thread at work at once an unpacker (94 KiB) and, while it
 * reads, the packed bytes.
 * Complexity: pin O(1) when decoded, else O(segment). */
#include "core/file_error.h"
#include "tier/folder.h"
#include "tier/frozen.h"

#include <firn/checksum.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#define WAY_OUT "write the store anew"

/* --- finding --- */

firn_status firn_segment_take(firn_store *store, uint32_t segment, firn_segment_record *ret_record,
                              firn_data_file **ret_file, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    pthread_mutex_lock(&store->mutex);
    const firn_segment_record *found = firn_state_segment(&store->state, segment);
    if (found != NULL) {
        *ret_record = *found;
        *ret_file = firn_state_file(&store->state, found->file);
        (*ret_file)->refs++;
    }
    pthread_mutex_unlock(&store->mutex);
    if (found != NULL)
        return FIRN_OK;
    return firn_error_set(ret_error, FIRN_NOT_FOUND, 0, "%s: has no segment %" PRIu32,
                          firn_path_shown(store->path, shown), segment);
}

void firn_segment_give(firn_store *store, firn_data_file *file)
{
    pthread_mutex_lock(&store->mutex);
    firn_data_file_release(file, store->allocator);
    pthread_mutex_unlock(&store->mutex);
}

/* --- unpackers --- */

static firn_unpacker *unpacker_take(firn_store *store)
{
    pthread_mutex_lock(&store->mutex);
    firn_unpacker *taken = store->unpackers;
    if (taken != NULL)
        store->unpackers = taken->next;
    pthread_mutex_unlock(&store->mutex);
    if (taken != NULL)
        return taken;
    taken = firn_allocate_zeroed(store->allocator, 1, sizeof *taken);
    if (taken == NULL)
        return NULL;
    if (firn_codec_create(store->allocator, &taken->codec) != FIRN_OK) {
        firn_release(store->allocator, taken, sizeof *taken);
        return NULL;
    }
    return taken;
}

static void unpacker_give(firn_store *store, firn_unpacker *given)
{
    pthread_mutex_lock(&store->mutex);
    given->next = store->unpackers;
    store->unpackers = given;
    pthread_mutex_unlock(&store->mutex);
}

/* --- reading a segment --- */

static firn_status segment_failed(const firn_store *store, const firn_segment_record *record,
                                  firn_status status, const char *cause, firn_error *ret_error)
{
    const char *way_out = status == FIRN_NO_MEMORY ? "free some memory"
                          : status == FIRN_IO      ? "check the device"
                          : status == FIRN_VERSION ? "use that version"
                                                   : WAY_OUT;
    char path[FIRN_STORE_PATH_BYTES];
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_status fits =
        firn_store_data_path(store->path, &store->form, record->file, path, ret_error);
    if (fits != FIRN_OK)
        return fits;
    return firn_error_set(ret_error, status, 0, "%s: segment %" PRIu32 " %s; %s",
                          firn_path_shown(path, shown), record->segment, cause, way_out);
}

static const char *unpack_cause(firn_status status)
{
    switch (status) {
    case FIRN_NO_MEMORY:
        return "cannot be unpacked (out of memory)";
    case FIRN_VERSION:
        return "was written by a later version";
    default:
        return "is damaged (checksum)";
    }
}

/* Whether a header is the one that the state expects there. */
static bool header_expected(const firn_store *store, const firn_segment_record *record,
                            const firn_segment_header *header)
{
    return header->store_id == store->form.store_id && header->generation == record->generation &&
           header->segment == record->segment && header->kind == record->kind &&
           header->plain == record->plain && header->packed == record->packed &&
           header->dictionary == record->dictionary;
}

/* Checks what can be checked before anything is decoded (S2). */
static firn_status packed_check(const firn_store *store, const firn_segment_record *record,
                                const uint8_t *packed, firn_error *ret_error)
{
    firn_segment_header header;
    const uint32_t version = store->form.version;
    const uint32_t header_bytes = firn_segment_header_bytes(version);
    firn_status status = firn_segment_header_read(packed, record->packed, version, &header);
    if (status != FIRN_OK)
        return segment_failed(store, record, status,
                              status == FIRN_VERSION ? unpack_cause(status) : "is damaged (header)",
                              ret_error);
    if (!header_expected(store, record, &header))
        return segment_failed(store, record, FIRN_CORRUPT,
                              "is damaged (a stale or misplaced segment)", ret_error);
    if (version != 1 &&
        header.frame_crc != firn_crc32c(0, packed + header_bytes, record->packed - header_bytes))
        return segment_failed(store, record, FIRN_CORRUPT, unpack_cause(FIRN_CORRUPT), ret_error);
    return FIRN_OK;
}

firn_status firn_segment_read_packed(firn_store *store, const firn_segment_record *record,
                                     const firn_data_file *file, uint8_t *out,
                                     firn_error *ret_error)
{
    size_t got = 0;
    firn_status status = firn_file_read_at(&file->file, record->offset, out, record->packed, &got);
    if (status != FIRN_OK)
        return segment_failed(store, record, status, "cannot be read", ret_error);
    if (got != record->packed)
        return segment_failed(store, record, FIRN_CORRUPT, "is damaged (the file is cut off)",
                              ret_error);
    return packed_check(store, record, out, ret_error);
}

firn_status firn_segment_unpack(firn_store *store, const firn_segment_record *record,
                                const uint8_t *packed, uint8_t *out, firn_error *ret_error)
{
    const uint32_t header_bytes = firn_segment_header_bytes(store->form.version);
    const uint8_t *frame = packed + header_bytes;
    const size_t frame_bytes = record->packed - header_bytes;
    const firn_dictionary *dictionary = NULL;
    firn_status status = FIRN_OK;
    if (record->dictionary != FIRN_SEGMENT_NONE)
        status = firn_store_dictionary(store, record->dictionary, 0, &dictionary, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_unpacker *taken = unpacker_take(store);
    if (taken == NULL)
        return firn_store_no_memory(store, ret_error);
    if (dictionary != NULL)
        status = firn_codec_unpack_with(taken->codec, dictionary, frame, frame_bytes, out,
                                        record->plain);
    else
        status = firn_codec_unpack(taken->codec, frame, frame_bytes, out, record->plain);
    unpacker_give(store, taken);
    if (status == FIRN_NOT_FOUND || (status == FIRN_OK && frame[0] != record->codec))
        status = FIRN_CORRUPT;
    return status == FIRN_OK
               ? FIRN_OK
               : segment_failed(store, record, status, unpack_cause(status), ret_error);
}

/* Reads, checks and unpacks a segment into out, which has room for its plain size. */
static firn_status segment_read(firn_store *store, const firn_segment_record *record,
                                const firn_data_file *file, uint8_t *out, firn_error *ret_error)
{
    uint8_t *packed = firn_allocate(store->allocator, record->packed);
    if (packed == NULL)
        return firn_store_no_memory(store, ret_error);
    firn_status status = firn_segment_read_packed(store, record, file, packed, ret_error);
    if (status == FIRN_OK)
        status = firn_segment_unpack(store, record, packed, out, ret_error);
    firn_release(store->allocator, packed, record->packed);
    return status;
}

firn_status firn_store_pin(firn_store *store, uint32_t segment, firn_segment *ret_segment,
                           firn_error *ret_error)
{
    firn_segment_record record;
    firn_data_file *file;
    firn_decoded_entry *entry;
    bool fill;
    firn_status status = firn_segment_take(store, segment, &record, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    if (firn_decoded_pin(&store->decoded, segment, record.plain, &entry, &fill) != FIRN_OK) {
        firn_segment_give(store, file);
        return firn_store_no_memory(store, ret_error);
    }
    uint8_t *data = firn_decoded_data(entry);
    if (fill) {
        status = segment_read(store, &record, file, data, ret_error);
        firn_decoded_filled(&store->decoded, entry, status == FIRN_OK);
    }
    firn_segment_give(store, file);
    if (status == FIRN_OK)
        *ret_segment = (firn_segment){
            .data = record.plain > 0 ? data : NULL, .size = record.plain, .entry = entry};
    return status;
}

void firn_store_unpin(firn_store *store, firn_segment *segment)
{
    firn_decoded_unpin(&store->decoded, segment->entry);
    *segment = (firn_segment){0};
}

void firn_store_will_pin(firn_store *store, uint32_t segment)
{
    firn_segment_record record;
    firn_data_file *file;
    if (firn_decoded_has(&store->decoded, segment) ||
        firn_segment_take(store, segment, &record, &file, NULL) != FIRN_OK)
        return;
    firn_file_will_read(&file->file, record.offset, record.packed);
    firn_segment_give(store, file);
}

/* --- dictionaries --- */

static firn_dictionary *prepared_find(firn_store *store, uint32_t segment, int level)
{
    firn_dictionary *found = NULL;
    pthread_mutex_lock(&store->mutex);
    for (const firn_prepared *at = store->prepared; at != NULL && found == NULL; at = at->next)
        if (at->segment == segment && (at->level == level || level == 0))
            found = at->dictionary;
    pthread_mutex_unlock(&store->mutex);
    return found;
}

static firn_status dictionary_prepare(firn_store *store, uint32_t segment, int level,
                                      firn_prepared *prepared, firn_error *ret_error)
{
    firn_segment content;
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_status status = firn_store_pin(store, segment, &content, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_dictionary_create(store->allocator, content.data, content.size, level,
                                    &prepared->dictionary);
    firn_store_unpin(store, &content);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: segment %" PRIu32 " is no dictionary: %s",
                              firn_path_shown(store->path, shown), segment,
                              firn_status_text(status));
    return FIRN_OK;
}

firn_status firn_store_dictionary(firn_store *store, uint32_t segment, int level,
                                  const firn_dictionary **ret_dictionary, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_segment_info info;
    *ret_dictionary = prepared_find(store, segment, level);
    if (*ret_dictionary != NULL)
        return FIRN_OK;
    if (firn_store_segment_info(store, segment, &info) != FIRN_OK || !info.is_dictionary)
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "%s: segment %" PRIu32 " is no dictionary",
                              firn_path_shown(store->path, shown), segment);
    firn_prepared *prepared = firn_allocate_zeroed(store->allocator, 1, sizeof *prepared);
    if (prepared == NULL)
        return firn_store_no_memory(store, ret_error);
    *prepared = (firn_prepared){.segment = segment, .level = level};
    firn_status status = dictionary_prepare(store, segment, level, prepared, ret_error);
    if (status != FIRN_OK) {
        firn_release(store->allocator, prepared, sizeof *prepared);
        return status;
    }
    /* Another thread may have prepared it, too: then there are two, which does no harm. */
    pthread_mutex_lock(&store->mutex);
    prepared->next = store->prepared;
    store->prepared = prepared;
    pthread_mutex_unlock(&store->mutex);
    *ret_dictionary = prepared->dictionary;
    return FIRN_OK;
}

/* --- verifying --- */

static firn_status segment_verify(firn_store *store, const firn_segment_record *record,
                                  const firn_data_file *file, firn_error *ret_error)
{
    size_t room = record->plain > 0 ? record->plain : 1;
    uint8_t *buffer = firn_allocate(store->allocator, room);
    if (buffer == NULL)
        return firn_store_no_memory(store, ret_error);
    firn_status status = segment_read(store, record, file, buffer, ret_error);
    firn_release(store->allocator, buffer, room);
    return status;
}

firn_status firn_store_segment_verify(firn_store *store, uint32_t segment, firn_error *ret_error)
{
    firn_segment_record record;
    firn_data_file *file;
    firn_status status = firn_segment_take(store, segment, &record, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    status = segment_verify(store, &record, file, ret_error);
    firn_segment_give(store, file);
    return status;
}

firn_status firn_store_manifest_verify(const firn_store *store, firn_error *ret_error)
{
    firn_store *held = (firn_store *)(uintptr_t)store; /* whose mutex is all that changes */
    pthread_mutex_lock(&held->mutex);
    bool none_yet = held->writer != NULL && held->writer->log_generation == 0;
    pthread_mutex_unlock(&held->mutex);
    if (none_yet)
        return FIRN_OK;
    return firn_manifest_copies_verify(store->path, store->allocator, ret_error);
}

firn_status firn_store_verify(firn_store *store, uint32_t *ret_damaged, firn_error *ret_error)
{
    firn_segment_info info;
    firn_error error = {0};
    uint32_t damaged = 0;
    firn_status first = firn_store_manifest_verify(store, ret_error);
    for (uint32_t from = 0; first != FIRN_NO_MEMORY; from = info.segment + 1) {
        if (firn_store_next(store, from, &info) != FIRN_OK)
            break;
        firn_status status = firn_store_segment_verify(store, info.segment, &error);
        if (status == FIRN_OK || status == FIRN_NOT_FOUND) /* removed meanwhile */
            continue;
        if (first == FIRN_OK || status == FIRN_NO_MEMORY) {
            first = status;
            if (ret_error != NULL)
                *ret_error = error;
        }
        damaged += status != FIRN_NO_MEMORY;
    }
    *ret_damaged = damaged;
    return first;
}
