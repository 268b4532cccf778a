/* `firn get`, one URL. What was cut off earlier is gone on with by Range, with If-Range, so that a
 * server that has another version by now sends all of it, which is then begun anew. */
#include "get/fetch.h"

#include "common/emitter.h"
#include "common/progress.h"
#include "common/readable.h"
#include "get/part.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (256u << 10)

/* A transfer under way. */
struct transfer {
    const struct fetch *fetch;
    const char *url;
    struct part part;
    firn_http_reply *reply;
    firn_error error;
    uint64_t start_ns;
    uint64_t came;  /* bytes, by this run */
    uint64_t whole; /* bytes of all, where the reply is the rest; UINT64_MAX: not said */
    bool is_rest;   /* it goes behind what is there */
    uint16_t status;
    bool has_file; /* a path was given */
};

static const char *value_of(const firn_http_reply *reply, const char *name, size_t *ret_size)
{
    const firn_http_head *head = firn_http_reply_head(reply);
    const char *data = firn_http_reply_data(reply);
    const firn_http_field *field = firn_http_head_find(head, data, name, 0);
    *ret_size = field != NULL ? field->value.size : 0;
    return field != NULL ? data + field->value.offset : NULL;
}

/* What If-Range can name this version by: a strong entity tag, or its date; "" where it has none.
 */
static void tag_of(const firn_http_reply *reply, char tag[PART_TAG_BYTES])
{
    size_t size;
    const char *value = value_of(reply, "etag", &size);
    if (value == NULL || size < 2 || value[0] != '"')
        value = value_of(reply, "last-modified", &size);
    if (value == NULL || size >= PART_TAG_BYTES)
        size = 0;
    if (size > 0)
        memcpy(tag, value, size);
    tag[size] = '\0';
}

/* Reports the failure, which mostly names the URL itself. */
static enum exit_status fail(struct transfer *transfer)
{
    const char *text = transfer->error.text, *url = transfer->url;
    const size_t size = strlen(url) < 100 ? strlen(url) : 100;
    const bool is_named = strncmp(text, url, size) == 0;
    const bool is_kept = part_close(&transfer->part) && transfer->part.tag[0] != '\0';
    report("%s%s%s%s", is_named ? "" : url, is_named ? "" : ": ", text,
           is_kept ? "; what came is kept, --continue goes on with it" : "");
    return EXIT_FAILED;
}

/* --- asking --- */

static bool ask(struct transfer *transfer, bool for_rest)
{
    const struct fetch *fetch = transfer->fetch;
    firn_http_request request = fetch->request;
    char range[48];
    request.url = transfer->url;
    if (for_rest) {
        snprintf(range, sizeof range, "bytes=%" PRIu64 "-", transfer->part.size);
        fetch->fields[request.field_count++] = (firn_http_pair){"Range", range};
        fetch->fields[request.field_count++] = (firn_http_pair){"If-Range", transfer->part.tag};
    }
    request.fields = fetch->fields;
    if (request.rewind != NULL) /* another URL may have had it */
        (void)request.rewind(request.produce_context);
    return firn_http_client_open(fetch->client, &request, &transfer->reply, &transfer->error) ==
           FIRN_OK;
}

/* The first byte that a part of 206 begins with, and the size of all ("*": UINT64_MAX). False for
 * what is none; of 416 only the size is there. */
static bool read_content_range(const firn_http_reply *reply, uint64_t *ret_first,
                               uint64_t *ret_whole)
{
    size_t size;
    char text[100];
    const char *value = value_of(reply, "content-range", &size);
    uint64_t first = 0, last = 0, whole = UINT64_MAX;
    if (value == NULL || size >= sizeof text)
        return false;
    memcpy(text, value, size);
    text[size] = '\0';
    if (sscanf(text, "bytes */%" SCNu64, &whole) != 1) {
        int got = sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &first, &last, &whole);
        if (got < 2 || last < first)
            return false;
    }
    *ret_first = first;
    *ret_whole = whole;
    return true;
}

static void tell_anew(const struct transfer *transfer)
{
    if (!transfer->fetch->quiet)
        report("%s: is of another version; beginning anew", transfer->part.path);
}

