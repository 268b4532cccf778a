/* A fast hash of byte strings for tables in memory (never stored: it depends on the machine's byte
 * order). Multiplies 8 bytes by 8 to 16 and folds them, as wyhash does; both factors are masked by
 * secrets of the table, so that a stranger who chooses the strings can neither make a factor zero
 * nor foresee which strings collide. Thread-safe: there is no state.
 */
#ifndef FIRN_PACK_HASH_H
#define FIRN_PACK_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct firn_hash_seed {
    uint64_t first, second;
} firn_hash_seed;

static inline uint64_t firn_hash_mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t firn_hash_read8(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static inline uint64_t firn_hash_read4(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static inline uint64_t firn_hash_bytes(firn_hash_seed seed, const void *data, size_t size)
{
    const uint8_t *at = data;
    uint64_t hash = seed.first ^ size;
    size_t left = size;
    for (; left > 16; left -= 16, at += 16)
        hash = firn_hash_mix(firn_hash_read8(at) ^ seed.second, firn_hash_read8(at + 8) ^ hash);
    uint64_t a = 0, b = 0;
    if (left >= 8) { /* the two reads overlap, so every length up to 16 takes the same steps */
        a = firn_hash_read8(at);
        b = firn_hash_read8(at + left - 8);
    } else if (left >= 4) {
        a = firn_hash_read4(at);
        b = firn_hash_read4(at + left - 4);
    } else if (left > 0) {
        a = (uint64_t)at[0] << 16 | (uint64_t)at[left / 2] << 8 | at[left - 1];
    }
    hash = firn_hash_mix(a ^ seed.second, b ^ hash);
    return firn_hash_mix(hash ^ seed.first, 0x9e3779b97f4a7c15u);
}

#endif
