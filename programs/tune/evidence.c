/* Each kind of evidence has one question: does the program's own way take more than Firn's would?
 * A bench answers by what it measured; profiles and looks at memory are in files of their own. What
 * would save less than a twentieth is no advice, and is said so. Called by recommend.c. */
#include "tune/evidence.h"

#include "common/readable.h"
#include "common/report.h"

#include <firn/firn.h>

#include <math.h>
#include <string.h>

#define SLOWER_MAX 0.05 /* of the time, that a smaller budget may cost */

bool evidence_refuse(const char *path, const char *where, const char *why)
{
    report("%s: \"%s\": %s; give it what firn tune wrote", path, where, why);
    return false;
}

bool evidence_number(const char *path, const json_t *object, const char *key, double *ret)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value) || !(json_number_value(value) >= 0))
        return evidence_refuse(path, key, value == NULL ? "missing" : "no number from 0 on");
    *ret = json_number_value(value);
    return true;
}

struct advice *advice_add(struct advices *advices)
{
    static struct advice spare;
    if (advices->count == ADVICE_MAX)
        return &spare;
    struct advice *advice = &advices->list[advices->count++];
    *advice = (struct advice){
        .now_bytes = (double)NAN, .then_bytes = (double)NAN, .time_share = (double)NAN};
    return advice;
}

/* --- a bench --- */

struct measured {
    const char *name, *how;
    double bytes, seconds;
};

static bool read_strategy(const char *path, const json_t *each, struct measured *ret)
{
    ret->name = json_string_value(json_object_get(each, "strategy"));
    ret->how = json_string_value(json_object_get(each, "how"));
    if (ret->name == NULL || ret->how == NULL)
        return evidence_refuse(path, "strategies", "one without a name");
    return evidence_number(path, each, "peak_bytes", &ret->bytes) &&
           evidence_number(path, each, "cpu_seconds", &ret->seconds);
}

/* What others are compared with: malloc, the binary tree, or the fastest cache. */
static bool is_base(const struct measured *one, const struct measured *base)
{
    return strcmp(one->name, "malloc") == 0 || strcmp(one->name, "binary tree") == 0 ||
           (strncmp(one->name, "cache", 5) == 0 &&
            (base->name == NULL || one->seconds < base->seconds));
}

static bool read_bench(const char *path, const json_t *root, struct advices *advices)
{
    const json_t *strategies = json_object_get(root, "strategies"), *each;
    struct measured base = {.name = NULL}, best, one;
    size_t i;
    if (!json_is_array(strategies))
        return evidence_refuse(path, "strategies", "missing, or no list");
    json_array_foreach(strategies, i, each)
    {
        if (!read_strategy(path, each, &one))
            return false;
        if (json_is_true(json_object_get(each, "done")) && is_base(&one, &base))
            base = one;
    }
    if (base.name == NULL)
        return evidence_refuse(path, "strategies", "none that could do the work");
    best = base;
    json_array_foreach(strategies, i, each)
    {
        if (json_is_true(json_object_get(each, "done")) && read_strategy(path, each, &one) &&
            one.bytes < best.bytes && one.seconds <= base.seconds * (1 + SLOWER_MAX))
            best = one;
    }
    struct advice *advice = advice_add(advices);
    advice->now_bytes = base.bytes;
    advice->then_bytes = best.bytes;
    advice->time_share = best.seconds / base.seconds - 1;
    snprintf(advice->setting, sizeof advice->setting, "%s", best.name);
    snprintf(advice->paste, sizeof advice->paste, "%s", best.how);
    if (best.name == base.name)
        snprintf(advice->because, sizeof advice->because,
                 "nothing that was measured takes less without 5 %% more time");
    else
        snprintf(advice->because, sizeof advice->because,
                 "the smallest that is at most 5 %% slower than the %.100s, as measured",
                 base.name);
    return true;
}

/* --- all of them --- */

static bool is_kind(const json_t *root, const char *kind)
{
    const char *text = json_string_value(json_object_get(root, "kind"));
    return text != NULL && strcmp(text, kind) == 0;
}

bool evidence_is(const json_t *root)
{
    return is_kind(root, "firn-profile") || is_kind(root, "firn-tune-bench") ||
           json_is_object(json_object_get(root, "asleep"));
}

bool evidence_read(const char *path, const json_t *root, struct advices *advices)
{
    if (is_kind(root, "firn-profile"))
        return evidence_profile(path, root, advices);
    if (is_kind(root, "firn-tune-bench"))
        return read_bench(path, root, advices);
    return evidence_memory(path, root, advices);
}

void advices_print(struct emitter *emitter, const struct advices *advices)
{
    emitter_array_begin(emitter, "advice");
    for (unsigned i = 0; i < advices->count; i++) {
        const struct advice *advice = &advices->list[i];
        const double saved = advice->now_bytes - advice->then_bytes;
        emitter_object_begin(emitter, NULL);
        emitter_text(emitter, "setting", advice->setting);
        emitter_text(emitter, "options", advice->paste);
        if (isfinite(saved)) {
            emitter_bytes(emitter, "now_bytes", evidence_whole(advice->now_bytes));
            emitter_bytes(emitter, "saved_bytes", evidence_whole(saved));
            if (saved < 0)
                emitter_bytes(emitter, "cost_bytes", evidence_whole(-saved));
        }
        if (isfinite(advice->time_share))
            emitter_real(emitter, "time_percent", 100 * advice->time_share);
        emitter_text(emitter, "because", advice->because);
        emitter_object_end(emitter);
    }
    emitter_array_end(emitter);
}
