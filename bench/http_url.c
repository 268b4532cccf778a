/* URLs that were parsed before: the row H8, a hit in the cache of URLs, against parsing them anew
 * and against a hash map without any bound.
 *
 *     http_url [--json] [--quick] [--runs N] [--svg FILE]
 *
 * All look up the same URLs of 23 to 118 bytes in the same random order, by turns, in this process;
 * times are of the processor. The first row has 64 of them, as many as a client asks for again and
 * again; the second 1,000, which no longer fit into the processor's first cache. */
#include <string.h>

#include <firn/system.h>
#include <firn/url.h>

#include "support/contender.h"
#include "support/measure.h"
#include "support/plot.h"

#ifdef FIRN_BENCH_GLIB
#include <glib.h>
#endif

enum { FEW = 64, MANY = 1000, ORDER = 4096, TIMES = 4000000, QUICK_TIMES = 400000 };
enum { CACHE_BYTES = 1 << 20, BUCKETS = 4096 };

static struct {
    char text[128];
    uint32_t size;
} urls[MANY];

static uint16_t order[ORDER];
static firn_url_cache *cache;
static uint64_t sum; /* of what was found, so that it has to be */

static void make_urls(void)
{
    uint32_t sequence = 7;
    for (unsigned i = 0; i < MANY; i++) {
        char path[100];
        const uint32_t a = random_next(&sequence), b = random_below(&sequence, 100);
        if (i % 5 < 2)
            snprintf(path, sizeof path, "%s", i % 5 ? "docs/index.html" : "");
        else if (i % 5 == 2)
            snprintf(path, sizeof path, "api/v2/items/%u?fields=name,size&page=%u", a, b);
        else if (i % 5 == 3)
            snprintf(path, sizeof path, "static/js/vendor.%08x.chunk.min.js", a);
        else
            snprintf(path, sizeof path, "wiki/Special:Search?search=a%%20b%u&go=Go&x=%u", a, b);
        urls[i].size =
            (uint32_t)snprintf(urls[i].text, sizeof urls[i].text, "http%s://host-%u.example%s/%s",
                               i % 3 ? "s" : "", i, i % 4 ? ".org" : ".net:8080", path);
    }
}

static void make_order(unsigned count)
{
    uint32_t sequence = 99;
    for (unsigned i = 0; i < ORDER; i++)
        order[i] = (uint16_t)random_below(&sequence, count);
}

static void url_failed(const char *who)
{
    fprintf(stderr, "%s does not find a URL\n", who);
    exit(1);
}

static void run_cache(int times)
{
    for (int i = 0; i < times; i++) {
        firn_url url;
        const unsigned which = order[i % ORDER];
        if (firn_url_cache_get(cache, urls[which].text, urls[which].size, &url, NULL) != FIRN_OK)
            url_failed("the cache");
        sum += url.path.offset;
    }
}

static void run_parse(int times)
{
    for (int i = 0; i < times; i++) {
        firn_url url;
        const unsigned which = order[i % ORDER];
        if (firn_url_parse(urls[which].text, urls[which].size, &url, NULL) != FIRN_OK)
            url_failed("parsing");
        sum += url.path.offset;
    }
}

/* A map as one writes it: chains of nodes with copies of their keys, by FNV-1a. */
struct node {
    struct node *next;
    firn_url url;
    uint32_t size;
    char text[];
};
static struct node *buckets[BUCKETS];

static uint32_t fnv(const char *text, uint32_t size)
{
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return hash;
}

static void fill_map(void)
{
    for (unsigned i = 0; i < MANY; i++) {
        struct node *node = need(malloc(sizeof *node + urls[i].size));
        struct node **bucket = &buckets[fnv(urls[i].text, urls[i].size) % BUCKETS];
        memcpy(node->text, urls[i].text, urls[i].size);
        node->size = urls[i].size;
        if (firn_url_parse(node->text, node->size, &node->url, NULL) != FIRN_OK)
            url_failed("parsing");
        node->next = *bucket;
        *bucket = node;
    }
}

