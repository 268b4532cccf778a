/* Regions of a swapper for tests: what each holds is told by its number and a version a part, so
 * that it can be checked after any sleep. Header-only. */
#ifndef FIRN_TESTS_SLEEPERS_H
#define FIRN_TESTS_SLEEPERS_H

#include "support/random.h"

#include <firn/swapper.h>

#include <stdio.h>
#include <stdlib.h>

enum { SLEEPER_PARTS = 12, SLEEPER_PART_MAX = 90000 };

/* In the region, as its root. */
typedef struct sleeper_root {
    uint8_t *parts[SLEEPER_PARTS];
    struct sleeper_root *self;
} sleeper_root;

typedef struct sleeper {
    firn_region *region;
    firn_swapper_resident *resident;
    uint32_t number;
    uint32_t versions[SLEEPER_PARTS]; /* 0: there is none */
} sleeper;

static inline void sleeper_breach(const char *what, uint32_t number, firn_status status)
{
    fprintf(stderr, "sleepers: %s (region %u, %s)\n", what, number, firn_status_name(status));
    abort();
}

static inline size_t sleeper_size(uint32_t number, uint32_t part, uint32_t version)
{
    uint32_t mixed = number * 2654435761u ^ part * 40503u ^ version * 2246822519u;
    return 16 + mixed % (mixed % 7 == 0 ? SLEEPER_PART_MAX : 3000);
}

/* A part holds words that say whose they are, and noise that says nothing. */
static inline void sleeper_fill(uint32_t number, uint32_t part, uint32_t version, uint8_t *out)
{
    size_t size = sleeper_size(number, part, version);
    uint32_t noise = (number * 31 + part) * 977 + version;
    for (size_t i = 0; i < size; i++) {
        noise = noise * 1664525u + 1013904223u;
        out[i] = (uint8_t)(version % 3 == 0 ? noise >> 24 : (i / 64) * (part + 1) + version);
    }
}

static inline void sleeper_create(sleeper *one, uint32_t number, const firn_region_options *options)
{
    *one = (sleeper){.number = number};
    firn_status status = firn_region_create(options, &one->region);
    if (status != FIRN_OK)
        sleeper_breach("cannot be made", number, status);
    firn_allocator memory = firn_region_allocator(one->region);
    sleeper_root *root = firn_allocate_zeroed(&memory, 1, sizeof *root);
    if (root == NULL || firn_region_root_set(one->region, root) != FIRN_OK)
        sleeper_breach("has no root", number, FIRN_NO_MEMORY);
    root->self = root;
}

/* Awake and pinned: changes a part. */
static inline void sleeper_write(sleeper *one, rng *random)
{
    uint32_t part = (uint32_t)rng_below(random, SLEEPER_PARTS);
    firn_allocator memory = firn_region_allocator(one->region);
    sleeper_root *root = firn_region_root(one->region);
    if (one->versions[part] != 0)
        firn_release(&memory, root->parts[part],
                     sleeper_size(one->number, part, one->versions[part]));
    uint32_t version = rng_below(random, 5) == 0 ? 0 : (uint32_t)rng_next(random) | 1;
    one->versions[part] = version;
    if (version == 0)
        return;
    root->parts[part] = firn_allocate(&memory, sleeper_size(one->number, part, version));
    if (root->parts[part] == NULL)
        sleeper_breach("is full", one->number, FIRN_LIMIT);
    sleeper_fill(one->number, part, version, root->parts[part]);
}

/* Awake and pinned: all of it, or what one in three parts has. */
static inline void sleeper_check(const sleeper *one, bool all)
{
    uint8_t *expected = malloc(SLEEPER_PART_MAX + 16);
    const sleeper_root *root = firn_region_root(one->region);
    if (expected == NULL || root->self != root)
        sleeper_breach("has another root", one->number, FIRN_CORRUPT);
    for (uint32_t part = 0; part < SLEEPER_PARTS; part += all ? 1 : 3) {
        uint32_t version = one->versions[part];
        if (version == 0)
            continue;
        size_t size = sleeper_size(one->number, part, version);
        sleeper_fill(one->number, part, version, expected);
        for (size_t i = 0; i < size; i++)
            if (expected[i] != root->parts[part][i])
                sleeper_breach("has another content", one->number, FIRN_CORRUPT);
    }
    free(expected);
}

#endif
