/* Many readers of one interner at a time: between the writer's turns, and, of a shared one, beside
 * the writer. Runs under ThreadSanitizer too. */
#include <firn/intern.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define READERS 4
#define ROUNDS 5
#define TEXTS_A_ROUND 2000
#define SHARED_TEXTS 20000u

static firn_intern *intern;

/* Looks all texts up both ways and returns how many were wrong, as a pointer. */
static void *read_all(void *context)
{
    (void)context;
    uintptr_t wrong = 0;
    uint32_t count = firn_intern_count(intern);
    for (uint32_t i = 0; i < count; i++) {
        size_t size = 0;
        const void *text = firn_intern_get(intern, i, &size);
        wrong += size != sizeof(i) || memcmp(text, &i, size) != 0;
        wrong += firn_intern_find(intern, &i, sizeof(i)) != i;
    }
    wrong += firn_intern_find(intern, &count, sizeof(count)) != FIRN_INTERN_NONE;
    return (void *)wrong;
}

static void readers_agree_while_nobody_writes(void **state)
{
    (void)state;
    assert_int_equal(firn_intern_create(NULL, &intern), FIRN_OK);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < TEXTS_A_ROUND; i++) {
            uint32_t text = round * TEXTS_A_ROUND + i, id = 0;
            assert_int_equal(firn_intern_put(intern, &text, sizeof(text), &id, NULL), FIRN_OK);
            assert_int_equal(id, text);
        }
        pthread_t readers[READERS];
        for (int i = 0; i < READERS; i++)
            assert_int_equal(pthread_create(&readers[i], NULL, read_all, NULL), 0);
        for (int i = 0; i < READERS; i++) {
            void *wrong = NULL;
            assert_int_equal(pthread_join(readers[i], &wrong), 0);
            assert_null(wrong);
        }
    }
    firn_intern_destroy(intern);
}

/* Reads all that is there, again and again, until all texts are; counts what is wrong. */
static void *read_beside_the_writer(void *context)
{
    (void)context;
    uintptr_t wrong = 0;
    for (uint32_t count = 0; count < SHARED_TEXTS;) {
        count = firn_intern_count(intern);
        for (uint32_t i = 0; i < count; i += 1 + count / 100) {
            size_t size = 0;
            uint32_t text = SHARED_TEXTS - i;
            const void *got = firn_intern_get(intern, i, &size);
            wrong += size != sizeof text || memcmp(got, &text, size) != 0;
            uint32_t found = firn_intern_find(intern, &text, sizeof text);
            wrong += found != i;
        }
        uint32_t none = SHARED_TEXTS + 1, later = 1;
        wrong += firn_intern_find(intern, &none, sizeof none) != FIRN_INTERN_NONE;
        uint32_t found = firn_intern_find(intern, &later, sizeof later);
        wrong += found != FIRN_INTERN_NONE && found != SHARED_TEXTS - 1;
    }
    return (void *)wrong;
}

static void readers_of_a_shared_one_agree_while_it_grows(void **state)
{
    (void)state;
    const firn_intern_options options = {.shared = true};
    assert_int_equal(firn_intern_create(&options, &intern), FIRN_OK);
    pthread_t readers[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_beside_the_writer, NULL), 0);
    for (uint32_t i = 0; i < SHARED_TEXTS; i++) {
        uint32_t text = SHARED_TEXTS - i, id = 0;
        assert_int_equal(firn_intern_put(intern, &text, sizeof text, &id, NULL), FIRN_OK);
        assert_int_equal(id, i);
    }
    for (int i = 0; i < READERS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(readers[i], &wrong), 0);
        assert_null(wrong);
    }
    firn_usage before, after;
    firn_intern_usage(intern, &before);
    firn_intern_settle(intern);
    firn_intern_usage(intern, &after);
    assert_true(after.reserved_bytes < before.reserved_bytes);
    assert_null(read_beside_the_writer(NULL)); /* nothing of use was freed */
    firn_intern_destroy(intern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_agree_while_nobody_writes),
        cmocka_unit_test(readers_of_a_shared_one_agree_while_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
