/* Waiting for a pooled connection: the row H7, 64 threads on 8 connections, against pools that one
 * writes first: one that looks every millisecond, and one with a condition variable that wakes all.
 *
 *     http_pool [--json] [--quick] [--runs N] [--svg FILE]
 *
 * Each thread takes a connection, has it for a millisecond, as a request to a server would, gives
 * it back, and has something else to do for up to a millisecond; each does so as often as the
 * others, so that those who wait long count as much as those who do not. What is told is the 99th
 * percentile of the time that a thread waits; in the mean it is 6.5 ms whatever the pool does, as
 * some 52 threads wait for 8 connections of 1 ms each. The pools take turns. A thread that is not
 * served within ten seconds was forgotten, a wake-up lost: that ends the bench. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <firn/http_pool.h>
#include <firn/system.h>

#include "support/contender.h"
#include "support/measure.h"
#include "support/plot.h"

enum {
    THREADS = 64,
    CONNECTIONS = 8,
    HOLD_NS = 1000000,
    POLL_NS = 1000000,
    SECOND_NS = 1000000000
};
enum { REQUESTS = 500, QUICK_REQUESTS = 100, SAMPLES = THREADS * REQUESTS };

/* --- the pools --- */

static char connections[CONNECTIONS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char *idle[CONNECTIONS];
static unsigned idle_count;
static firn_http_pool *pool;

struct lease {
    void *connection;
    firn_http_slot *slot;
};

static void pool_failed(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static void keep_open(void *context, void *connection)
{
    (void)context;
    (void)connection;
}

static void get_handed(struct lease *lease)
{
    const uint64_t until = firn_clock_ns() + 10 * (uint64_t)SECOND_NS;
    if (firn_http_pool_get(pool, "a", 1, until, &lease->slot, &lease->connection) != FIRN_OK)
        pool_failed("a thread was not served for ten seconds");
    if (lease->connection == NULL)
        lease->connection = connections;
}

static void put_handed(struct lease *lease)
{
    firn_http_pool_put(pool, lease->slot, lease->connection);
}

static void wait_ns(long ns)
{
    const struct timespec time = {.tv_nsec = ns};
    nanosleep(&time, NULL);
}

static void get_polled(struct lease *lease)
{
    lease->connection = NULL;
    for (;;) {
        pthread_mutex_lock(&mutex);
        if (idle_count > 0)
            lease->connection = idle[--idle_count];
        pthread_mutex_unlock(&mutex);
        if (lease->connection != NULL)
            return;
        wait_ns(POLL_NS);
    }
}

static void put_polled(struct lease *lease)
{
    pthread_mutex_lock(&mutex);
    idle[idle_count++] = lease->connection;
    pthread_mutex_unlock(&mutex);
}

static void get_woken(struct lease *lease)
{
    pthread_mutex_lock(&mutex);
    while (idle_count == 0)
        pthread_cond_wait(&changed, &mutex);
    lease->connection = idle[--idle_count];
    pthread_mutex_unlock(&mutex);
}

static void put_woken_all(struct lease *lease)
{
    pthread_mutex_lock(&mutex);
    idle[idle_count++] = lease->connection;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static void put_woken_one(struct lease *lease)
{
    pthread_mutex_lock(&mutex);
    idle[idle_count++] = lease->connection;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
}

static const struct {
    const char *name;
    void (*get)(struct lease *lease);
    void (*put)(struct lease *lease);
} ways[] = {{"firn", get_handed, put_handed},
            {"polling", get_polled, put_polled},
            {"broadcast", get_woken, put_woken_all},
            {"signal", get_woken, put_woken_one}};

#define WAYS (sizeof ways / sizeof ways[0])

/* --- the threads --- */

static unsigned way, request_count; /* of each thread */
static double samples[SAMPLES];     /* ms */
static atomic_uint sample_count, thread_count;

static void *work(void *context)
{
    uint32_t sequence = atomic_fetch_add(&thread_count, 1) * 7919 + 1;
    (void)context;
    for (unsigned i = 0; i < request_count; i++) {
        struct lease lease = {0};
        uint64_t begin = wall_ns();
        ways[way].get(&lease);
        samples[atomic_fetch_add(&sample_count, 1)] = (double)(wall_ns() - begin) / 1e6;
        wait_ns(HOLD_NS);
        ways[way].put(&lease);
        wait_ns((long)random_below(&sequence, HOLD_NS));
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

struct measured {
    double p99_ms, most_ms, cpu_us; /* the last for each request */
};

static struct measured run(unsigned which, unsigned requests)
{
    pthread_t threads[THREADS];
    way = which;
    request_count = requests;
    idle_count = CONNECTIONS;
    for (unsigned i = 0; i < CONNECTIONS; i++)
        idle[i] = &connections[i];
    atomic_store(&sample_count, 0);
    uint64_t begin = cpu_ns();
    for (unsigned i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            pool_failed("no thread can be started");
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const size_t count = atomic_load(&sample_count);
    const double cpu_us = (double)(cpu_ns() - begin) / 1e3 / (double)count;
    qsort(samples, count, sizeof *samples, compare);
    return (struct measured){samples[count * 99 / 100], samples[count - 1], cpu_us};
}

/* --- the rows --- */

static struct row row_of(const char *id, const char *what, const char *unit, double target,
                         double values[WAYS][CONTENDER_RUNS_MAX], unsigned runs)
{
    struct row row = {.id = id,
                      .what = what,
                      .value = median(values[0], runs),
                      .unit = unit,
                      .target = target,
                      .least = values[0][0],
                      .most = values[0][runs - 1]};
    for (size_t i = 1; i < WAYS; i++)
        row.peers[i - 1] = (struct row_peer){ways[i].name, median(values[i], runs)};
    return row;
}

int main(int count, char **words)
{
    static const struct bench_about about = {.text = "Waiting for a pooled connection."};
    static double p99[WAYS][CONTENDER_RUNS_MAX], most[WAYS][CONTENDER_RUNS_MAX],
        cpu[WAYS][CONTENDER_RUNS_MAX];
    struct bench_options options;
    bench_options_read(&options, count, words, &about);
    const firn_http_pool_options pool_options = {.origin_limit = CONNECTIONS, .close = keep_open};
    if (firn_http_pool_create(&pool_options, &pool) != FIRN_OK)
        pool_failed("out of memory");
    for (unsigned at = 0; at < options.runs; at++)
        for (unsigned i = 0; i < WAYS; i++) {
            struct measured measured = run(i, options.quick ? QUICK_REQUESTS : REQUESTS);
            p99[i][at] = measured.p99_ms;
            most[i][at] = measured.most_ms;
            cpu[i][at] = measured.cpu_us;
        }
    struct row rows[3];
    rows[0] =
        row_of("H7", "waiting, 64 threads on 8 connections, p99", "ms", 12, p99, options.runs);
    rows[1] = row_of("H7/most", "the longest of all", "ms", ROW_NO_TARGET, most, options.runs);
    rows[2] = row_of("H7/cpu", "of the processor for each request", "us", ROW_NO_TARGET, cpu,
                     options.runs);
    firn_http_pool_destroy(pool);
    return rows_report(rows, 3, &options);
}
