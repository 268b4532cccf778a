/* A journal that nobody changes is read by several threads, from memory and from the store. */
#include "support/journal.h"

#include <pthread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { THREADS = 4, BLOBS = 300, SIZE = 2000, ROUNDS = 1500 };

static kept k;

static void content(size_t blob, uint8_t out[SIZE])
{
    for (size_t i = 0; i < SIZE; i++)
        out[i] = (uint8_t)(i * (blob + 3) >> blob % 7);
}

static void *read_all(void *context)
{
    unsigned state = *(unsigned *)context;
    uint8_t data[SIZE];
    for (int i = 0; i < ROUNDS; i++) {
        state = state * 1664525 + 1013904223;
        size_t blob = (state >> 16) % BLOBS;
        content(blob, data);
        data[0] ^= 1;
        if (!kept_is(&k, blob, data, SIZE) || kept_info(&k, blob).size_bytes != SIZE)
            abort();
    }
    return NULL;
}

static void threads_read_what_nobody_changes(void **state)
{
    (void)state;
    char root[TEMPDIR_PATH_BYTES], path[TEMPDIR_PATH_BYTES + 8];
    uint8_t data[SIZE];
    pthread_t threads[THREADS];
    unsigned seeds[THREADS] = {1, 2, 3, 4};
    tempdir_make(root);
    snprintf(path, sizeof path, "%s/S", root);
    kept_open(&k, path, FIRN_STORE_WRITE);
    for (size_t i = 0; i < BLOBS; i++) {
        content(i, data);
        kept_put(&k, i, data, SIZE);
    }
    kept_commit(&k);
    for (size_t i = 0; i < BLOBS; i++) { /* edits that wait in memory */
        content(i, data);
        data[0] ^= 1;
        kept_put(&k, i, data, SIZE);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, &seeds[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    kept_close(&k);
    tempdir_remove(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_read_what_nobody_changes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
