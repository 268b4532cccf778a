/* What stands around a page in the tests: files of a folder as its server, a clock that goes on
 * when it is told to, and a text of all that the page told. */
#ifndef SUPPORT_PAGE_AROUND_H
#define SUPPORT_PAGE_AROUND_H

#include "tabs/script/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AROUND_FETCHES 256
#define AROUND_ORIGIN "http://page.test/"

struct around_fetch {
    uint32_t id;
    engine_destination destination;
    char *method, *url, *headers, *body;
    size_t body_bytes;
};

struct around {
    double now, wake;
    char told[1 << 16]; /* all that was printed and asked for, a line each */
    size_t told_bytes;
    uint8_t random;
    const char *origin, *folder; /* NULL: nothing can be fetched */
    struct around_fetch fetches[AROUND_FETCHES];
    size_t fetch_count;
    char *body, *url; /* of the last answer that a page waited for */
};

static inline void around_tell(struct around *around, const char *what, const char *a,
                               const char *b)
{
    size_t room = sizeof around->told - around->told_bytes;
    int size = snprintf(around->told + around->told_bytes, room, "%s: %s%s\n", what, a, b);
    if (size > 0 && (size_t)size < room)
        around->told_bytes += (size_t)size;
}

static inline void around_print(void *context, const char *level, const char *text, size_t size)
{
    (void)size;
    around_tell(context, level, text, "");
}

static inline void around_wake(void *context, double ms)
{
    ((struct around *)context)->wake = ms;
}

static inline double around_now(void *context)
{
    return ((struct around *)context)->now;
}

static inline double around_wall(void *context)
{
    return 1.7e12 + around_now(context);
}

static inline void around_random(void *context, void *data, size_t size)
{
    memset(data, ++((struct around *)context)->random, size);
}

/* --- files --- */

static inline char *around_read(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    size_t room = 1 << 16, size = 0, more;
    char *text = malloc(room + 1);
    while (text != NULL && (more = fread(text + size, 1, room - size, file)) > 0) {
        size += more;
        if (size == room)
            text = realloc(text, (room *= 2) + 1);
    }
    fclose(file);
    if (text != NULL)
        text[size] = 0;
    *ret_size = size;
    return text;
}

static inline const char *around_type(const char *url)
{
    static const char *const types[][2] = {
        {".html", "text/html"}, {".js", "text/javascript"},    {".css", "text/css"},
        {".xml", "text/xml"},   {".json", "application/json"}, {".svg", "image/svg+xml"},
        {".png", "image/png"},
    };
    size_t size = strcspn(url, "?#");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t end = strlen(types[i][0]);
        if (size > end && strncmp(url + size - end, types[i][0], end) == 0)
            return types[i][1];
    }
    return "text/plain";
}

/* A request's answer: /echo has the request itself as its body, other addresses are files. */
static inline void around_answer(struct around *around, const struct around_fetch *fetch,
                                 engine_response *ret_response)
{
    static char headers[256];
    char path[1024];
    size_t size = 0, origin = strlen(around->origin);
    free(around->body);
    around->body = NULL;
    if (strncmp(fetch->url, around->origin, origin) != 0) {
        *ret_response = (engine_response){.error = "no such host"};
        return;
    }
    const char *name = fetch->url + origin;
    const char *type = around_type(name);
    if (strncmp(name, "echo", 4) == 0) {
        size = strlen(fetch->method) + strlen(fetch->headers) + fetch->body_bytes + 8;
        around->body = malloc(size);
        size = (size_t)snprintf(around->body, size, "%s\n%s\n%s", fetch->method, fetch->headers,
                                fetch->body != NULL ? fetch->body : "");
    } else {
        snprintf(path, sizeof path, "%s/%.*s", around->folder, (int)strcspn(name, "?#"), name);
        around->body = around_read(path, &size);
    }
    snprintf(headers, sizeof headers, "Content-Type: %s\r\nContent-Length: %zu\r\n", type, size);
    *ret_response = (engine_response){.status = around->body != NULL ? 200 : 404,
                                      .url = fetch->url,
                                      .headers = headers,
                                      .body = around->body != NULL ? around->body : "",
                                      .body_bytes = size};
    if (fetch->destination == ENGINE_IMAGE && around->body != NULL) {
        ret_response->width = 30;
        ret_response->height = 20;
    }
}

