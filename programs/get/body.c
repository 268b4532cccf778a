/* What --data sends. A file goes out as it is read, with its size; stdin in chunks, as its size is
 * not known, unless it is a file. */
#include "get/body.h"

#include "common/report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t produce(void *context, char *data, size_t size)
{
    struct body *body = context;
    ssize_t got;
    do
        got = read(body->fd, data, size);
    while (got < 0 && errno == EINTR);
    if (got >= 0)
        return (size_t)got;
    body->error = errno;
    return FIRN_HTTP_BROKEN;
}

static bool begin_anew(void *context)
{
    const struct body *body = context;
    return body->begin >= 0 && lseek(body->fd, body->begin, SEEK_SET) == body->begin;
}

bool body_open(struct body *body, const char *data, firn_http_request *request)
{
    struct stat stat;
    *body = (struct body){.fd = -1, .begin = -1};
    if (data[0] != '@') {
        request->body = data;
        request->body_size = strlen(data);
        return true;
    }
    const bool is_stdin = strcmp(data, "@-") == 0;
    body->path = is_stdin ? "stdin" : data + 1;
    body->fd = is_stdin ? STDIN_FILENO : open(body->path, O_RDONLY | O_CLOEXEC);
    if (body->fd < 0 || fstat(body->fd, &stat) != 0) {
        report("%s: %s; name a file to send", body->path, strerror(errno));
        return false;
    }
    if (S_ISDIR(stat.st_mode)) {
        report("%s: is a folder; name a file to send", body->path);
        return false;
    }
    request->produce = produce;
    request->produce_context = body;
    request->rewind = begin_anew;
    request->body_size = FIRN_HTTP_UNKNOWN_LENGTH;
    if (S_ISREG(stat.st_mode)) {
        body->begin = lseek(body->fd, 0, SEEK_CUR);
        request->body_size =
            stat.st_size > body->begin ? (uint64_t)(stat.st_size - body->begin) : 0;
    }
    return true;
}

void body_close(struct body *body)
{
    if (body->fd > STDIN_FILENO)
        close(body->fd);
    body->fd = -1;
}
