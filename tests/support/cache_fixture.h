/* What tests of caches share: a clock that the test sets, values that follow from their key and
 * version, a folder for the store. For one program's static use. */
#ifndef FIRN_TESTS_CACHE_FIXTURE_H
#define FIRN_TESTS_CACHE_FIXTURE_H

#include "support/random.h"
#include "support/tempdir.h"

#include <firn/cache.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static atomic_uint_fast64_t fake_ns = 1000 * SECOND;

static inline uint64_t fake_clock(void *context)
{
    (void)context;
    return atomic_load(&fake_ns);
}

static inline void fake_sleep(uint64_t ns)
{
    atomic_fetch_add(&fake_ns, ns);
}

/* Writes a value of size bytes that follows from key and version, as compressible as text. */
static inline void value_fill(uint32_t key, uint32_t version, uint8_t *out, size_t size)
{
    static const char words[][8] = {"name", "value", "id", "true", "list", "items", "null", "of"};
    rng random;
    rng_seed(&random, (uint64_t)key << 32 | version);
    size_t at = 0;
    while (at < size) { /* by hand, since printf took most of the time of these tests */
        char text[32] = "\"", digits[8];
        size_t count = 1, digit = 0;
        for (const char *word = words[rng_below(&random, 8)]; *word != '\0'; word++)
            text[count++] = *word;
        text[count++] = '"';
        text[count++] = ':';
        for (uint32_t left = (uint32_t)rng_below(&random, 100000); left > 0 || digit == 0;
             left /= 10)
            digits[digit++] = (char)('0' + left % 10);
        while (digit > 0)
            text[count++] = digits[--digit];
        text[count++] = ',';
        size_t part = count < size - at ? count : size - at;
        memcpy(out + at, text, part);
        at += part;
    }
}

static inline firn_bytes key_of(uint32_t number, char out[24])
{
    int size = snprintf(out, 24, "key:%u", number);
    return (firn_bytes){out, (size_t)size};
}

static inline void cache_fail(const char *what, uint32_t key, firn_status status,
                              const firn_error *error)
{
    fprintf(stderr, "%s: key %u: %s (%s)\n", what, (unsigned)key, firn_status_name(status),
            error != NULL ? error->text : "");
    abort();
}

static char root[TEMPDIR_PATH_BYTES];
static char path[TEMPDIR_PATH_BYTES + 8]; /* of the store */

static inline int set_up(void **state)
{
    (void)state;
    tempdir_make(root);
    snprintf(path, sizeof path, "%s/S", root);
    return 0;
}

/* In memory where that is possible: for tests that sync thousands of times. */
static inline int set_up_fast(void **state)
{
    (void)state;
    tempdir_make_fast(root);
    snprintf(path, sizeof path, "%s/S", root);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    tempdir_remove(root);
    return 0;
}

#endif
