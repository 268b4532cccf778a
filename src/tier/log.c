/* The log's bytes: a header that names its checkpoint, then records and seals; no I/O.
 *
 * Stands below the reading and the writing of the manifest. docs/formats/frozen.md has the layout.
 *
 * A commit appends a record and syncs it, and only then its seal. So the first thing that is not
 * whole is one of two: a record that was being written when the power failed, which nobody was told
 * of and which is passed over; or damage, of a record whose seal is further behind. Only a seal
 * tells: of two things written and not synced, a disk may keep the later one.
 * Invariants of a log that was read:
 *   G1  each record's previous CRC is that of the record before, the first one's the checkpoint's
 *   G2  generations rise
 * Memory: the state's. Complexity: linear in the log. */
#include "tier/log.h"

#include "core/bytes.h"

#include <firn/checksum.h>

#include <assert.h>
#include <string.h>

enum {
    LOG_VERSION = 2,
    MAGIC_BYTES = 8,
    RECORD_MAGIC = 0x4d4f4346 /* "FCOM" */,
    SEAL_MAGIC = 0x4c414546 /* "FEAL" */,
};
static const char MAGIC[MAGIC_BYTES + 1] = "FIRNCLOG";

enum {
    HEADER_AT_VERSION = 8,
    HEADER_AT_BASE = 12,
    HEADER_AT_STORE_ID = 16,
    HEADER_AT_GENERATION = 24,
    HEADER_AT_CRC = 32
};
_Static_assert(HEADER_AT_CRC + 4 == FIRN_LOG_HEADER_BYTES, "the header is 36 bytes");

enum {
    AT_BYTES = 4,
    AT_GENERATION = 8,
    AT_PREVIOUS = 16,
    AT_ROOT = 20,
    AT_SEGMENT_NEXT = 24,
    AT_FILE_NEXT = 28,
    AT_FILE_COUNT = 32,
    AT_SEGMENT_COUNT = 36,
};
_Static_assert(AT_SEGMENT_COUNT + 4 == FIRN_LOG_RECORD_HEADER_BYTES, "a record's is 40 bytes");

enum { SEAL_AT_RECORD_CRC = 4, SEAL_AT_GENERATION = 8, SEAL_AT_CRC = 16 };
_Static_assert(SEAL_AT_CRC + 4 == FIRN_LOG_SEAL_BYTES, "a seal is 20 bytes");

/* --- writing --- */

void firn_log_header_write(const firn_log_base *base, uint8_t *out)
{
    memcpy(out, MAGIC, MAGIC_BYTES);
    put_u32(out + HEADER_AT_VERSION, LOG_VERSION);
    put_u32(out + HEADER_AT_BASE, base->crc);
    put_u64(out + HEADER_AT_STORE_ID, base->store_id);
    put_u64(out + HEADER_AT_GENERATION, base->generation);
    put_u32(out + HEADER_AT_CRC, firn_crc32c(0, out, HEADER_AT_CRC));
}

size_t firn_log_record_bytes(const firn_changes *changes)
{
    return FIRN_LOG_RECORD_HEADER_BYTES + changes->file_count * FIRN_MANIFEST_FILE_BYTES +
           changes->segment_count * FIRN_MANIFEST_SEGMENT_BYTES + FIRN_MANIFEST_CRC_BYTES;
}

uint32_t firn_log_record_write(const firn_changes *changes, uint32_t previous_crc, uint8_t *out)
{
    put_u32(out, RECORD_MAGIC);
    put_u32(out + AT_BYTES, (uint32_t)firn_log_record_bytes(changes));
    put_u64(out + AT_GENERATION, changes->generation);
    put_u32(out + AT_PREVIOUS, previous_crc);
    put_u32(out + AT_ROOT, changes->root);
    put_u32(out + AT_SEGMENT_NEXT, changes->segment_next);
    put_u32(out + AT_FILE_NEXT, changes->file_next);
    put_u32(out + AT_FILE_COUNT, (uint32_t)changes->file_count);
    put_u32(out + AT_SEGMENT_COUNT, (uint32_t)changes->segment_count);
    uint8_t *at = firn_manifest_files_write(changes, out + FIRN_LOG_RECORD_HEADER_BYTES);
    at = firn_manifest_segments_write(changes, at);
    uint32_t crc = firn_crc32c(0, out, (size_t)(at - out));
    put_u32(at, crc);
    return crc;
}

static uint32_t seal_crc(uint64_t store_id, const uint8_t *seal)
{
    uint8_t id[8];
    put_u64(id, store_id);
    return firn_crc32c(firn_crc32c(0, id, sizeof id), seal, SEAL_AT_CRC);
}

void firn_log_seal_write(uint64_t store_id, uint64_t generation, uint32_t record_crc, uint8_t *out)
{
    put_u32(out, SEAL_MAGIC);
    put_u32(out + SEAL_AT_RECORD_CRC, record_crc);
    put_u64(out + SEAL_AT_GENERATION, generation);
    put_u32(out + SEAL_AT_CRC, seal_crc(store_id, out));
}

