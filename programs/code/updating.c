/* An update from its scan to its commit: what may have changed is found by size and time and read,
 * what has changed is parsed with the family that the store has, and a new layer takes it. See
 * updating/update.h for the steps and docs/formats/code.md for layers.
 *
 * Until the commit the store holds what it held. Memory: as an indexing of the files that are read,
 * and some 20 bytes a file of the store beside its path in the scan. */
#include "code/updating.h"

#include "code/updating/update.h"
#include "code/worker.h"

#define WORKER_BYTES (512u << 10) /* of sources for each further worker */
#define LEARN_BYTES (1u << 20)    /* of sources from which on families take up productions */
#define REREAD_BYTES (1u << 20)   /* of files read in vain, for which a commit pays */

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while updating");
}

/* --- the beginning --- */

/* Opens the store for writing, which must be there already. */
static firn_status open_store_to_write(struct update *update,
                                       const struct updating_options *options,
                                       firn_error *ret_error)
{
    struct job *job = &update->job;
    const firn_store_options reader = {.allocator = job->allocator, .cache_bytes = 1};
    const firn_store_options writer = {.allocator = job->allocator,
                                       .mode = FIRN_STORE_WRITE,
                                       .cache_bytes = job->options.ram_bytes / 4,
                                       .what = options->what != NULL ? options->what
                                                                     : "firn code update"};
    firn_store *store;
    firn_status status = firn_store_open(options->store, &reader, &store, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_store_close(store);
    status = firn_store_open(options->store, &writer, &job->store, ret_error);
    if (status == FIRN_OK)
        status =
            opened_init_on(&update->opened, job->store, options->store, job->allocator, ret_error);
    update->is_opened = status == FIRN_OK;
    job->opened = update->is_opened ? &update->opened : NULL;
    return status;
}

/* Takes the folder and the patterns from the store where none are given. */
static firn_status find_settings(struct update *update, firn_error *ret_error)
{
    const struct meta *meta = &update->opened.meta;
    struct job_options *options = &update->job.options;
    if (options->root == NULL)
        options->root = meta->root;
    options->no_ignore = options->no_ignore || meta->no_ignore;
    if (options->exclude != NULL)
        return FIRN_OK;
    options->exclude = &update->exclude;
    for (uint32_t i = 0; i < meta->exclude_count; i++) {
        firn_status status = exclude_add(&update->exclude, meta->excludes[i]);
        if (status == FIRN_NO_MEMORY)
            return out_of_memory(ret_error);
        if (status != FIRN_OK)
            return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                                  "%s: a pattern in it is damaged; index the folder again",
                                  options->store);
    }
    return FIRN_OK;
}

/* What is damaged is no former version: its content would be taken for what is there. */
static void set_former(struct update *update, size_t file)
{
    const struct file_record *record = &update->diff.formers[file].record;
    if (damage_hits(&update->damage, record))
        update->job.files[file].is_damaged = true;
    else
        update->job.files[file].former = record;
}

static firn_status find_changes(struct update *update, firn_error *ret_error)
{
    struct job *job = &update->job;
    firn_status status = indexing_find_root(job, ret_error);
    if (status == FIRN_OK)
        status = indexing_scan(job, ret_error);
    if (status == FIRN_OK && update->repairs)
        status = damage_find(&update->damage, job->store, ret_error);
    if (status == FIRN_OK)
        status = diff_run(&update->diff, &update->opened, &job->scan, &update->damage, ret_error);
    if (status == FIRN_OK)
        status = indexing_make_tables(job, ret_error);
    for (size_t i = 0; i < job->scan.file_count && status == FIRN_OK; i++)
        if (update->diff.formers[i].path != NULL)
            set_former(update, i);
    return status;
}

/* --- languages --- */

