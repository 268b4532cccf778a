/* Visits of a file that scripts/visits made, added to a history in a new folder: what they take,
 * and how long searches in them take. Prints a figure a line: see contender.h. */
#include "tabs/history/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/measure.h"

static void check(firn_status status, const firn_error *error)
{
    if (status == FIRN_OK)
        return;
    fprintf(stderr, "%s\n", error->text);
    exit(1);
}

static void add_all(history *visited, FILE *file)
{
    char *line = NULL;
    size_t capacity = 0;
    uint64_t plain_bytes = 0, count = 0, longest_ns = 0, begun = wall_ns();
    for (ssize_t size; (size = getline(&line, &capacity, file)) > 0;) {
        char *url = strchr(line, '\t'), *title = url != NULL ? strchr(url + 1, '\t') : NULL;
        if (title == NULL)
            continue;
        firn_error error = {.status = FIRN_OK};
        firn_bytes url_text = {url + 1, (size_t)(title - url - 1)};
        firn_bytes title_text = {title + 1, (size_t)(line + size - 1 - title - 1)};
        uint64_t before = wall_ns();
        check(history_add(visited, url_text, title_text, strtoll(line, NULL, 10), &error), &error);
        uint64_t took = wall_ns() - before;
        longest_ns = took > longest_ns ? took : longest_ns;
        plain_bytes += url_text.size + title_text.size + 8;
        count++;
    }
    free(line);
    history_summary summary;
    history_usage(visited, &summary);
    printf("visits %llu\npages %llu\nplain_bytes %llu\ndisk_bytes %llu\nratio %.2f\n",
           (unsigned long long)count, (unsigned long long)summary.page_count,
           (unsigned long long)plain_bytes, (unsigned long long)summary.disk_bytes,
           (double)plain_bytes / (double)summary.disk_bytes);
    printf("add_us %.2f\nadd_longest_ms %.1f\nram_bytes %llu\n",
           (double)(wall_ns() - begun) / 1e3 / (double)count, (double)longest_ns / 1e6,
           (unsigned long long)summary.ram_bytes);
}

static bool count_visit(void *context, const history_visit *visit)
{
    (void)visit;
    ++*(size_t *)context;
    return true;
}

static void search(history *visited, const char *key, const char *text, history_how how,
                   size_t limit)
{
    history_query query = {.text = {text, strlen(text)}, .how = how, .limit = limit};
    uint64_t least = UINT64_MAX;
    size_t count = 0;
    for (int i = 0; i < 3; i++) {
        firn_error error = {.status = FIRN_OK};
        uint64_t before = wall_ns();
        count = 0;
        check(history_search(visited, &query, count_visit, &count, &error), &error);
        uint64_t took = wall_ns() - before;
        least = took < least ? took : least;
    }
    printf("%s_ms %.2f\n%s_found %zu\n", key, (double)least / 1e6, key, count);
}

int main(int count, char **words)
{
    FILE *file = count == 2 ? fopen(words[1], "r") : NULL;
    char folder[] = "/tmp/firn-visits-XXXXXX", command[100];
    firn_error error;
    history *visited;
    if (file == NULL || mkdtemp(folder) == NULL) {
        fprintf(stderr, "usage: %s VISITS\n", words[0]);
        return 2;
    }
    check(history_open(folder, NULL, &visited, &error), &error);
    add_all(visited, file);
    fclose(file);
    search(visited, "prefix", "docs.python.org/3/library/os", HISTORY_PREFIX, 20);
    search(visited, "substring", "asyncio", HISTORY_SUBSTRING, 20);
    search(visited, "nothing", "no such words", HISTORY_SUBSTRING, 20);
    search(visited, "newest", "", HISTORY_SUBSTRING, 20);
    history_close(visited);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 ? 0 : 1;
}
