/* See servers.h. */
#include "http/servers.h"

#include "http/ledger.h"

#include <firn/http_server.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "support/contender.h"
#include "support/measure.h"
#include "support/versus.h"

const char *const server_names[SERVERS] = {"firn",       "nginx",    "h2o",        "lighttpd",
                                           "microhttpd", "fasthttp", "bare epoll", "bare io_uring"};

/* --- Firn's own: its slabs are an allocator, too, and it counts their calls itself --- */

static struct ledger *ledger;
static firn_http_server *own;

static void hello(void *context, firn_http_exchange *exchange)
{
    (void)context;
    firn_http_answer(exchange, 200, "text/plain", "hello, world\n", 13);
    if (ledger != NULL) {
        firn_http_server_stats stats;
        firn_http_server_stats_get(own, &stats);
        atomic_store_explicit(&ledger->own_calls, stats.allocation_count, memory_order_relaxed);
    }
}

static firn_http_profile profile_of(const char *name)
{
    for (unsigned i = 0; i < FIRN_HTTP_PROFILE_COUNT; i++)
        if (strcmp(firn_http_profile_get(i)->name, name) == 0)
            return i;
    return FIRN_HTTP_BALANCED;
}

void server_be_firn(uint16_t port, const char *profile)
{
    const firn_http_server_options options = {.port = port,
                                              .loop_count = 1,
                                              .profile = profile_of(profile),
                                              .handle = hello,
                                              .name = "firn"};
    firn_error error;
    ledger = ledger_open();
    if (firn_http_server_create(&options, &own, &error) != FIRN_OK ||
        firn_http_server_run(own, &error) != FIRN_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    exit(0);
}

/* --- others --- */

static const char *path_in(const char *folder, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        exit(1);
    return path;
}

__attribute__((format(printf, 2, 3))) static void write_file(const char *path, const char *format,
                                                             ...)
{
    va_list arguments;
    FILE *out = fopen(path, "w");
    if (out == NULL)
        exit(1);
    va_start(arguments, format);
    vfprintf(out, format, arguments);
    va_end(arguments);
    if (fclose(out) != 0)
        exit(1);
}

static void be_nginx(uint16_t port, const char *folder)
{
    const char *config = path_in(folder, "nginx.conf");
    write_file(config,
               "daemon off; master_process off; worker_processes 1; pid %s/pid;\n"
               "error_log /dev/null;\n"
               "worker_rlimit_nofile 20000; events { worker_connections 20000; }\n"
               "http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600;\n"
               "client_body_temp_path %s/1; proxy_temp_path %s/2; fastcgi_temp_path %s/3;\n"
               "uwsgi_temp_path %s/4; scgi_temp_path %s/5;\n"
               "server { listen 127.0.0.1:%u; default_type text/plain;\n"
               "location / { return 200 \"hello, world\\n\"; } } }\n",
               folder, folder, folder, folder, folder, folder, (unsigned)port);
    execlp("nginx", "nginx", "-c", config, "-p", folder, (char *)NULL);
}

/* It has no answer from memory but a script's: a file that stays in its cache. */
static void be_lighttpd(uint16_t port, const char *folder)
{
    const char *config = path_in(folder, "lighttpd.conf");
    write_file(path_in(folder, "hello.txt"), "hello, world\n");
    write_file(config,
               "server.document-root = \"%s\"\nserver.bind = \"127.0.0.1\"\nserver.port = %u\n"
               "server.max-fds = 40000\nserver.max-connections = 20000\n"
               "server.max-keep-alive-requests = 65535\nserver.max-keep-alive-idle = 600\n"
               "index-file.names = ( \"hello.txt\" )\nmimetype.assign = ( \".txt\" => "
               "\"text/plain\" )\n",
               folder, (unsigned)port);
    execlp("lighttpd", "lighttpd", "-D", "-f", config, (char *)NULL);
}

static void be_peer(const char *name, uint16_t port, const char *word)
{
    char number[8];
    snprintf(number, sizeof number, "%u", (unsigned)port);
    execl(peer_program(name), name, number, word, (char *)NULL);
}

static void be(enum server which, uint16_t port, const char *folder, const char *profile)
{
    char number[8];
    switch (which) {
    case SERVER_FIRN:
        snprintf(number, sizeof number, "%u", (unsigned)port);
        execl("/proc/self/exe", "http", "--serve", number, profile, (char *)NULL);
        break;
    case SERVER_NGINX:
        be_nginx(port, folder);
        break;
    case SERVER_LIGHTTPD:
        be_lighttpd(port, folder);
        break;
    case SERVER_H2O:
        be_peer("http_h2o", port, NULL);
        break;
    case SERVER_MICROHTTPD:
        be_peer("http_microhttpd", port, NULL);
        break;
    case SERVER_FASTHTTP:
        setenv("GOMAXPROCS", "1", 1);
        be_peer("http_fasthttp", port, NULL);
        break;
    default:
        be_peer("http_bare", port, which == SERVER_URING ? "io_uring" : "epoll");
        break;
    }
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

pid_t server_start(enum server which, uint16_t port, const char *folder, const char *profile,
                   const char *preload)
{
    pid_t process = fork();
    if (process != 0)
        return process;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (freopen("/dev/null", "w", stdout) == NULL ||
        (which != SERVER_FIRN && freopen("/dev/null", "w", stderr) == NULL))
        _exit(1);
    signal(SIGPIPE, SIG_IGN); /* which would end the libraries */
    raise_descriptors();
    if (preload != NULL)
        setenv("LD_PRELOAD", preload, 1);
    be(which, port, folder, profile);
    _exit(CONTENDER_ABSENT);
}
