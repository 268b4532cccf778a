/* The new layer of an update: the files that were read, and the live ones of the layers that it
 * absorbs. Trees and sources stay where they are, but for those in segments that are mostly garbage
 * or very small, which are joined.
 *
 * A layer is absorbed when the new one would have half as many files or more, beginning with the
 * newest, so that the layers' sizes fall by more than half from each to the next: their number, and
 * how often a file is written again, grow with the logarithm of the number of files (O'Neil and
 * others, The log-structured merge-tree, 1996). So is a layer of which more than half is hidden,
 * with all above it.
 *
 * Memory: a record for each member; 4 bytes for each file of an absorbed layer. */
#include "code/updating/update.h"

#include <stdlib.h>

#include "code/names.h"
#include "code/put.h"

#define LAYERS_MOST 12u

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while updating");
}

bool update_is_live(const struct update *update, uint32_t layer, uint32_t file,
                    const struct job_file **ret_now)
{
    const uint32_t fate = update->diff.fates[layer][file];
    const struct job_file *now = NULL;
    if (fate == FATE_GONE)
        return false;
    if (fate != FATE_KEPT) {
        now = &update->job.files[fate - 1];
        if (!now->is_same)
            return false;
    }
    if (ret_now != NULL)
        *ret_now = now;
    return true;
}

/* --- the survey --- */

static firn_status survey_file(struct update *update, uint32_t layer,
                               const struct dictionary_cursor *cursor, firn_error *ret_error)
{
    struct opened_file file;
    if (cursor->number >= update->opened.meta.layers[layer].files)
        return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                              "the catalog in the store is damaged: index the folder again");
    if (!update_is_live(update, layer, (uint32_t)cursor->number, NULL))
        return FIRN_OK;
    firn_status status = opened_entry(&update->opened, layer, cursor, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    update->live[layer]++;
    update->live_nodes += file.record.nodes;
    segments_count(&update->segments, &file.record, true);
    totals_add(&update->meta.totals, &file.record);
    if (file.record.language < update->meta.language_count)
        totals_add(&update->languages[file.record.language].totals, &file.record);
    opened_file_fini(&update->opened, &file);
    return FIRN_OK;
}

