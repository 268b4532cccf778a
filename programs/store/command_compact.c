/* `firn store compact`: garbage taken out of a store's files, its segments packed smaller. */
#include "common/progress.h"
#include "store/commands.h"

#include <firn/system.h>

#define STEP_BYTES ((uint64_t)16 << 20) /* moved between two commits */
#define LEVEL_MAX 19
#define PERCENT_MAX 100

/* What was found and done. */
struct work {
    firn_store_summary before;
    firn_store_summary after;
    uint64_t moved_bytes;
};

/* Moves step by step, each committed by itself: what an interrupt ends is done as far as it came.
 */
static firn_status compact_steps(const struct invocation *invocation, firn_store *store,
                                 firn_codec *codec, const firn_store_compact_options *options,
                                 struct work *work, firn_error *ret_error)
{
    struct progress progress;
    uint64_t moved = 1;
    firn_status status = FIRN_OK;
    firn_store_summary_get(store, &work->before);
    progress_begin(&progress, "compacting", work->before.live_bytes, true, !invocation->quiet);
    while (status == FIRN_OK && moved > 0) {
        status = firn_store_compact(store, codec, options, &moved, ret_error);
        if (status == FIRN_OK)
            status = firn_store_commit(store, firn_store_root(store), ret_error);
        if (status != FIRN_OK)
            break;
        work->moved_bytes += moved;
        progress_add(&progress, moved);
    }
    progress_end(&progress);
    firn_store_summary_get(store, &work->after);
    return status;
}

static enum exit_status print_work(const struct invocation *invocation, const struct work *work,
                                   double seconds)
{
    struct emitter emitter;
    emitter_begin(&emitter, stdout, invocation->json);
    emitter_object_begin(&emitter, NULL);
    emitter_number(&emitter, "generation", work->after.generation);
    emitter_number(&emitter, "segments", work->after.segment_count);
    emitter_number(&emitter, "files", work->after.file_count);
    emitter_bytes(&emitter, "moved_bytes", work->moved_bytes);
    emitter_bytes(&emitter, "data_bytes_before", work->before.data_bytes);
    emitter_bytes(&emitter, "data_bytes", work->after.data_bytes);
    emitter_bytes(&emitter, "garbage_bytes", work->after.data_bytes - work->after.live_bytes);
    emitter_seconds(&emitter, "seconds", seconds);
    emitter_object_end(&emitter);
    return emitter_end(&emitter, EXIT_DONE);
}

/* Writing makes a store where there is none; this command must not. */
static firn_status open_existing(const char *path, firn_store **ret_store, firn_error *ret_error)
{
    const firn_store_options reading = {.cache_bytes = 1};
    const firn_store_options writing = {
        .mode = FIRN_STORE_WRITE, .cache_bytes = 1, .what = "firn store compact"};
    firn_store *store;
    firn_status status = firn_store_open(path, &reading, &store, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_store_close(store);
    return firn_store_open(path, &writing, ret_store, ret_error);
}

enum exit_status command_store_compact(const struct invocation *invocation)
{
    const uint64_t level = option_number(invocation, "level");
    const uint64_t percent = option_number(invocation, "garbage");
    struct work work = {.moved_bytes = 0};
    firn_error error = {.status = FIRN_OK};
    firn_store *store = NULL;
    firn_codec *codec = NULL;
    const uint64_t start = firn_clock_ns();
    if (level > LEVEL_MAX)
        return report_usage("--level is a number from 0 to 19");
    if (percent < 1 || percent > PERCENT_MAX)
        return report_usage("--garbage is a number from 1 to 100");
    const firn_store_compact_options options = {
        .garbage_percent = (uint32_t)percent, .level = (int)level, .move_bytes = STEP_BYTES};
    firn_status status = open_existing(invocation->operands[0], &store, &error);
    if (status == FIRN_OK) {
        status = firn_codec_create(NULL, &codec);
        error.status = status;
    }
    if (status == FIRN_OK)
        status = compact_steps(invocation, store, codec, &options, &work, &error);
    firn_codec_destroy(codec);
    firn_store_close(store);
    if (status != FIRN_OK)
        return report_error(&error);
    return print_work(invocation, &work, (double)(firn_clock_ns() - start) / 1e9);
}
