/* Random byte strings to be keys, of several families: they share much, are each other's prefixes,
 * and lie on both sides of the limits that map/text.h sets. Header-only.
 *
 *     firn_bytes key = text_key(&random, TEXT_PATHS);    good until the next one */
#ifndef FIRN_TESTS_TEXT_KEYS_H
#define FIRN_TESTS_TEXT_KEYS_H

#include "support/random.h"

#include <firn/map.h>

#include <stdio.h>
#include <string.h>

enum text_family {
    TEXT_FEW_LETTERS,
    TEXT_ALPHANUMERIC,
    TEXT_PATHS,
    TEXT_PREFIXES,
    TEXT_NUMBERS,
    TEXT_LIMITS,
    TEXT_MIXED,
    TEXT_FAMILIES
};

/* Where a key is written. */
static uint8_t text_some[65536];

static inline size_t text_few_letters(rng *random, size_t size)
{
    static const uint8_t letters[] = {'a', 'b', 0, 255};
    for (size_t i = 0; i < size; i++)
        text_some[i] = letters[rng_below(random, 4)];
    return size;
}

static inline size_t text_path(rng *random)
{
    static const char *const parts[] = {"usr/", "include/", "linux/", "a", "b.h", "netfilter/"};
    size_t size = 0;
    do {
        const char *part = parts[rng_below(random, 6)];
        memcpy(text_some + size, part, strlen(part));
        size += strlen(part);
    } while (size < 230 && rng_below(random, 9) != 0);
    return size;
}

/* Near a limit, of one letter but for the last few bytes. */
static inline size_t text_near_limit(rng *random)
{
    static const size_t limits[] = {7, 31, 250, 300, 4000, FIRN_MAP_KEY_MAX - 1};
    size_t size = limits[rng_below(random, rng_below(random, 20) == 0 ? 6 : 4)];
    size = size - 1 + rng_below(random, 3);
    memset(text_some, 'x', size);
    size_t few = rng_below(random, 4);
    for (size_t i = size - few; i < size; i++)
        text_some[i] = (uint8_t)('w' + rng_below(random, 3));
    return size;
}

/* Writes a key to text_some. */
static inline firn_bytes text_key(rng *random, enum text_family family)
{
    size_t size = 0;
    switch (family) {
    case TEXT_FEW_LETTERS:
        size = text_few_letters(random, rng_below(random, 12));
        break;
    case TEXT_ALPHANUMERIC:
        size = rng_below(random, 40) == 0 ? 40 : 20; /* few nodes are wide for one key */
        for (size_t i = 0; i < size; i++)
            text_some[i] = (uint8_t)('0' + rng_below(random, 62));
        break;
    case TEXT_PATHS:
        size = text_path(random);
        break;
    case TEXT_PREFIXES:
        size = rng_below(random, 260);
        memset(text_some, 'p', size);
        break;
    case TEXT_NUMBERS:
        size =
            (size_t)snprintf((char *)text_some, 64, "key:%016u", (unsigned)rng_below(random, 5000));
        break;
    case TEXT_LIMITS:
        size = text_near_limit(random);
        break;
    default:
        return text_key(random, (enum text_family)rng_below(random, TEXT_MIXED));
    }
    return (firn_bytes){text_some, size};
}

#endif
