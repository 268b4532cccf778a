/* See server.h. initialize.c begins a session, synchronize.c keeps documents as the client has
 * them, building.c makes the index; the requests' answers are in files of their own. */
#include "code/lsp/server.h"

#include <stdarg.h>
#include <stdio.h>

static void send_part(void *context, const json_t *token, const struct out *part);

void server_init(struct server *server, const struct server_options *options)
{
    *server = (struct server){.options = *options, .next_id = 1};
    workspace_init(&server->session.workspace, options->allocator);
    server->session.workspace.cache_bytes = options->cache_bytes;
    server->session.workspace.stop = options->stop;
    server->session.workspace.stop_context = options->stop_context;
    server->session.send_part = send_part;
    server->session.send_context = server;
    server->result.bytes.allocator = server->message.bytes.allocator = options->allocator;
}

void server_fini(struct server *server)
{
    indexer_fini(&server->indexer);
    sources_clear(&server->session.sources);
    rosters_clear(&server->session.rosters, server->session.workspace.allocator);
    workspace_fini(&server->session.workspace);
    out_fini(&server->result);
    out_fini(&server->message);
}

/* --- writing --- */

static void begin_message(struct server *server)
{
    out_reset(&server->message);
    out_open(&server->message, '{');
    out_key(&server->message, "jsonrpc");
    out_text(&server->message, "2.0");
}

struct out *server_begin(struct server *server, const char *method, int64_t id)
{
    struct out *out = &server->message;
    begin_message(server);
    if (id != 0) {
        out_key(out, "id");
        out_number(out, id);
    }
    out_key(out, "method");
    out_text(out, method);
    out_key(out, "params");
    out_open(out, '{');
    return out;
}

static void write_message(struct server *server)
{
    char header[64];
    const struct bytes *bytes = &server->message.bytes;
    if (server->is_broken || server->message.status != FIRN_OK)
        return;
    int size = snprintf(header, sizeof header, "Content-Length: %zu\r\n\r\n", bytes->size);
    void *context = server->options.write_context;
    server->is_broken = !server->options.write(context, header, (size_t)size) ||
                        !server->options.write(context, bytes->data, bytes->size);
}

void server_send(struct server *server)
{
    out_close(&server->message, '{');
    out_close(&server->message, '{');
    write_message(server);
}

void server_show(struct server *server, int type, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct out *out = server_begin(server, "window/showMessage", 0);
    out_key(out, "type");
    out_number(out, type);
    out_key(out, "message");
    out_text(out, text);
    server_send(server);
}

static void out_id(struct out *out, const char *key, const json_t *id)
{
    out_key(out, key);
    if (json_is_integer(id))
        out_number(out, json_integer_value(id));
    else if (json_is_string(id))
        out_text_sized(out, json_string_value(id), json_string_length(id));
    else
        out_null(out);
}

static void send_part(void *context, const json_t *token, const struct out *part)
{
    struct server *server = context;
    struct out *out = server_begin(server, "$/progress", 0);
    out_id(out, "token", token);
    out_key(out, "value");
    out_json(out, part->bytes.data, part->bytes.size);
    server_send(server);
}

static void send_error(struct server *server, const json_t *id, enum rpc_error error,
                       const char *text)
{
    struct out *out = &server->message;
    begin_message(server);
    out_id(out, "id", id);
    out_key(out, "error");
    out_open(out, '{');
    out_key(out, "code");
    out_number(out, error);
    out_key(out, "message");
    out_text(out, text);
    server_send(server);
}

static void send_result(struct server *server, const json_t *id)
{
    struct out *out = &server->message;
    begin_message(server);
    out_id(out, "id", id);
    out_key(out, "result");
    if (server->result.bytes.size > 0)
        out_json(out, server->result.bytes.data, server->result.bytes.size);
    else
        out_null(out);
    out_close(out, '{');
    if (out->status == FIRN_OK)
        write_message(server);
    else
        send_error(server, id, RPC_INTERNAL_ERROR, firn_status_text(out->status));
}

void server_refuse(struct server *server, enum rpc_error error, const char *text)
{
    send_error(server, NULL, error, text);
}

void server_cancelled(struct server *server, const json_t *message)
{
    const json_t *id = json_object_get(message, "id");
    if (id != NULL && member_text(message, "method") != NULL)
        send_error(server, id, RPC_CANCELLED, "cancelled");
}

/* --- requests --- */

static const struct {
    const char *method;
    answer_fn answer;
} answers[] = {
    {"textDocument/documentSymbol", answer_document_symbol},
    {"workspace/symbol", answer_workspace_symbol},
    {"textDocument/definition", answer_definition},
    {"textDocument/declaration", answer_declaration},
    {"textDocument/references", answer_references},
    {"textDocument/documentHighlight", answer_highlight},
    {"textDocument/hover", answer_hover},
    {"textDocument/foldingRange", answer_folding},
    {"textDocument/selectionRange", answer_selection},
};

static enum rpc_error error_of(firn_status status)
{
    switch (status) {
    case FIRN_INVALID:
    case FIRN_NOT_FOUND:
        return RPC_INVALID_PARAMS;
    case FIRN_CHANGED:
        return RPC_CANCELLED;
    case FIRN_NO_MEMORY:
        return RPC_INTERNAL_ERROR;
    default:
        return RPC_FAILED;
    }
}

