/* The end of an indexing: the dictionaries of names, paths and skipped files, the families, the
 * meta segment, and the commit. Files get their numbers here, in the order of their paths, when it
 * is known which of them are in the store. */
#include "code/finish.h"

#include "code/names.h"
#include "code/put.h"
#include "code/worker.h"

struct finish {
    struct job *job;
    struct meta meta;
    struct meta_layer layer;
    struct meta_language *languages;
    uint32_t *numbers; /* of files in the store; UINT32_MAX for the skipped */
    struct bytes bytes;
    firn_codec *codec;
    uint32_t meta_segment;
};

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while finishing the index");
}

static void number_files(struct finish *finish)
{
    struct job *job = finish->job;
    uint32_t next = 0;
    for (size_t i = 0; i < job->scan.file_count; i++) {
        struct job_file *file = &job->files[i];
        finish->numbers[i] = file->is_done ? next++ : UINT32_MAX;
        if (!file->is_done)
            continue;
        totals_add(&finish->meta.totals, &file->record);
        totals_add(&finish->languages[file->record.language].totals, &file->record);
    }
}

static firn_status add_files(void *context, struct dictionary_writer *writer, firn_error *ret_error)
{
    struct finish *finish = context;
    struct job *job = finish->job;
    firn_status status = FIRN_OK;
    for (size_t i = 0; i < job->scan.file_count && status == FIRN_OK; i++) {
        const char *path = job->scan.files[i].path;
        if (!job->files[i].is_done)
            continue;
        finish->bytes.size = 0;
        if (record_put(&finish->bytes, &job->files[i].record) != FIRN_OK)
            return out_of_memory(ret_error);
        status = dictionary_add(writer, path, strlen(path), finish->bytes.data, finish->bytes.size,
                                ret_error);
    }
    return status;
}

static firn_status write_meta(struct finish *finish, firn_error *ret_error)
{
    struct job *job = finish->job;
    finish->meta.root = job->root;
    finish->meta.languages = finish->languages;
    finish->meta.scanned_ns = job->scanned_ns;
    finish->meta.skipped = job->scan.skipped_count;
    finish->layer.files = finish->meta.totals.files;
    finish->layer.changes_segment = FIRN_SEGMENT_NONE;
    finish->meta.layers = &finish->layer;
    finish->meta.layer_count = 1;
    firn_status status = FIRN_OK;
    for (unsigned i = 0; i < job->language_total && status == FIRN_OK; i++) {
        const struct job_language *language = &job->languages[i];
        if (language->language == NULL)
            continue;
        finish->meta.language_count++;
        status = put_family(job, finish->codec, language, &finish->languages[language->number],
                            ret_error);
    }
    for (unsigned i = 0; i < job->worker_count; i++)
        finish->meta.parser_tree_bytes += job->workers[i].parser_tree_bytes;
    return status == FIRN_OK
               ? put_meta(job, finish->codec, &finish->meta, &finish->meta_segment, ret_error)
               : status;
}

static firn_status write_all(struct finish *finish, firn_error *ret_error)
{
    struct job *job = finish->job;
    const struct names_sources sources = {.numbers = finish->numbers};
    number_files(finish);
    firn_status status =
        names_write(job, &sources, &finish->layer.names, &finish->layer.names_segment, ret_error);
    if (status == FIRN_OK)
        status = put_dictionary(job, SEGMENT_CATALOG, add_files, finish,
                                &finish->layer.catalog_segment, ret_error);
    scan_sort_skipped(&job->scan);
    if (status == FIRN_OK)
        status = put_skipped(job, &finish->meta.skipped_segment, ret_error);
    return status == FIRN_OK ? write_meta(finish, ret_error) : status;
}

static firn_status commit(struct finish *finish, firn_error *ret_error)
{
    struct job *job = finish->job;
    firn_status status = put_commit(job, finish->meta_segment, ret_error);
    if (status == FIRN_OK) {
        firn_store_close(job->store);
        job->store = NULL;
    }
    return status;
}

static void fill_result(const struct finish *finish, struct finish_result *result)
{
    const struct job *job = finish->job;
    *result = (struct finish_result){.totals = finish->meta.totals,
                                     .parser_tree_bytes = finish->meta.parser_tree_bytes};
    for (uint32_t i = 0; i < finish->meta.language_count; i++)
        result->productions += finish->languages[i].productions;
    for (unsigned i = 0; i < job->worker_count; i++)
        result->parse_seconds += (double)job->workers[i].parse_ns / 1e9;
}

firn_status finish_index(struct job *job, struct finish_result *ret_result, firn_error *ret_error)
{
    struct finish finish = {.job = job, .bytes = {.allocator = job->allocator}};
    size_t languages_size = (job->language_total + 1) * sizeof *finish.languages;
    for (unsigned i = 0; i < job->worker_count; i++)
        worker_settle(&job->workers[i]);
    finish.languages = firn_allocate_zeroed(job->allocator, 1, languages_size);
    finish.numbers =
        firn_allocate_zeroed(job->allocator, job->scan.file_count + 1, sizeof *finish.numbers);
    firn_status status = firn_codec_create(job->allocator, &finish.codec);
    if (finish.languages == NULL || finish.numbers == NULL || status != FIRN_OK)
        status = out_of_memory(ret_error);
    if (status == FIRN_OK)
        status = write_all(&finish, ret_error);
    if (status == FIRN_OK)
        status = commit(&finish, ret_error);
    if (status == FIRN_OK)
        fill_result(&finish, ret_result);
    for (unsigned i = 0; i < job->language_total && finish.languages != NULL; i++)
        place_fini(&finish.languages[i].family, job->allocator);
    bytes_fini(&finish.bytes);
    firn_codec_destroy(finish.codec);
    firn_release(job->allocator, finish.languages, languages_size);
    firn_release(job->allocator, finish.numbers,
                 (job->scan.file_count + 1) * sizeof *finish.numbers);
    return status;
}
