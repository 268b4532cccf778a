/* Samples: what the families learn their productions from, a language at a time. Files are taken in
 * the order of a hash of their paths, so that they are spread over the tree and the same on every
 * machine, until there is 1 MB of source, or all when there is less.
 *
 * A sampled file is parsed once: its text and its nodes stay in memory until the family is settled,
 * and are then packed and stored like any other's. Memory: 1 MB of texts with about 5 bytes of
 * nodes a byte. */
#include "code/sample.h"

#include <stdlib.h>

#include <firn/checksum.h>

#include "code/worker.h"

#define SAMPLE_BYTES (1u << 20)
#define SAMPLE_FILE_BYTES (256u << 10) /* larger files only when there are no others */

struct sample {
    size_t file;
    uint32_t hash;
    struct source source;
    firn_builder *builder;
};

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while learning a language");
}

static int by_hash(const void *left, const void *right)
{
    const struct sample *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return (a->file > b->file) - (a->file < b->file);
}

static int by_file(const void *left, const void *right)
{
    const struct sample *a = left, *b = right;
    return (a->file > b->file) - (a->file < b->file);
}

static bool is_candidate(const struct job *job, size_t file, uint64_t limit)
{
    return job->scan.files[file].language == job->sampled->language &&
           job->scan.files[file].size <= limit;
}

/* The size that candidates may have: the bound, or the smallest file's where all are larger. */
static uint64_t candidate_limit(const struct job *job)
{
    uint64_t smallest = UINT64_MAX;
    for (size_t i = 0; i < job->scan.file_count; i++)
        if (is_candidate(job, i, smallest))
            smallest = job->scan.files[i].size;
    return smallest > SAMPLE_FILE_BYTES ? smallest : SAMPLE_FILE_BYTES;
}

static size_t list_candidates(const struct job *job, uint64_t limit, struct sample *samples)
{
    size_t count = 0;
    for (size_t i = 0; i < job->scan.file_count; i++) {
        if (!is_candidate(job, i, limit))
            continue;
        if (samples != NULL) {
            const char *path = job->scan.files[i].path;
            samples[count] = (struct sample){.file = i, .hash = firn_crc32c(0, path, strlen(path))};
        }
        count++;
    }
    return count;
}

/* Leaves the first candidates that make up the sample, in the order of their files. */
static size_t choose(const struct job *job, struct sample *samples, size_t count)
{
    uint64_t bytes = 0;
    size_t chosen = 0;
    qsort(samples, count, sizeof *samples, by_hash);
    while (chosen < count && (chosen == 0 || bytes < SAMPLE_BYTES))
        bytes += job->scan.files[samples[chosen++].file].size;
    qsort(samples, chosen, sizeof *samples, by_file);
    return chosen;
}

static struct sample *take_sample(struct job *job)
{
    pthread_mutex_lock(&job->mutex);
    struct sample *sample = job->next < job->sample_count ? &job->samples[job->next++] : NULL;
    pthread_mutex_unlock(&job->mutex);
    return sample;
}

static firn_status learn_sample(struct worker *worker, struct sample *sample, firn_error *ret_error)
{
    struct job *job = worker->job;
    firn_status status = source_read(&sample->source, worker, sample->file, ret_error);
    if (status == FIRN_OK && !sample->source.is_skipped &&
        firn_builder_create(job->sampled->family, job->allocator, &sample->builder) != FIRN_OK)
        status = out_of_memory(ret_error);
    if (status == FIRN_OK && !sample->source.is_skipped)
        status = source_parse(&sample->source, worker, sample->builder, ret_error);
    /* What stays is the text and the nodes; the gate is for the parse. */
    gate_leave(&job->gate, sample->source.gate_bytes);
    if (status != FIRN_OK || sample->source.is_skipped)
        return status;
    pthread_mutex_lock(&job->mutex);
    status = firn_builder_learn(sample->builder);
    pthread_mutex_unlock(&job->mutex);
    return status == FIRN_OK ? FIRN_OK : out_of_memory(ret_error);
}

static firn_status learn_samples(struct worker *worker, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    struct sample *sample;
    while (status == FIRN_OK && !job_stopped(worker->job) &&
           (sample = take_sample(worker->job)) != NULL)
        status = learn_sample(worker, sample, ret_error);
    return status;
}

static void release_sample(struct sample *sample)
{
    firn_builder_destroy(sample->builder);
    firn_mapped_close(sample->source.mapped);
    sample->builder = NULL;
    sample->source.mapped = NULL;
}

static firn_status store_samples(struct worker *worker, firn_error *ret_error)
{
    struct job *job = worker->job;
    firn_status status = FIRN_OK;
    struct sample *sample;
    while (status == FIRN_OK && !job_stopped(job) && (sample = take_sample(job)) != NULL) {
        if (!sample->source.is_skipped)
            status = source_store(&sample->source, worker, sample->builder, ret_error);
        release_sample(sample);
        progress_add(&job->progress, job->scan.files[sample->file].size);
    }
    return status;
}

static firn_status create_family(struct job *job, struct job_language *language,
                                 firn_error *ret_error)
{
    const firn_family_options options = {.allocator = job->allocator,
                                         .checkpoint_nodes = CHECKPOINT_NODES};
    firn_status status = firn_family_create(&options, &language->family);
    if (status == FIRN_OK)
        status = language_name_family(language->language, language->family);
    if (status == FIRN_OK)
        status = extractor_create(language->language, language->family, job->allocator,
                                  &language->extractor);
    return status == FIRN_OK ? FIRN_OK
                             : firn_error_set(ret_error, status, 0, "%s: %s",
                                              language->language->title, firn_status_text(status));
}

static firn_status run_samples(struct job *job, firn_error *ret_error)
{
    firn_status status = create_family(job, job->sampled, ret_error);
    for (size_t i = 0; i < job->sample_count; i++)
        job->files[job->samples[i].file].is_sample = true;
    if (status == FIRN_OK)
        status = job_run(job, learn_samples, ret_error);
    if (status == FIRN_OK && firn_family_settle(job->sampled->family) != FIRN_OK)
        status = out_of_memory(ret_error);
    if (status == FIRN_OK)
        status = job_run(job, store_samples, ret_error);
    for (size_t i = 0; i < job->sample_count; i++)
        release_sample(&job->samples[i]);
    return status;
}

firn_status sample_languages(struct job *job, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    for (unsigned i = 0; i < job->language_total && status == FIRN_OK; i++) {
        job->sampled = &job->languages[i];
        if (job->sampled->language == NULL || job->sampled->family != NULL)
            continue; /* no file has it, or an update goes on with the store's family */
        uint64_t limit = candidate_limit(job);
        size_t count = list_candidates(job, limit, NULL);
        job->samples = firn_allocate_zeroed(job->allocator, count, sizeof *job->samples);
        if (job->samples == NULL)
            return out_of_memory(ret_error);
        list_candidates(job, limit, job->samples);
        job->sample_count = choose(job, job->samples, count);
        status = run_samples(job, ret_error);
        firn_release(job->allocator, job->samples, count * sizeof *job->samples);
        job->samples = NULL;
    }
    return status;
}