/* Asks for what is missing. *ret_complete: nothing is. */
static bool ask_for_rest(struct transfer *transfer, bool *ret_complete)
{
    uint64_t first = 0, whole = 0;
    struct part *part = &transfer->part;
    if (!ask(transfer, true))
        return false;
    const uint16_t status = firn_http_reply_head(transfer->reply)->status;
    if (status != 206 && status != 416) {
        if (status == 200)
            tell_anew(transfer);
        return true;
    }
    const bool is_said = read_content_range(transfer->reply, &first, &whole);
    if (status == 206 && is_said && first == part->size) {
        transfer->is_rest = true;
        transfer->whole = whole;
        return true;
    }
    if (status == 416 && is_said && whole == part->size) {
        *ret_complete = true;
        return true;
    }
    tell_anew(transfer); /* it is longer than what there is, or the server's answer is no use */
    firn_http_reply_close(transfer->reply);
    transfer->reply = NULL;
    return ask(transfer, false);
}

/* --- taking --- */

/* Text goes to a terminal; what would garble it does not. */
static bool suits(const struct transfer *transfer, const char *data, size_t size)
{
    if (transfer->has_file || isatty(STDOUT_FILENO) != 1 || memchr(data, '\0', size) == NULL)
        return true;
    report("%s: is no text; name a file with -o, or have stdout go elsewhere", transfer->url);
    return false;
}

static enum exit_status fail_writing(struct transfer *transfer, int error)
{
    if (transfer->part.direct && error == EPIPE) /* its reader's will */
        return EXIT_FAILED;
    firn_error_set(&transfer->error, firn_status_from_errno(error), error, "%s: %s",
                   transfer->part.path, strerror(error));
    return fail(transfer);
}

static enum exit_status take_pieces(struct transfer *transfer, struct progress *progress)
{
    static char data[READ_BYTES];
    size_t size = 1;
    while (size > 0) {
        if (firn_http_reply_read(transfer->reply, data, sizeof data, &size, &transfer->error) !=
            FIRN_OK) {
            progress_end(progress);
            return fail(transfer);
        }
        int error = 0;
        const bool suited = transfer->came > 0 || suits(transfer, data, size);
        if (suited)
            error = part_write(&transfer->part, data, size);
        if (!suited || error != 0) {
            progress_end(progress);
            return suited ? fail_writing(transfer, error) : EXIT_FAILED;
        }
        transfer->came += size;
        progress_add(progress, size);
    }
    progress_end(progress);
    return EXIT_DONE;
}

static enum exit_status take_body(struct transfer *transfer)
{
    struct progress progress;
    const firn_http_head *head = firn_http_reply_head(transfer->reply);
    const bool wanted =
        !transfer->fetch->quiet && (transfer->has_file || isatty(STDOUT_FILENO) != 1);
    const bool is_known = head->body == FIRN_HTTP_BODY_LENGTH;
    progress_begin(&progress, "getting", is_known ? transfer->part.size + head->length : 0, true,
                   wanted);
    progress_add(&progress, transfer->part.size);
    return take_pieces(transfer, &progress);
}

static enum exit_status take(struct transfer *transfer)
{
    const firn_http_head *head = firn_http_reply_head(transfer->reply);
    char tag[PART_TAG_BYTES];
    if (head->status < 200 || head->status > 299) {
        const char *reason = firn_http_reason(head->status);
        snprintf(transfer->error.text, sizeof transfer->error.text, "%u %s", (unsigned)head->status,
                 reason);
        return fail(transfer);
    }
    if (head->status == 206 && !transfer->is_rest && !transfer->fetch->has_range) {
        snprintf(transfer->error.text, sizeof transfer->error.text,
                 "206 Partial Content, where all was asked for");
        return fail(transfer);
    }
    if (!transfer->is_rest) {
        tag_of(transfer->reply, tag);
        if (head->status == 206) /* nothing could be gone on with */
            tag[0] = '\0';
        if (!part_begin(&transfer->part, tag))
            return EXIT_FAILED;
        memcpy(transfer->part.tag, tag, sizeof tag);
    }
    enum exit_status status = take_body(transfer);
    if (status == EXIT_DONE && transfer->is_rest && transfer->whole != UINT64_MAX &&
        transfer->part.size != transfer->whole) {
        snprintf(transfer->error.text, sizeof transfer->error.text,
                 "the server sent only a part of what is missing");
        return fail(transfer);
    }
    if (status == EXIT_DONE && !part_finish(&transfer->part))
        status = EXIT_FAILED;
    return status;
}

/* --- telling --- */

static void emit_fields(struct emitter *emitter, const firn_http_reply *reply)
{
    static const struct emitter_column columns[] = {{"name", -1}, {"value", -1}};
    const firn_http_head *head = firn_http_reply_head(reply);
    const char *data = firn_http_reply_data(reply);
    emitter_table_begin(emitter, "fields", columns, 2);
    for (uint32_t i = 0; i < head->field_count; i++) {
        const firn_http_field *field = &head->fields[i];
        emitter_row_begin(emitter);
        emitter_text_sized(emitter, "name", data + field->name.offset, field->name.size);
        emitter_text_sized(emitter, "value", data + field->value.offset, field->value.size);
        emitter_row_end(emitter);
    }
    emitter_table_end(emitter);
}

