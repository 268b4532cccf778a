/* `firn tabs` against browsers and libraries that keep pages: memory of tabs awake and asleep, the
 * times to open and to wake them, and what sleeping parts shrink to.
 *
 *     tabs [--json] [--quick] [--full] [--runs N] [--svg FILE] [DIR]
 *
 * DIR is what scripts/pages fills; build/pages when it is not given, which then is laid out.
 * tabs/firn.py drives the program by pipes, as its users do; tabs/chromium.py a browser by its
 * debugging pipe; tabs/dom.mjs pages in libraries for node. Memory is the PSS of all processes, and
 * where a row says so what the kernel has for them. --quick: without browsers and libraries, ten
 * tabs of the mix. --full: a thousand tabs as well, which takes minutes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/input.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/versus.h"

enum { FIRN, CHROMIUM, SHELL, JSDOM, LINKEDOM, BROWSERS, ROWS_MAX = 40 };
enum { DOCUMENT, OS, DASHBOARD, TASKS, SWAGGER, DOCUMENTS };
enum { SHEETS = 5 };

#define MB 1e6

static struct contender contenders[BROWSERS], sleepers[DOCUMENTS], sheets[SHEETS], visits, many;
static struct row rows[ROWS_MAX];
static size_t row_count;

static const char *joined(const char *folder, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        exit(1);
    return path;
}

static const char *source(const char *name)
{
    return joined(FIRN_SOURCE, name);
}

/* Has a script of the tree lay out what is not there. */
static void lay_out(const char *script, const char *path)
{
    if (input_lay_out(source(script), path))
        return;
    fprintf(stderr, "tabs: %s has failed\n", script);
    exit(1);
}

static void name_browsers(const char *pages, bool quick)
{
    const char *short_form = quick ? "quick" : NULL;
    contenders[FIRN] =
        (struct contender){.name = "firn",
                           .words = {"python3", source("bench/tabs/firn.py"),
                                     joined(bench_folder(), "../firn"), pages, short_form}};
    contenders[CHROMIUM] = (struct contender){
        .name = "Chromium",
        .words = {"python3", source("bench/tabs/chromium.py"), "chromium", pages, short_form},
        .needs = "/usr/bin/chromium"};
    contenders[SHELL] = (struct contender){.name = "headless-shell",
                                           .words = {"python3", source("bench/tabs/chromium.py"),
                                                     "chromium-headless-shell", pages, short_form},
                                           .needs = "/usr/bin/chromium-headless-shell"};
    static const char *const libraries[] = {"jsdom", "linkedom"};
    for (size_t i = 0; i < 2; i++)
        contenders[JSDOM + i] = (struct contender){
            .name = libraries[i],
            .words = {"node", "--expose-gc", source("bench/tabs/dom.mjs"), libraries[i], pages},
            .needs = joined(source("bench/node_modules"), libraries[i])};
    for (size_t i = 0; i < BROWSERS; i++)
        contenders[i].work = "tabs";
    for (size_t i = FIRN + 1; i < BROWSERS; i++)
        contenders[i].left_out = quick; /* the quickest browser takes as long as all else */
}

static void name_many(const char *pages, bool full)
{
    many = (struct contender){.name = "firn",
                              .work = "a thousand tabs",
                              .words = {"python3", source("bench/tabs/firn.py"),
                                        joined(bench_folder(), "../firn"), pages, "1000"},
                              .left_out = !full};
}

static void name_sleepers(const char *pages)
{
    static const struct {
        const char *name, *file;
    } documents[DOCUMENTS] = {
        [DOCUMENT] = {"genindex-all", "py/genindex-all.html"},
        [OS] = {"os", "py/library/os.html"},
        [DASHBOARD] = {"dashboard", "sbadmin/index.html"},
        [TASKS] = {"TodoMVC", "todo/index.html"},
        [SWAGGER] = {"swagger-ui", "swagger/index.html"},
    };
    for (size_t i = 0; i < DOCUMENTS; i++)
        sleepers[i] = (struct contender){
            .name = documents[i].name,
            .work = "documents asleep",
            .words = {peer_program("tabs_dormant"), joined(pages, documents[i].file)}};
}

