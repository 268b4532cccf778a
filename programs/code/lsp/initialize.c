/* initialize: what the client says of itself, where the index is, what the server can do. */
#include "code/lsp/server.h"
#include "code/lsp/uri.h"

/* Where an index is, below the folder that it is of, when nobody says. */
#define DEFAULT_STORE ".cache/firn"

static bool offers(const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));
        if (item != NULL && strcmp(item, word) == 0)
            return true;
    }
    return false;
}

static void read_capabilities(struct session *session, const json_t *params)
{
    const json_t *client = member_path(params, "capabilities");
    const json_t *encodings = member_path(client, "general.positionEncodings");
    session->workspace.encoding = offers(encodings, "utf-8") ? ENCODING_UTF8 : ENCODING_UTF16;
    session->has_hierarchy = member_true(member_path(client, "textDocument.documentSymbol"),
                                         "hierarchicalDocumentSymbolSupport");
    session->has_progress = member_true(member_path(client, "window"), "workDoneProgress");
    session->has_watching =
        member_true(member_path(client, "workspace.didChangeWatchedFiles"), "dynamicRegistration");
}

/* The client's folder: the first of its folders, its root's address, its root's path. */
static firn_status read_root(struct workspace *workspace, const json_t *params)
{
    const json_t *folders = member_path(params, "workspaceFolders");
    const char *uri = member_text(json_array_get(folders, 0), "uri");
    char *path;
    size_t path_size;
    if (uri == NULL)
        uri = member_text(params, "rootUri");
    firn_status status =
        uri == NULL ? FIRN_UNSUPPORTED : uri_path(uri, workspace->allocator, &path, &path_size);
    if (status == FIRN_OK) {
        status = workspace_set(workspace, &workspace->root, path);
        firn_release(workspace->allocator, path, path_size);
    } else if (status != FIRN_NO_MEMORY) {
        const char *root = member_text(params, "rootPath");
        bool is_absolute = root != NULL && root[0] == '/';
        status = is_absolute ? workspace_set(workspace, &workspace->root, root) : FIRN_OK;
    }
    return status;
}

/* The store: the client's word, the command line's, or a folder below the root. A path that is not
 * absolute is one from the root. */
static firn_status choose_store(struct server *server, const json_t *params)
{
    struct workspace *workspace = &server->session.workspace;
    const char *store = member_text(member_path(params, "initializationOptions"), "store");
    char *path;
    size_t path_size;
    if (store == NULL && server->options.store != NULL)
        return workspace_set(workspace, &workspace->store, server->options.store);
    if (store == NULL && workspace->root == NULL)
        return FIRN_OK;
    if (store == NULL)
        store = DEFAULT_STORE;
    if (store[0] == '/' || workspace->root == NULL)
        return workspace_set(workspace, &workspace->store, store);
    firn_status status = path_join(workspace->allocator, workspace->root, store, &path, &path_size);
    if (status == FIRN_OK) {
        status = workspace_set(workspace, &workspace->store, path);
        firn_release(workspace->allocator, path, path_size);
    }
    return status;
}

static void put_flag(struct out *out, const char *key)
{
    out_key(out, key);
    out_flag(out, true);
}

static void put_capabilities(struct out *out, enum encoding encoding)
{
    out_key(out, "positionEncoding");
    out_text(out, encoding == ENCODING_UTF8 ? "utf-8" : "utf-16");
    out_key(out, "textDocumentSync");
    out_open(out, '{');
    put_flag(out, "openClose");
    out_key(out, "change");
    out_number(out, 2);
    put_flag(out, "save");
    out_close(out, '{');
    static const char *const providers[] = {
        "documentSymbolProvider", "workspaceSymbolProvider",   "definitionProvider",
        "declarationProvider",    "referencesProvider",        "hoverProvider",
        "foldingRangeProvider",   "documentHighlightProvider", "selectionRangeProvider"};
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++)
        put_flag(out, providers[i]);
    out_key(out, "executeCommandProvider");
    out_open(out, '{');
    out_key(out, "commands");
    out_open(out, '[');
    out_text(out, "firn.index");
    out_close(out, '[');
    out_close(out, '{');
}

firn_status server_initialize(struct server *server, const json_t *params, firn_error *ret_error)
{
    struct session *session = &server->session;
    struct out *out = &server->result;
    if (!json_is_object(params))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "initialize without parameters");
    read_capabilities(session, params);
    firn_status status = read_root(&session->workspace, params);
    if (status == FIRN_OK)
        status = choose_store(server, params);
    if (status != FIRN_OK)
        return status;
    server->wants_index = member_true(member_path(params, "initializationOptions"), "index");
    server->opening.status = FIRN_OK;
    if (workspace_open(&session->workspace, &server->opening) == FIRN_NO_MEMORY)
        return FIRN_NO_MEMORY;
    out_open(out, '{');
    out_key(out, "capabilities");
    out_open(out, '{');
    put_capabilities(out, session->workspace.encoding);
    out_close(out, '{');
    out_key(out, "serverInfo");
    out_open(out, '{');
    out_key(out, "name");
    out_text(out, "firn");
    out_key(out, "version");
    out_text(out, FIRN_VERSION_STRING);
    out_close(out, '{');
    out_close(out, '{');
    return FIRN_OK;
}

static void watch_files(struct server *server)
{
    struct out *out = server_begin(server, "client/registerCapability", server->next_id++);
    out_key(out, "registrations");
    out_open(out, '[');
    out_open(out, '{');
    out_key(out, "id");
    out_text(out, "files");
    out_key(out, "method");
    out_text(out, "workspace/didChangeWatchedFiles");
    out_key(out, "registerOptions");
    out_open(out, '{');
    out_key(out, "watchers");
    out_open(out, '[');
    out_open(out, '{');
    out_key(out, "globPattern");
    out_text(out, "**/*");
    out_close(out, '{');
    out_close(out, '[');
    out_close(out, '{');
    out_close(out, '{');
    out_close(out, '[');
    server_send(server);
}

void server_initialized(struct server *server)
{
    const struct workspace *workspace = &server->session.workspace;
    firn_error error = {.status = FIRN_OK};
    if (server->session.has_watching)
        watch_files(server);
    if (workspace->is_open)
        return;
    if (server->wants_index && server->opening.status == FIRN_NOT_FOUND &&
        server_index(server, &error) == FIRN_OK)
        return;
    if (server->opening.status != FIRN_NOT_FOUND)
        server_show(server, 1, "%s", server->opening.text);
    else if (workspace->store == NULL)
        server_show(server, 2, "firn has no folder to look into: only open files are known.");
    else
        server_show(server, 2,
                    "No index at %s: only open files are known. The command firn.index builds it, "
                    "as does the option \"index\": true at every start without one.",
                    workspace->store);
}
