/* A swapper shared by threads: users that pin, check and write regions while others send them down
 * and ticks age them; and that a wake waits for nobody's packing. */
#include "support/sleepers.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* --- all at once --- */

enum { REGIONS = 12, USERS = 3, ROUNDS = 120, SENDERS = 2 };

typedef struct world {
    firn_swapper *swapper;
    sleeper all[REGIONS];
    pthread_mutex_t users[REGIONS]; /* a region's content belongs to one thread at a time */
    atomic_bool done;
} world;

typedef struct worker {
    world *world;
    uint64_t seed;
} worker;

static void *use(void *context)
{
    worker *self = context;
    world *w = self->world;
    rng random;
    rng_seed(&random, self->seed);
    for (int i = 0; i < ROUNDS; i++) {
        size_t which = rng_below(&random, REGIONS);
        sleeper *one = &w->all[which];
        pthread_mutex_lock(&w->users[which]);
        firn_status status = firn_swapper_pin(w->swapper, one->resident, NULL);
        if (status != FIRN_OK)
            sleeper_breach("cannot be pinned", one->number, status);
        sleeper_check(one, true);
        sleeper_write(one, &random);
        if (firn_swapper_unpin(w->swapper, one->resident) != FIRN_OK)
            sleeper_breach("cannot be unpinned", one->number, FIRN_INVALID);
        pthread_mutex_unlock(&w->users[which]);
    }
    return NULL;
}

static void *send(void *context)
{
    worker *self = context;
    world *w = self->world;
    rng random;
    rng_seed(&random, self->seed);
    while (!atomic_load(&w->done)) {
        sleeper *one = &w->all[rng_below(&random, REGIONS)];
        firn_tier tier = (firn_tier)(1 + rng_below(&random, 3));
        firn_status status = rng_below(&random, 6) == 0
                                 ? firn_swapper_tick(w->swapper, NULL)
                                 : firn_swapper_hibernate(w->swapper, one->resident, tier, NULL);
        if (status != FIRN_OK && status != FIRN_BUSY)
            sleeper_breach("cannot be sent down", one->number, status);
    }
    return NULL;
}

static void users_find_their_regions_whole(void **state)
{
    (void)state;
    static world w;
    char folder[TEMPDIR_PATH_BYTES];
    rng random;
    pthread_t threads[USERS + SENDERS];
    worker workers[USERS + SENDERS];
    tempdir_make_fast(folder);
    rng_init(&random, "users_find_their_regions_whole");
    firn_swapper_options options = {.store = folder,
                                    .limit_bytes = 2 << 20,
                                    .age_ms = {1, 2, 3},
                                    .packer_count = 2,
                                    .waker_count = 2};
    assert_int_equal(firn_swapper_create(&options, &w.swapper, NULL), FIRN_OK);
    for (uint32_t i = 0; i < REGIONS; i++) {
        firn_region_options region = {.mode = (firn_region_wake_mode)(i % 2), .thread_count = 1};
        pthread_mutex_init(&w.users[i], NULL);
        sleeper_create(&w.all[i], i, &region);
        assert_int_equal(firn_swapper_put(w.swapper, w.all[i].region, NULL, &w.all[i].resident),
                         FIRN_OK);
    }
    for (size_t i = 0; i < USERS + SENDERS; i++) {
        workers[i] = (worker){&w, rng_next(&random)};
        assert_int_equal(pthread_create(&threads[i], NULL, i < USERS ? use : send, &workers[i]), 0);
    }
    for (size_t i = 0; i < USERS + SENDERS; i++) {
        if (i == USERS)
            atomic_store(&w.done, true);
        pthread_join(threads[i], NULL);
    }
    firn_swapper_stats stats;
    firn_swapper_stats_get(w.swapper, &stats);
    assert_int_equal(stats.failure_count, 0);
    uint64_t wakes = 0;
    for (int tier = FIRN_TIER_WARM; tier < FIRN_TIER_COUNT; tier++)
        wakes += stats.tier[tier].wake_count;
    assert_int_not_equal(wakes, 0); /* else nothing was tried */
    for (uint32_t i = 0; i < REGIONS; i++) {
        assert_int_equal(firn_swapper_remove(w.swapper, w.all[i].resident, false, NULL), FIRN_OK);
        assert_int_equal(firn_region_wake(w.all[i].region), FIRN_OK);
        sleeper_check(&w.all[i], true);
        firn_region_destroy(w.all[i].region);
        pthread_mutex_destroy(&w.users[i]);
    }
    firn_swapper_destroy(w.swapper);
    tempdir_remove(folder);
}

