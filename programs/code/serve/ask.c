/* The command's side of the protocol: one connection, one request, the answer's bytes to stdout.
 *
 * A server that does not begin to answer within PATIENCE_MS is left, as is one of another version
 * or store: what the command then does itself is the same. Once something was printed there is no
 * way back, and an answer that breaks off is an error. */
#include "code/serve/ask.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "code/serve/reply.h"
#include "code/serve/request.h"
#include "code/serve/socket.h"

#define PATIENCE_MS 2000
#define LINE_BYTES (2 * REPLY_BYTES)

struct asking {
    const struct invocation *invocation;
    struct emitter emitter;
    int descriptor;
    bool is_begun;   /* the server has begun to answer */
    bool is_printed; /* and something of it is printed */
    size_t used;
    char *buffer; /* LINE_BYTES */
};

enum progress { GOES_ON, ENDED, BROKEN };

/* --- the request --- */

/* Writes the request as a line; 0 without memory, when it is too long, or when a text is not UTF-8,
 * which JSON cannot carry. */
static size_t write_request(const struct invocation *invocation, const struct method *method,
                            const struct question *question, const char *store,
                            char line[REQUEST_MAX_BYTES])
{
    char folder[PATH_MAX];
    const bool has_folder = getcwd(folder, sizeof folder) != NULL;
    json_t *params = json_pack("{s:b, s:b, s:b, s:s, s:s, s:s*, s:s*, s:s*, s:s*}", "text", 1,
                               "json", invocation->json, "quiet", invocation->quiet, "version",
                               FIRN_VERSION_STRING, "store", store, "folder",
                               has_folder ? folder : NULL, "language", question->language, "file",
                               question->file, "format", question->in_lines ? "lines" : NULL);
    if (params != NULL && method->operand != NULL &&
        json_object_set_new(params, method->operand, json_string(question->operand)) != 0) {
        json_decref(params);
        return 0;
    }
    json_t *request = params != NULL ? json_pack("{s:i, s:s, s:o}", "id", 1, "method", method->name,
                                                 "params", params)
                                     : NULL;
    const size_t size =
        request != NULL ? json_dumpb(request, line, REQUEST_MAX_BYTES, JSON_COMPACT) : 0;
    json_decref(request);
    if (size == 0 || size >= REQUEST_MAX_BYTES)
        return 0;
    line[size] = '\n';
    return size + 1;
}

/* --- the answer --- */

/* Turns a text's characters back into the bytes that they stand for, in place. */
static size_t unpack(char *text, size_t size)
{
    size_t out = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte >= 0x80 && i + 1 < size)
            text[out++] = (char)((byte & 3) << 6 | ((unsigned char)text[++i] & 0x3f));
        else
            text[out++] = (char)byte;
    }
    return out;
}

static void print_message(const json_t *message)
{
    const size_t size = json_string_length(message);
    char *text = firn_allocate(NULL, size + 1);
    if (text == NULL)
        return;
    memcpy(text, json_string_value(message), size);
    text[unpack(text, size)] = '\0';
    report("%s", text);
    firn_release(NULL, text, size + 1);
}

static enum progress take_output(struct asking *asking, const json_t *output)
{
    const size_t size = json_string_length(output);
    char *text = firn_allocate(NULL, size + 1);
    if (text == NULL)
        return BROKEN;
    memcpy(text, json_string_value(output), size);
    emitter_plain_bytes(&asking->emitter, text, unpack(text, size));
    firn_release(NULL, text, size + 1);
    asking->is_begun = true;
    asking->is_printed = asking->is_printed || size > 0;
    return emitter_failed(&asking->emitter) ? ENDED : GOES_ON;
}

static enum progress take_line(struct asking *asking, const char *line, size_t size,
                               enum exit_status *ret_exit)
{
    json_t *answer = json_loadb(line, size, JSON_ALLOW_NUL, NULL);
    const json_t *output = json_object_get(answer, "output");
    const json_t *result = json_object_get(answer, "result");
    const json_t *exit_value = json_object_get(result, "exit");
    enum progress progress = BROKEN;
    if (json_is_string(output)) {
        progress = take_output(asking, output);
        *ret_exit = EXIT_DONE;
    } else if (json_is_integer(exit_value)) {
        const json_t *message = json_object_get(result, "message");
        *ret_exit =
            emitter_end(&asking->emitter,
                        json_integer_value(exit_value) == EXIT_DONE ? EXIT_DONE : EXIT_FAILED);
        if (json_is_string(message))
            print_message(message);
        asking->is_printed = true;
        progress = ENDED;
    }
    json_decref(answer);
    return progress;
}

/* Takes the whole lines that came. */
static enum progress take_lines(struct asking *asking, enum exit_status *ret_exit)
{
    enum progress progress = GOES_ON;
    size_t from = 0;
    while (progress == GOES_ON) {
        const char *line = asking->buffer + from;
        const char *end = memchr(line, '\n', asking->used - from);
        if (end == NULL)
            break;
        progress = take_line(asking, line, (size_t)(end - line), ret_exit);
        from += (size_t)(end - line) + 1;
    }
    memmove(asking->buffer, asking->buffer + from, asking->used - from);
    asking->used -= from;
    return progress;
}

static enum progress take_some(struct asking *asking, enum exit_status *ret_exit)
{
    struct pollfd poll_for = {.fd = asking->descriptor, .events = POLLIN};
    const int ready = poll(&poll_for, 1, asking->is_begun ? -1 : PATIENCE_MS);
    if (ready < 0 && errno == EINTR)
        return GOES_ON;
    if (ready <= 0 || asking->used == LINE_BYTES)
        return BROKEN;
    const ssize_t got = recv(asking->descriptor, asking->buffer + asking->used,
                             LINE_BYTES - asking->used, MSG_DONTWAIT);
    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR) ? GOES_ON : BROKEN;
    asking->used += (size_t)got;
    return take_lines(asking, ret_exit);
}

/* False when nothing was printed. */
static bool take_answer(struct asking *asking, enum exit_status *ret_exit)
{
    enum progress progress = GOES_ON;
    emitter_begin(&asking->emitter, stdout, false);
    while (progress == GOES_ON)
        progress = take_some(asking, ret_exit);
    if (!asking->is_printed)
        return false;
    if (emitter_failed(&asking->emitter)) {
        *ret_exit = emitter_end(&asking->emitter, EXIT_FAILED);
    } else if (progress == BROKEN) {
        *ret_exit = emitter_end(&asking->emitter, EXIT_FAILED);
        report("the server of %s ended in the middle of its answer; ask again",
               option_text(asking->invocation, "store"));
    }
    return true;
}

bool ask_server(const struct invocation *invocation, const struct method *method,
                const struct question *question, enum exit_status *ret_exit)
{
    char store[PATH_MAX];
    struct asking asking = {.invocation = invocation,
                            .descriptor = socket_connect(question->store)};
    bool is_answered = false;
    if (asking.descriptor < 0)
        return false;
    asking.buffer = firn_allocate(NULL, LINE_BYTES);
    if (asking.buffer != NULL && realpath(question->store, store) != NULL) {
        const size_t size = write_request(invocation, method, question, store, asking.buffer);
        if (size > 0 && send(asking.descriptor, asking.buffer, size, MSG_NOSIGNAL) == (ssize_t)size)
            is_answered = take_answer(&asking, ret_exit);
    }
    firn_release(NULL, asking.buffer, LINE_BYTES);
    close(asking.descriptor);
    return is_answered;
}
