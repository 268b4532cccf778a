/* See measure.h. What a bench prints is trusted in nothing: see read_row. */
#include "report/measure.h"

#include "report/plot.h"
#include "report/values.h"

#include <firn/allocator.h>

#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ABSENT " is not installed: see scripts/setup bench"
#define ROWS_MAX 2000u
#define ROW_DEPTH 3u /* {"rows":[{ */
#define CLOSING "]}" /* of what rows stand in */

static json_t *result_of(const json_t *bench, const char *state, const char *message,
                         double seconds)
{
    json_t *result = value_need(json_object());
    value_put(result, "name", value_text(value_get_text(bench, "name")));
    value_put(result, "system", value_text(value_get_text(bench, "system")));
    value_put(result, "state", value_text(state));
    value_put(result, "message", value_text(message));
    value_put(result, "seconds", value_real(seconds));
    value_put(result, "cut", json_true());
    value_put(result, "absent", json_array());
    value_put(result, "rows", json_array());
    value_put(result, "series", json_array());
    return result;
}

/* --- what it said on stderr --- */

/* Names what is absent, and keeps the last other line. */
static void read_complaints(FILE *file, json_t *absent, char last[256])
{
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *end = strstr(line, ABSENT);
        if (end != NULL) {
            *end = '\0';
            value_add(absent, value_text(line));
        } else if (line[0] != '\0') {
            memcpy(last, line, sizeof line);
        }
    }
}

/* --- rows and series --- */

/* A copy of a row that has all that a row must have; NULL when it does not. */
static json_t *read_row(const json_t *row)
{
    static const char *const texts[] = {"id", "what", "unit"};
    static const char *const numbers[] = {"value", "target", "least", "most"};
    json_t *copy = value_need(json_object()), *peers = value_need(json_array()), *peer;
    const json_t *met = json_object_get(row, "met");
    bool good = true;
    size_t at;
    value_put(copy, "peers", peers);
    for (size_t i = 0; i < 3; i++) {
        good = good && json_is_string(json_object_get(row, texts[i]));
        value_put(copy, texts[i], value_text(value_get_text(row, texts[i])));
    }
    for (size_t i = 0; i < 4; i++)
        value_put(copy, numbers[i], value_real(value_get_number(row, numbers[i])));
    value_put(copy, "met", json_is_boolean(met) ? json_boolean(json_is_true(met)) : json_null());
    json_array_foreach(json_object_get(row, "peers"), at, peer)
    {
        json_t *one = value_need(json_object());
        value_put(one, "name", value_text(value_get_text(peer, "name")));
        value_put(one, "value", value_real(value_get_number(peer, "value")));
        value_add(peers, one);
    }
    if (good && json_is_null(json_object_get(copy, "value")))
        value_put(copy, "met", json_null());
    if (good)
        return copy;
    json_decref(copy);
    return NULL;
}

/* Closes a document behind the last of its rows that is whole; there is room for that. Returns its
 * size, 0 when no row is whole. */
static size_t close_document(char *text, size_t size)
{
    size_t end = 0;
    unsigned depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < size; i++) {
        if (in_text && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_text = !in_text;
        else if (!in_text && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!in_text && (text[i] == '}' || text[i] == ']') && depth-- == ROW_DEPTH)
            end = i + 1;
    }
    if (end == 0)
        return 0;
    memcpy(text + end, CLOSING, sizeof CLOSING);
    return end + strlen(CLOSING);
}

/* The document, or what of it came before it was cut. NULL: it is none, which *ret_error tells. */
static json_t *load_output(FILE *file, bool *ret_cut, json_error_t *ret_error)
{
    struct stat printed = {.st_size = 0};
    json_error_t again;
    if (fstat(fileno(file), &printed) != 0 || printed.st_size > (off_t)CHILD_OUTPUT_MAX_BYTES)
        printed.st_size = 0;
    const size_t room = (size_t)printed.st_size + sizeof CLOSING;
    char *text = firn_allocate(NULL, room);
    size_t size = text != NULL ? fread(text, 1, (size_t)printed.st_size, file) : 0;
    json_t *root = json_loadb(text != NULL ? text : "", size, 0, ret_error);
    *ret_cut = root == NULL;
    if (root == NULL && (size = close_document(text, size)) > 0)
        root = json_loadb(text, size, 0, &again);
    firn_release(NULL, text, room);
    return root;
}

