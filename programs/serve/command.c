/* `firn serve`: its options, and its life from the first bind to a signal. */
#include "serve/serve.h"

#include "common/emitter.h"
#include "serve/site.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct option options[] = {
    {.name = "port",
     .letter = 'p',
     .kind = OPTION_NUMBER,
     .argument = "PORT",
     .fallback = "8080",
     .help = "to listen on; 0: any that is free"},
    {.name = "address",
     .letter = 'a',
     .kind = OPTION_TEXT,
     .argument = "ADDRESS",
     .fallback = "127.0.0.1",
     .help = "to listen on, in numbers; 0.0.0.0 or :: for all"},
    {.name = "profile",
     .kind = OPTION_CHOICE,
     .argument = "low|balanced|high|max",
     .fallback = "balanced",
     .help = "what a request takes inline, and may take at most"},
    {.name = "loops",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .help = "threads; one for each processor when not given"},
    {.name = "certificate",
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .help = "serve HTTPS with this certificate in PEM, and its issuers"},
    {.name = "key",
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .help = "of the certificate, in PEM; when not given, in its file"},
    {.name = "list", .letter = 'l', .kind = OPTION_FLAG, .help = "list folders without index.html"},
    {.name = "log",
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .help = "append a line a request, in the combined log format; - is stdout"},
    {.name = "stats",
     .kind = OPTION_TEXT,
     .argument = "PATH",
     .help = "answer this path with the server's figures as JSON"},
    {.name = NULL}};

static firn_http_server *running;

static void on_signal(int number)
{
    (void)number;
    firn_http_server_stop(running);
}

static firn_http_profile profile_of(const char *name)
{
    unsigned profile = 0;
    while (profile < FIRN_HTTP_PROFILE_COUNT &&
           strcmp(firn_http_profile_get(profile)->name, name) != 0)
        profile++;
    return profile;
}

/* As many connections as the machine allows. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool open_site(const struct invocation *invocation, struct site *site)
{
    const char *log = option_text(invocation, "log"), *folder = invocation->operands[0];
    site->lists = option_flag(invocation, "list");
    site->stats_path = option_text(invocation, "stats");
    if (site->stats_path != NULL && site->stats_path[0] != '/') {
        report_usage("--stats %s: a path begins with a slash", site->stats_path);
        return false;
    }
    site->root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (site->root < 0) {
        report("%s: %s; name a folder to serve", folder, strerror(errno));
        return false;
    }
    site->log = log == NULL ? NULL : strcmp(log, "-") == 0 ? stdout : fopen(log, "ae");
    if (log != NULL && site->log == NULL) {
        report("%s: %s; name a file that can be written", log, strerror(errno));
        return false;
    }
    return true;
}

static void print_start(const struct invocation *invocation, const struct site *site)
{
    struct emitter emitter;
    const char *address = option_text(invocation, "address");
    bool is_v6 = strchr(address, ':') != NULL;
    const char *scheme = option_text(invocation, "certificate") != NULL ? "https" : "http";
    char url[128];
    snprintf(url, sizeof url, "%s://%s%s%s:%u/", scheme, is_v6 ? "[" : "", address,
             is_v6 ? "]" : "", (unsigned)firn_http_server_port(site->server));
    if (invocation->quiet && !invocation->json)
        return;
    emitter_begin_line(&emitter, stdout, invocation->json);
    emitter_plain(&emitter, "serving %s at %s\n", invocation->operands[0], url);
    if (invocation->json) {
        emitter_object_begin(&emitter, NULL);
        emitter_text(&emitter, "url", url);
        emitter_object_end(&emitter);
    }
    (void)emitter_end(&emitter, EXIT_DONE);
}

static enum exit_status serve(const struct invocation *invocation, struct site *site)
{
    firn_error error = {.status = FIRN_OK};
    uint64_t port = option_number(invocation, "port"), loops = option_number(invocation, "loops");
    if (port > UINT16_MAX)
        return report_usage("--port %llu: ports end at 65535", (unsigned long long)port);
    if (loops > 256)
        return report_usage("--loops %llu: at most 256", (unsigned long long)loops);
    const char *certificate = option_text(invocation, "certificate");
    const char *key = option_text(invocation, "key");
    if (key != NULL && certificate == NULL)
        return report_usage("--key %s: the key of which --certificate?", key);
    bool records = site->log != NULL || site->stats_path != NULL;
    const firn_http_server_options server = {.address = option_text(invocation, "address"),
                                             .port = (uint16_t)port,
                                             .profile =
                                                 profile_of(option_text(invocation, "profile")),
                                             .loop_count = (uint32_t)loops,
                                             .body_limit = 1 << 20, /* which are passed over */
                                             .handle = site_handle,
                                             .context = site,
                                             .record = records ? site_record : NULL,
                                             .record_context = site,
                                             .name = "firn",
                                             .certificate_file = certificate,
                                             .key_file = key};
    site->profile = firn_http_profile_get(server.profile)->name;
    site->loop_count = loops > 0 ? (uint32_t)loops : firn_processor_count();
    raise_descriptors();
    if (firn_http_server_create(&server, &site->server, &error) != FIRN_OK)
        return report_error(&error);
    running = site->server;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    print_start(invocation, site);
    firn_status status = firn_http_server_run(site->server, &error);
    signal(SIGINT, SIG_IGN); /* it is about to end */
    signal(SIGTERM, SIG_IGN);
    firn_http_server_destroy(site->server);
    return status == FIRN_OK ? EXIT_DONE : report_error(&error);
}

static enum exit_status command_serve(const struct invocation *invocation)
{
    static struct site site;
    enum exit_status status = EXIT_FAILED;
    pthread_mutex_init(&site.log_mutex, NULL);
    site.root = -1;
    if (open_site(invocation, &site))
        status = serve(invocation, &site);
    else if (site.root < 0 && site.stats_path != NULL && site.stats_path[0] != '/')
        status = EXIT_USAGE;
    if (site.log != NULL && fflush(site.log) != 0) {
        report("%s: %s", option_text(invocation, "log"), strerror(errno));
        status = EXIT_FAILED;
    }
    if (site.log != NULL && site.log != stdout)
        fclose(site.log);
    if (site.root >= 0)
        close(site.root);
    pthread_mutex_destroy(&site.log_mutex);
    return status;
}

static const struct command commands[] = {
    {.name = NULL,
     .usage = "DIR",
     .summary = "Serve a folder over HTTP or HTTPS",
     .description =
         "Files go out with their types, dates, entity tags and ranges; FILE.br, FILE.zst and\n"
         "FILE.gz in the place of FILE to those who take them. Nothing outside the folder is\n"
         "served, whatever its links say. SIGINT and SIGTERM let answers under way end. With\n"
         "--json the first line is {\"url\":…}.",
     .examples = {{"firn serve public --port 8000", "to this machine"},
                  {"firn serve . --list --log -", "with folders listed, and a line a request"},
                  {"firn serve public -a :: --stats /stats", "to all, with figures at /stats"}},
     .options = options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_serve},
};

const struct command_group serve_group = {.name = "serve",
                                          .summary = "Serve a folder over HTTP or HTTPS",
                                          .commands = commands,
                                          .command_count = 1};
