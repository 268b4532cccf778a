/* Rows find their target by its id. */
#include "report/document.h"

#include "common/machine.h"
#include "common/report.h"
#include "report/values.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static const char *const verdicts[] = {"met", "open", "unjudged", "unmeasured"};
enum { MET, OPEN, UNJUDGED, UNMEASURED, VERDICTS };

static bool wanted(const json_t *object, const char *key, const char *only)
{
    return only == NULL || strchr(only, value_get_text(object, key)[0]) != NULL;
}

static bool is_done(const json_t *result)
{
    return strcmp(value_get_text(result, "state"), "done") == 0;
}

/* --- rows --- */

static json_t *row_of(const json_t *row, const json_t *result)
{
    json_t *copy = value_need(json_copy((json_t *)(uintptr_t)row));
    value_put(copy, "bench", value_text(value_get_text(result, "name")));
    value_put(copy, "system", value_text(value_get_text(result, "system")));
    if (!is_done(result) && json_is_null(json_object_get(row, "value")))
        value_put(copy, "missing", value_text(value_get_text(result, "state")));
    return copy;
}

/* Adds all rows of an id; those of none of the targets when id is NULL. */
static void add_rows(json_t *rows, const json_t *results, const json_t *targets, const char *id)
{
    size_t i, j;
    const json_t *result, *row;
    json_array_foreach(results, i, result)
    {
        json_array_foreach(json_object_get(result, "rows"), j, row)
        {
            const char *of = value_get_text(row, "id");
            if (id != NULL ? strcmp(of, id) == 0 : value_find(targets, "id", of) == NULL)
                value_add(rows, row_of(row, result));
        }
    }
}

/* --- verdicts --- */

static int judge(const json_t *rows)
{
    int verdict = json_array_size(rows) > 0 ? UNJUDGED : UNMEASURED;
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        const json_t *met = json_object_get(row, "met");
        if (json_is_false(met))
            return OPEN;
        if (json_is_true(met))
            verdict = MET;
    }
    return verdict;
}

/* Whether a bench of this target did not come to all of its rows. */
static bool lacks_rows(const json_t *target, const json_t *results, const json_t *rows)
{
    size_t i;
    const json_t *name, *row;
    json_array_foreach(rows, i, row)
    {
        if (json_object_get(row, "missing") != NULL)
            return true;
    }
    json_array_foreach(json_object_get(target, "benches"), i, name)
    {
        const json_t *result = value_find(results, "name", json_string_value(name));
        if (json_is_true(json_object_get(result, "cut")))
            return true;
    }
    return false;
}

/* Why there is no verdict: what a bench of this target says, or where it is shown. The former even
 * when there is one, as a peer may be missing. */
static void explain(const json_t *target, int verdict, const json_t *results, bool quick,
                    char *text, size_t size)
{
    size_t i;
    const json_t *name;
    text[0] = '\0';
    json_array_foreach(json_object_get(target, "benches"), i, name)
    {
        const json_t *result = value_find(results, "name", json_string_value(name));
        if (result != NULL && !is_done(result)) {
            snprintf(text, size, "bench %s: %s", value_get_text(result, "name"),
                     value_get_text(result, "message"));
            return;
        }
    }
    if (verdict == UNMEASURED && *value_get_text(target, "why_not") != '\0')
        snprintf(text, size, "%s", value_get_text(target, "why_not"));
    else if (verdict == UNMEASURED)
        snprintf(text, size, quick ? "not measured with --quick" : "no bench measured it");
    else if (verdict == UNJUDGED)
        snprintf(text, size, quick ? "not judged with --quick" : "what it is judged by is missing");
}

static json_t *target_of(const json_t *target, const json_t *results, bool quick, int *ret_verdict)
{
    char reason[600];
    json_t *copy = value_need(json_copy((json_t *)(uintptr_t)target));
    json_t *rows = value_need(json_array());
    add_rows(rows, results, NULL, value_get_text(target, "id"));
    *ret_verdict = judge(rows);
    if (*ret_verdict == MET && lacks_rows(target, results, rows))
        *ret_verdict = UNJUDGED;
    explain(target, *ret_verdict, results, quick, reason, sizeof reason);
    value_put(copy, "verdict", value_text(verdicts[*ret_verdict]));
    value_put(copy, "reason", value_text(reason));
    value_put(copy, "figures", rows);
    return copy;
}

static void put_counts(json_t *object, const unsigned counts[VERDICTS])
{
    for (int i = 0; i < VERDICTS; i++)
        value_put(object, verdicts[i], json_integer(counts[i]));
}

