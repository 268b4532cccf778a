/* Mapped files between threads: opened, read and closed at once, while some of them are replaced.
 */
#include "support/tempdir.h"

#include <firn/mapped.h>

#include <pthread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { THREADS = 4, FILES = 5, ROUNDS = 3000, SIZE = 3000 };

static char root[TEMPDIR_PATH_BYTES];
static char paths[FILES][TEMPDIR_PATH_BYTES + 8];

/* All bytes of a file are one letter. */
static void write_file(size_t i, int letter)
{
    uint8_t data[SIZE];
    char other[TEMPDIR_PATH_BYTES + 16];
    memset(data, letter, sizeof data);
    snprintf(other, sizeof other, "%s.new", paths[i]);
    tempdir_write(other, data, sizeof data);
    tempdir_check(rename(other, paths[i]) != 0, other);
}

static void check_held(const firn_mapped *mapped)
{
    size_t size;
    const char *data = firn_mapped_data(mapped, &size);
    if (size != SIZE || data[SIZE] != '\0' || memcmp(data, data + 1, SIZE - 1) != 0)
        abort();
}

static void *open_and_close(void *context)
{
    unsigned state = *(unsigned *)context;
    firn_mapped *held = NULL;
    for (int i = 0; i < ROUNDS; i++) {
        state = state * 1664525 + 1013904223;
        firn_mapped *mapped;
        if (firn_mapped_open(paths[(state >> 16) % FILES], SIZE, &mapped, NULL) != FIRN_OK)
            abort();
        check_held(mapped);
        if (i % 3 == 0) {
            firn_mapped_close(held);
            held = mapped;
        } else {
            firn_mapped_close(mapped);
        }
        if (held != NULL)
            check_held(held);
    }
    firn_mapped_close(held);
    return NULL;
}

static void threads_share_files_that_are_replaced_meanwhile(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    unsigned seeds[THREADS] = {1, 2, 3, 4};
    tempdir_make(root);
    for (size_t i = 0; i < FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%zu", root, i);
        write_file(i, 'a');
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, &seeds[i]), 0);
    for (int i = 0; i < 300; i++)
        write_file((size_t)i % 2, 'a' + i % 26);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    tempdir_remove(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_files_that_are_replaced_meanwhile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
