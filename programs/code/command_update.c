/* `firn code update`: brings a store up to what its folder holds now. */
#include "code/commands.h"
#include "code/interrupt.h"
#include "code/memory.h"
#include "code/skipped.h"
#include "code/updating.h"

#include <firn/system.h>

/* What an update passed over; lost is set when there was no memory for all. */
struct skipped_list {
    struct scan scan;
    bool is_cut;
};

static void keep_skipped(void *context, const char *path, const char *reason)
{
    struct skipped_list *list = context;
    if (scan_skip(&list->scan, path, reason) != FIRN_OK)
        list->is_cut = true;
}

static enum exit_status print_result(const struct invocation *invocation,
                                     const struct updating_result *result,
                                     const struct skipped_list *skipped, double seconds)
{
    struct emitter emitter;
    firn_process_memory memory = {.peak_rss_bytes = 0};
    (void)!firn_process_memory_get(&memory);
    emitter_begin(&emitter, stdout, invocation->json);
    emitter_object_begin(&emitter, NULL);
    emitter_number(&emitter, "files", result->files);
    emitter_number(&emitter, "changed", result->changed);
    emitter_number(&emitter, "added", result->added);
    emitter_number(&emitter, "removed", result->removed);
    emitter_number(&emitter, "unchanged", result->unchanged);
    emitter_seconds(&emitter, "seconds", seconds);
    emitter_bytes(&emitter, "store_bytes", result->store_bytes);
    emitter_bytes(&emitter, "peak_rss_bytes", memory.peak_rss_bytes);
    if (invocation->json)
        emit_skipped(&emitter, &skipped->scan);
    emitter_object_end(&emitter);
    if (!invocation->json)
        print_skipped(&emitter, &skipped->scan);
    return emitter_end(&emitter, EXIT_DONE);
}

static enum exit_status run(const struct invocation *invocation,
                            const struct updating_options *options, struct skipped_list *skipped)
{
    struct updating_result result;
    firn_error error = {.status = FIRN_OK};
    uint64_t start = firn_clock_ns();
    if (updating_run(options, &result, &error) != FIRN_OK)
        return report_error(&error);
    if (skipped->is_cut)
        report("out of memory: not all that was skipped is listed");
    return print_result(invocation, &result, skipped, (double)(firn_clock_ns() - start) / 1e9);
}

enum exit_status command_update(const struct invocation *invocation)
{
    const firn_allocator *allocator = firn_allocator_system();
    struct skipped_list skipped = {.scan = {.allocator = allocator}};
    struct exclude exclude;
    uint64_t jobs = option_number(invocation, "jobs");
    if (jobs > 1024)
        return report_usage("--jobs %llu: more than 1024", (unsigned long long)jobs);
    exclude_init(&exclude, allocator);
    enum exit_status status = read_excludes(invocation, &exclude);
    interrupt_catch();
    memory_return_large_blocks();
    if (firn_arena_init(&skipped.scan.arena, &(firn_arena_options){.allocator = allocator}) !=
        FIRN_OK)
        status = EXIT_FAILED;
    const struct updating_options options = {
        .allocator = allocator,
        .store = option_text(invocation, "store"),
        .root = invocation->operand_count > 0 ? invocation->operands[0] : NULL,
        .exclude = exclude_count(&exclude) > 0 ? &exclude : NULL,
        .no_ignore = option_flag(invocation, "no-ignore"),
        .ram_bytes = option_number(invocation, "ram"),
        .workers = (unsigned)jobs,
        .show_progress = !invocation->quiet,
        .skipped = keep_skipped,
        .context = &skipped};
    if (status == EXIT_DONE)
        status = run(invocation, &options, &skipped);
    scan_fini(&skipped.scan);
    exclude_fini(&exclude);
    return status;
}
