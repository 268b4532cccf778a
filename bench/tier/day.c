/* A day with firn_cache, as fast as it goes: 10^7 operations on 1 GB of values with a budget of
 * 100 MB. The cache's clock runs so that they take 24 hours, and a thread ticks it besides its own,
 * which counts by the seconds that really pass.
 *
 *     tier_day FILE OPERATIONS
 *
 * FILE is packed by scripts/values. First all its values are put, before the day. Someone then
 * works with 32 neighbours of them, some wanted more than others, for 2,000 operations in the mean,
 * which are 17 s, and goes to others; which are wanted the most changes over the day. One in 100
 * operations asks for anything anywhere, and four times a day the 2,000 next values are read in a
 * row. 95.5 % of the operations are gets, 4 % edit a value, 0.5 % remove one or bring it back. Sums
 * of all values are kept aside: one in four gets is compared, and in the end all values are. Prints
 * `key value`. */
#include <firn/cache.h>
#include <firn/checksum.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "support/zipf.h"
#include "tier/folder.h"
#include "tier/resident.h"

enum {
    VALUE_MAX = 1 << 20,
    VALUES_MAX = 1 << 18,
    LIMIT_BYTES = 100000000,
    NEIGHBOURS = 32,
    STAY = 2000,
    SCANS = 4,
    SCAN_VALUES = 2000,
    COMPARE_EVERY = 4,
    TIME_STEPS = 16, /* of a histogram, for each doubling */
    TIMES = 40 * TIME_STEPS,
};

static const uint64_t day_ns = (uint64_t)86400 * 1000000000;

struct item {
    uint64_t offset; /* in the file */
    uint32_t size, sum;
    bool is_removed;
};

struct histogram {
    uint64_t counts[TIMES], count;
};

static struct {
    int file;
    struct item *items;
    uint32_t item_count;
    firn_cache *cache;
    uint64_t operation, operation_count;
    _Atomic uint64_t clock_ns;
    atomic_bool is_over;
    uint32_t sequence;
    struct zipf places, neighbours, all;
    uint32_t place, scan_left, scan_at;
    struct histogram gets, puts;
    uint64_t wrong, edit_count;
} day;

static char value[VALUE_MAX];

static void fail(const char *what, firn_status status, const firn_error *error)
{
    fprintf(stderr, "day: %s: %s: %s\n", what, firn_status_name(status), error->text);
    exit(1);
}

static void print(const char *name, double figure)
{
    printf("%s %.9g\n", name, figure);
}

/* --- times --- */

static void note_time(struct histogram *histogram, uint64_t begin)
{
    uint64_t took = wall_ns() - begin;
    unsigned doublings = 63 - (unsigned)__builtin_clzll(took | 1);
    unsigned step = doublings >= 4 ? (unsigned)(took >> (doublings - 4)) - TIME_STEPS : 0;
    unsigned at = doublings * TIME_STEPS + step;
    histogram->counts[at < TIMES ? at : TIMES - 1]++;
    histogram->count++;
}

static double time_below(const struct histogram *histogram, double part)
{
    uint64_t seen = 0;
    unsigned at = 0;
    const uint64_t wanted = (uint64_t)(part * (double)histogram->count);
    while (at < TIMES - 1 && (seen += histogram->counts[at]) < wanted)
        at++;
    return ldexp(1 + (at % TIME_STEPS + 0.5) / TIME_STEPS, (int)(at / TIME_STEPS));
}

static void print_times(const char *name, const struct histogram *histogram)
{
    char key[32];
    static const struct {
        const char *name;
        double part;
    } parts[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"p9999", 0.9999}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(key, sizeof key, "%s_%s_ns", name, parts[i].name);
        print(key, time_below(histogram, parts[i].part));
    }
}

/* --- values --- */

