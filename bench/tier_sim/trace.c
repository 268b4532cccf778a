/* A maker of keys is a function that is called for one after the other; what it remembers is in
 * struct maker. */
#include "tier_sim/trace.h"

#include <stdio.h>
#include <string.h>

#include <firn/api.h>

#include "support/zipf.h"

enum {
    KEYS = 100000,
    TABS = 200,
    TAB_KEYS = 500,
    SHARED_KEYS = 2000, /* of all tabs: fonts, libraries, pictures */
    BURST = 400,        /* gets in a tab before the next one, in the mean */
    SCAN_EVERY = 50000,
    SCAN_KEYS = 10000,
    SCANNED_KEYS = 200000,
    DRIFT_EVERY = 40 /* gets until each key is one rank less wanted, and a new one the most */
};

struct maker {
    struct zipf zipf, other;
    uint32_t sequence;
    uint32_t at;
    uint32_t tab;
    uint32_t scan_left, scan_at;
};

static uint32_t next_zipf(struct maker *maker)
{
    return zipf_next(&maker->zipf, &maker->sequence);
}

/* Someone works in a tab for a while; which, follows a zipf, as does what is touched in it. */
static uint32_t next_of_tab(struct maker *maker)
{
    if (random_below(&maker->sequence, BURST) == 0)
        maker->tab = zipf_next(&maker->other, &maker->sequence);
    if (random_below(&maker->sequence, 10) == 0)
        return random_below(&maker->sequence, SHARED_KEYS);
    return SHARED_KEYS + maker->tab * TAB_KEYS + zipf_next(&maker->zipf, &maker->sequence);
}

static uint32_t next_with_scans(struct maker *maker)
{
    if (maker->at % SCAN_EVERY == SCAN_EVERY - 1)
        maker->scan_left = SCAN_KEYS;
    if (maker->scan_left == 0)
        return zipf_next(&maker->zipf, &maker->sequence);
    maker->scan_left--;
    return KEYS + maker->scan_at++ % SCANNED_KEYS;
}

static uint32_t next_of_drift(struct maker *maker)
{
    return (zipf_next(&maker->zipf, &maker->sequence) + KEYS - maker->at / DRIFT_EVERY % KEYS) %
           KEYS;
}

static const struct {
    const char *name;
    uint32_t (*next)(struct maker *maker);
    uint32_t zipf_keys, other_keys;
    double zipf_exponent, other_exponent;
} kinds[TRACES_MADE] = {
    {"zipf 0.9", next_zipf, KEYS, 1, 0.9, 1},
    {"bursts as of tabs", next_of_tab, TAB_KEYS, TABS, 0.7, 0.8},
    {"zipf 0.9 with scans", next_with_scans, KEYS, 1, 0.9, 1},
    {"zipf 0.9 that drifts", next_of_drift, KEYS, 1, 0.9, 1},
};

/* Numbers the keys as they come first; they are below bound. */
static void number(struct trace *trace, uint32_t bound)
{
    uint32_t *numbers = need(malloc(bound * sizeof *numbers));
    memset(numbers, 0xff, bound * sizeof *numbers);
    trace->key_count = 0;
    for (uint32_t i = 0; i < trace->count; i++) {
        uint32_t *key = &numbers[trace->keys[i]];
        if (*key == UINT32_MAX)
            *key = trace->key_count++;
        trace->keys[i] = *key;
    }
    free(numbers);
}

void trace_make(struct trace *trace, unsigned which, uint32_t count)
{
    struct maker maker = {.sequence = 7};
    *trace = (struct trace){.count = count, .keys = need(malloc(count * sizeof *trace->keys))};
    snprintf(trace->name, sizeof trace->name, "%s", kinds[which].name);
    zipf_init(&maker.zipf, kinds[which].zipf_keys, kinds[which].zipf_exponent);
    zipf_init(&maker.other, kinds[which].other_keys, kinds[which].other_exponent);
    for (; maker.at < count; maker.at++)
        trace->keys[maker.at] = kinds[which].next(&maker);
    zipf_fini(&maker.zipf);
    zipf_fini(&maker.other);
    number(trace, KEYS + SCANNED_KEYS);
}

bool trace_read(struct trace *trace, const char *path)
{
    static const uint32_t count_max = 1u << 28;
    FILE *file = fopen(path, "r");
    uint32_t highest = 0, room = 1u << 16;
    const char *slash = strrchr(path, '/');
    *trace = (struct trace){.keys = need(malloc(room * sizeof *trace->keys))};
    snprintf(trace->name, sizeof trace->name, "%s", slash != NULL ? slash + 1 : path);
    trace->name[strcspn(trace->name, ".")] = '\0';
    while (file != NULL && trace->count < count_max) {
        if (trace->count == room)
            trace->keys = need(realloc(trace->keys, (room *= 2) * sizeof *trace->keys));
        size_t more = fread(trace->keys + trace->count, 4, room - trace->count, file);
        trace->count += (uint32_t)more;
        if (more == 0)
            break;
    }
    for (uint32_t i = 0; i < trace->count; i++)
        highest = trace->keys[i] > highest ? trace->keys[i] : highest;
    if (file != NULL)
        fclose(file);
    if (trace->count == 0 || highest >= trace->count) {
        fprintf(stderr, "%s: no trace; see scripts/traces\n", path);
        free(trace->keys);
        return false;
    }
    number(trace, highest + 1);
    return true;
}

void trace_fini(struct trace *trace)
{
    free(trace->keys);
}
