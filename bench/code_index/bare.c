/* Files are taken as the index does, in units of a segment's size, with as many threads and the
 * same parser; each tree is dropped at once. */
#include "code_index/bare.h"

#include <pthread.h>
#include <stdio.h>

#include <firn/file.h>
#include <firn/system.h>

#include "code/parse.h"
#include "code/scan.h"
#include "code_index/program.h"

#define UNIT_BYTES (256u << 10)

struct bare {
    const char *root;
    const struct scan *scan;
    pthread_mutex_t mutex;
    size_t next;
};

static bool take_unit(struct bare *bare, size_t *ret_first, size_t *ret_end)
{
    uint64_t bytes = 0;
    pthread_mutex_lock(&bare->mutex);
    *ret_first = bare->next;
    while (bare->next < bare->scan->file_count && bytes < UNIT_BYTES)
        bytes += bare->scan->files[bare->next++].size;
    *ret_end = bare->next;
    pthread_mutex_unlock(&bare->mutex);
    return *ret_first < *ret_end;
}

static void *parse_files(void *context)
{
    struct bare *bare = context;
    struct parser *parser;
    firn_error error = {.text = "out of memory"};
    size_t first, end, size;
    void *text;
    bench_expect(parser_create(NULL, &parser), &error);
    while (take_unit(bare, &first, &end))
        for (size_t i = first; i < end; i++) {
            const struct scan_file *file = &bare->scan->files[i];
            char path[8192];
            snprintf(path, sizeof path, "%s/%s", bare->root, file->path);
            bench_expect(firn_file_read_all(path, UINT32_MAX, NULL, &text, &size, NULL, &error),
                         &error);
            (void)!parser_parse(parser, file->language, size > 0 ? text : "", size, &error);
            parser_drop(parser);
            firn_release(NULL, text, size);
        }
    parser_destroy(parser);
    return NULL;
}

double bare_parse(const char *root)
{
    struct scan scan;
    firn_error error;
    bench_expect(scan_run(root, &(struct scan_options){.allocator = NULL}, &scan, &error), &error);
    struct bare bare = {.root = root, .scan = &scan};
    pthread_t threads[256];
    unsigned count = firn_processor_count();
    count = count < 256 ? count : 256;
    pthread_mutex_init(&bare.mutex, NULL);
    uint64_t start = firn_clock_ns();
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, parse_files, &bare) != 0)
            bench_fail("cannot start a thread");
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    const double seconds = (double)(firn_clock_ns() - start) / 1e9;
    pthread_mutex_destroy(&bare.mutex);
    scan_fini(&scan);
    return seconds;
}
