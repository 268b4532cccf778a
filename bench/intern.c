/* Interned identifiers of a source tree, distinct ones: the row M9, the frozen form, and what a
 * lookup takes. Against one malloc for each, and GLib's string chunks where they are installed.
 *
 *     intern [--json] [--quick] [--runs N] [--svg FILE] [DIR]
 *
 * DIR is a source tree; build/corpus/K1 when it is not given, which then is laid out by
 * scripts/corpus. Memory is what malloc has given out, its own heads and rounding included. */
#include <ctype.h>
#include <fts.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <firn/intern.h>

#include "support/contender.h"
#include "support/measure.h"
#include "support/options.h"
#include "support/plot.h"

#ifdef FIRN_BENCH_GLIB
#include <glib.h>
#endif

static firn_intern *names;

static void put(const char *text, size_t size)
{
    uint32_t id;
    if (firn_intern_put(names, text, size, &id, NULL) != FIRN_OK)
        exit(1);
}

/* Interns all words that begin as an identifier does. */
static void read_file(const char *path)
{
    static char text[1 << 22];
    FILE *file = fopen(path, "r");
    size_t size = file != NULL ? fread(text, 1, sizeof text, file) : 0;
    if (file != NULL)
        fclose(file);
    for (size_t at = 0; at < size;) {
        size_t begin = at;
        while (at < size && (isalnum((unsigned char)text[at]) || text[at] == '_'))
            at++;
        if (at > begin && !isdigit((unsigned char)text[begin]))
            put(text + begin, at - begin);
        at += at == begin;
    }
}

static void read_tree(const char *root)
{
    char *roots[] = {(char *)(uintptr_t)root, NULL};
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree != NULL && (entry = fts_read(tree)) != NULL;)
        if (entry->fts_info == FTS_F)
            read_file(entry->fts_accpath);
    if (tree != NULL)
        fts_close(tree);
    if (firn_intern_count(names) == 0) {
        fprintf(stderr, "%s: no identifiers there; name a source tree\n", root);
        exit(1);
    }
}

static double held_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)info.uordblks + (double)info.hblkhd;
}

/* What a malloc for each identifier takes, without any table. */
static double malloc_bytes(void)
{
    uint32_t count = firn_intern_count(names);
    char **copies = need(malloc(count * sizeof *copies));
    double before = held_bytes();
    for (uint32_t id = 0; id < count; id++) {
        size_t size;
        const char *text = firn_intern_get(names, id, &size);
        copies[id] = need(strndup(text, size));
    }
    double took = held_bytes() - before;
    for (uint32_t id = 0; id < count; id++)
        free(copies[id]);
    free(copies);
    return took / count;
}

static double glib_bytes(void)
{
#ifdef FIRN_BENCH_GLIB
    double before = held_bytes();
    uint32_t count = firn_intern_count(names);
    GStringChunk *chunk = g_string_chunk_new(4096);
    for (uint32_t id = 0; id < count; id++) {
        size_t size;
        const char *text = firn_intern_get(names, id, &size);
        char *ended = need(strndup(text, size));
        g_string_chunk_insert_const(chunk, ended);
        free(ended);
    }
    double took = held_bytes() - before;
    g_string_chunk_free(chunk);
    return took / count;
#else
    return NAN;
#endif
}

struct times {
    double put, find, frozen_find;
};

/* Puts all into a new interner, and finds all. */
static struct times measure_times(const firn_intern_frozen *frozen, const uint32_t *order)
{
    uint32_t count = firn_intern_count(names), found = 0;
    firn_intern *fresh;
    struct times times;
    if (firn_intern_create(NULL, &fresh) != FIRN_OK)
        exit(1);
    for (int pass = 0; pass < 3; pass++) {
        uint64_t begin = cpu_ns();
        for (uint32_t i = 0; i < count; i++) {
            size_t size;
            uint32_t id;
            const void *text = firn_intern_get(names, order[i], &size);
            if (pass == 0)
                found += firn_intern_put(fresh, text, size, &id, NULL) == FIRN_OK;
            else if (pass == 1)
                found += firn_intern_find(fresh, text, size) != FIRN_INTERN_NONE;
            else
                found += firn_intern_frozen_find(frozen, text, size) != FIRN_INTERN_NONE;
        }
        double took = (double)(cpu_ns() - begin) / count;
        *(pass == 0 ? &times.put : pass == 1 ? &times.find : &times.frozen_find) = took;
    }
    firn_intern_destroy(fresh);
    if (found != 3 * count)
        exit(1);
    return times;
}

static double median_of(const struct times *times, unsigned runs, size_t which)
{
    double values[CONTENDER_RUNS_MAX];
    for (unsigned i = 0; i < runs; i++)
        values[i] = which == 0 ? times[i].put : which == 1 ? times[i].find : times[i].frozen_find;
    return median(values, runs);
}

int main(int argc, char **words)
{
    static const struct bench_about about = {
        .text = "Interned identifiers of a source tree, build/corpus/K1 if not DIR.",
        .word = "[DIR]"};
    struct bench_options options;
    bench_options_read(&options, argc, words, &about);
    const char *root = options.word != NULL ? options.word : "build/corpus/K1";
    if (options.word == NULL && access(root, R_OK) != 0 &&
        system("scripts/corpus build/corpus") != 0)
        return 1;
    if (firn_intern_create(NULL, &names) != FIRN_OK)
        return 1;
    read_tree(root);
    uint32_t count = firn_intern_count(names), *order = need(malloc(count * sizeof *order));
    void *data;
    size_t size;
    firn_intern_frozen frozen;
    if (firn_intern_freeze(names, NULL, NULL, &data, &size) != FIRN_OK ||
        firn_intern_frozen_open(data, size, &frozen) != FIRN_OK)
        return 1;
    uint32_t sequence = 3;
    for (uint32_t i = 0; i < count; i++) { /* as they come, and in the order of nothing */
        uint32_t other = random_below(&sequence, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    struct times times[CONTENDER_RUNS_MAX];
    for (unsigned run = 0; run < options.runs; run++)
        times[run] = measure_times(&frozen, order);
    firn_usage usage;
    firn_intern_usage(names, &usage);
    double glib = glib_bytes();
    const struct row rows[] = {
        {.id = "M9",
         .what = "an interned identifier, text included",
         .value = (double)usage.reserved_bytes / count,
         .unit = "B",
         .target = 21,
         .peers = {{"its text", (double)usage.live_bytes / count},
                   {"malloc", malloc_bytes()},
                   {isnan(glib) ? NULL : "GLib chunk", glib}}},
        {.id = "M9",
         .what = "the same, frozen",
         .value = (double)size / count,
         .unit = "B",
         .target = 10},
        {.id = "M9", .what = "identifiers", .value = count, .unit = "", .target = ROW_NO_TARGET},
        {.id = "M9",
         .what = "put of a new one",
         .value = median_of(times, options.runs, 0),
         .unit = "ns",
         .target = ROW_NO_TARGET},
        {.id = "M9",
         .what = "find",
         .value = median_of(times, options.runs, 1),
         .unit = "ns",
         .target = ROW_NO_TARGET},
        {.id = "M9",
         .what = "find in the frozen form",
         .value = median_of(times, options.runs, 2),
         .unit = "ns",
         .target = ROW_NO_TARGET},
    };
    int status = rows_report(rows, sizeof rows / sizeof rows[0], &options);
    firn_release(NULL, data, size);
    firn_intern_destroy(names);
    free(order);
    return status;
}
