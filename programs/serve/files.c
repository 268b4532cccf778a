/* Requests answered with files: names are looked up below the folder by the kernel, which lets
 * neither ".." nor a link lead out of it (openat2, RESOLVE_BENEATH). A file that lies beside the
 * one asked for, compressed, goes out in its place to those who take it. */
#include "serve/conditions.h"
#include "serve/path.h"
#include "serve/site.h"
#include "serve/types.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_below(int root, const char *path)
{
    const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

void site_answer_status(firn_http_exchange *exchange, uint16_t status)
{
    char text[80];
    int size = snprintf(text, sizeof text, "%u %s\n", (unsigned)status, firn_http_reason(status));
    firn_http_answer(exchange, status, "text/plain; charset=utf-8", text, (size_t)size);
}

static void answer_errno(firn_http_exchange *exchange, int error)
{
    site_answer_status(exchange, error == EACCES || error == EPERM || error == EXDEV     ? 403
                                 : error == EMFILE || error == ENFILE || error == ENOMEM ? 503
                                                                                         : 404);
}

/* To the same address with a slash behind its path. */
static void answer_moved(firn_http_exchange *exchange)
{
    const firn_http_head *head = firn_http_exchange_head(exchange);
    const char *target = firn_http_exchange_data(exchange) + head->target.offset;
    const char *query = memchr(target, '?', head->target.size);
    size_t path = query != NULL ? (size_t)(query - target) : head->target.size;
    char to[PATH_MAX_BYTES * 3];
    /* Two slashes in front would name another host. */
    while (path > 1 && target[0] == '/' && target[1] == '/') {
        target++;
        path--;
    }
    int size = snprintf(to, sizeof to, "%.*s/%.*s", (int)path, target,
                        query != NULL ? (int)(head->target.size - (size_t)(query - target)) : 0,
                        query != NULL ? query : "");
    if (firn_http_answer_begin(exchange, 301) != FIRN_OK ||
        firn_http_answer_field(exchange, "Location", to, (size_t)size) != FIRN_OK ||
        firn_http_answer_body(exchange, NULL, 0) != FIRN_OK)
        return;
}

/* --- compressed forms --- */

static const struct {
    const char *token, *ending;
} codings[] = {{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}};

/* Whether Accept-Encoding lets a coding be used: named, and not with a weight of 0. */
static bool takes_coding(const firn_http_head *head, const char *data, const char *token)
{
    const firn_http_field *field = firn_http_head_find(head, data, "accept-encoding", 0);
    if (field == NULL || !firn_http_list_has(data, field->value, token))
        return false;
    const char *at = data + field->value.offset, *end = at + field->value.size;
    const char *found = memmem(at, (size_t)(end - at), token, strlen(token));
    if (found == NULL) /* in capitals: not worth the looking */
        return false;
    for (found += strlen(token); found < end && *found != ','; found++)
        if (*found == '=')
            return strtod(found + 1, NULL) > 0;
    return true;
}

struct found {
    int fd;
    struct stat stat;
    const char *coding; /* NULL: none */
    bool varies;        /* with Accept-Encoding */
};

static void find_coding(const struct site *site, firn_http_exchange *exchange, const char *path,
                        struct found *found)
{
    const firn_http_head *head = firn_http_exchange_head(exchange);
    const char *data = firn_http_exchange_data(exchange);
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        char name[PATH_MAX_BYTES + 8];
        struct stat stat;
        snprintf(name, sizeof name, "%s%s", path, codings[i].ending);
        int fd = open_below(site->root, name);
        if (fd < 0)
            continue;
        bool good =
            fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_mtime >= found->stat.st_mtime;
        found->varies |= good;
        if (good && found->coding == NULL && takes_coding(head, data, codings[i].token)) {
            close(found->fd);
            *found = (struct found){fd, stat, codings[i].token, true};
        } else {
            close(fd);
        }
    }
}

/* --- a file --- */

static firn_status put_text(firn_http_exchange *exchange, const char *name, const char *value)
{
    return firn_http_answer_field(exchange, name, value, strlen(value));
}

static firn_status put_fields(firn_http_exchange *exchange, const struct found *found,
                              const struct version *version, const char *type)
{
    char date[FIRN_HTTP_DATE_BYTES];
    firn_http_date(version->changed, date);
    firn_status status = put_text(exchange, "Last-Modified", date);
    if (status == FIRN_OK)
        status = put_text(exchange, "ETag", version->etag);
    if (status == FIRN_OK)
        status = put_text(exchange, "Accept-Ranges", "bytes");
    if (status == FIRN_OK && type != NULL)
        status = put_text(exchange, "Content-Type", type);
    if (status == FIRN_OK && found->coding != NULL)
        status = put_text(exchange, "Content-Encoding", found->coding);
    if (status == FIRN_OK && found->varies)
        status = put_text(exchange, "Vary", "Accept-Encoding");
    return status;
}

