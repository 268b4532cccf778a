/* `firn code lsp`: a language server over stdin and stdout. One thread reads, this one works; the
 * index is built by others when the client asks for it. */
#include "code/commands.h"
#include "code/lsp/json.h"
#include "code/lsp/server.h"
#include "code/lsp/stdio_pipe.h"
#include "code/memory.h"

#define TICK_MS 200

static bool is_cancelled(void *context)
{
    return queue_is_cancelled(context);
}

static const char *refusal(int error)
{
    return error == RPC_INVALID_REQUEST
               ? "a message above 32 MiB, or above what memory there is, was passed over"
           : error == RPC_INTERNAL_ERROR ? "a message is too large to be read"
                                         : "no JSON";
}

static void serve(struct server *server, struct stdio_pipe *pipe)
{
    struct queue_item item;
    while (!server->is_broken) {
        enum queue_event event = queue_take(&pipe->queue, TICK_MS, &item);
        if (event == QUEUE_END)
            break;
        if (event == QUEUE_ITEM) {
            if (item.message == NULL)
                server_refuse(server, (enum rpc_error)item.error, refusal(item.error));
            else if (item.is_cancelled)
                server_cancelled(server, item.message);
            else
                server_handle(server, item.message);
            queue_done(&pipe->queue, &item);
        }
        if (event == QUEUE_TIME)
            server_idle(server);
        server_tick(server);
    }
}

enum exit_status command_lsp(const struct invocation *invocation)
{
    struct stdio_pipe pipe;
    struct server server;
    memory_return_large_blocks();
    json_begin();
    if (pipe_begin(&pipe) != FIRN_OK) {
        report("out of memory or of file descriptors");
        return EXIT_FAILED;
    }
    server_init(&server, &(struct server_options){.allocator = firn_allocator_system(),
                                                  .store = option_text(invocation, "store"),
                                                  .cache_bytes = option_number(invocation, "ram"),
                                                  .write = pipe_write,
                                                  .write_context = &pipe,
                                                  .stop = is_cancelled,
                                                  .stop_context = &pipe.queue});
    serve(&server, &pipe);
    const bool is_broken = server.is_broken;
    server_fini(&server);
    pipe_end(&pipe);
    if (atomic_load(&pipe.end) == PIPE_EXIT && pipe.saw_shutdown)
        return EXIT_DONE;
    if (pipe.problem != NULL)
        report("the client sent %s; the session ends here", pipe.problem);
    else if (is_broken && !invocation->quiet)
        report("the client does not read any more");
    else if (!invocation->quiet)
        report("the session ended without shutdown and exit");
    return EXIT_FAILED;
}
