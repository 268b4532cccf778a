/* The zygote and the processes of pages: started, ended, and told of by the zygote.
 *
 * I1  a process is ended by its number only while the zygote has not told of its end: until then
 *     the number is nobody else's
 * I2  a tab with a socket has a process, or one that is about to start */
#include "tabs/host/host.h"

#include "common/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_PROGRAM "firn-page"

enum { START_MS = 30000, LOST_WHILE_WAKING = FIRN_PROCESS_LOST };

extern char **environ;

/* --- the zygote --- */

/* The engine without its threads and its own allocator, so that its process may fork. Its heap may
 * grow by more than a fifth between collections: the first one marks all objects of the zygote,
 * which costs a page a MB, and a small page has none so. */
static const char *const engine_settings[] = {"JSC_useJIT=0",
                                              "JSC_useConcurrentGC=0",
                                              "JSC_numberOfGCMarkers=1",
                                              "JSC_miniVMHeapGrowthFactor=1.6",
                                              "Malloc=1",
                                              NULL};

/* The environment with the engine's settings before it; *ret_count: of its elements. */
static char **make_environment(size_t *ret_count)
{
    size_t count = 0, settings = 0;
    while (environ[count] != NULL)
        count++;
    while (engine_settings[settings] != NULL)
        settings++;
    *ret_count = count + settings + 1;
    char **made = firn_allocate_zeroed(NULL, *ret_count, sizeof *made);
    if (made == NULL)
        return NULL;
    memcpy(made, engine_settings, settings * sizeof *made);
    memcpy(made + settings, environ, count * sizeof *made);
    return made;
}

static int spawn(const char *program, int socket, uint64_t tab_bytes, pid_t *ret_process)
{
    posix_spawn_file_actions_t actions;
    size_t count;
    char bytes[24];
    char *words[] = {(char *)PAGE_PROGRAM, bytes, NULL};
    snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)tab_bytes);
    char **environment = make_environment(&count);
    int error = environment == NULL ? ENOMEM : posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_adddup2(&actions, socket, ZYGOTE_SOCKET);
    for (int fd = 0; fd < ZYGOTE_SOCKET && error == 0; fd++)
        error = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    if (error == 0)
        error = posix_spawn(ret_process, program, &actions, NULL, words, environment);
    posix_spawn_file_actions_destroy(&actions);
    firn_release(NULL, environment, count * sizeof *environment);
    return error;
}

/* A pair of sockets, of which neither is a standard stream's number. */
static bool make_sockets(int type, int sockets[2])
{
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sockets) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        while (sockets[i] >= 0 && sockets[i] <= ZYGOTE_SOCKET) {
            int moved = fcntl(sockets[i], F_DUPFD_CLOEXEC, ZYGOTE_SOCKET + 1);
            (void)close(sockets[i]);
            sockets[i] = moved;
        }
    }
    return sockets[0] >= 0 && sockets[1] >= 0;
}

bool pages_wait(struct host *host)
{
    const uint64_t end_ns = firn_clock_ns() + START_MS * UINT64_C(1000000);
    while (!host->zygote_ready && host->zygote >= 0 && host->zygote_failed[0] == '\0') {
        if (firn_clock_ns() > end_ns)
            snprintf(host->zygote_failed, sizeof host->zygote_failed,
                     "the script engine does not start");
        else
            (void)loop_turn(host, 500, -1);
    }
    return host->zygote_ready;
}

bool pages_begin(struct host *host)
{
    char program[PATH_MAX];
    int sockets[2];
    if (host->zygote >= 0)
        return true;
    if (host->zygote_failed[0] != '\0')
        return false;
    if (!preload_place(PAGE_PROGRAM, program)) {
        snprintf(host->zygote_failed, sizeof host->zygote_failed,
                 "%s is neither beside firn nor installed: Firn was built without "
                 "JavaScriptCore (libjavascriptcoregtk-4.1-dev)",
                 PAGE_PROGRAM);
        return false;
    }
    if (!make_sockets(SOCK_SEQPACKET, sockets)) {
        snprintf(host->zygote_failed, sizeof host->zygote_failed, "a socket: %s", strerror(errno));
        return false;
    }
    int error = spawn(program, sockets[1], host->tab_memory_bytes, &host->zygote_process);
    (void)close(sockets[1]);
    if (error != 0) {
        (void)close(sockets[0]);
        snprintf(host->zygote_failed, sizeof host->zygote_failed, "%.180s: %s", program,
                 strerror(error));
        return false;
    }
    host->zygote = sockets[0];
    return true;
}

