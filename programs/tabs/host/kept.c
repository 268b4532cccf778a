/* What is kept of what was fetched: responses, for all tabs once, by HTTP's rules; and visits. It
 * is here, too, that bodies become what pages take: texts in UTF-8, pictures as their sizes.
 *
 * I1  only responses to GET that came without a redirect are kept, under the URL that was asked for
 * I2  the parts of programs/tabs/resources and history belong to the loop's thread */
#include "tabs/host/host.h"

#include "common/emitter.h"
#include "tabs/history/history.h"
#include "tabs/resources/charset.h"
#include "tabs/resources/pictures.h"
#include "tabs/resources/resources.h"
#include "tabs/script/hooks.h"

#include <string.h>
#include <strings.h>
#include <time.h>

enum { VISITS_TOLD = 50 };

struct kept {
    resources *resources;
    history *history;
    bool has_tried; /* to open them; each is NULL where that failed */
};

static struct kept kept_parts;

static void begin(struct host *host)
{
    char path[PATH_MAX + 16];
    firn_error error;
    struct kept *is = &kept_parts;
    if (is->has_tried)
        return;
    is->has_tried = true;
    snprintf(path, sizeof path, "%s/resources", host->folder);
    const resources_options options = {.folder = host->is_private ? NULL : path};
    if (resources_open(&options, &is->resources, &error) != FIRN_OK) {
        is->resources = NULL;
        report_error(&error);
    }
    snprintf(path, sizeof path, "%s/history", host->folder);
    if (!host->is_private && history_open(path, NULL, &is->history, &error) != FIRN_OK) {
        is->history = NULL;
        report_error(&error);
    }
}

void kept_end(void)
{
    resources_close(kept_parts.resources);
    history_close(kept_parts.history);
    kept_parts = (struct kept){0};
}

/* --- responses --- */

static bool may_be_kept(const fetch_job *job)
{
    return strncasecmp(job->url, "http", 4) == 0 && job->body_bytes == 0 &&
           (job->method[0] == '\0' || strcmp(job->method, "GET") == 0) &&
           job->destination != ENGINE_DATA && strcasestr(job->headers, "authorization") == NULL;
}

static void fill(fetch_job *job, const resource *found)
{
    job->failed = false;
    job->why[0] = '\0';
    job->status = found->status;
    job->got.size = job->got_headers.size = 0;
    message_add_raw(&job->got_headers, found->headers, strlen(found->headers));
    message_add_raw(&job->got, found->body, found->body_bytes);
    tab_set_text(&job->final_url, job->url);
}

/* Asks whether what lies here is still right. */
static void add_conditions(fetch_job *job, const resource *found)
{
    message_buffer headers = {0};
    message_add_raw(&headers, job->headers, strlen(job->headers));
    const char *const parts[] = {found->etag != NULL ? "If-None-Match: " : "If-Modified-Since: ",
                                 found->etag != NULL ? found->etag : found->modified, "\r\n"};
    for (size_t i = 0; i < 3 && parts[1] != NULL; i++)
        message_add_raw(&headers, parts[i], strlen(parts[i]));
    message_add_raw(&headers, "", 1);
    if (!headers.failed && parts[1] != NULL) {
        tab_set_text(&job->headers, headers.data);
        job->is_conditional = true;
    }
    message_fini(&headers);
}

bool kept_find(struct host *host, fetch_job *job)
{
    resource found;
    begin(host);
    job->asked_s = (int64_t)time(NULL);
    tab_set_text(&job->asked_url, job->url);
    if (kept_parts.resources == NULL || !may_be_kept(job) || job->is_reload ||
        resources_get(kept_parts.resources, job->url, job->asked_s, &found) != FIRN_OK)
        return false;
    const bool is_fresh = found.is_fresh;
    if (is_fresh)
        fill(job, &found);
    else
        add_conditions(job, &found);
    resource_let_go(&found);
    return is_fresh;
}

