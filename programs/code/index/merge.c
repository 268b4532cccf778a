/* Merging runs: a binary heap of sources ordered by (name, file, source), whose least posting is
 * taken again and again (Knuth, The Art of Computer Programming 3, 5.4.1). names.c calls it when
 * all files are read; it writes the dictionary of names through emit. A source is a run, or the
 * dictionary of a layer that becomes part of a new one.
 *
 * I1: heap[i] is not behind heap[2i + 1] and heap[2i + 2].
 *
 * I2: a source in the heap stands on a posting that is kept, and file is its number afterwards.
 *
 * Memory: a reader of about 100 KB a run, a segment a dictionary. Time: O(postings log runs), and
 * two comparisons where the next posting comes from the same run. */
#include "code/index/merge.h"

#include <assert.h>

struct source {
    struct run_reader reader;
    struct dictionary_cursor *cursor; /* instead of the reader, for a dictionary */
    const uint32_t *numbers;          /* may be NULL */
    size_t number_count;
    struct postings postings; /* of the source's entry */
    uint32_t file;
    size_t number;
};

struct merge {
    const struct merge_options *options;
    const firn_allocator *allocator;
    firn_codec *codec;
    struct source *sources;
    size_t source_count;
    struct source **heap;
    size_t heap_count;
    struct definition *definitions;
    size_t definition_capacity;
    struct entries entries;
    bool is_open; /* a name was begun */
};

static const struct table_cursor *entry_of(const struct source *source)
{
    return source->cursor != NULL ? &source->cursor->entry : &source->reader.cursor;
}

static bool source_before(const struct source *a, const struct source *b)
{
    const struct table_cursor *left = entry_of(a), *right = entry_of(b);
    int order = key_compare(left->key, left->key_size, right->key, right->key_size);
    if (order != 0)
        return order < 0;
    if (a->file != b->file)
        return a->file < b->file;
    return a->number < b->number;
}

static void sift_down(struct merge *merge, size_t root)
{
    struct source **heap = merge->heap;
    struct source *moved = heap[root];
    size_t count = merge->heap_count;
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && source_before(heap[child + 1], heap[child]))
            child++;
        if (!source_before(heap[child], moved))
            break;
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = moved;
}

static firn_status read_back_failed(const struct source *source, firn_error *ret_error)
{
    if (source->cursor != NULL)
        return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                              "the index of names in the store is damaged: index the folder again");
    return firn_error_set(ret_error, FIRN_CORRUPT, 0, "%s: the scratch file was changed",
                          source->reader.runs->path);
}

/* Makes the source's entry the one whose postings are read, unless that is behind the range. */
static firn_status enter_entry(struct merge *merge, struct source *source)
{
    const struct table_cursor *entry = entry_of(source);
    const struct merge_options *options = merge->options;
    if (options->end_size > 0 &&
        key_compare(entry->key, entry->key_size, options->end, options->end_size) >= 0)
        return FIRN_END_OF_DATA;
    postings_init(&source->postings, entry->payload, entry->payload_size, entry->table.is_compact);
    return FIRN_OK;
}

static firn_status next_entry(struct merge *merge, struct source *source, firn_error *ret_error)
{
    firn_status status = source->cursor != NULL
                             ? dictionary_next(source->cursor, ret_error)
                             : run_reader_next(&source->reader, merge->codec, ret_error);
    return status == FIRN_OK ? enter_entry(merge, source) : status;
}

static uint32_t number_of(const struct source *source, uint32_t file)
{
    if (source->numbers == NULL)
        return file;
    return file < source->number_count ? source->numbers[file] : UINT32_MAX;
}

/* Goes to the source's next posting that is kept. FIRN_END_OF_DATA at the end of its run or of the
 * range. */
static firn_status advance(struct merge *merge, struct source *source, firn_error *ret_error)
{
    firn_status status;
    do {
        while ((status = postings_next(&source->postings)) == FIRN_END_OF_DATA) {
            status = next_entry(merge, source, ret_error);
            if (status != FIRN_OK)
                return status;
        }
        if (status != FIRN_OK)
            return read_back_failed(source, ret_error);
        source->file = number_of(source, source->postings.file);
    } while (source->file == UINT32_MAX); /* I2 */
    return FIRN_OK;
}

static firn_status read_definitions(struct merge *merge, struct source *source, size_t *ret_count,
                                    firn_error *ret_error)
{
    size_t count = source->postings.definitions_left;
    void *block = merge->definitions;
    if (!firn_grow(merge->allocator, &block, &merge->definition_capacity, count + 1,
                   sizeof *merge->definitions))
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while merging names");
    merge->definitions = block;
    for (size_t i = 0; i < count; i++)
        if (postings_definition(&source->postings, &merge->definitions[i]) != FIRN_OK)
            return read_back_failed(source, ret_error);
    *ret_count = count;
    return FIRN_OK;
}

