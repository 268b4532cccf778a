/* A slab between threads: one allocates and fills, others check and hand back. */
#include <firn/slab.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { THREADS = 3, OBJECTS = 20000, PLACES = 64 };

static firn_slab slab;
static _Atomic(uint8_t *) places[THREADS][PLACES];
static atomic_bool done;

static size_t size_of(size_t i)
{
    return i % 500 == 0 ? 100000 : i % 5000 == 1 ? 3000000 : 1 + i * 31 % 2000;
}

static void *hand_back(void *context)
{
    _Atomic(uint8_t *) *mine = context;
    bool last = false;
    while (!last) {
        last = atomic_load(&done);
        for (size_t i = 0; i < PLACES; i++) {
            uint8_t *object = atomic_exchange(&mine[i], NULL);
            if (object == NULL)
                continue;
            if (object[0] != 0x5a || object[8] != 0x5a)
                abort();
            firn_slab_release_remote(&slab, object);
        }
    }
    return NULL;
}

static void other_threads_hand_objects_back(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    assert_int_equal(firn_slab_init(&slab, NULL), FIRN_OK);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hand_back, places[i]), 0);
    for (size_t i = 0; i < OBJECTS; i++) {
        size_t size = size_of(i) < 16 ? 16 : size_of(i);
        uint8_t *object = firn_slab_alloc(&slab, size);
        assert_non_null(object);
        memset(object, 0x5a, size < 3000 ? size : 16);
        uint8_t *before = atomic_exchange(&places[i % THREADS][i % PLACES], object);
        if (before != NULL)
            assert_int_equal(firn_slab_release(&slab, before), FIRN_OK);
    }
    atomic_store(&done, true);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    firn_slab_release_remote(&slab, NULL);
    firn_slab_trim(&slab);
    firn_usage usage;
    firn_slab_usage(&slab, &usage);
    assert_int_equal(usage.live_bytes, 0);
    assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
    firn_slab_fini(&slab);
}

/* --- the back shared under a lock --- */

static pthread_mutex_t back = PTHREAD_MUTEX_INITIALIZER;

static void *hand_back_and_reclaim(void *context)
{
    _Atomic(uint8_t *) *mine = context;
    bool last = false;
    for (size_t round = 0; !last; round++) {
        last = atomic_load(&done);
        uint8_t *object = atomic_exchange(&mine[round % PLACES], NULL);
        if (object == NULL)
            continue;
        if (object[0] != 0x5a || object[8] != 0x5a)
            abort();
        firn_slab_release_remote(&slab, object);
        if (round % 16 == 0 && pthread_mutex_trylock(&back) == 0) {
            firn_slab_reclaim(&slab);
            pthread_mutex_unlock(&back);
        }
    }
    return NULL;
}

static uint8_t *alloc_shared(size_t size)
{
    uint8_t *object = firn_slab_alloc_ready(&slab, size);
    if (object == NULL) {
        pthread_mutex_lock(&back);
        object = firn_slab_alloc(&slab, size);
        pthread_mutex_unlock(&back);
    }
    assert_non_null(object);
    return object;
}

static void release_shared(uint8_t *object)
{
    if (firn_slab_release_ready(&slab, object))
        return;
    pthread_mutex_lock(&back);
    assert_int_equal(firn_slab_release(&slab, object), FIRN_OK);
    pthread_mutex_unlock(&back);
}

static void other_threads_take_back_what_they_released(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    atomic_store(&done, false);
    memset(places, 0, sizeof places);
    assert_int_equal(firn_slab_init(&slab, NULL), FIRN_OK);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hand_back_and_reclaim, places[i]), 0);
    for (size_t i = 0; i < OBJECTS; i++) {
        size_t size = size_of(i) < 16 ? 16 : size_of(i);
        uint8_t *object = alloc_shared(size);
        memset(object, 0x5a, size < 3000 ? size : 16);
        uint8_t *before = atomic_exchange(&places[i % THREADS][i / THREADS % PLACES], object);
        if (before != NULL)
            release_shared(before);
    }
    atomic_store(&done, true);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < THREADS * PLACES; i++)
        firn_slab_release_remote(&slab, places[i / PLACES][i % PLACES]);
    firn_slab_reclaim(&slab);
    firn_usage usage;
    firn_slab_usage(&slab, &usage);
    assert_int_equal(usage.live_bytes, 0);
    assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
    firn_slab_fini(&slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_threads_hand_objects_back),
        cmocka_unit_test(other_threads_take_back_what_they_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