/* --- packing that does not end --- */

/* An allocator that stops who packs until it is let go on. */
typedef struct gate {
    sem_t came, open;
    atomic_bool closed;
} gate;

static void gate_pass(gate *self)
{
    if (!atomic_load(&self->closed))
        return;
    sem_post(&self->came);
    while (sem_wait(&self->open) != 0)
        continue;
    atomic_store(&self->closed, false);
}

static void *gate_allocate(void *context, size_t size)
{
    gate_pass(context);
    return firn_allocate(NULL, size);
}

static void *gate_reallocate(void *context, void *block, size_t old_size, size_t new_size)
{
    gate_pass(context);
    return firn_reallocate(NULL, block, old_size, new_size);
}

static void gate_release(void *context, void *block, size_t size)
{
    (void)context;
    firn_release(NULL, block, size);
}

typedef struct held_packing {
    firn_swapper *swapper;
    sleeper slow;
    gate gate;
} held_packing;

static void *pack_slowly(void *context)
{
    held_packing *held = context;
    firn_status status =
        firn_swapper_hibernate(held->swapper, held->slow.resident, FIRN_TIER_WARM, NULL);
    if (status != FIRN_OK)
        sleeper_breach("cannot be sent down", held->slow.number, status);
    return NULL;
}

static void a_wake_waits_for_no_packing(void **state)
{
    (void)state;
    static held_packing held;
    char folder[TEMPDIR_PATH_BYTES];
    sleeper quick[3]; /* warm, cold, frozen */
    rng random;
    pthread_t packer;
    tempdir_make_fast(folder);
    rng_seed(&random, 1);
    firn_swapper_options options = {
        .store = folder, .packer_count = 1, .waker_count = 1, .no_thread = true};
    assert_int_equal(firn_swapper_create(&options, &held.swapper, NULL), FIRN_OK);
    for (uint32_t i = 0; i < 3; i++) {
        sleeper_create(&quick[i], i, NULL);
        sleeper_write(&quick[i], &random);
        assert_int_equal(firn_swapper_put(held.swapper, quick[i].region, NULL, &quick[i].resident),
                         FIRN_OK);
        assert_int_equal(
            firn_swapper_hibernate(held.swapper, quick[i].resident, (firn_tier)(i + 1), NULL),
            FIRN_OK);
    }
    sem_init(&held.gate.came, 0, 0);
    sem_init(&held.gate.open, 0, 0);
    firn_allocator allocator = {gate_allocate, gate_reallocate, gate_release, &held.gate};
    firn_region_options slow = {.allocator = &allocator, .thread_count = 1};
    sleeper_create(&held.slow, 9, &slow);
    for (int i = 0; i < 10; i++)
        sleeper_write(&held.slow, &random);
    assert_int_equal(firn_swapper_put(held.swapper, held.slow.region, NULL, &held.slow.resident),
                     FIRN_OK);
    atomic_store(&held.gate.closed, true);
    assert_int_equal(pthread_create(&packer, NULL, pack_slowly, &held), 0);
    while (sem_wait(&held.gate.came) != 0)
        continue;
    alarm(60); /* a wake that waits now would wait for good */
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(firn_swapper_pin(held.swapper, quick[i].resident, NULL), FIRN_OK);
        sleeper_check(&quick[i], true);
        assert_int_equal(firn_swapper_unpin(held.swapper, quick[i].resident), FIRN_OK);
    }
    sem_post(&held.gate.open);
    pthread_join(packer, NULL);
    alarm(0);
    for (uint32_t i = 0; i < 4; i++) {
        sleeper *one = i < 3 ? &quick[i] : &held.slow;
        assert_int_equal(firn_swapper_remove(held.swapper, one->resident, false, NULL), FIRN_OK);
        firn_region_destroy(one->region);
    }
    firn_swapper_destroy(held.swapper);
    tempdir_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_find_their_regions_whole),
        cmocka_unit_test(a_wake_waits_for_no_packing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