/* False when what was printed is no whole document of rows: what rows it has are there. */
static bool read_output(FILE *file, json_t *result, char message[256])
{
    json_error_t error;
    bool cut;
    json_t *root = load_output(file, &cut, &error), *each;
    const json_t *rows = json_object_get(root, "rows");
    size_t i;
    if (cut)
        snprintf(message, 256, "line %d: %.200s", error.line, error.text);
    else if (!json_is_array(rows))
        snprintf(message, 256, "it has no list of rows");
    json_array_foreach(rows, i, each)
    {
        json_t *row = i < ROWS_MAX ? read_row(each) : NULL;
        if (row != NULL)
            value_add(json_object_get(result, "rows"), row);
    }
    json_array_foreach(json_object_get(root, "series"), i, each)
    {
        if (plot_can(each))
            value_add(json_object_get(result, "series"), json_deep_copy(each));
    }
    cut |= !json_is_array(rows);
    value_put(result, "cut", json_boolean(cut));
    json_decref(root);
    return !cut;
}

/* --- a bench --- */

static const char *explain(const struct measure *measure, const struct child_result *child,
                           const char *last, char message[512])
{
    switch (child->end) {
    case CHILD_DONE:
        return "done";
    case CHILD_FAILED:
        snprintf(message, 512, "exit status %d%s%.300s", child->status, *last != '\0' ? ": " : "",
                 last);
        return "failed";
    case CHILD_KILLED:
        snprintf(message, 512, "killed by signal %d, %s", child->status, strsignal(child->status));
        return "failed";
    case CHILD_LATE:
        snprintf(message, 512, "still running after %.3g s", measure->limit_seconds);
        return "late";
    case CHILD_ENDLESS:
        snprintf(message, 512, "printed more than %u MB", CHILD_OUTPUT_MAX_BYTES >> 20);
        return "unreadable";
    case CHILD_NOT_STARTED:
        snprintf(message, 512, "cannot be started: %s", strerror(child->status));
        return "failed";
    case CHILD_INTERRUPTED:
        break;
    }
    snprintf(message, 512, "interrupted");
    return "interrupted";
}

json_t *measure_bench(const struct measure *measure)
{
    char path[PATH_MAX], last[256] = "", message[512] = "";
    const char *name = value_get_text(measure->bench, "name");
    snprintf(path, sizeof path, "%s/%s", measure->benches, name);
    const char *const words[] = {path, "--json", measure->quick ? "--quick" : NULL, NULL};
    const struct child child = {words, measure->folder, measure->limit_seconds, measure->wait,
                                measure->context};
    struct child_result ended;
    if (child_interrupted())
        return result_of(measure->bench, "interrupted", "not begun", 0);
    if (access(path, X_OK) != 0)
        return result_of(measure->bench, "missing", "there is no such bench here", 0);
    if (!child_run(&child, &ended))
        return result_of(measure->bench, "failed", "cannot be started", 0);
    json_t *absent = value_need(json_array());
    read_complaints(ended.err, absent, last);
    const char *state = explain(measure, &ended, last, message);
    json_t *result = result_of(measure->bench, state, message, ended.seconds);
    value_put(result, "absent", absent);
    const bool whole = ended.end != CHILD_NOT_STARTED && ended.end != CHILD_ENDLESS &&
                       read_output(ended.out, result, message);
    if (ended.end == CHILD_DONE && !whole) {
        char what[512];
        snprintf(what, sizeof what, "what it printed cannot be read: %.300s", message);
        value_put(result, "state", value_text("unreadable"));
        value_put(result, "message", value_text(what));
    }
    fclose(ended.out);
    fclose(ended.err);
    return result;
}
