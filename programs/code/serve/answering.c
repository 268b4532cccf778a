/* Requests to answers. A command's answer comes from the same function as the command's own
 * (answer.h); the other methods are here. */
#include "code/serve/answering.h"

#include <string.h>
#include <unistd.h>

#include <firn/system.h>

/* An answer on its way. */
struct sending {
    struct pool *pool;
    struct client *client;
};

/* A client that reads slowly is waited for without keeping others from their answers. */
static bool send_all(void *context, const char *data, size_t size)
{
    struct sending *sending = context;
    size_t at = 0;
    bool is_well = client_send_some(sending->client, data, size, &at);
    if (is_well && at == size)
        return true;
    pool_pause(sending->pool);
    while (is_well && at < size)
        is_well = client_wait(sending->client, STALL_MS) &&
                  client_send_some(sending->client, data, size, &at);
    pool_resume(sending->pool);
    return is_well;
}

/* A status as the protocol calls it: "not_found" for FIRN_NOT_FOUND. */
static const char *status_code(firn_status status, char code[32])
{
    const char *name = firn_status_name(status);
    name += strncmp(name, "FIRN_", 5) == 0 ? 5 : 0;
    size_t size = 0;
    for (; name[size] != '\0' && size < 31; size++)
        code[size] = name[size] >= 'A' && name[size] <= 'Z' ? (char)(name[size] + 32) : name[size];
    code[size] = '\0';
    return code;
}

static const char *error_text(const firn_error *error)
{
    return error->text[0] != '\0' ? error->text : firn_status_text(error->status);
}

/* --- answers of commands --- */

static bool end_failed(struct reply *reply, struct emitter *emitter, const firn_error *error)
{
    char code[32];
    if (reply->in_text) {
        (void)emitter_end(emitter, EXIT_FAILED);
        return reply_end_text(reply, EXIT_FAILED, error_text(error));
    }
    emitter_abandon(emitter);
    return reply_fail(reply, status_code(error->status, code), error_text(error));
}

/* An answer of a command under way. */
struct attempt {
    struct request *request;
    struct reply *reply;
    struct emitter emitter;
    struct outcome outcome;
    firn_error error;
};

static void begin_attempt(struct attempt *attempt)
{
    attempt->outcome = (struct outcome){.is_empty = false};
    attempt->error = (firn_error){.status = FIRN_OK};
    if (attempt->request->in_text)
        emitter_begin(&attempt->emitter, attempt->reply->out, attempt->request->is_json);
    else
        emitter_begin_line(&attempt->emitter, attempt->reply->out, true);
}

static firn_status run_command(struct attempt *attempt, struct edition *edition)
{
    struct request *request = attempt->request;
    request->question.views = edition->views;
    begin_attempt(attempt);
    return request->method->answer(&edition->opened, &request->question, &attempt->emitter,
                                   &attempt->outcome, &attempt->error);
}

/* Answers from a store that is damaged, once it was made whole; FIRN_CORRUPT when it cannot be, or
 * when part of the answer is gone. Others go on meanwhile. */
static firn_status run_repaired(struct answering *answering, struct pool *pool,
                                struct attempt *attempt, struct edition **edition,
                                char note[REPAIR_NOTE_BYTES])
{
    firn_error error = attempt->error;
    pool_pause(pool);
    const bool is_repaired = repairing_run(&answering->repairing, *edition, note);
    pool_resume(pool);
    if (!is_repaired || !reply_restart(attempt->reply))
        return FIRN_CORRUPT;
    served_give(answering->served, *edition);
    *edition = NULL;
    firn_status status = served_take(answering->served, edition, &error);
    if (status == FIRN_OK)
        return run_command(attempt, *edition);
    begin_attempt(attempt);
    attempt->error = error;
    return status;
}

/* The note is told beside an answer that has nothing else to say. */
static bool end_answer(struct attempt *attempt, const char *note)
{
    const struct request *request = attempt->request;
    const struct outcome *outcome = &attempt->outcome;
    const enum exit_status exit_status =
        emitter_end(&attempt->emitter, outcome->is_empty ? EXIT_FAILED : EXIT_DONE);
    if (!request->in_text)
        return reply_end(attempt->reply);
    const char *message = outcome->is_empty ? outcome->remark : note[0] != '\0' ? note : NULL;
    return reply_end_text(attempt->reply, (int)exit_status, request->is_quiet ? NULL : message);
}

static bool answer_from_store(struct answering *answering, struct pool *pool,
                              struct request *request, struct reply *reply)
{
    struct attempt attempt = {.request = request, .reply = reply};
    struct edition *edition = NULL;
    firn_error error = {.status = FIRN_OK};
    char note[REPAIR_NOTE_BYTES] = "";
    if (request->in_text)
        reply_announce(reply);
    firn_status status = served_take(answering->served, &edition, &error);
    if (status == FIRN_OK) {
        status = run_command(&attempt, edition);
        if (status == FIRN_CORRUPT)
            status = run_repaired(answering, pool, &attempt, &edition, note);
    } else {
        begin_attempt(&attempt);
        attempt.error = error;
    }
    attempt.error.status = status;
    const bool is_well = status == FIRN_OK ? end_answer(&attempt, note)
                                           : end_failed(reply, &attempt.emitter, &attempt.error);
    if (edition != NULL)
        served_give(answering->served, edition);
    return is_well;
}

/* --- the other methods --- */

