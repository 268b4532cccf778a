/* Firn's heap against other collectors, and against malloc and free: the rows X6 to X8, and the
 * heap's pauses.
 *
 *     gc [--json] [--quick] [--runs N]
 *
 * Every run is a process of its own below peers/, which says what it took: time is that of the
 * process on the processors, all its threads together, memory the kernel's peak of it. All do the
 * same work, which their checksums prove. The work is in gc/.
 *
 * A pause is what passes between two readings of a clock that 32 operations are apart, so that it
 * has all that delays a program. By the clock on the wall it also has the time in which another
 * program was on the processor, which on a busy machine is most of it; hence both. With --quick
 * some of the slow ones are left out. */
#include <stdio.h>
#include <string.h>

#include "support/options.h"
#include "support/plot.h"
#include "support/versus.h"

#define ROWS_MAX 24u

enum peer { FIRN, BOEHM, OCAML, GO, JAVA, MALLOC, OCAML_CONSTANT, PEERS };
enum work { TREES, GCBENCH, MAP, MINOR, RING, WORKS };

static const struct {
    const char *name, *size;
    size_t peers; /* how many of them do it */
} works[WORKS] = {[TREES] = {"trees", "17", PEERS},
                  [GCBENCH] = {"gcbench", "18", OCAML_CONSTANT},
                  [MAP] = {"map", "1000000", OCAML_CONSTANT},
                  [MINOR] = {"minor", "16000000", 1},
                  [RING] = {"ring", "64000000", 1}};

static struct contender contenders[WORKS][PEERS];

static void set_up(void)
{
    static const char *const names[PEERS] = {
        "firn", "Boehm", "OCaml", "Go", "Java serial", "malloc", "OCaml, leaves one constant"};
    static const char *const files[PEERS] = {"firn", "boehm", "ocaml", "go", "", "malloc", "ocaml"};
    for (size_t work = 0; work < WORKS; work++)
        for (size_t peer = 0; peer < PEERS; peer++) {
            const char *program = peer_program(files[peer]);
            const char *name = works[work].name, *size = works[work].size;
            struct contender *contender = &contenders[work][peer];
            if (peer == JAVA)
                *contender = (struct contender){
                    .words = {"java", "-XX:+UseSerialGC", "-cp", program, "Workloads", name, size},
                    .needs = peer_program("Workloads.class")};
            else
                *contender = (struct contender){.words = {program, name, size}};
            contender->name = names[peer];
            contender->work = name;
        }
    contenders[TREES][OCAML_CONSTANT].words[1] = "trees-constant";
}

static struct row rows[ROWS_MAX];
static size_t row_count;

static struct row *add(const char *id, const char *what, enum work work, const char *key,
                       const char *unit, double unit_size)
{
    rows[row_count] =
        row_versus(id, what, contenders[work], works[work].peers, key, unit, unit_size);
    return &rows[row_count++];
}

static double seconds(enum work work, enum peer peer)
{
    return contender_median(&contenders[work][peer], "seconds");
}

static void add_rows(void)
{
    add("X6", "binary trees of depth 17, time", TREES, "seconds", "s", 1)->target =
        seconds(TREES, OCAML_CONSTANT); /* the harder one: half of its objects are never made */
    add("X6", "binary trees, peak RSS", TREES, "peak_rss_bytes", "MB", 1e6);
    add("X7", "GCBench of depth 18, time, at most 0.5 of Boehm", GCBENCH, "seconds", "s", 1)
        ->target = 0.5 * seconds(GCBENCH, BOEHM);
    add("X7", "GCBench, time, ahead of OCaml", GCBENCH, "seconds", "s", 1)->target =
        seconds(GCBENCH, OCAML);
    add("X7", "GCBench, peak RSS", GCBENCH, "peak_rss_bytes", "MB", 1e6);
    add("X8", "map of 1 M entries, an operation", MAP, "operation_ns", "ns", 1)->target = 900;
    add("X8", "map, longest pause as its program sees it", MAP, "pause_ns", "ms", 1e6)->target = 2;
    add("X8", "map, longest pause, in time of the processor", MAP, "pause_cpu_ns", "ms", 1e6)
        ->target = 2;
    add("X8", "map, longest pause as the heap reports it", MAP, "own_pause_ns", "ms", 1e6);
    add("X8", "map, peak RSS", MAP, "peak_rss_bytes", "MB", 1e6)->target = 130;
    add("pause", "minor, 10 % of 2 MB surviving, 99.9 %, by the heap", MINOR, "minor_p999_ns", "ms",
        1e6)
        ->target = 1;
    add("pause", "minor, 99.9 %, in time of the processor", MINOR, "minor_cpu_ns", "ms", 1e6)
        ->target = 1;
    add("pause", "longest of any kind, 64 MB live", RING, "pause_ns", "ms", 1e6)->target = 2;
    add("pause", "longest of any kind, in time of the processor", RING, "pause_cpu_ns", "ms", 1e6)
        ->target = 2;
    add("pause", "longest of any kind, as the heap reports it", RING, "own_pause_ns", "ms", 1e6);
}

/* How long 32 operations took on the map: nearly all are work, and what is longer is a pause. */
static void add_pauses(void)
{
    struct series series = {.id = "X8",
                            .what = "what 32 operations on the map took, in time of the processor",
                            .kind = "histogram",
                            .x = "us",
                            .y = "times",
                            .log_x = true,
                            .log_y = true};
    const enum peer shown[] = {FIRN, BOEHM, MALLOC};
    size_t count = 0;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const struct contender *contender = &contenders[MAP][shown[i]];
        const struct contender_points *points = contender_points(contender, "pauses");
        series.lines[count++] = (struct series_line){
            contender->name, (const double(*)[2])points->points, points->count};
    }
    series_add(&series);
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "Firn's heap against other collectors and malloc: binary trees, GCBench, "
                "a long-lived\nmap with churn, and the heap's pauses."};
    struct bench_options options;
    bench_options_read(&options, count, words, &about);
    set_up();
    for (size_t work = 0; work < WORKS && options.quick; work++)
        contenders[work][GO].left_out = contenders[work][JAVA].left_out = true;
    contenders[MAP][OCAML].left_out = options.quick;
    contenders[GCBENCH][MALLOC].left_out = contenders[MAP][MALLOC].left_out = options.quick;
    const size_t last = options.quick ? MAP : WORKS - 1;
    for (size_t work = 0; work <= last; work++)
        contenders_run(contenders[work], works[work].peers, options.runs);
    contenders_tell_absent(contenders[TREES], PEERS);
    add_rows();
    add_pauses();
    return rows_report(rows, row_count, &options);
}
