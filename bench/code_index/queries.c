/* See queries.h. */
#include "code_index/queries.h"

#include <stdio.h>
#include <string.h>

#include <firn/system.h>

#include "code/index/entries.h"
#include "code/lookup.h"
#include "code_index/program.h"
#include "support/contender.h"

#define FINDS 2000u

/* Names of the store that are defined, spread over the alphabet. */
static unsigned choose_names(struct opened *opened, char (*names)[NAME_MAX_BYTES + 1])
{
    struct dictionary dictionary;
    static struct dictionary_cursor cursor;
    firn_error error;
    unsigned count = 0;
    bench_expect(
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
    bench_expect(lookup_begin(&lookup, opened, name, &error), &error);
    while (lookup_next(&lookup, &error) == FIRN_OK) {
        if (lookup.postings.definitions_left == 0)
            continue;
        bench_expect(opened_at(opened, lookup.postings.file, &file, &error), &error);
        while (lookup_definition(&lookup, &definition, &error) == FIRN_OK)
            count++;
        opened_file_fini(opened, &file);
    }
    lookup_end(&lookup);
    return count;
}

/* The median time of `find` in process, the store's parts being decoded already. */
double queries_find(const char *store)
{
    static char names[FINDS][NAME_MAX_BYTES + 1];
    static double took[FINDS];
    struct opened opened;
    firn_error error;
    bench_expect(opened_init(&opened, store, NULL, 256u << 20, &error), &error);
    unsigned count = choose_names(&opened, names);
    if (count == 0)
        bench_fail("the store defines no names");
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < count; i++) {
            uint64_t start = firn_clock_ns();
            if (find_one(&opened, names[i]) == 0)
                bench_fail("a name was not found");
            took[i] = (double)(firn_clock_ns() - start) / 1e9;
        }
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
double queries_at(const char *store, bool frozen)
{
    static double took[FINDS];
    struct opened opened;
    firn_error error;
    uint64_t at = 0;
    unsigned count = 0;
    bench_expect(opened_init(&opened, store, NULL, 1, &error), &error);
    const uint64_t step = opened.meta.totals.source_bytes / FINDS + 1;
    for (uint64_t number = 0; number < opened.meta.totals.files; number++) {
        struct opened_file file;
        struct loaded loaded = {.nodes = {NULL, 0, 0, NULL}};
        bench_expect(opened_at(&opened, number, &file, &error), &error);
        for (; at < file.record.size && count < FINDS; at += step, count++) {
            uint64_t start = firn_clock_ns();
            bench_expect(loaded_get(&opened, &file, &loaded, &error), &error);
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

/* --- what it would take in memory --- */

/* The parts of a table of names that hold names; the rest are postings. */
static void add_names(struct opened *opened, uint32_t segment, struct queries_plain *plain)
{
    firn_segment pinned;
    struct table table;
    firn_error error;
    bench_expect(firn_store_pin(opened->store, segment, &pinned, &error), &error);
    if (table_open(pinned.data, pinned.size, &table) != FIRN_OK)
        bench_fail("a table of names cannot be read");
    plain->postings += (double)table.payloads_size;
    plain->names += (double)(pinned.size - table.payloads_size);
    firn_store_unpin(opened->store, &pinned);
}

void queries_plain(const char *store, struct queries_plain *ret_plain)
{
    struct opened opened;
    firn_segment_info info;
    firn_error error;
    *ret_plain = (struct queries_plain){.trees = 0};
    bench_expect(opened_init(&opened, store, NULL, 1, &error), &error);
    for (uint32_t from = 0; firn_store_next(opened.store, from, &info) == FIRN_OK;
         from = info.segment + 1) {
        if (info.kind == SEGMENT_TREE || info.kind == SEGMENT_FAMILY)
            ret_plain->trees += info.plain_bytes;
        else if (info.kind == SEGMENT_NAMES || info.kind == SEGMENT_NAMES + 1)
            add_names(&opened, info.segment, ret_plain);
        else if (info.kind == SEGMENT_CATALOG || info.kind == SEGMENT_CATALOG + 1)
            ret_plain->catalog += info.plain_bytes;
    }
    opened_fini(&opened);
}

/* --- names for others --- */

unsigned queries_names(const char *store, const char *path, unsigned count)
{
    static char names[FINDS][NAME_MAX_BYTES + 1];
    struct opened opened;
    firn_error error;
    FILE *file = fopen(path, "w");
    bench_expect(opened_init(&opened, store, NULL, 16u << 20, &error), &error);
    unsigned found = choose_names(&opened, names);
    count = found < count ? found : count;
    for (unsigned i = 0; i < count && file != NULL; i++)
        fprintf(file, "%s\n", names[(2 * i + 1) * found / (2 * count)]);
    if (file == NULL || fclose(file) != 0)
        bench_fail("cannot write the names to look for");
    opened_fini(&opened);
    return count;
}
