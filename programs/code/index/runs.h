/* Runs: sorted (name, postings) entries on their way to the dictionary, in a scratch file. A worker
 * has one such file with all its runs. A run is a sequence of frames, each a packed table. */
#ifndef CODE_RUNS_H
#define CODE_RUNS_H

#include <firn/codec.h>
#include <firn/file.h>

#include "code/index/table.h"

struct run_frame {
    uint64_t offset; /* in the file */
    uint32_t packed_size;
    uint32_t plain_size;
};

struct run {
    size_t first_frame;
    size_t frame_count;
};

/* Confined to one thread while it is written; then any number of readers, each in one thread. */
struct runs {
    const firn_allocator *allocator;
    firn_file file;
    char path[4096];
    firn_codec *codec;
    struct table_writer table; /* the frame being filled */
    struct bytes plain;        /* a finished one */
    struct bytes packed;
    uint64_t size; /* of the file */
    struct run_frame *frames;
    size_t frame_count, frame_capacity;
    struct run *runs;
    size_t run_count, run_capacity;
};

/* Makes the scratch file at path, which stays the caller's to remove. fini copes with a zeroed
 * struct whose file is closed (fd -1). FIRN_NO_MEMORY, FIRN_NO_SPACE, FIRN_PERMISSION, FIRN_IO. */
FIRN_NODISCARD firn_status runs_init(struct runs *runs, const char *path,
                                     const firn_allocator *allocator, firn_error *ret_error);
void runs_fini(struct runs *runs);

/* Begins a run, adds entries in their order, ends it. After a failure only fini is possible. */
FIRN_NODISCARD firn_status runs_begin(struct runs *runs);
FIRN_NODISCARD firn_status runs_add(struct runs *runs, const void *name, size_t name_size,
                                    const void *payload, size_t payload_size,
                                    firn_error *ret_error);
FIRN_NODISCARD firn_status runs_end(struct runs *runs, firn_error *ret_error);

/* Gives the writer's memory back, which only readers follow. */
void runs_settle(struct runs *runs);

/* A place in a run. */
struct run_reader {
    const struct runs *runs;
    struct run run;
    size_t frame; /* the next to be loaded, within the run */
    uint8_t *packed;
    uint8_t *plain;
    size_t packed_capacity;
    size_t plain_capacity;
    struct table_cursor cursor; /* on the entry, after FIRN_OK */
};

/* Puts a reader on a run's first entry that is not below name. The codec is lent for each call.
 * FIRN_END_OF_DATA when there is none; fini in any case. */
FIRN_NODISCARD firn_status run_reader_init(struct run_reader *reader, const struct runs *runs,
                                           size_t run, firn_codec *codec, const void *name,
                                           size_t name_size, firn_error *ret_error);
/* The same, on the first entry of a frame. */
FIRN_NODISCARD firn_status run_reader_frame(struct run_reader *reader, const struct runs *runs,
                                            size_t run, size_t frame, firn_codec *codec,
                                            firn_error *ret_error);
FIRN_NODISCARD firn_status run_reader_next(struct run_reader *reader, firn_codec *codec,
                                           firn_error *ret_error);
void run_reader_fini(struct run_reader *reader);

#endif
