/* The work of bench/store, the same on each database:
 *
 *     NAME VALUES COUNT PIECE_BYTES
 *
 * COUNT pieces of real values (store/values.h) are put in the order of their keys, 10,000 a commit;
 * then some keys anywhere get other values, 100 a commit and one a commit, and a quarter of all
 * another time, 10,000 a commit, which leaves garbage to compact. The database is closed, its files
 * are dropped from the page cache, and it is opened again and read here and there; then all is read
 * and compared, and again here and there. Prints `key value`. */
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/db.h"
#include "store/values.h"
#include "support/measure.h"
#include "tier/folder.h"

enum {
    GROUP = 10000,
    HUNDREDS = 100, /* commits of 100 */
    ONES = 500,     /* commits of one */
    COLD_GETS = 500,
    WARM_GETS = 10000,
    REPLACED_STEP = 7919, /* a key's next value is that of the key so much further */
};

static struct values values;
static uint8_t *rounds; /* how often each key was replaced */
static uint32_t sequence = 17;
static uint8_t value[VALUES_PIECE_MAX], found[VALUES_PIECE_MAX];
static uint64_t folder_bytes;

static void print(const char *name, double figure)
{
    printf("%s %.9g\n", name, figure);
}

/* --- times --- */

static int compare(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static void print_times(const char *what, uint64_t *times, uint32_t count)
{
    char name[32];
    qsort(times, count, sizeof *times, compare);
    snprintf(name, sizeof name, "%s_p50_ns", what);
    print(name, (double)times[count / 2]);
    snprintf(name, sizeof name, "%s_p99_ns", what);
    print(name, (double)times[(count - 1) * 99 / 100]);
}

static double seconds_since(uint64_t begin)
{
    return (double)(wall_ns() - begin) / 1e9;
}

/* --- files --- */

static int add_bytes(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)path;
    (void)place;
    if (kind == FTW_F)
        folder_bytes += (uint64_t)info->st_blocks * 512;
    return 0;
}

static void print_disk(const char *name)
{
    folder_bytes = 0;
    nftw(folder_path, add_bytes, 16, FTW_PHYS);
    print(name, (double)folder_bytes);
}

static int drop_file(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)place;
    int file = kind == FTW_F ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        fdatasync(file);
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
        close(file);
    }
    return 0;
}

/* --- works --- */

static size_t value_of(uint32_t key)
{
    uint64_t at = key + (uint64_t)rounds[key] * REPLACED_STEP;
    return values_read(&values, (uint32_t)(at % values.count), value);
}

/* Times are of the puts and the commit, without what it takes to find values for them. */
static uint64_t put_group(const uint32_t *keys, uint32_t count)
{
    uint64_t took = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t size = value_of(keys[i]);
        uint64_t begin = wall_ns();
        db_put(keys[i], value, size);
        took += wall_ns() - begin;
    }
    uint64_t begin = wall_ns();
    db_commit();
    return took + wall_ns() - begin;
}

static void load(void)
{
    static uint32_t keys[GROUP];
    uint32_t group_count = 0;
    uint64_t all = 0, *times = need(calloc(values.count / GROUP + 1, sizeof *times));
    for (uint32_t first = 0; first < values.count; first += GROUP) {
        uint32_t count = values.count - first < GROUP ? values.count - first : GROUP;
        for (uint32_t i = 0; i < count; i++)
            keys[i] = first + i;
        uint64_t took = put_group(keys, count);
        all += took;
        if (count == GROUP)
            times[group_count++] = took;
    }
    print("load_seconds", (double)all / 1e9);
    if (group_count > 0)
        print_times("group_10000", times, group_count);
    free(times);
}

static void replace(const char *name, uint32_t commits, uint32_t in_each)
{
    static uint32_t keys[GROUP];
    uint64_t *times = need(calloc(commits, sizeof *times));
    for (uint32_t commit = 0; commit < commits; commit++) {
        for (uint32_t i = 0; i < in_each; i++) {
            keys[i] = random_below(&sequence, values.count);
            rounds[keys[i]]++;
        }
        times[commit] = put_group(keys, in_each);
    }
    if (name != NULL)
        print_times(name, times, commits);
    free(times);
}

static void get(uint32_t key)
{
    size_t size = value_of(key), found_size = db_get(key, found, sizeof found);
    if (found_size == size && memcmp(found, value, size) == 0)
        return;
    fprintf(stderr, "value %u is wrong\n", key);
    exit(1);
}

static void get_some(const char *name, uint32_t count)
{
    uint64_t *times = need(calloc(count, sizeof *times));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t key = random_below(&sequence, values.count);
        uint64_t begin = wall_ns();
        (void)db_get(key, found, sizeof found);
        times[i] = wall_ns() - begin;
    }
    print_times(name, times, count);
    free(times);
}

static void time_opening(const char *name, const char *folder)
{
    uint32_t key = random_below(&sequence, values.count);
    uint64_t begin = wall_ns();
    db_open(folder);
    (void)db_get(key, found, sizeof found);
    uint64_t took = wall_ns() - begin;
    print_times(name, &took, 1);
}

int main(int argc, char **words)
{
    if (argc != 4) {
        fprintf(stderr, "usage: NAME VALUES COUNT PIECE_BYTES\n");
        return 2;
    }
    uint32_t piece_bytes = (uint32_t)strtoul(words[3], NULL, 10);
    if (piece_bytes > VALUES_PIECE_MAX)
        piece_bytes = VALUES_PIECE_MAX;
    values_open(&values, words[1], (uint32_t)strtoul(words[2], NULL, 10), piece_bytes);
    rounds = need(calloc(values.count, 1));
    const char *folder = folder_make();
    double plain_bytes = 0;
    for (uint32_t i = 0; i < values.count; i++)
        plain_bytes += values.pieces[i].size;
    print("count", values.count);
    print("plain_bytes", plain_bytes);
    db_open(folder);
    load();
    print_disk("loaded_bytes");
    replace("group_100", HUNDREDS, 100);
    replace("group_1", ONES, 1);
    const uint32_t eighth = values.count / 8, in_each = eighth < GROUP ? eighth : GROUP;
    replace(NULL, values.count / 4 / in_each, in_each);
    print_disk("replaced_bytes");
    uint64_t begin = wall_ns();
    db_compact();
    print("compact_seconds", seconds_since(begin));
    print_disk("compacted_bytes");
    db_close();
    nftw(folder, drop_file, 16, FTW_PHYS);
    time_opening("open_cold", folder);
    get_some("cold", COLD_GETS);
    for (uint32_t i = 0; i < values.count; i++)
        get(i);
    get_some("warm", WARM_GETS);
    db_close();
    time_opening("open", folder);
    db_close();
    values_close(&values);
    free(rounds);
    return 0;
}
