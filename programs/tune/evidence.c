/* Each kind of evidence has one question: does the program's own way take more than Firn's would?
 * A profile answers by the sizes of what lived at its peak, against the slabs' own classes; a bench
 * by what it measured; a look at the memory by its packed sample. What would save less than a
 * twentieth is no advice, and is said so. */
#include "tune/evidence.h"

#include "common/readable.h"
#include "common/report.h"

#include <firn/firn.h>

#include <math.h>
#include <string.h>

#define WORTH 0.05            /* of what is taken: less is no advice */
#define SLOWER_MAX 0.05       /* of the time, that a smaller budget may cost */
#define COMPILER_BYTES 262144 /* the default ceiling of `firn run --mode compiler` */
#define LARGE_BYTES 32768.0
#define ASLEEP_SHARE 0.5 /* untouched, from which on sleeping is worth its wakes */

static bool refuse(const char *path, const char *where, const char *why)
{
    report("%s: \"%s\": %s; give it what firn tune wrote", path, where, why);
    return false;
}

static bool read_number(const char *path, const json_t *object, const char *key, double *ret)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value) || !(json_number_value(value) >= 0))
        return refuse(path, key, value == NULL ? "missing" : "no number from 0 on");
    *ret = json_number_value(value);
    return true;
}

static struct advice *add(struct advices *advices)
{
    static struct advice spare;
    if (advices->count == ADVICE_MAX)
        return &spare;
    struct advice *advice = &advices->list[advices->count++];
    *advice = (struct advice){
        .now_bytes = (double)NAN, .then_bytes = (double)NAN, .time_share = (double)NAN};
    return advice;
}

/* --- a profile --- */

/* What a block of glibc's takes: 8 bytes more, in steps of 16, 32 at least. */
static double malloc_bytes(double size)
{
    return fmax(32, 16 * ceil((size + 8) / 16));
}

static double slab_bytes(firn_slab *slab, double size)
{
    void *block = firn_slab_alloc(slab, (size_t)fmax(1, ceil(size)));
    const double bytes = block != NULL ? (double)firn_slab_usable_size(slab, block) : size;
    if (block != NULL)
        (void)firn_slab_release(slab, block);
    return fmax(bytes, size);
}

/* What blocks of about this size take in malloc and in a slab, an average one's bytes over: of one
 * size when nearly all calls near it are of it, as they were noted else. */
static void add_blocks(const json_t *sizes, firn_slab *slab, double size, double blocks,
                       double *now, double *then)
{
    double calls = 0, same = 0, malloced = 0, slabbed = 0, plain = 0;
    const double whole = floor(size + 0.5);
    size_t i;
    const json_t *each;
    json_array_foreach(sizes, i, each)
    {
        const double bytes = json_number_value(json_object_get(each, "bytes"));
        const double count = json_number_value(json_object_get(each, "calls"));
        if (!(bytes >= size / 8) || !(bytes <= size * 8) || !(count > 0))
            continue;
        calls += count;
        same += fabs(bytes - whole) < 0.5 ? count : 0;
        plain += count * bytes;
        malloced += count * malloc_bytes(bytes);
        slabbed += count * slab_bytes(slab, bytes);
    }
    if (calls == 0 || same > 0.9 * calls) {
        *now += blocks * malloc_bytes(whole);
        *then += blocks * slab_bytes(slab, whole);
    } else {
        *now += blocks * size * malloced / plain;
        *then += blocks * size * slabbed / plain;
    }
}

/* Sums over the sites what their blocks at the peak take in either; false when one is damaged. */
static bool sum_sites(const char *path, const json_t *root, double *ret_now, double *ret_then)
{
    const json_t *sites = json_object_get(root, "sites"), *site;
    firn_slab slab;
    size_t i;
    bool good = true;
    *ret_now = *ret_then = 0;
    if (!json_is_array(sites))
        return refuse(path, "sites", "missing, or no list");
    if (firn_slab_init(&slab, NULL) != FIRN_OK) {
        report("%s: no memory", path);
        return false;
    }
    json_array_foreach(sites, i, site)
    {
        double calls, bytes, peak;
        good = good && read_number(path, site, "calls", &calls) &&
               read_number(path, site, "bytes", &bytes) &&
               read_number(path, site, "peak_bytes", &peak);
        if (!good)
            break;
        if (calls > 0 && bytes >= calls && bytes / calls <= LARGE_BYTES)
            add_blocks(json_object_get(root, "sizes"), &slab, bytes / calls, peak / (bytes / calls),
                       ret_now, ret_then);
        else if (calls > 0) {
            *ret_now += peak; /* pages of their own in either */
            *ret_then += peak;
        }
    }
    firn_slab_fini(&slab);
    return good;
}

