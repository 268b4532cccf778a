/* The checkpoint's bytes, and the elements that the log's records have, too: pure encoding, no I/O.
 *
 * Stands below the reading and the writing of the manifest. docs/formats/frozen.md has the layout.
 *
 * A checkpoint that was read keeps A1 to A3 of state.c; whatever does not is refused as damaged,
 * since its checksum says that nobody but a writer can have written it.
 * Memory: the state's. Complexity: linear in files and segments. */
#include "tier/manifest.h"

#include "core/bytes.h"

#include <firn/checksum.h>

#include <string.h>

enum { MANIFEST_VERSION = 2, MAGIC_BYTES = 8, VERSIONS_MIN_BYTES = 16 };
static const char MAGIC[MAGIC_BYTES + 1] = "FIRNSTOR";

enum {
    AT_VERSION = 8,
    AT_ROOT = 12,
    AT_STORE_ID = 16,
    AT_GENERATION = 24,
    AT_SEGMENT_NEXT = 32,
    AT_FILE_NEXT = 36,
    AT_FILE_COUNT = 40,
    AT_SEGMENT_COUNT = 44,
};
_Static_assert(AT_SEGMENT_COUNT + 4 == FIRN_CHECKPOINT_HEADER_BYTES, "the header is 48 bytes");

/* --- elements --- */

uint8_t *firn_manifest_files_write(const firn_changes *changes, uint8_t *out)
{
    for (size_t i = 0; i < changes->file_count; i++, out += FIRN_MANIFEST_FILE_BYTES) {
        put_u32(out, changes->files[i].number);
        put_u32(out + 4, changes->files[i].size);
    }
    return out;
}

uint8_t *firn_manifest_segments_write(const firn_changes *changes, uint8_t *out)
{
    for (size_t i = 0; i < changes->segment_count; i++, out += FIRN_MANIFEST_SEGMENT_BYTES) {
        const firn_segment_record *record = &changes->segments[i];
        put_u32(out, record->segment);
        put_u32(out + 4, record->file);
        put_u32(out + 8, record->offset);
        put_u32(out + 12, record->kind);
        put_u32(out + 16, record->plain);
        put_u32(out + 20, record->packed);
        put_u32(out + 24, record->dictionary);
        put_u16(out + 28, record->codec);
        put_u16(out + 30, record->flags & FIRN_RECORD_ON_DISK);
        put_u64(out + 32, record->generation);
    }
    return out;
}

void firn_manifest_file_read(const uint8_t *data, firn_file_change *ret_file)
{
    *ret_file = (firn_file_change){.number = get_u32(data), .size = get_u32(data + 4)};
}

void firn_manifest_segment_read(const uint8_t *data, firn_segment_record *ret_record)
{
    *ret_record = (firn_segment_record){
        .segment = get_u32(data),
        .file = get_u32(data + 4),
        .offset = get_u32(data + 8),
        .kind = get_u32(data + 12),
        .plain = get_u32(data + 16),
        .packed = get_u32(data + 20),
        .dictionary = get_u32(data + 24),
        .codec = get_u16(data + 28),
        .flags = get_u16(data + 30),
        .generation = get_u64(data + 32),
    };
}

/* --- the checkpoint --- */

static size_t bytes_of(size_t file_count, size_t segment_count)
{
    return FIRN_CHECKPOINT_HEADER_BYTES + file_count * FIRN_MANIFEST_FILE_BYTES +
           segment_count * FIRN_MANIFEST_SEGMENT_BYTES + FIRN_MANIFEST_CRC_BYTES;
}

size_t firn_checkpoint_bytes(const firn_changes *changes)
{
    return bytes_of(changes->file_count, changes->segment_count);
}

void firn_checkpoint_write(const firn_changes *changes, uint8_t *out)
{
    memcpy(out, MAGIC, MAGIC_BYTES);
    put_u32(out + AT_VERSION, MANIFEST_VERSION);
    put_u32(out + AT_ROOT, changes->root);
    put_u64(out + AT_STORE_ID, changes->store_id);
    put_u64(out + AT_GENERATION, changes->generation);
    put_u32(out + AT_SEGMENT_NEXT, changes->segment_next);
    put_u32(out + AT_FILE_NEXT, changes->file_next);
    put_u32(out + AT_FILE_COUNT, (uint32_t)changes->file_count);
    put_u32(out + AT_SEGMENT_COUNT, (uint32_t)changes->segment_count);
    uint8_t *at = firn_manifest_files_write(changes, out + FIRN_CHECKPOINT_HEADER_BYTES);
    at = firn_manifest_segments_write(changes, at);
    put_u32(at, firn_crc32c(0, out, (size_t)(at - out)));
}