/* The style sheets of the pages. */
static void name_sheets(const char *pages)
{
    static const struct {
        const char *name, *files[2];
    } all[SHEETS] = {
        {"Bootstrap", {"sbadmin/css/sb-admin-2.min.css"}},
        {"Font Awesome", {"sbadmin/vendor/fontawesome-free/css/all.min.css"}},
        {"swagger-ui", {"swagger/swagger-ui.css", "swagger/index.css"}},
        {"Python", {"py/_static/pygments.css", "py/_static/pydoctheme.css"}},
        {"TodoMVC", {"todo/bower_components/todomvc-common/base.css"}},
    };
    for (size_t i = 0; i < SHEETS; i++) {
        const char *second = all[i].files[1];
        sheets[i] = (struct contender){.name = all[i].name,
                                       .work = "style sheets asleep",
                                       .words = {peer_program("tabs_sheets"),
                                                 joined(pages, all[i].files[0]),
                                                 second != NULL ? joined(pages, second) : NULL}};
    }
}

/* A figure of the contenders; left out where the first has it not. */
static struct row *add(const char *id, const char *what, const char *key, const char *unit,
                       double unit_size, double target)
{
    struct row row = row_versus(id, what, contenders, BROWSERS, key, unit, unit_size);
    if (isnan(row.value))
        return NULL;
    row.target = target;
    rows[row_count] = row;
    return &rows[row_count++];
}

/* A figure of one program, with the others of a list as its peers. */
static void add_of(const char *id, const char *what, const struct contender *list, size_t count,
                   const char *key, const char *unit, double target, bool at_least)
{
    struct row row = row_versus(id, what, list, count, key, unit, 1);
    if (isnan(row.value))
        return;
    row.target = target;
    row.at_least = at_least;
    rows[row_count++] = row;
}

/* --quick has ten tabs alone. */
static void add_mix(void)
{
    add("T5", "50 tabs of the mix, active", "all_bytes", "MB", MB, 150);
    add("T6", "10 tabs of the mix, active", "ten_bytes", "MB", MB, 45);
    add("T7", "of 50 tabs asleep, cold: each, with kernel memory", "cold_bytes", "MB", MB, 0.4);
    add("T7", "frozen: each, with kernel memory", "frozen_bytes", "MB", MB, 0.02);
    add("T7", "frozen: each, on disk", "disk_bytes", "MB", MB, 0.2);
}

