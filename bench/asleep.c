/* What `firn tune memory` says that a process would hold asleep, against its pages really packed:
 * all of them are read out, put into a region at their places within blocks, and the region is put
 * to sleep. Programs are at rest meanwhile.
 *
 *     asleep [--json] [--quick] [--runs N] */
#include <firn/region.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/contender.h"
#include "support/options.h"
#include "support/plot.h"

enum { PROGRAMS = 5, RUNS = 5, PAGE = 4096, BLOCK = 64 << 10, BLOCKS_MAX = 1 << 14, LINE = 4352 };

#define PRESENT ((uint64_t)1 << 63)
#define OF_FILE ((uint64_t)1 << 61)

/* Each reads its input and then waits for more. */
static const struct program {
    const char *name, *words[8], *input;
} programs[PROGRAMS] = {
    {"python3",
     {"/usr/bin/python3", "-i", "-q"},
     "import json, random\n"
     "rows = [{'id': i, 'name': 'name %d' % i, 'tags': ['t%d' % (i * j % 97) for j in range(9)]} "
     "for i in range(40000)]\n"
     "text = json.dumps(rows); noise = random.randbytes(9000000); blank = bytearray(20000000)\n"},
    {"sqlite3",
     {"sqlite3", ":memory:"},
     "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL, d BLOB);\n"
     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)\n"
     "INSERT INTO t SELECT i, printf('name %d', i * 7919 % 50021), i / 7.0, randomblob(60) FROM "
     "n;\n"
     "CREATE INDEX b ON t(b);\n"},
    {"perl",
     {"perl", "-e",
      "my %h; $h{\"key $_\"} = { value => $_ * 7, text => \"snow $_ \" x ($_ % 9) } for 1 .. "
      "60000; "
      "<STDIN>"},
     ""},
    {"redis",
     {"redis-server", "--port", "0", "--unixsocket", "/tmp/firn-bench-asleep", "--save", ""},
     "for i in $(seq 100); do redis-cli -s /tmp/firn-bench-asleep ping >/dev/null 2>&1 && break; "
     "sleep 0.1; done; seq 60000 | sed 's/.*/set key:& \"value & of & and & again\"/' | "
     "redis-cli -s /tmp/firn-bench-asleep >/dev/null 2>&1"},
    {"bash",
     {"bash", "--norc", "--noprofile"},
     "for i in {1..60000}; do a[$i]=\"line $i of a shell\"; done\n"
     "declare -A b; for i in {1..20000}; do b[key$i]=$((i * 7919 % 10007)); done\n"},
};

static void fail(const struct program *program, const char *what)
{
    fprintf(stderr, "%s: %s\n", program->name, what);
    exit(1);
}

static bool is_there(const struct program *program)
{
    char line[LINE];
    snprintf(line, sizeof line, "command -v %s >/dev/null", program->words[0]);
    return system(line) == 0;
}

static void rest(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Processor time of a process, in ticks. */
static unsigned long ticks_of(pid_t pid)
{
    char path[64], line[1024];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file != NULL && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                     &user, &system);
    if (file != NULL)
        fclose(file);
    return user + system;
}

/* Starts a program, gives it its input, and waits until it rests. *ret_input stays open. */
static pid_t start(const struct program *program, int *ret_input)
{
    int ends[2];
    const bool is_server = strcmp(program->name, "redis") == 0;
    if (pipe(ends) != 0)
        fail(program, strerror(errno));
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        close(ends[1]);
        if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        execvp(program->words[0], (char **)(uintptr_t)program->words);
        _exit(1);
    }
    close(ends[0]);
    rest(300);
    if (child < 0 || (is_server ? system(program->input) != 0
                                : write(ends[1], program->input, strlen(program->input)) < 0))
        fail(program, "it cannot be started");
    unsigned long before = 0, now = ticks_of(child);
    for (int still = 0; still < 4; still = now == before ? still + 1 : 0) {
        rest(200);
        before = now;
        now = ticks_of(child);
    }
    *ret_input = ends[1];
    return child;
}

/* --- the prediction --- */

static double predict(const struct program *program, pid_t pid)
{
    char line[LINE];
    snprintf(line, sizeof line, "%s/../firn tune memory %d --interval 0 --sample 4M --json",
             bench_folder(), (int)pid);
    FILE *out = popen(line, "r");
    json_t *root = out != NULL ? json_loadf(out, 0, NULL) : NULL;
    const json_t *bytes = json_object_get(json_object_get(root, "asleep"), "zstd_bytes");
    if (out == NULL || pclose(out) != 0 || !json_is_number(bytes))
        fail(program, "firn tune memory fails");
    const double predicted = json_number_value(bytes);
    json_decref(root);
    return predicted;
}

/* --- the truth --- */

struct reading {
    const struct program *program;
    pid_t pid;
    firn_region *region;
    uint64_t block; /* the address there of the block at hand */
    char *here;
    unsigned blocks;
};

