/* The server against nginx: processor time of a request, alone on its connection (row H1) and 16 in
 * a piece (H2), what an idle connection takes of memory (H4), and what of that is given back a
 * second after 10,000 of them have left (H5).
 *
 *     http [--json] [--quick] [--runs N] [--svg FILE]
 *
 * Each run starts a server of one loop or worker, which answers all with the same 13 bytes, and
 * asks it from this machine. Times are what the kernel charges the server's process for, user and
 * system; memory is its anonymous pages. */
#include "http/load.h"

#include <firn/http_server.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/contender.h"
#include "support/measure.h"
#include "support/plot.h"
#include "support/versus.h"

enum { PORT = 18080, CONNECTIONS = 32, IDLE = 10000 };
enum { FIRN, NGINX, PEERS };
enum { ALONE, PIPELINED, MEMORY, WORKS };

static const char *const peers[PEERS] = {"firn", "nginx"};
static const char *const works[WORKS] = {"alone", "pipelined", "memory"};
static struct contender contenders[WORKS][PEERS];

/* --- servers --- */

static void hello(void *context, firn_http_exchange *exchange)
{
    (void)context;
    firn_http_answer(exchange, 200, "text/plain", "hello, world\n", 13);
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void serve_firn(void)
{
    const firn_http_server_options options = {
        .port = PORT, .loop_count = 1, .handle = hello, .name = "firn"};
    firn_http_server *server;
    firn_error error;
    raise_descriptors();
    if (firn_http_server_create(&options, &server, &error) != FIRN_OK ||
        firn_http_server_run(server, &error) != FIRN_OK) {
        fprintf(stderr, "%s\n", error.text);
        _exit(1);
    }
    _exit(0);
}

static void serve_nginx(const char *folder)
{
    char config[256];
    snprintf(config, sizeof config, "%s/nginx.conf", folder);
    FILE *out = fopen(config, "w");
    if (out == NULL)
        _exit(1);
    fprintf(out,
            "daemon off; master_process off; worker_processes 1; pid %s/pid; error_log /dev/null;\n"
            "worker_rlimit_nofile 20000; events { worker_connections 20000; }\n"
            "http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600;\n",
            folder);
    for (const char *const *path =
             (const char *const[]){"client_body", "proxy", "fastcgi", "uwsgi", "scgi", NULL};
         *path != NULL; path++)
        fprintf(out, "%s_temp_path %s/%s;\n", *path, folder, *path);
    fprintf(out,
            "server { listen 127.0.0.1:%d; default_type text/plain;\n"
            "location / { return 200 \"hello, world\\n\"; } } }\n",
            PORT);
    fclose(out);
    execlp("nginx", "nginx", "-c", config, "-p", folder, (char *)NULL);
    _exit(CONTENDER_ABSENT);
}

static pid_t serve(unsigned peer, const char *folder)
{
    pid_t process = fork();
    if (process != 0)
        return process;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (freopen("/dev/null", "w", stdout) == NULL)
        _exit(1);
    if (peer == FIRN)
        serve_firn();
    serve_nginx(folder);
    return 0;
}

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

static int run_child(const char *peer_name, const char *work_name, uint64_t requests)
{
    char folder[] = "/tmp/firn-bench-XXXXXX";
    unsigned peer = strcmp(peer_name, peers[FIRN]) == 0 ? FIRN : NGINX;
    int status = 0;
    if (mkdtemp(folder) == NULL)
        return 1;
    pid_t process = serve(peer, folder);
    usleep(200000);
    bool absent = waitpid(process, &status, WNOHANG) == process;
    if (!absent) {
        load_wait(PORT);
        if (strcmp(work_name, works[MEMORY]) == 0)
            measure_memory(process);
        else if (strcmp(work_name, works[PIPELINED]) == 0)
            measure_time(process, 16, requests * 8);
        else
            measure_time(process, 1, requests);
        kill(process, SIGKILL);
        waitpid(process, NULL, 0);
    }
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0)
        return 1;
    return absent ? CONTENDER_ABSENT : 0;
}

int main(int count, char **words)
{
    static const struct bench_about about = {.text = "The HTTP server against nginx."};
    static char self[4352];
    struct bench_options options;
    if (count == 5 && strcmp(words[1], "--child") == 0)
        return run_child(words[2], words[3], strtoull(words[4], NULL, 10));
    bench_options_read(&options, count, words, &about);
    snprintf(self, sizeof self, "%s/http", bench_folder());
    for (unsigned work = 0; work < WORKS; work++) {
        for (unsigned peer = 0; peer < PEERS; peer++)
            contenders[work][peer] =
                (struct contender){.name = peers[peer],
                                   .work = works[work],
                                   .words = {self, "--child", peers[peer], works[work],
                                             options.quick ? "50000" : "300000"}};
        contenders_run(contenders[work], PEERS, options.runs);
    }
    struct row rows[] = {
        row_versus("H1", "processor time of a request", contenders[ALONE], PEERS, "request_us",
                   "us", 1),
        row_versus("H2", "the same, 16 in a piece", contenders[PIPELINED], PEERS, "request_us",
                   "us", 1),
        row_versus("H4", "an idle connection", contenders[MEMORY], PEERS, "connection_bytes", "B",
                   1),
        row_versus("H5", "given back a second after 10,000 left", contenders[MEMORY], PEERS,
                   "given_back", "", 1),
    };
    rows[0].target = 0.92 * contender_median(&contenders[ALONE][NGINX], "request_us");
    rows[1].target = 0.6;
    rows[2].target = 256;
    rows[3].target = 0.98;
    rows[3].at_least = true;
    return rows_report(rows, sizeof rows / sizeof rows[0], &options);
}
