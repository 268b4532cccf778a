/* What a thread does for one fetch: files, and URLs of http and https with their redirects.
 *
 * Documents that the user names may come from anywhere. Pages of http and https get nothing from
 * files; pages from files get documents, scripts, style sheets and images from files, and no data,
 * as browsers have it; what scripts ask of another origin must allow it
 * (Access-Control-Allow-Origin).
 */
#include "tabs/host/host.h"

#include "tabs/script/hooks.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { REDIRECTS_MAX = 20, FIELDS_MAX = 64, TIME_MS = 60000 };

#define BODY_MAX_BYTES (256u << 20)

static void fail(fetch_job *job, const char *why)
{
    job->failed = true;
    snprintf(job->why, sizeof job->why, "%s", why);
}

void resource_origin(const char *url, char *out, size_t size)
{
    const char *end = strstr(url, "://");
    if (strncasecmp(url, "http", 4) != 0 || end == NULL) {
        snprintf(out, size, "%s", strncasecmp(url, "file:", 5) == 0 ? "file://" : "null");
        return;
    }
    size_t length = (size_t)(end - url) + 3;
    length += strcspn(url + length, "/?#");
    snprintf(out, size, "%.*s", (int)(length < size ? length : size - 1), url);
    for (char *at = out; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
}

/* --- files --- */

bool resource_is_file(const char *url)
{
    return strncasecmp(url, "file://", 7) == 0;
}

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html"},        {".htm", "text/html"},       {".xhtml", "text/html"},
        {".js", "text/javascript"},    {".mjs", "text/javascript"}, {".css", "text/css"},
        {".json", "application/json"}, {".txt", "text/plain"},      {".png", "image/png"},
        {".jpg", "image/jpeg"},        {".jpeg", "image/jpeg"},     {".gif", "image/gif"},
        {".webp", "image/webp"},       {".svg", "image/svg+xml"},   {".ico", "image/x-icon"},
        {".pdf", "application/pdf"},
    };
    const size_t length = strlen(path);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const size_t end = strlen(types[i][0]);
        if (length > end && strcasecmp(path + length - end, types[i][0]) == 0)
            return types[i][1];
    }
    return NULL;
}

