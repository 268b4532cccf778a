/* Keys of every kind for tests of maps: number n as a key, the numbers' order being the keys'.
 * Header-only. */
#ifndef FIRN_TESTS_MAP_KEYS_H
#define FIRN_TESTS_MAP_KEYS_H

#include <firn/map.h>

#include <stdio.h>
#include <string.h>

enum map_keys { KEYS_U32, KEYS_U64, KEYS_TEXT, KEYS_BYTES_5, KEYS_DESCENDING, KEYS_KINDS };

typedef struct map_key {
    uint32_t u32;
    uint64_t u64;
    firn_bytes bytes;
    uint8_t text[400];
} map_key;

/* Compares uint32_t keys, the larger first. */
static inline int map_keys_descending(const void *a, const void *b, void *context)
{
    (void)context;
    uint32_t left, right;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return (left < right) - (left > right);
}

/* Sets the options for keys of a kind. */
static inline void map_keys_options(enum map_keys kind, firn_map_type_options *ret_options)
{
    static const firn_key_kind kinds[KEYS_KINDS] = {FIRN_KEY_U32, FIRN_KEY_U64, FIRN_KEY_BYTES,
                                                    FIRN_KEY_FIXED, FIRN_KEY_FIXED};
    ret_options->key = kinds[kind];
    ret_options->key_bytes = kind == KEYS_BYTES_5 ? 5 : kind == KEYS_DESCENDING ? 4 : 0;
    ret_options->compare = kind == KEYS_DESCENDING ? map_keys_descending : NULL;
}

/* Key `number`, in *ret_key. Texts are of 8 to 308 bytes: one of eight is too long for a node. */
static inline const void *map_keys_make(enum map_keys kind, uint32_t number, map_key *ret_key)
{
    switch (kind) {
    case KEYS_U32:
        ret_key->u32 = number;
        return &ret_key->u32;
    case KEYS_U64:
        ret_key->u64 = (uint64_t)number << 40 | (number * 2654435761u & 0xffffff);
        return &ret_key->u64;
    case KEYS_BYTES_5:
        for (int i = 0; i < 5; i++)
            ret_key->text[i] = (uint8_t)(i < 4 ? number >> (24 - 8 * i) : number * 7);
        return ret_key->text;
    case KEYS_TEXT:
        snprintf((char *)ret_key->text, sizeof(ret_key->text), "%08x", number);
        memset(ret_key->text + 8, 'a' + (int)(number % 3), sizeof(ret_key->text) - 8);
        ret_key->bytes = (firn_bytes){ret_key->text, 8 + (number % 8 == 5 ? 300 : number % 13)};
        return &ret_key->bytes;
    case KEYS_DESCENDING:
    case KEYS_KINDS:
        break;
    }
    ret_key->u32 = UINT32_MAX - number;
    return &ret_key->u32;
}

/* The number that a key was made of. */
static inline uint32_t map_keys_number(enum map_keys kind, const void *key)
{
    uint64_t wide = 0;
    uint32_t number = 0;
    const firn_bytes *bytes = key;
    const uint8_t *raw = key;
    switch (kind) {
    case KEYS_U64:
        memcpy(&wide, key, sizeof(wide));
        return (uint32_t)(wide >> 40);
    case KEYS_TEXT:
        for (int i = 0; i < 8; i++) {
            uint8_t digit = ((const uint8_t *)bytes->data)[i];
            number = number << 4 | (uint32_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
        }
        return number;
    case KEYS_BYTES_5:
        return (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3];
    case KEYS_U32:
    case KEYS_DESCENDING:
    case KEYS_KINDS:
        break;
    }
    memcpy(&number, key, sizeof(number));
    return kind == KEYS_DESCENDING ? UINT32_MAX - number : number;
}

#endif
