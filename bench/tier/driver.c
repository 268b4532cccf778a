/* The works of bench/tier, the same on each store:
 *
 *     NAME state STATE COUNT    RAM an item when all lie in that state; then gets of some
 *     NAME share LIMIT COUNT    zipf 0.9 over more than fits: gets answered from RAM
 *     NAME load LIMIT COUNT     puts as fast as they go, then all read back and compared
 *
 * COUNT values of json.c; LIMIT is in bytes. Prints `key value`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/zipf.h"
#include "tier/folder.h"
#include "tier/json.h"
#include "tier/resident.h"
#include "tier/store.h"

enum { GETS = 20000, SHARE_VERIFY_EVERY = 16 };

static char value[JSON_MAX], found[JSON_MAX], key[JSON_KEY_MAX];

static void print(const char *name, double figure)
{
    printf("%s %.9g\n", name, figure);
}

/* A permutation of the numbers below count: neighbours in it are not neighbours in time. */
static uint32_t scatter(uint32_t number, uint32_t count)
{
    return (uint32_t)((uint64_t)number * 2654435761u % count);
}

static bool put(uint32_t number)
{
    size_t size = json_value(number, value), key_size = json_key(number, key);
    return store_put(key, key_size, value, size);
}

static void must_put(uint32_t number)
{
    if (put(number))
        return;
    fprintf(stderr, "value %u was refused\n", number);
    exit(1);
}

enum answer { RIGHT, MISSING, WRONG };

static enum answer get_and_compare(uint32_t number)
{
    ptrdiff_t size = store_get(key, json_key(number, key), found, sizeof found);
    if (size < 0)
        return MISSING;
    size_t wanted = json_value(number, value);
    return (size_t)size == wanted && memcmp(found, value, wanted) == 0 ? RIGHT : WRONG;
}

static void must_be_right(uint32_t number)
{
    if (get_and_compare(number) == RIGHT)
        return;
    fprintf(stderr, "value %u is missing or wrong\n", number);
    exit(1);
}

static int compare(const void *left, const void *right)
{
    const uint32_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static void print_times(const char *what, uint32_t *times, uint32_t count)
{
    static const struct {
        const char *name;
        double part;
    } parts[] = {{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}};
    char name[32];
    qsort(times, count, sizeof *times, compare);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(name, sizeof name, "%s_%s_ns", what, parts[i].name);
        print(name, times[(uint32_t)(parts[i].part * (count - 1))]);
    }
}

/* --- the works --- */

/* Returns the share of values that were there. */
static double time_gets(uint32_t count)
{
    static uint32_t times[GETS];
    uint32_t gets = count < GETS ? count : GETS, trips = 0, there = 0;
    for (uint32_t i = 0; i < gets; i++) {
        uint32_t number = scatter(i, count);
        size_t key_size = json_key(number, key);
        uint64_t begin = wall_ns();
        ptrdiff_t size = store_get(key, key_size, found, sizeof found);
        times[i] = (uint32_t)(wall_ns() - begin);
        size_t wanted = json_value(number, value);
        there += size >= 0;
        if (size >= 0 && ((size_t)size != wanted || memcmp(found, value, wanted) != 0))
            must_be_right(number);
    }
    print_times("get", times, gets);
    for (; trips < gets; trips++) {
        uint64_t begin = wall_ns();
        if (!store_round_trip())
            break;
        times[trips] = (uint32_t)(wall_ns() - begin);
    }
    if (trips > 0)
        print_times("trip", times, trips);
    return (double)there / gets;
}

static void do_state(const char *state, uint32_t count)
{
    store_open(&(struct store_options){.state = state, .folder = folder_make()});
    double before = resident_bytes(store_process());
    for (uint32_t i = 0; i < count; i++)
        must_put(i);
    store_settle();
    double grown = resident_bytes(store_process()) - before, there = time_gets(count);
    print("item_bytes", grown / (there * count));
    print("lost_share", 1 - there);
    store_close();
}

/* Half as many gets as there are values count, after as many that only warm up. */
static void do_share(uint64_t limit, uint32_t count)
{
    struct zipf zipf;
    uint32_t sequence = 11, counted = count / 2, gets = count + counted;
    uint32_t *times = need(malloc(counted * sizeof *times));
    zipf_init(&zipf, count, 0.9);
    memset(times, 1, counted * sizeof *times);
    double own = resident_peak_reset(getpid());
    store_open(&(struct store_options){.limit_bytes = limit, .folder = folder_make()});
    for (uint32_t i = 0; i < count; i++)
        must_put(i);
    store_settle();
    print("load_resident_bytes", resident_peak_bytes(getpid()) - own);
    resident_peak_reset(getpid());
    for (uint32_t i = 0; i < gets; i++) {
        uint32_t number = scatter(zipf_next(&zipf, &sequence), count);
        size_t key_size = json_key(number, key);
        if (i == count)
            store_disk_gets();
        uint64_t begin = wall_ns();
        ptrdiff_t size = store_get(key, key_size, found, sizeof found);
        times[i % counted] = (uint32_t)(wall_ns() - begin);
        if (size < 0 || i % SHARE_VERIFY_EVERY == 0)
            must_be_right(number);
    }
    print("from_ram", 1 - (double)store_disk_gets() / counted);
    print("resident_bytes", resident_peak_bytes(getpid()) - own);
    print_times("get", times, counted);
    store_close();
    zipf_fini(&zipf);
    free(times);
}

static void do_load(uint64_t limit, uint32_t count)
{
    uint32_t refused = 0, missing = 0, wrong = 0;
    store_open(&(struct store_options){.limit_bytes = limit, .folder = folder_make()});
    uint64_t begin = wall_ns();
    for (uint32_t i = 0; i < count; i++)
        refused += !put(i);
    double seconds = (double)(wall_ns() - begin) / 1e9;
    store_settle();
    for (uint32_t i = 0; i < count; i++) {
        enum answer answer = get_and_compare(i);
        missing += answer == MISSING;
        wrong += answer == WRONG;
    }
    print("puts_per_second", count / seconds);
    print("refused", refused);
    print("lost_share", (double)missing / count);
    print("wrong", wrong);
    store_close();
}

int main(int argc, char **words)
{
    if (argc != 4) {
        fprintf(stderr, "usage: NAME state|share|load STATE|LIMIT COUNT\n");
        return 2;
    }
    uint32_t count = (uint32_t)strtoul(words[3], NULL, 10);
    uint64_t limit = strtoull(words[2], NULL, 10);
    if (strcmp(words[1], "state") == 0)
        do_state(words[2], count);
    else if (strcmp(words[1], "share") == 0)
        do_share(limit, count);
    else
        do_load(limit, count);
    return 0;
}
