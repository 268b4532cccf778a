/* The way of names from gathering through runs and their merge into a dictionary of the store,
 * against a plain sorted array of (name, file, definitions). */
#include "code/index/dictionary.h"
#include "code/index/gather.h"
#include "code/index/merge.h"

#include "support/random.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define WORKERS 3u
#define FILES 400u
#define DROPPED(file) ((file) % 7 == 3)

struct fact {
    uint32_t name;
    uint32_t file;
    bool is_definition;
    struct definition definition;
};

struct facts {
    struct fact *fact;
    size_t count;
    size_t capacity;
};

static size_t spell(uint32_t name, char text[32])
{
    return (size_t)snprintf(text, 32, "%s%u", name % 3 == 0 ? "a_common_start_" : "n", name);
}

static int compare_facts(const void *left, const void *right)
{
    const struct fact *a = left, *b = right;
    char a_text[32], b_text[32];
    size_t a_size = spell(a->name, a_text), b_size = spell(b->name, b_text);
    int order = key_compare(a_text, a_size, b_text, b_size);
    if (order != 0)
        return order;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    return (a->definition.row > b->definition.row) - (a->definition.row < b->definition.row);
}

static void add_fact(struct facts *facts, struct fact fact)
{
    void *block = facts->fact;
    assert_true(firn_grow(NULL, &block, &facts->capacity, facts->count + 1, sizeof fact));
    facts->fact = block;
    facts->fact[facts->count++] = fact;
}

/* Gathers a file with random names, some of which it defines. */
static void gather_file(rng *random, struct gather *gather, uint32_t file, struct facts *facts)
{
    uint32_t row = 0;
    for (uint64_t left = rng_below(random, 120); left-- > 0;) {
        /* Few names often, many seldom. */
        uint64_t range = 1 + rng_below(random, 3000);
        struct fact fact = {.name = (uint32_t)rng_below(random, range), .file = file};
        char text[32];
        size_t size = spell(fact.name, text);
        fact.is_definition = rng_below(random, 4) == 0;
        row += 1 + (uint32_t)rng_below(random, 300);
        if (fact.is_definition)
            fact.definition = (struct definition){row, (uint32_t)rng_below(random, 200), 9};
        assert_int_equal(gather_put(gather, file, text, size,
                                    fact.is_definition ? &fact.definition : NULL, NULL),
                         FIRN_OK);
        if (!DROPPED(file))
            add_fact(facts, fact);
    }
}

static firn_status emit_to_dictionary(void *context, const void *name, size_t name_size,
                                      const void *payload, size_t payload_size,
                                      firn_error *ret_error)
{
    return dictionary_add(context, name, name_size, payload, payload_size, ret_error);
}

static firn_status emit_to_run(void *context, const void *name, size_t name_size,
                               const void *payload, size_t payload_size, firn_error *ret_error)
{
    return runs_add(context, name, name_size, payload, payload_size, ret_error);
}

/* Merges each three runs into one of a new file. */
static void run_pass(struct merge_options *options, struct runs *runs)
{
    size_t count = merge_run_count(options);
    assert_true(count > 6);
    options->run_count = 3;
    for (options->first_run = 0; options->first_run < count; options->first_run += 3) {
        assert_int_equal(runs_begin(runs), FIRN_OK);
        assert_int_equal(merge_runs(options, emit_to_run, runs, NULL), FIRN_OK);
        assert_int_equal(runs_end(runs, NULL), FIRN_OK);
    }
    runs_settle(runs);
    options->first_run = options->run_count = 0;
    options->numbers = NULL;
    options->file_count = 1;
}

/* Merges the runs in two halves, as two threads would. */
static uint32_t write_dictionary(struct merge_options *options, firn_store *store)
{
    struct dictionary_options dictionary = {
        .store = store, .kind = 16, .level = 3, .table_bytes = 2000};
    struct dictionary_writer halves[2];
    uint8_t middle[NAME_MAX_BYTES];
    size_t middle_size;
    uint32_t top;
    assert_int_equal(merge_middle(options, middle, &middle_size, NULL), FIRN_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(dictionary_writer_init(&halves[i], &dictionary), FIRN_OK);
        options->first = i == 0 ? NULL : middle;
        options->first_size = i == 0 ? 0 : middle_size;
        options->end = i == 0 ? middle : NULL;
        options->end_size = i == 0 ? middle_size : 0;
        if (middle_size > 0 || i == 0)
            assert_int_equal(merge_runs(options, emit_to_dictionary, &halves[i], NULL), FIRN_OK);
    }
    assert_int_equal(dictionary_append(&halves[0], &halves[1], NULL), FIRN_OK);
    assert_int_equal(dictionary_finish(&halves[0], &top, NULL), FIRN_OK);
    dictionary_writer_fini(&halves[0]);
    dictionary_writer_fini(&halves[1]);
    return top;
}

