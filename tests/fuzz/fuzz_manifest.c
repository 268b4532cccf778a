/* Any bytes as a checkpoint, and as a log that goes on from a fixed one, as they are and with
 * checksums that fit: refused, or a state that keeps its promises. A checkpoint that is taken is
 * written back as the same bytes. */
#include "core/bytes.h"
#include "tier/log.h"

#include <firn/checksum.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_state(const firn_state *state)
{
    uint64_t live = 0;
    for (size_t i = 0; i < state->segment_count; i++) {
        const firn_segment_record *record = &state->segments[i];
        if ((record->flags & FIRN_RECORD_DEAD) != 0)
            continue;
        const firn_data_file *file = firn_state_file(state, record->file);
        check(file != NULL && record->plain <= FIRN_SEGMENT_MAX_BYTES);
        check((uint64_t)record->offset + record->packed <= file->size);
        live += record->packed;
    }
    check(live == state->live_bytes);
    check(state->root == FIRN_SEGMENT_NONE || firn_state_segment(state, state->root) != NULL);
}

static void check_written_back(const firn_state *state, const uint8_t *data, size_t size)
{
    firn_changes all = {.store_id = state->form.store_id,
                        .generation = state->generation,
                        .root = state->root,
                        .segment_next = state->segment_next,
                        .file_next = state->file_next,
                        .segments = state->segments,
                        .segment_count = state->segment_count};
    all.files = malloc((state->file_count + 1) * sizeof *all.files);
    check(all.files != NULL);
    for (size_t i = 0; i < state->file_count; i++)
        all.files[all.file_count++] =
            (firn_file_change){state->files[i]->number, state->files[i]->size};
    check(firn_checkpoint_bytes(&all) == size);
    uint8_t *again = malloc(size);
    check(again != NULL);
    firn_checkpoint_write(&all, again);
    check(memcmp(again, data, size) == 0);
    free(again);
    free(all.files);
}

static void read_checkpoint(const uint8_t *data, size_t size)
{
    firn_state state;
    const char *cause = NULL;
    firn_status status = firn_checkpoint_read(data, size, NULL, &state, &cause);
    if (status != FIRN_OK) {
        check(cause != NULL &&
              (status == FIRN_NOT_STORE || status == FIRN_CORRUPT || status == FIRN_VERSION));
        return;
    }
    check_state(&state);
    if (state.form.version == 2)
        check_written_back(&state, data, size);
    firn_state_fini(&state, NULL);
}

/* Of generation 1: file 0 of 1,000 bytes with the segments 0 and 1. */
static firn_state *state_make(void)
{
    static firn_state state;
    firn_data_file *file;
    state = (firn_state){.form = {.store_id = 7, .version = 2},
                         .generation = 1,
                         .root = FIRN_SEGMENT_NONE,
                         .segment_next = 2,
                         .file_next = 1};
    check(firn_state_file_add(&state, NULL, 0, &file) == FIRN_OK);
    file->size = file->committed = 1000;
    for (uint32_t i = 0; i < 2; i++) {
        firn_segment_record record = {.generation = 1,
                                      .segment = i,
                                      .offset = i * 100,
                                      .plain = 40,
                                      .packed = 100,
                                      .dictionary = FIRN_SEGMENT_NONE};
        check(firn_state_reserve(&state, NULL) == FIRN_OK);
        firn_state_put(&state, &record);
    }
    return &state;
}

static void read_log(const uint8_t *data, size_t size)
{
    static const firn_log_base base = {.store_id = 7, .generation = 1, .crc = 9};
    const char *cause = NULL;
    firn_log_end end;
    firn_state *state = state_make();
    firn_status status = firn_log_replay(data, size, &base, NULL, state, &end, &cause);
    if (status == FIRN_OK) {
        check(end.bytes <= size && (end.torn || end.bytes == size));
        check_state(state);
    } else {
        check(cause != NULL && (status == FIRN_CORRUPT || status == FIRN_VERSION));
    }
    firn_state_fini(state, NULL);
}

/* Behind a header that fits, records whose sizes, chain and checksums fit as far as they go. */
static void read_fitting_log(const uint8_t *data, size_t size)
{
    static const firn_log_base base = {.store_id = 7, .generation = 1, .crc = 9};
    uint8_t *log = malloc(FIRN_LOG_HEADER_BYTES + size);
    check(log != NULL);
    firn_log_header_write(&base, log);
    memcpy(log + FIRN_LOG_HEADER_BYTES, data, size);
    uint8_t *record = log + FIRN_LOG_HEADER_BYTES;
    uint32_t previous = base.crc;
    while (size >= FIRN_LOG_RECORD_HEADER_BYTES + 4) {
        firn_changes counts = {.file_count = record[32] % 4, .segment_count = record[36] % 4};
        size_t bytes = firn_log_record_bytes(&counts);
        if (bytes > size)
            break;
        memcpy(record, "FCOM", 4);
        put_u32(record + 4, (uint32_t)bytes);
        put_u32(record + 16, previous);
        put_u32(record + 32, (uint32_t)counts.file_count);
        put_u32(record + 36, (uint32_t)counts.segment_count);
        previous = firn_crc32c(0, record, bytes - 4);
        put_u32(record + bytes - 4, previous);
        record += bytes;
        size -= bytes;
    }
    read_log(log, (size_t)(record - log) + size);
    free(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_checkpoint(data, size);
    read_log(data, size);
    read_fitting_log(data, size);
    if (size < 4)
        return 0;
    uint8_t *fitting = malloc(size);
    check(fitting != NULL);
    memcpy(fitting, data, size);
    put_u32(fitting + size - 4, firn_crc32c(0, fitting, size - 4));
    read_checkpoint(fitting, size);
    free(fitting);
    return 0;
}
