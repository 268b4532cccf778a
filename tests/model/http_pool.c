/* Which slot goes to whom: the pool's rooms driven by one thread, with waiters that never sleep,
 * against lists that are searched from end to end. */
#include "http/pool.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ORIGINS = 5, WAITERS = 24, SLOTS = 7, ORIGIN_LIMIT = 3, STEPS = 200000 };

struct held {
    firn_http_slot *slot;
    unsigned origin;
};

struct line {
    struct waiter *waiter; /* NULL: not in use */
    unsigned origin;
};

/* As the model has it. */
static struct held held[SLOTS];
static unsigned held_count;
static unsigned idle[SLOTS]; /* origins, in the order in which they became idle */
static uintptr_t idle_connection[SLOTS];
static unsigned idle_count;
static struct line waiting[WAITERS]; /* in the order in which they came */
static unsigned waiting_count;
static struct waiter waiters[WAITERS];
static bool waiter_used[WAITERS];
static uintptr_t next_connection = 1, closed_count, open_count;

static void close_one(void *context, void *connection)
{
    (void)context;
    (void)connection;
    closed_count++;
}

static unsigned slots_of(unsigned origin)
{
    unsigned count = 0;
    for (unsigned i = 0; i < held_count; i++)
        count += held[i].origin == origin;
    for (unsigned i = 0; i < idle_count; i++)
        count += idle[i] == origin;
    return count;
}

static void forget_idle(unsigned at)
{
    idle_count--;
    memmove(&idle[at], &idle[at + 1], (idle_count - at) * sizeof idle[0]);
    memmove(&idle_connection[at], &idle_connection[at + 1],
            (idle_count - at) * sizeof idle_connection[0]);
}

static void forget_waiting(unsigned at)
{
    waiter_used[waiting[at].waiter - waiters] = false;
    waiting_count--;
    memmove(&waiting[at], &waiting[at + 1], (waiting_count - at) * sizeof waiting[0]);
}

static struct origin *origin_of(firn_http_pool *pool, unsigned origin)
{
    const char key[2] = {'o', (char)('0' + origin)};
    struct origin *got = firn_http_pool_origin(pool, key, 2);
    assert_non_null(got);
    return got;
}

static void do_errands(const struct errands *errands)
{
    for (unsigned i = 0; i < errands->doomed_count; i++)
        close_one(NULL, errands->doomed[i]);
}

static struct waiter *spare_waiter(void)
{
    for (unsigned i = 0; i < WAITERS; i++)
        if (!waiter_used[i]) {
            waiter_used[i] = true;
            return &waiters[i];
        }
    return NULL;
}

static void step_get(firn_http_pool *pool, unsigned origin)
{
    struct errands errands = {0};
    struct waiter *waiter = spare_waiter();
    if (waiter == NULL)
        return;
    struct origin *at = origin_of(pool, origin);
    firn_http_slot *slot = firn_http_pool_take(pool, at, &errands);
    unsigned latest = idle_count;
    while (latest > 0 && idle[latest - 1] != origin)
        latest--;
    if (latest > 0) { /* the one of the latest use */
        assert_non_null(slot);
        assert_int_equal((uintptr_t)slot->connection, idle_connection[latest - 1]);
        forget_idle(latest - 1);
    } else if (slots_of(origin) < ORIGIN_LIMIT &&
               (held_count + idle_count < SLOTS || idle_count > 0)) {
        assert_non_null(slot);
        assert_null(slot->connection);
        const bool evicts = held_count + idle_count == SLOTS;
        assert_int_equal(errands.doomed_count, evicts);
        if (evicts) {
            assert_int_equal((uintptr_t)errands.doomed[0], idle_connection[0]);
            forget_idle(0);
        }
    } else {
        assert_null(slot);
        firn_http_pool_wait(pool, at, waiter);
        waiting[waiting_count++] = (struct line){waiter, origin};
    }
    do_errands(&errands);
    if (slot == NULL)
        return;
    waiter_used[waiter - waiters] = false;
    held[held_count++] = (struct held){slot, origin};
}

/* Whom the model would serve; waiting_count: nobody. */
static unsigned served(unsigned origin)
{
    for (unsigned i = 0; i < waiting_count; i++)
        if (waiting[i].origin == origin || slots_of(waiting[i].origin) < ORIGIN_LIMIT)
            return i;
    return waiting_count;
}

static void step_put(firn_http_pool *pool, unsigned which, bool keep)
{
    struct errands errands = {0};
    const struct held own = held[which];
    const unsigned next = served(own.origin);
    const uintptr_t connection = keep ? next_connection++ : 0;
    open_count += keep;
    held[which] = held[--held_count];
    firn_http_pool_give(pool, own.slot, (void *)connection, &errands);
    if (next == waiting_count) {
        assert_null(errands.woken);
        if (keep) {
            idle[idle_count] = own.origin;
            idle_connection[idle_count++] = connection;
        }
        do_errands(&errands);
        return;
    }
    struct line line = waiting[next];
    assert_ptr_equal(errands.woken, line.waiter);
    assert_int_equal(atomic_load(&line.waiter->state), HANDED);
    assert_ptr_equal(line.waiter->slot, own.slot);
    const bool same = line.origin == own.origin;
    assert_int_equal((uintptr_t)own.slot->connection, same ? connection : 0);
    assert_int_equal(errands.doomed_count, keep && !same);
    forget_waiting(next);
    held[held_count++] = (struct held){own.slot, line.origin};
    do_errands(&errands);
}

static void step(firn_http_pool *pool, rng *random)
{
    const uint64_t what = rng_below(random, 16);
    if (what < 8) {
        step_get(pool, (unsigned)rng_below(random, ORIGINS));
    } else if (what < 15 && held_count > 0) {
        step_put(pool, (unsigned)rng_below(random, held_count), rng_below(random, 4) > 0);
    } else if (what == 15 && waiting_count > 0) {
        const unsigned which = (unsigned)rng_below(random, waiting_count);
        firn_http_pool_give_up(pool, waiting[which].waiter);
        forget_waiting(which);
    }
}

static void slots_go_to_whoever_waited_longest(void **state)
{
    (void)state;
    rng random;
    firn_http_pool *pool;
    const firn_http_pool_options options = {
        .origin_limit = ORIGIN_LIMIT, .limit = SLOTS, .close = close_one};
    rng_init(&random, "http_pool");
    assert_int_equal(firn_http_pool_create(&options, &pool), FIRN_OK);
    for (int i = 0; i < STEPS; i++) {
        step(pool, &random);
        if (i % 8 == 0)
            assert_int_equal(firn_http_pool_verify(pool), FIRN_OK);
        assert_int_equal(pool->stats.slots, held_count + idle_count);
        assert_int_equal(pool->stats.waiting, waiting_count);
    }
    while (waiting_count > 0) {
        firn_http_pool_give_up(pool, waiting[0].waiter);
        forget_waiting(0);
    }
    while (held_count > 0)
        step_put(pool, held_count - 1, true);
    assert_int_equal(firn_http_pool_verify(pool), FIRN_OK);
    firn_http_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_go_to_whoever_waited_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
