/* `firn code watch`: keeps a store up to date while its folder changes.
 *
 * The first update watches every folder that it scans; then each change, when nothing followed it
 * for a moment, brings about the next. What may pass by itself (another writer, a full disk) is
 * told once and tried again; anything else ends the command. */
#include "code/commands.h"
#include "code/interrupt.h"
#include "code/memory.h"
#include "code/updating.h"
#include "code/watching.h"

#include <firn/system.h>

#define RETRY_FIRST_MS 1000
#define RETRY_MOST_MS 30000

static const struct watching_times changes = {.quiet_ms = 200, .most_ms = 2000, .timeout_ms = -1};

struct watch {
    const struct invocation *invocation;
    struct updating_options options;
    struct watching watching;
    sigset_t mask;        /* of signals, while it waits and while it updates */
    sigset_t masked;      /* else */
    int retry_ms;         /* until the next try; 0: the last one succeeded */
    firn_status reported; /* the failure that was told last */
    bool has_begun;       /* the first update is done */
};

static enum exit_status print_update(const struct watch *watch,
                                     const struct updating_result *result, double seconds)
{
    struct emitter emitter;
    emitter_begin_line(&emitter, stdout, watch->invocation->json);
    if (watch->invocation->json) {
        emitter_object_begin(&emitter, NULL);
        emitter_number(&emitter, "files", result->files);
        emitter_number(&emitter, "changed", result->changed);
        emitter_number(&emitter, "added", result->added);
        emitter_number(&emitter, "removed", result->removed);
        emitter_number(&emitter, "unchanged", result->unchanged);
        emitter_seconds(&emitter, "seconds", seconds);
        emitter_bytes(&emitter, "store_bytes", result->store_bytes);
        emitter_object_end(&emitter);
    } else {
        emitter_plain(&emitter, "%llu files: %llu changed, %llu added, %llu removed in %.2f s\n",
                      (unsigned long long)result->files, (unsigned long long)result->changed,
                      (unsigned long long)result->added, (unsigned long long)result->removed,
                      seconds);
    }
    return emitter_end(&emitter, EXIT_DONE);
}

static bool may_pass(firn_status status)
{
    return status == FIRN_BUSY || status == FIRN_NO_SPACE;
}

/* Updates once. *ret_goes_on is false when the command ends, with the status that is returned. */
static enum exit_status update_once(struct watch *watch, bool *ret_goes_on)
{
    struct updating_result result;
    firn_error error = {.status = FIRN_OK};
    const uint64_t start = firn_clock_ns();
    watching_begin(&watch->watching);
    pthread_sigmask(SIG_SETMASK, &watch->mask, NULL);
    firn_status status = updating_run(&watch->options, &result, &error);
    pthread_sigmask(SIG_SETMASK, &watch->masked, NULL);
    *ret_goes_on = false;
    if (interrupt_came())
        return EXIT_DONE;
    if (status != FIRN_OK && !may_pass(status))
        return report_error(&error);
    *ret_goes_on = true;
    if (status != FIRN_OK) {
        if (watch->reported != status && !watch->invocation->quiet)
            report_error(&error);
        watch->reported = status;
        watch->retry_ms = watch->retry_ms == 0 ? RETRY_FIRST_MS : 2 * watch->retry_ms;
        watch->retry_ms = watch->retry_ms < RETRY_MOST_MS ? watch->retry_ms : RETRY_MOST_MS;
        return EXIT_DONE;
    }
    watching_end(&watch->watching);
    watch->retry_ms = 0;
    watch->reported = FIRN_OK;
    enum exit_status exit_status = EXIT_DONE;
    if (!watch->has_begun || result.changed + result.added + result.removed > 0)
        exit_status = print_update(watch, &result, (double)(firn_clock_ns() - start) / 1e9);
    watch->has_begun = true;
    *ret_goes_on = exit_status == EXIT_DONE;
    return exit_status;
}

static enum exit_status run(struct watch *watch)
{
    firn_error error = {.status = FIRN_OK};
    bool goes_on;
    enum exit_status exit_status = update_once(watch, &goes_on);
    while (goes_on && !interrupt_came()) {
        struct watching_times times = changes;
        times.timeout_ms = watch->retry_ms > 0 ? watch->retry_ms : -1;
        firn_status status = watching_wait(&watch->watching, &times, &watch->mask, &error);
        if (status == FIRN_END_OF_DATA)
            continue; /* a signal, and perhaps not one that ends */
        if (status != FIRN_OK && status != FIRN_NOT_FOUND)
            return report_error(&error);
        exit_status = update_once(watch, &goes_on);
    }
    return exit_status;
}

enum exit_status command_watch(const struct invocation *invocation)
{
    const firn_allocator *allocator = firn_allocator_system();
    const uint64_t jobs = option_number(invocation, "jobs");
    struct watch watch = {.invocation = invocation};
    struct exclude exclude;
    firn_error error = {.status = FIRN_OK};
    if (jobs > 1024)
        return report_usage("--jobs %llu: more than 1024", (unsigned long long)jobs);
    exclude_init(&exclude, allocator);
    enum exit_status status = read_excludes(invocation, &exclude);
    if (status == EXIT_DONE && watching_init(&watch.watching, allocator, &error) != FIRN_OK)
        status = report_error(&error);
    else if (status == EXIT_DONE) {
        interrupt_catch();
        memory_return_large_blocks();
        sigset_t ends;
        sigemptyset(&ends);
        sigaddset(&ends, SIGINT);
        sigaddset(&ends, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &ends, &watch.mask);
        pthread_sigmask(SIG_BLOCK, NULL, &watch.masked);
        watch.options = (struct updating_options){
            .allocator = allocator,
            .store = option_text(invocation, "store"),
            .root = invocation->operand_count > 0 ? invocation->operands[0] : NULL,
            .exclude = exclude_count(&exclude) > 0 ? &exclude : NULL,
            .no_ignore = option_flag(invocation, "no-ignore"),
            .what = "firn code watch",
            .ram_bytes = option_number(invocation, "ram"),
            .workers = (unsigned)jobs,
            .folder = watching_folder,
            .context = &watch.watching};
        status = run(&watch);
        watching_fini(&watch.watching);
    }
    exclude_fini(&exclude);
    return status;
}
