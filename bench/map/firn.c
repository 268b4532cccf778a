/* bench/map: Firn's map. */
#include <firn/map.h>

#include "map/keys.h"

struct subject {
    firn_map map;
};

static firn_map_type *map_type;

/* What all maps of a kind share is made before any is measured. */
static inline void make_type(void)
{
#ifdef KIND_U32
    const firn_key_kind kind = FIRN_KEY_U32;
#elif defined(KIND_U64)
    const firn_key_kind kind = FIRN_KEY_U64;
#else
    const firn_key_kind kind = FIRN_KEY_BYTES;
#endif
    const firn_map_type_options options = {.key = kind, .value_bytes = sizeof(map_value)};
    if (firn_map_type_create(&options, &map_type) != FIRN_OK)
        exit(1);
}
#define SUBJECT_BEGIN make_type()

static inline void subject_init(struct subject *subject)
{
    firn_map_init(&subject->map, map_type);
}

static inline void subject_fini(struct subject *subject)
{
    firn_map_fini(&subject->map);
}

#ifdef KIND_TEXT
#define KEY(key) (&(const firn_bytes){(key).data, (key).size})
#else
#define KEY(key) (&(key))
#endif

static inline void subject_put(struct subject *subject, map_key key, map_value value)
{
    if (firn_map_put(&subject->map, KEY(key), &value) != FIRN_OK)
        exit(1);
}

static inline bool subject_get(struct subject *subject, map_key key, map_value *ret_value)
{
    const map_value *value = firn_map_get(&subject->map, KEY(key));
    if (value != NULL)
        *ret_value = *value;
    return value != NULL;
}

static inline bool subject_remove(struct subject *subject, map_key key)
{
    return firn_map_remove(&subject->map, KEY(key)) == FIRN_OK;
}

struct sum {
    uint64_t sum;
    unsigned left;
};

static inline uint64_t digest(const void *key)
{
#ifdef KIND_TEXT
    const firn_bytes *text = key;
    return key_digest((map_key){text->data, text->size});
#else
    return key_digest(*(const map_key *)key);
#endif
}

static bool add(void *context, const void *key, void *value)
{
    struct sum *sum = context;
    sum->sum += digest(key) + *(map_value *)value;
    return --sum->left > 0;
}

static inline uint64_t subject_sum(struct subject *subject)
{
    struct sum sum = {0, 0}; /* so many that it never gets to 0 */
    if (firn_map_visit(&subject->map, NULL, NULL, add, &sum) != FIRN_OK)
        exit(1);
    return sum.sum;
}

static inline uint64_t subject_scan(struct subject *subject, map_key from, unsigned count)
{
    struct sum sum = {0, count};
    if (firn_map_visit(&subject->map, KEY(from), NULL, add, &sum) != FIRN_OK)
        exit(1);
    return sum.sum;
}

#include "map/driver.h"
