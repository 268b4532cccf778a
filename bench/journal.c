/* What an update of an index costs on the journal: 20,000 blobs of source files' sizes, of which
 * 1,000 are edited and committed, ten times; then all are read.
 *
 *     journal [--json] [--quick] [--runs N] [--svg FILE] [DIR]
 *
 * The blobs are the files below DIR (/usr/include when it is not given), as often as needed.
 * Against the same versions put whole, which is what a store without edits would write. */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <firn/journal.h>

#include "support/contender.h"
#include "support/measure.h"
#include "support/options.h"
#include "support/plot.h"

enum { BLOBS = 20000, EDITED = 1000, ROUNDS = 10, SIZE_MAX_BYTES = 60000 };

struct blob {
    char *data;
    size_t size;
};

static struct blob blobs[BLOBS];
static uint32_t sequence = 7;

static void files_read(const char *root)
{
    static char data[SIZE_MAX_BYTES];
    char *roots[] = {(char *)(uintptr_t)root, NULL};
    size_t count = 0;
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree != NULL && count < BLOBS && (entry = fts_read(tree)) != NULL;) {
        FILE *file = entry->fts_info == FTS_F ? fopen(entry->fts_accpath, "r") : NULL;
        if (file == NULL)
            continue;
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        blobs[count].data = need(malloc(size + 200 * ROUNDS));
        memcpy(blobs[count].data, data, size);
        blobs[count++].size = size;
    }
    if (tree != NULL)
        fts_close(tree);
    if (count < 100) {
        fprintf(stderr, "%s: too few files there; name a source tree\n", root);
        exit(1);
    }
    for (size_t i = count; i < BLOBS; i++) { /* the same with other first lines */
        blobs[i].size = blobs[i % count].size;
        blobs[i].data = need(malloc(blobs[i].size + 200 * ROUNDS));
        memcpy(blobs[i].data, blobs[i % count].data, blobs[i].size);
        for (size_t k = 0; k < 8 && k < blobs[i].size; k++)
            blobs[i].data[k] = (char)('a' + (i >> (2 * k)) % 23);
    }
}

/* As a programmer does: a line goes, another comes, somewhere. */
static void edit(struct blob *blob)
{
    char line[80];
    size_t at = blob->size > 0 ? random_below(&sequence, (uint32_t)blob->size) : 0;
    size_t add = (size_t)snprintf(line, sizeof line, "    int value_%u = compute(%u);\n",
                                  random_below(&sequence, 1000), random_below(&sequence, 1000));
    size_t cut = blob->size - at < 20 ? blob->size - at : 20;
    memmove(blob->data + at + add, blob->data + at + cut, blob->size - at - cut);
    memcpy(blob->data + at, line, add);
    blob->size += add - cut;
}

static void check(firn_status status, const firn_error *error)
{
    if (status != FIRN_OK) {
        fprintf(stderr, "%s\n", error->text);
        exit(1);
    }
}

struct side {
    const char *path;
    bool whole; /* puts full versions only */
    firn_store *store;
    firn_journal *journal;
    double first_bytes, round_bytes, put_ns, commit_ns, get_ns;
};

static double disk_bytes(const struct side *side)
{
    firn_store_summary summary;
    firn_store_summary_get(side->store, &summary);
    return (double)summary.live_bytes;
}

static void put(struct side *side, uint32_t i)
{
    firn_error error;
    firn_status status =
        side->whole ? firn_journal_replace(side->journal, i, blobs[i].data, blobs[i].size, &error)
                    : firn_journal_put(side->journal, i, blobs[i].data, blobs[i].size, &error);
    check(status, &error);
}

static void commit(struct side *side)
{
    firn_error error;
    uint32_t table;
    check(firn_journal_flush(side->journal, &table, &error), &error);
    check(firn_store_commit(side->store, table, &error), &error);
}