static void read_page(struct reading *reading, uint64_t address)
{
    if (reading->here == NULL || reading->block != address / BLOCK * BLOCK) {
        reading->block = address / BLOCK * BLOCK;
        reading->here = firn_region_alloc_aligned(reading->region, BLOCK, BLOCK);
        if (reading->here == NULL || reading->blocks++ == BLOCKS_MAX)
            fail(reading->program, "it is too large");
        memset(reading->here, 0, BLOCK);
    }
    struct iovec to = {reading->here + address % BLOCK, PAGE};
    struct iovec from = {(void *)(uintptr_t)address, PAGE};
    if (process_vm_readv(reading->pid, &to, 1, &from, 1, 0) != PAGE)
        fail(reading->program, "a page cannot be read");
}

static void read_mapping(struct reading *reading, int pagemap, uint64_t start, uint64_t end)
{
    for (uint64_t at = start; at < end; at += PAGE) {
        uint64_t entry;
        if (pread(pagemap, &entry, sizeof entry, (off_t)(at / PAGE * sizeof entry)) != sizeof entry)
            fail(reading->program, "its pages cannot be looked at");
        if ((entry & PRESENT) != 0 && (entry & OF_FILE) == 0)
            read_page(reading, at);
    }
}

static double pack(const struct program *program, pid_t pid)
{
    struct reading reading = {.program = program, .pid = pid};
    const firn_region_hibernate_options level = {.level = 1};
    unsigned long long start, end;
    char line[LINE], rights[8];
    firn_region_stats stats;
    if (firn_region_create(NULL, &reading.region) != FIRN_OK)
        fail(program, "no region");
    snprintf(line, sizeof line, "/proc/%d/pagemap", (int)pid);
    const int pagemap = open(line, O_RDONLY | O_CLOEXEC);
    snprintf(line, sizeof line, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(line, "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%llx-%llx %7s", &start, &end, rights) == 3 && rights[3] == 'p' &&
            strstr(line, "[v") == NULL)
            read_mapping(&reading, pagemap, start, end);
    if (maps == NULL || pagemap < 0)
        fail(program, "its mappings cannot be read");
    fclose(maps);
    close(pagemap);
    if (firn_region_hibernate(reading.region, &level) != FIRN_OK)
        fail(program, "its pages cannot be packed");
    firn_region_stats_get(reading.region, &stats);
    firn_region_destroy(reading.region);
    return (double)stats.packed_bytes;
}

/* --- rows --- */

struct measured {
    double predicted, packed, off, least, most;
};

static struct measured measure(const struct program *program, unsigned runs)
{
    double errors[CONTENDER_RUNS_MAX];
    struct measured measured = {0};
    int input;
    const pid_t pid = start(program, &input);
    measured.packed = pack(program, pid);
    for (unsigned i = 0; i < runs; i++) {
        measured.predicted = predict(program, pid);
        errors[i] = 100 * fabs(measured.predicted / measured.packed - 1);
    }
    close(input);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    measured.off = median(errors, runs);
    measured.least = errors[0];
    measured.most = errors[runs - 1];
    return measured;
}

/* In a process of its own: one that fails leaves the others theirs. */
static bool measure_apart(const struct program *program, unsigned runs, struct measured *ret)
{
    int ends[2], status = 1;
    fflush(NULL);
    const pid_t child = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
    if (child < 0)
        fail(program, strerror(errno));
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const struct measured measured = measure(program, runs);
        _exit(write(ends[1], &measured, sizeof measured) == (ssize_t)sizeof measured ? 0 : 1);
    }
    close(ends[1]);
    const bool has_come = read(ends[0], ret, sizeof *ret) == (ssize_t)sizeof *ret;
    close(ends[0]);
    return waitpid(child, &status, 0) == child && status == 0 && has_come;
}

static void add(const struct program *program, const struct measured *measured, struct row *row)
{
    static char texts[PROGRAMS][64];
    char *text = texts[program - programs];
    snprintf(text, sizeof texts[0], "%s, predicted from 4 MiB of it, off by", program->name);
    *row = (struct row){.id = "asleep",
                        .what = text,
                        .unit = "%",
                        .target = 15,
                        .value = measured->off,
                        .peers = {{"predicted, MB", measured->predicted / 1e6},
                                  {"packed, MB", measured->packed / 1e6}},
                        .least = measured->least,
                        .most = measured->most};
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "What firn tune memory predicts, against pages that are really packed.",
        .runs = RUNS};
    static struct row rows[PROGRAMS];
    struct bench_options options;
    size_t row_count = 0;
    int status = 0;
    bench_options_read(&options, count, words, &about);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < PROGRAMS; i++) {
        struct measured measured;
        if (!is_there(&programs[i]))
            fprintf(stderr, "%s is not installed: see scripts/setup bench\n", programs[i].name);
        else if (measure_apart(&programs[i], options.runs, &measured))
            add(&programs[i], &measured, &rows[row_count++]);
        else
            status = 1;
        rows_so_far(rows, row_count, options.json);
    }
    return rows_report(rows, row_count, &options) != 0 ? 1 : status;
}
