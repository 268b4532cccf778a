/* The content of a store in memory: two sorted arrays, changed by the log's records and by writers.
 *
 * Stands below the manifest's encodings, the store's reader and its writer; does no I/O but
 * closing. Calls the allocator.
 *
 * Invariants:
 *   A1  files and segments are sorted by their numbers, each of which is there once
 *   A2  a live segment's file is in files, and holds all of it
 *   A3  live_segments and live_bytes of a file, and the sums of the state, are those of its live
 *       segments
 * Threads: the holder's mutex guards all of it.
 * Memory: 40 bytes a segment; a block of 56 bytes and a pointer a file.
 * Complexity: a look-up O(log n); put O(1); the purge O(n), after at least as many removals. */
#include "tier/state.h"

#include <assert.h>
#include <string.h>

enum { PURGE_MIN = 64 };

void firn_state_fini(firn_state *state, const firn_allocator *allocator)
{
    for (size_t i = 0; i < state->file_count; i++)
        firn_data_file_release(state->files[i], allocator);
    firn_release(allocator, state->files, state->file_capacity * sizeof *state->files);
    firn_release(allocator, state->segments, state->segment_capacity * sizeof *state->segments);
    *state = (firn_state){.root = FIRN_SEGMENT_NONE};
}

/* --- data files --- */

