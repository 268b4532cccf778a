/* A host of `firn tabs` with all round it made up: a zygote whose pages send what the input says,
 * a frame a turn of the loop, and end when it is used up; servers that answer at once; answers that
 * go to memory. Takes the place of programs/tabs/host/fetch.c.
 *
 *     input of the pages: ops of one byte; below END_OP: two bytes of size, and so many bytes that
 *     the newest page sends; else its process ends */
#ifndef TABS_WORLD_H
#define TABS_WORLD_H

#include "tabs/host/host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAGES_MAX = 256, END_OP = 0xf0, NO_PROCESS = 2000000000 /* above what a kernel gives */ };

static struct world {
    struct host host;
    int zygote; /* the other end of the host's socket */
    int event;
    const uint8_t *data;
    size_t size, at;
    int sockets[PAGES_MAX];
    size_t page_count; /* the newest is the last; all before it have ended */
    bool has_page;
    fetch_job *done, **done_last;
    FILE *stdout_before;
    char *answers;
    size_t answers_bytes;
} world;

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* --- servers --- */

static char *copy_bytes(const char *text, size_t size)
{
    char *copy = firn_allocate(NULL, size + 1);
    check(copy != NULL);
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

static char *copy_text(const char *text)
{
    return copy_bytes(text, text != NULL ? strlen(text) : 0);
}

void fetch_add(struct host *host, const fetch_job *job)
{
    static const char body[] = "<title>t</title>";
    const uint64_t one = 1;
    fetch_job *made = firn_allocate(NULL, sizeof *made);
    (void)host;
    check(made != NULL);
    *made = *job;
    made->next = NULL;
    made->method = copy_text(job->method);
    made->url = copy_text(job->url);
    made->headers = copy_text(job->headers);
    made->origin = copy_text(job->origin);
    made->final_url = copy_text(job->url);
    made->body = copy_bytes(job->body, job->body_bytes);
    made->failed = strstr(job->url, "http") == NULL;
    made->status = 200;
    message_add_raw(&made->got_headers, "Content-Type: text/html\r\n", 25);
    message_add_raw(&made->got, body, sizeof body - 1);
    *world.done_last = made;
    world.done_last = &made->next;
    check(write(world.event, &one, sizeof one) == (ssize_t)sizeof one);
}

fetch_job *fetch_done(struct host *host)
{
    fetch_job *job = world.done;
    uint64_t count;
    (void)host;
    if (job != NULL)
        world.done = job->next;
    if (world.done == NULL) {
        world.done_last = &world.done;
        (void)!read(world.event, &count, sizeof count);
    }
    return job;
}

void fetch_let_go(fetch_job *job)
{
    tab_drop_text(&job->method);
    tab_drop_text(&job->url);
    tab_drop_text(&job->headers);
    tab_drop_text(&job->origin);
    tab_drop_text(&job->final_url);
    firn_release(NULL, job->body, job->body_bytes + 1);
    message_fini(&job->got_headers);
    message_fini(&job->got);
    firn_release(NULL, job, sizeof *job);
}

bool fetch_begin(struct host *host)
{
    (void)host;
    return true;
}

void fetch_abort(uint32_t tab, uint32_t instance, uint32_t id)
{
    for (fetch_job *job = world.done; job != NULL; job = job->next)
        job->is_aborted |= job->tab == tab && job->instance == instance && job->id == id;
}

void fetch_abort_document(uint64_t number)
{
    (void)number;
}

void fetch_abort_all(uint32_t tab, uint32_t instance)
{
    (void)tab, (void)instance;
}

/* --- the zygote --- */

static void tell(const zygote_notice *notice)
{
    check(send(world.zygote, notice, sizeof *notice, MSG_NOSIGNAL) == (ssize_t)sizeof *notice);
}

static void end_page(void)
{
    tell(&(zygote_notice){.what = ZYGOTE_ENDED, .process = NO_PROCESS + (int32_t)world.page_count});
    (void)shutdown(world.sockets[world.page_count - 1], SHUT_WR);
    world.has_page = false;
}

/* Takes what the host asks the zygote for. */
static void take_requests(void)
{
    for (;;) {
        zygote_request request;
        struct iovec part = {.iov_base = &request, .iov_len = sizeof request};
        union {
            char space[CMSG_SPACE(sizeof(int))];
            struct cmsghdr aligned;
        } control;
        struct msghdr header = {.msg_iov = &part,
                                .msg_iovlen = 1,
                                .msg_control = control.space,
                                .msg_controllen = sizeof control.space};
        if (recvmsg(world.zygote, &header, MSG_DONTWAIT) != (ssize_t)sizeof request)
            return;
        if (world.has_page)
            end_page();
        check(world.page_count < PAGES_MAX);
        memcpy(&world.sockets[world.page_count++], CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(int));
        world.has_page = true;
        tell(&(zygote_notice){.what = ZYGOTE_STARTED,
                              .process = NO_PROCESS + (int32_t)world.page_count,
                              .tab = request.tab,
                              .instance = request.instance});
    }
}

/* The next thing that the newest page does. */
static void act(void)
{
    static char taken[1 << 16];
    if (!world.has_page)
        return;
    const int socket = world.sockets[world.page_count - 1];
    while (recv(socket, taken, sizeof taken, MSG_DONTWAIT) > 0)
        continue;
    size_t left = world.size - world.at, size = 0;
    while (left >= 3 && world.data[world.at] < END_OP && size == 0) {
        size = world.data[world.at + 1] | (size_t)world.data[world.at + 2] << 8;
        size = size < left - 3 ? size : left - 3;
        world.at += 3 + size;
        left -= 3 + size;
    }
    if (size == 0 || world.page_count + 2 > PAGES_MAX ||
        send(socket, world.data + world.at - size, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        world.at += size == 0 && left > 0;
        end_page();
    }
}

int fetch_descriptor(const struct host *host)
{
    (void)host; /* is called once a turn */
    take_requests();
    act();
    return world.event;
}

/* --- */

static void world_begin(const uint8_t *data, size_t size)
{
    int sockets[2];
    world = (struct world){.data = data, .size = size};
    world.done_last = &world.done;
    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0);
    world.zygote = sockets[1];
    world.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    world.host = (struct host){.zygote = sockets[0],
                               .zygote_ready = true,
                               .is_private = true,
                               .quiet = true,
                               .reads_stdin = true,
                               .tab_memory_bytes = 1 << 20,
                               .tab_seconds = 1,
                               .warm_ns = UINT64_MAX,
                               .cold_ns = UINT64_MAX,
                               .frozen_ns = UINT64_MAX};
    world.stdout_before = stdout;
    stdout = open_memstream(&world.answers, &world.answers_bytes);
    check(stdout != NULL);
}

static size_t count_lines(void)
{
    size_t count = 0;
    fflush(stdout);
    for (size_t i = 0; i < world.answers_bytes; i++)
        count += world.answers[i] == '\n';
    return count;
}

/* A command has one line as its answer; false: it was `quit`. */
static bool world_ask(const char *command, size_t size)
{
    char *line = copy_bytes(command, size);
    const size_t before = count_lines();
    const size_t blank = strspn(line, " \t\r\n\v\f");
    const bool is_command = blank < size && line[blank] != '\0' && line[blank] != '#';
    const bool goes_on = lines_run(&world.host, line, size);
    check(count_lines() == before + (is_command && goes_on) || !is_command);
    firn_release(NULL, line, size + 1);
    return goes_on;
}

static void world_end(void)
{
    struct host *host = &world.host;
    fclose(stdout);
    stdout = world.stdout_before;
    free(world.answers);
    while (host->tab_count > 0)
        tab_remove(host, host->tabs[host->tab_count - 1]);
    firn_release(NULL, host->tabs, host->tab_room * sizeof *host->tabs);
    for (fetch_job *job; (job = fetch_done(host)) != NULL;)
        fetch_let_go(job);
    for (size_t i = 0; i < world.page_count; i++)
        (void)close(world.sockets[i]);
    (void)close(host->zygote);
    (void)close(world.zygote);
    (void)close(world.event);
    storage_end(host);
    kept_end();
}

#endif
