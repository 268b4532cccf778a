/* The scratch file of a worker's runs. Single-pass in-memory inversion (Heinz and Zobel, 2003):
 * what is gathered in memory is sorted and written as a run whenever it reaches its bound, and the
 * runs are merged at the end, so that the memory does not grow with the number of names. gather.c
 * writes, merge.c reads.
 *
 * A frame is a table of about 64 KB, packed by LZ4 because it is written and read once. The list of
 * frames stays in memory (16 bytes for each), as nobody reads the file after a crash.
 *
 * Memory: a writer holds about three frames; a reader one packed and one plain, given back as soon
 * as its run is at its end. */
#include "code/index/runs.h"

#define FRAME_BYTES (64u << 10)

firn_status runs_init(struct runs *runs, const char *path, const firn_allocator *allocator,
                      firn_error *ret_error)
{
    *runs = (struct runs){.allocator = allocator, .file = {.fd = -1}};
    runs->plain.allocator = runs->packed.allocator = allocator;
    table_writer_init(&runs->table, allocator);
    size_t size = strlen(path);
    if (size >= sizeof runs->path)
        return firn_error_set(ret_error, FIRN_LIMIT, 0, "%s: the path is too long", path);
    memcpy(runs->path, path, size + 1);
    firn_status status = firn_codec_create(allocator, &runs->codec);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: %s", path, firn_status_text(status));
    return firn_file_open(path, FIRN_FILE_OVERWRITE, &runs->file, ret_error);
}

void runs_settle(struct runs *runs)
{
    table_writer_fini(&runs->table);
    bytes_fini(&runs->plain);
    bytes_fini(&runs->packed);
    firn_codec_destroy(runs->codec);
    runs->codec = NULL;
}

void runs_fini(struct runs *runs)
{
    runs_settle(runs);
    firn_release(runs->allocator, runs->frames, runs->frame_capacity * sizeof *runs->frames);
    firn_release(runs->allocator, runs->runs, runs->run_capacity * sizeof *runs->runs);
    runs->frames = NULL;
    runs->runs = NULL;
    runs->frame_capacity = runs->run_capacity = 0;
    firn_file_close(&runs->file);
}

firn_status runs_begin(struct runs *runs)
{
    void *block = runs->runs;
    if (!firn_grow(runs->allocator, &block, &runs->run_capacity, runs->run_count + 1,
                   sizeof *runs->runs))
        return FIRN_NO_MEMORY;
    runs->runs = block;
    runs->runs[runs->run_count++] = (struct run){.first_frame = runs->frame_count};
    return FIRN_OK;
}

static firn_status pack_frame(struct runs *runs, size_t *ret_size)
{
    runs->plain.size = runs->packed.size = 0;
    void *block = runs->frames;
    if (!firn_grow(runs->allocator, &block, &runs->frame_capacity, runs->frame_count + 1,
                   sizeof *runs->frames))
        return FIRN_NO_MEMORY;
    runs->frames = block;
    firn_status status = table_finish(&runs->table, &runs->plain);
    if (status == FIRN_OK)
        status = bytes_reserve(&runs->packed, firn_codec_bound(runs->plain.size));
    if (status != FIRN_OK)
        return status;
    return firn_codec_pack(runs->codec, FIRN_CODEC_LZ4, 0, runs->plain.data, runs->plain.size,
                           runs->packed.data, ret_size);
}

static firn_status write_frame(struct runs *runs, firn_error *ret_error)
{
    size_t size = 0;
    firn_status status = pack_frame(runs, &size);
    if (status == FIRN_OK)
        status = firn_file_write(&runs->file, runs->packed.data, size);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: cannot write: %s", runs->path,
                              firn_status_text(status));
    runs->frames[runs->frame_count++] =
        (struct run_frame){runs->size, (uint32_t)size, (uint32_t)runs->plain.size};
    runs->runs[runs->run_count - 1].frame_count++;
    runs->size += size;
    return FIRN_OK;
}

firn_status runs_add(struct runs *runs, const void *name, size_t name_size, const void *payload,
                     size_t payload_size, firn_error *ret_error)
{
    firn_status status = table_add(&runs->table, name, name_size, payload, payload_size);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: cannot add a name: %s", runs->path,
                              firn_status_text(status));
    return table_size(&runs->table) < FRAME_BYTES ? FIRN_OK : write_frame(runs, ret_error);
}