static void answer_found(firn_http_exchange *exchange, const struct found *found, const char *path)
{
    const firn_http_head *head = firn_http_exchange_head(exchange);
    struct version version = {.size = (uint64_t)found->stat.st_size,
                              .changed = found->stat.st_mtime};
    char range[80];
    struct part part = {0, version.size};
    snprintf(version.etag, sizeof version.etag, "\"%llx-%llx.%lx%s%s\"",
             (unsigned long long)version.size, (unsigned long long)version.changed,
             found->stat.st_mtim.tv_nsec, found->coding != NULL ? "-" : "",
             found->coding != NULL ? found->coding : "");
    uint16_t status = conditions_check(head, firn_http_exchange_data(exchange), &version, &part);
    bool has_body = status == 200 || status == 206;
    bool fine =
        firn_http_answer_begin(exchange, status) == FIRN_OK &&
        put_fields(exchange, found, &version, has_body ? type_of_name(path) : NULL) == FIRN_OK;
    if (status == 206)
        snprintf(range, sizeof range, "bytes %llu-%llu/%llu", (unsigned long long)part.first,
                 (unsigned long long)(part.first + part.size - 1),
                 (unsigned long long)version.size);
    else
        snprintf(range, sizeof range, "bytes */%llu", (unsigned long long)version.size);
    if (fine && (status == 206 || status == 416))
        fine = put_text(exchange, "Content-Range", range) == FIRN_OK;
    if (!has_body || !fine) {
        close(found->fd);
        (void)!firn_http_answer_body(exchange, NULL, 0);
        return;
    }
    (void)!firn_http_answer_file(exchange, found->fd, part.first, part.size);
}

static void answer_folder(struct site *site, firn_http_exchange *exchange, int folder,
                          const char *path)
{
    char index[PATH_MAX_BYTES + 16];
    snprintf(index, sizeof index, "%s/index.html", path);
    struct found found = {.fd = open_below(site->root, index)};
    if (found.fd >= 0 && fstat(found.fd, &found.stat) == 0 && S_ISREG(found.stat.st_mode)) {
        close(folder);
        find_coding(site, exchange, index, &found);
        answer_found(exchange, &found, index);
        return;
    }
    if (found.fd >= 0)
        close(found.fd);
    if (site->lists) {
        site_answer_listing(exchange, folder, path);
        return;
    }
    close(folder);
    site_answer_status(exchange, 404);
}

static void answer_path(struct site *site, firn_http_exchange *exchange, const char *path,
                        bool is_folder)
{
    struct found found = {.fd = open_below(site->root, path)};
    if (found.fd < 0 || fstat(found.fd, &found.stat) != 0) {
        int error = errno;
        if (found.fd >= 0)
            close(found.fd);
        answer_errno(exchange, error);
    } else if (S_ISDIR(found.stat.st_mode) && is_folder) {
        answer_folder(site, exchange, found.fd, path);
    } else if (S_ISDIR(found.stat.st_mode)) {
        close(found.fd);
        answer_moved(exchange);
    } else if (S_ISREG(found.stat.st_mode) && !is_folder) {
        find_coding(site, exchange, path, &found);
        answer_found(exchange, &found, path);
    } else {
        close(found.fd);
        site_answer_status(exchange, 404);
    }
}

void site_handle(void *context, firn_http_exchange *exchange)
{
    struct site *site = context;
    const firn_http_head *head = firn_http_exchange_head(exchange);
    const char *target = firn_http_exchange_data(exchange) + head->target.offset;
    size_t size = head->target.size;
    char path[PATH_MAX_BYTES];
    bool is_folder;
    if (head->method != FIRN_HTTP_GET && head->method != FIRN_HTTP_HEAD) {
        bool known = head->method != FIRN_HTTP_OTHER;
        if (firn_http_answer_begin(exchange, known ? 405 : 501) == FIRN_OK &&
            put_text(exchange, "Allow", "GET, HEAD") == FIRN_OK)
            (void)!firn_http_answer_body(exchange, NULL, 0);
        return;
    }
    if (head->form == FIRN_HTTP_ABSOLUTE) { /* what stands behind the host */
        const char *host_end =
            firn_http_exchange_data(exchange) + head->host.offset + head->host.size;
        size -= (size_t)(host_end - target);
        target = size > 0 && *host_end == '/' ? host_end : "/";
        size = target == host_end ? size : 1;
    }
    if (site->stats_path != NULL && size == strlen(site->stats_path) &&
        memcmp(target, site->stats_path, size) == 0)
        site_answer_stats(site, exchange);
    else if (!path_of_target(target, size, path, &is_folder))
        site_answer_status(exchange, 400);
    else
        answer_path(site, exchange, path, is_folder);
}