/* Adds the source's posting to the entry of its name. */
static firn_status take_posting(struct merge *merge, struct source *source, firn_error *ret_error)
{
    const struct table_cursor *entry = entry_of(source);
    struct entries *entries = &merge->entries;
    firn_status status = FIRN_OK;
    if (!merge->is_open ||
        key_compare(entries->name, entries->name_size, entry->key, entry->key_size) != 0) {
        status = merge->is_open ? entries_end(entries, ret_error) : FIRN_OK;
        if (status != FIRN_OK)
            return status;
        if (merge->options->stopped != NULL && merge->options->stopped())
            return firn_error_set(ret_error, FIRN_CHANGED, 0, "interrupted");
        status = entries_begin(entries, entry->key, entry->key_size);
        if (status != FIRN_OK)
            return read_back_failed(source, ret_error);
        merge->is_open = true;
    }
    size_t count = 0;
    status = read_definitions(merge, source, &count, ret_error);
    if (status != FIRN_OK)
        return status;
    return entries_put(entries, source->file, merge->definitions, count, ret_error);
}

static void close_source(struct merge *merge, struct source *source)
{
    run_reader_fini(&source->reader);
    if (source->cursor != NULL)
        dictionary_cursor_close(source->cursor);
    firn_release(merge->allocator, source->cursor, sizeof *source->cursor);
    source->cursor = NULL;
}

static firn_status merge_all(struct merge *merge, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    while (merge->heap_count > 0) {
        struct source *least = merge->heap[0];
        status = take_posting(merge, least, ret_error);
        if (status != FIRN_OK)
            return status;
        status = advance(merge, least, ret_error);
        if (status == FIRN_END_OF_DATA) {
            close_source(merge, least);
            merge->heap[0] = merge->heap[--merge->heap_count];
        } else if (status != FIRN_OK) {
            return status;
        }
        if (merge->heap_count > 0)
            sift_down(merge, 0); /* I1 */
    }
    return merge->is_open ? entries_end(&merge->entries, ret_error) : FIRN_OK;
}

