/* Reads files of tests/golden, found from where the test's own source lies. Header-only. */
#ifndef FIRN_TESTS_GOLDEN_H
#define FIRN_TESTS_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* test_file: __FILE__ of a test in tests/KIND/. Returns the file's size; aborts when it cannot be
 * read or is larger than capacity. */
static inline size_t golden_read(const char *test_file, const char *name, void *out,
                                 size_t capacity)
{
    char whole[4096];
    const char *end = strrchr(test_file, '/');
    while (end != NULL && end > test_file && *--end != '/')
        continue;
    snprintf(whole, sizeof whole, "%.*s/golden/%s", end != NULL ? (int)(end - test_file) : 0,
             test_file, name);
    FILE *file = fopen(whole, "rb");
    size_t size = file != NULL ? fread(out, 1, capacity, file) : 0;
    if (file == NULL || getc(file) != EOF) {
        fprintf(stderr, "%s: cannot be read, or is larger than %zu bytes\n", whole, capacity);
        abort();
    }
    fclose(file);
    return size;
}

#endif
