/* Parsing the head of a request in one piece: the row H6, with the request of 703 bytes that
 * picohttpparser's own bench has. Against picohttpparser, as libh2o carries it, and http_parser.
 *
 *     http_parse [--json] [--quick] [--runs N] [--svg FILE]
 *
 * All run in this process, by turns, a million times each; times are of the processor. Ours also
 * tells how the message is framed and refuses what is ambiguous; the others leave that to their
 * user. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <firn/http_message.h>

#include "support/contender.h"
#include "support/measure.h"
#include "support/plot.h"

#ifdef FIRN_BENCH_HTTP_PARSER
#include <http_parser.h>
#endif

#ifdef FIRN_BENCH_H2O
/* Of libh2o, whose header is not installed alone. */
struct phr_header {
    const char *name;
    size_t name_size;
    const char *value;
    size_t value_size;
};
int phr_parse_request(const char *data, size_t size, const char **method, size_t *method_size,
                      const char **path, size_t *path_size, int *minor, struct phr_header *headers,
                      size_t *count, size_t last_size);
#endif

enum { TIMES = 1000000, QUICK_TIMES = 100000, FIELDS = 32, WANTED = 9 };

static const char request[] =
    "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n"
    "Host: www.kittyhell.com\r\n"
    "User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) "
    "Gecko/20100401 Firefox/3.6.3 Pathtraq/0.9\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n"
    "Accept-Encoding: gzip,deflate\r\n"
    "Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n"
    "Keep-Alive: 115\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; "
    "__utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; "
    "__utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=reader.livedoor.com|"
    "utmcct=/reader/|utmcmd=referral\r\n\r\n";

static void parse_failed(const char *who)
{
    fprintf(stderr, "%s does not parse the request\n", who);
    exit(1);
}

static void run_firn(void)
{
    firn_http_field fields[FIELDS];
    firn_http_head head;
    if (firn_http_head_begin(&head, FIRN_HTTP_REQUEST, NULL, fields, FIELDS) != FIRN_OK ||
        firn_http_head_parse(&head, request, sizeof request - 1) != FIRN_OK ||
        head.field_count != WANTED)
        parse_failed("firn");
}

static void run_pico(void)
{
#ifdef FIRN_BENCH_H2O
    struct phr_header headers[FIELDS];
    const char *method, *path;
    size_t method_size, path_size, count = FIELDS;
    int minor;
    int size = phr_parse_request(request, sizeof request - 1, &method, &method_size, &path,
                                 &path_size, &minor, headers, &count, 0);
    if (size != (int)sizeof request - 1 || count != WANTED)
        parse_failed("picohttpparser");
#endif
}

#ifdef FIRN_BENCH_HTTP_PARSER
static int note_value(http_parser *parser, const char *at, size_t size)
{
    (void)at;
    (void)size;
    ++*(int *)parser->data;
    return 0;
}
#endif

static void run_http_parser(void)
{
#ifdef FIRN_BENCH_HTTP_PARSER
    static const http_parser_settings settings = {.on_header_value = note_value};
    int count = 0;
    http_parser parser;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &count;
    if (http_parser_execute(&parser, &settings, request, sizeof request - 1) !=
            sizeof request - 1 ||
        count != WANTED)
        parse_failed("http_parser");
#endif
}

static const struct {
    const char *name;
    void (*run)(void);
    bool is_there;
} parsers[] = {{"firn", run_firn, true},
#ifdef FIRN_BENCH_H2O
               {"picohttpparser", run_pico, true},
#else
               {"picohttpparser", run_pico, false},
#endif
#ifdef FIRN_BENCH_HTTP_PARSER
               {"http_parser", run_http_parser, true}
#else
               {"http_parser", run_http_parser, false}
#endif
};

#define PARSERS (sizeof parsers / sizeof parsers[0])

int main(int count, char **words)
{
    static const struct bench_about about = {.text = "Parsing the head of a request."};
    static double ns[PARSERS][CONTENDER_RUNS_MAX];
    struct bench_options options;
    bench_options_read(&options, count, words, &about);
    const int times = options.quick ? QUICK_TIMES : TIMES;
    for (unsigned run = 0; run < options.runs; run++)
        for (size_t i = 0; i < PARSERS; i++) {
            uint64_t begin = cpu_ns();
            for (int time = 0; time < times && parsers[i].is_there; time++)
                parsers[i].run();
            ns[i][run] = (double)(cpu_ns() - begin) / times;
        }
    struct row row = {.id = "H6",
                      .what = "a request of 703 bytes parsed",
                      .value = median(ns[0], options.runs),
                      .unit = "ns",
                      .target = 150,
                      .least = ns[0][0],
                      .most = ns[0][options.runs - 1]};
    size_t peers = 0;
    for (size_t i = 1; i < PARSERS; i++)
        if (parsers[i].is_there)
            row.peers[peers++] = (struct row_peer){parsers[i].name, median(ns[i], options.runs)};
    return rows_report(&row, 1, &options);
}
