/* firn-page: the zygote of `firn tabs`, which starts it. It loads the script engine and the web's
 * interfaces once, makes a template of itself, and forks a page for each request of the host. It
 * runs no page's script itself.
 *
 *     argv: the memory that a tab may have, 0: any; the socket to the host (packets) is descriptor
 *     ZYGOTE_SOCKET
 *
 * I1  nothing of a page reaches the zygote but the status of its end
 * I2  pages end with the zygote, and the zygote with the host */
#include "tabs/page/page.h"

#include <firn/system.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAUSE_NS = 2000000 }; /* without a request, before it tidies up */
/* A window has three times what a process has to itself; of the template's pages, too, a process
 * may make its own. */
enum { WINDOW_FACTOR = 3, ZYGOTE_BYTES = 64 << 20 };

static struct page page;

/* --- starting --- */

/* What an engine's random numbers begin with is the zygote's, and so that of all pages. These are
 * odd multiples of 1e-15, so that all are written by as many characters: jQuery and others make
 * names of them, whose lengths would have pages that do the same lay out their memory in other
 * ways, and they could not hold it in common. To add 2^52 is to round. */
static const char random_script[] =
    "(() => { const fill = crypto.getRandomValues.bind(crypto), words = new Uint32Array(512);"
    "const scale = 499999999999999 / 2 ** 64; let at = 512;"
    "Math.random = { random() { if (at === 512) { fill(words); at = 0; }"
    "return (2 * ((words[at++] * 4294967296 + words[at++]) * scale"
    "+ 4503599627370496 - 4503599627370496) + 1) / 1e15; } }.random; })()";

/* Has the engine compile what every page needs, and read what it reads but once. */
static const char warm_page[] =
    "<!doctype html><html><head><title>-</title></head><body><p id=a class=b>-</p></body></html>";
static const char warm_script[] =
    "new Date().toString(); new Intl.DateTimeFormat().format(new Date());"
    "document.querySelectorAll('a, .b, #c'); document.title;"
    "document.documentElement.outerHTML; document.body.innerText; JSON.stringify([{}]); void 0";

static bool evaluate(const char *script, firn_error *ret_error)
{
    char *text;
    size_t size;
    firn_status status = engine_eval(page.engine, script, strlen(script), &text, &size);
    if (status == FIRN_OK || status == FIRN_INVALID) {
        if (status == FIRN_INVALID)
            firn_error_set(ret_error, status, 0, "%s", text);
        firn_release(NULL, text, size + 1);
    }
    return status == FIRN_OK;
}

static void ignore_line(void *context, const char *level, const char *text, size_t size)
{
    (void)context, (void)level, (void)text, (void)size;
}

static void ignore_move(void *context, const char *url, const char *title)
{
    (void)context, (void)url, (void)title;
}

/* Of the zygote: what the engine asks while it is warmed up goes nowhere. */
static void zygote_hooks(engine_hooks *ret_hooks)
{
    page_hooks(&page, ret_hooks);
    ret_hooks->print = ignore_line;
    ret_hooks->fetch = NULL;
    ret_hooks->fetch_now = NULL;
    ret_hooks->navigate = NULL;
    ret_hooks->traverse = NULL;
    ret_hooks->moved = ignore_move;
    ret_hooks->store = NULL;
    ret_hooks->stored = NULL;
}

static bool start_engine(firn_error *ret_error)
{
    engine_hooks hooks;
    zygote_hooks(&hooks);
    page.wake_ns = UINT64_MAX;
    firn_status status = engine_create(&hooks, &page.engine, ret_error);
    if (status != FIRN_OK) {
        if (ret_error->text[0] == '\0')
            firn_error_set(ret_error, status, 0, "%s", firn_status_text(status));
        return false;
    }
    /* What starting leaves behind goes, with the code that it ran, and warming up fills its place
     * with the code that every page runs: what else the zygote had compiled, each page would drop
     * when it is idle, and write to pages of memory by it. A dashboard has 7.5 MB so, not 8.2, the
     * documentation of Python's os 7.0, not 8.0. No collection behind that: new objects would go
     * where old ones were, in all pages of memory, and each of these would become a page's own: a
     * blank tab had 1.9 MB, and has 0.7; with none at all a dashboard would have 0.4 MB more. */
    engine_forget(page.engine);
    if (!evaluate(random_script, ret_error) ||
        engine_load(page.engine, "about:blank", warm_page, sizeof warm_page - 1) != FIRN_OK ||
        !evaluate(warm_script, ret_error) ||
        engine_load(page.engine, "about:blank", "", 0) != FIRN_OK)
        return false;
    engine_run_timers(page.engine);
    page.heap_bytes = page_heap_bytes();
    page.wake_ns = UINT64_MAX;
    return true;
}

/* What smaps has told of the mapping at hand. */
struct file_mapping {
    unsigned long start, end; /* 0: of no file, or one that can be written */
};

static void look_at_line(const char *line, struct file_mapping *at)
{
    unsigned long from, to, anonymous;
    char rights[8], name[256] = "";
    if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, rights, name) >= 3) {
        const bool is_file = rights[1] == '-' && rights[3] == 'p' && name[0] == '/';
        *at = is_file ? (struct file_mapping){from, to} : (struct file_mapping){0};
    } else if (at->end > 0 && sscanf(line, "Anonymous: %lu", &anonymous) == 1 && anonymous == 0) {
        (void)madvise((void *)at->start, at->end - at->start, MADV_DONTNEED);
    }
}

