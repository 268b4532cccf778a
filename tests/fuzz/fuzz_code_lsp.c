/* A stream from a hostile client, taken as `firn code lsp` takes it, on one thread: frames,
 * messages, what they ask for. Nothing may crash, and every answer must be JSON. Messages that
 * would index a folder of this machine are left out. */
#include <stdlib.h>
#include <string.h>

#include "code/lsp/frames.h"
#include "code/lsp/json.h"
#include "code/lsp/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes header and content in turn. */
static bool check_answer(void *context, const void *data, size_t size)
{
    bool *is_content = context;
    json_error_t error;
    if (*is_content) {
        json_t *answer = json_loadb(data, size, JSON_ALLOW_NUL, &error);
        if (answer == NULL || member_text(answer, "jsonrpc") == NULL)
            abort();
        json_decref(answer);
    }
    *is_content = !*is_content;
    return true;
}

static void handle(struct server *server, struct bytes *content)
{
    firn_status status;
    json_t *message = json_read((char *)content->data, content->size, &status);
    const char *method = member_text(message, "method");
    bool is_indexing = method != NULL && strcmp(method, "workspace/executeCommand") == 0;
    if (member_path(message, "params.initializationOptions.index") != NULL)
        is_indexing = true;
    if (message == NULL)
        server_refuse(server, RPC_PARSE_ERROR, "no JSON");
    else if (!is_indexing)
        server_handle(server, message);
    json_decref(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool has_begun;
    struct frames frames = {.line_size = 0};
    struct server server;
    bool is_content = false;
    if (!has_begun)
        json_begin();
    has_begun = true;
    server_init(&server,
                &(struct server_options){.write = check_answer, .write_context = &is_content});
    const char *at = (const char *)data;
    for (size_t taken; size > 0; at += taken, size -= taken) {
        enum frame_event event = frames_feed(&frames, at, size, &taken);
        if (event == FRAME_BROKEN)
            break;
        if (event == FRAME_MESSAGE)
            handle(&server, &frames.content);
    }
    server_fini(&server);
    frames_fini(&frames);
    return 0;
}