static void answer_request(struct server *server, const json_t *id, const json_t *params,
                           answer_fn answer)
{
    struct session *session = &server->session;
    firn_error error = {.status = FIRN_OK};
    out_reset(&server->result);
    session->notice[0] = '\0';
    session->workspace.has_damage = false;
    firn_status status = answer(session, params, &server->result, &error);
    if (status == FIRN_OK)
        status = server->result.status;
    if (status == FIRN_UNSUPPORTED) {
        out_reset(&server->result);
        status = FIRN_OK;
    }
    if (status == FIRN_OK)
        send_result(server, id);
    else if (status == FIRN_CHANGED)
        send_error(server, id, RPC_CANCELLED, "cancelled");
    else
        send_error(server, id, error_of(status),
                   error.status == status ? error.text : firn_status_text(status));
    if (status == FIRN_CORRUPT || session->workspace.has_damage)
        server_repair(server, &error);
    sources_trim(&session->sources);
    out_reset(&server->result);
    if (session->notice[0] != '\0')
        server_show(server, 3, "%s", session->notice);
}

static void execute_command(struct server *server, const json_t *id, const json_t *params)
{
    firn_error error = {.status = FIRN_OK};
    const char *command = member_text(params, "command");
    if (command == NULL || strcmp(command, "firn.index") != 0) {
        send_error(server, id, RPC_INVALID_PARAMS, "no such command");
        return;
    }
    firn_status status = server_index(server, &error);
    out_reset(&server->result);
    if (status == FIRN_OK)
        send_result(server, id);
    else
        send_error(server, id, RPC_FAILED,
                   error.status == status ? error.text : firn_status_text(status));
}

static void initialize(struct server *server, const json_t *id, const json_t *params)
{
    firn_error error = {.status = FIRN_OK};
    out_reset(&server->result);
    firn_status status = server_initialize(server, params, &error);
    if (status == FIRN_OK)
        status = server->result.status;
    if (status == FIRN_OK) {
        server->state = SERVER_RUNNING;
        send_result(server, id);
    } else {
        send_error(server, id, error_of(status),
                   error.status == status ? error.text : firn_status_text(status));
    }
}

static void take_request(struct server *server, const char *method, const json_t *id,
                         const json_t *params)
{
    if (strcmp(method, "initialize") == 0 && server->state == SERVER_NEW) {
        initialize(server, id, params);
        return;
    }
    if (server->state != SERVER_RUNNING || strcmp(method, "initialize") == 0) {
        bool is_new = server->state == SERVER_NEW;
        send_error(server, id, is_new ? RPC_NOT_INITIALIZED : RPC_INVALID_REQUEST,
                   is_new                              ? "initialize comes first"
                   : server->state == SERVER_SHUT_DOWN ? "the server was shut down"
                                                       : "initialize comes once");
        return;
    }
    if (strcmp(method, "shutdown") == 0) {
        server->state = SERVER_SHUT_DOWN;
        out_reset(&server->result);
        send_result(server, id);
        return;
    }
    if (strcmp(method, "workspace/executeCommand") == 0) {
        execute_command(server, id, params);
        return;
    }
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (strcmp(answers[i].method, method) == 0) {
            answer_request(server, id, params, answers[i].answer);
            return;
        }
    }
    send_error(server, id, RPC_METHOD_NOT_FOUND, "no such method");
}

static void take_notification(struct server *server, const char *method, const json_t *params)
{
    if (strcmp(method, "exit") == 0)
        server->state = SERVER_ENDED;
    else if (server->state != SERVER_RUNNING)
        return;
    else if (strcmp(method, "initialized") == 0)
        server_initialized(server);
    else
        (void)server_synchronize(server, method, params);
}

/* The client's answer to a request of the server's: only that for a token matters. */
static void take_response(struct server *server, const json_t *message, const json_t *id)
{
    if (server->progress_id == 0 || !json_is_integer(id) ||
        json_integer_value(id) != server->progress_id)
        return;
    server->has_token = json_object_get(message, "error") == NULL;
}

void server_handle(struct server *server, const json_t *message)
{
    const json_t *id = json_object_get(message, "id");
    const json_t *params = json_object_get(message, "params");
    const char *method = member_text(message, "method");
    const char *version = member_text(message, "jsonrpc");
    bool is_id = json_is_integer(id) || json_is_string(id);
    if (!json_is_object(message) || version == NULL || strcmp(version, "2.0") != 0 ||
        (id != NULL && !is_id && !json_is_null(id)) ||
        (method == NULL && json_object_get(message, "method") != NULL))
        send_error(server, is_id ? id : NULL, RPC_INVALID_REQUEST, "no message of JSON-RPC 2.0");
    else if (method == NULL && is_id)
        take_response(server, message, id);
    else if (method == NULL)
        return; /* the answer to what could not be read: nothing to do */
    else if (is_id)
        take_request(server, method, id, params);
    else if (id != NULL)
        send_error(server, NULL, RPC_INVALID_REQUEST, "a request's id is a number or a text");
    else
        take_notification(server, method, params);
}
