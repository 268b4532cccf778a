/* What each subject of bench/map is put through. A subject defines, before it includes this file,
 * `struct subject` (the handle, which counts as memory) and
 *
 *     void subject_init(struct subject *), subject_fini(struct subject *);
 *     void subject_put(struct subject *, map_key, map_value);         a new key
 *     bool subject_get(struct subject *, map_key, map_value *ret_value);
 *     bool subject_remove(struct subject *, map_key);
 *     uint64_t subject_sum(struct subject *);        of digests and values, in the order of keys
 *     uint64_t subject_scan(struct subject *, map_key from, unsigned count);    of the same
 *
 * and SUBJECT_STATIC where it can only be built at once, by subject_load(struct subject *, const
 * map_key *sorted, uint64_t count), the value of each key being its place; and SUBJECT_BEGIN for
 * what comes before all.
 *
 *     SUBJECT basic ORDER COUNT [KEYS]     memory, insertion, search, iteration, scan, removal
 *     SUBJECT bytes ORDER COUNT [KEYS]     the first two of these
 *     SUBJECT mixed ORDER COUNT [KEYS]     95/5, 50/50, scans and insertions, zipfian search
 *
 * Memory is what malloc has given out, its own rounding and heads included. */
#ifndef FIRN_BENCH_MAP_DRIVER_H
#define FIRN_BENCH_MAP_DRIVER_H

#include <malloc.h>
#include <math.h>

#include "map/keys.h"

enum { SCAN_KEYS = 100, OPERATIONS = 1000000, SMALL_TOTAL = 400000 };

/* What a subject holds besides malloc's memory. */
#ifndef SUBJECT_OUTSIDE
#define SUBJECT_OUTSIDE(subject) 0.0
#endif

static inline double held_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)info.uordblks + (double)info.hblkhd;
}

static inline void print_figure(const char *key, double value)
{
    printf("%s %.6g\n", key, value);
}

static inline double each(uint64_t begin, uint64_t count)
{
    return (double)(cpu_ns() - begin) / (double)count;
}

static inline void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* The keys in another order. */
static inline map_key *shuffled(const map_key *keys, uint64_t count, uint32_t seed)
{
    map_key *copy = (map_key *)need(malloc(count * sizeof *copy));
    memcpy(copy, keys, count * sizeof *copy);
    for (uint64_t i = count; i-- > 1;) {
        uint64_t other = random_below(&seed, (uint32_t)i + 1);
        map_key key = copy[i];
        copy[i] = copy[other];
        copy[other] = key;
    }
    return copy;
}

#ifdef SUBJECT_STATIC
static int compare_keys(const void *a, const void *b)
{
    const map_key *one = (const map_key *)a, *two = (const map_key *)b;
#ifdef KIND_TEXT
    return strcmp(one->data, two->data);
#else
    return (*one > *two) - (*one < *two);
#endif
}

static inline void fill(struct subject *subject, const map_key *keys, uint64_t count)
{
    map_key *sorted = shuffled(keys, count, 1);
    qsort(sorted, count, sizeof *sorted, compare_keys);
    subject_load(subject, sorted, count);
    free(sorted);
}
#else
static inline void fill(struct subject *subject, const map_key *keys, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        subject_put(subject, keys[i], (map_value)i);
}
#endif

/* Gets each key of an order, so often that there are enough operations. */
static inline double measure_get(struct subject *subjects, uint64_t subject_count,
                                 const map_key *keys, uint64_t count)
{
    uint64_t done = 0, found = 0, begin = cpu_ns();
    map_value value = 0, sum = 0;
    while (done < OPERATIONS) {
        for (uint64_t i = 0; i < count && done < OPERATIONS; i++)
            for (uint64_t at = 0; at < subject_count; at++, done++) {
                found += subject_get(&subjects[at], keys[i], &value);
                sum = (map_value)(sum + value);
            }
    }
    double took = each(begin, done);
    if (found != done || sum == 12345)
        fail("a key is not found");
    return took;
}

static inline double measure_scan(struct subject *subject, const map_key *keys, uint64_t count)
{
    uint64_t scans = OPERATIONS / SCAN_KEYS, sum = 0, begin = cpu_ns();
    for (uint64_t i = 0; i < scans; i++)
        sum += subject_scan(subject, keys[i % count], SCAN_KEYS);
    double took = each(begin, scans);
    if (sum == 12345)
        fail("scans add up to nothing");
    return took;
}

#ifndef SUBJECT_STATIC
/* Removes nine of ten, and measures what the others then take. */
static inline void measure_remove(struct subject *subjects, uint64_t subject_count,
                                  const map_key *keys, uint64_t count, double held_before)
{
    uint64_t gone = count / 10 * 9, removed = 0, begin = cpu_ns();
    if (gone == 0)
        return;
    for (uint64_t i = 0; i < gone; i++)
        for (uint64_t at = 0; at < subject_count; at++)
            removed += subject_remove(&subjects[at], keys[i]);
    print_figure("remove_ns", each(begin, gone * subject_count));
    if (removed != gone * subject_count)
        fail("a key is not there to be removed");
    double held = held_bytes() + SUBJECT_OUTSIDE(&subjects[0]) - held_before;
    print_figure("left_bytes", held / (double)((count - gone) * subject_count));
}
#endif

