/* `firn get`: its options, and the URLs one after the other, over one client. */
#include "get/get.h"

#include "get/body.h"
#include "get/fetch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIELDS_MAX 100
#define NAME_BYTES 256

static const struct option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .help = "write to it; if it is a folder, into it by the URL's last name"},
    {.name = "continue",
     .letter = 'c',
     .kind = OPTION_FLAG,
     .help = "go on with what an earlier run left in FILE.part"},
    {.name = "header",
     .letter = 'H',
     .kind = OPTION_TEXT,
     .argument = "'NAME: VALUE'",
     .help = "send this, too; may be given several times"},
    {.name = "data",
     .letter = 'd',
     .kind = OPTION_TEXT,
     .argument = "TEXT",
     .help = "send this by POST; @FILE, or @- for stdin"},
    {.name = "method",
     .letter = 'X',
     .kind = OPTION_TEXT,
     .argument = "METHOD",
     .help = "in the place of GET, or of POST with --data"},
    {.name = "head", .letter = 'I', .kind = OPTION_FLAG, .help = "ask by HEAD, and print the head"},
    {.name = "ca",
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .help = "trust these issuers' certificates, in PEM, and not the system's"},
    {.name = "insecure", .kind = OPTION_FLAG, .help = "trust any certificate"},
    {.name = "time",
     .kind = OPTION_NUMBER,
     .argument = "SECONDS",
     .help = "for each URL at most; none when not given"},
    {.name = "redirects",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .fallback = "10",
     .help = "to follow at most; 0: a redirect is a failure"},
    {.name = NULL}};

/* --- what is sent --- */

/* "Name: value" to a pair, in a copy of its own. False: it is none. */
static bool split_header(firn_arena *arena, const char *text, firn_http_pair *ret_pair)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text)
        return false;
    const size_t size = strlen(text) + 1, name = (size_t)(colon - text);
    char *copy = firn_arena_alloc(arena, size);
    if (copy == NULL)
        return false;
    memcpy(copy, text, size);
    copy[name] = '\0';
    char *value = copy + name + 1;
    while (*value == ' ' || *value == '\t')
        value++;
    *ret_pair = (firn_http_pair){copy, value};
    return true;
}

static bool has_field(const firn_http_pair *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(fields[i].name, name) == 0)
            return true;
    return false;
}

static bool take_headers(const struct invocation *invocation, firn_arena *arena,
                         struct fetch *fetch)
{
    const char *text;
    size_t count = 0;
    for (unsigned n = 0; (text = option_nth(invocation, "header", n)) != NULL; n++) {
        if (count == FIELDS_MAX || !split_header(arena, text, &fetch->fields[count])) {
            report_usage("--header %s: %s", text,
                         count == FIELDS_MAX ? "too many of them" : "no 'Name: value'");
            return false;
        }
        count++;
    }
    if (option_text(invocation, "data") != NULL && !has_field(fetch->fields, count, "Content-Type"))
        fetch->fields[count++] =
            (firn_http_pair){"Content-Type", "application/x-www-form-urlencoded"};
    fetch->request.field_count = count;
    fetch->has_range = has_field(fetch->fields, count, "Range");
    if (fetch->goes_on && (fetch->has_range || has_field(fetch->fields, count, "If-Range"))) {
        report_usage("--continue sends Range and If-Range itself");
        return false;
    }
    return true;
}

/* --- where to --- */

