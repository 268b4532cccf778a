/* `firn code verify`: every file of the store parsed anew and compared node by node, every stored
 * source compared with the file on disk, the names of all trees compared with the dictionary, every
 * segment's checksum checked.
 *
 * Nouns: a finding is a difference, or a file that changed since it was indexed, which is none.
 * Threads: files are taken in runs of 32 in the order of the catalog, so that a thread's files
 * share segments; findings are kept under a mutex. Memory: one file a thread, bounded by a gate. */
#include "code/commands.h"
#include "code/compare.h"
#include "code/gate.h"
#include "code/interrupt.h"
#include "code/labels.h"
#include "code/listing.h"
#include "code/memory.h"
#include "code/names_check.h"
#include "common/progress.h"

#include <firn/checksum.h>
#include <firn/mapped.h>
#include <firn/system.h>

#define RUN_FILES 32u
#define LISTED_MOST 1000u /* findings that are kept for the report */
#define PARSE_FACTOR 32u  /* memory of a file while it is compared, in units of its size */
#define GATE_BYTES (32u << 20)
#define MAX_WORKERS 256u

enum finding_kind { FINDING_DIFFERENCE, FINDING_CHANGED };

struct finding {
    enum finding_kind kind;
    char *path;
    char what[160];
};

struct verify {
    struct opened opened;
    const firn_allocator *allocator;
    struct gate gate;
    struct progress progress;
    pthread_mutex_t mutex; /* over what follows */
    uint64_t next;
    struct totals totals;
    uint64_t counts[2];     /* by finding_kind */
    struct names_sum names; /* of the trees */
    struct finding *findings;
    size_t finding_count;
    size_t finding_capacity;
    firn_error error; /* the first that ends the work */
    bool has_failed;
    uint32_t damaged_segments;
};

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while verifying");
}

/* Keeps a finding; count is what it adds to its kind. */
static firn_status add_finding(struct verify *verify, enum finding_kind kind, uint64_t count,
                               const char *path, const char *what, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    pthread_mutex_lock(&verify->mutex);
    verify->counts[kind] += count;
    if (verify->finding_count < LISTED_MOST) {
        void *block = verify->findings;
        size_t size = strlen(path) + 1;
        char *copy = firn_allocate(verify->allocator, size);
        if (copy == NULL || !firn_grow(verify->allocator, &block, &verify->finding_capacity,
                                       verify->finding_count + 1, sizeof *verify->findings)) {
            firn_release(verify->allocator, copy, size);
            status = out_of_memory(ret_error);
        } else {
            verify->findings = block;
            struct finding *finding = &verify->findings[verify->finding_count++];
            memcpy(copy, path, size);
            *finding = (struct finding){.kind = kind, .path = copy};
            snprintf(finding->what, sizeof finding->what, "%s", what);
        }
    }
    pthread_mutex_unlock(&verify->mutex);
    return status;
}

/* --- sources --- */

/* Whether the file on disk is still the one that was indexed; else *ret_what says why not. */
static bool is_unchanged(const struct opened_file *file, firn_status status,
                         const firn_file_info *info, const char **ret_what)
{
    if (status == FIRN_NOT_FOUND)
        *ret_what = "it is gone";
    else if (status != FIRN_OK)
        *ret_what = "it cannot be read any more";
    else if (info->size != file->record.size || info->mtime_ns != file->record.mtime_ns)
        *ret_what = "it was changed since it was indexed";
    else
        return true;
    return false;
}

static firn_status compare_source(struct verify *verify, const struct opened_file *file,
                                  const struct loaded *loaded, struct bytes *path,
                                  firn_error *ret_error)
{
    const char *root = verify->opened.meta.root, *what;
    path->size = 0;
    if (bytes_put(path, root, strlen(root)) != FIRN_OK || bytes_put(path, "/", 1) != FIRN_OK ||
        bytes_put(path, file->path, strlen(file->path) + 1) != FIRN_OK)
        return out_of_memory(ret_error);
    firn_mapped *mapped = NULL;
    const char *data = NULL;
    size_t size = 0;
    firn_file_info info = {.size = 0};
    firn_status status = firn_mapped_open((const char *)path->data, UINT32_MAX, &mapped, NULL);
    if (status == FIRN_OK) {
        data = firn_mapped_data(mapped, &size);
        firn_mapped_info(mapped, &info);
    }
    if (status == FIRN_NO_MEMORY)
        return out_of_memory(ret_error);
    if (!is_unchanged(file, status, &info, &what))
        status = add_finding(verify, FINDING_CHANGED, 1, file->path, what, ret_error);
    else if (size != loaded->text_size || (size > 0 && memcmp(data, loaded->text, size) != 0))
        status = add_finding(verify, FINDING_DIFFERENCE, 1, file->path,
                             "its stored source differs from the file", ret_error);
    firn_mapped_close(mapped);
    if (status == FIRN_OK && firn_crc32c(0, loaded->text, loaded->text_size) != file->record.crc)
        status = add_finding(verify, FINDING_DIFFERENCE, 1, file->path,
                             "its stored source differs from what was indexed", ret_error);
    return status;
}