/* --- reading --- */

/* What is being read. */
typedef struct replay {
    const uint8_t *data;
    size_t size;
    uint64_t store_id;
    firn_state *state;
    const firn_allocator *allocator;
    firn_log_end end;
} replay;

static firn_status header_check(const uint8_t *data, size_t size, const firn_log_base *base,
                                const char **ret_cause)
{
    *ret_cause = "the log is damaged (header)";
    if (size < FIRN_LOG_HEADER_BYTES || memcmp(data, MAGIC, MAGIC_BYTES) != 0 ||
        get_u32(data + HEADER_AT_CRC) != firn_crc32c(0, data, HEADER_AT_CRC))
        return FIRN_CORRUPT;
    if (get_u32(data + HEADER_AT_VERSION) != LOG_VERSION) {
        *ret_cause = "the log was written by a later version of Firn";
        return FIRN_VERSION;
    }
    *ret_cause = "the log is that of another manifest";
    bool fits = get_u32(data + HEADER_AT_BASE) == base->crc &&
                get_u64(data + HEADER_AT_STORE_ID) == base->store_id &&
                get_u64(data + HEADER_AT_GENERATION) == base->generation;
    return fits ? FIRN_OK : FIRN_CORRUPT;
}

/* Whether a whole seal stands at an offset. */
static bool seal_at(const replay *log, size_t at, uint64_t *ret_generation, uint32_t *ret_crc)
{
    const uint8_t *seal = log->data + at;
    if (log->size - at < FIRN_LOG_SEAL_BYTES || get_u32(seal) != SEAL_MAGIC ||
        get_u32(seal + SEAL_AT_CRC) != seal_crc(log->store_id, seal))
        return false;
    *ret_generation = get_u64(seal + SEAL_AT_GENERATION);
    *ret_crc = get_u32(seal + SEAL_AT_RECORD_CRC);
    return true;
}

/* The bytes of a whole record at an offset, 0 when there is none. */
static size_t record_at(const replay *log, size_t at)
{
    const uint8_t *record = log->data + at;
    size_t left = log->size - at;
    if (left < FIRN_LOG_RECORD_HEADER_BYTES + FIRN_MANIFEST_CRC_BYTES ||
        get_u32(record) != RECORD_MAGIC)
        return 0;
    firn_changes counts = {.file_count = get_u32(record + AT_FILE_COUNT),
                           .segment_count = get_u32(record + AT_SEGMENT_COUNT)};
    size_t bytes = firn_log_record_bytes(&counts);
    if (bytes != get_u32(record + AT_BYTES) || bytes > left)
        return 0;
    size_t checked = bytes - FIRN_MANIFEST_CRC_BYTES;
    return get_u32(record + checked) == firn_crc32c(0, record, checked) ? bytes : 0;
}

/* Whether a record that is not whole was once synced: a seal of it or of a later one stands behind.
 */
static bool was_acknowledged(const replay *log)
{
    uint64_t generation;
    uint32_t crc;
    for (size_t at = log->end.bytes; at < log->size; at++)
        if (seal_at(log, at, &generation, &crc) && generation > log->state->generation)
            return true;
    return false;
}

/* Files that grew and new ones. */
static firn_status file_apply(replay *log, const firn_file_change *change, uint32_t file_next)
{
    firn_state *state = log->state;
    firn_data_file *file = firn_state_file(state, change->number);
    if (file != NULL) {
        if (change->size < file->size)
            return FIRN_CORRUPT;
        file->size = file->committed = change->size;
        return FIRN_OK;
    }
    if (change->number < file_next || change->number >= state->file_next)
        return FIRN_CORRUPT;
    if (state->file_count > 0 && state->files[state->file_count - 1]->number > change->number)
        return FIRN_CORRUPT;
    firn_status status = firn_state_file_add(state, log->allocator, change->number, &file);
    if (status == FIRN_OK)
        file->size = file->committed = change->size;
    return status;
}

static firn_status segment_apply(replay *log, const firn_segment_record *record,
                                 uint32_t segment_next)
{
    firn_state *state = log->state;
    const firn_segment_record *found = firn_state_segment(state, record->segment);
    if (record->packed == 0) {
        if (found == NULL)
            return FIRN_CORRUPT;
        firn_state_remove(state, record->segment);
        return FIRN_OK;
    }
    if (!firn_state_record_valid(state, record) || record->generation > state->generation)
        return FIRN_CORRUPT;
    if (found != NULL) {
        firn_state_move(state, record);
        return FIRN_OK;
    }
    bool is_new = record->segment >= segment_next &&
                  (state->segment_count == 0 ||
                   state->segments[state->segment_count - 1].segment < record->segment);
    if (!is_new)
        return FIRN_CORRUPT;
    firn_status status = firn_state_reserve(state, log->allocator);
    if (status == FIRN_OK)
        firn_state_put(state, record);
    return status;
}

