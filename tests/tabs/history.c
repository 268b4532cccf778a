/* Histories: what a user sees of them, and damaged ones. */
#include "tabs/history/state.h"

#include "support/failing.h"
#include "support/random.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char folder[TEMPDIR_PATH_BYTES];

static int make_folder(void **state)
{
    (void)state;
    tempdir_make_fast(folder);
    tempdir_remove(folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    tempdir_remove(folder);
    return 0;
}

static firn_bytes text(const char *of)
{
    return (firn_bytes){of, strlen(of)};
}

static history *open_history(void)
{
    history *visited;
    firn_error error;
    firn_status status = history_open(folder, NULL, &visited, &error);
    if (status != FIRN_OK)
        fail_msg("%s", error.text);
    return visited;
}

static void add(history *visited, const char *url, const char *title, int64_t time_ms)
{
    assert_int_equal(history_add(visited, text(url), text(title), time_ms, NULL), FIRN_OK);
}

/* What a search tells, as "URL|title|time;" after each other. */
static bool note(void *context, const history_visit *visit)
{
    char line[400], *all = context;
    snprintf(line, sizeof line, "%.*s|%.*s|%lld;", (int)visit->url.size,
             (const char *)visit->url.data, (int)visit->title.size, (const char *)visit->title.data,
             (long long)visit->time_ms);
    strncat(all, line, 3999 - strlen(all));
    return true;
}

static const char *search(history *visited, history_query query)
{
    static char all[4000];
    all[0] = 0;
    assert_int_equal(history_search(visited, &query, note, all, NULL), FIRN_OK);
    return all;
}

static void fill(history *visited, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char url[60], title[60];
        snprintf(url, sizeof url, "https://example.org/p%zu", i % 1000);
        snprintf(title, sizeof title, "Page %zu", i % 1000);
        add(visited, url, title, (int64_t)i);
    }
}

static void the_newest_comes_first_and_each_page_once(void **state)
{
    (void)state;
    history *visited = open_history();
    add(visited, "http://a/", "A", 1);
    add(visited, "http://b/", "B", 2);
    add(visited, "http://a/", "A", 3);
    assert_string_equal(search(visited, (history_query){.limit = 0}),
                        "http://a/|A|3;http://b/|B|2;");
    assert_string_equal(search(visited, (history_query){.every_visit = true}),
                        "http://a/|A|3;http://b/|B|2;http://a/|A|1;");
    assert_string_equal(search(visited, (history_query){.limit = 1}), "http://a/|A|3;");
    history_close(visited);
}

