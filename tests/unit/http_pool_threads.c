/* The pool's calls: what is kept and for how long, limits, deadlines, and that waiters are served
 * in their order. */
#include "support/pool_storm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define SECOND ((uint64_t)1000000000)

static atomic_uint closed_count;
static uintptr_t dead; /* this one is not alive */

static void close_one(void *context, void *connection)
{
    (void)context;
    assert_non_null(connection);
    atomic_fetch_add(&closed_count, 1);
}

static bool is_alive(void *context, void *connection)
{
    (void)context;
    return (uintptr_t)connection != dead;
}

static firn_http_pool *pool_new(uint32_t origin_limit, uint32_t limit, uint32_t idle_ms)
{
    firn_http_pool *pool;
    const firn_http_pool_options options = {.origin_limit = origin_limit,
                                            .limit = limit,
                                            .idle_ms = idle_ms,
                                            .close = close_one,
                                            .is_alive = is_alive};
    assert_int_equal(firn_http_pool_create(&options, &pool), FIRN_OK);
    atomic_store(&closed_count, 0);
    dead = 0;
    return pool;
}

static firn_status try(firn_http_pool *pool, const char *key, firn_http_slot **slot,
                       uintptr_t *connection)
{
    void *got;
    firn_status status = firn_http_pool_get(pool, key, strlen(key), 0, slot, &got);
    if (status == FIRN_OK)
        *connection = (uintptr_t)got;
    return status;
}

static firn_http_pool_stats stats_of(firn_http_pool *pool)
{
    firn_http_pool_stats stats;
    firn_http_pool_stats_get(pool, &stats);
    assert_int_equal(firn_http_pool_verify(pool), FIRN_OK);
    return stats;
}

static void bad_options_and_keys_are_invalid(void **state)
{
    (void)state;
    firn_http_pool *pool = NULL;
    firn_http_pool_options options = {0};
    assert_int_equal(firn_http_pool_create(&options, &pool), FIRN_INVALID);
    options = (firn_http_pool_options){.close = close_one, .limit = 65537};
    assert_int_equal(firn_http_pool_create(&options, &pool), FIRN_INVALID);
    options = (firn_http_pool_options){.close = close_one, .reserved = {0, 0, 0, 1}};
    assert_int_equal(firn_http_pool_create(&options, &pool), FIRN_INVALID);
    assert_null(pool);
    firn_http_pool_destroy(NULL);
    pool = pool_new(0, 0, 0);
    firn_http_slot *slot;
    void *connection;
    char key[FIRN_HTTP_POOL_KEY_BYTES + 1] = {0};
    assert_int_equal(firn_http_pool_get(pool, key, 0, 0, &slot, &connection), FIRN_INVALID);
    assert_int_equal(firn_http_pool_get(pool, key, sizeof key, 0, &slot, &connection),
                     FIRN_INVALID);
    assert_int_equal(firn_http_pool_get(pool, key, sizeof key - 1, 0, &slot, &connection), FIRN_OK);
    firn_http_pool_put(pool, slot, NULL);
    firn_http_pool_destroy(pool);
}

static void what_was_used_last_is_used_next(void **state)
{
    (void)state;
    firn_http_pool *pool = pool_new(3, 0, 0);
    firn_http_slot *slots[4];
    uintptr_t connection;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(try(pool, "a", &slots[i], &connection), FIRN_OK);
        assert_int_equal(connection, 0);
    }
    assert_int_equal(try(pool, "a", &slots[3], &connection), FIRN_TIMEOUT);
    for (uintptr_t i = 0; i < 3; i++)
        firn_http_pool_put(pool, slots[i], (void *)(i + 1));
    for (uintptr_t i = 3; i > 0; i--) {
        assert_int_equal(try(pool, "a", &slots[i], &connection), FIRN_OK);
        assert_int_equal(connection, i);
    }
    assert_int_equal(stats_of(pool).kept_count, 3);
    for (unsigned i = 1; i <= 3; i++)
        firn_http_pool_put(pool, slots[i], NULL);
    assert_int_equal(stats_of(pool).slots, 0);
    assert_int_equal(stats_of(pool).origins, 0);
    assert_int_equal(closed_count, 0);
    firn_http_pool_destroy(pool);
}

static void idle_connections_end_in_time_and_at_the_end(void **state)
{
    (void)state;
    firn_http_pool *pool = pool_new(0, 40, 20);
    firn_http_slot *slots[30];
    uintptr_t connection;
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(
            try(pool, (const char *[]){"a", "b", "c", "d"}[i % 4], &slots[i], &connection),
            FIRN_OK);
    for (unsigned i = 0; i < 29; i++)
        firn_http_pool_put(pool, slots[i], &slots[i]);
    firn_http_pool_expire(pool);
    assert_int_equal(closed_count, 0);
    usleep(25000);
    firn_http_pool_put(pool, slots[29], &slots[29]);
    firn_http_pool_expire(pool);
    assert_int_equal(closed_count, 29);
    assert_int_equal(stats_of(pool).expired_count, 29);
    assert_int_equal(stats_of(pool).idle, 1);
    assert_int_equal(try(pool, "b", &slots[0], &connection), FIRN_OK);
    assert_int_equal(connection, (uintptr_t)&slots[29]);
    firn_http_pool_put(pool, slots[0], &slots[29]);
    firn_http_pool_destroy(pool);
    assert_int_equal(closed_count, 30);
}

