/* An indexing from its scan to its commit: the samples first, then all other files in the order of
 * their paths, in units of about a segment, so that a segment holds neighbours; a worker takes the
 * next unit when it is done with one. What stands above the files comes last.
 *
 * Until the commit the store holds what it held; whatever happens, indexing_end drops the rest. */
#include "code/indexing.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include <firn/file.h>
#include <firn/system.h>

#include "code/sample.h"
#include "code/worker.h"

#define DEFAULT_RAM_BYTES (64u << 20)
#define MAX_WORKERS 256u
#define BUILDER_KEEP_BYTES (512u << 10) /* of source, above which its builder is not kept */

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while indexing");
}

firn_status indexing_find_root(struct job *job, firn_error *ret_error)
{
    char absolute[PATH_MAX];
    const char *root = job->options.root;
    firn_path_kind kind;
    if (realpath(root, absolute) == NULL)
        return firn_error_set(ret_error, firn_status_from_errno(errno), errno,
                              "%s: %s; name a folder", root, strerror(errno));
    firn_status status = firn_path_kind_get(absolute, &kind, NULL, ret_error);
    if (status != FIRN_OK)
        return status;
    if (kind != FIRN_PATH_FOLDER)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0, "%s: not a folder; name a folder",
                              root);
    size_t size = strlen(absolute) + 1;
    job->root = firn_allocate(job->allocator, size);
    if (job->root == NULL)
        return out_of_memory(ret_error);
    memcpy(job->root, absolute, size);
    return FIRN_OK;
}

firn_status indexing_make_tables(struct job *job, firn_error *ret_error)
{
    job->language_total = language_count();
    job->files = firn_allocate_zeroed(job->allocator, job->scan.file_count + 1, sizeof *job->files);
    job->languages =
        firn_allocate_zeroed(job->allocator, job->language_total, sizeof *job->languages);
    if (job->files == NULL || job->languages == NULL)
        return out_of_memory(ret_error);
    for (unsigned i = 0; i < job->language_total; i++)
        job->languages[i].number = UINT32_MAX;
    for (size_t i = 0; i < job->scan.file_count; i++) {
        const struct language *language = job->scan.files[i].language;
        job->languages[language_index(language)].language = language;
    }
    return FIRN_OK;
}

static void number_languages(struct job *job)
{
    uint32_t number = 0;
    for (unsigned i = 0; i < job->language_total; i++)
        if (job->languages[i].language != NULL)
            job->languages[i].number = number++;
}

firn_status indexing_make_workers(struct job *job, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    job->workers = firn_allocate_zeroed(job->allocator, job->worker_count, sizeof *job->workers);
    if (job->workers == NULL)
        return out_of_memory(ret_error);
    for (unsigned i = 0; i < job->worker_count && status == FIRN_OK; i++)
        status = worker_init(&job->workers[i], job, i, ret_error);
    return status;
}

firn_status indexing_scan(struct job *job, firn_error *ret_error)
{
    const struct scan_options options = {.allocator = job->allocator,
                                         .exclude = job->options.exclude,
                                         .no_ignore = job->options.no_ignore,
                                         .store = job->options.store,
                                         .folder = job->options.folder,
                                         .context = job->options.context};
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    job->scanned_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    firn_status status = scan_run(job->root, &options, &job->scan, ret_error);
    if (status != FIRN_OK)
        return status;
    job->is_scanned = true;
    if (job->scan.file_count >= UINT32_MAX)
        return firn_error_set(ret_error, FIRN_LIMIT, 0, "%s: more than 4 thousand million files",
                              job->root);
    return FIRN_OK;
}

void indexing_prepare(struct job *job, const struct job_options *options)
{
    *job = (struct job){.options = *options, .allocator = options->allocator, .verb = "indexing"};
    pthread_mutex_init(&job->mutex, NULL);
    if (job->options.ram_bytes == 0)
        job->options.ram_bytes = DEFAULT_RAM_BYTES;
    job->worker_count = options->workers > 0 ? options->workers : firn_processor_count();
    if (job->worker_count > MAX_WORKERS)
        job->worker_count = MAX_WORKERS;
    gate_init(&job->gate, job->options.ram_bytes / 2);
}

firn_status indexing_begin(struct job *job, const struct job_options *options,
                           firn_error *ret_error)
{
    indexing_prepare(job, options);
    firn_status status = indexing_find_root(job, ret_error);
    const firn_store_options writer = {
        .allocator = job->allocator, .mode = FIRN_STORE_REPLACE, .what = "firn code index"};
    if (status == FIRN_OK)
        status = firn_store_open(options->store, &writer, &job->store, ret_error);
    if (status == FIRN_OK)
        status = indexing_scan(job, ret_error);
    if (status == FIRN_OK)
        status = indexing_make_tables(job, ret_error);
    if (status == FIRN_OK) {
        number_languages(job);
        status = indexing_make_workers(job, ret_error);
    }
    progress_begin(&job->progress, job->verb, job->scan.source_bytes, true, options->show_progress);
    return status;
}

