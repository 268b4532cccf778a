/* The objects of a compiler: what it makes while it reads a file, in bytes. Of 100,000: 15,234
 * tokens of 32, 23,451 nodes of 48, 45,231 identifiers of 24, 12,678 strings of 64, 3,406 others of
 * 128. Header-only. */
#ifndef FIRN_BENCH_MIX_H
#define FIRN_BENCH_MIX_H

#include <string.h>

#include "support/measure.h"

#define MIX_OBJECTS 100000u

/* Their sizes in a random order that is always the same. */
static inline const uint8_t *mix_sizes(void)
{
    static const struct {
        uint8_t size;
        uint32_t count;
    } mix[] = {{32, 15234}, {48, 23451}, {24, 45231}, {64, 12678}, {128, 3406}};
    static uint8_t sizes[MIX_OBJECTS];
    uint32_t sequence = 42, filled = 0;
    for (size_t i = 0; i < sizeof mix / sizeof mix[0]; i++) {
        memset(sizes + filled, mix[i].size, mix[i].count);
        filled += mix[i].count;
    }
    for (uint32_t i = MIX_OBJECTS - 1; i > 0; i--) {
        uint32_t other = random_below(&sequence, i + 1);
        uint8_t size = sizes[i];
        sizes[i] = sizes[other];
        sizes[other] = size;
    }
    return sizes;
}

#endif