/* Lets go of pages of files that nobody changed, which come back when they are touched: of the
 * engine's code most was needed for starting alone. Without malloc: pages that are forked before it
 * would lay out their memory in another way than all others. */
static void let_files_go(void)
{
    struct file_mapping at = {0};
    char text[4096];
    size_t size = 0;
    ssize_t got;
    const int maps = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
    while ((got = read(maps, text + size, sizeof text - 1 - size)) > 0) {
        char *line = text, *end;
        size += (size_t)got;
        text[size] = '\0';
        for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            *end = '\0';
            look_at_line(line, &at);
        }
        size -= (size_t)(line - text);
        memmove(text, line, size);
    }
    (void)close(maps);
}

/* --- the host --- */

static void tell(const zygote_notice *notice)
{
    if (send(ZYGOTE_SOCKET, notice, sizeof *notice, MSG_NOSIGNAL) < 0)
        _exit(0); /* I2 */
}

static void fail(const firn_error *error)
{
    zygote_notice notice = {.what = ZYGOTE_FAILED};
    snprintf(notice.text, sizeof notice.text, "%s", error->text);
    tell(&notice);
    _exit(1);
}

/* Takes a request with its socket; false: the host is gone. */
static bool receive(zygote_request *ret_request, int *ret_socket)
{
    struct iovec part = {.iov_base = ret_request, .iov_len = sizeof *ret_request};
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control;
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof control.space};
    ssize_t got = recvmsg(ZYGOTE_SOCKET, &header, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *first = CMSG_FIRSTHDR(&header);
    if (got != (ssize_t)sizeof *ret_request || first == NULL || first->cmsg_type != SCM_RIGHTS)
        return false;
    memcpy(ret_socket, CMSG_DATA(first), sizeof *ret_socket);
    return true;
}

_Noreturn static void be_page(const zygote_request *request, int socket)
{
    engine_hooks hooks;
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGCHLD, SIG_DFL);
    if (dup2(socket, ZYGOTE_SOCKET) < 0)
        _exit(1);
    (void)close(socket);
    page.about = *request;
    if (!confine_page(request))
        _exit(1);
    heap_part();
    page.began_ns = firn_clock_ns();
    page.settling.due_ns = UINT64_MAX;
    page_hooks(&page, &hooks);
    engine_set_hooks(page.engine, &hooks);
    page_serve(&page);
}

static void start_page(void)
{
    zygote_request request;
    int socket;
    if (!receive(&request, &socket))
        _exit(0); /* I2 */
    pid_t child = fork();
    if (child == 0)
        be_page(&request, socket);
    const int error = errno;
    (void)close(socket);
    tell(&(zygote_notice){.what = ZYGOTE_STARTED,
                          .process = (int32_t)child,
                          .tab = request.tab,
                          .instance = request.instance,
                          .error = child < 0 ? error : 0});
}

static void tell_of_ended(void)
{
    struct rusage used;
    int status;
    for (pid_t child; (child = wait4(-1, &status, WNOHANG, &used)) > 0;)
        tell(&(zygote_notice){.what = ZYGOTE_ENDED,
                              .process = (int32_t)child,
                              .status = status,
                              .peak_bytes = (uint64_t)used.ru_maxrss * 1024});
}

static void nothing(int number)
{
    (void)number;
}

_Noreturn static void serve(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    bool has_files = true;
    sigset_t before;
    struct pollfd host = {.fd = ZYGOTE_SOCKET, .events = POLLIN};
    sigprocmask(SIG_SETMASK, NULL, &before);
    sigdelset(&before, SIGCHLD);
    for (;;) {
        int ready = ppoll(&host, 1, has_files ? &pause : NULL, &before);
        if (ready < 0 && errno != EINTR)
            _exit(1);
        if (ready == 0 && has_files) { /* nobody waits for it now */
            let_files_go();
            has_files = false;
        }
        tell_of_ended();
        if (ready > 0)
            start_page();
    }
}

/* Room to pack and to wake in: where a tab's memory has a limit, the room is a part of it. */
static uint64_t window_for(uint64_t tab_bytes)
{
    return tab_bytes == 0 || tab_bytes > UINT64_MAX / 8
               ? 0
               : (WINDOW_FACTOR * (tab_bytes + ZYGOTE_BYTES) + 4095) & ~UINT64_C(4095);
}

int main(int count, char **words)
{
    firn_error error = {0};
    firn_process_template_options options = {0};
    sigset_t children;
    int type;
    socklen_t size = sizeof type;
    if (count != 2 || getsockopt(ZYGOTE_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
        fputs("firn-page is a part of `firn tabs`, which starts it\n", stderr);
        return 2;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* I2 */
    (void)close_range(ZYGOTE_SOCKET + 1, ~0u, 0);
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &children, NULL);
    (void)signal(SIGCHLD, nothing);
    heap_begin();
    ahead_begin();
    clock_set_behind(true);
    const bool has_engine = start_engine(&error);
    clock_set_behind(false);
    ahead_end();
    if (!has_engine)
        fail(&error);
    confine_view();
    page_trim(true);
    options.window_bytes = window_for(strtoull(words[1], NULL, 10));
    if (firn_process_template_create(&options, &page.zygote, &error) != FIRN_OK)
        fail(&error);
    tell(&(zygote_notice){.what = ZYGOTE_READY, .process = (int32_t)getpid()});
    serve();
}
