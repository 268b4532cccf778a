/* See overlay.h. Digests tell most of them apart without parsing; they are made when a document is
 * first looked into after a change, and when a changed file's time or size is another. */
#include "code/lsp/overlay.h"

/* Failures of one file that should not end the search. */
static bool is_passable(firn_status status)
{
    return status != FIRN_OK && status != FIRN_NO_MEMORY && status != FIRN_CHANGED;
}

static firn_status visit_document(struct sources *sources, struct workspace *workspace,
                                  struct document *document, const char *name, size_t name_size,
                                  overlay_visit_fn visit, void *context, firn_error *ret_error)
{
    struct digest *digest = &document->digest;
    struct source *source;
    if (document->language == NULL || (name != NULL && digest->revision == document->revision &&
                                       !digest_has(digest, name, name_size)))
        return FIRN_OK;
    firn_status status = sources_document(sources, workspace, document, &source, ret_error);
    if (status == FIRN_OK)
        status = source_names(source, ret_error);
    if (status == FIRN_OK && digest->revision != document->revision)
        status = digest_make(digest, document->revision, source->text, source->names,
                             source->name_count);
    if (status != FIRN_OK)
        return is_passable(status) ? FIRN_OK : status;
    return name == NULL || digest_has(digest, name, name_size) ? visit(context, source) : FIRN_OK;
}

static firn_status visit_touched(struct sources *sources, struct workspace *workspace, size_t index,
                                 const char *name, size_t name_size, overlay_visit_fn visit,
                                 void *context, firn_error *ret_error)
{
    struct touched *touched = &workspace->touched[index];
    struct source *source;
    firn_path_kind kind;
    firn_file_info info;
    if (documents_at(&workspace->documents, touched->path) != NULL ||
        firn_path_kind_get(touched->path, &kind, &info, NULL) != FIRN_OK)
        return FIRN_OK;
    const bool is_known = touched->digest.revision != 0 && touched->info.size == info.size &&
                          touched->info.mtime_ns == info.mtime_ns;
    if (is_known && name != NULL && !digest_has(&touched->digest, name, name_size))
        return FIRN_OK;
    firn_status status = sources_path(sources, workspace, touched->path, &source, ret_error);
    if (status == FIRN_OK)
        status = source_names(source, ret_error);
    /* Looking may have found that the file is as it was indexed after all, and dropped the note. */
    touched = status == FIRN_OK ? workspace_touched_at(workspace, source->path) : NULL;
    if (status == FIRN_OK && touched == NULL)
        return FIRN_OK;
    if (status == FIRN_OK && !is_known) {
        touched->info = info;
        status = digest_make(&touched->digest, 1, source->text, source->names, source->name_count);
    }
    if (status != FIRN_OK)
        return is_passable(status) ? FIRN_OK : status;
    return name == NULL || digest_has(&touched->digest, name, name_size) ? visit(context, source)
                                                                         : FIRN_OK;
}

static firn_status visit_all(struct sources *sources, struct workspace *workspace, const char *name,
                             size_t name_size, overlay_text_fn may_have, overlay_visit_fn visit,
                             void *context, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    for (size_t i = 0; i < workspace->documents.count && status == FIRN_OK; i++) {
        struct document *document = workspace->documents.items[i];
        status = workspace_stopped(workspace) ? FIRN_CHANGED : FIRN_OK;
        if (status == FIRN_OK &&
            (may_have == NULL || may_have(context, document->text, document->size)))
            status = visit_document(sources, workspace, document, name, name_size, visit, context,
                                    ret_error);
    }
    for (size_t i = 0; i < workspace->touched_count && status == FIRN_OK; i++) {
        status = workspace_stopped(workspace) ? FIRN_CHANGED : FIRN_OK;
        if (status == FIRN_OK)
            status =
                visit_touched(sources, workspace, i, name, name_size, visit, context, ret_error);
    }
    return status;
}

firn_status overlay_visit(struct sources *sources, struct workspace *workspace, const char *name,
                          size_t name_size, overlay_visit_fn visit, void *context,
                          firn_error *ret_error)
{
    return visit_all(sources, workspace, name, name_size, NULL, visit, context, ret_error);
}

firn_status overlay_search(struct sources *sources, struct workspace *workspace,
                           overlay_text_fn may_have, overlay_visit_fn visit, void *context,
                           firn_error *ret_error)
{
    return visit_all(sources, workspace, NULL, 0, may_have, visit, context, ret_error);
}
