/* The manifest of the format's first version, whose stores are read and never written any more:
 * segments were numbered from 0 by the order of their puts, lay in their files one behind the
 * other, and each commit replaced them all. docs/formats/frozen.md has the layout.
 *
 * Called by manifest.c after the checksum was found to fit. Makes the state of state.c; the last
 * segment stands for the root, as it did for those who wrote such stores. */
#include "tier/manifest.h"

#include "core/bytes.h"

enum {
    HEADER_BYTES = 40,
    FILE_BYTES = 4,
    SEGMENT_BYTES = 24,
    SEGMENT_MAX_BYTES = 4 << 20,
    AT_FILE_COUNT = 12,
    AT_STORE_ID = 16,
    AT_GENERATION = 24,
    AT_SEGMENT_COUNT = 32,
    AT_RESERVED = 36,
};

static bool counts_valid(const uint8_t *data, size_t size, const firn_state *state)
{
    size_t files = get_u32(data + AT_FILE_COUNT);
    size_t segments = get_u32(data + AT_SEGMENT_COUNT);
    return files <= FIRN_STATE_FILES_MAX && segments <= FIRN_STATE_SEGMENTS_MAX &&
           state->generation <= FIRN_GENERATION_MAX && get_u32(data + AT_RESERVED) == 0 &&
           size == HEADER_BYTES + files * FILE_BYTES + segments * SEGMENT_BYTES +
                       FIRN_MANIFEST_CRC_BYTES;
}

static firn_status files_read(const uint8_t *data, uint32_t count, const firn_allocator *allocator,
                              firn_state *state)
{
    for (uint32_t i = 0; i < count; i++, data += FILE_BYTES) {
        firn_data_file *file;
        firn_status status = firn_state_file_add(state, allocator, i, &file);
        if (status != FIRN_OK)
            return status;
        file->size = file->committed = get_u32(data);
    }
    state->file_next = count;
    return FIRN_OK;
}

static firn_segment_record record_read(const uint8_t *data, uint32_t number,
                                       const firn_state *state)
{
    return (firn_segment_record){
        .generation = state->generation,
        .segment = number,
        .file = get_u32(data),
        .offset = get_u32(data + 4),
        .kind = get_u32(data + 8),
        .plain = get_u32(data + 12),
        .packed = get_u32(data + 16),
        .dictionary = FIRN_SEGMENT_NONE,
        .codec =
            (uint16_t)(get_u32(data + 20) <= FIRN_CODEC_ZSTD ? get_u32(data + 20) : UINT16_MAX),
    };
}

/* Segments fill the files without gaps, in the order of their numbers. */
static firn_status segments_read(const uint8_t *data, uint32_t count,
                                 const firn_allocator *allocator, firn_state *state)
{
    uint32_t file = 0, offset = 0;
    state->segment_next = count;
    for (uint32_t i = 0; i < count; i++, data += SEGMENT_BYTES) {
        firn_segment_record record = record_read(data, i, state);
        if (i > 0 && file < state->file_count && offset == state->files[file]->size) {
            file++;
            offset = 0;
        }
        if (!firn_state_record_valid(state, &record) || record.plain > SEGMENT_MAX_BYTES ||
            record.file != file || record.offset != offset)
            return FIRN_CORRUPT;
        firn_status status = firn_state_reserve(state, allocator);
        if (status != FIRN_OK)
            return status;
        firn_state_put(state, &record);
        offset += record.packed;
    }
    if (count == 0)
        return state->file_count == 0 ? FIRN_OK : FIRN_CORRUPT;
    bool full = file + 1 == state->file_count && offset == state->files[file]->size;
    return full ? FIRN_OK : FIRN_CORRUPT;
}

firn_status firn_manifest_v1_read(const uint8_t *data, size_t size, const firn_allocator *allocator,
                                  firn_state *state)
{
    if (size < HEADER_BYTES + FIRN_MANIFEST_CRC_BYTES)
        return FIRN_CORRUPT;
    state->form.store_id = get_u64(data + AT_STORE_ID);
    state->generation = get_u64(data + AT_GENERATION);
    state->form.generation = state->generation;
    if (!counts_valid(data, size, state))
        return FIRN_CORRUPT;
    uint32_t files = get_u32(data + AT_FILE_COUNT);
    uint32_t segments = get_u32(data + AT_SEGMENT_COUNT);
    firn_status status = files_read(data + HEADER_BYTES, files, allocator, state);
    if (status == FIRN_OK)
        status = segments_read(data + HEADER_BYTES + (size_t)files * FILE_BYTES, segments,
                               allocator, state);
    if (status == FIRN_OK && segments > 0)
        state->root = segments - 1;
    return status;
}
