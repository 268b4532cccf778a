/* The last step of the names: all runs become one dictionary. finish.c calls it when the files are
 * done.
 *
 * A merge holds a reader of about 100 KB for each run, so it takes in 96 runs at most: while there
 * are more, a *pass* merges each 96 into one of a new scratch file. The last merge is done by two
 * threads, each for half of the alphabet, whose dictionaries are joined.
 *
 * Memory: 20 MB, however many names there are. Time: O(postings log runs). */
#include "code/names.h"

#include <stdio.h>

#include "code/index/dictionary.h"
#include "code/index/merge.h"
#include "code/interrupt.h"

#define TABLE_BYTES (248u << 10)
#define MERGE_RUNS 96u
#define PASSES_MOST 8u /* 96^8 runs: more than any disk holds */

struct names_part {
    struct merge_options options;
    struct dictionary_writer writer;
    pthread_t thread;
    firn_status status;
    firn_error error;
};

struct names {
    struct job *job;
    struct merge_options options; /* of the next merge */
    const struct runs **files;    /* of the workers */
    const struct runs *last;      /* of the last pass */
    struct runs *passes;          /* PASSES_MOST of them */
    unsigned pass_count;
    struct names_part *parts; /* two */
};

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while merging names");
}

/* --- passes --- */

static firn_status emit_to_run(void *context, const void *name, size_t name_size,
                               const void *payload, size_t payload_size, firn_error *ret_error)
{
    return runs_add(context, name, name_size, payload, payload_size, ret_error);
}

static firn_status merge_groups(struct names *names, struct runs *runs, firn_error *ret_error)
{
    struct merge_options options = names->options;
    size_t count = merge_run_count(&options);
    options.layers = NULL;
    options.layer_count = 0;
    firn_status status = FIRN_OK;
    options.run_count = MERGE_RUNS;
    for (options.first_run = 0; options.first_run < count && status == FIRN_OK;
         options.first_run += MERGE_RUNS) {
        if (runs_begin(runs) != FIRN_OK)
            return out_of_memory(ret_error);
        status = merge_runs(&options, emit_to_run, runs, ret_error);
        if (status == FIRN_OK)
            status = runs_end(runs, ret_error);
    }
    return status;
}

static firn_status run_pass(struct names *names, firn_error *ret_error)
{
    struct job *job = names->job;
    char name[32], path[4096];
    struct runs *runs = &names->passes[names->pass_count];
    snprintf(name, sizeof name, "merged-%u", names->pass_count);
    firn_status status = firn_store_scratch(job->store, name, path, sizeof path);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: the path is too long", job->options.store);
    names->pass_count++;
    status = runs_init(runs, path, job->allocator, ret_error);
    if (status == FIRN_OK)
        status = merge_groups(names, runs, ret_error);
    if (status != FIRN_OK)
        return status;
    runs_settle(runs);
    names->last = runs;
    names->options.files = &names->last;
    names->options.file_count = 1;
    return FIRN_OK;
}

/* --- the last merge --- */

static firn_status emit_to_dictionary(void *context, const void *name, size_t name_size,
                                      const void *payload, size_t payload_size,
                                      firn_error *ret_error)
{
    return dictionary_add(context, name, name_size, payload, payload_size, ret_error);
}

static void *merge_part(void *context)
{
    struct names_part *part = context;
    part->status = merge_runs(&part->options, emit_to_dictionary, &part->writer, &part->error);
    return NULL;
}

static firn_status merge_parts(struct names_part *parts, firn_error *ret_error)
{
    bool is_cut = parts[1].options.first_size > 0;
    bool is_threaded = is_cut && pthread_create(&parts[1].thread, NULL, merge_part, &parts[1]) == 0;
    merge_part(&parts[0]);
    if (is_threaded)
        pthread_join(parts[1].thread, NULL);
    else if (is_cut)
        merge_part(&parts[1]);
    for (unsigned i = 0; i < 2; i++)
        if (parts[i].status != FIRN_OK) {
            *ret_error = parts[i].error;
            return parts[i].status;
        }
    return dictionary_append(&parts[0].writer, &parts[1].writer, ret_error);
}

