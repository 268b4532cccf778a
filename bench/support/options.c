/* No option is special: a bench that needs more reads them itself. */
#include "support/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/contender.h"

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void print_usage(FILE *out, const char *name, const struct bench_about *about)
{
    fprintf(out, "usage: %s [--json] [--quick] [--runs 1..%u] [--svg FILE]%s%s%s\n", name,
            CONTENDER_RUNS_MAX, about->full != NULL ? " [--full]" : "",
            about->word != NULL ? " " : "", about->word != NULL ? about->word : "");
}

static unsigned default_runs(const struct bench_about *about)
{
    return about->runs != 0 ? about->runs : 5;
}

static void help(const char *name, const struct bench_about *about)
{
    print_usage(stdout, name, about);
    printf("\n%s\n\n"
           "  --json     one JSON document instead of a table\n"
           "  --quick    one run of each, for a look\n"
           "  --runs N   runs of each, of which the median counts (%u)\n"
           "  --svg FILE draws the rows as bars, too\n",
           about->text, default_runs(about));
    if (about->full != NULL)
        printf("  --full     %s, too\n", about->full);
    exit(0);
}

/* How many words an option took; 0 when it is none. */
static int take(struct bench_options *options, const struct bench_about *about, const char *word,
                const char *next)
{
    if (strcmp(word, "--json") == 0) {
        options->json = true;
    } else if (strcmp(word, "--quick") == 0) {
        options->quick = true;
    } else if (strcmp(word, "--full") == 0 && about->full != NULL) {
        options->full = true;
    } else if (strcmp(word, "--svg") == 0 && next != NULL) {
        options->svg = next;
        return 2;
    } else if (strcmp(word, "--runs") == 0 && next != NULL) {
        char *end;
        unsigned long runs = strtoul(next, &end, 10);
        options->runs = runs <= CONTENDER_RUNS_MAX && *end == '\0' ? (unsigned)runs : 0;
        return options->runs != 0 ? 2 : 0;
    } else if (word[0] != '-' && about->word != NULL && options->word == NULL) {
        options->word = word;
    } else {
        return 0;
    }
    return 1;
}

void bench_options_read(struct bench_options *options, int count, char **words,
                        const struct bench_about *about)
{
    const char *name = name_of(words[0]);
    *options = (struct bench_options){.json = false};
    for (int i = 1, taken; i < count; i += taken) {
        if (strcmp(words[i], "--help") == 0)
            help(name, about);
        taken = take(options, about, words[i], words[i + 1]);
        if (taken == 0) {
            print_usage(stderr, name, about);
            exit(2);
        }
    }
    if (options->runs == 0)
        options->runs = options->quick ? 1 : default_runs(about);
}
