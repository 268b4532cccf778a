/* The server against nginx, h2o, lighttpd, libmicrohttpd and fasthttp: processor time of a request,
 * alone on its connection (row H1) and 16 in a piece (H2), calls for memory and system calls of a
 * request (H3), what an idle connection takes of memory (H4), and what of that is given back a
 * second after 10,000 of them have left (H5). Two servers that do nothing but answer, one with
 * epoll and one with io_uring, show how little it can take on this machine.
 *
 *     http [--json] [--quick] [--runs N] [--svg FILE]
 *
 * Each run starts a server of one loop, worker or thread, which answers all with the same 13 bytes,
 * and asks it from this machine. Times are what the kernel charges the server's process for, user
 * and system; memory is its anonymous pages. Calls for memory are those of malloc and its kin, of
 * mmap, of Firn's own slabs and of Go's allocator, counted by http/count.c, http/servers.c and
 * http/fasthttp.go; system calls are counted by strace. With --quick there are fewer requests, and
 * one other server: nginx, and fasthttp where 16 come in a piece. */
#include "http/ledger.h"
#include "http/load.h"
#include "http/servers.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "support/contender.h"
#include "support/measure.h"
#include "support/plot.h"
#include "support/versus.h"

enum { PORT = 18080, CONNECTIONS = 32, IDLE = 10000 };
enum { ALONE, PIPELINED, MEMORY, CALLS, WORKS };
enum { PROFILES = 4 };

static const char *const works[WORKS] = {"alone", "pipelined", "memory", "calls"};
static const char *const profiles[PROFILES] = {"balanced", "low", "high", "max"};
static struct contender contenders[WORKS][SERVERS];
static struct contender profiled[PROFILES];

/* --- a run --- */

static double cpu_us(pid_t process)
{
    char path[64], line[1024];
    unsigned long long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL)
        exit(1);
    fclose(file);
    (void)sscanf(strrchr(line, ')') + 2, "%*s %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                 &user, &system);
    return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static double anonymous(pid_t process)
{
    char path[64], line[256];
    double kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)process);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "Anonymous: %lf", &kilobytes);
    if (file != NULL)
        fclose(file);
    return kilobytes * 1024;
}

static void measure_time(pid_t process, unsigned depth, uint64_t requests)
{
    load_run(PORT, CONNECTIONS, depth, requests / 10); /* until it is warm */
    double before = cpu_us(process);
    uint64_t done = load_run(PORT, CONNECTIONS, depth, requests);
    printf("request_us %.4f\n", (cpu_us(process) - before) / (double)done);
}

static void measure_memory(pid_t process)
{
    load_run(PORT, CONNECTIONS, 1, 1000);
    double before = anonymous(process);
    load_open(PORT, IDLE);
    double open = anonymous(process);
    load_close();
    sleep(1);
    double after = anonymous(process);
    printf("connection_bytes %.1f\n", (open - before) / IDLE);
    printf("given_back %.4f\n", open > before ? (open - after) / (open - before) : 1);
}

/* Under strace; where that is not installed, or may not look, nothing is printed. */
static void measure_system_calls(pid_t process, const char *folder, uint64_t requests)
{
    char path[64], number[16], line[256];
    snprintf(path, sizeof path, "%s/calls", folder);
    snprintf(number, sizeof number, "%d", (int)process);
    pid_t tracer = fork();
    if (tracer == 0) {
        if (freopen("/dev/null", "w", stderr) != NULL)
            execlp("strace", "strace", "-f", "-c", "-o", path, "-p", number, (char *)NULL);
        _exit(CONTENDER_ABSENT);
    }
    usleep(500000); /* until it has attached */
    double done = (double)load_run(PORT, CONNECTIONS, 1, requests), calls = 0;
    kill(tracer, SIGINT);
    waitpid(tracer, NULL, 0);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "100.00 %*f %*f %lf", &calls) == 1 && strstr(line, "total") != NULL)
            printf("system_calls %.3f\n", calls / done);
    if (file != NULL)
        fclose(file);
}

static double calls_so_far(enum server which, pid_t process, const struct ledger *ledger)
{
    if (which == SERVER_FASTHTTP) { /* it writes them when it is asked */
        kill(process, SIGUSR1);
        usleep(200000);
    }
    return (double)(atomic_load(&ledger->calls) + atomic_load(&ledger->own_calls));
}

/* Between two moments at which the same connections are open. */
static void measure_calls(enum server which, pid_t process, const char *folder, uint64_t requests)
{
    static const unsigned depths[] = {1, 16};
    const struct ledger *ledger = ledger_open();
    double calls = 0;
    uint64_t done = 0;
    for (unsigned i = 0; i < 2 && ledger != NULL; i++) {
        load_begin(PORT, CONNECTIONS, depths[i]);
        load_go_on(10000);
        const double before = calls_so_far(which, process, ledger);
        done += load_go_on(requests / 2);
        calls += calls_so_far(which, process, ledger) - before;
        load_end();
    }
    if (done > 0)
        printf("request_calls %.6f\n", calls / (double)done);
    measure_system_calls(process, folder, requests / 50);
}

static const char *open_ledger_file(const char *folder)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/ledger", folder);
    FILE *file = fopen(path, "w");
    if (file == NULL || ftruncate(fileno(file), LEDGER_BYTES) != 0)
        exit(1);
    fclose(file);
    setenv(LEDGER, path, 1);
    return peer_program("libhttp_count.so");
}

