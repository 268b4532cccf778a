/* A worker of an indexing: reads a file, parses it, packs its tree, gathers its names and puts all
 * into the store's next generation. A file that cannot be read or parsed is listed as skipped and
 * the rest goes on; what fails for the store or for want of memory ends the job.
 *
 * Threads: a worker is confined to its own. Memory: one file with its parse and its nodes, which
 * the gate bounds over all workers; two segments being filled; the names up to their bound. */
#include "code/worker.h"

#include "code/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <firn/checksum.h>
#include <firn/delta.h>
#include <firn/mapped.h>

#include "code/opened.h"

#define FILE_LIMIT_BYTES (1ull << 30)
#define EDITS_SHARE 4u /* edits are kept when they are less than this part of the text */
#define BINARY_PROBE_BYTES 8192u
#define GATHER_LEAST_BYTES (256u << 10)
#define SEEN_NAMES 1024u /* 2^(64 - 54) */
/* What a file takes while it is parsed and packed, in units of its size: the parser's tree 20, its
 * nodes 5, itself. */
#define PARSE_FACTOR 27u

/* What a worker's names may take: a run of less is not worth its reader when runs are merged. */
static size_t gather_bytes(const struct job *job)
{
    size_t bytes = job->options.ram_bytes / 16;
    return bytes > GATHER_LEAST_BYTES ? bytes : GATHER_LEAST_BYTES;
}

firn_status worker_init(struct worker *worker, struct job *job, unsigned number,
                        firn_error *ret_error)
{
    const firn_allocator *allocator = job->allocator;
    char name[32], path[4096];
    worker->job = job;
    worker->path.allocator = worker->scratch.allocator = allocator;
    worker->runs.file.fd = -1;
    worker->builders = firn_allocate_zeroed(allocator, job->language_total, sizeof(firn_builder *));
    firn_status status = worker->builders == NULL ? FIRN_NO_MEMORY : FIRN_OK;
    if (status == FIRN_OK)
        status = parser_create(&(struct parser_options){.allocator = allocator}, &worker->parser);
    if (status == FIRN_OK)
        status = firn_codec_create(allocator, &worker->codec);
    if (status == FIRN_OK)
        status = gather_init(&worker->gather, allocator, &worker->runs, gather_bytes(job));
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "cannot start a worker: %s",
                              firn_status_text(status));
    struct stream_options options = {allocator,      job->store,   worker->codec,
                                     SEGMENT_SOURCE, SOURCE_LEVEL, SOURCE_GROUP_BYTES};
    stream_init(&worker->sources, &options);
    options.kind = SEGMENT_TREE;
    options.level = TREE_LEVEL;
    options.group_bytes = TREE_GROUP_BYTES;
    stream_init(&worker->trees, &options);
    snprintf(name, sizeof name, "names-%u", number);
    status = firn_store_scratch(job->store, name, path, sizeof path);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: the path is too long", job->options.store);
    return runs_init(&worker->runs, path, allocator, ret_error);
}

void worker_settle(struct worker *worker)
{
    if (worker->job == NULL)
        return;
    const firn_allocator *allocator = worker->job->allocator;
    for (unsigned i = 0; worker->builders != NULL && i < worker->job->language_total; i++)
        firn_builder_destroy(worker->builders[i]);
    firn_release(allocator, worker->builders, worker->job->language_total * sizeof(firn_builder *));
    worker->builders = NULL;
    parser_destroy(worker->parser);
    worker->parser = NULL;
    extract_scratch_fini(&worker->scratch);
    stream_fini(&worker->sources);
    stream_fini(&worker->trees);
    gather_fini(&worker->gather);
    bytes_fini(&worker->path);
    firn_codec_destroy(worker->codec);
    worker->codec = NULL;
    runs_settle(&worker->runs);
}

void worker_fini(struct worker *worker)
{
    worker_settle(worker);
    if (worker->job != NULL)
        runs_fini(&worker->runs);
}

/* --- reading --- */

static firn_status skip(struct source *source, struct worker *worker, const char *reason,
                        firn_error *ret_error)
{
    source->is_skipped = true;
    return job_skip(worker->job, source->file, reason, ret_error);
}

/* Whether a failure is the file's own, so that the others can go on. */
static bool is_of_file(firn_status status)
{
    return status != FIRN_OK && status != FIRN_NO_MEMORY;
}

static firn_status full_path(struct worker *worker, const char *path)
{
    struct bytes *full = &worker->path;
    full->size = 0;
    firn_status status = bytes_put(full, worker->job->root, strlen(worker->job->root));
    if (status == FIRN_OK && full->data[full->size - 1] != '/')
        status = bytes_put(full, "/", 1);
    return status == FIRN_OK ? bytes_put(full, path, strlen(path) + 1) : status;
}

