/* Documents: what a user names, what pages go to, and what they were before.
 *
 * I1  a tab waits for one document at most: `document` is the number of its fetch
 * I2  a document that does not come leaves the one that is there
 * I3  a page may go on to another document before it has loaded, but not for ever: see `hops` */
#include "tabs/host/host.h"

#include "tabs/script/hooks.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    LOAD_MS = 60000,
    VISITS_MAX = 50, /* as browsers have it */
    TOLD_MAX = 10,   /* lines of a page that goes to what does not come */
};

/* --- names --- */

static bool has_scheme(const char *name, const char *scheme)
{
    return strncasecmp(name, scheme, strlen(scheme)) == 0;
}

static bool add_escaped(const char *path, char *url, size_t size)
{
    size_t at = 0;
    for (const unsigned char *from = (const unsigned char *)path; *from != '\0'; from++) {
        const bool plain = isalnum(*from) || strchr("/-._~!$&'()*+,;=:@", *from) != NULL;
        if (at + 4 > size)
            return false;
        at += (size_t)snprintf(url + at, size - at, plain ? "%c" : "%%%02X", *from);
    }
    return true;
}

bool load_name(const char *name, char *ret_url, size_t size, char *why, size_t why_size)
{
    static const char *const schemes[] = {"http://", "https://", "file://", "about:", "data:"};
    char path[PATH_MAX];
    firn_path_kind kind;
    firn_error error;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (has_scheme(name, schemes[i])) {
            const bool fits = (size_t)snprintf(ret_url, size, "%s", name) < size;
            if (!fits)
                snprintf(why, why_size, "the URL is too long");
            return fits;
        }
    }
    const size_t word = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-.");
    if (strncmp(name + word, "://", 3) == 0) {
        snprintf(why, why_size, "%.*s: only http, https and files can be opened", (int)word, name);
        return false;
    }
    if (realpath(name, path) == NULL) {
        (void)!firn_path_kind_get(name, &kind, NULL, &error);
        snprintf(why, why_size, "%s", error.text);
        return false;
    }
    if (firn_path_kind_get(path, &kind, NULL, &error) == FIRN_OK && kind != FIRN_PATH_FILE) {
        snprintf(why, why_size, "%s: is no file", name);
        return false;
    }
    memcpy(ret_url, "file://", 8);
    if (add_escaped(path, ret_url + 7, size - 7))
        return true;
    snprintf(why, why_size, "%s: the path is too long", name);
    return false;
}

/* --- what was shown --- */

static void visit(struct tab *tab, const char *url)
{
    struct visits *visits = &tab->visits;
    void *urls = visits->urls;
    if (tab->is_replacing && visits->count > 0) {
        tab_set_text(&visits->urls[visits->at], url);
        return;
    }
    size_t at = visits->count > 0 ? visits->at + 1 : 0;
    while (visits->count > at)
        tab_drop_text(&visits->urls[--visits->count]);
    if (at == VISITS_MAX) {
        tab_drop_text(&visits->urls[0]);
        memmove(visits->urls, visits->urls + 1, --at * sizeof *visits->urls);
    }
    if (!firn_grow(NULL, &urls, &visits->room, at + 1, sizeof *visits->urls))
        return;
    visits->urls = urls;
    visits->urls[at] = NULL;
    tab_set_text(&visits->urls[at], url);
    if (visits->urls[at] == NULL)
        return;
    visits->at = at;
    visits->count = at + 1;
}

bool load_traverse(struct host *host, struct tab *tab, int64_t delta)
{
    struct visits *visits = &tab->visits;
    if (visits->count == 0 || delta < -(int64_t)visits->at ||
        delta >= (int64_t)(visits->count - visits->at))
        return false;
    visits->at = (size_t)((int64_t)visits->at + delta);
    const struct document document = {.method = "GET", .url = visits->urls[visits->at]};
    load_begin(host, tab, &document, true);
    return true;
}

/* --- showing --- */

static void show(struct host *host, struct tab *tab, const char *url, const char *html, size_t size)
{
    if (!pages_start(host, tab, false))
        return;
    message_fini(&tab->image);
    images_let_go(host, tab);
    message_fini(&tab->held);
    tab_drop_text(&tab->failed);
    tab_set_text(&tab->url, url);
    tab_set_text(&tab->title, "");
    tab->hops++; /* I3: until it has loaded */
    visit(tab, url);
    message_begin(&tab->out, MESSAGE_LOAD, 0);
    message_add_text(&tab->out, url);
    message_add(&tab->out, html, size);
    message_end(&tab->out);
    host->list_changed = true;
    loop_send(host, tab);
}

void load_given(struct host *host, struct tab *tab, const char *url, const char *html, size_t size)
{
    tab->is_loading = true;
    tab->is_replacing = false;
    show(host, tab, url, html, size);
}

/* A document that did not come. */
static void refuse(struct host *host, struct tab *tab, const char *url, const char *why)
{
    char line[600];
    tab->is_loading = false;
    snprintf(line, sizeof line, "%.300s: %s", url, why);
    if (strstr(why, url) != NULL)
        snprintf(line, sizeof line, "%s", why);
    tab_set_text(&tab->failed, line);
    if (!host->quiet && tab->state != TAB_LOST && tab->told++ < TOLD_MAX) /* I2 */
        report("tab %u: %s", tab->number, line);
}

void load_give_up(struct host *host, struct tab *tab)
{
    if (tab->document != 0)
        fetch_abort_document(tab->document);
    tab->document = 0;
    refuse(host, tab, tab->url, "goes on to other documents without end");
}

