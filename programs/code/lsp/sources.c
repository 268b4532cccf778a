/* See sources.h.
 *
 * Invariant: I1 a request pins fewer than all. */
#include "code/lsp/sources.h"

#include <assert.h>
#include <string.h>

/* The one that was used longest ago, closed. */
static struct source *oldest(struct sources *sources)
{
    struct source *oldest = NULL;
    for (unsigned i = 0; i < SOURCES_COUNT; i++)
        if (!sources->items[i].is_pinned &&
            (oldest == NULL || sources->items[i].used < oldest->used))
            oldest = &sources->items[i];
    assert(oldest != NULL); /* I1 */
    source_close(oldest);
    return oldest;
}

static void use(struct sources *sources, struct source *source, struct source **ret_source)
{
    source->used = ++sources->uses;
    *ret_source = source;
}

firn_status sources_document(struct sources *sources, struct workspace *workspace,
                             struct document *document, struct source **ret_source,
                             firn_error *ret_error)
{
    for (unsigned i = 0; i < SOURCES_COUNT; i++) {
        struct source *source = &sources->items[i];
        if (source->document != document || source->own != NULL)
            continue;
        if (source->revision != document->revision)
            source_close(source);
        else {
            use(sources, source, ret_source);
            return FIRN_OK;
        }
    }
    struct source *source = oldest(sources);
    firn_status status = source_of_document(source, workspace, document, ret_error);
    if (status == FIRN_OK)
        use(sources, source, ret_source);
    else
        source_close(source);
    return status;
}

/* Whether what the source was made of is still so. */
static bool is_same(struct workspace *workspace, const struct source *source)
{
    firn_path_kind kind;
    firn_file_info info;
    if (firn_path_kind_get(source->path, &kind, &info, NULL) != FIRN_OK ||
        documents_at(&workspace->documents, source->path) != NULL)
        return false;
    if (source->own != NULL)
        return source->info.size == info.size && source->info.mtime_ns == info.mtime_ns;
    return source->file.record.size == info.size && source->file.record.mtime_ns == info.mtime_ns;
}

/* Opens the file at a path, which is no open document, in a closed source. What is damaged in the
 * store is read from the disk. */
static firn_status open_path(struct source *source, struct workspace *workspace, const char *path,
                             firn_error *ret_error)
{
    struct opened_file file = {.path = NULL};
    bool is_fresh = false;
    const char *relative = workspace_relative(workspace, path);
    firn_status status = relative == NULL
                             ? FIRN_NOT_FOUND
                             : opened_find(&workspace->opened, relative, &file, ret_error);
    if (status == FIRN_OK)
        status = workspace_is_fresh(workspace, path, &file.record, &is_fresh);
    if (status == FIRN_OK && is_fresh)
        status = source_of_index(source, workspace, &file, ret_error);
    opened_file_fini(&workspace->opened, &file);
    if (status == FIRN_OK && is_fresh)
        return FIRN_OK;
    workspace->has_damage |= status == FIRN_CORRUPT;
    if (status == FIRN_CORRUPT || workspace_touched_at(workspace, path) != NULL)
        return source_of_disk(source, workspace, path, ret_error);
    if (status == FIRN_OK || status == FIRN_NOT_FOUND)
        return firn_error_set(ret_error, FIRN_NOT_FOUND, 0,
                              "%s: neither open nor, as it is, in the index", path);
    return status;
}

firn_status sources_path(struct sources *sources, struct workspace *workspace, const char *path,
                         struct source **ret_source, firn_error *ret_error)
{
    struct document *document = documents_at(&workspace->documents, path);
    if (document != NULL)
        return sources_document(sources, workspace, document, ret_source, ret_error);
    for (unsigned i = 0; i < SOURCES_COUNT; i++) {
        struct source *source = &sources->items[i];
        bool is_of_file = source->path != NULL && (source->document == NULL || source->own != NULL);
        if (!is_of_file || strcmp(source->path, path) != 0)
            continue;
        if (!source->is_pinned && !is_same(workspace, source))
            source_close(source);
        else {
            use(sources, source, ret_source);
            return FIRN_OK;
        }
    }
    struct source *source = oldest(sources);
    firn_status status = open_path(source, workspace, path, ret_error);
    if (status == FIRN_OK)
        use(sources, source, ret_source);
    else
        source_close(source);
    return status;
}

void sources_pin(struct source *source)
{
    source->is_pinned = true;
}

void sources_trim(struct sources *sources)
{
    for (unsigned i = 0; i < SOURCES_COUNT; i++)
        sources->items[i].is_pinned = false;
    for (unsigned turn = 0; turn < SOURCES_COUNT; turn++) {
        size_t total = 0;
        for (unsigned i = 0; i < SOURCES_COUNT; i++)
            total += source_bytes(&sources->items[i]);
        if (total <= SOURCES_MAX_BYTES)
            return;
        struct source *victim = NULL;
        for (unsigned i = 0; i < SOURCES_COUNT; i++)
            if (source_bytes(&sources->items[i]) > 0 &&
                (victim == NULL || sources->items[i].used < victim->used))
                victim = &sources->items[i];
        source_release(victim);
    }
}

void sources_clear(struct sources *sources)
{
    for (unsigned i = 0; i < SOURCES_COUNT; i++)
        source_release(&sources->items[i]);
}

void sources_forget(struct sources *sources, const struct document *document)
{
    for (unsigned i = 0; i < SOURCES_COUNT; i++)
        if (sources->items[i].document == document)
            source_close(&sources->items[i]);
}