/* Checks what all versions have: magic, checksum, and a version that is known. */
static firn_status version_read(const uint8_t *data, size_t size, uint32_t *ret_version,
                                const char **ret_cause)
{
    size_t magic = size < MAGIC_BYTES ? size : MAGIC_BYTES;
    *ret_cause = "it is no manifest of a Firn store";
    if (size > 0 && memcmp(data, MAGIC, magic) != 0)
        return FIRN_NOT_STORE;
    *ret_cause = "the manifest is cut off";
    if (size < VERSIONS_MIN_BYTES)
        return FIRN_CORRUPT;
    *ret_cause = "the manifest is damaged (checksum)";
    size_t checked = size - FIRN_MANIFEST_CRC_BYTES;
    if (get_u32(data + checked) != firn_crc32c(0, data, checked))
        return FIRN_CORRUPT;
    *ret_cause = "the store was written by a later version of Firn";
    uint32_t version = get_u32(data + AT_VERSION);
    if (version == 0 || version > MANIFEST_VERSION)
        return FIRN_VERSION;
    *ret_version = version;
    return FIRN_OK;
}

static firn_status files_read(const uint8_t *data, size_t count, const firn_allocator *allocator,
                              firn_state *state)
{
    for (size_t i = 0; i < count; i++, data += FIRN_MANIFEST_FILE_BYTES) {
        firn_file_change read;
        firn_data_file *file;
        firn_manifest_file_read(data, &read);
        bool rises = i == 0 || state->files[i - 1]->number < read.number; /* A1 */
        if (!rises || read.size == 0 || read.number >= state->file_next)
            return FIRN_CORRUPT;
        firn_status status = firn_state_file_add(state, allocator, read.number, &file);
        if (status != FIRN_OK)
            return status;
        file->size = file->committed = read.size;
    }
    return FIRN_OK;
}

static firn_status segments_read(const uint8_t *data, size_t count, const firn_allocator *allocator,
                                 firn_state *state)
{
    if (count > 0) {
        state->segments = firn_allocate(allocator, count * sizeof *state->segments);
        if (state->segments == NULL)
            return FIRN_NO_MEMORY;
        state->segment_capacity = count;
    }
    for (size_t i = 0; i < count; i++, data += FIRN_MANIFEST_SEGMENT_BYTES) {
        firn_segment_record record;
        firn_manifest_segment_read(data, &record);
        bool rises = i == 0 || state->segments[i - 1].segment < record.segment; /* A1 */
        if (!rises || record.generation > state->generation ||
            !firn_state_record_valid(state, &record)) /* A2 */
            return FIRN_CORRUPT;
        firn_state_put(state, &record);
    }
    return FIRN_OK;
}

static firn_status v2_read(const uint8_t *data, size_t size, const firn_allocator *allocator,
                           firn_state *state)
{
    if (size < FIRN_CHECKPOINT_HEADER_BYTES + FIRN_MANIFEST_CRC_BYTES)
        return FIRN_CORRUPT;
    size_t file_count = get_u32(data + AT_FILE_COUNT);
    size_t segment_count = get_u32(data + AT_SEGMENT_COUNT);
    state->form.store_id = get_u64(data + AT_STORE_ID);
    state->generation = get_u64(data + AT_GENERATION);
    state->root = get_u32(data + AT_ROOT);
    state->segment_next = get_u32(data + AT_SEGMENT_NEXT);
    state->file_next = get_u32(data + AT_FILE_NEXT);
    if (file_count > FIRN_STATE_FILES_MAX || segment_count > FIRN_STATE_SEGMENTS_MAX ||
        state->generation == 0 || state->generation > FIRN_GENERATION_MAX ||
        bytes_of(file_count, segment_count) != size)
        return FIRN_CORRUPT;
    const uint8_t *records = data + FIRN_CHECKPOINT_HEADER_BYTES;
    firn_status status = files_read(records, file_count, allocator, state);
    if (status == FIRN_OK)
        status = segments_read(records + file_count * FIRN_MANIFEST_FILE_BYTES, segment_count,
                               allocator, state);
    if (status != FIRN_OK)
        return status;
    bool root_valid =
        state->root == FIRN_SEGMENT_NONE || firn_state_segment(state, state->root) != NULL;
    return root_valid ? FIRN_OK : FIRN_CORRUPT;
}

firn_status firn_checkpoint_read(const uint8_t *data, size_t size, const firn_allocator *allocator,
                                 firn_state *ret_state, const char **ret_cause)
{
    firn_state state = {.root = FIRN_SEGMENT_NONE};
    firn_status status = version_read(data, size, &state.form.version, ret_cause);
    if (status != FIRN_OK)
        return status;
    status = state.form.version == 1 ? firn_manifest_v1_read(data, size, allocator, &state)
                                     : v2_read(data, size, allocator, &state);
    if (status != FIRN_OK) {
        firn_state_fini(&state, allocator);
        *ret_cause =
            status == FIRN_NO_MEMORY ? firn_status_text(status) : "the manifest contradicts itself";
        return status == FIRN_NO_MEMORY ? status : FIRN_CORRUPT;
    }
    *ret_state = state;
    return FIRN_OK;
}