static firn_status survey_layer(struct update *update, uint32_t layer, firn_error *ret_error)
{
    struct dictionary_cursor cursor = {.dictionary = NULL};
    firn_status status =
        dictionary_at(&update->opened.layers[layer].catalog, 0, &cursor, ret_error);
    while (status == FIRN_OK) {
        status = survey_file(update, layer, &cursor, ret_error);
        if (status == FIRN_OK)
            status = dictionary_next(&cursor, ret_error);
    }
    dictionary_cursor_close(&cursor);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

firn_status layer_survey(struct update *update, firn_error *ret_error)
{
    const uint32_t count = update->opened.meta.layer_count;
    firn_status status = segments_list(&update->segments, update->job.store, update->allocator);
    update->live = firn_allocate_zeroed(update->allocator, count, sizeof *update->live);
    if (status != FIRN_OK || update->live == NULL)
        return out_of_memory(ret_error);
    for (uint32_t i = 0; i < count && status == FIRN_OK; i++)
        status = survey_layer(update, i, ret_error);
    return status;
}

/* --- which layers --- */

static void choose(struct update *update, uint64_t new_files)
{
    const struct meta *meta = &update->opened.meta;
    uint32_t rotten = meta->layer_count, first = meta->layer_count;
    uint64_t files = new_files;
    for (uint32_t i = meta->layer_count; i-- > 0;)
        if (update->live[i] < meta->layers[i].files / 2 && update->live[i] > 0)
            rotten = i;
    while (first > 0 &&
           (first > rotten || update->live[first - 1] <= 2 * files || first >= LAYERS_MOST))
        files += update->live[--first];
    update->first_absorbed = first;
}

/* --- members --- */

static firn_status add_member(struct update *update, uint32_t layer,
                              const struct dictionary_cursor *cursor, firn_error *ret_error)
{
    const struct job_file *now;
    void *members = update->members;
    if (!update_is_live(update, layer, (uint32_t)cursor->number, &now))
        return FIRN_OK;
    if (!firn_grow(update->allocator, &members, &update->member_capacity, update->member_count + 1,
                   sizeof *update->members))
        return out_of_memory(ret_error);
    update->members = members;
    struct opened_file *member = &update->members[update->member_count];
    firn_status status = opened_entry(&update->opened, layer, cursor, member, ret_error);
    if (status != FIRN_OK)
        return status;
    update->member_count++;
    if (now != NULL)
        member->record.mtime_ns = now->record.mtime_ns;
    return FIRN_OK;
}

static firn_status add_members(struct update *update, uint32_t layer, firn_error *ret_error)
{
    struct dictionary_cursor cursor = {.dictionary = NULL};
    firn_status status =
        dictionary_at(&update->opened.layers[layer].catalog, 0, &cursor, ret_error);
    while (status == FIRN_OK) {
        status = add_member(update, layer, &cursor, ret_error);
        if (status == FIRN_OK)
            status = dictionary_next(&cursor, ret_error);
    }
    dictionary_cursor_close(&cursor);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static int by_path(const void *left, const void *right)
{
    return strcmp(((const struct opened_file *)left)->path,
                  ((const struct opened_file *)right)->path);
}

/* --- moving --- */

struct mover {
    struct update *update;
    struct stream sources;
    struct stream trees;
};

/* Puts the size bytes of a place into a stream, and makes the place the new one, without edits.
 * What is damaged stays where it is: the file's own trouble. */
static firn_status move_place(struct mover *mover, struct stream *stream, struct place *place,
                              uint64_t size, firn_error *ret_error)
{
    struct opened *opened = &mover->update->opened;
    struct content content;
    firn_status status = content_get(opened, place, size, &content, ret_error);
    if (status == FIRN_OK) {
        place_fini(place, opened->allocator);
        status = stream_put(stream, content.data, content.size, place, ret_error);
    } else if (status == FIRN_CORRUPT) {
        status = FIRN_OK;
    }
    content_release(opened, &content);
    return status;
}

static firn_status move_member(struct mover *mover, struct file_record *record,
                               firn_error *ret_error)
{
    struct segments *segments = &mover->update->segments;
    struct place_edits *edits = record->source.edits;
    const uint64_t base_size = edits != NULL ? edits->base_size : record->size;
    bool moves_source = segments_should_move(segments, &record->source, base_size);
    bool moves_edits = edits != NULL && !moves_source &&
                       segments_should_move(segments, &edits->place, edits->size);
    bool moves_tree = segments_should_move(segments, &record->tree, record->tree_size);
    firn_status status = FIRN_OK;
    segments_count(segments, record, false);
    if (moves_source)
        status = move_place(mover, &mover->sources, &record->source, record->size, ret_error);
    if (moves_edits && status == FIRN_OK)
        status = move_place(mover, &mover->sources, &edits->place, edits->size, ret_error);
    if (moves_tree && status == FIRN_OK)
        status = move_place(mover, &mover->trees, &record->tree, record->tree_size, ret_error);
    return status;
}

/* Moves what should move. What every member needs is counted anew afterwards: a place that waits in
 * a stream has no segment yet. */
static firn_status move_members(struct update *update, firn_error *ret_error)
{
    struct mover mover = {.update = update};
    struct stream_options options = {update->allocator, update->job.store, update->codec,
                                     SEGMENT_SOURCE,    SOURCE_LEVEL,      SOURCE_GROUP_BYTES};
    stream_init(&mover.sources, &options);
    options.kind = SEGMENT_TREE;
    options.level = TREE_LEVEL;
    options.group_bytes = TREE_GROUP_BYTES;
    stream_init(&mover.trees, &options);
    firn_status status = FIRN_OK;
    for (size_t i = 0; i < update->member_count && status == FIRN_OK; i++)
        status = move_member(&mover, &update->members[i].record, ret_error);
    if (status == FIRN_OK)
        status = stream_flush(&mover.sources, ret_error);
    if (status == FIRN_OK)
        status = stream_flush(&mover.trees, ret_error);
    for (size_t i = 0; i < update->member_count && status == FIRN_OK; i++)
        segments_count(&update->segments, &update->members[i].record, true);
    stream_fini(&mover.sources);
    stream_fini(&mover.trees);
    return status;
}

/* --- the new layer --- */

static bool is_absorbed(const struct update *update, uint32_t layer)
{
    return layer >= update->first_absorbed;
}

static uint32_t layer_of(const struct opened *opened, uint64_t number)
{
    uint32_t layer = opened->meta.layer_count - 1;
    while (layer > 0 && number < opened->layers[layer].first)
        layer--;
    return layer;
}

static firn_status make_numbers(struct update *update)
{
    const struct meta *meta = &update->opened.meta;
    update->numbers =
        firn_allocate_zeroed(update->allocator, meta->layer_count, sizeof(uint32_t *));
    update->file_numbers = firn_allocate_zeroed(update->allocator, update->job.scan.file_count + 1,
                                                sizeof *update->file_numbers);
    if (update->numbers == NULL || update->file_numbers == NULL)
        return FIRN_NO_MEMORY;
    for (size_t i = 0; i < update->job.scan.file_count; i++)
        update->file_numbers[i] = UINT32_MAX;
    for (uint32_t i = update->first_absorbed; i < meta->layer_count; i++) {
        const uint64_t files = meta->layers[i].files;
        update->numbers[i] =
            firn_allocate(update->allocator, (files + 1) * sizeof *update->numbers[i]);
        if (update->numbers[i] == NULL)
            return FIRN_NO_MEMORY;
        memset(update->numbers[i], 0xff, (files + 1) * sizeof *update->numbers[i]);
    }
    return FIRN_OK;
}

static firn_status add_file(struct update *update, struct dictionary_writer *writer,
                            const char *path, const struct file_record *record,
                            firn_error *ret_error)
{
    struct bytes bytes = {.allocator = update->allocator};
    firn_status status = record_put(&bytes, record) == FIRN_OK ? FIRN_OK : out_of_memory(ret_error);
    if (status == FIRN_OK)
        status = dictionary_add(writer, path, strlen(path), bytes.data, bytes.size, ret_error);
    bytes_fini(&bytes);
    return status;
}

/* Adds members and files that were read to the catalog, by their paths, and numbers them. */
static firn_status add_files(void *context, struct dictionary_writer *writer, firn_error *ret_error)
{
    struct update *update = context;
    const struct job *job = &update->job;
    size_t member = 0, file = 0;
    firn_status status = FIRN_OK;
    while (status == FIRN_OK && (member < update->member_count || file < job->scan.file_count)) {
        const uint32_t number = (uint32_t)update->layer.files;
        if (file < job->scan.file_count && !job->files[file].is_done) {
            file++;
            continue;
        }
        if (file == job->scan.file_count ||
            (member < update->member_count &&
             strcmp(update->members[member].path, job->scan.files[file].path) < 0)) {
            const struct opened_file *from = &update->members[member++];
            const uint32_t layer = layer_of(&update->opened, from->number);
            update->numbers[layer][from->number - update->opened.layers[layer].first] = number;
            status = add_file(update, writer, from->path, &from->record, ret_error);
        } else {
            update->file_numbers[file] = number;
            status = add_file(update, writer, job->scan.files[file].path, &job->files[file].record,
                              ret_error);
            file++;
        }
        update->layer.files++;
    }
    return status;
}

static firn_status write_names(struct update *update, struct dictionary *names,
                               struct merge_layer *layers, firn_error *ret_error)
{
    const struct meta *meta = &update->opened.meta;
    const uint32_t first = update->first_absorbed;
    struct names_sources sources = {.numbers = update->file_numbers,
                                    .layers = layers,
                                    .layer_count = meta->layer_count - first};
    firn_status status = FIRN_OK;
    for (uint32_t i = first; i < meta->layer_count && status == FIRN_OK; i++) {
        status = dictionary_open(&names[i - first], update->job.store,
                                 meta->layers[i].names_segment, ret_error);
        layers[i - first] = (struct merge_layer){.names = &names[i - first],
                                                 .numbers = update->numbers[i],
                                                 .number_count = meta->layers[i].files};
    }
    if (status == FIRN_OK && update->job.workers == NULL) {
        update->job.worker_count = 1;
        status = indexing_make_workers(&update->job, ret_error);
    }
    return status == FIRN_OK ? names_write(&update->job, &sources, &update->layer.names,
                                           &update->layer.names_segment, ret_error)
                             : status;
}

static firn_status merge_names(struct update *update, firn_error *ret_error)
{
    const uint32_t count = update->opened.meta.layer_count - update->first_absorbed;
    struct dictionary *names = firn_allocate_zeroed(update->allocator, count + 1, sizeof *names);
    struct merge_layer *layers = firn_allocate_zeroed(update->allocator, count + 1, sizeof *layers);
    firn_status status = names != NULL && layers != NULL
                             ? write_names(update, names, layers, ret_error)
                             : out_of_memory(ret_error);
    for (uint32_t i = 0; names != NULL && i < count; i++)
        dictionary_close(&names[i]);
    firn_release(update->allocator, names, (count + 1) * sizeof *names);
    firn_release(update->allocator, layers, (count + 1) * sizeof *layers);
    return status;
}

static firn_status take_members(struct update *update, firn_error *ret_error)
{
    firn_status status = make_numbers(update) == FIRN_OK ? FIRN_OK : out_of_memory(ret_error);
    for (uint32_t i = 0; i < update->opened.meta.layer_count && status == FIRN_OK; i++)
        if (is_absorbed(update, i))
            status = add_members(update, i, ret_error);
    if (status != FIRN_OK)
        return status;
    if (update->member_count > 0)
        qsort(update->members, update->member_count, sizeof *update->members, by_path);
    return move_members(update, ret_error);
}

firn_status layer_make(struct update *update, firn_error *ret_error)
{
    const struct job *job = &update->job;
    uint64_t new_files = 0, live = 0;
    for (size_t i = 0; i < job->scan.file_count; i++)
        if (job->files[i].is_done) {
            const struct file_record *record = &job->files[i].record;
            segments_count(&update->segments, record, true);
            totals_add(&update->meta.totals, record);
            totals_add(&update->languages[record->language].totals, record);
            new_files++;
        }
    choose(update, new_files);
    for (uint32_t i = 0; i < update->first_absorbed; i++)
        live += update->live[i];
    update->has_layer = live == 0 || live < update->meta.totals.files;
    if (!update->has_layer)
        return FIRN_OK;
    firn_status status = take_members(update, ret_error);
    update->layer.changes_segment = FIRN_SEGMENT_NONE;
    if (status == FIRN_OK)
        status = put_dictionary(&update->job, SEGMENT_CATALOG, add_files, update,
                                &update->layer.catalog_segment, ret_error);
    return status == FIRN_OK ? merge_names(update, ret_error) : status;
}

void layer_fini(struct update *update)
{
    const struct meta *meta = &update->opened.meta;
    for (size_t i = 0; i < update->member_count; i++)
        opened_file_fini(&update->opened, &update->members[i]);
    firn_release(update->allocator, update->members,
                 update->member_capacity * sizeof *update->members);
    for (uint32_t i = 0; update->numbers != NULL && i < meta->layer_count; i++)
        if (update->numbers[i] != NULL)
            firn_release(update->allocator, update->numbers[i],
                         (meta->layers[i].files + 1) * sizeof *update->numbers[i]);
    firn_release(update->allocator, update->numbers, meta->layer_count * sizeof(uint32_t *));
    firn_release(update->allocator, update->file_numbers,
                 (update->job.scan.file_count + 1) * sizeof *update->file_numbers);
    firn_release(update->allocator, update->live, meta->layer_count * sizeof *update->live);
}
