/* The two ends of a session over stdin and stdout: a thread that reads messages into a queue, and a
 * write that waits for the client, but not for one that is gone. */
#ifndef CODE_LSP_STDIO_PIPE_H
#define CODE_LSP_STDIO_PIPE_H

#include "code/lsp/frames.h"
#include "code/lsp/queue.h"

/* What ended the reading. */
enum pipe_end { PIPE_OPEN, PIPE_EXIT, PIPE_CLOSED, PIPE_BROKEN };

struct stdio_pipe {
    struct queue queue;
    atomic_int end;      /* enum pipe_end; may be read */
    const char *problem; /* after PIPE_BROKEN, once the thread was joined */
    bool saw_shutdown;   /* likewise, after any end */
    pthread_t thread;    /* private from here */
    int wake[2];         /* a pipe: closing its writing end ends the reading */
    struct frames frames;
};

/* Starts to read. FIRN_IO. */
FIRN_NODISCARD firn_status pipe_begin(struct stdio_pipe *pipe);
/* Ends the reading and waits for its thread. */
void pipe_end(struct stdio_pipe *pipe);

/* Writes all to stdout, as a server's write: false when the client is gone, or has read nothing for
 * some seconds after it stopped to send. */
bool pipe_write(void *context, const void *data, size_t size);

#endif