/* --- files --- */

/* What a thread has for itself. */
struct verifier {
    struct verify *verify;
    pthread_t thread;
    struct compare compare;
    struct loaded loaded;
    struct bytes path;
    struct names_adder adder;
    struct names_sum names;
};

static firn_status compare_file(struct verifier *verifier, const struct opened_file *file,
                                firn_error *ret_error)
{
    struct verify *verify = verifier->verify;
    struct loaded *loaded = &verifier->loaded;
    uint64_t differences = 0;
    char what[160];
    firn_status status = loaded_get(&verify->opened, file, loaded, ret_error);
    if (status == FIRN_OK)
        status = loaded_decode(loaded, file, ret_error);
    if (status == FIRN_OK &&
        compare_nodes(&verifier->compare, loaded, &differences, what, sizeof what) != FIRN_OK)
        status = out_of_memory(ret_error);
    if (status == FIRN_OK && differences == 0 && loaded->nodes.count != file->record.nodes) {
        snprintf(what, sizeof what, "the catalog has another number of nodes");
        differences = 1;
    }
    if (status == FIRN_OK && differences == 0 && !labels_fit(&file->record, &loaded->nodes)) {
        snprintf(what, sizeof what, "the catalog has another set of its nodes' types");
        differences = 1;
    }
    if (status == FIRN_OK && differences > 0)
        status = add_finding(verify, FINDING_DIFFERENCE, differences, file->path, what, ret_error);
    if (status == FIRN_OK &&
        names_add_file(&verifier->adder, file, loaded, &verifier->names) != FIRN_OK)
        status = out_of_memory(ret_error);
    if (status == FIRN_OK)
        status = compare_source(verify, file, loaded, &verifier->path, ret_error);
    if (status == FIRN_OK) {
        pthread_mutex_lock(&verify->mutex);
        verify->totals.files++;
        verify->totals.nodes += loaded->nodes.count;
        verify->totals.source_bytes += loaded->text_size;
        pthread_mutex_unlock(&verify->mutex);
    }
    loaded_close(&verify->opened, loaded);
    return status;
}