static const char *reason_of(firn_status status, const firn_error *error)
{
    switch (status) {
    case FIRN_NOT_FOUND:
        return "it vanished while the folder was indexed";
    case FIRN_CHANGED:
        return "it changed while it was read";
    case FIRN_PERMISSION:
        return "permission denied";
    case FIRN_UNSUPPORTED:
        return "not a regular file";
    case FIRN_LIMIT:
        return "it is larger than 1 GiB";
    default:
        return error->text[0] != '\0' ? error->text : firn_status_text(status);
    }
}

firn_status source_read(struct source *source, struct worker *worker, size_t file,
                        firn_error *ret_error)
{
    struct job *job = worker->job;
    const struct scan_file *found = &job->scan.files[file];
    *source = (struct source){.file = file};
    source->gate_bytes = found->size < SIZE_MAX / PARSE_FACTOR ? found->size * PARSE_FACTOR : 0;
    gate_enter(&job->gate, source->gate_bytes);
    firn_file_info info;
    firn_error error = {.status = FIRN_OK};
    firn_status status = full_path(worker, found->path);
    if (status == FIRN_OK)
        status = firn_mapped_open((const char *)worker->path.data, FILE_LIMIT_BYTES,
                                  &source->mapped, &error);
    if (is_of_file(status))
        return skip(source, worker, reason_of(status, &error), ret_error);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: %s", found->path,
                              firn_status_text(status));
    source->text = firn_mapped_data(source->mapped, &source->size);
    firn_mapped_info(source->mapped, &info);
    struct file_record *record = &job->files[file].record;
    record->language = job->languages[language_index(found->language)].number;
    record->size = source->size;
    record->mtime_ns = info.mtime_ns;
    size_t probe = source->size < BINARY_PROBE_BYTES ? source->size : BINARY_PROBE_BYTES;
    if (memchr(source->text, 0, probe) != NULL)
        return skip(source, worker, "it is binary: a NUL byte among its first 8 KiB", ret_error);
    return FIRN_OK;
}

void source_fini(struct source *source, struct worker *worker)
{
    firn_mapped_close(source->mapped);
    source->mapped = NULL;
    gate_leave(&worker->job->gate, source->gate_bytes);
    source->gate_bytes = 0;
}

bool source_is_same(struct source *source, struct worker *worker)
{
    struct job_file *file = &worker->job->files[source->file];
    file->is_same = !source->is_skipped && file->former != NULL &&
                    file->former->size == source->size &&
                    file->former->language == file->record.language &&
                    file->former->crc == firn_crc32c(0, source->text, source->size);
    worker->same_bytes += file->is_same ? source->size : 0;
    return file->is_same;
}

/* --- parsing --- */