static void read_items(const char *path)
{
    uint64_t offset = 0;
    uint8_t head[4];
    day.items = need(calloc(VALUES_MAX, sizeof *day.items));
    day.file = open(path, O_RDONLY | O_CLOEXEC);
    while (day.item_count < VALUES_MAX && pread(day.file, head, 4, (off_t)offset) == 4) {
        uint32_t size =
            head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
        if (size > VALUE_MAX)
            break;
        day.items[day.item_count++] = (struct item){.offset = offset + 4, .size = size};
        offset += 4 + size;
    }
    if (day.item_count < NEIGHBOURS) {
        fprintf(stderr, "%s: no values; see scripts/values\n", path);
        exit(1);
    }
}

static firn_bytes key_of(uint32_t item)
{
    static char key[24];
    return (firn_bytes){key, (size_t)snprintf(key, sizeof key, "value/%u", item)};
}

static void put(uint32_t number)
{
    firn_error error;
    struct item *item = &day.items[number];
    firn_bytes key = key_of(number);
    item->sum = firn_crc32c(0, value, item->size);
    uint64_t begin = wall_ns();
    firn_status status = firn_cache_put(day.cache, key, (firn_bytes){value, item->size}, &error);
    note_time(&day.puts, begin);
    if (status != FIRN_OK)
        fail("a put was refused", status, &error);
    item->is_removed = false;
}

static void put_from_file(uint32_t number)
{
    const struct item *item = &day.items[number];
    if (pread(day.file, value, item->size, (off_t)item->offset) != (ssize_t)item->size) {
        fprintf(stderr, "day: cannot read the values\n");
        exit(1);
    }
    put(number);
}

static void get(uint32_t number, bool is_compared)
{
    size_t size = 0;
    firn_error error;
    const struct item *item = &day.items[number];
    firn_bytes key = key_of(number);
    uint64_t begin = wall_ns();
    firn_status status = firn_cache_get(day.cache, key, value, sizeof value, &size, &error);
    note_time(&day.gets, begin);
    if (status != FIRN_OK && status != FIRN_NOT_FOUND)
        fail("a get failed", status, &error);
    if ((status == FIRN_NOT_FOUND) != item->is_removed)
        day.wrong++;
    else if (is_compared && !item->is_removed)
        day.wrong += size != item->size || firn_crc32c(0, value, size) != item->sum;
}

/* Writes a number into the value, where the last edits did not. */
static void edit(uint32_t number)
{
    char text[16];
    const struct item *item = &day.items[number];
    if (item->is_removed) {
        put_from_file(number);
        return;
    }
    get(number, true);
    size_t size = (size_t)snprintf(text, sizeof text, "%u", (unsigned)day.edit_count++);
    if (item->size > size)
        memcpy(value + random_below(&day.sequence, item->size - (uint32_t)size), text, size);
    put(number);
}

static void remove_or_bring_back(uint32_t number)
{
    firn_error error;
    if (day.items[number].is_removed) {
        put_from_file(number);
        return;
    }
    firn_status status = firn_cache_remove(day.cache, key_of(number), &error);
    if (status != FIRN_OK)
        fail("a remove failed", status, &error);
    day.items[number].is_removed = true;
}

/* --- the day --- */

static uint64_t read_clock(void *context)
{
    (void)context;
    return atomic_load_explicit(&day.clock_ns, memory_order_relaxed);
}

static void *tick(void *context)
{
    const struct timespec pause = {.tv_nsec = 500000};
    uint64_t last = 0;
    for (; !atomic_load(&day.is_over); nanosleep(&pause, NULL)) {
        firn_error error;
        if (read_clock(NULL) - last < 1000000000)
            continue;
        last = read_clock(NULL);
        firn_status status = firn_cache_tick(day.cache, &error);
        if (status != FIRN_OK)
            fail("a tick failed", status, &error);
    }
    return context;
}

