/* A server of `firn code` on a store: what the kernel says it has in memory, all resident and in
 * tiers, and how long answers take.
 *
 *     code_serve [--json] [--quick] [DIR]
 *
 * DIR is a store of `firn code index`, also one with layers that updates left, or a source tree,
 * which is then indexed; build/corpus/K1 when it is not given. PSS is read from smaps_rollup after
 * the start, and 3 seconds after 1,000 requests of each kind; the larger counts. Names are those
 * that places chosen by chance are part of; places are chosen by their bytes' share.
 *
 *   warm     the file is among those that the server keeps decoded
 *   cold     it is not: segments are read from the kernel's page cache and decoded
 *   frozen   and the page cache was told to forget the store's files before each request
 *
 * A request's time is that of the whole round by a socket; "in process" is the answer alone. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <firn/file.h>
#include <firn/system.h>

#include "code/answer.h"
#include "code/view.h"
#include "support/contender.h"
#include "support/measure.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/rows.h"

#define REQUESTS_MAX 1000u
#define LINE_BYTES 1024u
#define ANSWER_BYTES ((size_t)64 << 20)
#define LINES_JUDGED 5e6 /* memory for fewer says nothing of what 10 M lines take */

static void fail(const char *what)
{
    fprintf(stderr, "code_serve: %s\n", what);
    exit(1);
}

static void expect(firn_status status, const firn_error *error)
{
    if (status != FIRN_OK)
        fail(error->text);
}

struct requests {
    unsigned count;
    char places[REQUESTS_MAX][LINE_BYTES]; /* FILE:LINE:COLUMN */
    char names[REQUESTS_MAX][LINE_BYTES];
};

struct times {
    double median, p99; /* seconds */
};

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct times times_of(double *took, unsigned count)
{
    qsort(took, count, sizeof *took, by_value);
    return (struct times){took[count / 2], took[(uint64_t)count * 99 / 100]};
}

/* --- requests --- */

static bool is_plain(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] < 0x20 || text[i] == '"' || text[i] == '\\' || (unsigned char)text[i] >= 0x7f)
            return false;
    }
    return size > 0 && size < LINE_BYTES - 32;
}

/* A place in a file, and the name of a definition there. */
static void choose_in(struct opened *opened, uint64_t number, uint64_t at,
                      struct requests *requests)
{
    struct opened_file file;
    struct view view;
    firn_error error;
    if (opened_at(opened, number, &file, &error) != FIRN_OK)
        return;
    const firn_status status = view_open(&view, opened, &file, VIEW_WHOLE, &error);
    if (status == FIRN_OK && at < view.loaded.text_size &&
        view_definitions(&view, &error) == FIRN_OK && view.definitions.count > 0 &&
        is_plain(view.file.path, strlen(view.file.path))) {
        const struct extract_name *name = &view.definitions.items[at % view.definitions.count];
        const firn_point point = firn_lines_point(&view.lines, (uint32_t)at);
        const size_t size = name->end - name->start;
        if (is_plain(view.loaded.text + name->start, size)) {
            snprintf(requests->places[requests->count], LINE_BYTES, "%s:%u:%u", view.file.path,
                     point.row + 1, point.column + 1);
            snprintf(requests->names[requests->count++], LINE_BYTES, "%.*s", (int)size,
                     view.loaded.text + name->start);
        }
    }
    view_close(&view);
}

/* Chooses places all over the source's bytes, and takes them in an order by chance. */
static void choose(const char *store, unsigned wanted, struct requests *requests)
{
    struct opened opened;
    firn_error error;
    uint64_t passed = 0;
    uint32_t chance = 1;
    expect(opened_init(&opened, store, NULL, 0, &error), &error);
    const uint64_t step = opened.meta.totals.source_bytes / wanted + 1;
    uint64_t next = random_below(&chance, (uint32_t)step);
    for (uint64_t number = 0; number < opened.number_end && requests->count < wanted; number++) {
        struct opened_file file;
        if (opened_at(&opened, number, &file, &error) != FIRN_OK)
            continue;
        const uint64_t size = file.record.size;
        opened_file_fini(&opened, &file);
        for (; next < passed + size && requests->count < wanted; next += step)
            choose_in(&opened, number, next - passed, requests);
        passed += size;
    }
    opened_fini(&opened);
    if (requests->count == 0)
        fail("the store has no definitions");
    for (unsigned i = requests->count - 1; i > 0; i--) {
        const unsigned other = random_below(&chance, i + 1);
        char line[LINE_BYTES];
        memcpy(line, requests->places[i], LINE_BYTES);
        memcpy(requests->places[i], requests->places[other], LINE_BYTES);
        memcpy(requests->places[other], line, LINE_BYTES);
    }
}

/* --- a server --- */