static bool read_profile(const char *path, const json_t *root, struct advices *advices)
{
    const char *command = json_string_value(json_object_get(root, "command"));
    double version, peak, now, then;
    if (!read_number(path, root, "version", &version) ||
        !read_number(path, root, "peak_bytes", &peak))
        return false;
    if (version != 1)
        return refuse(path, "version", "a profile of another version");
    if (!sum_sites(path, root, &now, &then))
        return false;
    struct advice *advice = add(advices);
    command = command != NULL ? command : "CMD";
    advice->now_bytes = now;
    advice->then_bytes = then;
    if (peak <= COMPILER_BYTES) {
        advice->now_bytes = advice->then_bytes = (double)NAN;
        snprintf(advice->setting, sizeof advice->setting, "mode compiler");
        snprintf(advice->paste, sizeof advice->paste, "firn run --mode compiler -- %.140s",
                 command);
        snprintf(advice->because, sizeof advice->because,
                 "all that lives fits below the ceiling, so that frees cost nothing; the memory "
                 "stays as it is");
    } else if (now > 0 && 1 - then / now >= WORTH) {
        snprintf(advice->setting, sizeof advice->setting, "mode runtime");
        snprintf(advice->paste, sizeof advice->paste, "firn run --mode runtime -- %.140s", command);
        snprintf(advice->because, sizeof advice->because,
                 "blocks at the peak take %.0f %% less in slabs, which have no headers and more "
                 "classes than malloc",
                 100 * (1 - then / now));
    } else {
        advice->then_bytes = now;
        snprintf(advice->setting, sizeof advice->setting, "malloc, as it is");
        snprintf(advice->because, sizeof advice->because,
                 "its blocks would take %.1f %% less in slabs: not worth a change",
                 now > 0 ? 100 * (1 - then / now) : 0);
    }
    return true;
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
        return refuse(path, "strategies", "one without a name");
    return read_number(path, each, "peak_bytes", &ret->bytes) &&
           read_number(path, each, "cpu_seconds", &ret->seconds);
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
        return refuse(path, "strategies", "missing, or no list");
    json_array_foreach(strategies, i, each)
    {
        if (!read_strategy(path, each, &one))
            return false;
        if (json_is_true(json_object_get(each, "done")) && is_base(&one, &base))
            base = one;
    }
    if (base.name == NULL)
        return refuse(path, "strategies", "none that could do the work");
    best = base;
    json_array_foreach(strategies, i, each)
    {
        if (json_is_true(json_object_get(each, "done")) && read_strategy(path, each, &one) &&
            one.bytes < best.bytes && one.seconds <= base.seconds * (1 + SLOWER_MAX))
            best = one;
    }
    struct advice *advice = add(advices);
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

/* --- a look at the memory --- */

static bool read_memory(const char *path, const json_t *root, struct advices *advices)
{
    const json_t *asleep = json_object_get(root, "asleep");
    double own, packed, untouched, seconds;
    if (!read_number(path, asleep, "own_bytes", &own) ||
        !read_number(path, asleep, "zstd_bytes", &packed) ||
        !read_number(path, root, "untouched_share", &untouched) ||
        !read_number(path, root, "interval_seconds", &seconds))
        return false;
    struct advice *advice = add(advices);
    advice->now_bytes = own;
    advice->then_bytes =
        untouched >= ASLEEP_SHARE ? own * (1 - untouched) + packed * untouched : own;
    if (untouched >= ASLEEP_SHARE) {
        snprintf(advice->setting, sizeof advice->setting, "asleep after %.0f s", seconds);
        snprintf(advice->paste, sizeof advice->paste,
                 "firn_swapper_options: .age_ms = {%.0f} (firn/swapper.h)", seconds * 1000);
        snprintf(advice->because, sizeof advice->because,
                 "%.0f %% of its memory was not touched for %.0f s, and packs to %.0f %%",
                 100 * untouched, seconds, own > 0 ? 100 * packed / own : 0);
    } else {
        snprintf(advice->setting, sizeof advice->setting, "awake, as it is");
        snprintf(advice->because, sizeof advice->because,
                 "%.0f %% of its memory was touched within %.0f s: look with a longer --interval",
                 100 * (1 - untouched), seconds);
    }
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
        return read_profile(path, root, advices);
    if (is_kind(root, "firn-tune-bench"))
        return read_bench(path, root, advices);
    return read_memory(path, root, advices);
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
            emitter_bytes(emitter, "now_bytes", (uint64_t)advice->now_bytes);
            emitter_bytes(emitter, "saved_bytes", saved > 0 ? (uint64_t)saved : 0);
        }
        if (isfinite(advice->time_share))
            emitter_real(emitter, "time_percent", 100 * advice->time_share);
        emitter_text(emitter, "because", advice->because);
        emitter_object_end(emitter);
    }
    emitter_array_end(emitter);
}
