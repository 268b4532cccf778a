/* Many readers of one interner at a time, between the writer's turns. Runs under ThreadSanitizer
 * too. */
#include <firn/intern.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define READERS 4
#define ROUNDS 5
#define TEXTS_A_ROUND 2000

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_agree_while_nobody_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