struct server {
    pid_t process;
    int client;
    double pss_bytes; /* the largest seen */
};

static void start(struct server *server, const char *store, const char *folder, bool is_resident)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char program[4096], line[LINE_BYTES];
    int ends[2];
    snprintf(program, sizeof program, "%s/../firn", bench_folder());
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    if (pipe(ends) != 0)
        fail("cannot make a pipe");
    *server = (struct server){.process = fork()};
    if (server->process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* so that it does not outlive a bench that fails */
        dup2(ends[1], STDOUT_FILENO);
        execl(program, program, "code", "serve", "--store", store, "--socket", address.sun_path,
              "--json", is_resident ? "--resident" : NULL, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (read(ends[0], line, sizeof line) <= 0)
        fail("the server does not start");
    close(ends[0]);
    server->client = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(server->client, (const struct sockaddr *)&address, sizeof address) != 0)
        fail("cannot connect to the server");
}

static void note_pss(struct server *server)
{
    char path[64], line[256];
    unsigned long long kilobytes;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)server->process);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "Pss: %llu", &kilobytes) == 1 &&
            (double)kilobytes * 1024 > server->pss_bytes)
            server->pss_bytes = (double)kilobytes * 1024;
    }
    if (file == NULL || server->pss_bytes <= 0)
        fail("cannot read the server's memory");
    fclose(file);
}

/* An idle server gives back what its answers took. */
static void rest_and_note(struct server *server)
{
    sleep(3);
    note_pss(server);
}

static void stop(struct server *server)
{
    int status;
    close(server->client);
    kill(server->process, SIGTERM);
    if (waitpid(server->process, &status, 0) < 0 || status != 0)
        fail("the server failed");
}

/* Asks, and gives the time until the whole answer is there. */
static double ask(const struct server *server, const char *method, const char *key,
                  const char *value)
{
    static char answer[ANSWER_BYTES];
    char line[2 * LINE_BYTES];
    size_t used = 0;
    const int size =
        snprintf(line, sizeof line, "{\"id\":1,\"method\":\"%s\",\"params\":{\"%s\":\"%s\"}}\n",
                 method, key, value);
    const uint64_t begin = firn_clock_ns();
    if (write(server->client, line, (size_t)size) != size)
        fail("the server is gone");
    do {
        if (used == sizeof answer)
            fail("an answer is longer than 64 MiB");
        const ssize_t got = read(server->client, answer + used, sizeof answer - used);
        if (got <= 0)
            fail("the server ended an answer early");
        used += (size_t)got;
    } while (answer[used - 1] != '\n');
    const uint64_t end = firn_clock_ns();
    answer[used - 1] = '\0';
    if (strncmp(answer, "{\"id\":1,\"result\":", 17) != 0)
        fail(answer);
    return (double)(end - begin) / 1e9;
}

static void forget_one(const char *path)
{
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
        close(descriptor);
    }
}

static firn_status forget(void *context, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", (const char *)context, name);
    forget_one(path);
    return FIRN_OK;
}

struct figures {
    double lines, layers;
    double resident_bytes, tiers_bytes;
    struct times find, warm, cold, frozen, inside;
};

static void measure_server(char *store, const char *folder, const struct requests *requests,
                           struct figures *figures)
{
    static double took[REQUESTS_MAX];
    struct server server;
    const unsigned count = requests->count;
    start(&server, store, folder, false);
    for (unsigned i = 0; i < count; i++)
        took[i] = ask(&server, "at", "place", requests->places[i]);
    figures->cold = times_of(took, count);
    for (unsigned i = 0; i < count; i++) {
        ask(&server, "at", "place", requests->places[i]);
        took[i] = ask(&server, "at", "place", requests->places[i]);
    }
    figures->warm = times_of(took, count);
    for (unsigned i = 0; i < count; i++) {
        (void)!firn_folder_visit(store, forget, store, NULL);
        took[i] = ask(&server, "at", "place", requests->places[i]);
    }
    figures->frozen = times_of(took, count);
    for (unsigned i = 0; i < count; i++)
        ask(&server, "refs", "name", requests->names[i]);
    rest_and_note(&server);
    figures->tiers_bytes = server.pss_bytes;
    stop(&server);

    start(&server, store, folder, true);
    note_pss(&server);
    for (unsigned i = 0; i < 2 * count; i++) {
        const double seconds = ask(&server, "find", "name", requests->names[i % count]);
        if (i >= count)
            took[i - count] = seconds;
    }
    figures->find = times_of(took, count);
    for (unsigned i = 0; i < count; i++) {
        ask(&server, "refs", "name", requests->names[i]);
        ask(&server, "at", "place", requests->places[i]);
    }
    rest_and_note(&server);
    figures->resident_bytes = server.pss_bytes;
    stop(&server);
}

