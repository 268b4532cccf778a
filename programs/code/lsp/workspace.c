/* See workspace.h. Whether a file is as it was indexed is told by its size and time, as `update`
 * does; this is asked before anything of the index is told of it, so that no place of an older
 * content is ever given. */
#include "code/lsp/workspace.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "code/lsp/uri.h"

void workspace_init(struct workspace *workspace, const firn_allocator *allocator)
{
    *workspace = (struct workspace){.allocator = allocator};
    workspace->documents.allocator = allocator;
    workspace->scratch.allocator = allocator;
}

static void forget_touched(struct workspace *workspace, size_t index)
{
    struct touched *touched = &workspace->touched[index];
    firn_release(workspace->allocator, touched->path, strlen(touched->path) + 1);
    digest_fini(&touched->digest);
    *touched = workspace->touched[--workspace->touched_count];
}

void workspace_fini(struct workspace *workspace)
{
    const firn_allocator *allocator = workspace->allocator;
    workspace_close(workspace);
    documents_fini(&workspace->documents);
    while (workspace->touched_count > 0)
        forget_touched(workspace, 0);
    firn_release(allocator, workspace->touched,
                 workspace->touched_capacity * sizeof *workspace->touched);
    for (unsigned i = 0; workspace->tongues != NULL && i < language_count(); i++) {
        firn_builder_destroy(workspace->tongues[i].builder);
        extractor_destroy(workspace->tongues[i].extractor);
        firn_family_destroy(workspace->tongues[i].family);
    }
    firn_release(allocator, workspace->tongues, language_count() * sizeof *workspace->tongues);
    extract_scratch_fini(&workspace->scratch);
    (void)!workspace_set(workspace, &workspace->root, NULL);
    (void)!workspace_set(workspace, &workspace->store, NULL);
}

firn_status workspace_set(const struct workspace *workspace, char **text, const char *value)
{
    char *copy = NULL;
    if (value != NULL) {
        size_t size = strlen(value) + 1;
        copy = firn_allocate(workspace->allocator, size);
        if (copy == NULL)
            return FIRN_NO_MEMORY;
        memcpy(copy, value, size);
    }
    if (*text != NULL)
        firn_release(workspace->allocator, *text, strlen(*text) + 1);
    *text = copy;
    return FIRN_OK;
}

firn_status workspace_open(struct workspace *workspace, firn_error *ret_error)
{
    workspace_close(workspace);
    if (workspace->store == NULL)
        return firn_error_set(ret_error, FIRN_NOT_FOUND, 0, "no folder and no store were named");
    firn_status status = opened_init(&workspace->opened, workspace->store, workspace->allocator,
                                     workspace->cache_bytes, ret_error);
    workspace->is_open = status == FIRN_OK;
    return status;
}

void workspace_close(struct workspace *workspace)
{
    if (workspace->is_open)
        opened_fini(&workspace->opened);
    workspace->is_open = false;
}

const char *workspace_relative(const struct workspace *workspace, const char *path)
{
    if (!workspace->is_open)
        return NULL;
    const char *root = workspace->opened.meta.root;
    size_t size = strlen(root);
    while (size > 0 && root[size - 1] == '/')
        size--;
    return strncmp(root, path, size) == 0 && path[size] == '/' ? path + size + 1 : NULL;
}

firn_status workspace_path(const struct workspace *workspace, const char *uri, char **ret_path,
                           size_t *ret_size)
{
    char real[PATH_MAX];
    char *path;
    firn_status status = uri_path(uri, workspace->allocator, &path, ret_size);
    if (status != FIRN_OK)
        return status;
    if (workspace->is_open && workspace_relative(workspace, path) == NULL &&
        realpath(path, real) != NULL && workspace_relative(workspace, real) != NULL) {
        status = workspace_set(workspace, &path, real);
        *ret_size = strlen(path) + 1;
    }
    if (status == FIRN_OK)
        *ret_path = path;
    else
        firn_release(workspace->allocator, path, *ret_size);
    return status;
}

bool workspace_stopped(const struct workspace *workspace)
{
    return workspace->stop != NULL && workspace->stop(workspace->stop_context);
}

firn_status path_join(const firn_allocator *allocator, const char *folder, const char *name,
                      char **ret_path, size_t *ret_size)
{
    size_t folder_size = strlen(folder);
    const size_t name_size = strlen(name);
    while (folder_size > 0 && folder[folder_size - 1] == '/')
        folder_size--;
    char *path = firn_allocate(allocator, folder_size + name_size + 2);
    if (path == NULL)
        return FIRN_NO_MEMORY;
    memcpy(path, folder, folder_size);
    path[folder_size] = '/';
    memcpy(path + folder_size + 1, name, name_size + 1);
    *ret_path = path;
    *ret_size = folder_size + name_size + 2;
    return FIRN_OK;
}