static uint32_t next_item(void)
{
    uint32_t place_count = day.item_count / NEIGHBOURS;
    uint64_t hour = day.operation * 24 / day.operation_count;
    if (day.operation % (day.operation_count / SCANS) == day.operation_count / SCANS / 2)
        day.scan_left = SCAN_VALUES;
    if (day.scan_left > 0) {
        day.scan_left--;
        return day.scan_at++ % day.item_count;
    }
    if (random_below(&day.sequence, 100) == 0)
        return (uint32_t)((uint64_t)zipf_next(&day.all, &day.sequence) * 2654435761u %
                          day.item_count);
    if (random_below(&day.sequence, STAY) == 0) {
        uint64_t rank = zipf_next(&day.places, &day.sequence) + hour * 5;
        day.place = (uint32_t)(rank * 2654435761u % place_count);
    }
    return day.place * NEIGHBOURS + zipf_next(&day.neighbours, &day.sequence);
}

static void operate(void)
{
    uint32_t item = next_item(), kind = random_below(&day.sequence, 200);
    atomic_store_explicit(&day.clock_ns, day_ns / day.operation_count * (day.operation + 1),
                          memory_order_relaxed);
    if (kind < 191 || day.scan_left > 0)
        get(item, day.operation % COMPARE_EVERY == 0);
    else if (kind < 199)
        edit(item);
    else
        remove_or_bring_back(item);
}

static double seconds_since(uint64_t begin)
{
    return (double)(wall_ns() - begin) / 1e9;
}

static void print_stats(void)
{
    firn_cache_stats stats;
    uint64_t hits = 0;
    firn_cache_stats_get(day.cache, &stats);
    for (int tier = 0; tier < FIRN_TIER_COUNT; tier++)
        hits += stats.tier[tier].hit_count;
    print("from_hot", (double)stats.tier[FIRN_TIER_HOT].hit_count / (double)hits);
    print("from_ram", 1 - (double)stats.tier[FIRN_TIER_FROZEN].hit_count / (double)hits);
    print("waits", (double)stats.wait_count);
}

static void live_through(void)
{
    pthread_t ticker;
    uint64_t begin = wall_ns();
    for (uint32_t i = 0; i < day.item_count; i++)
        put_from_file(i);
    print("load_seconds", seconds_since(begin));
    memset(&day.puts, 0, sizeof day.puts);
    if (pthread_create(&ticker, NULL, tick, NULL) != 0)
        exit(1);
    begin = wall_ns();
    for (; day.operation < day.operation_count; day.operation++)
        operate();
    print("seconds", seconds_since(begin));
    atomic_store(&day.is_over, true);
    pthread_join(ticker, NULL);
    print_times("get", &day.gets);
    print_times("put", &day.puts);
    print_stats();
    for (uint32_t i = 0; i < day.item_count; i++)
        get(i, true);
}

int main(int argc, char **words)
{
    firn_error error;
    if (argc != 3 || (day.operation_count = strtoull(words[2], NULL, 10)) < SCANS) {
        fprintf(stderr, "usage: tier_day FILE OPERATIONS\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    day.sequence = 5;
    read_items(words[1]);
    zipf_init(&day.places, day.item_count / NEIGHBOURS, 0.9);
    zipf_init(&day.neighbours, NEIGHBOURS, 0.8);
    zipf_init(&day.all, day.item_count, 0.9);
    memset(value, 1, sizeof value);
    double own = resident_peak_reset(getpid());
    firn_status status = firn_cache_open(&(firn_cache_options){.limit_bytes = LIMIT_BYTES,
                                                               .store = folder_make(),
                                                               .ignore_pressure = true,
                                                               .clock_ns = read_clock},
                                         &day.cache, &error);
    if (status != FIRN_OK)
        fail("no cache", status, &error);
    live_through();
    print("resident_bytes", resident_peak_bytes(getpid()) - own);
    print("lost", (double)day.wrong);
    firn_cache_close(day.cache);
    return 0;
}