static void add_many(void)
{
    static const struct {
        const char *what, *key;
    } all[] = {
        {"1,000 tabs of the mix, 990 asleep: all processes, PSS", "pss_bytes"},
        {"1,000 tabs of the mix, 990 asleep: what the kernel has for them", "kernel_bytes"},
        {"1,000 tabs of the mix, 990 asleep: all that their cgroup counts", "cgroup_bytes"},
        {"1,000 tabs of the mix, 990 asleep: on disk", "disk_bytes"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct row row = row_versus("T7", all[i].what, &many, 1, all[i].key, "MB", MB);
        row.target = ROW_NO_TARGET;
        if (!isnan(row.value))
            rows[row_count++] = row;
    }
}

/* A reload, which is what a browser has for a tab that it discarded. */
static void add_wake(void)
{
    struct row *row = add("T8", "waking a cold dashboard (others: a reload, state lost)",
                          "wake_cold_ms", "ms", 1, 15);
    for (size_t i = CHROMIUM, peers = 0; row != NULL && i <= SHELL; i++) {
        double value = contender_median(&contenders[i], "reload_ms");
        if (!isnan(value))
            row->peers[peers++] = (struct row_peer){contenders[i].name, value};
    }
    add("T8", "waking a frozen dashboard", "wake_frozen_ms", "ms", 1, 15);
}

/* Cold pages, the dashboard first; the others stand beside it. */
static void add_heaps(void)
{
    static const struct {
        const char *name, *key;
    } others[] = {{"TodoMVC", "heap_todo_ratio"},
                  {"os", "heap_os_ratio"},
                  {"genindex-all", "heap_index_ratio"},
                  {"swagger-ui", "heap_swagger_ratio"}};
    struct row *row = add("T10",
                          "a cold page's image (nodes, style sheets, script heap) against its "
                          "process awake and idle: the dashboard",
                          "heap_sbadmin_ratio", "x", 1, 10);
    for (size_t i = 0; row != NULL && i < sizeof others / sizeof others[0]; i++) {
        double value = contender_median(&contenders[FIRN], others[i].key);
        if (!isnan(value))
            row->peers[i] = (struct row_peer){others[i].name, value};
    }
    if (row != NULL)
        row->at_least = true;
}

static void add_sizes(void)
{
    add_of("T10", "a DOM asleep against its HTML (genindex-all)", sleepers, DOCUMENTS, "html_ratio",
           "x", 10, true);
    add_of("T10", "a DOM asleep against its nodes awake", sleepers, DOCUMENTS, "pool_ratio", "x",
           ROW_NO_TARGET, true);
    add_of("T10",
           "style sheets in use asleep (rules and their index, bytes in memory to bytes asleep)",
           sheets, SHEETS, "use_ratio", "x", 10, true);
    add_of("T10", "style sheets asleep against their rules in memory", sheets, SHEETS,
           "sheet_ratio", "x", ROW_NO_TARGET, true);
    add_of("T10", "style sheets asleep against their text", sheets, SHEETS, "text_ratio", "x",
           ROW_NO_TARGET, true);
    add_of("T10", "putting style sheets to sleep", sheets, SHEETS, "pack_ms", "ms", ROW_NO_TARGET,
           false);
    add_of("T10", "waking style sheets", sheets, SHEETS, "restore_ms", "ms", ROW_NO_TARGET, false);
    add_of("T10", "putting a DOM to sleep", sleepers, DOCUMENTS, "pack_ms", "ms", ROW_NO_TARGET,
           false);
    add_of("T10", "waking a DOM", sleepers, DOCUMENTS, "restore_ms", "ms", ROW_NO_TARGET, false);
    add_heaps();
    add_of("T10", "a history of 10^6 visits", &visits, 1, "ratio", "x", 10, true);
    add_of("T10", "a history: a visit added", &visits, 1, "add_us", "us", ROW_NO_TARGET, false);
    add_of("T10", "a history: words found in 20 pages", &visits, 1, "substring_ms", "ms",
           ROW_NO_TARGET, false);
    add_of("T10", "a history: words found nowhere", &visits, 1, "nothing_ms", "ms", ROW_NO_TARGET,
           false);
}

int main(int count, char **words)
{
    struct bench_options options;
    const struct bench_about about = {
        .text = "Web pages in `firn tabs`, awake and asleep, and in browsers and libraries.",
        .word = "[DIR]",
        .full = "a thousand tabs at once",
        .runs = 1};
    bench_options_read(&options, count, words, &about);
    const char *pages = options.word != NULL ? options.word : source("build/pages");
    const char *file = source("build/visits.tsv");
    lay_out("scripts/pages", pages);
    if (!options.quick)
        lay_out("scripts/visits", file);
    name_browsers(pages, options.quick);
    name_many(pages, options.full);
    name_sleepers(pages);
    name_sheets(pages);
    visits = (struct contender){.name = "firn",
                                .work = "visits",
                                .words = {peer_program("tabs_visits"), file},
                                .needs = file};
    contenders_run(contenders, BROWSERS, options.runs);
    contenders_run(sleepers, DOCUMENTS, options.runs);
    contenders_run(sheets, SHEETS, options.runs);
    contenders_run(&visits, 1, 1);
    contenders_run(&many, 1, 1);
    contenders_tell_absent(contenders, BROWSERS);
    add("T1", "the program with no tab", "none_bytes", "MB", MB, 15);
    add("T2", "a blank tab", "blank_bytes", "MB", MB, 0.6);
    add("T3", "Bootstrap dashboard, scripts run (linkedom: not)", "dashboard_bytes", "MB", MB, 4);
    add("T3", "a dashboard beside others of it", "dashboards_bytes", "MB", MB, ROW_NO_TARGET);
    add_of("T4", "a node of the 1.7 MB document", sleepers, 1, "node_bytes", "B", 48, false);
    add("T4", "a tab with the 1.7 MB document", "document_bytes", "MB", MB, ROW_NO_TARGET);
    add_mix();
    add_many();
    add_wake();
    add("T9", "opening a blank tab", "open_blank_ms", "ms", 1, 3);
    add("T9", "cold start to a document", "cold_start_ms", "ms", 1, 100);
    add("T9", "opening the dashboard", "open_dashboard_ms", "ms", 1, ROW_NO_TARGET);
    add("T9", "opening the 1.7 MB document", "open_document_ms", "ms", 1, ROW_NO_TARGET);
    add_sizes();
    return rows_report(rows, row_count, &options);
}
