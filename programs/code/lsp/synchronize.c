/* Notifications about documents and files. None is answered, so what is wrong in one is passed
 * over; a document that cannot follow its client's changes is given up, and the user told. */
#include "code/lsp/server.h"
#include "code/lsp/uri.h"

/* Languages by the names that editors give them, for documents without a known suffix. */
static const struct language *language_of(const char *path, const char *id)
{
    static const struct {
        const char *id;
        const char *name;
    } names[] = {{"javascriptreact", "javascript"},
                 {"typescriptreact", "tsx"},
                 {"shellscript", "bash"},
                 {"sh", "bash"},
                 {"jsonc", "json"},
                 {"cuda-cpp", "cpp"}};
    const struct language *language = path == NULL ? NULL : language_by_path(path);
    if (language != NULL || id == NULL)
        return language;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].id, id) == 0)
            return language_by_name(names[i].name);
    return language_by_name(id);
}

static void forget(struct server *server, struct document *document)
{
    sources_forget(&server->session.sources, document);
    documents_remove(&server->session.workspace.documents, document);
}

static struct document *find_document(struct server *server, const json_t *params)
{
    const char *uri = member_text(member_path(params, "textDocument"), "uri");
    return uri == NULL ? NULL : documents_find(&server->session.workspace.documents, uri);
}

/* The path of an address as a block of *ret_size bytes; NULL when it has none. */
static char *path_of(struct server *server, const char *uri, size_t *ret_size)
{
    const struct workspace *workspace = &server->session.workspace;
    char *path;
    bool is_path = uri != NULL && workspace_path(workspace, uri, &path, ret_size) == FIRN_OK;
    return is_path ? path : NULL;
}

static void touch(struct server *server, const char *uri)
{
    size_t size;
    char *path = path_of(server, uri, &size);
    if (path == NULL)
        return;
    /* Without memory for the note the file is looked at when something is asked of it. */
    (void)!workspace_touch(&server->session.workspace, path);
    firn_release(server->options.allocator, path, size);
}

static void open_document(struct server *server, const json_t *params)
{
    struct workspace *workspace = &server->session.workspace;
    const json_t *item = member_path(params, "textDocument");
    const json_t *text = json_object_get(item, "text");
    const char *uri = member_text(item, "uri");
    struct document *document;
    size_t path_size;
    if (uri == NULL || !json_is_string(text))
        return;
    struct document *old = documents_find(&workspace->documents, uri);
    if (old != NULL)
        sources_forget(&server->session.sources, old);
    char *path = path_of(server, uri, &path_size);
    const struct language *language = language_of(path, member_text(item, "languageId"));
    firn_status status = document_create(uri, path, language, json_string_value(text),
                                         json_string_length(text), workspace->allocator, &document);
    if (status == FIRN_OK)
        status = documents_add(&workspace->documents, document);
    if (path != NULL)
        firn_release(workspace->allocator, path, path_size);
    if (status != FIRN_OK)
        server_show(server, 1, "%.200s: %s; its text in the editor is not known to firn", uri,
                    firn_status_text(status));
}

/* Applies one change; FIRN_INVALID when it is none. */
static firn_status apply(struct document *document, enum encoding encoding, const json_t *change)
{
    const json_t *text = json_object_get(change, "text");
    const json_t *range = json_object_get(change, "range");
    uint32_t start = 0, end = (uint32_t)document->size;
    if (!json_is_string(text))
        return FIRN_INVALID;
    if (range != NULL) {
        struct spot from, to;
        if (!session_spot(member_path(range, "start"), &from) ||
            !session_spot(member_path(range, "end"), &to))
            return FIRN_INVALID;
        start = spot_offset(&document->rows, document->text, document->size, encoding, from);
        end = spot_offset(&document->rows, document->text, document->size, encoding, to);
        if (start > end)
            return FIRN_INVALID;
    }
    return document_change(document, start, end, json_string_value(text), json_string_length(text));
}

static void change_document(struct server *server, const json_t *params)
{
    struct workspace *workspace = &server->session.workspace;
    const json_t *changes = member_path(params, "contentChanges");
    struct document *document = find_document(server, params);
    firn_status status = json_is_array(changes) ? FIRN_OK : FIRN_INVALID;
    if (document == NULL)
        return;
    for (size_t i = 0; i < json_array_size(changes) && status == FIRN_OK; i++)
        status = apply(document, workspace->encoding, json_array_get(changes, i));
    document->revision = ++workspace->documents.revisions;
    if (status == FIRN_OK)
        return;
    server_show(server, 1, "%.200s: a change could not be followed (%s); open the file again",
                document->uri, firn_status_text(status));
    forget(server, document);
}

static void close_document(struct server *server, const json_t *params)
{
    struct document *document = find_document(server, params);
    if (document == NULL)
        return;
    forget(server, document);
    touch(server, member_text(member_path(params, "textDocument"), "uri"));
}

static void change_files(struct server *server, const json_t *params)
{
    const json_t *changes = member_path(params, "changes");
    for (size_t i = 0; i < json_array_size(changes); i++)
        touch(server, member_text(json_array_get(changes, i), "uri"));
}

bool server_synchronize(struct server *server, const char *method, const json_t *params)
{
    if (strcmp(method, "textDocument/didOpen") == 0)
        open_document(server, params);
    else if (strcmp(method, "textDocument/didChange") == 0)
        change_document(server, params);
    else if (strcmp(method, "textDocument/didClose") == 0)
        close_document(server, params);
    else if (strcmp(method, "textDocument/didSave") == 0)
        touch(server, member_text(member_path(params, "textDocument"), "uri"));
    else if (strcmp(method, "workspace/didChangeWatchedFiles") == 0)
        change_files(server, params);
    else
        return false;
    return true;
}