/* Merges what the options name into the dictionary. middle has room for NAME_MAX_BYTES. */
static firn_status merge_last(struct names *names, uint8_t *middle, firn_error *ret_error)
{
    struct job *job = names->job;
    const struct dictionary_options dictionary = {.allocator = job->allocator,
                                                  .store = job->store,
                                                  .kind = SEGMENT_NAMES,
                                                  .level = NAMES_LEVEL,
                                                  .table_bytes = TABLE_BYTES};
    size_t middle_size = 0;
    firn_status status = FIRN_OK;
    if (job->worker_count > 1)
        status = merge_middle(&names->options, middle, &middle_size, ret_error);
    for (unsigned i = 0; i < 2 && status == FIRN_OK; i++) {
        names->parts[i].options = names->options;
        if (dictionary_writer_init(&names->parts[i].writer, &dictionary) != FIRN_OK)
            status = out_of_memory(ret_error);
    }
    if (status != FIRN_OK)
        return status;
    names->parts[0].options.end = names->parts[1].options.first = middle;
    names->parts[0].options.end_size = names->parts[1].options.first_size = middle_size;
    return merge_parts(names->parts, ret_error);
}

/* --- all --- */

static firn_status names_init(struct names *names, struct job *job,
                              const struct names_sources *sources)
{
    const firn_allocator *allocator = job->allocator;
    *names = (struct names){.job = job};
    names->files = firn_allocate_zeroed(allocator, job->worker_count, sizeof(struct runs *));
    names->passes = firn_allocate_zeroed(allocator, PASSES_MOST, sizeof *names->passes);
    names->parts = firn_allocate_zeroed(allocator, 2, sizeof *names->parts);
    if (names->files == NULL || names->passes == NULL || names->parts == NULL)
        return FIRN_NO_MEMORY;
    for (unsigned i = 0; i < job->worker_count; i++)
        names->files[i] = &job->workers[i].runs;
    names->options = (struct merge_options){.allocator = allocator,
                                            .files = names->files,
                                            .file_count = job->worker_count,
                                            .numbers = sources->numbers,
                                            .number_count = job->scan.file_count,
                                            .layers = sources->layers,
                                            .layer_count = sources->layer_count,
                                            .stopped = interrupt_came};
    return FIRN_OK;
}

static void names_fini(struct names *names)
{
    struct job *job = names->job;
    for (unsigned i = 0; i < 2 && names->parts != NULL; i++)
        dictionary_writer_fini(&names->parts[i].writer);
    for (unsigned i = 0; i < names->pass_count; i++)
        runs_fini(&names->passes[i]);
    firn_release(job->allocator, names->parts, 2 * sizeof *names->parts);
    firn_release(job->allocator, names->passes, PASSES_MOST * sizeof *names->passes);
    firn_release(job->allocator, names->files, job->worker_count * sizeof(struct runs *));
}

firn_status names_write(struct job *job, const struct names_sources *sources, uint64_t *ret_entries,
                        uint32_t *ret_top_segment, firn_error *ret_error)
{
    struct names names;
    uint8_t middle[NAME_MAX_BYTES];
    firn_status status = names_init(&names, job, sources);
    if (status != FIRN_OK)
        status = out_of_memory(ret_error);
    while (status == FIRN_OK && merge_run_count(&names.options) > MERGE_RUNS &&
           names.pass_count < PASSES_MOST) {
        status = run_pass(&names, ret_error);
        names.options.numbers = NULL; /* the pass has given the files their numbers */
    }
    if (status == FIRN_OK)
        status = merge_last(&names, middle, ret_error);
    if (status == FIRN_OK) {
        *ret_entries = names.parts[0].writer.count;
        status = dictionary_finish(&names.parts[0].writer, ret_top_segment, ret_error);
    }
    names_fini(&names);
    return status;
}
