/* `firn store verify`: every segment read from its file, every size and checksum checked. */
#include "common/progress.h"
#include "store/commands.h"

#include <firn/system.h>

struct findings {
    uint32_t damaged;
    firn_segment_info first; /* the first damaged segment */
    firn_error error;        /* what is wrong with it */
    bool manifest_damaged;   /* a copy of it; the other one stands in */
    firn_error manifest_error;
};

/* Goes on after a damaged segment. FIRN_NO_MEMORY, which says nothing of the store, ends it. */
static firn_status verify_segments(const struct invocation *invocation, firn_store *store,
                                   struct findings *findings, firn_error *ret_error)
{
    struct progress progress;
    firn_store_summary summary;
    firn_segment_info info;
    firn_store_summary_get(store, &summary);
    firn_status status = firn_store_manifest_verify(store, ret_error);
    if (status != FIRN_OK && status != FIRN_NO_MEMORY) {
        findings->manifest_damaged = true;
        findings->manifest_error = *ret_error;
    }
    progress_begin(&progress, "verifying", summary.live_bytes, true, !invocation->quiet);
    for (uint32_t from = 0;
         status != FIRN_NO_MEMORY && firn_store_next(store, from, &info) == FIRN_OK;
         from = info.segment + 1) {
        status = firn_store_segment_verify(store, info.segment, ret_error);
        if (status == FIRN_NO_MEMORY)
            break;
        if (status != FIRN_OK && findings->damaged++ == 0) {
            findings->first = info;
            findings->error = *ret_error;
        }
        progress_add(&progress, info.packed_bytes);
    }
    progress_end(&progress);
    return status == FIRN_NO_MEMORY ? status : FIRN_OK;
}

static void print_first(struct emitter *emitter, const firn_store *store,
                        const struct findings *findings)
{
    const firn_segment_info *info = &findings->first;
    firn_store_file file = {.name = ""};
    (void)!firn_store_file_next(store, info->file, &file);
    emitter_object_begin(emitter, "first_damaged");
    emitter_number(emitter, "segment", info->segment);
    emitter_number(emitter, "kind", info->kind);
    emitter_text(emitter, "file", file.name);
    emitter_number(emitter, "offset_bytes", info->offset_bytes);
    emitter_text(emitter, "what", findings->error.text);
    emitter_object_end(emitter);
}

static enum exit_status print_report(const struct invocation *invocation, const firn_store *store,
                                     const struct findings *findings, double seconds)
{
    struct emitter emitter;
    firn_store_summary summary;
    firn_store_summary_get(store, &summary);
    emitter_begin(&emitter, stdout, invocation->json);
    emitter_object_begin(&emitter, NULL);
    emitter_number(&emitter, "generation", summary.generation);
    emitter_number(&emitter, "segments", summary.segment_count);
    emitter_number(&emitter, "files", summary.file_count);
    emitter_bytes(&emitter, "plain_bytes", summary.plain_bytes);
    emitter_bytes(&emitter, "packed_bytes", summary.live_bytes);
    emitter_flag(&emitter, "manifest_damaged", findings->manifest_damaged);
    emitter_number(&emitter, "damaged_segments", findings->damaged);
    if (findings->damaged > 0)
        print_first(&emitter, store, findings);
    emitter_seconds(&emitter, "seconds", seconds);
    emitter_object_end(&emitter);
    const bool is_whole = findings->damaged == 0 && !findings->manifest_damaged;
    return emitter_end(&emitter, is_whole ? EXIT_DONE : EXIT_FAILED);
}

enum exit_status command_store_verify(const struct invocation *invocation)
{
    struct findings findings = {0};
    firn_error error = {.status = FIRN_OK};
    const uint64_t start = firn_clock_ns();
    firn_store *store = open_operand(invocation);
    if (store == NULL)
        return EXIT_FAILED;
    enum exit_status status = EXIT_FAILED;
    if (verify_segments(invocation, store, &findings, &error) != FIRN_OK) {
        report_error(&error);
    } else {
        if (findings.damaged > 0)
            report_error(&findings.error);
        else if (findings.manifest_damaged)
            report_error(&findings.manifest_error);
        status =
            print_report(invocation, store, &findings, (double)(firn_clock_ns() - start) / 1e9);
    }
    firn_store_close(store);
    return status;
}