void pages_end(struct host *host)
{
    pages_spare_end(host);
    if (host->zygote >= 0)
        (void)close(host->zygote);
    if (host->zygote_process > 0) {
        (void)kill(host->zygote_process, SIGKILL);
        (void)waitpid(host->zygote_process, NULL, 0);
    }
    host->zygote = -1;
    host->zygote_process = 0;
    host->zygote_ready = false;
}

/* --- pages --- */

/* Has the zygote fork a process, which begins as soon as the zygote is ready. NULL, or why it does
 * not. */
static const char *start(struct host *host, uint32_t tab, int *ret_socket, uint32_t *ret_instance)
{
    int sockets[2];
    if (!pages_begin(host))
        return host->zygote_failed;
    if (!make_sockets(SOCK_STREAM, sockets))
        return strerror(errno);
    const zygote_request request = {.tab = tab,
                                    .instance = ++host->next_instance,
                                    .memory_bytes = host->tab_memory_bytes,
                                    .seconds = host->tab_seconds};
    const bool is_sent = message_pass(host->zygote, &request, sizeof request, sockets[1], 0);
    (void)close(sockets[1]);
    if (!is_sent) {
        (void)close(sockets[0]);
        return "the zygote is gone";
    }
    *ret_socket = sockets[0];
    *ret_instance = request.instance;
    return NULL;
}

void pages_spare(struct host *host)
{
    struct spare *spare = &host->spare;
    if (spare->instance != 0 || start(host, 0, &spare->socket, &spare->instance) != NULL)
        return;
    spare->process = 0;
}

void pages_spare_end(struct host *host)
{
    if (host->spare.instance == 0)
        return;
    (void)close(host->spare.socket);
    if (host->spare.process > 0)
        (void)kill(host->spare.process, SIGKILL); /* I1 */
    host->spare = (struct spare){0};
}

/* Makes the spare the tab's process, and starts another. False: there is none that lives. */
static bool take_spare(struct host *host, struct tab *tab)
{
    char byte;
    const struct spare spare = host->spare;
    if (spare.instance == 0)
        return false;
    ssize_t got = recv(spare.socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
        pages_spare_end(host);
        return false;
    }
    tab->socket = spare.socket;
    tab->instance = spare.instance;
    tab->process = spare.process;
    host->spare = (struct spare){0};
    pages_spare(host);
    return true;
}

bool pages_start(struct host *host, struct tab *tab, bool rebuilds)
{
    pages_stop(host, tab);
    host->wants_spare |= !rebuilds;
    if (!take_spare(host, tab)) {
        const char *why = start(host, tab->number, &tab->socket, &tab->instance);
        if (why != NULL) {
            tab_lose(host, tab, why);
            return false;
        }
    }
    if (!rebuilds)
        tab->state = TAB_ACTIVE;
    return true;
}

void pages_stop(struct host *host, struct tab *tab)
{
    alike_leave(host, tab);
    if (tab->socket >= 0)
        (void)close(tab->socket);
    if (tab->process > 0)
        (void)kill(tab->process, SIGKILL); /* I1 */
    if (tab->fetching > 0)
        fetch_abort_all(tab->number, tab->instance);
    tab->socket = -1;
    tab->process = 0;
    tab->instance = 0;
    tab->fetching = 0;
    tab->fetching_bytes = 0;
    tab->is_gone = false;
    tab->has_reply = false;
    message_fini(&tab->in);
    message_fini(&tab->out);
    tab->taken = tab->sent = 0;
}

message_buffer *pages_out(struct tab *tab)
{
    return tab->state == TAB_ACTIVE ? &tab->out : &tab->held; /* H2 */
}