static void side_open(struct side *side)
{
    firn_error error;
    firn_store_options options = {.mode = FIRN_STORE_WRITE};
    check(firn_store_open(side->path, &options, &side->store, &error), &error);
    check(firn_journal_open(side->store, FIRN_SEGMENT_NONE, NULL, &side->journal, &error), &error);
    for (uint32_t i = 0; i < BLOBS; i++)
        put(side, i);
    commit(side);
    side->first_bytes = disk_bytes(side);
}

static void side_round(struct side *side, const uint32_t *edited)
{
    firn_store_summary before, after;
    firn_store_summary_get(side->store, &before);
    uint64_t begin = cpu_ns();
    for (uint32_t i = 0; i < EDITED; i++)
        put(side, edited[i]);
    uint64_t between = cpu_ns();
    commit(side);
    side->commit_ns += (double)(cpu_ns() - between);
    side->put_ns += (double)(between - begin);
    firn_store_summary_get(side->store, &after);
    side->round_bytes += (double)after.live_bytes - (double)before.live_bytes;
}

static void side_read(struct side *side)
{
    firn_error error;
    uint64_t begin = cpu_ns();
    for (uint32_t n = 0; n < BLOBS; n++) {
        uint32_t i = random_below(&sequence, BLOBS);
        void *data;
        size_t size;
        check(firn_journal_get(side->journal, i, NULL, &data, &size, &error), &error);
        if (size != blobs[i].size || (size > 0 && memcmp(data, blobs[i].data, size) != 0)) {
            fprintf(stderr, "a blob is not what was put\n");
            exit(1);
        }
        firn_release(NULL, data, size);
    }
    side->get_ns = (double)(cpu_ns() - begin) / BLOBS;
    firn_journal_close(side->journal);
    firn_store_close(side->store);
}

static struct row row(const char *what, double value, const char *unit, double whole)
{
    return (struct row){.id = "journal",
                        .what = what,
                        .value = value,
                        .unit = unit,
                        .target = ROW_NO_TARGET,
                        .peers = {{"whole", whole}}};
}

int main(int argc, char **words)
{
    static const struct bench_about about = {
        .text = "Updates of 1,000 of 20,000 files, /usr/include if not DIR, on the journal.",
        .word = "[DIR]"};
    struct bench_options options;
    char folder[] = "/tmp/firn-journal-XXXXXX", edits_path[64], whole_path[64], command[128];
    bench_options_read(&options, argc, words, &about);
    files_read(options.word != NULL ? options.word : "/usr/include");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(edits_path, sizeof edits_path, "%s/edits", folder);
    snprintf(whole_path, sizeof whole_path, "%s/whole", folder);
    struct side edits = {.path = edits_path}, whole = {.path = whole_path, .whole = true};
    side_open(&edits);
    side_open(&whole);
    unsigned rounds = options.quick ? 3 : ROUNDS;
    for (unsigned round = 0; round < rounds; round++) {
        uint32_t edited[EDITED];
        for (uint32_t i = 0; i < EDITED; i++) {
            edited[i] = random_below(&sequence, BLOBS / 4); /* some are edited again and again */
            edit(&blobs[edited[i]]);
        }
        side_round(&edits, edited);
        side_round(&whole, edited);
    }
    firn_journal_summary summary;
    firn_journal_summary_get(edits.journal, &summary);
    double grown = disk_bytes(&edits) - edits.first_bytes;
    double grown_whole = disk_bytes(&whole) - whole.first_bytes;
    side_read(&edits);
    side_read(&whole);
    double puts = (double)rounds * EDITED;
    const struct row rows[] = {
        row("the first version of all, in segments", edits.first_bytes, "B", whole.first_bytes),
        row("what the updates add in segments", grown, "B", grown_whole),
        row("put of an edited file, CPU", edits.put_ns / puts, "ns", whole.put_ns / puts),
        row("flush and commit of 1,000, CPU", edits.commit_ns / rounds / 1e6, "ms",
            whole.commit_ns / rounds / 1e6),
        row("get, in no order, CPU", edits.get_ns, "ns", whole.get_ns),
        row("blobs with edits", (double)summary.edited_count, "", 0),
    };
    int status = rows_report(rows, sizeof rows / sizeof *rows, &options);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command) == 0 ? status : 1;
}
