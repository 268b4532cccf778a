/* `firn code index`: runs the steps of an indexing and reports what came of it. */
#include "code/commands.h"
#include "code/indexing.h"
#include "code/interrupt.h"
#include "code/memory.h"
#include "code/skipped.h"

#include <firn/system.h>

enum exit_status read_excludes(const struct invocation *invocation, struct exclude *exclude)
{
    const char *pattern;
    for (unsigned i = 0; (pattern = option_nth(invocation, "exclude", i)) != NULL; i++) {
        firn_status status = exclude_add(exclude, pattern);
        if (status == FIRN_NO_MEMORY) {
            report("out of memory");
            return EXIT_FAILED;
        }
        if (status != FIRN_OK)
            return report_usage("--exclude '%s': not a pattern", pattern);
    }
    return EXIT_DONE;
}

static uint64_t store_bytes(const char *path)
{
    firn_store *store;
    firn_usage usage = {.disk_bytes = 0};
    if (firn_store_open(path, NULL, &store, NULL) != FIRN_OK)
        return 0;
    firn_store_usage(store, &usage);
    firn_store_close(store);
    return usage.disk_bytes;
}

static enum exit_status print_result(const struct invocation *invocation, const struct job *job,
                                     const struct finish_result *result, double seconds)
{
    struct emitter emitter;
    firn_process_memory memory = {.peak_rss_bytes = 0};
    (void)!firn_process_memory_get(&memory);
    emitter_begin(&emitter, stdout, invocation->json);
    emitter_object_begin(&emitter, NULL);
    emitter_number(&emitter, "files", result->totals.files);
    emitter_number(&emitter, "lines", result->totals.lines);
    emitter_bytes(&emitter, "source_bytes", result->totals.source_bytes);
    emitter_number(&emitter, "nodes", result->totals.nodes);
    emitter_bytes(&emitter, "parser_tree_bytes", result->parser_tree_bytes);
    emitter_bytes(&emitter, "tree_bytes", result->totals.tree_bytes);
    emitter_number(&emitter, "productions", result->productions);
    emitter_bytes(&emitter, "store_bytes", store_bytes(job->options.store));
    emitter_bytes(&emitter, "peak_rss_bytes", memory.peak_rss_bytes);
    emitter_seconds(&emitter, "seconds", seconds);
    emitter_seconds(&emitter, "parse_seconds", result->parse_seconds);
    if (invocation->json)
        emit_skipped(&emitter, &job->scan);
    emitter_object_end(&emitter);
    print_skipped(&emitter, &job->scan);
    return emitter_end(&emitter, EXIT_DONE);
}

static enum exit_status run_job(const struct invocation *invocation,
                                const struct job_options *options)
{
    struct job job;
    struct finish_result result;
    firn_error error = {.status = FIRN_OK};
    uint64_t start = firn_clock_ns();
    firn_status status = indexing_begin(&job, options, &error);
    if (status == FIRN_OK)
        status = indexing_run(&job, &result, &error);
    progress_end(&job.progress);
    double seconds = (double)(firn_clock_ns() - start) / 1e9;
    enum exit_status exit_status = EXIT_DONE;
    if (status != FIRN_OK)
        exit_status = report_error(&error);
    else
        exit_status = print_result(invocation, &job, &result, seconds);
    if (status == FIRN_OK && result.totals.files == 0 && !invocation->quiet)
        report("%s: no file of a known language was indexed", options->root);
    indexing_end(&job);
    return exit_status;
}

enum exit_status command_index(const struct invocation *invocation)
{
    const firn_allocator *allocator = firn_allocator_system();
    struct exclude exclude;
    uint64_t jobs = option_number(invocation, "jobs");
    if (jobs > 1024)
        return report_usage("--jobs %llu: more than 1024", (unsigned long long)jobs);
    exclude_init(&exclude, allocator);
    enum exit_status status = read_excludes(invocation, &exclude);
    interrupt_catch();
    memory_return_large_blocks();
    const struct job_options options = {.allocator = allocator,
                                        .root = invocation->operands[0],
                                        .store = option_text(invocation, "store"),
                                        .exclude = &exclude,
                                        .no_ignore = option_flag(invocation, "no-ignore"),
                                        .ram_bytes = option_number(invocation, "ram"),
                                        .workers = (unsigned)jobs,
                                        .show_progress = !invocation->quiet};
    if (status == EXIT_DONE)
        status = run_job(invocation, &options);
    exclude_fini(&exclude);
    return status;
}
