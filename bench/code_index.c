/* `firn code` against the bare parse of the same files: time, memory and size of an index, its
 * proof, and the time of queries.
 *
 *     code_index [--json] [--quick] [--runs N] [DIR]
 *
 * DIR is a source tree; build/corpus/K1 when it is not given, which then is laid out by
 * scripts/corpus.
 *
 * The bare parse takes the files as the index does, in units of a segment's size, with as many
 * threads and the same parser, and drops each tree at once. Parse and index take turns, so that
 * both see the same machine; of each the median counts. The program is measured as a
 * user runs it, in a process of its own. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <firn/file.h>
#include <firn/system.h>

#include "code/index/entries.h"
#include "code/lookup.h"
#include "code/parse.h"
#include "code/scan.h"
#include "support/contender.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/rows.h"

#define FINDS 2000u
#define COMMANDS 200u
#define UNIT_BYTES (256u << 10)

static void fail(const char *what)
{
    fprintf(stderr, "code_index: %s\n", what);
    exit(1);
}

static void expect(firn_status status, const firn_error *error)
{
    if (status != FIRN_OK)
        fail(error->text);
}

/* --- the bare parse --- */

struct bare {
    const char *root;
    const struct scan *scan;
    pthread_mutex_t mutex;
    size_t next;
};

static bool take_unit(struct bare *bare, size_t *ret_first, size_t *ret_end)
{
    uint64_t bytes = 0;
    pthread_mutex_lock(&bare->mutex);
    *ret_first = bare->next;
    while (bare->next < bare->scan->file_count && bytes < UNIT_BYTES)
        bytes += bare->scan->files[bare->next++].size;
    *ret_end = bare->next;
    pthread_mutex_unlock(&bare->mutex);
    return *ret_first < *ret_end;
}

static void *parse_files(void *context)
{
    struct bare *bare = context;
    struct parser *parser;
    firn_error error = {.text = "out of memory"};
    size_t first, end, size;
    void *text;
    expect(parser_create(NULL, &parser), &error);
    while (take_unit(bare, &first, &end))
        for (size_t i = first; i < end; i++) {
            const struct scan_file *file = &bare->scan->files[i];
            char path[8192];
            snprintf(path, sizeof path, "%s/%s", bare->root, file->path);
            expect(firn_file_read_all(path, UINT32_MAX, NULL, &text, &size, NULL, &error), &error);
            (void)!parser_parse(parser, file->language, size > 0 ? text : "", size, &error);
            parser_reset(parser);
            firn_release(NULL, text, size);
        }
    parser_destroy(parser);
    return NULL;
}

static double time_parse(const char *root, const struct scan *scan)
{
    struct bare bare = {.root = root, .scan = scan};
    pthread_t threads[256];
    unsigned count = firn_processor_count();
    count = count < 256 ? count : 256;
    pthread_mutex_init(&bare.mutex, NULL);
    uint64_t start = firn_clock_ns();
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, parse_files, &bare) != 0)
            fail("cannot start a thread");
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&bare.mutex);
    return (double)(firn_clock_ns() - start) / 1e9;
}

/* --- the program --- */

static char program[4096];

/* The program that was built beside the bench's folder. */
static void find_program(void)
{
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 16);
    if (size < 0)
        fail("cannot find myself");
    program[size] = '\0';
    for (unsigned up = 0; up < 2; up++)
        *strrchr(program, '/') = '\0';
    memcpy(program + strlen(program), "/firn", sizeof "/firn");
}

/* Runs the program and keeps what it prints; a failure ends the bench. */
static void run(const char *const *words, char *output, size_t size)
{
    const char *arguments[16] = {program};
    int ends[2];
    size_t used = 0;
    for (size_t i = 0; words[i] != NULL && i < 14; i++)
        arguments[i + 1] = words[i];
    if (pipe(ends) != 0)
        fail("cannot make a pipe");
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv(program, (char **)(uintptr_t)arguments);
        _exit(127);
    }
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], output + used, size - 1 - used)) > 0;)
        used += (size_t)got;
    output[used] = '\0';
    close(ends[0]);
    int status;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
        fail("the program failed");
}

static double value_of(const char *json, const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\": ", key);
    const char *at = strstr(json, quoted);
    if (at == NULL)
        fail("a figure is missing in the program's answer");
    return strtod(at + strlen(quoted), NULL);
}

/* The median time of a command as a whole. */
static double time_command(const char *const *words)
{
    static double took[COMMANDS];
    char output[65536];
    for (unsigned i = 0; i < COMMANDS; i++) {
        uint64_t start = firn_clock_ns();
        run(words, output, sizeof output);
        took[i] = (double)(firn_clock_ns() - start) / 1e9;
    }
    return median(took, COMMANDS);
}

/* --- queries in process --- */