static firn_status files_remove(replay *log, const uint8_t *files, size_t count)
{
    for (size_t i = 0; i < count; i++, files += FIRN_MANIFEST_FILE_BYTES) {
        firn_file_change change;
        firn_manifest_file_read(files, &change);
        firn_data_file *file = firn_state_file(log->state, change.number);
        if (change.size > 0)
            continue;
        if (file == NULL || file->live_segments > 0)
            return FIRN_CORRUPT;
        firn_state_file_remove(log->state, log->allocator, file);
    }
    return FIRN_OK;
}

/* Takes in a whole record. */
static firn_status record_apply(replay *log, const uint8_t *record)
{
    firn_state *state = log->state;
    const uint32_t segment_next = state->segment_next, file_next = state->file_next;
    const size_t file_count = get_u32(record + AT_FILE_COUNT);
    const size_t segment_count = get_u32(record + AT_SEGMENT_COUNT);
    const uint8_t *files = record + FIRN_LOG_RECORD_HEADER_BYTES;
    const uint8_t *segments = files + file_count * FIRN_MANIFEST_FILE_BYTES;
    const uint64_t generation = get_u64(record + AT_GENERATION);
    firn_status status = FIRN_OK;
    if (generation <= state->generation || generation > FIRN_GENERATION_MAX /* G2 */ ||
        get_u32(record + AT_PREVIOUS) != log->end.crc /* G1 */ ||
        get_u32(record + AT_SEGMENT_NEXT) < segment_next ||
        get_u32(record + AT_FILE_NEXT) < file_next)
        return FIRN_CORRUPT;
    state->generation = generation;
    state->root = get_u32(record + AT_ROOT);
    state->segment_next = get_u32(record + AT_SEGMENT_NEXT);
    state->file_next = get_u32(record + AT_FILE_NEXT);
    for (size_t i = 0; i < file_count && status == FIRN_OK; i++) {
        firn_file_change change;
        firn_manifest_file_read(files + i * FIRN_MANIFEST_FILE_BYTES, &change);
        if (change.size > 0)
            status = file_apply(log, &change, file_next);
    }
    for (size_t i = 0; i < segment_count && status == FIRN_OK; i++) {
        firn_segment_record change;
        firn_manifest_segment_read(segments + i * FIRN_MANIFEST_SEGMENT_BYTES, &change);
        status = segment_apply(log, &change, segment_next);
    }
    if (status == FIRN_OK)
        status = files_remove(log, files, file_count);
    if (status == FIRN_OK && state->root != FIRN_SEGMENT_NONE &&
        firn_state_segment(state, state->root) == NULL)
        status = FIRN_CORRUPT;
    return status == FIRN_NO_MEMORY || status == FIRN_OK ? status : FIRN_CORRUPT;
}

/* Takes in the entry behind what was read. FIRN_END_OF_DATA when no whole one stands there. */
static firn_status entry_apply(replay *log)
{
    uint64_t generation;
    uint32_t crc;
    if (seal_at(log, log->end.bytes, &generation, &crc)) {
        if (generation != log->state->generation || crc != log->end.crc || log->end.sealed)
            return FIRN_CORRUPT;
        log->end.sealed = true;
        log->end.bytes += FIRN_LOG_SEAL_BYTES;
        return FIRN_OK;
    }
    const uint8_t *record = log->data + log->end.bytes;
    size_t bytes = record_at(log, log->end.bytes);
    if (bytes == 0)
        return FIRN_END_OF_DATA;
    firn_status status = record_apply(log, record);
    if (status != FIRN_OK)
        return status;
    log->end.crc = get_u32(record + bytes - FIRN_MANIFEST_CRC_BYTES);
    log->end.sealed = false;
    log->end.bytes += bytes;
    firn_state_purge(log->state);
    return FIRN_OK;
}

firn_status firn_log_replay(const uint8_t *data, size_t size, const firn_log_base *base,
                            const firn_allocator *allocator, firn_state *state,
                            firn_log_end *ret_end, const char **ret_cause)
{
    replay log = {.data = data,
                  .size = size,
                  .store_id = base->store_id,
                  .state = state,
                  .allocator = allocator,
                  .end = {.bytes = FIRN_LOG_HEADER_BYTES, .crc = base->crc, .sealed = true}};
    firn_status status = header_check(data, size, base, ret_cause);
    if (status != FIRN_OK)
        return status;
    while (status == FIRN_OK && log.end.bytes < size)
        status = entry_apply(&log);
    if (status == FIRN_END_OF_DATA) {
        status = was_acknowledged(&log) ? FIRN_CORRUPT : FIRN_OK;
        log.end.torn = status == FIRN_OK;
        *ret_cause = "a commit in the log is damaged (checksum)";
    } else if (status == FIRN_CORRUPT) {
        *ret_cause = "the log contradicts itself";
    } else if (status != FIRN_OK) {
        *ret_cause = firn_status_text(status);
    }
    if (status == FIRN_OK)
        *ret_end = log.end;
    return status;
}