static uint32_t index_facts(rng *random, const char *path, struct facts *facts, bool in_passes)
{
    const firn_store_options replace = {.mode = FIRN_STORE_REPLACE};
    firn_store *store;
    assert_int_equal(firn_store_open(path, &replace, &store, NULL), FIRN_OK);
    static struct runs runs[WORKERS];
    struct gather gathers[WORKERS];
    const struct runs *files[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++) {
        char name[16], scratch[4096];
        snprintf(name, sizeof name, "names-%u", i);
        assert_int_equal(firn_store_scratch(store, name, scratch, sizeof scratch), FIRN_OK);
        assert_int_equal(runs_init(&runs[i], scratch, NULL, NULL), FIRN_OK);
        assert_int_equal(gather_init(&gathers[i], NULL, &runs[i], 40000), FIRN_OK);
        files[i] = &runs[i];
    }
    for (uint32_t file = 0; file < FILES; file++)
        gather_file(random, &gathers[rng_below(random, WORKERS)], file, facts);
    uint32_t numbers[FILES], next = 0;
    for (uint32_t file = 0; file < FILES; file++)
        numbers[file] = DROPPED(file) ? UINT32_MAX : next++;
    for (size_t i = 0; i < facts->count; i++)
        facts->fact[i].file = numbers[facts->fact[i].file];
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(gather_flush(&gathers[i], NULL), FIRN_OK);
    struct merge_options options = {
        .files = files, .file_count = WORKERS, .numbers = numbers, .number_count = FILES};
    static struct runs pass;
    const struct runs *passes[] = {&pass};
    char scratch[4096];
    assert_int_equal(firn_store_scratch(store, "pass", scratch, sizeof scratch), FIRN_OK);
    assert_int_equal(runs_init(&pass, scratch, NULL, NULL), FIRN_OK);
    if (in_passes) {
        run_pass(&options, &pass);
        options.files = passes;
    }
    uint32_t top = write_dictionary(&options, store);
    runs_fini(&pass);
    for (unsigned i = 0; i < WORKERS; i++) {
        gather_fini(&gathers[i]);
        runs_fini(&runs[i]);
    }
    assert_int_equal(firn_store_commit(store, top, NULL), FIRN_OK);
    firn_store_close(store);
    return top;
}

/* Compares the postings under the cursor with the facts from *at on. */
static void assert_postings(const struct dictionary_cursor *cursor, const struct facts *facts,
                            size_t *at)
{
    struct postings postings;
    firn_status status;
    postings_init(&postings, cursor->entry.payload, cursor->entry.payload_size,
                  cursor->entry.table.is_compact);
    while ((status = postings_next(&postings)) == FIRN_OK) {
        const struct fact *first = &facts->fact[*at];
        assert_true(*at < facts->count);
        assert_int_equal(postings.file, first->file);
        for (; *at < facts->count && facts->fact[*at].name == first->name &&
               facts->fact[*at].file == first->file;
             (*at)++) {
            struct definition definition;
            const struct fact *fact = &facts->fact[*at];
            if (!fact->is_definition)
                continue;
            assert_int_equal(postings_definition(&postings, &definition), FIRN_OK);
            assert_int_equal(definition.row, fact->definition.row);
            assert_int_equal(definition.column, fact->definition.column);
            assert_int_equal(definition.kind, 9);
        }
        assert_int_equal(postings.definitions_left, 0);
    }
    assert_int_equal(status, FIRN_END_OF_DATA);
}

static void assert_dictionary(firn_store *store, uint32_t top, const struct facts *facts)
{
    struct dictionary names;
    static struct dictionary_cursor cursor, other;
    assert_int_equal(dictionary_open(&names, store, top, NULL), FIRN_OK);
    size_t at = 0;
    uint64_t count = 0;
    firn_status status = dictionary_seek(&names, "", 0, &cursor, NULL);
    for (; status == FIRN_OK; status = dictionary_next(&cursor, NULL)) {
        char text[32];
        size_t size = spell(facts->fact[at].name, text), again = at;
        assert_int_equal(cursor.number, count++);
        assert_int_equal(cursor.entry.key_size, size);
        assert_memory_equal(cursor.entry.key, text, size);
        assert_postings(&cursor, facts, &at);
        assert_int_equal(dictionary_seek(&names, text, size, &other, NULL), FIRN_OK);
        assert_int_equal(other.number, cursor.number);
        assert_postings(&other, facts, &again);
        assert_int_equal(again, at);
        assert_int_equal(dictionary_at(&names, cursor.number, &other, NULL), FIRN_OK);
        assert_memory_equal(other.entry.key, text, size);
    }
    assert_int_equal(status, FIRN_END_OF_DATA);
    assert_int_equal(at, facts->count);
    uint64_t entries;
    assert_int_equal(dictionary_count(&names, &entries, NULL), FIRN_OK);
    assert_int_equal(entries, count);
    assert_int_equal(dictionary_at(&names, count, &other, NULL), FIRN_END_OF_DATA);
    assert_int_equal(dictionary_seek(&names, "o", 1, &other, NULL), FIRN_END_OF_DATA);
    dictionary_cursor_close(&cursor);
    dictionary_cursor_close(&other);
    dictionary_close(&names);
}

static void try_names(const char *test, bool in_passes)
{
    rng random;
    rng_init(&random, test);
    char folder[TEMPDIR_PATH_BYTES];
    tempdir_make(folder);
    const char *path = tempdir_path(folder, "store");
    struct facts facts = {.fact = NULL};
    uint32_t top = index_facts(&random, path, &facts, in_passes);
    qsort(facts.fact, facts.count, sizeof *facts.fact, compare_facts);
    firn_store *store;
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    assert_dictionary(store, top, &facts);
    firn_store_close(store);
    firn_release(NULL, facts.fact, facts.capacity * sizeof *facts.fact);
    tempdir_remove(folder);
}

static void dictionary_of_names_holds_what_was_gathered(void **state)
{
    (void)state;
    try_names(__func__, false);
}

static void dictionary_of_names_is_the_same_in_several_passes(void **state)
{
    (void)state;
    try_names(__func__, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dictionary_of_names_holds_what_was_gathered),
        cmocka_unit_test(dictionary_of_names_is_the_same_in_several_passes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
