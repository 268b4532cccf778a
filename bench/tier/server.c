/* One connection; both buffers are of a fixed size, of which a batch of puts takes a part. */
#include "tier/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/measure.h"
#include "tier/store.h"

enum { BUFFER = 1 << 20, BATCH = 64 };

static void fail(const char *what)
{
    fprintf(stderr, "server: %s\n", what);
    exit(1);
}

static void run(const char *const *command)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
        _exit(1);
    execvp(command[0], (char **)(uintptr_t)command);
    _exit(STORE_ABSENT);
}

/* Waits up to five seconds for the server to listen. */
static int connect_to(pid_t process, const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timespec pause = {.tv_nsec = 10000000};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    for (int i = 0; i < 500; i++) {
        int status, connection = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0)
            return connection;
        close(connection);
        if (waitpid(process, &status, WNOHANG) == process)
            exit(WIFEXITED(status) && WEXITSTATUS(status) == STORE_ABSENT ? STORE_ABSENT : 1);
        nanosleep(&pause, NULL);
    }
    fail("does not listen");
    return -1;
}

void server_start(struct server *server, const char *const *command, const char *socket_path)
{
    *server = (struct server){.input = need(malloc(BUFFER)), .output = need(malloc(BUFFER))};
    server->process = fork();
    if (server->process < 0)
        fail("cannot be started");
    if (server->process == 0)
        run(command);
    server->connection = connect_to(server->process, socket_path);
}

void server_stop(struct server *server)
{
    close(server->connection);
    kill(server->process, SIGKILL);
    waitpid(server->process, NULL, 0);
    free(server->input);
    free(server->output);
}

void server_send(struct server *server)
{
    for (size_t sent = 0; sent < server->output_size;) {
        ssize_t more = write(server->connection, server->output + sent, server->output_size - sent);
        if (more <= 0)
            fail("was lost");
        sent += (size_t)more;
    }
    server->output_size = 0;
}

void server_add(struct server *server, const char *data, size_t size)
{
    if (server->output_size + size > BUFFER)
        fail("too much in one piece");
    memcpy(server->output + server->output_size, data, size);
    server->output_size += size;
}

static void read_more(struct server *server)
{
    if (server->begin > 0) {
        memmove(server->input, server->input + server->begin, server->end - server->begin);
        server->end -= server->begin;
        server->begin = 0;
    }
    ssize_t more = read(server->connection, server->input + server->end, BUFFER - server->end);
    if (more <= 0)
        fail("was lost");
    server->end += (size_t)more;
}

const char *server_line(struct server *server)
{
    size_t seen = 0;
    for (;;) {
        const char *begin = server->input + server->begin;
        char *end = memchr(begin + seen, '\n', server->end - server->begin - seen);
        if (end != NULL) {
            end[end > begin && end[-1] == '\r' ? -1 : 0] = '\0';
            server->begin = (size_t)(end + 1 - server->input);
            return begin;
        }
        seen = server->end - server->begin;
        read_more(server);
    }
}

ptrdiff_t server_copy(struct server *server, size_t size, char *out, size_t capacity)
{
    while (server->end - server->begin < size + 2)
        read_more(server);
    memcpy(out, server->input + server->begin, size < capacity ? size : capacity);
    server->begin += size + 2;
    return (ptrdiff_t)size;
}

bool server_add_put(struct server *server, const char *head, int head_size, const char *value,
                    size_t size)
{
    server_add(server, head, (size_t)head_size);
    server_add(server, value, size);
    server_add(server, "\r\n", 2);
    return ++server->gathered == BATCH;
}

void server_take_answers(struct server *server, const char *wanted)
{
    server_send(server);
    for (; server->gathered > 0; server->gathered--) {
        const char *line = server_line(server);
        if (wanted != NULL && strcmp(line, wanted) != 0)
            fail("refused a put");
    }
}