/* "6 of 8 met; open: C5, C7; not measured: C8" */
static void write_verdict(const json_t *targets, const unsigned counts[VERDICTS], char *text,
                          size_t size)
{
    static const char *const words[] = {"", "open", "not judged", "not measured"};
    size_t used =
        (size_t)snprintf(text, size, "%u of %u met", counts[MET],
                         counts[MET] + counts[OPEN] + counts[UNJUDGED] + counts[UNMEASURED]);
    for (int verdict = OPEN; verdict < VERDICTS; verdict++) {
        const char *before = "; ";
        size_t i;
        const json_t *target;
        json_array_foreach(targets, i, target)
        {
            if (strcmp(value_get_text(target, "verdict"), verdicts[verdict]) != 0 || used >= size)
                continue;
            used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", before,
                                     *before == ';' ? words[verdict] : "",
                                     *before == ';' ? ": " : "", value_get_text(target, "id"));
            before = ", ";
        }
    }
}

static json_t *system_of(const json_t *system, const json_t *all, const json_t *results, bool quick,
                         json_t *targets, unsigned sums[VERDICTS])
{
    char text[1024];
    unsigned counts[VERDICTS] = {0};
    json_t *copy = value_need(json_copy((json_t *)(uintptr_t)system));
    json_t *own = value_need(json_array());
    size_t i;
    const json_t *target;
    json_array_foreach(all, i, target)
    {
        int verdict;
        if (strcmp(value_get_text(target, "system"), value_get_text(system, "id")) != 0)
            continue;
        value_add(own, target_of(target, results, quick, &verdict));
        counts[verdict]++;
        sums[verdict]++;
    }
    write_verdict(own, counts, text, sizeof text);
    put_counts(copy, counts);
    value_put(copy, "verdict", value_text(text));
    if (json_array_extend(targets, own) != 0)
        value_need(NULL);
    json_decref(own);
    return copy;
}

/* --- the whole --- */

/* The benches without what stands elsewhere, and their series. */
static void add_benches(json_t *document, const json_t *results)
{
    json_t *benches = value_need(json_array()), *series = value_need(json_array());
    size_t i, j;
    const json_t *result, *each;
    json_array_foreach(results, i, result)
    {
        json_t *copy = value_need(json_copy((json_t *)(uintptr_t)result));
        json_object_del(copy, "rows");
        json_object_del(copy, "series");
        value_add(benches, copy);
        json_array_foreach(json_object_get(result, "series"), j, each)
            value_add(series, row_of(each, result));
    }
    value_put(document, "benches", benches);
    value_put(document, "series", series);
}

static char *today(char text[16])
{
    const time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) == NULL || strftime(text, 16, "%Y-%m-%d", &parts) == 0)
        text[0] = '\0';
    return text;
}

json_t *document_make(const json_t *targets, const json_t *results, const char *only, bool quick,
                      double seconds)
{
    char machine[MACHINE_BYTES], date[16];
    unsigned sums[VERDICTS] = {0};
    const json_t *all = json_object_get(targets, "targets"), *system;
    json_t *document = value_need(json_object()), *systems = value_need(json_array());
    json_t *judged = value_need(json_array()), *others = value_need(json_array());
    size_t i;
    json_array_foreach(json_object_get(targets, "systems"), i, system)
    {
        if (wanted(system, "id", only))
            value_add(systems, system_of(system, all, results, quick, judged, sums));
    }
    add_rows(others, results, all, NULL);
    value_put(document, "firn", value_text(FIRN_VERSION_STRING));
    value_put(document, "machine", value_text(machine_describe(machine)));
    value_put(document, "when", value_text(today(date)));
    value_put(document, "quick", json_boolean(quick));
    value_put(document, "seconds", value_real(seconds));
    put_counts(document, sums);
    value_put(document, "systems", systems);
    value_put(document, "targets", judged);
    value_put(document, "others", others);
    add_benches(document, results);
    return document;
}

json_t *document_read(const char *path)
{
    static const char *const lists[] = {"systems", "targets", "others", "benches", "series"};
    json_error_t error;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        report("%s: %s; name what `firn report --json` printed", path, strerror(errno));
        return NULL;
    }
    json_t *document = json_loadf(file, 0, &error);
    fclose(file);
    if (document == NULL) {
        report("%s:%d:%d: %s; name what `firn report --json` printed", path, error.line,
               error.column, error.text);
        return NULL;
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (!json_is_array(json_object_get(document, lists[i]))) {
            report("%s: it has no \"%s\"; name what `firn report --json` printed", path, lists[i]);
            json_decref(document);
            return NULL;
        }
    return document;
}