static void run_map(int times)
{
    for (int i = 0; i < times; i++) {
        const unsigned which = order[i % ORDER];
        const char *text = urls[which].text;
        const uint32_t size = urls[which].size;
        const struct node *node = buckets[fnv(text, size) % BUCKETS];
        while (node != NULL && (node->size != size || memcmp(node->text, text, size) != 0))
            node = node->next;
        if (node == NULL)
            url_failed("the map");
        firn_url url = node->url;
        sum += url.path.offset;
    }
}

#ifdef FIRN_BENCH_GLIB
static GHashTable *table;
#endif

static void run_glib(int times)
{
#ifdef FIRN_BENCH_GLIB
    if (table == NULL) {
        table = g_hash_table_new(g_str_hash, g_str_equal);
        for (unsigned i = 0; i < MANY; i++) {
            firn_url *url = need(malloc(sizeof *url));
            if (firn_url_parse(urls[i].text, urls[i].size, url, NULL) != FIRN_OK)
                url_failed("parsing");
            g_hash_table_insert(table, strdup(urls[i].text), url);
        }
    }
    for (int i = 0; i < times; i++) {
        const firn_url *found = g_hash_table_lookup(table, urls[order[i % ORDER]].text);
        if (found == NULL)
            url_failed("GHashTable");
        firn_url url = *found;
        sum += url.path.offset;
    }
#else
    (void)times;
#endif
}

static const struct {
    const char *name;
    void (*run)(int times);
    bool is_there;
} ways[] = {{"cache", run_cache, true},
            {"parsing", run_parse, true},
            {"plain map", run_map, true},
#ifdef FIRN_BENCH_GLIB
            {"GHashTable", run_glib, true}};
#else
            {"GHashTable", run_glib, false}};
#endif

#define WAYS (sizeof ways / sizeof ways[0])

static struct row measure(const char *id, const char *what, unsigned count, double target,
                          const struct bench_options *options)
{
    static double ns[WAYS][CONTENDER_RUNS_MAX];
    const int times = options->quick ? QUICK_TIMES : TIMES;
    make_order(count);
    for (size_t i = 0; i < WAYS; i++)
        ways[i].run(ORDER); /* what is looked up is there then */
    for (unsigned run = 0; run < options->runs; run++)
        for (size_t i = 0; i < WAYS; i++) {
            uint64_t begin = cpu_ns();
            if (ways[i].is_there)
                ways[i].run(times);
            ns[i][run] = (double)(cpu_ns() - begin) / times;
        }
    struct row row = {.id = id,
                      .what = what,
                      .value = median(ns[0], options->runs),
                      .unit = "ns",
                      .target = target,
                      .least = ns[0][0],
                      .most = ns[0][options->runs - 1]};
    size_t peers = 0;
    for (size_t i = 1; i < WAYS; i++)
        if (ways[i].is_there)
            row.peers[peers++] = (struct row_peer){ways[i].name, median(ns[i], options->runs)};
    return row;
}

int main(int count, char **words)
{
    static const struct bench_about about = {.text = "Finding a URL that was parsed before."};
    struct bench_options options;
    bench_options_read(&options, count, words, &about);
    make_urls();
    fill_map();
    if (firn_url_cache_create(CACHE_BYTES, NULL, &cache) != FIRN_OK) {
        fprintf(stderr, "out of memory\n");
        return 1;
    }
    struct row rows[2];
    rows[0] = measure("H8", "a URL of 64 in the cache", FEW, 9, &options);
    rows[1] = measure("H8/1000", "a URL of 1,000 in the cache", MANY, ROW_NO_TARGET, &options);
    firn_url_cache_destroy(cache);
    if (sum == 0)
        url_failed("anybody");
    return rows_report(rows, 2, &options);
}