static firn_status verify_file(struct verifier *verifier, uint64_t number, firn_error *ret_error)
{
    struct verify *verify = verifier->verify;
    struct opened_file file;
    firn_status status = opened_at(&verify->opened, number, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    size_t bytes =
        file.record.size < GATE_BYTES ? (size_t)file.record.size * PARSE_FACTOR : SIZE_MAX / 2;
    gate_enter(&verify->gate, bytes);
    status = compare_file(verifier, &file, ret_error);
    gate_leave(&verify->gate, bytes);
    /* Damage is what this command is there to find: it is listed, and the next file follows. */
    if (status == FIRN_CORRUPT)
        status = add_finding(verify, FINDING_DIFFERENCE, 1, file.path, ret_error->text, ret_error);
    progress_add(&verify->progress, file.record.size);
    opened_file_fini(&verify->opened, &file);
    return status;
}

static bool take_run(struct verify *verify, uint64_t *ret_first)
{
    pthread_mutex_lock(&verify->mutex);
    bool is_taken = verify->next < verify->opened.number_end && !verify->has_failed;
    *ret_first = verify->next;
    verify->next += is_taken ? RUN_FILES : 0;
    pthread_mutex_unlock(&verify->mutex);
    return is_taken && !interrupt_came();
}

static firn_status verify_runs(struct verifier *verifier, firn_error *ret_error)
{
    struct verify *verify = verifier->verify;
    firn_status status = FIRN_OK;
    uint64_t first;
    while (status == FIRN_OK && take_run(verify, &first))
        for (uint64_t number = first; number < first + RUN_FILES && status == FIRN_OK; number++) {
            if (number >= verify->opened.number_end || interrupt_came())
                break;
            if (!opened_is_hidden(&verify->opened, number))
                status = verify_file(verifier, number, ret_error);
        }
    return status;
}

static void *run_verifier(void *context)
{
    struct verifier *verifier = context;
    struct verify *verify = verifier->verify;
    firn_error error = {.status = FIRN_OK};
    firn_status status = compare_init(&verifier->compare, verify->allocator);
    if (status != FIRN_OK)
        out_of_memory(&error);
    else
        status = verify_runs(verifier, &error);
    compare_fini(&verifier->compare);
    loaded_release(&verify->opened, &verifier->loaded);
    bytes_fini(&verifier->path);
    names_adder_fini(&verifier->adder);
    pthread_mutex_lock(&verify->mutex);
    names_sum_add(&verify->names, &verifier->names);
    if (status != FIRN_OK && !verify->has_failed) {
        verify->has_failed = true;
        verify->error = error;
    }
    pthread_mutex_unlock(&verify->mutex);
    return NULL;
}

static firn_status verify_files(struct verify *verify, unsigned workers, firn_error *ret_error)
{
    struct verifier *verifiers =
        firn_allocate_zeroed(verify->allocator, workers, sizeof *verifiers);
    if (verifiers == NULL)
        return out_of_memory(ret_error);
    unsigned started = 1;
    for (unsigned i = 0; i < workers; i++) {
        verifiers[i].verify = verify;
        verifiers[i].path.allocator = verifiers[i].adder.allocator = verify->allocator;
    }
    for (; started < workers; started++)
        if (pthread_create(&verifiers[started].thread, NULL, run_verifier, &verifiers[started]) !=
            0)
            break; /* fewer threads take longer, no more */
    run_verifier(&verifiers[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(verifiers[i].thread, NULL);
    firn_release(verify->allocator, verifiers, workers * sizeof *verifiers);
    if (verify->has_failed)
        *ret_error = verify->error;
    else if (interrupt_came())
        return firn_error_set(ret_error, FIRN_CHANGED, 0, "interrupted");
    return verify->has_failed ? verify->error.status : FIRN_OK;
}

/* --- the report --- */

static void print_findings(struct emitter *emitter, const struct verify *verify,
                           enum finding_kind kind, const char *key)
{
    if (emitter->json)
        emitter_array_begin(emitter, key);
    for (size_t i = 0; i < verify->finding_count && !emitter_failed(emitter); i++) {
        const struct finding *finding = &verify->findings[i];
        if (finding->kind != kind)
            continue;
        if (!emitter->json) {
            emitter_plain_name(emitter, finding->path, strlen(finding->path));
            emitter_plain(emitter, ": %s: ", kind == FINDING_CHANGED ? "changed" : "DIFFERS");
            emitter_plain_name(emitter, finding->what, strlen(finding->what));
            emitter_plain(emitter, "\n");
            continue;
        }
        emitter_object_begin(emitter, NULL);
        emitter_path(emitter, "path", finding->path);
        emitter_text(emitter, "what", finding->what);
        emitter_object_end(emitter);
    }
    if (emitter->json)
        emitter_array_end(emitter);
}

static enum exit_status print_report(const struct invocation *invocation,
                                     const struct verify *verify, double seconds)
{
    struct emitter emitter;
    firn_process_memory memory = {.peak_rss_bytes = 0};
    (void)!firn_process_memory_get(&memory);
    bool is_good = verify->counts[FINDING_DIFFERENCE] == 0 && verify->damaged_segments == 0;
    emitter_begin(&emitter, stdout, invocation->json);
    if (!invocation->json) {
        print_findings(&emitter, verify, FINDING_CHANGED, NULL);
        print_findings(&emitter, verify, FINDING_DIFFERENCE, NULL);
    }
    emitter_object_begin(&emitter, NULL);
    emitter_number(&emitter, "files", verify->totals.files);
    emitter_number(&emitter, "nodes", verify->totals.nodes);
    emitter_bytes(&emitter, "source_bytes", verify->totals.source_bytes);
    emitter_number(&emitter, "differences", verify->counts[FINDING_DIFFERENCE]);
    emitter_number(&emitter, "changed", verify->counts[FINDING_CHANGED]);
    emitter_number(&emitter, "damaged_segments", verify->damaged_segments);
    emitter_seconds(&emitter, "seconds", seconds);
    emitter_bytes(&emitter, "peak_rss_bytes", memory.peak_rss_bytes);
    if (invocation->json) {
        print_findings(&emitter, verify, FINDING_DIFFERENCE, "difference_list");
        print_findings(&emitter, verify, FINDING_CHANGED, "changed_list");
    }
    emitter_object_end(&emitter);
    return emitter_end(&emitter, is_good ? EXIT_DONE : EXIT_FAILED);
}

static firn_status verify_names(struct verify *verify, firn_error *ret_error)
{
    struct names_sum sum = {0};
    const char *what = "differs from the names of the trees";
    firn_status status = names_add_dictionary(&verify->opened, &sum, ret_error);
    if (status == FIRN_CORRUPT)
        what = ret_error->text;
    else if (status != FIRN_OK || names_sum_equal(&sum, &verify->names))
        return status;
    return add_finding(verify, FINDING_DIFFERENCE, 1, "the index of names", what, ret_error);
}

/* Whether the listing has every file once, in order, and as many as the meta segment says. */
static firn_status verify_order(struct verify *verify, firn_error *ret_error)
{
    struct opened *opened = &verify->opened;
    struct listing listing = {.opened = NULL};
    struct opened_file file, last = {.path = NULL};
    uint64_t count = 0;
    bool is_ordered = true;
    firn_status status = listing_begin(&listing, opened, "", ret_error);
    while (status == FIRN_OK && (status = listing_next(&listing, &file, ret_error)) == FIRN_OK) {
        is_ordered = is_ordered && (last.path == NULL || strcmp(last.path, file.path) < 0);
        opened_file_fini(opened, &last);
        last = file;
        count++;
    }
    opened_file_fini(opened, &last);
    listing_end(&listing);
    if (status != FIRN_END_OF_DATA)
        return status;
    return is_ordered && count == opened->meta.totals.files
               ? FIRN_OK
               : add_finding(verify, FINDING_DIFFERENCE, 1, "the catalog",
                             "a file is listed twice or is missing", ret_error);
}

static firn_status verify_store(struct verify *verify, unsigned workers, firn_error *ret_error)
{
    firn_status status = verify_order(verify, ret_error);
    if (status == FIRN_OK)
        status = verify_files(verify, workers, ret_error);
    if (status == FIRN_OK)
        status = verify_names(verify, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_store_verify(verify->opened.store, &verify->damaged_segments, ret_error);
    if (status == FIRN_CORRUPT) /* of a copy of the manifest, when it is of no segment */
        status = add_finding(verify, FINDING_DIFFERENCE, verify->damaged_segments == 0,
                             verify->opened.meta.root, ret_error->text, ret_error);
    return status;
}

static enum exit_status run_verify(const struct invocation *invocation, struct verify *verify,
                                   unsigned workers)
{
    firn_error error = {.status = FIRN_OK};
    uint64_t start = firn_clock_ns();
    pthread_mutex_init(&verify->mutex, NULL);
    gate_init(&verify->gate, GATE_BYTES);
    progress_begin(&verify->progress, "verifying", verify->opened.meta.totals.source_bytes, true,
                   !invocation->quiet);
    firn_status status = verify_store(verify, workers, &error);
    progress_end(&verify->progress);
    enum exit_status exit_status =
        status == FIRN_OK
            ? print_report(invocation, verify, (double)(firn_clock_ns() - start) / 1e9)
            : report_error(&error);
    for (size_t i = 0; i < verify->finding_count; i++)
        firn_release(verify->allocator, verify->findings[i].path,
                     strlen(verify->findings[i].path) + 1);
    firn_release(verify->allocator, verify->findings,
                 verify->finding_capacity * sizeof *verify->findings);
    gate_fini(&verify->gate);
    pthread_mutex_destroy(&verify->mutex);
    return exit_status;
}

enum exit_status command_verify(const struct invocation *invocation)
{
    struct verify verify = {.allocator = firn_allocator_system()};
    firn_error error = {.status = FIRN_OK};
    uint64_t jobs = option_number(invocation, "jobs");
    if (open_store(invocation, &verify.opened, &error) != FIRN_OK)
        return report_error(&error);
    interrupt_catch();
    memory_return_large_blocks();
    if (jobs == 0)
        jobs = firn_processor_count();
    enum exit_status status =
        run_verify(invocation, &verify, jobs < MAX_WORKERS ? (unsigned)jobs : MAX_WORKERS);
    opened_fini(&verify.opened);
    return status;
}