firn_status runs_end(struct runs *runs, firn_error *ret_error)
{
    return runs->table.count > 0 ? write_frame(runs, ret_error) : FIRN_OK;
}

/* --- reading --- */

static firn_status make_room(const firn_allocator *allocator, uint8_t **buffer, size_t *capacity,
                             size_t size)
{
    void *block = *buffer;
    if (!firn_grow(allocator, &block, capacity, size, 1))
        return FIRN_NO_MEMORY;
    *buffer = block;
    return FIRN_OK;
}

static firn_status read_frame(struct run_reader *reader, const struct run_frame *frame,
                              firn_codec *codec, struct table *ret_table)
{
    const firn_allocator *allocator = reader->runs->allocator;
    size_t read = 0;
    firn_status status =
        make_room(allocator, &reader->packed, &reader->packed_capacity, frame->packed_size);
    if (status == FIRN_OK)
        status = make_room(allocator, &reader->plain, &reader->plain_capacity, frame->plain_size);
    if (status == FIRN_OK)
        status = firn_file_read_at(&reader->runs->file, frame->offset, reader->packed,
                                   frame->packed_size, &read);
    if (status == FIRN_OK && read != frame->packed_size)
        status = FIRN_CORRUPT;
    if (status == FIRN_OK)
        status = firn_codec_unpack(codec, reader->packed, read, reader->plain, frame->plain_size);
    if (status == FIRN_OK)
        status = table_open(reader->plain, frame->plain_size, ret_table);
    return status;
}

/* Loads a frame of the run and puts the cursor on its first entry. */
static firn_status load_frame(struct run_reader *reader, size_t frame, firn_codec *codec,
                              firn_error *ret_error)
{
    if (frame >= reader->run.frame_count)
        return FIRN_END_OF_DATA;
    struct table table;
    firn_status status =
        read_frame(reader, &reader->runs->frames[reader->run.first_frame + frame], codec, &table);
    if (status == FIRN_OK)
        status = table_at(&table, 0, &reader->cursor);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: cannot read back: %s", reader->runs->path,
                              firn_status_text(status));
    reader->frame = frame + 1;
    return FIRN_OK;
}

static int compare_cursor(const struct run_reader *reader, const void *name, size_t name_size)
{
    return key_compare(reader->cursor.key, reader->cursor.key_size, name, name_size);
}

firn_status run_reader_init(struct run_reader *reader, const struct runs *runs, size_t run,
                            firn_codec *codec, const void *name, size_t name_size,
                            firn_error *ret_error)
{
    *reader = (struct run_reader){.runs = runs, .run = runs->runs[run]};
    size_t low = 0, high = reader->run.frame_count;
    while (high - low > 1 && name_size > 0) {
        size_t middle = low + (high - low) / 2;
        firn_status status = load_frame(reader, middle, codec, ret_error);
        if (status != FIRN_OK)
            return status;
        if (compare_cursor(reader, name, name_size) < 0)
            low = middle;
        else
            high = middle;
    }
    firn_status status = load_frame(reader, low, codec, ret_error);
    while (status == FIRN_OK && compare_cursor(reader, name, name_size) < 0)
        status = run_reader_next(reader, codec, ret_error);
    return status;
}

firn_status run_reader_frame(struct run_reader *reader, const struct runs *runs, size_t run,
                             size_t frame, firn_codec *codec, firn_error *ret_error)
{
    *reader = (struct run_reader){.runs = runs, .run = runs->runs[run]};
    return load_frame(reader, frame, codec, ret_error);
}

firn_status run_reader_next(struct run_reader *reader, firn_codec *codec, firn_error *ret_error)
{
    firn_status status = table_next(&reader->cursor);
    if (status == FIRN_CORRUPT)
        return firn_error_set(ret_error, status, 0, "%s: cannot read back: %s", reader->runs->path,
                              firn_status_text(status));
    return status == FIRN_END_OF_DATA ? load_frame(reader, reader->frame, codec, ret_error)
                                      : status;
}

void run_reader_fini(struct run_reader *reader)
{
    if (reader->runs == NULL)
        return;
    firn_release(reader->runs->allocator, reader->packed, reader->packed_capacity);
    firn_release(reader->runs->allocator, reader->plain, reader->plain_capacity);
    reader->packed = reader->plain = NULL;
    reader->packed_capacity = reader->plain_capacity = 0;
}
