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

static void usage(const char *name)
{
    fprintf(stderr, "%s: usage: %s [--json] [--quick] [--runs 1..%u]\n", name, name,
            CONTENDER_RUNS_MAX);
    exit(2);
}

void bench_options_read(struct bench_options *options, int count, char **words, const char *about)
{
    const char *name = name_of(words[0]);
    *options = (struct bench_options){.json = false};
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--json") == 0) {
            options->json = true;
        } else if (strcmp(words[i], "--quick") == 0) {
            options->quick = true;
        } else if (strcmp(words[i], "--runs") == 0 && i + 1 < count) {
            char *end;
            unsigned long runs = strtoul(words[++i], &end, 10);
            if (*end != '\0' || runs == 0 || runs > CONTENDER_RUNS_MAX)
                usage(name);
            options->runs = (unsigned)runs;
        } else if (strcmp(words[i], "--help") == 0) {
            printf("usage: %s [--json] [--quick] [--runs N]\n\n%s\n\n"
                   "  --json     one JSON document instead of a table\n"
                   "  --quick    one run of each, for a look\n"
                   "  --runs N   runs of each, of which the median counts (5)\n",
                   name, about);
            exit(0);
        } else {
            usage(name);
        }
    }
    if (options->runs == 0)
        options->runs = options->quick ? 1 : 5;
}