/* Names of the store that are defined, spread over the alphabet. */
static unsigned choose_names(struct opened *opened, char (*names)[NAME_MAX_BYTES + 1])
{
    struct dictionary dictionary;
    static struct dictionary_cursor cursor;
    firn_error error;
    unsigned count = 0;
    expect(
        dictionary_open(&dictionary, opened->store, opened->meta.layers[0].names_segment, &error),
        &error);
    for (unsigned i = 0; i < FINDS; i++) {
        uint64_t number = opened->meta.names * i / FINDS;
        struct postings postings;
        if (dictionary_at(&dictionary, number, &cursor, &error) != FIRN_OK)
            continue;
        postings_init(&postings, cursor.entry.payload, cursor.entry.payload_size,
                      cursor.entry.table.is_compact);
        if (postings_next(&postings) != FIRN_OK || postings.definitions_left == 0)
            continue;
        memcpy(names[count], cursor.entry.key, cursor.entry.key_size);
        names[count++][cursor.entry.key_size] = '\0';
    }
    dictionary_cursor_close(&cursor);
    dictionary_close(&dictionary);
    return count;
}

static unsigned find_one(struct opened *opened, const char *name)
{
    struct lookup lookup = {.opened = NULL};
    struct definition definition;
    struct opened_file file;
    firn_error error;
    unsigned count = 0;
    expect(lookup_begin(&lookup, opened, name, &error), &error);
    while (lookup_next(&lookup, &error) == FIRN_OK) {
        if (lookup.postings.definitions_left == 0)
            continue;
        expect(opened_at(opened, lookup.postings.file, &file, &error), &error);
        while (lookup_definition(&lookup, &definition, &error) == FIRN_OK)
            count++;
        opened_file_fini(opened, &file);
    }
    lookup_end(&lookup);
    return count;
}

/* The median time of `find` in process, the store's parts being decoded already. */
static double time_find(const char *store, char *ret_name)
{
    static char names[FINDS][NAME_MAX_BYTES + 1];
    static double took[FINDS];
    struct opened opened;
    firn_error error;
    expect(opened_init(&opened, store, NULL, 256u << 20, &error), &error);
    unsigned count = choose_names(&opened, names);
    if (count == 0)
        fail("the store defines no names");
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < count; i++) {
            uint64_t start = firn_clock_ns();
            if (find_one(&opened, names[i]) == 0)
                fail("a name was not found");
            took[i] = (double)(firn_clock_ns() - start) / 1e9;
        }
    memcpy(ret_name, names[count / 2], sizeof names[0]);
    opened_fini(&opened);
    return median(took, count);
}

/* --- a node at an offset --- */

static void locate(const struct loaded *loaded, uint32_t offset)
{
    firn_path_node *path;
    size_t depth;
    if (firn_tree_locate(&loaded->tree, offset, NULL, &path, &depth) == FIRN_OK)
        firn_release(NULL, path, depth * sizeof *path);
}

/* The median time to find the node at an offset: in a file that is loaded already (warm), or from
 * the store's files on (frozen), with a cache that keeps nothing. Files are taken by their bytes'
 * share. */
static double time_at(const char *store, bool frozen)
{
    static double took[FINDS];
    struct opened opened;
    firn_error error;
    uint64_t at = 0;
    unsigned count = 0;
    expect(opened_init(&opened, store, NULL, 1, &error), &error);
    const uint64_t step = opened.meta.totals.source_bytes / FINDS + 1;
    for (uint64_t number = 0; number < opened.meta.totals.files; number++) {
        struct opened_file file;
        struct loaded loaded = {.nodes = {NULL, 0, 0, NULL}};
        expect(opened_at(&opened, number, &file, &error), &error);
        for (; at < file.record.size && count < FINDS; at += step, count++) {
            uint64_t start = firn_clock_ns();
            expect(loaded_get(&opened, &file, &loaded, &error), &error);
            start = frozen ? start : firn_clock_ns();
            locate(&loaded, (uint32_t)at);
            took[count] = (double)(firn_clock_ns() - start) / 1e9;
            loaded_close(&opened, &loaded);
        }
        at -= at < file.record.size ? at : file.record.size;
        opened_file_fini(&opened, &file);
    }
    opened_fini(&opened);
    return median(took, count);
}

/* --- all of it --- */

struct figures {
    double parse_seconds, index_seconds;
    double lines, source_bytes, tree_bytes, parser_tree_bytes, store_bytes, peak_rss_bytes;
    double differences;
    double find_seconds, command_seconds, floor_seconds, warm_seconds, frozen_seconds;
};

