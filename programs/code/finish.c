/* The end of an indexing: the dictionaries of names, paths and skipped files, the families, the
 * meta segment, and the commit. Files get their numbers here, in the order of their paths, when it
 * is known which of them are in the store. */
#include "code/finish.h"

#include "code/index/dictionary.h"
#include "code/interrupt.h"
#include "code/names.h"
#include "code/worker.h"

#define CATALOG_TABLE_BYTES (64u << 10)

struct finish {
    struct job *job;
    struct meta meta;
    struct meta_layer layer;
    struct meta_language *languages;
    const char **excludes;
    uint32_t *numbers; /* of files in the store; UINT32_MAX for the skipped */
    struct bytes bytes;
    firn_codec *codec;
    uint32_t meta_segment;
};

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while finishing the index");
}

/* --- files --- */

static void number_files(struct finish *finish)
{
    struct job *job = finish->job;
    uint32_t next = 0;
    for (size_t i = 0; i < job->scan.file_count; i++) {
        struct job_file *file = &job->files[i];
        finish->numbers[i] = file->is_done ? next++ : UINT32_MAX;
        if (!file->is_done)
            continue;
        struct totals *totals[] = {&finish->meta.totals,
                                   &finish->languages[file->record.language].totals};
        for (unsigned t = 0; t < 2; t++) {
            totals[t]->files++;
            totals[t]->lines += file->record.lines;
            totals[t]->source_bytes += file->record.size;
            totals[t]->nodes += file->record.nodes;
            totals[t]->tree_bytes += file->record.tree_size;
        }
    }
}

static firn_status write_catalog(struct finish *finish, struct dictionary_writer *writer,
                                 firn_error *ret_error)
{
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
    return status == FIRN_OK ? dictionary_finish(writer, &finish->layer.catalog_segment, ret_error)
                             : status;
}

static firn_status write_skipped(struct finish *finish, struct dictionary_writer *writer,
                                 firn_error *ret_error)
{
    struct job *job = finish->job;
    firn_status status = FIRN_OK;
    scan_sort_skipped(&job->scan);
    finish->meta.skipped = job->scan.skipped_count;
    for (size_t i = 0; i < job->scan.skipped_count && status == FIRN_OK; i++) {
        const struct scan_skipped *skipped = &job->scan.skipped[i];
        size_t size = strlen(skipped->path); /* too long a path may be why it was skipped */
        status = dictionary_add(writer, skipped->path, size < KEY_MAX_BYTES ? size : KEY_MAX_BYTES,
                                skipped->reason, strlen(skipped->reason), ret_error);
    }
    return status == FIRN_OK ? dictionary_finish(writer, &finish->meta.skipped_segment, ret_error)
                             : status;
}

static firn_status write_dictionary(struct finish *finish, enum segment_kind kind,
                                    firn_status (*write)(struct finish *,
                                                         struct dictionary_writer *, firn_error *),
                                    firn_error *ret_error)
{
    const struct dictionary_options options = {.allocator = finish->job->allocator,
                                               .store = finish->job->store,
                                               .kind = kind,
                                               .level = NAMES_LEVEL,
                                               .table_bytes = CATALOG_TABLE_BYTES};
    struct dictionary_writer *writer =
        firn_allocate_zeroed(finish->job->allocator, 1, sizeof *writer);
    if (writer == NULL)
        return out_of_memory(ret_error);
    firn_status status = dictionary_writer_init(writer, &options);
    status = status == FIRN_OK ? write(finish, writer, ret_error) : out_of_memory(ret_error);
    dictionary_writer_fini(writer);
    firn_release(finish->job->allocator, writer, sizeof *writer);
    return status;
}

/* --- families and meta --- */