static bool answer_health(struct answering *answering, struct pool *pool, struct reply *reply)
{
    struct edition *edition;
    struct emitter emitter;
    firn_process_memory memory = {.pss_bytes = 0};
    firn_error error = {.status = FIRN_OK};
    char code[32];
    const firn_status status = served_take(answering->served, &edition, &error);
    if (status != FIRN_OK)
        return reply_fail(reply, status_code(status, code), error_text(&error));
    (void)!firn_process_memory_get(&memory);
    emitter_begin_line(&emitter, reply->out, true);
    emitter_object_begin(&emitter, NULL);
    emitter_text(&emitter, "version", FIRN_VERSION_STRING);
    emitter_path(&emitter, "store", answering->store);
    emitter_number(&emitter, "generation", edition->generation);
    emitter_flag(&emitter, "resident", answering->is_resident);
    emitter_number(&emitter, "files", edition->opened.meta.totals.files);
    emitter_number(&emitter, "clients", atomic_load(&answering->clients));
    emitter_number(&emitter, "threads", pool_thread_count(pool));
    emitter_number(&emitter, "answers", atomic_load(&answering->answers));
    emitter_seconds(&emitter, "uptime_seconds",
                    (double)(firn_clock_ns() - answering->start_ns) / 1e9);
    emitter_bytes(&emitter, "rss_bytes", memory.rss_bytes);
    emitter_bytes(&emitter, "pss_bytes", memory.pss_bytes);
    emitter_object_end(&emitter);
    (void)emitter_end(&emitter, EXIT_DONE);
    served_give(answering->served, edition);
    return reply_end(reply);
}

/* What served_take does of itself, for a client that wants to know. */
static bool answer_refresh(struct answering *answering, struct reply *reply)
{
    struct edition *edition;
    struct emitter emitter;
    firn_error error = {.status = FIRN_OK};
    char code[32];
    const firn_status status = served_take(answering->served, &edition, &error);
    if (status != FIRN_OK)
        return reply_fail(reply, status_code(status, code), error_text(&error));
    emitter_begin_line(&emitter, reply->out, true);
    emitter_object_begin(&emitter, NULL);
    emitter_number(&emitter, "generation", edition->generation);
    emitter_object_end(&emitter);
    (void)emitter_end(&emitter, EXIT_DONE);
    served_give(answering->served, edition);
    return reply_end(reply);
}

static bool answer_shutdown(struct answering *answering, const struct client *client,
                            struct reply *reply)
{
    const uint64_t one = 1;
    if (!client_is_owner(client))
        return reply_fail(reply, "permission", "only the server's own user may end it");
    atomic_store(&answering->is_stopping, true);
    (void)!write(answering->stop, &one, sizeof one);
    fputs("true", reply->out);
    return reply_end(reply);
}

/* --- requests --- */

/* Whether the server is the one that the asker means. */
static bool is_meant(const struct answering *answering, const struct request *request,
                     struct refusal *ret_refusal)
{
    if (request->version != NULL && strcmp(request->version, FIRN_VERSION_STRING) != 0)
        return refuse(ret_refusal, "other_version", "this is version " FIRN_VERSION_STRING);
    if (request->store != NULL && strcmp(request->store, answering->store) != 0)
        return refuse(ret_refusal, "other_store", "this server has another store");
    if (request->method != NULL && request->method->answer == answer_at &&
        !is_place(request->question.operand))
        return refuse(ret_refusal, "bad_params", "\"place\" is not of the form FILE:LINE:COLUMN");
    if (atomic_load(&answering->is_stopping))
        return refuse(ret_refusal, "stopping", "the server is ending");
    return true;
}

static bool answer_line(struct answering *answering, struct worker *worker, struct client *client,
                        const char *line, size_t size)
{
    struct sending sending = {.pool = worker->pool, .client = client};
    struct reply *reply = &worker->reply;
    struct request request;
    struct refusal refusal;
    bool is_well = request_read(line, size, &request, &refusal);
    atomic_fetch_add(&answering->answers, 1);
    if (is_well)
        is_well = is_meant(answering, &request, &refusal);
    request.question.store = answering->store;
    reply_begin(reply, send_all, &sending, request.id, is_well && request.in_text);
    if (!is_well)
        is_well = reply_fail(reply, refusal.code, refusal.message);
    else if (request.verb == VERB_HEALTH)
        is_well = answer_health(answering, worker->pool, reply);
    else if (request.verb == VERB_REFRESH)
        is_well = answer_refresh(answering, reply);
    else if (request.verb == VERB_SHUTDOWN)
        is_well = answer_shutdown(answering, client, reply);
    else
        is_well = answer_from_store(answering, worker->pool, &request, reply);
    request_fini(&request);
    atomic_fetch_add(&answering->ended, 1);
    return is_well;
}

bool answer_client(struct answering *answering, struct worker *worker, struct client *client)
{
    struct incoming *incoming = &worker->incoming;
    size_t from = 0;
    if (!client_read(client, incoming))
        return false;
    for (;;) {
        const char *line = incoming->data + from;
        const char *end = memchr(line, '\n', incoming->size - from);
        if (end == NULL)
            break;
        if (!answer_line(answering, worker, client, line, (size_t)(end - line)))
            return false;
        from += (size_t)(end - line) + 1;
    }
    if (incoming->size - from > REQUEST_MAX_BYTES) {
        answer_refusal(client, "too_long", "a request has at most 65,536 bytes");
        return false;
    }
    return client_keep(client, incoming, from);
}

void answer_refusal(struct client *client, const char *code, const char *message)
{
    char line[256];
    size_t at = 0;
    const int size =
        snprintf(line, sizeof line,
                 "{\"id\":null,\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n", code, message);
    (void)client_send_some(client, line, (size_t)size, &at);
}
