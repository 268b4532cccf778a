/* The end of an update: what changed in the layers that stay, the families that have grown, the
 * skipped paths, the meta segment; then the store is swept and committed. A second commit gives
 * back what the first left behind as garbage.
 *
 * P1: until the first commit the store holds what it held; a failure of the second is none of the
 *     update's. */
#include "code/interrupt.h"
#include "code/put.h"
#include "code/updating/update.h"

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while updating");
}

/* --- the layers that stay --- */

/* Notes what the next generation says of a layer's files. *ret_same tells whether it is what this
 * one says. */
static firn_status note_changes(const struct update *update, uint32_t layer,
                                struct changes *changes, bool *ret_same)
{
    const struct changes *before = &update->opened.layers[layer].changes;
    firn_status status = FIRN_OK;
    bool is_same = true;
    for (uint32_t file = 0; file < before->file_count && status == FIRN_OK; file++) {
        const struct job_file *now;
        const int64_t *time = changes_time(before, file);
        if (!update_is_live(update, layer, file, &now)) {
            is_same = is_same && changes_is_hidden(before, file);
            status = changes_hide(changes, file);
        } else if (now != NULL && now->record.mtime_ns != now->former->mtime_ns) {
            is_same = false;
            status = changes_set_time(changes, file, now->record.mtime_ns);
        } else if (time != NULL) {
            status = changes_set_time(changes, file, *time);
        }
    }
    *ret_same = is_same;
    return status;
}

static firn_status put_changes(struct update *update, const struct changes *changes,
                               uint32_t *ret_segment, firn_error *ret_error)
{
    const firn_store_put_options put = {
        .kind = SEGMENT_CHANGES, .codec = FIRN_CODEC_ZSTD, .level = NAMES_LEVEL};
    struct bytes bytes = {.allocator = update->allocator};
    *ret_segment = FIRN_SEGMENT_NONE;
    firn_status status =
        changes_put(changes, &bytes) == FIRN_OK ? FIRN_OK : out_of_memory(ret_error);
    if (status == FIRN_OK && bytes.size > 0)
        status = firn_store_put(update->job.store, update->codec, &put, bytes.data, bytes.size,
                                ret_segment, ret_error);
    bytes_fini(&bytes);
    return status;
}

