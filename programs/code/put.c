/* See put.h. Called by finish.c and by updating/, in one thread. */
#include "code/put.h"

#include "code/interrupt.h"

#define PATHS_TABLE_BYTES (64u << 10)

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while finishing the index");
}

firn_status put_dictionary(struct job *job, enum segment_kind kind, put_entries_fn add,
                           void *context, uint32_t *ret_segment, firn_error *ret_error)
{
    const struct dictionary_options options = {.allocator = job->allocator,
                                               .store = job->store,
                                               .kind = kind,
                                               .level = NAMES_LEVEL,
                                               .table_bytes = PATHS_TABLE_BYTES};
    struct dictionary_writer *writer = firn_allocate_zeroed(job->allocator, 1, sizeof *writer);
    if (writer == NULL)
        return out_of_memory(ret_error);
    firn_status status = dictionary_writer_init(writer, &options);
    status = status == FIRN_OK ? add(context, writer, ret_error) : out_of_memory(ret_error);
    if (status == FIRN_OK)
        status = dictionary_finish(writer, ret_segment, ret_error);
    dictionary_writer_fini(writer);
    firn_release(job->allocator, writer, sizeof *writer);
    return status;
}

static firn_status add_skipped(void *context, struct dictionary_writer *writer,
                               firn_error *ret_error)
{
    const struct scan *scan = context;
    firn_status status = FIRN_OK;
    for (size_t i = 0; i < scan->skipped_count && status == FIRN_OK; i++) {
        const struct scan_skipped *skipped = &scan->skipped[i];
        size_t size = strlen(skipped->path); /* too long a path may be why it was skipped */
        status = dictionary_add(writer, skipped->path, size < KEY_MAX_BYTES ? size : KEY_MAX_BYTES,
                                skipped->reason, strlen(skipped->reason), ret_error);
    }
    return status;
}

firn_status put_skipped(struct job *job, uint32_t *ret_segment, firn_error *ret_error)
{
    return put_dictionary(job, SEGMENT_SKIPPED, add_skipped, &job->scan, ret_segment, ret_error);
}

firn_status put_family(struct job *job, firn_codec *codec, const struct job_language *language,
                       struct meta_language *meta, firn_error *ret_error)
{
    struct stream stream;
    void *data;
    size_t size;
    stream_init(&stream, &(struct stream_options){job->allocator, job->store, codec, SEGMENT_FAMILY,
                                                  NAMES_LEVEL, FIRN_SEGMENT_BYTES});
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

static firn_status put_packed_meta(struct job *job, firn_codec *codec, const struct meta *meta,
                                   uint32_t *ret_segment, firn_error *ret_error)
{
    const firn_store_put_options put = {
        .kind = SEGMENT_META, .codec = FIRN_CODEC_ZSTD, .level = NAMES_LEVEL};
    struct bytes bytes = {.allocator = job->allocator};
    firn_status status = meta_put(&bytes, meta) == FIRN_OK ? FIRN_OK : out_of_memory(ret_error);
    if (status == FIRN_OK)
        status =
            firn_store_put(job->store, codec, &put, bytes.data, bytes.size, ret_segment, ret_error);
    bytes_fini(&bytes);
    return status;
}

firn_status put_meta(struct job *job, firn_codec *codec, struct meta *meta, uint32_t *ret_segment,
                     firn_error *ret_error)
{
    const struct exclude *exclude = job->options.exclude;
    const size_t count = exclude != NULL ? exclude_count(exclude) : 0;
    const char **excludes = firn_allocate(job->allocator, (count + 1) * sizeof(const char *));
    if (excludes == NULL)
        return out_of_memory(ret_error);
    for (size_t i = 0; i < count; i++)
        excludes[i] = exclude_text(exclude, i);
    meta->excludes = excludes;
    meta->exclude_count = (uint32_t)count;
    meta->no_ignore = job->options.no_ignore;
    firn_status status = put_packed_meta(job, codec, meta, ret_segment, ret_error);
    meta->excludes = NULL;
    meta->exclude_count = 0;
    firn_release(job->allocator, excludes, (count + 1) * sizeof(const char *));
    return status;
}

firn_status put_commit(struct job *job, uint32_t meta_segment, firn_error *ret_error)
{
    if (interrupt_came())
        return firn_error_set(ret_error, FIRN_CHANGED, 0,
                              "interrupted; %s holds what it held before", job->options.store);
    return firn_store_commit(job->store, meta_segment, ret_error);
}

void totals_add(struct totals *totals, const struct file_record *record)
{
    totals->files++;
    totals->lines += record->lines;
    totals->source_bytes += record->size;
    totals->nodes += record->nodes;
    totals->tree_bytes += record->tree_size;
}