static void the_dead_are_passed_over(void **state)
{
    (void)state;
    firn_http_pool *pool = pool_new(0, 0, 0);
    firn_http_slot *a, *b;
    uintptr_t connection;
    assert_int_equal(try(pool, "a", &a, &connection), FIRN_OK);
    assert_int_equal(try(pool, "a", &b, &connection), FIRN_OK);
    firn_http_pool_put(pool, a, (void *)1);
    firn_http_pool_put(pool, b, (void *)2);
    dead = 2;
    assert_int_equal(try(pool, "a", &a, &connection), FIRN_OK);
    assert_int_equal(connection, 1);
    assert_int_equal(stats_of(pool).dead_count, 1);
    assert_int_equal(stats_of(pool).slots, 1);
    dead = 1;
    firn_http_pool_put(pool, a, (void *)1);
    assert_int_equal(try(pool, "a", &a, &connection), FIRN_OK);
    assert_int_equal(connection, 0);
    assert_int_equal(stats_of(pool).dead_count, 2);
    assert_int_equal(stats_of(pool).kept_count, 1);
    assert_int_equal(closed_count, 2);
    firn_http_pool_put(pool, a, NULL);
    firn_http_pool_destroy(pool);
}

static void an_origin_in_need_takes_the_place_of_what_is_idle(void **state)
{
    (void)state;
    firn_http_pool *pool = pool_new(2, 3, 0);
    firn_http_slot *a, *b, *c, *d;
    uintptr_t connection;
    assert_int_equal(try(pool, "a", &a, &connection), FIRN_OK);
    assert_int_equal(try(pool, "b", &b, &connection), FIRN_OK);
    assert_int_equal(try(pool, "c", &c, &connection), FIRN_OK);
    assert_int_equal(try(pool, "d", &d, &connection), FIRN_TIMEOUT);
    assert_int_equal(stats_of(pool).origins, 3);
    firn_http_pool_put(pool, b, (void *)2);
    firn_http_pool_put(pool, a, (void *)1);
    assert_int_equal(try(pool, "d", &d, &connection), FIRN_OK);
    assert_int_equal(connection, 0);
    assert_int_equal(closed_count, 1);
    assert_int_equal(stats_of(pool).evicted_count, 1);
    assert_int_equal(try(pool, "a", &a, &connection), FIRN_OK); /* the later one is still there */
    assert_int_equal(connection, 1);
    firn_http_pool_put(pool, a, (void *)1);
    firn_http_pool_put(pool, c, NULL);
    firn_http_pool_put(pool, d, NULL);
    firn_http_pool_destroy(pool);
    assert_int_equal(closed_count, 2);
}

/* --- waiters --- */

struct waiting {
    pthread_t thread;
    firn_http_pool *pool;
    const char *key;
    uint64_t deadline_ns;
    firn_status status;
    firn_http_slot *slot;
    void *connection;
    unsigned place; /* in which it was served */
};

static atomic_uint served_count;

static void *wait_for_one(void *context)
{
    struct waiting *waiting = context;
    waiting->status =
        firn_http_pool_get(waiting->pool, waiting->key, strlen(waiting->key), waiting->deadline_ns,
                           &waiting->slot, &waiting->connection);
    waiting->place = atomic_fetch_add(&served_count, 1);
    return NULL;
}

/* Starts one and sees it in line. */
static void begin_waiting(struct waiting *waiting, firn_http_pool *pool, const char *key,
                          uint64_t deadline_ns)
{
    const uint32_t before = stats_of(pool).waiting;
    *waiting = (struct waiting){.pool = pool, .key = key, .deadline_ns = deadline_ns};
    assert_int_equal(pthread_create(&waiting->thread, NULL, wait_for_one, waiting), 0);
    while (stats_of(pool).waiting == before)
        usleep(100);
}