static enum exit_status tell_json(const struct transfer *transfer, const char *path,
                                  enum exit_status status)
{
    struct emitter emitter;
    emitter_begin_line(&emitter, stdout, true);
    emitter_object_begin(&emitter, NULL);
    emitter_number(&emitter, "status", transfer->status);
    emitter_text(&emitter, "url", transfer->url);
    emitter_bytes(&emitter, "bytes", transfer->came);
    emitter_seconds(&emitter, "seconds", (double)(firn_clock_ns() - transfer->start_ns) / 1e9);
    if (path != NULL)
        emitter_path(&emitter, "file", path);
    if (transfer->fetch->only_head && transfer->reply != NULL)
        emit_fields(&emitter, transfer->reply);
    emitter_object_end(&emitter);
    return emitter_end(&emitter, status);
}

static enum exit_status tell(const struct transfer *transfer, const char *path,
                             enum exit_status status)
{
    char bytes[READABLE_BYTES], seconds[READABLE_BYTES];
    struct emitter emitter;
    if (transfer->fetch->json)
        return tell_json(transfer, path, status);
    if (path == NULL || status != EXIT_DONE || transfer->fetch->quiet)
        return status;
    emitter_begin(&emitter, stdout, false);
    emitter_plain_name(&emitter, path, strlen(path));
    emitter_plain(&emitter, ": %s in %s\n", readable_bytes(transfer->came, bytes),
                  readable_seconds((double)(firn_clock_ns() - transfer->start_ns) / 1e9, seconds));
    return emitter_end(&emitter, status);
}

/* --- all of it --- */

/* The head, as it came. */
static enum exit_status print_head(const struct transfer *transfer)
{
    const firn_http_head *head = firn_http_reply_head(transfer->reply);
    const char *data = firn_http_reply_data(transfer->reply);
    struct emitter emitter;
    emitter_begin(&emitter, stdout, false);
    emitter_plain(&emitter, "HTTP/1.%u %u ", (unsigned)head->minor, (unsigned)head->status);
    emitter_plain_name(&emitter, data + head->reason.offset, head->reason.size);
    for (uint32_t i = 0; i < head->field_count; i++) {
        const firn_http_field *field = &head->fields[i];
        emitter_plain(&emitter, "\n");
        emitter_plain_name(&emitter, data + field->name.offset, field->name.size);
        emitter_plain(&emitter, ": ");
        emitter_plain_name(&emitter, data + field->value.offset, field->value.size);
    }
    emitter_plain(&emitter, "\n");
    return emitter_end(&emitter, head->status < 400 ? EXIT_DONE : EXIT_FAILED);
}

static enum exit_status get_head(struct transfer *transfer)
{
    if (!ask(transfer, false))
        return fail(transfer);
    transfer->status = firn_http_reply_head(transfer->reply)->status;
    if (!transfer->fetch->json)
        return print_head(transfer);
    return transfer->status < 400 ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_status get_file(struct transfer *transfer, const char *path)
{
    struct part *part = &transfer->part;
    bool is_complete = false;
    if (!part_open(part, path, transfer->fetch->goes_on))
        return EXIT_FAILED;
    const bool for_rest = part->size > 0 && part->tag[0] != '\0';
    if (part->size > 0 && !for_rest && !transfer->fetch->quiet)
        report("%s: cannot be gone on with, as its version is not known; beginning anew",
               part->path);
    if (!(for_rest ? ask_for_rest(transfer, &is_complete) : ask(transfer, false)))
        return fail(transfer);
    transfer->status = firn_http_reply_head(transfer->reply)->status;
    if (!is_complete)
        return take(transfer);
    return part_finish(part) ? EXIT_DONE : EXIT_FAILED;
}

enum exit_status fetch(const struct fetch *fetch, const char *url, const char *path)
{
    struct transfer transfer = {.fetch = fetch,
                                .url = url,
                                .start_ns = firn_clock_ns(),
                                .has_file = path != NULL,
                                .part = {.fd = -1}};
    enum exit_status status = fetch->only_head ? get_head(&transfer) : get_file(&transfer, path);
    status = tell(&transfer, path, status);
    (void)part_close(&transfer.part);
    firn_http_reply_close(transfer.reply);
    return status;
}