static inline struct around_fetch around_keep(uint32_t id, const engine_request *request)
{
    struct around_fetch fetch = {id,
                                 request->destination,
                                 strdup(request->method),
                                 strdup(request->url),
                                 strdup(request->headers),
                                 NULL,
                                 0};
    if (request->body != NULL) {
        fetch.body = calloc(1, request->body_bytes + 1);
        memcpy(fetch.body, request->body, request->body_bytes);
        fetch.body_bytes = request->body_bytes;
    }
    return fetch;
}

static inline void around_forget(struct around_fetch *fetch)
{
    free(fetch->method);
    free(fetch->url);
    free(fetch->headers);
    free(fetch->body);
}

static inline void around_fetch(void *context, uint32_t id, const engine_request *request)
{
    struct around *around = context;
    if (around->fetch_count < AROUND_FETCHES)
        around->fetches[around->fetch_count++] = around_keep(id, request);
}

static inline void around_abort(void *context, uint32_t id)
{
    struct around *around = context;
    for (size_t i = 0; i < around->fetch_count; i++) {
        if (around->fetches[i].id == id) {
            around_forget(&around->fetches[i]);
            around->fetches[i] = around->fetches[--around->fetch_count];
        }
    }
}

static inline void around_fetch_now(void *context, const engine_request *request,
                                    engine_response *ret_response)
{
    struct around *around = context;
    struct around_fetch fetch = around_keep(0, request);
    free(around->url);
    around->url = strdup(request->url);
    around_answer(around, &fetch, ret_response);
    ret_response->url = around->url;
    around_forget(&fetch);
}

/* --- what a page asks for --- */

static inline void around_navigate(void *context, const engine_request *request, bool replace)
{
    char line[1024];
    snprintf(line, sizeof line, "%s %s", request->method, request->url);
    around_tell(context, replace ? "replace" : "navigate", line, "");
    if (request->body_bytes == 0)
        return;
    snprintf(line, sizeof line, "%.*s", (int)request->body_bytes, (const char *)request->body);
    around_tell(context, "with", request->headers, line);
}

static inline void around_traverse(void *context, int delta)
{
    char text[16];
    snprintf(text, sizeof text, "%d", delta);
    around_tell(context, "traverse", text, "");
}

static inline void around_store(void *context, bool session, const char *key, size_t key_bytes,
                                const char *value, size_t value_bytes)
{
    (void)key_bytes, (void)value_bytes;
    around_tell(context, session ? "session" : "store", key != NULL ? key : "(all) ",
                value != NULL ? value : " (none)");
}

static inline void around_stored(void *context, bool session,
                                 void (*visit)(void *visitor, const char *key, size_t key_bytes,
                                               const char *value, size_t value_bytes),
                                 void *visitor)
{
    (void)context;
    if (!session)
        visit(visitor, "kept", 4, "before", 6);
}

/* origin ends with a slash; without a folder nothing can be fetched. */
static inline engine_hooks around_start(struct around *around, const char *origin,
                                        const char *folder)
{
    *around = (struct around){.wake = -1, .origin = origin, .folder = folder};
    engine_hooks hooks = {.print = around_print,
                          .wake_in = around_wake,
                          .now = around_now,
                          .time = around_wall,
                          .random = around_random,
                          .context = around};
    if (folder != NULL) {
        hooks.fetch = around_fetch;
        hooks.abort = around_abort;
        hooks.fetch_now = around_fetch_now;
        hooks.navigate = around_navigate;
        hooks.traverse = around_traverse;
        hooks.store = around_store;
        hooks.stored = around_stored;
    }
    return hooks;
}

static inline void around_end(struct around *around)
{
    while (around->fetch_count > 0)
        around_forget(&around->fetches[--around->fetch_count]);
    free(around->body);
    free(around->url);
}

/* Answers fetches, and runs what is due; the clock goes on when there is nothing else, until
 * nothing is left, or `until`. */
static inline void around_run(struct around *around, script_engine *engine, double until)
{
    while (around->fetch_count > 0 || (around->wake >= 0 && around->now + around->wake <= until)) {
        if (around->wake == 0) {
            around->wake = -1;
            engine_run_timers(engine);
        } else if (around->fetch_count > 0) {
            struct around_fetch fetch = around->fetches[0];
            engine_response response;
            memmove(around->fetches, around->fetches + 1,
                    --around->fetch_count * sizeof *around->fetches);
            around_answer(around, &fetch, &response);
            engine_fetched(engine, fetch.id, &response);
            around_forget(&fetch);
        } else {
            around->now += around->wake;
            around->wake = -1;
            engine_run_timers(engine);
        }
    }
}

#endif