static void waiters_are_served_in_their_order(void **state)
{
    (void)state;
    enum { COUNT = 12 };
    static struct waiting waiting[COUNT];
    firn_http_pool *pool = pool_new(1, 0, 0);
    firn_http_slot *slot, *other;
    uintptr_t connection;
    atomic_store(&served_count, 0);
    assert_int_equal(try(pool, "a", &slot, &connection), FIRN_OK);
    for (unsigned i = 0; i < COUNT; i++)
        begin_waiting(&waiting[i], pool, "a", UINT64_MAX);
    assert_int_equal(try(pool, "a", &other, &connection), FIRN_TIMEOUT); /* nobody overtakes */
    for (unsigned i = 0; i < COUNT; i++) {
        firn_http_pool_put(pool, slot, i % 3 == 0 ? NULL : (void *)(uintptr_t)(i + 1));
        pthread_join(waiting[i].thread, NULL);
        assert_int_equal(waiting[i].status, FIRN_OK);
        assert_int_equal(waiting[i].place, i);
        assert_int_equal((uintptr_t)waiting[i].connection, i % 3 == 0 ? 0 : i + 1);
        slot = waiting[i].slot;
    }
    firn_http_pool_put(pool, slot, NULL);
    assert_int_equal(stats_of(pool).waited_count, COUNT);
    firn_http_pool_destroy(pool);
}

static void a_waiter_gives_up_at_its_deadline_and_not_before(void **state)
{
    (void)state;
    static struct waiting waiting[3];
    firn_http_pool *pool = pool_new(1, 0, 0);
    firn_http_slot *slot;
    uintptr_t connection;
    assert_int_equal(try(pool, "a", &slot, &connection), FIRN_OK);
    const uint64_t until = firn_clock_ns() + SECOND / 20;
    begin_waiting(&waiting[0], pool, "a", firn_clock_ns() + 100 * SECOND);
    begin_waiting(&waiting[1], pool, "a", until);
    begin_waiting(&waiting[2], pool, "a", UINT64_MAX);
    pthread_join(waiting[1].thread, NULL);
    assert_true(firn_clock_ns() >= until);
    assert_int_equal(waiting[1].status, FIRN_TIMEOUT);
    assert_int_equal(stats_of(pool).waiting, 2);
    firn_http_pool_put(pool, slot, NULL);
    pthread_join(waiting[0].thread, NULL);
    firn_http_pool_put(pool, waiting[0].slot, NULL);
    pthread_join(waiting[2].thread, NULL);
    assert_int_equal(waiting[2].status, FIRN_OK);
    firn_http_pool_put(pool, waiting[2].slot, NULL);
    assert_int_equal(stats_of(pool).slots, 0);
    firn_http_pool_destroy(pool);
}

static void no_origin_starves_another(void **state)
{
    (void)state;
    static struct waiting waiting[3];
    firn_http_pool *pool = pool_new(2, 2, 0);
    firn_http_slot *a, *b;
    uintptr_t connection;
    assert_int_equal(try(pool, "a", &a, &connection), FIRN_OK);
    assert_int_equal(try(pool, "a", &b, &connection), FIRN_OK);
    begin_waiting(&waiting[0], pool, "a", UINT64_MAX);
    begin_waiting(&waiting[1], pool, "z", UINT64_MAX);
    begin_waiting(&waiting[2], pool, "a", UINT64_MAX);
    firn_http_pool_put(pool, a, (void *)1);
    pthread_join(waiting[0].thread, NULL);
    assert_int_equal((uintptr_t)waiting[0].connection, 1);
    firn_http_pool_put(pool, b, (void *)2); /* z has waited longer, and needs one of its own */
    pthread_join(waiting[1].thread, NULL);
    assert_null(waiting[1].connection);
    assert_int_equal(closed_count, 1);
    firn_http_pool_put(pool, waiting[1].slot, (void *)3);
    pthread_join(waiting[2].thread, NULL);
    assert_null(waiting[2].connection);
    assert_int_equal(closed_count, 2);
    firn_http_pool_put(pool, waiting[0].slot, NULL);
    firn_http_pool_put(pool, waiting[2].slot, NULL);
    assert_int_equal(stats_of(pool).slots, 0);
    firn_http_pool_destroy(pool);
}

static void a_storm_of_threads_loses_no_wake_up(void **state)
{
    (void)state;
    const char *given = getenv("FIRN_HANDED");
    const uint64_t handed = given != NULL ? strtoull(given, NULL, 0) : 20000;
    rng random;
    rng_init(&random, "http_pool_threads");
    firn_http_pool_stats stats = storm_run(rng_next(&random), 64, handed);
    assert_true(stats.waited_count >= handed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_options_and_keys_are_invalid),
        cmocka_unit_test(what_was_used_last_is_used_next),
        cmocka_unit_test(idle_connections_end_in_time_and_at_the_end),
        cmocka_unit_test(the_dead_are_passed_over),
        cmocka_unit_test(an_origin_in_need_takes_the_place_of_what_is_idle),
        cmocka_unit_test(waiters_are_served_in_their_order),
        cmocka_unit_test(a_waiter_gives_up_at_its_deadline_and_not_before),
        cmocka_unit_test(no_origin_starves_another),
        cmocka_unit_test(a_storm_of_threads_loses_no_wake_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