void indexing_end(struct job *job)
{
    const firn_allocator *allocator = job->allocator;
    progress_end(&job->progress);
    for (unsigned i = 0; i < job->worker_count && job->workers != NULL; i++)
        worker_fini(&job->workers[i]);
    firn_release(allocator, job->workers, job->worker_count * sizeof *job->workers);
    firn_store_close(job->store);
    for (unsigned i = 0; i < job->language_total && job->languages != NULL; i++) {
        extractor_destroy(job->languages[i].extractor);
        firn_family_destroy(job->languages[i].family);
    }
    firn_release(allocator, job->languages, job->language_total * sizeof *job->languages);
    for (size_t i = 0; i < job->scan.file_count && job->files != NULL; i++)
        record_fini(&job->files[i].record, allocator);
    firn_release(allocator, job->files, (job->scan.file_count + 1) * sizeof *job->files);
    if (job->is_scanned)
        scan_fini(&job->scan);
    if (job->root != NULL)
        firn_release(allocator, job->root, strlen(job->root) + 1);
    gate_fini(&job->gate);
    pthread_mutex_destroy(&job->mutex);
}

/* --- the files --- */

/* Takes the next files that were no samples: about a segment of source. False when there are none.
 */
static bool take_unit(struct job *job, size_t *ret_first, size_t *ret_end)
{
    uint64_t bytes = 0;
    pthread_mutex_lock(&job->mutex);
    size_t first = job->next, end = first;
    while (end < job->scan.file_count &&
           (end == first || bytes + job->scan.files[end].size <= FIRN_SEGMENT_BYTES)) {
        bytes += job->files[end].is_sample ? 0 : job->scan.files[end].size;
        end++;
    }
    job->next = end;
    pthread_mutex_unlock(&job->mutex);
    *ret_first = first;
    *ret_end = end;
    return first < end;
}

static firn_status find_builder(struct worker *worker, size_t file, firn_builder **ret_builder,
                                firn_error *ret_error)
{
    struct job *job = worker->job;
    unsigned index = language_index(job->scan.files[file].language);
    firn_status status = FIRN_OK;
    if (worker->builders[index] == NULL)
        status = firn_builder_create(job->languages[index].family, job->allocator,
                                     &worker->builders[index]);
    if (status != FIRN_OK)
        return out_of_memory(ret_error);
    *ret_builder = worker->builders[index];
    return FIRN_OK;
}

/* Gives a builder's memory back, which is that of the largest file it has seen. */
static void drop_builder(struct worker *worker, size_t file)
{
    unsigned index = language_index(worker->job->scan.files[file].language);
    firn_builder_destroy(worker->builders[index]);
    worker->builders[index] = NULL;
}

static firn_status index_file(struct worker *worker, size_t file, firn_error *ret_error)
{
    struct source source;
    firn_builder *builder = NULL;
    firn_status status = find_builder(worker, file, &builder, ret_error);
    if (status != FIRN_OK)
        return status;
    status = source_read(&source, worker, file, ret_error);
    if (status == FIRN_OK && source_is_same(&source, worker)) {
        source_fini(&source, worker);
        progress_add(&worker->job->progress, worker->job->scan.files[file].size);
        return FIRN_OK;
    }
    if (status == FIRN_OK && !source.is_skipped)
        status = source_parse(&source, worker, builder, ret_error);
    if (status == FIRN_OK && !source.is_skipped)
        status = source_store(&source, worker, builder, ret_error);
    if (source.size > BUILDER_KEEP_BYTES)
        drop_builder(worker, file);
    source_fini(&source, worker);
    progress_add(&worker->job->progress, worker->job->scan.files[file].size);
    return status;
}

static firn_status index_files(struct worker *worker, firn_error *ret_error)
{
    struct job *job = worker->job;
    firn_status status = FIRN_OK;
    size_t first, end;
    while (status == FIRN_OK && take_unit(job, &first, &end))
        for (size_t file = first; file < end && status == FIRN_OK && !job_stopped(job); file++)
            if (!job->files[file].is_sample)
                status = index_file(worker, file, ret_error);
    if (status == FIRN_OK)
        status = stream_flush(&worker->sources, ret_error);
    if (status == FIRN_OK)
        status = stream_flush(&worker->trees, ret_error);
    return status == FIRN_OK ? gather_flush(&worker->gather, ret_error) : status;
}

firn_status indexing_take_files(struct job *job, firn_error *ret_error)
{
    firn_status status = sample_languages(job, ret_error);
    return status == FIRN_OK ? job_run(job, index_files, ret_error) : status;
}

firn_status indexing_run(struct job *job, struct finish_result *ret_result, firn_error *ret_error)
{
    firn_status status = indexing_take_files(job, ret_error);
    return status == FIRN_OK ? finish_index(job, ret_result, ret_error) : status;
}
