/* bench/map: a sorted array, which is built once: keys and values side by side; text lies end to
 * end, and the array holds where each begins. With SUBJECT_POINTERS an array of pointers to keys
 * and values that malloc gave, as many programs have it. */
#include "map/keys.h"

#define SUBJECT_STATIC

struct entry {
#ifdef KIND_TEXT
    uint32_t begin, size;
#else
    map_key key;
#endif
    map_value value;
#if defined(KIND_TEXT) && defined(SUBJECT_POINTERS)
    char text[];
#endif
};

struct subject {
#ifdef SUBJECT_POINTERS
    struct entry **entries;
#else
    struct entry *entries;
#ifdef KIND_TEXT
    char *text;
#endif
#endif
    uint64_t count;
};

static inline const struct entry *entry_at(const struct subject *subject, uint64_t at)
{
#ifdef SUBJECT_POINTERS
    return subject->entries[at];
#else
    return &subject->entries[at];
#endif
}

static inline map_key key_at(const struct subject *subject, uint64_t at)
{
    const struct entry *entry = entry_at(subject, at);
#ifndef KIND_TEXT
    return entry->key;
#elif defined(SUBJECT_POINTERS)
    return (map_key){entry->text, entry->size};
#else
    return (map_key){subject->text + entry->begin, entry->size};
#endif
}

static inline void subject_init(struct subject *subject)
{
    memset(subject, 0, sizeof *subject);
}

static inline void subject_fini(struct subject *subject)
{
#ifdef SUBJECT_POINTERS
    for (uint64_t i = 0; i < subject->count; i++)
        free(subject->entries[i]);
#elif defined(KIND_TEXT)
    free(subject->text);
#endif
    free(subject->entries);
}

static inline void subject_load(struct subject *subject, const map_key *sorted, uint64_t count)
{
    subject->count = count;
    subject->entries = need(malloc(count * sizeof *subject->entries));
#if defined(KIND_TEXT) && !defined(SUBJECT_POINTERS)
    size_t text_bytes = 0;
    for (uint64_t i = 0; i < count; i++)
        text_bytes += sorted[i].size;
    subject->text = need(malloc(text_bytes + 1));
    uint32_t begin = 0;
#endif
    for (uint64_t i = 0; i < count; i++) {
#ifdef KIND_TEXT
        struct entry entry = {.size = (uint32_t)sorted[i].size, .value = i};
#else
        struct entry entry = {.key = sorted[i], .value = (map_value)i};
#endif
#ifdef SUBJECT_POINTERS
        size_t more = 0;
#ifdef KIND_TEXT
        more = sorted[i].size;
#endif
        subject->entries[i] = need(malloc(sizeof entry + more));
        *subject->entries[i] = entry;
#ifdef KIND_TEXT
        memcpy(subject->entries[i]->text, sorted[i].data, more);
#endif
#else
#ifdef KIND_TEXT
        entry.begin = begin;
        memcpy(subject->text + begin, sorted[i].data, sorted[i].size);
        begin += entry.size;
#endif
        subject->entries[i] = entry;
#endif
    }
}

static inline int compare(map_key a, map_key b)
{
#ifdef KIND_TEXT
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
#else
    return (a > b) - (a < b);
#endif
}

/* The first place whose key is not before key. */
static inline uint64_t place_of(const struct subject *subject, map_key key)
{
    uint64_t low = 0, left = subject->count;
    while (left > 0) {
        uint64_t half = left / 2;
        if (compare(key_at(subject, low + half), key) < 0) {
            low += half + 1;
            left -= half + 1;
        } else {
            left = half;
        }
    }
    return low;
}

static inline bool subject_get(struct subject *subject, map_key key, map_value *ret_value)
{
    uint64_t at = place_of(subject, key);
    if (at == subject->count || compare(key_at(subject, at), key) != 0)
        return false;
    *ret_value = entry_at(subject, at)->value;
    return true;
}

static inline uint64_t sum_from(struct subject *subject, uint64_t at, uint64_t count)
{
    uint64_t sum = 0;
    for (; at < subject->count && count > 0; at++, count--)
        sum += key_digest(key_at(subject, at)) + entry_at(subject, at)->value;
    return sum;
}

static inline uint64_t subject_sum(struct subject *subject)
{
    return sum_from(subject, 0, UINT64_MAX);
}

static inline uint64_t subject_scan(struct subject *subject, map_key from, unsigned count)
{
    return sum_from(subject, place_of(subject, from), count);
}

#include "map/driver.h"