/* The answers alone, of files that are kept. */
static void measure_inside(const char *store, const struct requests *requests,
                           struct figures *figures)
{
    static double took[REQUESTS_MAX];
    struct opened opened;
    struct question question = {.store = store};
    struct emitter emitter;
    struct outcome outcome;
    firn_error error = {.text = "out of memory"};
    FILE *nowhere = fopen("/dev/null", "w");
    if (nowhere == NULL)
        fail("cannot open /dev/null");
    expect(opened_init(&opened, store, NULL, 0, &error), &error);
    expect(views_create(256u << 20, &question.views), &error);
    figures->layers = (double)opened.meta.layer_count;
    for (size_t i = 0; i < opened.meta.language_count; i++)
        figures->lines += (double)opened.meta.languages[i].totals.lines;
    for (unsigned i = 0; i < 2 * requests->count; i++) {
        question.operand = requests->places[i / 2];
        outcome.is_empty = false;
        emitter_begin_line(&emitter, nowhere, true);
        const uint64_t begin = firn_clock_ns();
        expect(answer_at(&opened, &question, &emitter, &outcome, &error), &error);
        took[i / 2] = (double)(firn_clock_ns() - begin) / 1e9;
    }
    figures->inside = times_of(took, requests->count);
    views_destroy(question.views);
    opened_fini(&opened);
    fclose(nowhere);
}

static int print(const struct figures *figures, const struct bench_options *options)
{
    const bool large = figures->lines > LINES_JUDGED;
    const struct row rows[] = {
        {.id = "C2",
         .what = "serving, all in memory, PSS",
         .value = figures->resident_bytes / 1e6,
         .unit = "MB",
         .target = large ? 50 : ROW_NO_TARGET,
         .peers = {{"layers of the index", figures->layers}}},
        {.id = "C2",
         .what = "serving, in tiers, PSS",
         .value = figures->tiers_bytes / 1e6,
         .unit = "MB",
         .target = large ? 20 : ROW_NO_TARGET,
         .peers = {{"layers of the index", figures->layers}}},
        {.id = "C6",
         .what = "find NAME, asked of a server",
         .value = figures->find.median * 1e6,
         .unit = "us",
         .target = ROW_NO_TARGET,
         .peers = {{"p99", figures->find.p99 * 1e6}}},
        {.id = "C7",
         .what = "at FILE:LINE:COLUMN, warm, in process",
         .value = figures->inside.median * 1e6,
         .unit = "us",
         .target = 20,
         .peers = {{"p99", figures->inside.p99 * 1e6}}},
        {.id = "C7",
         .what = "at FILE:LINE:COLUMN, warm, asked of a server",
         .value = figures->warm.median * 1e6,
         .unit = "us",
         .target = ROW_NO_TARGET,
         .peers = {{"p99", figures->warm.p99 * 1e6}}},
        {.id = "C7",
         .what = "at FILE:LINE:COLUMN, cold, asked of a server",
         .value = figures->cold.median * 1e3,
         .unit = "ms",
         .target = 0.5,
         .peers = {{"p99", figures->cold.p99 * 1e3}}},
        {.id = "C7",
         .what = "at FILE:LINE:COLUMN, frozen, asked of a server",
         .value = figures->frozen.median * 1e3,
         .unit = "ms",
         .target = 1.5,
         .peers = {{"p99", figures->frozen.p99 * 1e3}}},
    };
    return rows_report(rows, sizeof rows / sizeof rows[0], options);
}

static void run(const char *command)
{
    if (system(command) != 0)
        fail(command);
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "A server of `firn code`: memory and times. DIR is a store or a source tree.",
        .word = "[DIR]"};
    static struct requests requests;
    struct bench_options options;
    struct figures figures = {0};
    char folder[] = "/tmp/firn-bench-XXXXXX", store[4096], path[4200], command[16384];
    bench_options_read(&options, count, words, &about);
    const char *root = options.word != NULL ? options.word : "build/corpus/K1";
    if (access(root, R_OK) != 0 && system("scripts/corpus build/corpus") != 0)
        fail("scripts/corpus failed; name a source tree");
    if (mkdtemp(folder) == NULL)
        fail("cannot make a folder below /tmp");
    snprintf(store, sizeof store, "%s", root);
    snprintf(path, sizeof path, "%s/manifest", root);
    if (access(path, R_OK) != 0) {
        snprintf(store, sizeof store, "%s/store", folder);
        snprintf(command, sizeof command, "'%s/../firn' code index '%s' --store '%s' -q >/dev/null",
                 bench_folder(), root, store);
        run(command);
    }
    choose(store, options.quick ? REQUESTS_MAX / 10 : REQUESTS_MAX, &requests);
    measure_server(store, folder, &requests, &figures);
    measure_inside(store, &requests, &figures);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    run(command);
    return print(&figures, &options);
}
