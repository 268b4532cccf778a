/* `firn code serve`: opens the store, listens, says so, serves until a signal or a client ends it.
 */
#include "code/commands.h"
#include "code/memory.h"
#include "code/serve/server.h"
#include "code/serve/socket.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define RESIDENT_RAM_BYTES (1u << 20)

/* Makes SIGTERM and SIGINT readable in place of ending the process. */
static int catch_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static enum exit_status say_ready(const struct invocation *invocation, const char *store,
                                  const char *socket)
{
    struct emitter emitter;
    emitter_begin_line(&emitter, stdout, invocation->json);
    emitter_object_begin(&emitter, NULL);
    emitter_path(&emitter, "store", store);
    emitter_path(&emitter, "socket", socket);
    emitter_number(&emitter, "process", (uint64_t)getpid());
    emitter_object_end(&emitter);
    return emitter_end(&emitter, EXIT_DONE);
}

/* Serves what is open. *ret_is_over: nothing uses it any more. */
static enum exit_status serve(const struct invocation *invocation, const char *store,
                              struct served *served, const struct listening *listening,
                              bool *ret_is_over)
{
    firn_error error = {.status = FIRN_OK};
    struct server *server;
    const struct server_options options = {.served = served,
                                           .store = store,
                                           .is_resident = option_flag(invocation, "resident"),
                                           .listening = listening->descriptor,
                                           .stop = catch_signals()};
    *ret_is_over = true;
    if (server_create(&options, &server, &error) != FIRN_OK)
        return report_error(&error);
    if (socket_announce(store, listening->path, &error) != FIRN_OK && !invocation->quiet)
        report("%s; commands need FIRN_SOCKET=%s", error.text, listening->path);
    const enum exit_status status = say_ready(invocation, store, listening->path);
    if (status == EXIT_DONE)
        *ret_is_over = server_run(server);
    socket_withdraw(store, listening->path);
    if (*ret_is_over)
        server_destroy(server);
    close(options.stop);
    return status;
}

/* A resident store needs little more than its sources' segments one after the other. */
static size_t ram_bytes(const struct invocation *invocation)
{
    if (option_flag(invocation, "resident") && option_nth(invocation, "ram", 0) == NULL)
        return RESIDENT_RAM_BYTES;
    return option_number(invocation, "ram");
}

enum exit_status command_serve(const struct invocation *invocation)
{
    char store[PATH_MAX];
    const char *path = option_text(invocation, "store");
    struct served *served;
    struct listening listening;
    firn_error error = {.status = FIRN_OK};
    bool is_over = true;
    enum exit_status status;

    if (option_flag(invocation, "resident"))
        memory_share_little();
    else
        memory_share();
    const struct served_options options = {.path = realpath(path, store) != NULL ? store : path,
                                           .ram_bytes = ram_bytes(invocation),
                                           .is_resident = option_flag(invocation, "resident")};
    if (served_create(&options, &served, &error) != FIRN_OK)
        return report_error(&error);
    if (socket_listen(option_text(invocation, "socket"), &listening, &error) == FIRN_OK) {
        status = serve(invocation, store, served, &listening, &is_over);
        socket_close(&listening);
    } else {
        status = report_error(&error);
    }
    if (is_over)
        served_destroy(served);
    return status;
}
