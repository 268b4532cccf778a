/* See stdio_pipe.h. Pieces of PIPE_BUF bytes are written after poll says that there is room, so
 * that a write never waits in the kernel, where nothing could end it. */
#include "code/lsp/stdio_pipe.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "code/lsp/json.h"
#include "code/lsp/server.h"

#define READ_BYTES 65536
#define POLL_MS 250
#define PATIENCE_MS 5000 /* with a client that has ended its side */

/* Looks at a message before it waits in the queue; false when it is the last. */
static bool take_message(struct stdio_pipe *pipe, json_t *message, size_t size)
{
    const char *method = member_text(message, "method");
    if (method != NULL && strcmp(method, "$/cancelRequest") == 0) {
        queue_cancel(&pipe->queue, json_object_get(json_object_get(message, "params"), "id"));
        json_decref(message);
        return true;
    }
    if (method != NULL && strcmp(method, "exit") == 0 && json_object_get(message, "id") == NULL) {
        json_decref(message);
        atomic_store(&pipe->end, PIPE_EXIT);
        queue_close(&pipe->queue, true);
        return false;
    }
    if (method != NULL && strcmp(method, "shutdown") == 0)
        pipe->saw_shutdown = true;
    return queue_put(&pipe->queue, message, 0, size);
}

static bool take_event(struct stdio_pipe *pipe, enum frame_event event)
{
    struct bytes *content = &pipe->frames.content;
    firn_status status = FIRN_OK;
    if (event == FRAME_MORE)
        return true;
    if (event == FRAME_LARGE)
        return queue_put(&pipe->queue, NULL, RPC_INVALID_REQUEST, 0);
    if (event == FRAME_BROKEN) {
        pipe->problem = pipe->frames.problem;
        atomic_store(&pipe->end, PIPE_BROKEN);
        queue_put(&pipe->queue, NULL, RPC_PARSE_ERROR, 0);
        queue_close(&pipe->queue, false);
        return false;
    }
    json_t *message = json_read((char *)content->data, content->size, &status);
    if (message != NULL)
        return take_message(pipe, message, content->size);
    int error = status == FIRN_NO_MEMORY ? RPC_INTERNAL_ERROR : RPC_PARSE_ERROR;
    return queue_put(&pipe->queue, NULL, error, 0);
}

static bool take_bytes(struct stdio_pipe *pipe, const char *data, size_t size)
{
    for (size_t taken; size > 0; data += taken, size -= taken)
        if (!take_event(pipe, frames_feed(&pipe->frames, data, size, &taken)))
            return false;
    return true;
}

static void *read_all(void *context)
{
    struct stdio_pipe *pipe = context;
    char buffer[READ_BYTES];
    bool goes_on = true;
    while (goes_on) {
        struct pollfd ends[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = pipe->wake[0]}};
        if (poll(ends, 2, -1) < 0 && errno == EINTR)
            continue;
        if (ends[1].revents != 0)
            break;
        ssize_t size = read(STDIN_FILENO, buffer, sizeof buffer);
        if (size < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        goes_on = size > 0 && take_bytes(pipe, buffer, (size_t)size);
        if (size <= 0) {
            atomic_store(&pipe->end, PIPE_CLOSED);
            queue_close(&pipe->queue, false);
        }
    }
    return NULL;
}

firn_status pipe_begin(struct stdio_pipe *stdio)
{
    *stdio = (struct stdio_pipe){.problem = NULL};
    queue_init(&stdio->queue);
    if (pipe(stdio->wake) != 0) {
        queue_fini(&stdio->queue);
        return FIRN_IO;
    }
    if (pthread_create(&stdio->thread, NULL, read_all, stdio) != 0) {
        close(stdio->wake[0]);
        close(stdio->wake[1]);
        queue_fini(&stdio->queue);
        return FIRN_NO_MEMORY;
    }
    return FIRN_OK;
}

void pipe_end(struct stdio_pipe *pipe)
{
    queue_abandon(&pipe->queue);
    close(pipe->wake[1]);
    pthread_join(pipe->thread, NULL);
    close(pipe->wake[0]);
    queue_fini(&pipe->queue);
    frames_fini(&pipe->frames);
}

bool pipe_write(void *context, const void *data, size_t size)
{
    struct stdio_pipe *pipe = context;
    const char *at = data;
    int waited_ms = 0;
    while (size > 0) {
        struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
        int ready = poll(&out, 1, POLL_MS);
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready <= 0) {
            waited_ms += atomic_load(&pipe->end) == PIPE_OPEN ? 0 : POLL_MS;
            if (waited_ms >= PATIENCE_MS)
                return false;
            continue;
        }
        ssize_t written = write(STDOUT_FILENO, at, size < PIPE_BUF ? size : PIPE_BUF);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        if (written > 0) {
            at += written;
            size -= (size_t)written;
            waited_ms = 0;
        }
    }
    return true;
}