static void measure(enum server which, const char *work, pid_t process, const char *folder,
                    uint64_t requests)
{
    load_wait(PORT);
    if (strcmp(work, works[MEMORY]) == 0)
        measure_memory(process);
    else if (strcmp(work, works[CALLS]) == 0)
        measure_calls(which, process, folder, requests);
    else if (strcmp(work, works[PIPELINED]) == 0)
        measure_time(process, 16, requests);
    else
        measure_time(process, 1, requests);
}

static int run_child(const char *name, const char *work, const char *profile, uint64_t requests)
{
    char folder[] = "/tmp/firn-bench-XXXXXX";
    const char *preload = NULL;
    unsigned which = 0;
    int status = 0;
    while (which + 1 < SERVERS && strcmp(server_names[which], name) != 0)
        which++;
    if (mkdtemp(folder) == NULL)
        return 1;
    if (strcmp(work, works[CALLS]) == 0)
        preload = open_ledger_file(folder);
    pid_t process = server_start(which, PORT, folder, profile, preload);
    usleep(300000);
    bool absent = waitpid(process, &status, WNOHANG) == process;
    if (!absent) {
        measure(which, work, process, folder, requests);
        kill(process, SIGKILL);
        waitpid(process, NULL, 0);
        load_wait_gone(PORT);
    }
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0)
        return 1;
    if (!absent)
        return 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == CONTENDER_ABSENT ? CONTENDER_ABSENT : 1;
}

/* --- all runs --- */

static struct contender contender(const char *self, unsigned server, unsigned work,
                                  const char *profile, const char *requests)
{
    return (struct contender){
        .name = server_names[server],
        .work = works[work],
        .words = {self, "--child", server_names[server], works[work], profile, requests}};
}

static void run_all(const char *self, const struct bench_options *options)
{
    static const char *const requests[2][WORKS] = {{"300000", "2400000", "0", "1000000"},
                                                   {"50000", "400000", "0", "50000"}};
    const char *const *counts = requests[options->quick];
    for (unsigned work = 0; work < WORKS; work++) {
        /* of calls there are always as many, and the bare servers make none */
        const unsigned servers = work == CALLS ? SERVER_EPOLL : SERVERS;
        for (unsigned server = 0; server < servers; server++)
            contenders[work][server] = contender(self, server, work, profiles[0], counts[work]);
        const unsigned rival = work == PIPELINED ? SERVER_FASTHTTP : SERVER_NGINX;
        for (unsigned server = 0; server < servers && options->quick; server++)
            contenders[work][server].left_out = server != SERVER_FIRN && server != rival;
        contenders_run(contenders[work], servers, work == CALLS ? 1 : options->runs);
    }
    for (unsigned i = 1; i < PROFILES; i++) /* the first was among the others */
        profiled[i] = contender(self, SERVER_FIRN, CALLS, profiles[i], counts[CALLS]);
    contenders_run(&profiled[1], PROFILES - 1, 1);
}

static int report(const struct bench_options *options)
{
    const char *texts[] = {"calls for memory in a request, balanced", "the same, low",
                           "the same, high", "the same, max"};
    struct row rows[] = {
        row_versus("H1", "processor time of a request", contenders[ALONE], SERVERS, "request_us",
                   "us", 1),
        row_versus("H2", "the same, 16 in a piece", contenders[PIPELINED], SERVERS, "request_us",
                   "us", 1),
        row_versus("H3", texts[0], contenders[CALLS], SERVER_EPOLL, "request_calls", "", 1),
        row_versus("H3", texts[1], &profiled[1], 1, "request_calls", "", 1),
        row_versus("H3", texts[2], &profiled[2], 1, "request_calls", "", 1),
        row_versus("H3", texts[3], &profiled[3], 1, "request_calls", "", 1),
        row_versus("H3", "system calls of a request", contenders[CALLS], SERVER_EPOLL,
                   "system_calls", "", 1),
        row_versus("H4", "an idle connection", contenders[MEMORY], SERVERS, "connection_bytes", "B",
                   1),
        row_versus("H5", "given back a second after 10,000 left", contenders[MEMORY], SERVERS,
                   "given_back", "", 1),
    };
    rows[0].target = 0.92 * contender_median(&contenders[ALONE][SERVER_NGINX], "request_us");
    rows[1].target = 0.6;
    for (unsigned i = 2; i < 2 + PROFILES; i++)
        rows[i].target = 0;
    rows[7].target = 256;
    rows[8].target = 0.98;
    rows[8].at_least = true;
    return rows_report(rows, sizeof rows / sizeof rows[0], options);
}

int main(int count, char **words)
{
    static const struct bench_about about = {.text = "The HTTP server against others."};
    static char self[4352];
    struct bench_options options;
    if (count == 4 && strcmp(words[1], "--serve") == 0)
        server_be_firn((uint16_t)strtoul(words[2], NULL, 10), words[3]);
    if (count == 6 && strcmp(words[1], "--child") == 0)
        return run_child(words[2], words[3], words[4], strtoull(words[5], NULL, 10));
    bench_options_read(&options, count, words, &about);
    snprintf(self, sizeof self, "%s/http", bench_folder());
    run_all(self, &options);
    contenders_tell_absent(contenders[ALONE], SERVERS);
    return report(&options);
}