/* Takes what the source's first placing came to. */
static firn_status begin_source(struct merge *merge, struct source *source, firn_status status,
                                firn_error *ret_error)
{
    if (status == FIRN_OK)
        status = enter_entry(merge, source);
    if (status == FIRN_OK)
        status = advance(merge, source, ret_error);
    if (status == FIRN_OK)
        merge->heap[merge->heap_count++] = source;
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static firn_status open_run(struct merge *merge, struct source *source, const struct runs *runs,
                            size_t run, firn_error *ret_error)
{
    const struct merge_options *options = merge->options;
    source->numbers = options->numbers;
    source->number_count = options->number_count;
    firn_status status = run_reader_init(&source->reader, runs, run, merge->codec, options->first,
                                         options->first_size, ret_error);
    return begin_source(merge, source, status, ret_error);
}

static firn_status open_layer(struct merge *merge, struct source *source,
                              const struct merge_layer *layer, firn_error *ret_error)
{
    const struct merge_options *options = merge->options;
    source->numbers = layer->numbers;
    source->number_count = layer->number_count;
    source->cursor = firn_allocate_zeroed(merge->allocator, 1, sizeof *source->cursor);
    if (source->cursor == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while merging names");
    firn_status status =
        dictionary_seek(layer->names, options->first_size > 0 ? options->first : "",
                        options->first_size, source->cursor, ret_error);
    return begin_source(merge, source, status, ret_error);
}

static firn_status open_sources(struct merge *merge, firn_error *ret_error)
{
    const struct merge_options *options = merge->options;
    const size_t run_total = merge->source_count - options->layer_count;
    size_t number = 0, opened = 0;
    firn_status status = FIRN_OK;
    for (size_t file = 0; file < options->file_count; file++)
        for (size_t run = 0; run < options->files[file]->run_count; run++, number++) {
            if (number < options->first_run || opened == run_total)
                continue;
            struct source *source = &merge->sources[opened++];
            source->number = number;
            status = open_run(merge, source, options->files[file], run, ret_error);
            if (status != FIRN_OK)
                return status;
        }
    for (size_t i = 0; i < options->layer_count && status == FIRN_OK; i++) {
        struct source *source = &merge->sources[run_total + i];
        source->number = number + i;
        status = open_layer(merge, source, &options->layers[i], ret_error);
    }
    for (size_t root = merge->heap_count / 2; root-- > 0;)
        sift_down(merge, root);
    return status;
}

size_t merge_run_count(const struct merge_options *options)
{
    size_t count = 0;
    for (size_t file = 0; file < options->file_count; file++)
        count += options->files[file]->run_count;
    return count;
}

/* How many runs and dictionaries the options take in. */
static size_t count_sources(const struct merge_options *options)
{
    size_t count = merge_run_count(options);
    size_t left = count > options->first_run ? count - options->first_run : 0;
    left = options->run_count > 0 && options->run_count < left ? options->run_count : left;
    return left + options->layer_count;
}

firn_status merge_runs(const struct merge_options *options, entry_emit_fn emit, void *context,
                       firn_error *ret_error)
{
    const firn_allocator *allocator = options->allocator;
    struct merge merge = {
        .options = options, .allocator = allocator, .source_count = count_sources(options)};
    size_t count = merge.source_count;
    if (count == 0)
        return FIRN_OK;
    entries_init(&merge.entries, allocator, emit, context);
    merge.sources = firn_allocate_zeroed(allocator, count, sizeof *merge.sources);
    merge.heap = firn_allocate_zeroed(allocator, count, sizeof(struct source *));
    firn_status status = firn_codec_create(allocator, &merge.codec);
    if (merge.sources == NULL || merge.heap == NULL || status != FIRN_OK)
        status = firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while merging names");
    if (status == FIRN_OK)
        status = open_sources(&merge, ret_error);
    if (status == FIRN_OK)
        status = merge_all(&merge, ret_error);
    for (size_t i = 0; i < count && merge.sources != NULL; i++)
        close_source(&merge, &merge.sources[i]);
    firn_codec_destroy(merge.codec);
    entries_fini(&merge.entries);
    firn_release(allocator, merge.definitions,
                 merge.definition_capacity * sizeof *merge.definitions);
    firn_release(allocator, merge.sources, count * sizeof *merge.sources);
    firn_release(allocator, merge.heap, count * sizeof(struct source *));
    return status;
}

/* Cuts the largest of the dictionaries between two of its tables. */
static firn_status middle_of_layers(const struct merge_options *options, uint8_t *name,
                                    size_t *ret_size, firn_error *ret_error)
{
    const struct table *largest = NULL;
    for (size_t i = 0; i < options->layer_count; i++) {
        const struct table *top = &options->layers[i].names->top;
        if (top->count > 1 && (largest == NULL || top->count > largest->count))
            largest = top;
    }
    *ret_size = 0;
    if (largest == NULL)
        return FIRN_OK;
    struct table_cursor cursor;
    if (table_at(largest, largest->count / 2, &cursor) != FIRN_OK)
        return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                              "the index of names in the store is damaged: index the folder again");
    if (cursor.key_size <= NAME_MAX_BYTES) {
        memcpy(name, cursor.key, cursor.key_size);
        *ret_size = cursor.key_size;
    }
    return FIRN_OK;
}

/* Cuts the longest run at its middle frame: runs are alike, as each holds names of many files. */
static firn_status middle_of_runs(const struct merge_options *options, uint8_t *name,
                                  size_t *ret_size, firn_error *ret_error)
{
    const struct runs *longest = NULL;
    size_t run = 0, frames = 1;
    for (size_t file = 0; file < options->file_count; file++)
        for (size_t i = 0; i < options->files[file]->run_count; i++)
            if (options->files[file]->runs[i].frame_count > frames) {
                longest = options->files[file];
                run = i;
                frames = longest->runs[i].frame_count;
            }
    *ret_size = 0;
    if (longest == NULL)
        return FIRN_OK;
    firn_codec *codec;
    if (firn_codec_create(options->allocator, &codec) != FIRN_OK)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while merging names");
    struct run_reader reader;
    firn_status status = run_reader_frame(&reader, longest, run, frames / 2, codec, ret_error);
    if (status == FIRN_OK && reader.cursor.key_size <= NAME_MAX_BYTES) {
        memcpy(name, reader.cursor.key, reader.cursor.key_size);
        *ret_size = reader.cursor.key_size;
    }
    run_reader_fini(&reader);
    firn_codec_destroy(codec);
    return status;
}

firn_status merge_middle(const struct merge_options *options, uint8_t *name, size_t *ret_size,
                         firn_error *ret_error)
{
    firn_status status = middle_of_layers(options, name, ret_size, ret_error);
    return status == FIRN_OK && *ret_size == 0 ? middle_of_runs(options, name, ret_size, ret_error)
                                               : status;
}