/* Whether the grammar's labels and fields are those that the family was learned with. */
static bool fits(const struct language *language, const firn_family *family,
                 const firn_allocator *allocator)
{
    firn_family *fresh = NULL;
    bool is_fit =
        firn_family_create(&(firn_family_options){.allocator = allocator}, &fresh) == FIRN_OK &&
        language_name_family(language, fresh) == FIRN_OK;
    is_fit = is_fit && firn_family_label_count(fresh) == firn_family_label_count(family) &&
             firn_family_field_count(fresh) == firn_family_field_count(family);
    for (unsigned i = 0; is_fit && i < firn_family_label_count(fresh); i++)
        is_fit = strcmp(firn_family_label_name(fresh, (firn_label)i),
                        firn_family_label_name(family, (firn_label)i)) == 0;
    for (unsigned i = 0; is_fit && i < firn_family_field_count(fresh); i++)
        is_fit = strcmp(firn_family_field_name(fresh, (firn_field)i),
                        firn_family_field_name(family, (firn_field)i)) == 0;
    firn_family_destroy(fresh);
    return is_fit;
}

static firn_status load_family(struct update *update, const struct meta_language *meta,
                               firn_family **ret_family, firn_error *ret_error)
{
    struct content content;
    firn_status status =
        content_get(&update->opened, &meta->family, meta->family_bytes, &content, ret_error);
    if (status == FIRN_OK) {
        status = firn_family_load(content.data, content.size, update->allocator, ret_family);
        if (status != FIRN_OK)
            firn_error_set(ret_error, status, 0, "%s: damaged in the store; index the folder again",
                           meta->name);
    }
    content_release(&update->opened, &content);
    return status;
}

/* Goes on with the family that the store has of a language. A small update adds no productions, so
 * that the family, which all readers hold, need not be written and read again for it. */
static firn_status resume_language(struct update *update, unsigned index,
                                   const struct meta_language *meta, firn_error *ret_error)
{
    struct job *job = &update->job;
    struct job_language *language = &job->languages[index];
    const firn_family_options options = {.checkpoint_nodes = CHECKPOINT_NODES,
                                         .limit_bytes =
                                             job->scan.source_bytes < LEARN_BYTES ? 1 : 0};
    firn_status status = load_family(update, meta, &language->family, ret_error);
    if (status != FIRN_OK)
        return status;
    if (!fits(language->language, language->family, update->allocator))
        return firn_error_set(ret_error, FIRN_VERSION, 0,
                              "%s: indexed with another version of the grammar of %s; index the "
                              "folder again",
                              job->options.store, language->language->title);
    update->families[index].productions = firn_family_production_count(language->family);
    update->families[index].edges = firn_family_edge_count(language->family);
    status = firn_family_resume(language->family, &options);
    if (status == FIRN_OK)
        status = extractor_create(language->language, language->family, update->allocator,
                                  &language->extractor);
    return status == FIRN_OK ? FIRN_OK
                             : firn_error_set(ret_error, status, 0, "%s: %s", meta->name,
                                              firn_status_text(status));
}

static firn_status make_languages(struct update *update, firn_error *ret_error)
{
    const struct meta *meta = &update->opened.meta;
    struct job *job = &update->job;
    const size_t most = (size_t)meta->language_count + job->language_total;
    update->languages = firn_allocate_zeroed(update->allocator, most, sizeof *update->languages);
    update->is_family_new =
        firn_allocate_zeroed(update->allocator, most, sizeof *update->is_family_new);
    update->families =
        firn_allocate_zeroed(update->allocator, job->language_total, sizeof *update->families);
    if (update->languages == NULL || update->is_family_new == NULL || update->families == NULL)
        return out_of_memory(ret_error);
    for (uint32_t i = 0; i < meta->language_count; i++) {
        update->languages[i] = meta->languages[i];
        update->languages[i].totals = (struct totals){0};
    }
    update->meta.language_count = meta->language_count;
    firn_status status = FIRN_OK;
    for (unsigned i = 0; i < job->language_total && status == FIRN_OK; i++) {
        uint32_t number = 0;
        if (job->languages[i].language == NULL)
            continue;
        while (number < meta->language_count &&
               language_by_name(meta->languages[number].name) != job->languages[i].language)
            number++;
        job->languages[i].number =
            number < meta->language_count ? number : update->meta.language_count++;
        if (number < meta->language_count)
            status = resume_language(update, i, &meta->languages[number], ret_error);
    }
    return status;
}

