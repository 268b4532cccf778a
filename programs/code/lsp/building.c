/* Building the index within a session: its beginning, its progress, its end. */
#include "code/lsp/server.h"

#include <firn/system.h>

#define TOKEN "firn.index"
#define LOOK_NS UINT64_C(1000000000) /* between two looks at the store */

firn_status server_index(struct server *server, firn_error *ret_error)
{
    struct workspace *workspace = &server->session.workspace;
    /* An index that is there says which folder it is of. */
    const char *root = workspace->is_open ? workspace->opened.meta.root : workspace->root;
    if (root == NULL || workspace->store == NULL)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "no folder was named to index");
    firn_status status =
        indexer_begin(&server->indexer, workspace->is_open ? INDEXER_UPDATE : INDEXER_BUILD, root,
                      workspace->store, workspace->allocator, ret_error);
    if (status != FIRN_OK || !server->session.has_progress)
        return status;
    server->has_token = server->has_begun = false;
    server->progress_id = server->next_id++;
    struct out *out = server_begin(server, "window/workDoneProgress/create", server->progress_id);
    out_key(out, "token");
    out_text(out, TOKEN);
    server_send(server);
    return FIRN_OK;
}

static void send_progress(struct server *server, const char *kind, int percent, const char *text)
{
    struct out *out = server_begin(server, "$/progress", 0);
    out_key(out, "token");
    out_text(out, TOKEN);
    out_key(out, "value");
    out_open(out, '{');
    out_key(out, "kind");
    out_text(out, kind);
    if (strcmp(kind, "begin") == 0) {
        out_key(out, "title");
        out_text(out, "Indexing");
    }
    if (text != NULL) {
        out_key(out, "message");
        out_text(out, text);
    }
    if (percent >= 0) {
        out_key(out, "percentage");
        out_number(out, percent);
    }
    out_close(out, '{');
    server_send(server);
}

/* Looks at the files that were noted as changed: the index may have them now. */
static firn_status touch_again(struct workspace *workspace)
{
    firn_status status = FIRN_OK;
    for (size_t i = workspace->touched_count; status == FIRN_OK && i-- > 0;) {
        char *path = NULL;
        status = workspace_set(workspace, &path, workspace->touched[i].path);
        if (status == FIRN_OK) {
            status = workspace_touch(workspace, path);
            (void)!workspace_set(workspace, &path, NULL);
        }
    }
    return status;
}

/* Nothing of the store may be held while it is opened anew or goes on. */
static void let_go(struct server *server)
{
    sources_clear(&server->session.sources);
}

static firn_status open_again(struct server *server, firn_error *ret_error)
{
    let_go(server);
    rosters_clear(&server->session.rosters, server->session.workspace.allocator);
    server->is_damaged = false;
    firn_status status = workspace_open(&server->session.workspace, ret_error);
    return status == FIRN_OK ? touch_again(&server->session.workspace) : status;
}

/* Goes on to what was committed to the store. */
static void refresh(struct server *server)
{
    struct workspace *workspace = &server->session.workspace;
    bool has_changed = false;
    firn_status status = FIRN_CHANGED;
    if (workspace->is_open) {
        let_go(server);
        status = opened_refresh(&workspace->opened, &has_changed, NULL);
    }
    /* What cannot go on is opened anew; why there is no index was told when it began. */
    if (status != FIRN_OK)
        (void)!open_again(server, NULL);
    else if (has_changed && touch_again(workspace) == FIRN_OK && workspace->touched_count > 0)
        workspace->touches++; /* what changed meanwhile is followed next */
}

/* Brings the index up to files that changed, once none has for a while. What cannot be brought in,
 * for whatever reason, is looked into as before. */
static void follow(struct server *server)
{
    struct workspace *workspace = &server->session.workspace;
    const bool is_quiet = server->touches == workspace->touches;
    server->touches = workspace->touches;
    if (!workspace->is_open || !is_quiet || server->followed == workspace->touches)
        return;
    server->followed = workspace->touches;
    (void)!indexer_begin(&server->indexer, INDEXER_FOLLOW, workspace->opened.meta.root,
                         workspace->store, workspace->allocator, NULL);
}

void server_idle(struct server *server)
{
    const uint64_t now_ns = firn_clock_ns();
    if (server->state != SERVER_RUNNING || server->indexer.is_running ||
        now_ns - server->looked_ns < LOOK_NS)
        return;
    server->looked_ns = now_ns;
    refresh(server);
    follow(server);
}

/* What cannot be repaired is told of once; the answers' errors say so each time. */
static void end_repair(struct server *server, firn_status status, uint64_t files,
                       const firn_error *error)
{
    const char *store = server->session.workspace.store;
    firn_error opening = *error;
    if (status == FIRN_OK)
        status = open_again(server, &opening);
    if (status == FIRN_OK)
        server_show(server, 2, "%s: was damaged; %llu files were indexed again", store,
                    (unsigned long long)files);
    else
        server_show(server, 1,
                    "%s: damaged, and cannot be repaired: %s. The command firn.index builds the "
                    "index anew.",
                    store, opening.text[0] != '\0' ? opening.text : firn_status_text(status));
    server->is_damaged = status != FIRN_OK;
}

void server_repair(struct server *server, const firn_error *error)
{
    struct workspace *workspace = &server->session.workspace;
    firn_error failure = *error;
    const char *root = workspace->is_open ? workspace->opened.meta.root : workspace->root;
    if (server->is_damaged || server->indexer.is_running || workspace->store == NULL)
        return;
    firn_status status = root == NULL
                             ? FIRN_CORRUPT
                             : indexer_begin(&server->indexer, INDEXER_REPAIR, root,
                                             workspace->store, workspace->allocator, &failure);
    if (status != FIRN_OK)
        end_repair(server, status, 0, &failure);
}

static void take_over(struct server *server)
{
    firn_error error = {.status = FIRN_OK};
    uint64_t files = 0;
    const enum indexer_work work = server->indexer.work;
    firn_status status = indexer_end(&server->indexer, &files, &error);
    if (work == INDEXER_FOLLOW) {
        if (status == FIRN_OK)
            refresh(server);
        return;
    }
    if (work == INDEXER_REPAIR) {
        end_repair(server, status, files, &error);
        return;
    }
    if (status == FIRN_OK)
        status = open_again(server, &error);
    if (server->has_begun)
        send_progress(server, "end", -1, status == FIRN_OK ? "done" : "failed");
    server->progress_id = 0;
    if (status == FIRN_OK)
        server_show(server, 3, "Indexed %llu files into %s", (unsigned long long)files,
                    server->session.workspace.store);
    else
        server_show(server, 1, "Indexing failed: %s",
                    error.status == status ? error.text : firn_status_text(status));
}

void server_tick(struct server *server)
{
    if (!server->indexer.is_running)
        return;
    if (server->has_token && !server->has_begun) {
        send_progress(server, "begin", 0, NULL);
        server->has_begun = true;
    }
    if (atomic_load(&server->indexer.is_done))
        take_over(server);
    else if (server->has_begun)
        send_progress(server, "report", (int)indexer_percent(&server->indexer), NULL);
}
