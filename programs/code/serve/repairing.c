/* See repairing.h. A repair is an update that takes damaged files for changed ones; where the
 * update cannot rely on the index, the folder is indexed again with the settings of the edition.
 * What cannot be repaired is tried once for each generation. */
#include "code/serve/repairing.h"

#include "code/indexing.h"
#include "code/updating.h"
#include "common/report.h"

#include <string.h>

#define REPAIR_RAM_BYTES ((size_t)16 << 20) /* beside what the server takes */
#define WHAT "firn code serve"

void repairing_init(struct repairing *repairing, struct served *served)
{
    *repairing = (struct repairing){.served = served};
    pthread_mutex_init(&repairing->mutex, NULL);
}

void repairing_fini(struct repairing *repairing)
{
    pthread_mutex_destroy(&repairing->mutex);
}

static firn_status update(const char *store, struct updating_result *result, firn_error *ret_error)
{
    const struct updating_options options = {.allocator = firn_allocator_system(),
                                             .store = store,
                                             .what = WHAT,
                                             .ram_bytes = REPAIR_RAM_BYTES,
                                             .repairs = true};
    return updating_run(&options, result, ret_error);
}

/* Indexes all again. */
static firn_status build(const char *store, const struct meta *meta, uint64_t *ret_files,
                         firn_error *ret_error)
{
    const firn_allocator *allocator = firn_allocator_system();
    struct finish_result result;
    struct exclude exclude;
    struct job job;
    firn_status status = FIRN_OK;
    exclude_init(&exclude, allocator);
    for (uint32_t i = 0; i < meta->exclude_count && status == FIRN_OK; i++)
        status = exclude_add(&exclude, meta->excludes[i]);
    if (status == FIRN_OK) {
        const struct job_options options = {.allocator = allocator,
                                            .root = meta->root,
                                            .store = store,
                                            .exclude = &exclude,
                                            .no_ignore = meta->no_ignore,
                                            .ram_bytes = REPAIR_RAM_BYTES};
        status = indexing_begin(&job, &options, ret_error);
        if (status == FIRN_OK)
            status = indexing_run(&job, &result, ret_error);
        indexing_end(&job);
    }
    if (status == FIRN_OK)
        *ret_files = result.totals.files;
    exclude_fini(&exclude);
    return status;
}

static firn_status repair(struct repairing *repairing, const struct edition *edition,
                          firn_error *ret_error)
{
    const char *store = edition->opened.path;
    struct updating_result updated = {.files = 0};
    uint64_t files = 0;
    firn_status status = update(store, &updated, ret_error);
    if (status == FIRN_OK) {
        snprintf(repairing->note, REPAIR_NOTE_BYTES,
                 "%.100s: was damaged; %llu files were indexed again, %llu are not there any more",
                 store, (unsigned long long)updated.repaired, (unsigned long long)updated.removed);
        return FIRN_OK;
    }
    if (status != FIRN_CORRUPT && status != FIRN_NOT_FOUND && status != FIRN_NOT_STORE)
        return status;
    status = build(store, &edition->opened.meta, &files, ret_error);
    if (status == FIRN_OK)
        snprintf(repairing->note, REPAIR_NOTE_BYTES,
                 "%.100s: was damaged; all %llu files were indexed again", store,
                 (unsigned long long)files);
    return status;
}

/* Whether the store is still the one that the edition is of. */
static bool is_current(struct repairing *repairing, const struct edition *edition)
{
    struct edition *now;
    if (served_take(repairing->served, &now, NULL) != FIRN_OK)
        return true;
    const bool is_same = now == edition;
    served_give(repairing->served, now);
    return is_same;
}

bool repairing_run(struct repairing *repairing, const struct edition *edition,
                   char note[REPAIR_NOTE_BYTES])
{
    firn_error error = {.status = FIRN_OK};
    firn_status status = FIRN_OK;
    pthread_mutex_lock(&repairing->mutex);
    if (is_current(repairing, edition)) {
        status = FIRN_CORRUPT;
        if (repairing->failed != edition->generation + 1) {
            status = repair(repairing, edition, &error);
            if (status != FIRN_BUSY)
                repairing->failed = status == FIRN_OK ? 0 : edition->generation + 1;
            if (status == FIRN_OK)
                report("%s", repairing->note);
            else
                report("%s: damaged, and cannot be repaired: %s", edition->opened.path,
                       error.text[0] != '\0' ? error.text : firn_status_text(status));
        }
    }
    if (status == FIRN_OK)
        memcpy(note, repairing->note, REPAIR_NOTE_BYTES);
    pthread_mutex_unlock(&repairing->mutex);
    return status == FIRN_OK;
}