/* --- the work --- */

static firn_status read_files(struct update *update, firn_error *ret_error)
{
    struct job *job = &update->job;
    firn_status status = make_languages(update, ret_error);
    if (status != FIRN_OK || job->scan.file_count == 0)
        return status;
    const uint64_t useful = 1 + job->scan.source_bytes / WORKER_BYTES;
    if (job->worker_count > useful)
        job->worker_count = (unsigned)useful;
    status = indexing_make_workers(job, ret_error);
    return status == FIRN_OK ? indexing_take_files(job, ret_error) : status;
}

static void count_files(const struct update *update, struct updating_result *result)
{
    const struct job *job = &update->job;
    *result = (struct updating_result){.unchanged = update->diff.unchanged,
                                       .removed = update->diff.removed};
    for (size_t i = 0; i < job->scan.file_count; i++) {
        const struct job_file *file = &job->files[i];
        const bool is_known = file->former != NULL || file->is_damaged;
        result->repaired += file->is_damaged && file->is_done ? 1 : 0;
        result->changed += is_known && file->is_done ? 1 : 0;
        result->added += !is_known && file->is_done ? 1 : 0;
        result->unchanged += file->is_same ? 1 : 0;
        result->removed += is_known && !file->is_done && !file->is_same ? 1 : 0;
    }
    result->files = result->changed + result->added + result->unchanged;
}

