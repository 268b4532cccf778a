/* Reads what the tools said: see tools.h. firn's own by its command, heaptrack's by
 * heaptrack_print, massif's and memcheck's from their files. */
#include "track/tools.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally {
    char name[256];
    double amount;
};

static int compare(const void *a, const void *b)
{
    const struct tally *left = a, *right = b;
    return (left->amount < right->amount) - (left->amount > right->amount);
}

enum { TALLY_MAX = 20000 };
#define LEAST_SHARE 0.01 /* of all, else it is no matter who is the tenth */
static struct tally tallies[TALLY_MAX];
static unsigned tally_count;

/* Adds to a function, named as both tools would: up to its parameters or file. Where there is no
 * name one tool has an address and the other a place in the file, which share their last digits. */
static void tally(const char *frame, double amount)
{
    char name[256];
    frame += strncmp(frame, "__GI_", 5) == 0 ? 5 : 0;
    snprintf(name, sizeof name, "%.250s", frame);
    name[strcspn(name, " (@.")] = '\0';
    const size_t length = strlen(name);
    if (strncmp(name, "0x", 2) == 0 && length > 5) {
        memmove(name, name + length - 3, 4);
        for (unsigned i = 0; i < 3; i++) /* massif writes capitals */
            name[i] = (char)tolower((unsigned char)name[i]);
    }
    unsigned at = 0;
    while (at < tally_count && strcmp(tallies[at].name, name) != 0)
        at++;
    if (at == TALLY_MAX)
        return;
    if (at == tally_count) {
        snprintf(tallies[at].name, sizeof tallies[at].name, "%s", name);
        tallies[at].amount = 0;
        tally_count++;
    }
    tallies[at].amount += amount;
}

static void take_top(struct top *top)
{
    double all = 0;
    qsort(tallies, tally_count, sizeof tallies[0], compare);
    for (unsigned i = 0; i < tally_count; i++)
        all += tallies[i].amount;
    top->first = 0;
    for (top->count = 0; top->count < TOP_KEPT && top->count < tally_count; top->count++) {
        if (top->count < TOP && tallies[top->count].amount >= LEAST_SHARE * all)
            top->first++;
        memcpy(top->names[top->count], tallies[top->count].name, sizeof top->names[0]);
        top->amounts[top->count] = tallies[top->count].amount;
    }
    tally_count = 0;
}

static void read_sites(const json_t *sites, const char *key, struct top *top)
{
    for (size_t i = 0; i < json_array_size(sites); i++) {
        const json_t *site = json_array_get(sites, i);
        const json_t *stack = json_object_get(site, "stack");
        const char *frame = json_string_value(json_array_get(stack, 0));
        if (frame != NULL && strncmp(frame, "operator new", 12) == 0) /* heaptrack leaves it out */
            frame = json_string_value(json_array_get(stack, 1));
        if (frame != NULL)
            tally(frame, json_number_value(json_object_get(site, key)));
    }
    take_top(top);
}

/* The profile that the bench had written by `firn tune track -o`. */
static bool read_firn(const char *path, struct findings *findings)
{
    json_t *root = json_load_file(path, 0, NULL), *sites = json_object_get(root, "sites");
    if (!json_is_array(sites)) {
        json_decref(root);
        return false;
    }
    findings->calls = json_number_value(json_object_get(root, "calls"));
    findings->bytes = json_number_value(json_object_get(root, "bytes"));
    findings->peak = json_number_value(json_object_get(root, "peak_bytes"));
    read_sites(sites, "calls", &findings->by_calls);
    read_sites(sites, "bytes", &findings->by_bytes);
    read_sites(sites, "peak_bytes", &findings->by_peak);
    json_decref(root);
    return true;
}

static double with_unit(const char *text)
{
    char *unit;
    const double value = strtod(text, &unit);
    return value * (*unit == 'K' ? 1e3 : *unit == 'M' ? 1e6 : *unit == 'G' ? 1e9 : 1);
}

/* What heaptrack's library brings itself: the pool of libstdc++ for exceptions. */
#define POOL_BYTES 72704.0

