/* bench/map: Judy arrays; JudySL for text, which ends at a NUL. */
#include <Judy.h>

#include "map/keys.h"

struct subject {
    Pvoid_t array;
};

static inline void subject_init(struct subject *subject)
{
    subject->array = NULL;
}

#ifdef KIND_TEXT
#define BYTES(text) ((const uint8_t *)(text))

static inline void subject_fini(struct subject *subject)
{
    JudySLFreeArray(&subject->array, PJE0);
}

static inline void subject_put(struct subject *subject, map_key key, map_value value)
{
    PPvoid_t slot = JudySLIns(&subject->array, BYTES(key.data), PJE0);
    *(Word_t *)slot = value;
}

static inline bool subject_get(struct subject *subject, map_key key, map_value *ret_value)
{
    PPvoid_t slot = JudySLGet(subject->array, BYTES(key.data), PJE0);
    if (slot != NULL)
        *ret_value = *(Word_t *)slot;
    return slot != NULL;
}

static inline bool subject_remove(struct subject *subject, map_key key)
{
    return JudySLDel(&subject->array, BYTES(key.data), PJE0) == 1;
}

static inline uint64_t scan(struct subject *subject, const char *from, uint64_t count)
{
    static uint8_t text[65536];
    uint64_t sum = 0;
    snprintf((char *)text, sizeof text, "%s", from);
    PPvoid_t slot = JudySLFirst(subject->array, text, PJE0);
    for (; slot != NULL && count > 0; count--) {
        sum +=
            key_digest((map_key){(const char *)text, strlen((const char *)text)}) + *(Word_t *)slot;
        slot = JudySLNext(subject->array, text, PJE0);
    }
    return sum;
}

static inline uint64_t subject_sum(struct subject *subject)
{
    return scan(subject, "", UINT64_MAX);
}

static inline uint64_t subject_scan(struct subject *subject, map_key from, unsigned count)
{
    return scan(subject, from.data, count);
}
#else
static inline void subject_fini(struct subject *subject)
{
    JudyLFreeArray(&subject->array, PJE0);
}

static inline void subject_put(struct subject *subject, map_key key, map_value value)
{
    PPvoid_t slot = JudyLIns(&subject->array, key, PJE0);
    *(Word_t *)slot = value;
}

static inline bool subject_get(struct subject *subject, map_key key, map_value *ret_value)
{
    PPvoid_t slot = JudyLGet(subject->array, key, PJE0);
    if (slot != NULL)
        *ret_value = (map_value) * (Word_t *)slot;
    return slot != NULL;
}

static inline bool subject_remove(struct subject *subject, map_key key)
{
    return JudyLDel(&subject->array, key, PJE0) == 1;
}

static inline uint64_t scan(struct subject *subject, Word_t at, uint64_t count)
{
    uint64_t sum = 0;
    PPvoid_t slot = JudyLFirst(subject->array, &at, PJE0);
    for (; slot != NULL && count > 0; count--) {
        sum += key_digest((map_key)at) + *(Word_t *)slot;
        slot = JudyLNext(subject->array, &at, PJE0);
    }
    return sum;
}

static inline uint64_t subject_sum(struct subject *subject)
{
    return scan(subject, 0, UINT64_MAX);
}

static inline uint64_t subject_scan(struct subject *subject, map_key from, unsigned count)
{
    return scan(subject, from, count);
}
#endif

#include "map/driver.h"