static firn_status need_dictionary(struct update *update, uint32_t top_segment,
                                   firn_error *ret_error)
{
    struct dictionary dictionary;
    firn_status status = dictionary_open(&dictionary, update->job.store, top_segment, ret_error);
    if (status != FIRN_OK)
        return status;
    segments_need(&update->segments, top_segment);
    struct table_cursor cursor;
    uint32_t segment;
    for (status = dictionary_table(&dictionary, 0, &cursor, &segment, ret_error); status == FIRN_OK;
         status = dictionary_table(&dictionary, cursor.index + 1, &cursor, &segment, ret_error))
        segments_need(&update->segments, segment);
    dictionary_close(&dictionary);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static firn_status keep_layer(struct update *update, uint32_t layer, firn_error *ret_error)
{
    struct meta_layer kept = update->opened.meta.layers[layer];
    struct changes changes;
    bool is_same = false;
    changes_init(&changes, update->allocator, (uint32_t)kept.files);
    firn_status status = note_changes(update, layer, &changes, &is_same);
    if (status != FIRN_OK)
        out_of_memory(ret_error);
    kept.hidden = changes.hidden_count;
    if (status == FIRN_OK && !is_same)
        status = put_changes(update, &changes, &kept.changes_segment, ret_error);
    changes_fini(&changes);
    if (status == FIRN_OK)
        status = need_dictionary(update, kept.names_segment, ret_error);
    if (status == FIRN_OK)
        status = need_dictionary(update, kept.catalog_segment, ret_error);
    segments_need(&update->segments, kept.changes_segment);
    update->layers[update->meta.layer_count++] = kept;
    return status;
}

static firn_status keep_layers(struct update *update, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    update->layers = firn_allocate_zeroed(update->allocator, update->opened.meta.layer_count + 1u,
                                          sizeof *update->layers);
    if (update->layers == NULL)
        return out_of_memory(ret_error);
    for (uint32_t i = 0; i < update->first_absorbed && status == FIRN_OK; i++)
        if (update->live[i] > 0)
            status = keep_layer(update, i, ret_error);
    if (update->has_layer)
        update->layers[update->meta.layer_count++] = update->layer;
    update->meta.layers = update->layers;
    return status;
}

/* --- families, skipped paths, meta --- */

static bool has_grown(const struct update *update, unsigned index)
{
    const struct job_language *language = &update->job.languages[index];
    const struct update_family *before = &update->families[index];
    return language->family != NULL &&
           (firn_family_production_count(language->family) != before->productions ||
            firn_family_edge_count(language->family) != before->edges);
}

static firn_status put_families(struct update *update, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    for (unsigned i = 0; i < update->job.language_total && status == FIRN_OK; i++) {
        const uint32_t number = update->job.languages[i].number;
        if (number == UINT32_MAX || !has_grown(update, i))
            continue;
        struct meta_language *meta = &update->languages[number];
        meta->family = (struct place){.more = NULL};
        update->is_family_new[number] = true;
        status =
            put_family(&update->job, update->codec, &update->job.languages[i], meta, ret_error);
    }
    for (uint32_t i = 0; i < update->meta.language_count; i++) {
        const struct place *place = &update->languages[i].family;
        segments_need(&update->segments, place->segment);
        for (uint32_t k = 0; k < place->more_count; k++)
            segments_need(&update->segments, place->more[k]);
    }
    return status;
}

/* The parser's trees are gone when they are packed: those of files that stay are taken to have been
 * as large, a node, as all were. */
static uint64_t estimate_parser_trees(const struct update *update)
{
    const struct meta *before = &update->opened.meta;
    const double nodes = before->totals.nodes > 0 ? (double)before->totals.nodes : 1;
    uint64_t bytes =
        (uint64_t)((double)before->parser_tree_bytes * ((double)update->live_nodes / nodes));
    for (unsigned i = 0; update->job.workers != NULL && i < update->job.worker_count; i++)
        bytes += update->job.workers[i].parser_tree_bytes;
    return bytes;
}

static firn_status write_all(struct update *update, uint32_t *ret_meta_segment,
                             firn_error *ret_error)
{
    struct job *job = &update->job;
    firn_status status = keep_layers(update, ret_error);
    if (status == FIRN_OK)
        status = put_families(update, ret_error);
    if (status == FIRN_OK)
        status = put_skipped(job, &update->meta.skipped_segment, ret_error);
    update->meta.root = job->root;
    update->meta.skipped = job->scan.skipped_count;
    update->meta.scanned_ns = job->scanned_ns;
    update->meta.languages = update->languages;
    update->meta.parser_tree_bytes = estimate_parser_trees(update);
    return status == FIRN_OK
               ? put_meta(job, update->codec, &update->meta, ret_meta_segment, ret_error)
               : status;
}

/* Gives back what the sweep left in files that are largely garbage (P1). */
static void compact(struct update *update, uint32_t meta_segment)
{
    const firn_store_compact_options options = {.garbage_percent = 0};
    uint64_t moved = 0;
    if (firn_store_compact(update->job.store, update->codec, &options, &moved, NULL) == FIRN_OK &&
        !interrupt_came() && moved > 0)
        (void)!firn_store_commit(update->job.store, meta_segment, NULL);
}

firn_status publish(struct update *update, firn_error *ret_error)
{
    uint32_t meta_segment;
    firn_status status = write_all(update, &meta_segment, ret_error);
    if (status == FIRN_OK) {
        status = segments_sweep(&update->segments, update->job.store);
        if (status != FIRN_OK)
            firn_error_set(ret_error, status, 0, "cannot remove what is not needed any more: %s",
                           firn_status_text(status));
    }
    if (status == FIRN_OK)
        status = put_commit(&update->job, meta_segment, ret_error);
    if (status == FIRN_OK)
        compact(update, meta_segment);
    return status;
}
