/* Requests are read by jansson, after a look at their nesting, and then by a table of what a method
 * takes: what is not in it is refused, so that a misspelled parameter is not passed over. Memory: a
 * few times the line. Thread-safe. */
#include "code/serve/request.h"

#include <stdarg.h>
#include <string.h>

bool refuse(struct refusal *ret_refusal, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ret_refusal->code = code;
    (void)vsnprintf(ret_refusal->message, sizeof ret_refusal->message, format, arguments);
    va_end(arguments);
    return false;
}

/* Whether arrays and objects stand in each other no deeper than is allowed. */
static bool is_shallow(const char *line, size_t size)
{
    unsigned depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < size; i++) {
        if (in_text && line[i] == '\\')
            i++;
        else if (line[i] == '"')
            in_text = !in_text;
        else if (!in_text && (line[i] == '[' || line[i] == '{') && ++depth > REQUEST_DEPTH_MAX)
            return false;
        else if (!in_text && (line[i] == ']' || line[i] == '}') && depth > 0)
            depth--;
    }
    return true;
}

static bool read_id(struct request *request, struct refusal *ret_refusal)
{
    const json_t *id = json_object_get(request->document, "id");
    if (!json_is_integer(id) && !json_is_string(id))
        return refuse(ret_refusal, "bad_request", "a request has an \"id\", a number or a text");
    const size_t size =
        json_dumpb(id, request->id, sizeof request->id - 1, JSON_ENCODE_ANY | JSON_COMPACT);
    if (size == 0 || size >= sizeof request->id) {
        memcpy(request->id, "null", sizeof "null");
        return refuse(ret_refusal, "bad_request", "the \"id\" is too long");
    }
    request->id[size] = '\0';
    return true;
}

/* --- parameters --- */

/* A parameter, and where its value goes. */
struct parameter {
    const char *name;
    const char **text; /* NULL for a flag */
    bool *flag;
};

static bool read_parameter(const struct parameter *table, const char *name, const json_t *value,
                           struct refusal *ret_refusal)
{
    while (table->name != NULL && strcmp(table->name, name) != 0)
        table++;
    if (table->name == NULL)
        return refuse(ret_refusal, "bad_params", "this method has no parameter \"%.64s\"", name);
    if (table->text != NULL && json_is_string(value)) {
        *table->text = json_string_value(value);
        return true;
    }
    if (table->flag != NULL && json_is_boolean(value)) {
        *table->flag = json_boolean_value(value);
        return true;
    }
    return refuse(ret_refusal, "bad_params", "\"%s\" is not %s", name,
                  table->text != NULL ? "a text" : "true or false");
}

static bool read_parameters(struct request *request, struct refusal *ret_refusal)
{
    const struct method *method = request->method;
    const bool is_query = method->answer == answer_query;
    const char *format = NULL;
    const struct parameter table[] = {
        {method->operand != NULL ? method->operand : "store", &request->question.operand, NULL},
        {"store", &request->store, NULL},
        {"folder", &request->question.folder, NULL},
        {"version", &request->version, NULL},
        {"format", &format, NULL},
        {"text", NULL, &request->in_text},
        {"json", NULL, &request->is_json},
        {"quiet", NULL, &request->is_quiet},
        {is_query ? "language" : NULL, &request->question.language, NULL},
        {"file", &request->question.file, NULL},
        {NULL, NULL, NULL}};
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(request->document, "params"), name, value)
    {
        if (!read_parameter(method->operand != NULL ? table : table + 1, name, value, ret_refusal))
            return false;
    }
    if (method->operand != NULL && request->question.operand == NULL)
        return refuse(ret_refusal, "bad_params", "\"%s\" is missing", method->operand);
    request->question.in_lines = format != NULL && strcmp(format, "lines") == 0;
    return true;
}

/* --- the whole --- */

static bool read_method(struct request *request, struct refusal *ret_refusal)
{
    static const char *const others[] = {
        [VERB_HEALTH] = "health", [VERB_REFRESH] = "refresh", [VERB_SHUTDOWN] = "shutdown"};
    const json_t *params = json_object_get(request->document, "params");
    const char *name = json_string_value(json_object_get(request->document, "method"));
    if (name == NULL)
        return refuse(ret_refusal, "bad_request", "a request has a \"method\", a text");
    if (params != NULL && !json_is_object(params))
        return refuse(ret_refusal, "bad_request", "\"params\" is an object");
    request->method = method_by_name(name);
    if (request->method != NULL)
        return read_parameters(request, ret_refusal);
    for (unsigned verb = VERB_HEALTH; verb <= VERB_SHUTDOWN; verb++) {
        if (strcmp(name, others[verb]) == 0) {
            request->verb = (enum verb)verb;
            return true;
        }
    }
    return refuse(ret_refusal, "unknown_method", "there is no method \"%.64s\"", name);
}

bool request_read(const char *line, size_t size, struct request *request,
                  struct refusal *ret_refusal)
{
    json_error_t error;
    *request = (struct request){.id = "null"};
    if (!is_shallow(line, size))
        return refuse(ret_refusal, "bad_request", "nested deeper than %u", REQUEST_DEPTH_MAX);
    request->document = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);
    if (request->document == NULL)
        return refuse(ret_refusal, "bad_request", "not JSON: %s", error.text);
    if (!json_is_object(request->document))
        return refuse(ret_refusal, "bad_request", "a request is an object");
    return read_id(request, ret_refusal) && read_method(request, ret_refusal);
}

void request_fini(struct request *request)
{
    json_decref(request->document);
    request->document = NULL;
}