/* Folded stacks by what they cost: allocations, or peak. */
static bool read_folded(const char *cost, struct findings *findings, struct top *top)
{
    char line[16384];
    snprintf(line, sizeof line,
             "cd %s && heaptrack_print -f heaptrack.data -p 0 -a 0 -T 0 -l 0 -F folded "
             "--flamegraph-cost-type %s",
             scratch(), cost);
    FILE *out = popen(line, "r");
    while (out != NULL && fgets(line, sizeof line, out) != NULL) {
        (void)sscanf(line, "calls to allocation functions: %lf", &findings->calls);
        if (strncmp(line, "peak heap memory consumption: ", 30) == 0)
            findings->peak = with_unit(line + 30);
    }
    if (out == NULL || pclose(out) != 0)
        return false;
    snprintf(line, sizeof line, "%s/folded", scratch());
    FILE *folded = fopen(line, "r");
    while (folded != NULL && fgets(line, sizeof line, folded) != NULL) {
        char *count = strrchr(line, ' ');
        if (count == NULL || count - line < 2)
            continue;
        const double calls = strtod(count + 1, NULL);
        for (*count = '\0'; count > line && (count[-1] == ';' || count[-1] == ' '); count--)
            count[-1] = '\0';
        const char *leaf = strrchr(line, ';') != NULL ? strrchr(line, ';') + 1 : line;
        if (calls != POOL_BYTES || strncmp(leaf, "0x7", 3) != 0)
            tally(leaf, calls);
    }
    if (folded != NULL)
        fclose(folded);
    take_top(top);
    return folded != NULL;
}

static bool read_heaptrack(struct findings *findings)
{
    char line[1024];
    snprintf(line, sizeof line,
             "cd %s && $(ls /usr/lib/heaptrack/libexec/heaptrack_interpret "
             "/usr/lib/*/heaptrack/libexec/heaptrack_interpret 2>/dev/null) <heaptrack.raw "
             ">heaptrack.data 2>/dev/null",
             scratch());
    return system(line) == 0 && read_folded("peak", findings, &findings->by_peak) &&
           read_folded("allocations", findings, &findings->by_calls);
}

/* Callers stand one blank in below the peak: " n2: 5678 0x1234: name (file.c:12)". */
static bool read_massif(struct findings *findings)
{
    char line[4096], address[32], name[256];
    double bytes;
    bool is_peak = false;
    snprintf(line, sizeof line, "%s/massif", scratch());
    FILE *file = fopen(line, "r");
    findings->peak = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "mem_heap_B=%lf", &bytes) == 1 && bytes > findings->peak)
            findings->peak = bytes;
        if (strncmp(line, "heap_tree=", 10) == 0)
            is_peak = strncmp(line + 10, "peak", 4) == 0;
        else if (is_peak && strncmp(line, " n", 2) == 0 &&
                 sscanf(line, " n%*u: %lf %31[^:]: %255[^\n]", &bytes, address, name) == 3)
            tally(strncmp(name, "???", 3) == 0 ? address : name, bytes);
    }
    take_top(&findings->by_peak);
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

static double without_commas(const char *text)
{
    double value = 0;
    for (; (*text >= '0' && *text <= '9') || *text == ','; text++)
        value = *text == ',' ? value : 10 * value + (*text - '0');
    return value;
}

static bool read_memcheck(struct findings *findings)
{
    char line[4096], calls[64], bytes[64];
    snprintf(line, sizeof line, "%s/memcheck", scratch());
    FILE *file = fopen(line, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "%*s total heap usage: %63s allocs, %*s frees, %63s", calls, bytes) == 2) {
            findings->calls = without_commas(calls);
            findings->bytes = without_commas(bytes);
        }
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

bool findings_read(enum tool tool, struct findings *ret_findings)
{
    char path[128];
    *ret_findings = (struct findings){.calls = -1, .bytes = -1, .peak = -1};
    switch (tool) {
    case TOOL_PROFILE:
    case TOOL_SAMPLE:
        snprintf(path, sizeof path, "%s/profile.json", scratch());
        return read_firn(path, ret_findings);
    case TOOL_HEAPTRACK:
        return read_heaptrack(ret_findings);
    case TOOL_MASSIF:
        return read_massif(ret_findings);
    default:
        return read_memcheck(ret_findings);
    }
}