static void measure_index(const char *root, const char *store, unsigned runs,
                          struct figures *figures)
{
    static char output[1 << 20];
    struct scan scan;
    firn_error error;
    const char *const index[] = {"code", "index",  root,      "--store",
                                 store,  "--json", "--quiet", NULL};
    const char *const verify[] = {"code", "verify", "--store", store, "--json", "--quiet", NULL};
    expect(scan_run(root, &(struct scan_options){.allocator = NULL}, &scan, &error), &error);
    double parse[CONTENDER_RUNS_MAX], indexing[CONTENDER_RUNS_MAX];
    for (unsigned i = 0; i < runs; i++) {
        parse[i] = time_parse(root, &scan);
        run(index, output, sizeof output);
        indexing[i] = value_of(output, "seconds");
        if (value_of(output, "peak_rss_bytes") > figures->peak_rss_bytes)
            figures->peak_rss_bytes = value_of(output, "peak_rss_bytes");
    }
    figures->parse_seconds = median(parse, runs);
    figures->index_seconds = median(indexing, runs);
    figures->lines = value_of(output, "lines");
    figures->source_bytes = value_of(output, "source_bytes");
    figures->tree_bytes = value_of(output, "tree_bytes");
    figures->parser_tree_bytes = value_of(output, "parser_tree_bytes");
    figures->store_bytes = value_of(output, "store_bytes");
    run(verify, output, sizeof output);
    figures->differences = value_of(output, "differences");
    scan_fini(&scan);
}

static void measure_queries(const char *store, struct figures *figures)
{
    char name[NAME_MAX_BYTES + 1];
    figures->find_seconds = time_find(store, name);
    figures->warm_seconds = time_at(store, false);
    figures->frozen_seconds = time_at(store, true);
    const char *const find[] = {"code", "find", "--store", store, "--", name, NULL};
    const char *const nothing[] = {"--version", NULL};
    figures->command_seconds = time_command(find);
    figures->floor_seconds = time_command(nothing);
}

static int print(const struct figures *figures, const struct bench_options *options)
{
    const double lines = figures->lines / 1e6;
    const struct row rows[] = {
        {.id = "C1",
         .what = "trees, all nodes and exact positions, uncompressed",
         .value = figures->tree_bytes / figures->lines,
         .unit = "B a line",
         .target = 3.2,
         .peers = {{"tree-sitter", figures->parser_tree_bytes / figures->lines}}},
        {.id = "C3",
         .what = "store on disk, sources included",
         .value = figures->store_bytes / 1e6 / lines,
         .unit = "MB / M lines",
         .target = figures->lines > 5e6 ? 10 : 12, /* a small tree bears the families too */
         .peers = {{"sources", figures->source_bytes / 1e6 / lines}}},
        {.id = "C4",
         .what = "indexing, peak RSS",
         .value = figures->peak_rss_bytes / 1e6,
         .unit = "MB",
         .target = 100},
        {.id = "C5",
         .what = "indexing time against the bare parse",
         .value = figures->index_seconds / figures->parse_seconds,
         .unit = "times",
         .target = 1.25,
         .peers = {{"parse, s", figures->parse_seconds}, {"index, s", figures->index_seconds}}},
        {.id = "C6",
         .what = "find NAME in process, warm",
         .value = figures->find_seconds * 1e6,
         .unit = "us",
         .target = 20},
        {.id = "C6",
         .what = "find NAME, whole command",
         .value = figures->command_seconds * 1e3,
         .unit = "ms",
         .target = 4.5,
         .peers = {{"firn --version", figures->floor_seconds * 1e3}}},
        {.id = "C7",
         .what = "node at an offset, warm",
         .value = figures->warm_seconds * 1e6,
         .unit = "us",
         .target = 20},
        {.id = "C7",
         .what = "node at an offset, frozen",
         .value = figures->frozen_seconds * 1e3,
         .unit = "ms",
         .target = 1.5},
        {.id = "C8",
         .what = "differences found by verify",
         .value = figures->differences,
         .unit = "",
         .target = 0},
    };
    return rows_report(rows, sizeof rows / sizeof rows[0], options);
}

static void remove_store(const char *folder)
{
    char command[4096];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        fail("cannot remove the store");
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "`firn code` against the bare parse of a source tree, build/corpus/K1 if not DIR.",
        .word = "[DIR]"};
    struct bench_options options;
    struct figures figures = {0};
    char folder[] = "/tmp/firn-bench-XXXXXX", store[64];
    bench_options_read(&options, count, words, &about);
    const char *root = options.word != NULL ? options.word : "build/corpus/K1";
    find_program();
    if (access(root, R_OK) != 0 && system("scripts/corpus build/corpus") != 0)
        fail("scripts/corpus failed; name a source tree");
    if (mkdtemp(folder) == NULL)
        fail("cannot make a folder below /tmp");
    snprintf(store, sizeof store, "%s/store", folder);
    measure_index(root, store, options.runs, &figures);
    measure_queries(store, &figures);
    remove_store(folder);
    return print(&figures, &options);
}
