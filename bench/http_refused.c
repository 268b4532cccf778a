/* Ambiguous and broken messages (row H10): which `firn serve` and other servers take, and which
 * they answer twice. scripts/verdicts sends those of tests/http/messages.txt to one server in each
 * run.
 *
 *     http_refused [--json] [--quick] [--runs N] [--svg FILE]
 *
 * A message is refused by a status that says so and a close, or by a close alone. The same messages
 * always get the same answers, so that each is sent once; --quick leaves out all but nginx. */
#include <stdio.h>
#include <stdlib.h>

#include "support/options.h"
#include "support/plot.h"
#include "support/versus.h"

enum { FIRN, NGINX, SERVERS = 5, TEXT = 96 };

static const char *const names[SERVERS] = {"firn", "nginx", "lighttpd", "node", "python"};
static struct contender contenders[SERVERS];

static struct row count(const char *what, const char *key)
{
    struct row row = row_versus("H10", what, contenders, SERVERS, key, "", 1);
    row.target = 0;
    return row;
}

int main(int word_count, char **words)
{
    static const struct bench_about about = {.text = "Messages that a server must refuse.",
                                             .runs = 1};
    static char program[4352], taken[TEXT], refused[TEXT];
    struct bench_options options;
    bench_options_read(&options, word_count, words, &about);
    snprintf(program, sizeof program, "%s/../firn", bench_folder());
    for (size_t i = 0; i < SERVERS; i++) {
        contenders[i] = (struct contender){
            .name = names[i],
            .work = "messages",
            .words = {"python3", FIRN_SOURCE "/scripts/verdicts", "--sums", names[i], program},
            .left_out = options.quick && i > NGINX};
    }
    contenders_run(contenders, SERVERS, options.runs);
    contenders_tell_absent(contenders, SERVERS);
    snprintf(taken, sizeof taken, "of %.0f ambiguous or broken messages: taken",
             contender_median(&contenders[FIRN], "bad"));
    snprintf(refused, sizeof refused, "of %.0f good ones: refused",
             contender_median(&contenders[FIRN], "good"));
    const struct row rows[] = {count(taken, "taken"), count("answered twice", "twice"),
                               count(refused, "refused")};
    return rows_report(rows, sizeof rows / sizeof *rows, &options);
}
