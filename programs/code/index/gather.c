/* Gathering names: the in-memory half of single-pass inversion. A worker puts every name it meets;
 * names are interned, each heads a chain of postings (one a file), each of these a chain of
 * definitions, newest first, as appending at a head needs one index. When the bound is reached the
 * names are sorted and written to the worker's runs.
 *
 * Nouns: a posting is a name in a file.
 * I1: latest[id] < posting_count for every interned id, and each chain's indexes descend.
 *
 * Memory: 16 bytes a posting and a definition, about 30 a name with its text, 36 more a name while
 * sorting; all bounded by limit_bytes but for the doubling of arrays. Time: O(1) a put, O(names log
 * names) a run. */
#include "code/index/gather.h"

#include <assert.h>

#define NONE UINT32_MAX
#define DEFAULT_LIMIT_BYTES (6u << 20)
#define SORT_BYTES 36u /* a name, while a run is written */

struct gather_posting {
    uint32_t file;
    uint32_t previous;   /* of the same name */
    uint32_t definition; /* the last one in the file */
    uint32_t definition_count;
};

struct gather_definition {
    uint32_t previous; /* of the same posting */
    uint32_t row;
    uint32_t column;
    uint32_t kind;
};

static firn_status emit_to_run(void *context, const void *name, size_t name_size,
                               const void *payload, size_t payload_size, firn_error *ret_error)
{
    return runs_add(context, name, name_size, payload, payload_size, ret_error);
}

firn_status gather_init(struct gather *gather, const firn_allocator *allocator, struct runs *runs,
                        size_t limit_bytes)
{
    *gather = (struct gather){.allocator = allocator,
                              .runs = runs,
                              .limit_bytes = limit_bytes == 0 ? DEFAULT_LIMIT_BYTES : limit_bytes};
    entries_init(&gather->entries, allocator, emit_to_run, runs);
    return firn_intern_create(&(firn_intern_options){.allocator = allocator}, &gather->names);
}

void gather_fini(struct gather *gather)
{
    const firn_allocator *allocator = gather->allocator;
    firn_intern_destroy(gather->names);
    firn_release(allocator, gather->latest, gather->latest_capacity * sizeof *gather->latest);
    firn_release(allocator, gather->postings, gather->posting_capacity * sizeof *gather->postings);
    firn_release(allocator, gather->definitions,
                 gather->definition_capacity * sizeof *gather->definitions);
    firn_release(allocator, gather->files, gather->file_capacity * sizeof *gather->files);
    firn_release(allocator, gather->found, gather->found_capacity * sizeof *gather->found);
    entries_fini(&gather->entries);
    *gather = (struct gather){.allocator = allocator};
}

static size_t held_bytes(const struct gather *gather)
{
    firn_usage usage;
    firn_intern_usage(gather->names, &usage);
    size_t a_name = sizeof *gather->latest + SORT_BYTES;
    return (size_t)(usage.live_bytes + usage.overhead_bytes) +
           firn_intern_count(gather->names) * a_name +
           gather->posting_count * sizeof *gather->postings +
           gather->definition_count * sizeof *gather->definitions;
}

/* Finds or makes the posting of a name in a file. */
static firn_status find_posting(struct gather *gather, uint32_t file, const void *name,
                                size_t name_size, uint32_t *ret_posting)
{
    void *latest = gather->latest;
    if (!firn_grow(gather->allocator, &latest, &gather->latest_capacity,
                   (size_t)firn_intern_count(gather->names) + 1, sizeof *gather->latest))
        return FIRN_NO_MEMORY;
    gather->latest = latest;
    void *postings = gather->postings;
    if (!firn_grow(gather->allocator, &postings, &gather->posting_capacity,
                   gather->posting_count + 1, sizeof *gather->postings))
        return FIRN_NO_MEMORY;
    gather->postings = postings;
    uint32_t id;
    bool is_new;
    firn_status status = firn_intern_put(gather->names, name, name_size, &id, &is_new);
    if (status != FIRN_OK)
        return status;
    uint32_t last = is_new ? NONE : gather->latest[id];
    if (is_new || gather->postings[last].file != file) {
        gather->latest[id] = (uint32_t)gather->posting_count;
        gather->postings[gather->posting_count++] = (struct gather_posting){file, last, NONE, 0};
    }
    *ret_posting = gather->latest[id];
    return FIRN_OK;
}