/* What the server says is as it was lies here. */
static void renew(fetch_job *job, const char *headers)
{
    resource found;
    (void)!resources_renew(kept_parts.resources, job->url, headers, job->asked_s);
    if (resources_get(kept_parts.resources, job->url, job->asked_s, &found) != FIRN_OK) {
        job->failed = true;
        snprintf(job->why, sizeof job->why, "what was kept of it cannot be read");
        return;
    }
    fill(job, &found);
    resource_let_go(&found);
}

static void keep(fetch_job *job)
{
    const bool is_its = job->asked_url != NULL && strcmp(job->url, job->asked_url) == 0;
    if (kept_parts.resources == NULL || !is_its || !may_be_kept(job) ||
        !message_reserve(&job->got_headers, 1)) /* I1 */
        return;
    job->got_headers.data[job->got_headers.size] = '\0';
    if (job->status == 304 && job->is_conditional) {
        char *headers = NULL;
        tab_set_text(&headers, job->got_headers.data);
        if (headers != NULL)
            renew(job, headers);
        tab_drop_text(&headers);
        return;
    }
    (void)!resources_put(kept_parts.resources, job->url, job->status, job->got_headers.data,
                         job->got.data, job->got.size, job->asked_s, NULL);
}

/* --- what pages take --- */

static void measure(fetch_job *job)
{
    picture_size size;
    firn_status status = picture_measure(job->got.data, job->got.size, &size);
    message_fini(&job->got);
    if (status == FIRN_OK) {
        job->width = size.width;
        job->height = size.height;
    } else {
        job->failed = true;
        snprintf(job->why, sizeof job->why, "is no picture");
    }
}

void kept_decode(fetch_job *job, bool is_html)
{
    charset_text text;
    char type[JOB_TYPE_BYTES];
    job_type(job, type);
    if (job->got.size == 0 ||
        charset_decode(job->got.data, job->got.size, type[0] != '\0' ? type : NULL, is_html, NULL,
                       NULL, &text) != FIRN_OK)
        return;
    message_fini(&job->got);
    job->got = (message_buffer){.data = text.text, .size = text.size, .room = text.block_bytes};
    job->is_binary = text.is_binary;
}

void kept_take(fetch_job *job, bool is_new)
{
    if (job->failed)
        return;
    if (is_new)
        keep(job);
    if (job->failed)
        return;
    if (job->destination == ENGINE_IMAGE)
        measure(job);
    else if (job->destination == ENGINE_SCRIPT || job->destination == ENGINE_STYLE)
        kept_decode(job, false);
}

/* --- visits --- */

void kept_visit(struct host *host, const struct tab *tab)
{
    struct timespec is;
    firn_error error;
    begin(host);
    if (kept_parts.history == NULL)
        return;
    clock_gettime(CLOCK_REALTIME, &is);
    if (history_add(kept_parts.history, (firn_bytes){tab->url, strlen(tab->url)},
                    (firn_bytes){tab->title, strlen(tab->title)},
                    (int64_t)is.tv_sec * 1000 + is.tv_nsec / 1000000, &error) != FIRN_OK)
        report_error(&error);
}

static bool tell_visit(void *context, const history_visit *visit)
{
    struct emitter *emitter = context;
    if (emitter->json) {
        emitter_object_begin(emitter, NULL);
        emitter_text_sized(emitter, "url", visit->url.data, visit->url.size);
        emitter_text_sized(emitter, "title", visit->title.data, visit->title.size);
        emitter_real(emitter, "time_seconds", (double)visit->time_ms / 1000);
        emitter_object_end(emitter);
    } else {
        emitter_plain_name(emitter, visit->url.data, visit->url.size);
        emitter_plain(emitter, " \"");
        emitter_plain_name(emitter, visit->title.data, visit->title.size);
        emitter_plain(emitter, "\"; ");
    }
    return true;
}

firn_status kept_history(struct host *host, struct emitter *emitter, const char *text,
                         firn_error *ret_error)
{
    const history_query query = {
        .text = {text, strlen(text)}, .how = HISTORY_SUBSTRING, .limit = VISITS_TOLD};
    begin(host);
    if (kept_parts.history == NULL)
        return FIRN_OK;
    return history_search(kept_parts.history, &query, tell_visit, emitter, ret_error);
}