/* The last name in a URL's path, its escapes undone where that gives a name. */
static void name_of(const firn_url *url, char name[NAME_BYTES])
{
    const char *path = url->text + url->path.offset;
    size_t begin = url->path.size, size = 0;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    bool fine = true;
    for (size_t at = begin; at < url->path.size && fine; at++) {
        unsigned byte = (unsigned char)path[at];
        if (byte == '%' && sscanf(path + at + 1, "%2x", &byte) == 1)
            at += 2;
        fine = byte >= 0x20 && byte != 0x7f && byte != '/' && size < NAME_BYTES - 16;
        name[size++] = (char)byte;
    }
    name[size] = '\0';
    if (!fine || size == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        snprintf(name, NAME_BYTES, "%s", size == 0 ? "index.html" : "download");
}

static const char *path_of(const char *output, const firn_url *url, bool into_folder,
                           char path[PATH_MAX])
{
    char name[NAME_BYTES];
    if (output == NULL || strcmp(output, "-") == 0)
        return NULL;
    if (!into_folder)
        return output;
    name_of(url, name);
    int size = snprintf(path, PATH_MAX, "%s/%s", output, name);
    return size < PATH_MAX ? path : output; /* which then fails, as it is a folder */
}

static enum exit_status get_all(const struct invocation *invocation, const struct fetch *fetch_with,
                                const firn_url *urls)
{
    const char *output = option_text(invocation, "output");
    struct stat stat_of;
    const bool into_folder =
        output != NULL && stat(output, &stat_of) == 0 && S_ISDIR(stat_of.st_mode);
    enum exit_status status = EXIT_DONE;
    if (invocation->operand_count > 1 && output != NULL && strcmp(output, "-") != 0 && !into_folder)
        return report_usage("-o %s: several URLs go into a folder; name one that exists", output);
    for (unsigned i = 0; i < invocation->operand_count; i++) {
        char path[PATH_MAX];
        if (fetch(fetch_with, invocation->operands[i],
                  path_of(output, &urls[i], into_folder, path)) != EXIT_DONE)
            status = EXIT_FAILED;
    }
    return status;
}

/* --- all of it --- */

static enum exit_status check(const struct invocation *invocation, firn_url *urls)
{
    firn_error error;
    const char *output = option_text(invocation, "output");
    const bool to_stdout = output == NULL || strcmp(output, "-") == 0;
    if (option_flag(invocation, "head") &&
        (option_text(invocation, "data") != NULL || option_text(invocation, "method") != NULL ||
         output != NULL || option_flag(invocation, "continue")))
        return report_usage("--head goes with none of --data, --method, --output and --continue");
    if (option_flag(invocation, "continue") && to_stdout)
        return report_usage("--continue: with what? name a file with -o");
    if (option_flag(invocation, "continue") && option_text(invocation, "data") != NULL)
        return report_usage("--continue goes on with what was got, not with --data");
    if (invocation->json && to_stdout && !option_flag(invocation, "head"))
        return report_usage("--json: stdout has the reply; name a file with -o");
    if (option_text(invocation, "ca") != NULL && option_flag(invocation, "insecure"))
        return report_usage("--ca says whom to trust, --insecure anybody; give one");
    if (option_number(invocation, "time") > UINT32_MAX / 1000)
        return report_usage("--time %s: at most %u seconds", option_text(invocation, "time"),
                            UINT32_MAX / 1000);
    if (option_number(invocation, "redirects") > 1000)
        return report_usage("--redirects %s: at most 1000", option_text(invocation, "redirects"));
    for (unsigned i = 0; i < invocation->operand_count; i++) {
        const char *url = invocation->operands[i];
        if (firn_url_parse(url, strlen(url), &urls[i], &error) != FIRN_OK)
            return report_usage("%s", error.text);
    }
    return EXIT_DONE;
}

static enum exit_status get_with(const struct invocation *invocation, firn_arena *arena,
                                 const firn_url *urls)
{
    firn_error error = {.status = FIRN_OK};
    firn_http_pair fields[FIELDS_MAX + 3];
    const char *data = option_text(invocation, "data");
    const uint64_t redirects = option_number(invocation, "redirects");
    struct body body = {.fd = -1};
    struct fetch fetch_with = {.fields = fields,
                               .goes_on = option_flag(invocation, "continue"),
                               .only_head = option_flag(invocation, "head"),
                               .quiet = invocation->quiet,
                               .json = invocation->json};
    const firn_http_client_options client = {
        .redirect_limit = redirects > 0 ? (uint32_t)redirects : FIRN_HTTP_NO_REDIRECTS,
        .ca_file = option_text(invocation, "ca"),
        .is_unverified = option_flag(invocation, "insecure")};
    firn_http_request *request = &fetch_with.request;
    request->method = option_text(invocation, "method");
    request->time_ms = (uint32_t)option_number(invocation, "time") * 1000;
    if (request->method == NULL && (data != NULL || fetch_with.only_head))
        request->method = data != NULL ? "POST" : "HEAD";
    if (!take_headers(invocation, arena, &fetch_with))
        return EXIT_USAGE;
    if (data != NULL && invocation->operand_count > 1 && strcmp(data, "@-") == 0)
        return report_usage("--data @-: stdin goes to one URL only");
    if (firn_http_client_create(&client, &fetch_with.client, &error) != FIRN_OK)
        return report_error(&error);
    enum exit_status status = EXIT_FAILED;
    if (data == NULL || body_open(&body, data, request))
        status = get_all(invocation, &fetch_with, urls);
    body_close(&body);
    firn_http_client_destroy(fetch_with.client);
    return status;
}

static enum exit_status command_get(const struct invocation *invocation)
{
    firn_arena arena;
    enum exit_status status = EXIT_FAILED;
    if (firn_arena_init(&arena, NULL) != FIRN_OK) {
        report("out of memory");
        return EXIT_FAILED;
    }
    firn_url *urls = firn_arena_alloc(&arena, invocation->operand_count * sizeof *urls);
    if (urls == NULL)
        report("out of memory");
    else
        status = check(invocation, urls);
    if (status == EXIT_DONE)
        status = get_with(invocation, &arena, urls);
    firn_arena_fini(&arena);
    return status;
}

static const struct command commands[] = {
    {.name = NULL,
     .usage = "URL...",
     .summary = "Get files over HTTP or HTTPS",
     .description =
         "Without -o a reply goes to stdout. A file is written as FILE.part and takes its name\n"
         "when it is whole; what was cut off stays, with FILE.part.tag, which says of which\n"
         "version it is, and --continue goes on with it, or begins anew if the server has\n"
         "another version by now. A status of 300 and above is a failure. With --json a line\n"
         "for each URL: status, url, bytes that came, seconds, file; with --head, the fields.",
     .examples = {{"firn get https://example.org/", "to stdout"},
                  {"firn get -c -o disk.img https://example.org/disk.img", "or what is missing"},
                  {"firn get -d @new.json -H 'Content-Type: application/json' URL", "POST"}},
     .options = options,
     .operands_min = 1,
     .operands_max = UINT_MAX,
     .run = command_get},
};

const struct command_group get_group = {.name = "get",
                                        .summary = "Get files over HTTP or HTTPS",
                                        .commands = commands,
                                        .command_count = 1};