static int digit(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* The path that a URL of a file names. */
static bool path_of(const char *url, char *path, size_t size)
{
    size_t at = 0;
    const char *from = url + strlen("file://");
    if (strncasecmp(from, "localhost/", 10) == 0)
        from += 9;
    for (; *from != '\0' && *from != '?' && *from != '#'; from++) {
        int high = *from == '%' ? digit(from[1]) : -1, low = high >= 0 ? digit(from[2]) : -1;
        if (at + 1 >= size || (low >= 0 && high * 16 + low == 0))
            return false;
        path[at++] = low >= 0 ? (char)(high * 16 + low) : *from;
        from += low >= 0 ? 2 : 0;
    }
    path[at] = '\0';
    return path[0] == '/';
}

static void bring_file(fetch_job *job)
{
    char path[PATH_MAX];
    firn_error error;
    void *data;
    size_t size;
    const bool is_data = job->destination == ENGINE_DATA;
    if (job->origin[0] != '\0' && (is_data || strcmp(job->origin, "file://") != 0)) {
        fail(job, "a page may not read this file");
        return;
    }
    if (!path_of(job->url, path, sizeof path)) {
        fail(job, "is no path of a file");
        return;
    }
    if (firn_file_read_all(path, BODY_MAX_BYTES, NULL, &data, &size, NULL, &error) != FIRN_OK) {
        fail(job, error.text);
        return;
    }
    const char *type = type_of(path);
    if (type != NULL) {
        message_add_raw(&job->got_headers, "Content-Type: ", 14);
        message_add_raw(&job->got_headers, type, strlen(type));
        message_add_raw(&job->got_headers, "\r\n", 2);
    }
    job->got = (message_buffer){.data = data, .size = size, .room = size};
    job->status = 200;
}

/* --- http --- */

/* Splits lines of headers, which it changes, into fields; those that are the client's to send are
 * left out. */
static size_t split(char *headers, firn_http_pair *fields)
{
    static const char *const own[] = {
        "host", "content-length", "transfer-encoding", "connection",      "expect", "upgrade",
        "te",   "trailer",        "keep-alive",        "accept-encoding", "cookie"};
    size_t count = 0;
    char *rest = headers;
    for (char *line; count < FIELDS_MAX && (line = strsep(&rest, "\n")) != NULL;) {
        line[strcspn(line, "\r")] = '\0';
        char *colon = strchr(line, ':');
        bool is_own = colon == NULL || colon == line;
        if (is_own)
            continue;
        *colon++ = '\0';
        while (*colon == ' ' || *colon == '\t')
            colon++;
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
            is_own |= strcasecmp(line, own[i]) == 0;
        if (!is_own)
            fields[count++] = (firn_http_pair){line, colon};
    }
    return count;
}

static const char *value_of(const firn_http_reply *reply, const char *name, size_t *ret_size)
{
    const firn_http_head *head = firn_http_reply_head(reply);
    const char *data = firn_http_reply_data(reply);
    const firn_http_field *field = firn_http_head_find(head, data, name, 0);
    *ret_size = field != NULL ? field->value.size : 0;
    return field != NULL ? data + field->value.offset : NULL;
}

static bool may_be_read(const fetch_job *job, const firn_http_reply *reply)
{
    char origin[300];
    size_t size;
    if (job->destination != ENGINE_DATA)
        return true;
    resource_origin(job->url, origin, sizeof origin);
    if (strcmp(origin, job->origin) == 0)
        return true;
    const char *allowed = value_of(reply, "access-control-allow-origin", &size);
    return allowed != NULL &&
           ((size == 1 && allowed[0] == '*') ||
            (size == strlen(job->origin) && memcmp(allowed, job->origin, size) == 0));
}

static void take_headers(fetch_job *job, const firn_http_reply *reply)
{
    const firn_http_head *head = firn_http_reply_head(reply);
    const char *data = firn_http_reply_data(reply);
    job->status = head->status;
    for (uint32_t i = 0; i < head->field_count; i++) {
        message_add_raw(&job->got_headers, data + head->fields[i].name.offset,
                        head->fields[i].name.size);
        message_add_raw(&job->got_headers, ": ", 2);
        message_add_raw(&job->got_headers, data + head->fields[i].value.offset,
                        head->fields[i].value.size);
        message_add_raw(&job->got_headers, "\r\n", 2);
    }
}

static void take_body(fetch_job *job, firn_http_reply *reply)
{
    firn_error error;
    for (size_t size = 1; size > 0;) {
        if (job->is_aborted) {
            fail(job, "nobody wants it any more");
            return;
        }
        if (job->got.size > BODY_MAX_BYTES || !message_reserve(&job->got, 64 << 10)) {
            fail(job, "what comes is too large");
            return;
        }
        if (firn_http_reply_read(reply, job->got.data + job->got.size, 64 << 10, &size, &error) !=
            FIRN_OK) {
            fail(job, error.text);
            return;
        }
        job->got.size += size;
    }
}

/* Whether a reply leads elsewhere; then the job's URL does. */
static bool follow(fetch_job *job, const firn_http_reply *reply)
{
    const uint16_t status = firn_http_reply_head(reply)->status;
    char text[8192];
    size_t size;
    firn_url to;
    firn_error error;
    const char *place = value_of(reply, "location", &size);
    if (place == NULL ||
        (status != 301 && status != 302 && status != 303 && status != 307 && status != 308))
        return false;
    if (firn_url_resolve(firn_http_reply_url(reply), place, size, text, sizeof text - 1, &to,
                         &error) != FIRN_OK) {
        fail(job, error.text);
        return true;
    }
    text[to.size] = '\0';
    const bool is_post = strcmp(job->method, "POST") == 0;
    if ((status == 303 && strcmp(job->method, "HEAD") != 0) || (status <= 302 && is_post)) {
        tab_set_text(&job->method, "GET");
        firn_release(NULL, job->body, job->body_bytes + 1);
        job->body = NULL;
        job->body_bytes = 0;
    }
    tab_set_text(&job->final_url, text);
    tab_set_text(&job->url, text);
    return true;
}

/* Scripts send cookies to their own origin alone. */
static bool takes_cookies(const fetch_job *job)
{
    char origin[300];
    resource_origin(job->url, origin, sizeof origin);
    return job->destination != ENGINE_DATA || strcmp(origin, job->origin) == 0;
}

static void take_cookies(const fetch_job *job, const firn_http_reply *reply)
{
    const firn_http_head *head = firn_http_reply_head(reply);
    const char *data = firn_http_reply_data(reply);
    for (uint32_t i = 0; i < head->field_count && takes_cookies(job); i++) {
        const firn_http_field *field = &head->fields[i];
        if (field->name.size == 10 && strncasecmp(data + field->name.offset, "set-cookie", 10) == 0)
            cookies_take(job->url, data + field->value.offset, field->value.size);
    }
}

/* One request and its reply; false: it leads elsewhere. */
static bool ask(firn_http_client *client, fetch_job *job)
{
    firn_http_pair fields[FIELDS_MAX + 1];
    char cookies[8192];
    firn_http_reply *reply;
    firn_error error;
    char *headers = NULL;
    tab_set_text(&headers, job->headers);
    firn_http_request request = {.method = job->method[0] != '\0' ? job->method : "GET",
                                 .url = job->url,
                                 .fields = fields,
                                 .body = job->body_bytes > 0 ? job->body : NULL,
                                 .body_size = job->body_bytes,
                                 .time_ms = TIME_MS};
    request.field_count = headers != NULL ? split(headers, fields) : 0;
    if (takes_cookies(job) && cookies_give(job->url, cookies, sizeof cookies) > 0)
        fields[request.field_count++] = (firn_http_pair){"Cookie", cookies};
    const size_t header_bytes = strlen(job->headers) + 1;
    bool is_done = true;
    if (firn_http_client_open(client, &request, &reply, &error) != FIRN_OK) {
        fail(job, error.text);
    } else {
        take_cookies(job, reply);
        is_done = !follow(job, reply) || job->failed;
        if (is_done && !job->failed) {
            if (may_be_read(job, reply)) {
                take_headers(job, reply);
                take_body(job, reply);
            } else {
                fail(job, "the other origin does not allow it");
            }
        }
        firn_http_reply_close(reply);
    }
    firn_release(NULL, headers, headers != NULL ? header_bytes : 0);
    return is_done;
}

void resource_bring(firn_http_client *client, fetch_job *job)
{
    tab_set_text(&job->final_url, job->url);
    if (job->is_aborted) {
        fail(job, "nobody wants it any more");
        return;
    }
    if (resource_is_file(job->url)) {
        bring_file(job);
        return;
    }
    if (strncasecmp(job->url, "http://", 7) != 0 && strncasecmp(job->url, "https://", 8) != 0) {
        fail(job, "only http, https and files can be fetched");
        return;
    }
    tab_set_text_sized(&job->url, job->url, strcspn(job->url, "#"));
    for (unsigned hops = 0; !ask(client, job); hops++) {
        if (hops == REDIRECTS_MAX || job->is_aborted) {
            fail(job, "it redirects without end");
            return;
        }
    }
    if (job->got.failed || job->got_headers.failed)
        fail(job, "out of memory");
}
