/* The memory gate: the sum inside stays below the budget unless one is alone, and nobody waits for
 * ever. */
#include "code/gate.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

#define THREADS 4u
#define ENTRIES 3000u
#define LIMIT 1000u

static struct gate gate;
static atomic_size_t used, inside, violations;

static void *enter_and_leave(void *context)
{
    rng random;
    rng_seed(&random, *(uint64_t *)context);
    for (unsigned i = 0; i < ENTRIES; i++) {
        /* Some are larger than the whole budget. */
        size_t bytes = rng_below(&random, rng_below(&random, 8) == 0 ? 3 * LIMIT : LIMIT / 2);
        gate_enter(&gate, bytes);
        size_t others = atomic_fetch_add(&inside, 1);
        size_t sum = atomic_fetch_add(&used, bytes) + bytes;
        if (others > 0 && sum > LIMIT)
            atomic_fetch_add(&violations, 1);
        atomic_fetch_sub(&used, bytes);
        atomic_fetch_sub(&inside, 1);
        gate_leave(&gate, bytes);
    }
    return NULL;
}

static void gate_keeps_the_sum_below_the_budget_unless_one_is_alone(void **state)
{
    (void)state;
    rng random;
    pthread_t threads[THREADS];
    uint64_t seeds[THREADS];
    rng_init(&random, __func__);
    gate_init(&gate, LIMIT);
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = rng_next(&random);
        assert_int_equal(pthread_create(&threads[i], NULL, enter_and_leave, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(violations, 0);
    gate_fini(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gate_keeps_the_sum_below_the_budget_unless_one_is_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