static void letters_of_either_case_are_found_in_url_and_title(void **state)
{
    (void)state;
    history *visited = open_history();
    add(visited, "https://www.Example.org/Path", "The Title", 1);
    const char *line = "https://www.Example.org/Path|The Title|1;";
    static const char *const found[] = {"example", "PATH", "e t", "title",
                                        "https://www.example.org/path"};
    static const char *const not_found[] = {"exampel", "titles", "the title "};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        assert_string_equal(search(visited, (history_query){.text = text(found[i])}), line);
    for (size_t i = 0; i < sizeof not_found / sizeof *not_found; i++)
        assert_string_equal(search(visited, (history_query){.text = text(not_found[i])}), "");
    static const char *const begins[] = {"https://www.e", "www.exa", "EXAMPLE.org/p", "the t"};
    static const char *const not_begins[] = {"xample", "title", "//www", "path"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        assert_string_equal(
            search(visited, (history_query){.text = text(begins[i]), .how = HISTORY_PREFIX}), line);
    for (size_t i = 0; i < sizeof not_begins / sizeof *not_begins; i++)
        assert_string_equal(
            search(visited, (history_query){.text = text(not_begins[i]), .how = HISTORY_PREFIX}),
            "");
    history_close(visited);
}

static void what_was_added_is_there_after_a_process_that_died(void **state)
{
    (void)state;
    history *visited = open_history();
    add(visited, "http://a/", "", 1);
    history *second;
    assert_int_equal(history_open(folder, NULL, &second, NULL), FIRN_BUSY);
    history_close(visited); /* writes nothing: as if it had been killed */
    visited = open_history();
    assert_string_equal(search(visited, (history_query){.limit = 0}), "http://a/||1;");
    history_close(visited);
}

static void many_visits_are_packed_and_found(void **state)
{
    (void)state;
    history *visited = open_history();
    fill(visited, 20000);
    history_summary summary;
    history_usage(visited, &summary);
    assert_int_equal(summary.visit_count, 20000);
    assert_int_equal(summary.page_count, 1000);
    assert_string_equal(search(visited, (history_query){.text = text("p999"), .limit = 2}),
                        "https://example.org/p999|Page 999|19999;");
    history_close(visited);
    visited = open_history();
    history_usage(visited, &summary);
    assert_int_equal(summary.visit_count, 20000);
    assert_string_equal(
        search(visited,
               (history_query){
                   .text = text("page 7"), .limit = 3, .every_visit = true, .how = HISTORY_PREFIX}),
        "https://example.org/p799|Page 799|19799;https://example.org/p798|Page 798|19798;"
        "https://example.org/p797|Page 797|19797;");
    history_close(visited);
}

/* The file's bytes, each changed in turn: no visit is told that was not there. */
static void damaged_recent_visits_end_the_file(void **state)
{
    (void)state;
    history *visited = open_history();
    add(visited, "http://a/", "A", 1);
    add(visited, "http://b/", "B", 2);
    history_close(visited);
    size_t size;
    const char *path = tempdir_path(folder, "recent");
    uint8_t *data = tempdir_read(path, &size);
    for (size_t i = 0; i < size; i++) {
        recent newest = {0};
        uint64_t first;
        size_t right;
        data[i] ^= 0x11;
        firn_status status = recent_read(&newest, data, size, 0, &first, &right);
        if (i < RECENT_HEAD_BYTES)
            assert_true(status == FIRN_NOT_STORE || status == FIRN_CORRUPT);
        else
            assert_int_equal(newest.count, i < RECENT_HEAD_BYTES + 26 ? 0 : 1);
        data[i] ^= 0x11;
        recent_close(&newest);
    }
    /* Cut off, it goes on behind what is whole. */
    tempdir_write(path, data, size - 1);
    visited = open_history();
    add(visited, "http://c/", "C", 3);
    assert_string_equal(search(visited, (history_query){.limit = 0}),
                        "http://c/|C|3;http://a/|A|1;");
    history_close(visited);
    visited = open_history();
    assert_string_equal(search(visited, (history_query){.limit = 0}),
                        "http://c/|C|3;http://a/|A|1;");
    history_close(visited);
    data[0] ^= 1;
    tempdir_write(path, data, size);
    free(data);
    assert_int_equal(history_open(folder, NULL, &visited, NULL), FIRN_NOT_STORE);
}

/* A process that died between the commit of a block and the new file: what is in both counts once.
 */
static void recent_visits_that_are_in_blocks_count_once(void **state)
{
    (void)state;
    history *visited = open_history();
    fill(visited, 8192);
    size_t size;
    const char *path = tempdir_path(folder, "recent");
    uint8_t *before = tempdir_read(path, &size);
    add(visited, "http://last/", "Last", 9000);
    history_close(visited);
    tempdir_write(path, before, size);
    free(before);
    visited = open_history();
    history_summary summary;
    history_usage(visited, &summary);
    assert_int_equal(summary.visit_count, 8192);
    add(visited, "http://last/", "Last", 9001);
    history_close(visited);
    visited = open_history();
    assert_string_equal(search(visited, (history_query){.limit = 2}),
                        "http://last/|Last|9001;https://example.org/p191|Page 191|8191;");
    history_close(visited);
}

static bool count_visit(void *context, const history_visit *visit)
{
    (void)visit;
    ++*(size_t *)context;
    return true;
}

/* Bytes of a data file changed: a block that is damaged is left out and told, the history goes on.
 */
static void a_damaged_block_is_told_and_the_rest_lives(void **state)
{
    (void)state;
    history *visited = open_history();
    fill(visited, 8193);
    history_close(visited);
    char path[2 * TEMPDIR_PATH_BYTES] = "";
    DIR *files = opendir(tempdir_path(folder, "visits"));
    for (struct dirent *entry; (entry = readdir(files)) != NULL;)
        if (strstr(entry->d_name, "data-") != NULL)
            snprintf(path, sizeof path, "%s/visits/%s", folder, entry->d_name);
    closedir(files);
    assert_string_not_equal(path, "");
    size_t size;
    uint8_t *data = tempdir_read(path, &size);
    size_t told_count = 0, rounds = 0;
    for (size_t at = 100; at < size; at += size / 37, rounds++) {
        size_t count = 0;
        firn_error error;
        data[at] ^= 0x40;
        tempdir_write(path, data, size);
        data[at] ^= 0x40;
        firn_status status = history_open(folder, NULL, &visited, &error);
        if (status != FIRN_OK) {
            assert_true(status == FIRN_CORRUPT || status == FIRN_VERSION);
            told_count++;
            continue;
        }
        history_query query = {.every_visit = true};
        status = history_search(visited, &query, count_visit, &count, &error);
        assert_true(count >= 1 && count <= 8193);
        if (status != FIRN_OK)
            assert_int_equal(status, FIRN_CORRUPT);
        else
            assert_int_equal(count, 8193);
        told_count += status != FIRN_OK;
        add(visited, "http://new/", "New", 1);
        history_close(visited);
        tempdir_write(tempdir_path(folder, "recent"), "", 0);
        tempdir_remove(tempdir_path(folder, "recent"));
        visited = NULL;
        tempdir_write(path, data, size);
        visited = open_history();
        add(visited, "http://new/", "New", 1);
        history_close(visited);
    }
    free(data);
    assert_true(told_count > rounds / 2);
}

#define MODEL_VISITS 3000

struct model {
    rng random;
    int pages[MODEL_VISITS]; /* of each visit, whose time is its place */
    size_t count;
    char wanted[30];
    bool every_visit, failed;
    size_t at; /* of the visit that was told last */
    bool told[100];
};

static void write_page(int page, char *url, char *title)
{
    snprintf(url, 30, "http://s%d/p%d", page % 7, page);
    snprintf(title, 30, "T%d", page / 2);
}

/* The next visit that must be told: false when there is none. */
static bool next_visit(struct model *model)
{
    while (model->at-- > 0) {
        char url[30], title[30];
        int page = model->pages[model->at];
        write_page(page, url, title);
        if (strstr(url, model->wanted) == NULL && strstr(title, model->wanted) == NULL)
            continue;
        if (!model->every_visit && model->told[page])
            continue;
        model->told[page] = true;
        return true;
    }
    return false;
}

static bool compare(void *context, const history_visit *visit)
{
    struct model *model = context;
    char url[30], title[30];
    if (!next_visit(model))
        model->failed = true;
    if (model->failed)
        return false;
    write_page(model->pages[model->at], url, title);
    model->failed = visit->time_ms != (int64_t)model->at || visit->url.size != strlen(url) ||
                    memcmp(visit->url.data, url, visit->url.size) != 0 ||
                    visit->title.size != strlen(title) ||
                    memcmp(visit->title.data, title, visit->title.size) != 0;
    return !model->failed;
}

static void check_search(struct model *model, history *visited)
{
    static const char *const some[] = {"", "s3/", "p1", "T4", "/p99", "none"};
    snprintf(model->wanted, sizeof model->wanted, "%s", some[rng_below(&model->random, 6)]);
    memset(model->told, 0, sizeof model->told);
    model->every_visit = rng_below(&model->random, 2) != 0;
    model->at = model->count;
    history_query query = {.text = text(model->wanted), .every_visit = model->every_visit};
    assert_int_equal(history_search(visited, &query, compare, model, NULL), FIRN_OK);
    assert_false(model->failed);
    assert_false(next_visit(model));
}

static void a_history_is_as_a_plain_list(void **state)
{
    static struct model model;
    (void)state;
    rng_init(&model.random, "a_history_is_as_a_plain_list");
    history *visited = open_history();
    while (model.count < MODEL_VISITS) {
        char url[30], title[30];
        int page = (int)rng_zipf(&model.random, 100);
        write_page(page, url, title);
        add(visited, url, title, (int64_t)model.count);
        model.pages[model.count++] = page;
        uint64_t what = rng_below(&model.random, 200);
        if (what < 5) {
            assert_int_equal(history_pack(visited, NULL), FIRN_OK);
        } else if (what < 8) {
            history_close(visited);
            visited = open_history();
        } else if (what < 20) {
            check_search(&model, visited);
        }
    }
    check_search(&model, visited);
    history_close(visited);
}

static firn_status whole_life(const firn_allocator *allocator, void *context)
{
    (void)context;
    history *visited;
    size_t count = 0;
    tempdir_remove(folder);
    firn_status status = history_open(folder, allocator, &visited, NULL);
    if (status != FIRN_OK)
        return status;
    for (int i = 0; status == FIRN_OK && i < 3; i++)
        status = history_add(visited, text("http://a/"), text("A"), i, NULL);
    history_query query = {.text = text("a"), .every_visit = true};
    if (status == FIRN_OK)
        status = history_pack(visited, NULL);
    if (status == FIRN_OK)
        status = history_add(visited, text("http://b/"), text("A"), 5, NULL);
    if (status == FIRN_OK)
        status = history_search(visited, &query, count_visit, &count, NULL);
    if (status == FIRN_OK)
        assert_int_equal(count, 4);
    history_close(visited);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_each(whole_life, NULL) > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_newest_comes_first_and_each_page_once),
        TEST(letters_of_either_case_are_found_in_url_and_title),
        TEST(what_was_added_is_there_after_a_process_that_died),
        TEST(many_visits_are_packed_and_found),
        TEST(damaged_recent_visits_end_the_file),
        TEST(recent_visits_that_are_in_blocks_count_once),
        TEST(a_damaged_block_is_told_and_the_rest_lives),
        TEST(a_history_is_as_a_plain_list),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