void load_begin(struct host *host, struct tab *tab, const struct document *document, bool replaces)
{
    static uint64_t next;
    char origin[300] = "", *url = NULL;
    if (strlen(document->url) > URL_MAX_BYTES) {
        refuse(host, tab, tab->url, "leads to a URL that is too long");
        return;
    }
    tab_set_text(&url, document->url);
    if (url == NULL)
        return;
    tab_drop_text(&tab->failed);
    if (tab->state != TAB_LOST)
        resource_origin(tab->url, origin, sizeof origin);
    if (tab->document != 0)
        fetch_abort_document(tab->document);
    tab->is_loading = true;
    tab->is_replacing = replaces;
    tab->document = 0;
    if (has_scheme(url, "about:")) {
        show(host, tab, url, "", 0);
    } else {
        fetch_job job = {.tab = tab->number,
                         .number = ++next,
                         .destination = ENGINE_DOCUMENT,
                         .origin = origin,
                         .method = (char *)document->method,
                         .url = url,
                         .headers = (char *)document->headers,
                         .body = (char *)document->body,
                         .body_bytes = document->body_bytes,
                         .is_reload = document->is_reload};
        tab->document = next; /* I1 */
        fetch_add(host, &job);
    }
    tab_drop_text(&url);
}

/* --- what came --- */

typedef enum document_form { FORM_HTML, FORM_TEXT, FORM_OTHER } document_form;

void job_type(const fetch_job *job, char type[JOB_TYPE_BYTES])
{
    const char *at = job->got_headers.data, *end = at + job->got_headers.size;
    type[0] = '\0';
    for (; at != NULL && at < end; at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1) {
        if ((size_t)(end - at) > 13 && strncasecmp(at, "content-type:", 13) == 0) {
            size_t size = 0;
            for (at += 13; at < end && (*at == ' ' || *at == '\t');)
                at++;
            while (at + size < end && size + 1 < JOB_TYPE_BYTES && strchr("\r\n", at[size]) == NULL)
                size++;
            snprintf(type, JOB_TYPE_BYTES, "%.*s", (int)size, at);
            return;
        }
        if (memchr(at, '\n', (size_t)(end - at)) == NULL)
            return;
    }
}

static document_form form_of(const fetch_job *job, const char *type)
{
    const size_t length = strcspn(type, "; \t");
    const size_t size = job->got.size < 1024 ? job->got.size : 1024;
    if (strncasecmp(type, "text/html", 9) == 0 ||
        (length > 3 && strncasecmp(type + length - 3, "xml", 3) == 0))
        return FORM_HTML;
    if (strncasecmp(type, "text/", 5) == 0 || strncasecmp(type, "application/json", 16) == 0 ||
        strncasecmp(type, "application/javascript", 22) == 0)
        return FORM_TEXT;
    if (length > 0)
        return FORM_OTHER;
    size_t at = 0;
    while (at < size && isspace((unsigned char)job->got.data[at]))
        at++;
    if (at < size && job->got.data[at] == '<')
        return FORM_HTML;
    return size > 0 && memchr(job->got.data, '\0', size) != NULL ? FORM_OTHER : FORM_TEXT;
}

/* Text as a document that shows it. */
static void wrap_text(const char *text, size_t size, message_buffer *into)
{
    static const char before[] = "<html><head></head><body><pre>", after[] = "</pre></body></html>";
    message_add_raw(into, before, sizeof before - 1);
    for (size_t at = 0, plain; at < size; at += plain + 1) {
        for (plain = 0; at + plain < size && text[at + plain] != '<' && text[at + plain] != '&';)
            plain++;
        message_add_raw(into, text + at, plain);
        if (at + plain < size)
            message_add_raw(into, text[at + plain] == '<' ? "&lt;" : "&amp;",
                            text[at + plain] == '<' ? 4 : 5);
    }
    message_add_raw(into, after, sizeof after - 1);
}

void load_arrived(struct host *host, fetch_job *job)
{
    char type[JOB_TYPE_BYTES], why[JOB_TYPE_BYTES + 40];
    message_buffer wrapped = {0};
    struct tab *tab = tab_find(host, job->tab);
    if (tab == NULL || tab->document != job->number)
        return;
    tab->document = 0;
    job_type(job, type);
    const document_form form = job->failed ? FORM_OTHER : form_of(job, type);
    if (form != FORM_OTHER)
        kept_decode(job, true);
    if (job->failed) {
        refuse(host, tab, job->url, job->why);
    } else if (form == FORM_OTHER) {
        snprintf(why, sizeof why, "is no document%s%s", type[0] != '\0' ? " but " : "", type);
        refuse(host, tab, job->final_url, why);
    } else if (form == FORM_HTML) {
        show(host, tab, job->final_url, job->got.data, job->got.size);
    } else {
        wrap_text(job->got.data, job->got.size, &wrapped);
        show(host, tab, job->final_url, wrapped.data, wrapped.size);
        message_fini(&wrapped);
    }
}

bool load_wait(struct host *host, struct tab *tab)
{
    const uint64_t end_ns = firn_clock_ns() + LOAD_MS * UINT64_C(1000000);
    while (tab->is_loading) {
        if (firn_clock_ns() > end_ns) {
            char why[100];
            snprintf(why, sizeof why, "has not loaded in %d s; it goes on", LOAD_MS / 1000);
            tab_set_text(&tab->failed, why);
            return false;
        }
        (void)loop_turn(host, 500, -1);
    }
    return tab->state != TAB_LOST && tab->failed == NULL;
}