static uint64_t thread_ns(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

firn_status source_parse(struct source *source, struct worker *worker, firn_builder *builder,
                         firn_error *ret_error)
{
    const struct scan_file *found = &worker->job->scan.files[source->file];
    firn_error error = {.status = FIRN_OK};
    uint64_t before = thread_ns();
    firn_status status =
        parser_parse(worker->parser, found->language, source->text, source->size, &error);
    worker->parse_ns += thread_ns() - before;
    if (status == FIRN_OK)
        worker->parser_tree_bytes += parser_tree_bytes(worker->parser);
    if (status == FIRN_OK)
        status = parser_feed(worker->parser, builder, &error);
    parser_drop(worker->parser);
    if (is_of_file(status))
        return skip(source, worker, error.text[0] != '\0' ? error.text : firn_status_text(status),
                    ret_error);
    return status == FIRN_OK ? FIRN_OK
                             : firn_error_set(ret_error, status, 0, "%s: %s", found->path,
                                              firn_status_text(status));
}

/* --- storing --- */

/* A reference in the file, so that the next of the same name is known to be gathered: three of four
 * are, and their names need no look into the table. */
struct seen_name {
    uint32_t start;
    uint32_t size; /* 0: none */
};

struct name_visit {
    struct worker *worker;
    const struct source *source;
    const firn_lines *lines;
    firn_error *error;
    struct seen_name seen[SEEN_NAMES];
};

/* Whether a name was seen in the file; the latest of those that share a place is remembered. */
static bool is_seen(struct name_visit *visit, uint32_t start, size_t size)
{
    const char *text = visit->source->text;
    uint64_t head = 0, tail = 0;
    const size_t piece = size < 8 ? size : 8;
    memcpy(&head, text + start, piece);
    memcpy(&tail, text + start + size - piece, piece);
    const uint64_t hash = (head ^ tail * 31 ^ size) * UINT64_C(0x9e3779b97f4a7c15);
    struct seen_name *seen = &visit->seen[hash >> 54];
    if (seen->size == size && memcmp(text + seen->start, text + start, size) == 0)
        return true;
    *seen = (struct seen_name){start, (uint32_t)size};
    return false;
}

static firn_status gather_name(void *context, const struct extract_name *name)
{
    struct name_visit *visit = context;
    struct definition definition = {.kind = name->kind};
    size_t size = name->end - name->start;
    if (size > NAME_MAX_BYTES || (!name->is_definition && is_seen(visit, name->start, size)))
        return FIRN_OK;
    if (name->is_definition) {
        firn_point point = firn_lines_point(visit->lines, name->start);
        definition.row = point.row;
        definition.column = point.column;
    }
    return gather_put(&visit->worker->gather, (uint32_t)visit->source->file,
                      visit->source->text + name->start, size,
                      name->is_definition ? &definition : NULL, visit->error);
}

static firn_status gather_names(struct source *source, struct worker *worker,
                                const firn_nodes *nodes, firn_error *ret_error)
{
    struct job *job = worker->job;
    const struct language *language = job->scan.files[source->file].language;
    struct file_record *record = &job->files[source->file].record;
    firn_lines lines;
    firn_status status = firn_lines_init(&lines, source->text, source->size, job->allocator);
    if (status == FIRN_OK) {
        bool is_ended = source->size == 0 || source->text[source->size - 1] == '\n';
        record->lines = lines.count - (is_ended ? 1 : 0);
        struct name_visit visit = {worker, source, &lines, ret_error, {{0, 0}}};
        status = extract_names(job->languages[language_index(language)].extractor, &worker->scratch,
                               nodes, gather_name, &visit);
        firn_lines_fini(&lines);
    }
    if (status == FIRN_NO_MEMORY)
        return firn_error_set(ret_error, status, 0, "%s: out of memory",
                              job->scan.files[source->file].path);
    return status;
}

/* Stores a text as edits of what its former version is stored as, where these are short enough.
 * Sets *ret_done when it did. */
static firn_status put_edits(struct source *source, struct worker *worker, bool *ret_done,
                             firn_error *ret_error)
{
    struct job *job = worker->job;
    struct job_file *file = &job->files[source->file];
    const struct place *former = &file->former->source;
    struct place base = {.segment = former->segment,
                         .offset = former->offset,
                         .more_count = former->more_count,
                         .more = former->more};
    const uint64_t base_size =
        former->edits != NULL ? former->edits->base_size : file->former->size;
    struct content content;
    void *edits = NULL;
    size_t size = 0;
    firn_status status = content_get(job->opened, &base, base_size, &content, ret_error);
    if (status == FIRN_OK)
        status = firn_edit_pack(content.data, content.size, source->text, source->size,
                                job->allocator, &edits, &size);
    content_release(job->opened, &content);
    if (status == FIRN_CORRUPT || status == FIRN_LIMIT)
        return FIRN_OK; /* a damaged former version is no base; nothing else depends on it */
    if (status == FIRN_OK && size < source->size / EDITS_SHARE) {
        struct place *place = &file->record.source;
        status = place_copy(&base, place, job->allocator);
        if (status == FIRN_OK && place_add_edits(place, job->allocator) == NULL)
            status = FIRN_NO_MEMORY;
        if (status == FIRN_OK) {
            place->edits->base_size = base_size;
            place->edits->size = size;
            status = stream_put(&worker->sources, edits, size, &place->edits->place, ret_error);
            *ret_done = status == FIRN_OK;
        }
    }
    firn_release(job->allocator, edits, size);
    return status == FIRN_NO_MEMORY ? firn_error_set(ret_error, status, 0, "%s: out of memory",
                                                     job->scan.files[source->file].path)
                                    : status;
}

static firn_status put_text(struct source *source, struct worker *worker, firn_error *ret_error)
{
    struct job_file *file = &worker->job->files[source->file];
    bool is_done = false;
    firn_status status = FIRN_OK;
    if (file->former != NULL && source->size > 0)
        status = put_edits(source, worker, &is_done, ret_error);
    return status == FIRN_OK && !is_done ? stream_put(&worker->sources, source->text, source->size,
                                                      &file->record.source, ret_error)
                                         : status;
}

firn_status source_store(struct source *source, struct worker *worker, firn_builder *builder,
                         firn_error *ret_error)
{
    struct job *job = worker->job;
    struct job_file *file = &job->files[source->file];
    const firn_nodes *nodes = firn_builder_nodes(builder);
    const void *tree;
    size_t tree_size;
    firn_status status = firn_builder_pack(builder, &tree, &tree_size);
    if (is_of_file(status))
        return skip(source, worker, firn_status_text(status), ret_error);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: %s", job->scan.files[source->file].path,
                              firn_status_text(status));
    file->record.nodes = nodes->count;
    file->record.tree_size = tree_size;
    file->record.crc = firn_crc32c(0, source->text, source->size);
    if (labels_set(&file->record, nodes, job->allocator) != FIRN_OK)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "%s: out of memory",
                              job->scan.files[source->file].path);
    status = stream_put(&worker->trees, tree, tree_size, &file->record.tree, ret_error);
    if (status == FIRN_OK)
        status = put_text(source, worker, ret_error);
    if (status == FIRN_OK)
        status = gather_names(source, worker, nodes, ret_error);
    file->is_done = status == FIRN_OK;
    return status;
}