static firn_status write_family(struct finish *finish, const struct job_language *language,
                                firn_error *ret_error)
{
    struct job *job = finish->job;
    struct meta_language *meta = &finish->languages[language->number];
    struct stream stream;
    stream_init(&stream, &(struct stream_options){job->allocator, job->store, finish->codec,
                                                  SEGMENT_FAMILY, NAMES_LEVEL});
    void *data;
    size_t size;
    if (firn_family_save(language->family, job->allocator, &data, &size) != FIRN_OK)
        return out_of_memory(ret_error);
    meta->name = language->language->name;
    meta->productions = firn_family_production_count(language->family);
    meta->family_bytes = size;
    firn_status status = stream_put(&stream, data, size, &meta->family, ret_error);
    if (status == FIRN_OK)
        status = stream_flush(&stream, ret_error);
    stream_fini(&stream);
    firn_release(job->allocator, data, size);
    return status;
}

/* The patterns of --exclude, for updates. */
static firn_status list_excludes(struct finish *finish, firn_error *ret_error)
{
    const struct exclude *exclude = finish->job->options.exclude;
    const size_t count = exclude != NULL ? exclude_count(exclude) : 0;
    finish->excludes = firn_allocate(finish->job->allocator, (count + 1) * sizeof(const char *));
    if (finish->excludes == NULL)
        return out_of_memory(ret_error);
    for (size_t i = 0; i < count; i++)
        finish->excludes[i] = exclude_text(exclude, i);
    finish->meta.excludes = finish->excludes;
    finish->meta.exclude_count = (uint32_t)count;
    return FIRN_OK;
}

static firn_status write_meta(struct finish *finish, firn_error *ret_error)
{
    struct job *job = finish->job;
    finish->meta.root = job->root;
    finish->meta.languages = finish->languages;
    finish->meta.scanned_ns = job->scanned_ns;
    finish->layer.files = finish->meta.totals.files;
    finish->layer.changes_segment = FIRN_SEGMENT_NONE;
    finish->meta.layers = &finish->layer;
    finish->meta.layer_count = 1;
    firn_status status = FIRN_OK;
    for (unsigned i = 0; i < job->language_total && status == FIRN_OK; i++) {
        if (job->languages[i].language == NULL)
            continue;
        finish->meta.language_count++;
        status = write_family(finish, &job->languages[i], ret_error);
    }
    for (unsigned i = 0; i < job->worker_count; i++)
        finish->meta.parser_tree_bytes += job->workers[i].parser_tree_bytes;
    if (status == FIRN_OK)
        status = list_excludes(finish, ret_error);
    if (status != FIRN_OK)
        return status;
    const firn_store_put_options put = {
        .kind = SEGMENT_META, .codec = FIRN_CODEC_ZSTD, .level = NAMES_LEVEL};
    finish->bytes.size = 0;
    if (meta_put(&finish->bytes, &finish->meta) != FIRN_OK)
        return out_of_memory(ret_error);
    return firn_store_put(job->store, finish->codec, &put, finish->bytes.data, finish->bytes.size,
                          &finish->meta_segment, ret_error);
}

static firn_status write_all(struct finish *finish, firn_error *ret_error)
{
    number_files(finish);
    const struct names_sources sources = {.numbers = finish->numbers};
    firn_status status = names_write(finish->job, &sources, &finish->layer.names,
                                     &finish->layer.names_segment, ret_error);
    if (status == FIRN_OK)
        status = write_dictionary(finish, SEGMENT_CATALOG, write_catalog, ret_error);
    if (status == FIRN_OK)
        status = write_dictionary(finish, SEGMENT_SKIPPED, write_skipped, ret_error);
    return status == FIRN_OK ? write_meta(finish, ret_error) : status;
}

static firn_status commit(struct finish *finish, firn_error *ret_error)
{
    struct job *job = finish->job;
    if (interrupt_came())
        return firn_error_set(ret_error, FIRN_CHANGED, 0,
                              "interrupted; %s holds what it held before", job->options.store);
    firn_status status = firn_store_commit(job->store, finish->meta_segment, ret_error);
    firn_store_close(job->store);
    job->store = NULL;
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
    if (finish.excludes != NULL)
        firn_release(job->allocator, finish.excludes,
                     (finish.meta.exclude_count + 1) * sizeof(const char *));
    firn_release(job->allocator, finish.languages, languages_size);
    firn_release(job->allocator, finish.numbers,
                 (job->scan.file_count + 1) * sizeof *finish.numbers);
    return status;
}
