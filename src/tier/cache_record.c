/* Records one behind the other: varints of the key's size, the value's and the state, then key and
 * value; docs/formats/cache.md. A group is searched from its start: its 126 records of 518 bytes
 * take 0.5 us behind the 20 us of decoding, and a table of offsets would make the group larger.
 * Called by the cache and the fuzzer; hostile input is an error. Threads: no state. */
#include "tier/cache_record.h"

#include <firn/cache.h>
#include <firn/varint.h>

#include <assert.h>
#include <string.h>

_Static_assert(3 + 5 + 5 == FIRN_CACHE_RECORD_HEAD_MAX_BYTES, "varints of 16, 32 and 32 bits");

size_t firn_cache_record_size(const firn_cache_record *record)
{
    return firn_varint_size(record->key.size) + firn_varint_size(record->value.size) +
           firn_varint_size(record->state) + record->key.size + record->value.size;
}

size_t firn_cache_record_put(uint8_t *out, const firn_cache_record *record)
{
    assert(record->key.size > 0 && record->key.size <= FIRN_CACHE_KEY_MAX_BYTES);
    uint8_t *at = out;
    at += firn_varint_put(at, record->key.size);
    at += firn_varint_put(at, record->value.size);
    at += firn_varint_put(at, record->state);
    memcpy(at, record->key.data, record->key.size);
    at += record->key.size;
    if (record->value.size > 0)
        memcpy(at, record->value.data, record->value.size);
    return (size_t)(at - out) + record->value.size;
}

firn_status firn_cache_record_next(const uint8_t **at, const uint8_t *end,
                                   firn_cache_record *ret_record)
{
    uint64_t key_size, value_size, state;
    const uint8_t *next = *at;
    if (next == end)
        return FIRN_END_OF_DATA;
    if ((next = firn_varint_get(next, end, &key_size)) == NULL ||
        (next = firn_varint_get(next, end, &value_size)) == NULL ||
        (next = firn_varint_get(next, end, &state)) == NULL)
        return FIRN_CORRUPT;
    size_t left = (size_t)(end - next);
    if (key_size == 0 || key_size > FIRN_CACHE_KEY_MAX_BYTES || key_size > left ||
        value_size > left - key_size || state > UINT32_MAX)
        return FIRN_CORRUPT;
    ret_record->key = (firn_bytes){next, (size_t)key_size};
    ret_record->value = (firn_bytes){next + key_size, (size_t)value_size};
    ret_record->state = (uint32_t)state;
    *at = next + key_size + value_size;
    return FIRN_OK;
}

firn_status firn_cache_record_find(const void *records, size_t size, firn_bytes key,
                                   firn_cache_record *ret_record, uint32_t *ret_slot)
{
    const uint8_t *at = records;
    const uint8_t *end = at + size;
    firn_cache_record record;
    firn_status status;
    for (uint32_t slot = 0; (status = firn_cache_record_next(&at, end, &record)) == FIRN_OK;
         slot++) {
        if (record.key.size == key.size && memcmp(record.key.data, key.data, key.size) == 0) {
            *ret_record = record;
            *ret_slot = slot;
            return FIRN_OK;
        }
    }
    return status == FIRN_END_OF_DATA ? FIRN_NOT_FOUND : status;
}