/* --- what the zygote tells --- */

/* Why a process ended that was not told to. */
static void explain(const struct host *host, const zygote_notice *notice, char *why, size_t size)
{
    const int signal = WIFSIGNALED(notice->status) ? WTERMSIG(notice->status) : 0;
    char limit[READABLE_BYTES];
    if (signal == SIGPROF)
        snprintf(why, size, "its script ran for more than %u s and was stopped", host->tab_seconds);
    else if (host->tab_memory_bytes > 0 && signal != SIGKILL &&
             notice->peak_bytes > host->tab_memory_bytes / 2)
        snprintf(why, size, "it wanted more memory than the %s that a tab may have",
                 readable_bytes(host->tab_memory_bytes, limit));
    else if (signal == SIGKILL)
        snprintf(why, size, "its process was killed");
    else if (signal != 0)
        snprintf(why, size, "its process crashed (%s)", strsignal(signal));
    else if (WEXITSTATUS(notice->status) == LOST_WHILE_WAKING)
        snprintf(why, size, "memory ran out while it woke");
    else
        snprintf(why, size, "its process ended");
}

static struct tab *find_process(struct host *host, pid_t process)
{
    for (size_t i = 0; i < host->tab_count; i++) {
        if (host->tabs[i]->process == process)
            return host->tabs[i];
    }
    return NULL;
}

static void note_started(struct host *host, const zygote_notice *notice)
{
    struct tab *tab = NULL;
    for (size_t i = 0; i < host->tab_count && tab == NULL; i++) {
        if (host->tabs[i]->instance == notice->instance)
            tab = host->tabs[i];
    }
    if (tab == NULL && host->spare.instance == notice->instance) {
        host->spare.process = notice->process > 0 ? notice->process : 0;
        if (notice->process < 0)
            pages_spare_end(host);
    } else if (tab != NULL && notice->process > 0) {
        tab->process = notice->process;
    } else if (tab != NULL) {
        tab_lose(host, tab, strerror(notice->error));
    }
}

static void note_ended(struct host *host, const zygote_notice *notice)
{
    char why[200];
    struct tab *tab = find_process(host, notice->process);
    if (host->spare.process == notice->process) {
        host->spare.process = 0; /* I1 */
        pages_spare_end(host);
        host->wants_spare = false; /* until the next document */
    }
    if (tab == NULL)
        return;
    tab->process = 0; /* I1 */
    explain(host, notice, why, sizeof why);
    tab_lose(host, tab, why);
}

static void lose_all(struct host *host)
{
    const char *why = host->zygote_failed[0] != '\0' ? host->zygote_failed : "the zygote is gone";
    (void)close(host->zygote);
    host->zygote = -1;
    host->zygote_ready = false;
    if (host->zygote_process > 0)
        (void)waitpid(host->zygote_process, NULL, 0);
    host->zygote_process = 0;
    host->spare.process = 0;
    pages_spare_end(host);
    for (size_t i = 0; i < host->tab_count; i++) {
        if (host->tabs[i]->state != TAB_LOST) {
            host->tabs[i]->process = 0;
            tab_lose(host, host->tabs[i], why);
        }
    }
}

void pages_notice(struct host *host)
{
    for (;;) {
        zygote_notice notice;
        ssize_t got = recv(host->zygote, &notice, sizeof notice, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got != (ssize_t)sizeof notice) {
            if (!host->zygote_ready && host->zygote_failed[0] == '\0')
                snprintf(host->zygote_failed, sizeof host->zygote_failed, "%s ended as it started",
                         PAGE_PROGRAM);
            lose_all(host);
            return;
        }
        if (notice.what == ZYGOTE_READY)
            host->zygote_ready = true;
        else if (notice.what == ZYGOTE_FAILED)
            snprintf(host->zygote_failed, sizeof host->zygote_failed, "the script engine: %.200s",
                     notice.text);
        else if (notice.what == ZYGOTE_STARTED)
            note_started(host, &notice);
        else if (notice.what == ZYGOTE_ENDED)
            note_ended(host, &notice);
    }
}