static inline void run_basic(const map_key *keys, uint64_t count, bool only_bytes)
{
    uint64_t subject_count = count < SMALL_TOTAL ? SMALL_TOTAL / count : 1;
    map_key *other = only_bytes ? NULL : shuffled(keys, count, 7);
    map_key *another = only_bytes ? NULL : shuffled(keys, count, 77);
    struct subject *subjects = (struct subject *)need(malloc(subject_count * sizeof *subjects));
    double before = held_bytes() - (double)(subject_count * sizeof *subjects);
    uint64_t begin = cpu_ns(), sum = 0;
    for (uint64_t at = 0; at < subject_count; at++) {
        subject_init(&subjects[at]);
        fill(&subjects[at], keys, count);
    }
    print_figure("insert_ns", each(begin, count * subject_count));
    double held = held_bytes() + SUBJECT_OUTSIDE(&subjects[0]) - before;
    print_figure("bytes", held / (double)(count * subject_count));
    if (only_bytes)
        return; /* the process ends */
    print_figure("get_ns", measure_get(subjects, subject_count, other, count));
    begin = cpu_ns();
    for (uint64_t at = 0; at < subject_count; at++)
        sum += subject_sum(&subjects[at]);
    print_figure("iterate_ns", each(begin, count * subject_count));
    printf("checksum %llu\n", (unsigned long long)(sum & 0xffffffffffffu));
    if (count >= SCAN_KEYS)
        print_figure("scan_ns", measure_scan(&subjects[0], other, count));
#ifndef SUBJECT_STATIC
    measure_remove(subjects, subject_count, another, count, before);
#endif
    for (uint64_t at = 0; at < subject_count; at++)
        subject_fini(&subjects[at]);
    free(subjects);
    free(other);
    free(another);
}

#ifndef SUBJECT_STATIC
/* Half of the keys are in the map; those that are written are removed and others put. */
static inline double measure_mix(struct subject *subject, map_key *in, map_key *out, uint64_t half,
                                 unsigned gets_percent, bool scans)
{
    uint32_t sequence = 99;
    uint64_t sum = 0, next = 0, begin = cpu_ns(), operations = scans ? 100000 : OPERATIONS;
    for (uint64_t i = 0; i < operations; i++) {
        map_value value = 0;
        if (random_below(&sequence, 100) < gets_percent) {
            map_key key = in[random_below(&sequence, (uint32_t)half)];
            if (scans)
                sum += subject_scan(subject, key, SCAN_KEYS);
            else if (!subject_get(subject, key, &value))
                fail("a key is not found");
            sum += value;
            continue;
        }
        map_key gone = in[next];
        if (!subject_remove(subject, gone))
            fail("a key is not there to be removed");
        subject_put(subject, out[next], (map_value)i);
        in[next] = out[next];
        out[next] = gone;
        next = next + 1 < half ? next + 1 : 0;
    }
    double took = each(begin, operations);
    if (sum == 12345)
        fail("the values add up to nothing");
    return took;
}

/* Places from 0, the first ones often: zipf with an exponent of 0.9, by the inverse of its
 * integral. */
static inline uint64_t zipf(uint32_t *sequence, uint64_t count)
{
    double share = (double)random_next(sequence) / 4294967296.0;
    double x = pow(1 + share * (pow((double)count, 0.1) - 1), 10);
    uint64_t place = (uint64_t)x - 1;
    return place < count ? place : count - 1;
}

static inline void run_mixed(const map_key *keys, uint64_t count)
{
    uint64_t half = count / 2;
    map_key *all = shuffled(keys, half * 2, 7), *in = all, *out = all + half;
    /* not a variable, which C++ would destroy a second time */
    struct subject *subject = (struct subject *)need(malloc(sizeof *subject));
    subject_init(subject);
    fill(subject, in, half);
    print_figure("mixed_95_ns", measure_mix(subject, in, out, half, 95, false));
    print_figure("mixed_50_ns", measure_mix(subject, in, out, half, 50, false));
    print_figure("mixed_scan_ns", measure_mix(subject, in, out, half, 95, true));
    map_key *often = (map_key *)need(malloc(OPERATIONS * sizeof *often));
    uint32_t sequence = 5;
    for (uint64_t i = 0; i < OPERATIONS; i++)
        often[i] = in[zipf(&sequence, half)];
    print_figure("zipf_ns", measure_get(subject, 1, often, OPERATIONS));
    subject_fini(subject);
    free(subject);
    free(often);
    free(all);
}
#endif

int main(int count, char **words)
{
    static char out[4096]; /* which otherwise would be counted */
    setvbuf(stdout, out, _IOFBF, sizeof out);
    enum key_order order = ORDERS;
    uint64_t n = count > 3 ? strtoull(words[3], NULL, 10) : 0;
    for (int i = 0; count > 3 && i < ORDERS; i++)
        if (strcmp(words[2], key_orders[i]) == 0)
            order = (enum key_order)i;
    bool only_bytes = count > 1 && strcmp(words[1], "bytes") == 0;
    bool basic = only_bytes || (count > 1 && strcmp(words[1], "basic") == 0);
    if (order == ORDERS || n == 0 || n > 1u << 30 ||
        (!basic && (strcmp(words[1], "mixed") != 0 || n < 2))) {
        fprintf(stderr,
                "usage: %s basic|bytes|mixed random|sequential|reverse|clustered COUNT [KEYS]\n",
                words[0]);
        return 2;
    }
#ifdef KIND_TEXT
    map_key *keys = count > 4 ? keys_read(words[4], n, &n) : keys_make(order, n);
#else
    map_key *keys = keys_make(order, n);
#endif
#ifdef SUBJECT_BEGIN
    SUBJECT_BEGIN;
#endif
    if (basic)
        run_basic(keys, n, only_bytes);
#ifdef SUBJECT_STATIC
    else
        return 77; /* it cannot */
#else
    else
        run_mixed(keys, n);
#endif
    return 0;
}

#endif
