/* Random numbers for tests: xoshiro256** seeded by splitmix64. The seed is printed, and taken from
 * FIRN_SEED in the environment where that is set, so that a failure can be run again. Header-only.
 *
 *     rng random;
 *     rng_init(&random, "arena_holds_what_was_written");
 *     size_t size = rng_below(&random, 100);
 */
#ifndef FIRN_TESTS_RANDOM_H
#define FIRN_TESTS_RANDOM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct rng {
    uint64_t state[4];
} rng;

static inline uint64_t rng_splitmix(uint64_t *state)
{
    uint64_t mixed = (*state += 0x9e3779b97f4a7c15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static inline void rng_seed(rng *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        random->state[i] = rng_splitmix(&seed);
}

/* Seeds by FIRN_SEED or the clock and prints the seed. */
static inline void rng_init(rng *random, const char *test)
{
    const char *given = getenv("FIRN_SEED");
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0)
                                  : (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    printf("%s: FIRN_SEED=%llu\n", test, (unsigned long long)seed);
    fflush(stdout);
    rng_seed(random, seed);
}

static inline uint64_t rng_rotate(uint64_t value, int by)
{
    return (value << by) | (value >> (64 - by));
}

static inline uint64_t rng_next(rng *random)
{
    uint64_t *state = random->state;
    uint64_t result = rng_rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rng_rotate(state[3], 45);
    return result;
}

/* A number below bound, which must not be 0. */
static inline uint64_t rng_below(rng *random, uint64_t bound)
{
    return rng_next(random) % bound;
}

/* A number with a random count of bits, so that small ones are as likely as large ones. */
static inline uint64_t rng_any_size(rng *random)
{
    uint64_t bits = rng_below(random, 65);
    uint64_t value = rng_next(random);
    return bits == 0 ? 0 : value >> (64 - bits);
}

/* A number below count, rank r with probability proportional to (r + 1)^-0.9, as the inverse of its
 * integral gives it. */
static inline uint64_t rng_zipf(rng *random, uint64_t count)
{
    double low = 1, high = 100; /* the tenth root of count lies between */
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2, square = middle * middle;
        double tenth = square * square * square * square * square;
        if (tenth < (double)count)
            low = middle;
        else
            high = middle;
    }
    double unit = (double)(rng_next(random) >> 11) / 9007199254740992.0;
    double root = unit * (low - 1) + 1, square = root * root;
    double rank = square * square * square * square * square - 1;
    return rank < (double)count ? (uint64_t)rank : count - 1;
}

static inline void rng_bytes(rng *random, void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)data)[i] = (uint8_t)rng_next(random);
}

#endif
