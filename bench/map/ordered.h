/* bench/map: what ordered maps of C++ have in common. A subject includes its map, defines
 * MAP_TEMPLATE, and includes this. */
#include <string>

#include "map/keys.h"

#ifdef KIND_TEXT
typedef std::string stored_key;
static inline stored_key stored(map_key key)
{
    return std::string(key.data, key.size);
}
static inline uint64_t digest(const stored_key &key)
{
    return key_digest(map_key{key.data(), key.size()});
}
#else
typedef map_key stored_key;
static inline stored_key stored(map_key key)
{
    return key;
}
static inline uint64_t digest(stored_key key)
{
    return key_digest(key);
}
#endif

typedef MAP_TEMPLATE<stored_key, map_value> ordered_map;

struct subject {
    ordered_map map;
};

static inline void subject_init(struct subject *subject)
{
    new (subject) struct subject();
}

static inline void subject_fini(struct subject *subject)
{
    subject->~subject();
}

static inline void subject_put(struct subject *subject, map_key key, map_value value)
{
    subject->map.emplace(stored(key), value);
}

static inline bool subject_get(struct subject *subject, map_key key, map_value *ret_value)
{
    auto found = subject->map.find(stored(key));
    if (found == subject->map.end())
        return false;
    *ret_value = found->second;
    return true;
}

static inline bool subject_remove(struct subject *subject, map_key key)
{
    return subject->map.erase(stored(key)) == 1;
}

static inline uint64_t subject_sum(struct subject *subject)
{
    uint64_t sum = 0;
    for (const auto &entry : subject->map)
        sum += digest(entry.first) + entry.second;
    return sum;
}

static inline uint64_t subject_scan(struct subject *subject, map_key from, unsigned count)
{
    uint64_t sum = 0;
    auto at = subject->map.lower_bound(stored(from));
    for (; count > 0 && at != subject->map.end(); ++at, count--)
        sum += digest(at->first) + at->second;
    return sum;
}

#include "map/driver.h"