static firn_status add_definition(struct gather *gather, uint32_t posting,
                                  const struct definition *definition)
{
    void *definitions = gather->definitions;
    if (!firn_grow(gather->allocator, &definitions, &gather->definition_capacity,
                   gather->definition_count + 1, sizeof *gather->definitions))
        return FIRN_NO_MEMORY;
    gather->definitions = definitions;
    struct gather_posting *at = &gather->postings[posting];
    gather->definitions[gather->definition_count] = (struct gather_definition){
        at->definition, definition->row, definition->column, definition->kind};
    at->definition = (uint32_t)gather->definition_count++;
    at->definition_count++;
    return FIRN_OK;
}

firn_status gather_put(struct gather *gather, uint32_t file, const void *name, size_t name_size,
                       const struct definition *definition, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    size_t held = held_bytes(gather);
    /* Preferably between files, so that a file's postings of a name stay together. */
    if (file < gather->last_file || held >= 2 * gather->limit_bytes ||
        (held >= gather->limit_bytes && file != gather->last_file))
        status = gather_flush(gather, ret_error);
    if (status != FIRN_OK)
        return status;
    gather->last_file = file;
    uint32_t posting;
    status = find_posting(gather, file, name, name_size, &posting);
    if (status == FIRN_OK && definition != NULL)
        status = add_definition(gather, posting, definition);
    return status == FIRN_OK ? FIRN_OK
                             : firn_error_set(ret_error, status, 0, "cannot gather a name: %s",
                                              firn_status_text(status));
}

/* --- writing a run --- */

static firn_status write_posting(struct gather *gather, const struct gather_posting *posting,
                                 firn_error *ret_error)
{
    void *found = gather->found;
    if (!firn_grow(gather->allocator, &found, &gather->found_capacity,
                   (size_t)posting->definition_count + 1, sizeof *gather->found))
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while sorting names");
    gather->found = found;
    uint32_t at = posting->definition;
    for (uint32_t left = posting->definition_count; left-- > 0;) {
        const struct gather_definition *definition = &gather->definitions[at];
        gather->found[left] =
            (struct definition){definition->row, definition->column, (uint8_t)definition->kind};
        at = definition->previous;
    }
    return entries_put(&gather->entries, posting->file, gather->found, posting->definition_count,
                       ret_error);
}

static firn_status write_name(struct gather *gather, uint32_t id, firn_error *ret_error)
{
    size_t count = 0, size;
    for (uint32_t at = gather->latest[id]; at != NONE; at = gather->postings[at].previous) {
        void *files = gather->files;
        if (!firn_grow(gather->allocator, &files, &gather->file_capacity, count + 1,
                       sizeof *gather->files))
            return firn_error_set(ret_error, FIRN_NO_MEMORY, 0,
                                  "out of memory while sorting names");
        gather->files = files;
        gather->files[count++] = at;
        assert(at < gather->posting_count); /* I1 */
    }
    const void *text = firn_intern_get(gather->names, id, &size);
    firn_status status = entries_begin(&gather->entries, text, size);
    while (status == FIRN_OK && count > 0)
        status = write_posting(gather, &gather->postings[gather->files[--count]], ret_error);
    return status == FIRN_OK ? entries_end(&gather->entries, ret_error) : status;
}

static firn_status write_run(struct gather *gather, const uint32_t *ids, size_t count,
                             firn_error *ret_error)
{
    firn_status status = runs_begin(gather->runs);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "out of memory while sorting names");
    for (size_t i = 0; i < count && status == FIRN_OK; i++)
        status = write_name(gather, ids[i], ret_error);
    return status == FIRN_OK ? runs_end(gather->runs, ret_error) : status;
}

firn_status gather_flush(struct gather *gather, firn_error *ret_error)
{
    uint32_t count = firn_intern_count(gather->names);
    if (count == 0)
        return FIRN_OK;
    uint32_t *ids;
    firn_status status = firn_intern_sort(gather->names, gather->allocator, &ids);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "out of memory while sorting names");
    status = write_run(gather, ids, count, ret_error);
    firn_release(gather->allocator, ids, count * sizeof *ids);
    firn_intern_reset(gather->names);
    gather->posting_count = gather->definition_count = 0;
    gather->last_file = 0;
    return status;
}
