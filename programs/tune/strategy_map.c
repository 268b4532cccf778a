/* Entries that are put and then asked for: in a map, in one that is loaded in order, in the C
 * library's binary tree (tsearch). */
#include "tune/strategy.h"

#include <firn/firn.h>

#include <math.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

/* A bijection, so that keys do not repeat and come in no order. */
static uint64_t key_of(const struct scenario *scenario, uint64_t number)
{
    if (scenario->insert == INSERT_SORTED)
        return number;
    return scenario->key == KEY_U32 ? (uint32_t)(number * 2654435761u)
                                    : number * UINT64_C(11400714819323198485);
}

/* A key in the form that its kind has. */
struct key {
    uint32_t narrow;
    uint64_t wide;
    char text[24];
    firn_bytes bytes;
};

static const void *make_key(const struct scenario *scenario, uint64_t number, struct key *key)
{
    key->wide = key_of(scenario, number);
    key->narrow = (uint32_t)key->wide;
    if (scenario->key == KEY_U32)
        return &key->narrow;
    if (scenario->key == KEY_U64)
        return &key->wide;
    snprintf(key->text, sizeof key->text, "%020llu", (unsigned long long)key->wide);
    key->bytes = (firn_bytes){key->text, 20};
    return &key->bytes;
}

/* --- a map --- */

static bool make_map(const struct scenario *scenario, firn_map *map)
{
    static const firn_key_kind kinds[] = {FIRN_KEY_U32, FIRN_KEY_U64, FIRN_KEY_BYTES};
    const firn_map_type_options options = {.key = kinds[scenario->key],
                                           .value_bytes = scenario->sizes[0].most};
    firn_map_type *type;
    if (firn_map_type_create(&options, &type) != FIRN_OK)
        return false;
    firn_map_init(map, type);
    return true;
}

static bool get_all(const struct scenario *scenario, const firn_map *map,
                    struct strategy_result *ret)
{
    uint64_t random = 88172645463325252u;
    struct key key;
    for (uint64_t i = 0; i < scenario->gets; i++)
        if (firn_map_get(map, make_key(scenario, scenario_pick(scenario, &random, scenario->count),
                                       &key)) == NULL)
            return false;
    ret->operations = scenario->count + scenario->gets;
    ret->from_hot = (double)NAN;
    return true;
}

static bool work_map(const struct scenario *scenario, uint64_t parameter,
                     struct strategy_result *ret)
{
    firn_map map;
    struct key key;
    (void)parameter;
    if (!make_map(scenario, &map))
        return false;
    for (uint64_t i = 0; i < scenario->count; i++)
        if (firn_map_put(&map, make_key(scenario, i, &key), NULL) != FIRN_OK)
            return false;
    return get_all(scenario, &map, ret);
}

struct source {
    const struct scenario *scenario;
    uint64_t next;
    struct key key;
};

static bool next_entry(void *context, const void **ret_key, const void **ret_value)
{
    struct source *source = context;
    if (source->next == source->scenario->count)
        return false;
    *ret_key = make_key(source->scenario, source->next++, &source->key);
    *ret_value = NULL;
    return true;
}

static bool work_loaded(const struct scenario *scenario, uint64_t parameter,
                        struct strategy_result *ret)
{
    firn_map map;
    struct source source = {.scenario = scenario};
    (void)parameter;
    return make_map(scenario, &map) && firn_map_load_sorted(&map, next_entry, &source) == FIRN_OK &&
           get_all(scenario, &map, ret);
}

/* --- a binary tree --- */

static enum { NARROW, WIDE, TEXT } compared;

static int compare(const void *left, const void *right)
{
    uint64_t a = 0, b = 0;
    if (compared == TEXT)
        return memcmp(left, right, 20);
    memcpy(&a, left, compared == NARROW ? 4 : 8);
    memcpy(&b, right, compared == NARROW ? 4 : 8);
    return (a > b) - (a < b);
}

static const void *plain_key(const struct scenario *scenario, uint64_t number, struct key *key)
{
    const void *made = make_key(scenario, number, key);
    return scenario->key == KEY_TEXT ? key->text : made;
}

static bool work_tree(const struct scenario *scenario, uint64_t parameter,
                      struct strategy_result *ret)
{
    static const size_t bytes[] = {4, 8, 20};
    const size_t key_bytes = bytes[scenario->key];
    const size_t block = (key_bytes + scenario->sizes[0].most + 7) & ~(size_t)7;
    void *root = NULL;
    uint64_t random = 88172645463325252u;
    struct key key;
    (void)parameter;
    compared = scenario->key == KEY_U32 ? NARROW : scenario->key == KEY_U64 ? WIDE : TEXT;
    for (uint64_t i = 0; i < scenario->count; i++) {
        char *entry = firn_allocate(NULL, block);
        if (entry == NULL)
            return false;
        memset(entry, 0, block);
        memcpy(entry, plain_key(scenario, i, &key), key_bytes);
        if (tsearch(entry, &root, compare) == NULL)
            return false;
    }
    for (uint64_t i = 0; i < scenario->gets; i++)
        if (tfind(plain_key(scenario, scenario_pick(scenario, &random, scenario->count), &key),
                  &root, compare) == NULL)
            return false;
    ret->operations = scenario->count + scenario->gets;
    ret->from_hot = (double)NAN;
    return true;
}

unsigned strategies_of_map(const struct scenario *scenario, struct strategy *strategies)
{
    unsigned count = 0;
    strategies[count++] = (struct strategy){"map", "firn/map.h", work_map, 0};
    if (scenario->insert == INSERT_SORTED)
        strategies[count++] =
            (struct strategy){"map, loaded", "firn_map_load_sorted", work_loaded, 0};
    strategies[count++] =
        (struct strategy){"binary tree", "tsearch, from the C library", work_tree, 0};
    return count;
}