/* --- files that differ from the index --- */

struct touched *workspace_touched_at(const struct workspace *workspace, const char *path)
{
    for (size_t i = 0; i < workspace->touched_count; i++)
        if (strcmp(workspace->touched[i].path, path) == 0)
            return &workspace->touched[i];
    return NULL;
}

/* Whether the file is there and the index has it as it is. */
static firn_status compare_with_index(struct workspace *workspace, const char *path,
                                      const firn_file_info *info, bool *ret_same)
{
    const char *relative = workspace_relative(workspace, path);
    struct opened_file file;
    *ret_same = false;
    if (relative == NULL)
        return FIRN_OK;
    firn_status status = opened_find(&workspace->opened, relative, &file, NULL);
    if (status != FIRN_OK)
        return status == FIRN_NO_MEMORY ? status : FIRN_OK;
    *ret_same = file.record.size == info->size && file.record.mtime_ns == info->mtime_ns;
    opened_file_fini(&workspace->opened, &file);
    return FIRN_OK;
}

static bool is_file(const char *path, firn_file_info *ret_info)
{
    firn_path_kind kind;
    return firn_path_kind_get(path, &kind, ret_info, NULL) == FIRN_OK && kind == FIRN_PATH_FILE;
}

firn_status workspace_touch(struct workspace *workspace, const char *path)
{
    struct touched *known = workspace_touched_at(workspace, path);
    firn_file_info info;
    bool is_same = false;
    firn_status status = FIRN_OK;
    if (language_by_path(path) == NULL)
        return FIRN_OK;
    const bool is_there = is_file(path, &info);
    if (is_there)
        status = compare_with_index(workspace, path, &info, &is_same);
    if (status != FIRN_OK)
        return status;
    /* What is gone needs no note: nothing is told of a file that is not there. */
    if (known != NULL && (is_same || !is_there))
        forget_touched(workspace, (size_t)(known - workspace->touched));
    if (known != NULL && !is_same && is_there && known->info.mtime_ns != info.mtime_ns)
        workspace->touches += known->digest.revision != 0; /* it changed once more */
    if (known != NULL || is_same || !is_there)
        return FIRN_OK;
    if (workspace->touched_count == TOUCHED_MAX) {
        workspace->has_overflown = true;
        return FIRN_OK;
    }
    void *block = workspace->touched;
    if (!firn_grow(workspace->allocator, &block, &workspace->touched_capacity,
                   workspace->touched_count + 1, sizeof *workspace->touched))
        return FIRN_NO_MEMORY;
    workspace->touched = block;
    struct touched touched = {.digest.allocator = workspace->allocator};
    status = workspace_set(workspace, &touched.path, path);
    if (status == FIRN_OK)
        workspace->touched[workspace->touched_count++] = touched;
    workspace->touches++;
    return status;
}

firn_status workspace_is_fresh(struct workspace *workspace, const char *path,
                               const struct file_record *record, bool *ret_fresh)
{
    firn_file_info info;
    *ret_fresh = false;
    if (documents_at(&workspace->documents, path) != NULL || !is_file(path, &info))
        return FIRN_OK;
    if (record->size == info.size && record->mtime_ns == info.mtime_ns) {
        *ret_fresh = true;
        return FIRN_OK;
    }
    return workspace_touch(workspace, path);
}

/* --- languages --- */

static firn_status fill_tongue(const struct language *language, const firn_allocator *allocator,
                               struct tongue *tongue)
{
    firn_status status =
        firn_family_create(&(firn_family_options){.allocator = allocator}, &tongue->family);
    if (status == FIRN_OK)
        status = language_name_family(language, tongue->family);
    if (status == FIRN_OK)
        status = extractor_create(language, tongue->family, allocator, &tongue->extractor);
    if (status == FIRN_OK)
        status = firn_builder_create(tongue->family, allocator, &tongue->builder);
    return status;
}

firn_status workspace_tongue(struct workspace *workspace, const struct language *language,
                             struct tongue **ret_tongue)
{
    const firn_allocator *allocator = workspace->allocator;
    if (workspace->tongues == NULL)
        workspace->tongues =
            firn_allocate_zeroed(allocator, language_count(), sizeof *workspace->tongues);
    if (workspace->tongues == NULL)
        return FIRN_NO_MEMORY;
    struct tongue *tongue = &workspace->tongues[language_index(language)];
    if (tongue->builder == NULL) {
        struct tongue made = {.family = NULL};
        firn_status status = fill_tongue(language, allocator, &made);
        if (status != FIRN_OK) {
            extractor_destroy(made.extractor);
            firn_family_destroy(made.family);
            return status;
        }
        *tongue = made;
    }
    *ret_tongue = tongue;
    return FIRN_OK;
}