/* Whether the list of skipped paths is the one that the store has. */
static firn_status compare_skipped(const struct update *update, bool *ret_same,
                                   firn_error *ret_error)
{
    const struct scan *scan = &update->job.scan;
    struct dictionary skipped;
    struct dictionary_cursor cursor = {.dictionary = NULL};
    size_t count = 0;
    bool is_same = scan->skipped_count == update->opened.meta.skipped;
    firn_status status = dictionary_open(&skipped, update->job.store,
                                         update->opened.meta.skipped_segment, ret_error);
    if (status != FIRN_OK)
        return status;
    status = dictionary_at(&skipped, 0, &cursor, ret_error);
    while (status == FIRN_OK && is_same && count < scan->skipped_count) {
        const struct scan_skipped *now = &scan->skipped[count++];
        const struct table_cursor *then = &cursor.entry;
        is_same =
            key_compare(then->key, then->key_size, now->path, strlen(now->path)) == 0 &&
            key_compare(then->payload, then->payload_size, now->reason, strlen(now->reason)) == 0;
        status = dictionary_next(&cursor, ret_error);
    }
    dictionary_cursor_close(&cursor);
    dictionary_close(&skipped);
    *ret_same = is_same && count == scan->skipped_count;
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static bool has_same_settings(const struct update *update)
{
    const struct meta *meta = &update->opened.meta;
    const struct exclude *exclude = update->job.options.exclude;
    bool is_same = strcmp(meta->root, update->job.root) == 0 &&
                   meta->no_ignore == update->job.options.no_ignore &&
                   exclude_count(exclude) == meta->exclude_count;
    for (uint32_t i = 0; is_same && i < meta->exclude_count; i++)
        is_same = strcmp(exclude_text(exclude, i), meta->excludes[i]) == 0;
    return is_same;
}

/* Whether there is anything to be written. */
static firn_status is_needed(const struct update *update, const struct updating_result *result,
                             bool *ret_needed, firn_error *ret_error)
{
    const struct job *job = &update->job;
    bool is_same = true;
    uint64_t reread = 0;
    *ret_needed =
        result->changed + result->added + result->removed > 0 || !has_same_settings(update);
    for (size_t i = 0; i < job->scan.file_count; i++)
        if (job->files[i].is_same &&
            job->files[i].former->mtime_ns != job->files[i].record.mtime_ns)
            *ret_needed = true;
    for (unsigned i = 0; job->workers != NULL && i < job->worker_count; i++)
        reread += job->workers[i].same_bytes;
    firn_status status = compare_skipped(update, &is_same, ret_error);
    *ret_needed = *ret_needed || !is_same || reread > REREAD_BYTES;
    return status;
}

static firn_status write_update(struct update *update, firn_error *ret_error)
{
    for (unsigned i = 0; update->job.workers != NULL && i < update->job.worker_count; i++)
        worker_settle(&update->job.workers[i]);
    if (firn_codec_create(update->allocator, &update->codec) != FIRN_OK)
        return out_of_memory(ret_error);
    firn_status status = layer_survey(update, ret_error);
    if (status == FIRN_OK)
        status = layer_make(update, ret_error);
    return status == FIRN_OK ? publish(update, ret_error) : status;
}

static firn_status run(struct update *update, const struct updating_options *options,
                       struct updating_result *result, firn_error *ret_error)
{
    struct job *job = &update->job;
    bool is_written = false;
    firn_status status = open_store_to_write(update, options, ret_error);
    if (status == FIRN_OK)
        status = find_settings(update, ret_error);
    if (status == FIRN_OK)
        status = find_changes(update, ret_error);
    progress_begin(&job->progress, job->verb, job->scan.source_bytes, true,
                   job->options.show_progress);
    if (status == FIRN_OK)
        status = read_files(update, ret_error);
    progress_end(&job->progress);
    if (status != FIRN_OK)
        return status;
    scan_sort_skipped(&job->scan);
    count_files(update, result);
    status = is_needed(update, result, &is_written, ret_error);
    if (status == FIRN_OK && is_written)
        status = write_update(update, ret_error);
    firn_usage usage;
    firn_store_usage(job->store, &usage);
    result->store_bytes = usage.disk_bytes;
    result->is_written = is_written;
    for (size_t i = 0; status == FIRN_OK && options->skipped != NULL && i < job->scan.skipped_count;
         i++)
        options->skipped(options->context, job->scan.skipped[i].path, job->scan.skipped[i].reason);
    return status;
}

static void end(struct update *update)
{
    struct job *job = &update->job;
    damage_fini(&update->damage);
    for (uint32_t i = 0; update->is_family_new != NULL && i < update->meta.language_count; i++)
        if (update->is_family_new[i])
            place_fini(&update->languages[i].family, update->allocator);
    const size_t most = (size_t)update->opened.meta.language_count + job->language_total;
    firn_release(update->allocator, update->languages, most * sizeof *update->languages);
    firn_release(update->allocator, update->is_family_new, most * sizeof *update->is_family_new);
    firn_release(update->allocator, update->families,
                 job->language_total * sizeof *update->families);
    if (update->layers != NULL)
        firn_release(update->allocator, update->layers,
                     (update->opened.meta.layer_count + 1u) * sizeof *update->layers);
    layer_fini(update);
    segments_fini(&update->segments);
    firn_codec_destroy(update->codec);
    diff_fini(&update->diff, &update->opened);
    if (update->is_opened)
        opened_fini(&update->opened);
    exclude_fini(&update->exclude);
    indexing_end(job);
}

firn_status updating_run(const struct updating_options *options, struct updating_result *ret_result,
                         firn_error *ret_error)
{
    const firn_allocator *allocator =
        options->allocator != NULL ? options->allocator : firn_allocator_system();
    const struct job_options job = {.allocator = allocator,
                                    .root = options->root,
                                    .store = options->store,
                                    .exclude = options->exclude,
                                    .no_ignore = options->no_ignore,
                                    .ram_bytes = options->ram_bytes,
                                    .workers = options->workers,
                                    .folder = options->folder,
                                    .context = options->context,
                                    .show_progress = options->show_progress};
    struct updating_result result;
    struct update *update = firn_allocate_zeroed(allocator, 1, sizeof *update);
    if (update == NULL)
        return out_of_memory(ret_error);
    update->allocator = update->diff.allocator = update->segments.allocator = allocator;
    update->opened.allocator = update->damage.allocator = allocator;
    update->repairs = options->repairs;
    exclude_init(&update->exclude, allocator);
    indexing_prepare(&update->job, &job);
    update->job.verb = "updating";
    firn_status status = run(update, options, &result, ret_error);
    end(update);
    firn_release(allocator, update, sizeof *update);
    if (status == FIRN_OK)
        *ret_result = result;
    return status;
}
