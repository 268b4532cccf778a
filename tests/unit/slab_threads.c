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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(other_threads_hand_objects_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
