/* The keys of bench/map, and the kinds they come in. A subject is compiled once for each kind, with
 * KIND_U32, KIND_U64 or KIND_TEXT defined. Header-only, for C11 and C++17, so that a peer needs
 * nothing of Firn. */
#ifndef FIRN_BENCH_MAP_KEYS_H
#define FIRN_BENCH_MAP_KEYS_H

#include <stdbool.h>
#include <string.h>

#include "support/measure.h"

#ifdef KIND_U32
typedef uint32_t map_key;
typedef uint32_t map_value;
#define KIND_NAME "u32"
#define KEY_BYTES 4
#elif defined(KIND_U64)
typedef uint64_t map_key;
typedef uint64_t map_value;
#define KIND_NAME "u64"
#define KEY_BYTES 8
#elif defined(KIND_TEXT)
typedef struct map_key {
    const char *data; /* a NUL follows, for peers that need it */
    size_t size;
} map_key;
typedef uint64_t map_value;
#define KIND_NAME "text"
#define KEY_BYTES 20 /* of those that are made up */
#else
#error "which kind of keys?"
#endif

/* Different for different numbers, with no pattern: splitmix64's finaliser. */
static inline uint64_t scramble(uint64_t number)
{
    number += 0x9e3779b97f4a7c15u;
    number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
    number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
    return number ^ (number >> 31);
}

/* The same for 32 bits. */
static inline uint32_t scramble_32(uint32_t number)
{
    number = (number ^ (number >> 16)) * 0x7feb352du;
    number = (number ^ (number >> 15)) * 0x846ca68bu;
    return number ^ (number >> 16);
}

enum key_order { ORDER_RANDOM, ORDER_SEQUENTIAL, ORDER_REVERSE, ORDER_CLUSTERED, ORDERS };

static const char *const key_orders[ORDERS] = {"random", "sequential", "reverse", "clustered"};

/* The number behind the i-th key of n: all different. Clusters are of 64 neighbours at places
 * without a pattern. */
static inline uint64_t key_number(enum key_order order, uint64_t i, uint64_t n, bool wide)
{
    uint64_t where = order == ORDER_CLUSTERED ? i / 64 : i;
    uint64_t anywhere = wide ? scramble(where) : scramble_32((uint32_t)where);
    switch (order) {
    case ORDER_SEQUENTIAL:
        return i;
    case ORDER_REVERSE:
        return n - 1 - i;
    case ORDER_CLUSTERED:
        return (wide ? anywhere << 6 : (where * 0x9e3779b1u & 0x3ffffff) << 6) | i % 64;
    default:
        return anywhere;
    }
}

#ifdef KIND_TEXT
/* Letters and digits, in the order of the number when it is not scrambled. */
static inline void key_spell(uint64_t number, char *ret_text)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint64_t more = scramble(number);
    for (int i = KEY_BYTES; i-- > 0;) {
        uint64_t *from = i < 11 ? &number : &more;
        ret_text[i] = letters[*from % 62];
        *from /= 62;
    }
    ret_text[KEY_BYTES] = '\0';
}

static inline map_key *keys_make(enum key_order order, uint64_t n)
{
    map_key *keys = (map_key *)need(malloc(n * sizeof *keys));
    char *text = (char *)need(malloc(n * (KEY_BYTES + 1)));
    for (uint64_t i = 0; i < n; i++, text += KEY_BYTES + 1) {
        key_spell(key_number(order, i, n, true), text);
        keys[i].data = text;
        keys[i].size = KEY_BYTES;
    }
    return keys;
}

/* One key a line, all different. */
static inline map_key *keys_read(const char *path, uint64_t most, uint64_t *ret_count)
{
    char line[4096];
    uint64_t count = 0;
    FILE *file = fopen(path, "r");
    map_key *keys = (map_key *)need(malloc(most * sizeof *keys));
    while (file != NULL && count < most && fgets(line, sizeof line, file) != NULL) {
        size_t size = strcspn(line, "\n");
        char *text = (char *)need(malloc(size + 1));
        memcpy(text, line, size);
        text[size] = '\0';
        keys[count].data = text;
        keys[count++].size = size;
    }
    if (file == NULL || count == 0) {
        fprintf(stderr, "cannot read keys from %s\n", path);
        exit(1);
    }
    fclose(file);
    *ret_count = count;
    return keys;
}

static inline uint64_t key_digest(map_key key)
{
    return key.size * 131 + (unsigned char)key.data[0];
}
#else
static inline map_key *keys_make(enum key_order order, uint64_t n)
{
    map_key *keys = (map_key *)need(malloc(n * sizeof *keys));
    for (uint64_t i = 0; i < n; i++)
        keys[i] = (map_key)key_number(order, i, n, sizeof(map_key) == 8);
    return keys;
}

static inline uint64_t key_digest(map_key key)
{
    return key;
}
#endif

#endif