size_t firn_state_file_at(const firn_state *state, uint32_t number)
{
    size_t low = 0, high = state->file_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (state->files[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

firn_data_file *firn_state_file(const firn_state *state, uint32_t number)
{
    size_t at = firn_state_file_at(state, number);
    return at < state->file_count && state->files[at]->number == number ? state->files[at] : NULL;
}

firn_status firn_state_file_add(firn_state *state, const firn_allocator *allocator, uint32_t number,
                                firn_data_file **ret_file)
{
    assert(state->file_count == 0 || state->files[state->file_count - 1]->number < number); /* A1 */
    void *block = state->files;
    if (state->file_count == FIRN_STATE_FILES_MAX)
        return FIRN_LIMIT;
    if (!firn_grow(allocator, &block, &state->file_capacity, state->file_count + 1,
                   sizeof *state->files))
        return FIRN_NO_MEMORY;
    state->files = block;
    firn_data_file *file = firn_allocate_zeroed(allocator, 1, sizeof *file);
    if (file == NULL)
        return FIRN_NO_MEMORY;
    *file = (firn_data_file){.number = number, .refs = 1, .file = {-1}};
    state->files[state->file_count++] = file;
    *ret_file = file;
    return FIRN_OK;
}

void firn_state_file_remove(firn_state *state, const firn_allocator *allocator,
                            firn_data_file *file)
{
    size_t at = firn_state_file_at(state, file->number);
    assert(at < state->file_count && state->files[at] == file && file->live_segments == 0); /* A2 */
    state->file_count--;
    memmove(state->files + at, state->files + at + 1,
            (state->file_count - at) * sizeof *state->files);
    firn_data_file_release(file, allocator);
}

void firn_data_file_release(firn_data_file *file, const firn_allocator *allocator)
{
    assert(file->refs > 0);
    if (--file->refs > 0)
        return;
    firn_file_close(&file->file);
    firn_release(allocator, file, sizeof *file);
}

/* --- segments --- */

size_t firn_state_segment_at(const firn_state *state, uint32_t segment)
{
    size_t low = 0, high = state->segment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (state->segments[middle].segment < segment)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static firn_segment_record *record_of(const firn_state *state, uint32_t segment)
{
    size_t at = firn_state_segment_at(state, segment);
    bool found = at < state->segment_count && state->segments[at].segment == segment;
    return found ? &state->segments[at] : NULL;
}

firn_segment_record *firn_state_segment(const firn_state *state, uint32_t segment)
{
    firn_segment_record *record = record_of(state, segment);
    return record != NULL && (record->flags & FIRN_RECORD_DEAD) == 0 ? record : NULL;
}

firn_status firn_state_reserve(firn_state *state, const firn_allocator *allocator)
{
    void *block = state->segments;
    if (state->segment_count == FIRN_STATE_SEGMENTS_MAX)
        return FIRN_LIMIT;
    if (!firn_grow(allocator, &block, &state->segment_capacity, state->segment_count + 1,
                   sizeof *state->segments))
        return FIRN_NO_MEMORY;
    state->segments = block;
    return FIRN_OK;
}

/* Counts a segment in its file and in the sums. */
static void count(firn_state *state, const firn_segment_record *record)
{
    firn_data_file *file = firn_state_file(state, record->file);
    assert(file != NULL); /* A2 */
    file->live_segments++;
    file->live_bytes += record->packed;
    state->live_count++;
    state->live_bytes += record->packed;
    state->plain_bytes += record->plain;
}

static void discount(firn_state *state, const firn_segment_record *record)
{
    firn_data_file *file = firn_state_file(state, record->file);
    assert(file != NULL && file->live_segments > 0 && file->live_bytes >= record->packed); /* A3 */
    file->live_segments--;
    file->live_bytes -= record->packed;
    state->live_count--;
    state->live_bytes -= record->packed;
    state->plain_bytes -= record->plain;
}

void firn_state_put(firn_state *state, const firn_segment_record *record)
{
    assert(state->segment_count < state->segment_capacity);
    assert(state->segment_count == 0 ||
           state->segments[state->segment_count - 1].segment < record->segment); /* A1 */
    state->segments[state->segment_count++] = *record;
    count(state, record);
}

void firn_state_move(firn_state *state, const firn_segment_record *record)
{
    firn_segment_record *found = firn_state_segment(state, record->segment);
    assert(found != NULL);
    discount(state, found);
    *found = *record;
    count(state, record);
}

void firn_state_remove(firn_state *state, uint32_t segment)
{
    firn_segment_record *found = firn_state_segment(state, segment);
    assert(found != NULL);
    discount(state, found);
    found->flags |= FIRN_RECORD_DEAD;
}

void firn_state_restore(firn_state *state, const firn_segment_record *record)
{
    firn_segment_record *found = record_of(state, record->segment);
    assert(found != NULL && (found->flags & FIRN_RECORD_DEAD) != 0);
    *found = *record;
    count(state, record);
}

void firn_state_purge(firn_state *state)
{
    size_t dead = state->segment_count - state->live_count;
    size_t kept = 0;
    if (dead < PURGE_MIN || dead < state->segment_count / 2)
        return;
    for (size_t i = 0; i < state->segment_count; i++)
        if ((state->segments[i].flags & FIRN_RECORD_DEAD) == 0)
            state->segments[kept++] = state->segments[i];
    state->segment_count = kept;
}

bool firn_state_record_valid(const firn_state *state, const firn_segment_record *record)
{
    const firn_data_file *file = firn_state_file(state, record->file);
    const uint32_t headers =
        firn_segment_header_bytes(state->form.version) + FIRN_FRAME_HEADER_BYTES;
    return file != NULL && record->codec <= FIRN_CODEC_ZSTD_DICTIONARY &&
           (record->flags & ~FIRN_RECORD_ON_DISK) == 0 && record->plain <= FIRN_SEGMENT_MAX_BYTES &&
           record->packed >= headers && record->packed <= headers + record->plain &&
           record->offset <= file->size && record->packed <= file->size - record->offset &&
           record->segment < state->segment_next && record->generation <= FIRN_GENERATION_MAX &&
           (record->dictionary != FIRN_SEGMENT_NONE) ==
               (record->codec == FIRN_CODEC_ZSTD_DICTIONARY) &&
           ((record->flags & FIRN_RECORD_DICTIONARY) == 0 ||
            record->dictionary == FIRN_SEGMENT_NONE);
}
