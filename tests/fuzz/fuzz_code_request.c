/* Lines that a client sends: each is a request or is refused with a code and a message, and the
 * refusal is an answer that is JSON with the request's id. */
#include <assert.h>
#include <string.h>

#include "code/serve/reply.h"
#include "code/serve/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char answer[1 << 20];
static size_t answer_size;

static bool keep(void *context, const char *bytes, size_t size)
{
    (void)context;
    assert(size <= sizeof answer - answer_size);
    memcpy(answer + answer_size, bytes, size);
    answer_size += size;
    return true;
}

static void check_answer(const char *id)
{
    json_t *json = json_loadb(answer, answer_size, 0, NULL);
    json_t *wanted = json_loads(id, JSON_DECODE_ANY, NULL);
    assert(wanted != NULL && answer[answer_size - 1] == '\n');
    assert(json_equal(json_object_get(json, "id"), wanted));
    json_decref(wanted);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reply reply;
    struct request request;
    struct refusal refusal = {.code = NULL};
    if (reply.buffer == NULL && reply_init(&reply) != FIRN_OK)
        return 0;
    const bool is_read = request_read((const char *)data, size, &request, &refusal);
    answer_size = 0;
    reply_begin(&reply, keep, NULL, request.id, is_read && request.in_text);
    if (is_read) {
        assert(request.verb != VERB_ASK || request.method != NULL);
        assert(request.method == NULL || request.method->operand == NULL ||
               request.question.operand != NULL);
        fputs("null", reply.out);
        if (request.in_text)
            return request_fini(&request), 0;
        assert(reply_end(&reply));
    } else {
        assert(refusal.code != NULL && refusal.message[0] != '\0');
        assert(reply_fail(&reply, refusal.code, refusal.message));
    }
    check_answer(request.id);
    request_fini(&request);
    return 0;
}
