/* Any bytes as the records of a group, and as a segment of a cache's store: refused, or read within
 * their bounds; what was read and written anew gives the same records. */
#include "tier/cache_frozen.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(firn_bytes a, firn_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Goes through records; each must lie within, be found by its key, and come back. */
static void records_read(const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size;
    firn_cache_record record, again;
    firn_status status;
    for (uint32_t count = 0; (status = firn_cache_record_next(&at, end, &record)) == FIRN_OK;
         count++) {
        uint32_t slot;
        const uint8_t *key = record.key.data;
        if (record.key.size == 0 || key < data || key + record.key.size > end ||
            (size_t)(end - key) < record.key.size + record.value.size)
            abort();
        if (count < 20 &&
            (firn_cache_record_find(data, size, record.key, &again, &slot) != FIRN_OK ||
             slot > count || !same(again.key, record.key)))
            abort();
        size_t bytes = firn_cache_record_size(&record);
        uint8_t *copy = malloc(bytes);
        if (copy == NULL || firn_cache_record_put(copy, &record) != bytes)
            abort();
        const uint8_t *from = copy;
        if (firn_cache_record_next(&from, copy + bytes, &again) != FIRN_OK ||
            from != copy + bytes || !same(again.key, record.key) ||
            !same(again.value, record.value) || again.state != record.state)
            abort();
        free(copy);
    }
    if (status != FIRN_END_OF_DATA && status != FIRN_CORRUPT)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_bytes records;
    uint32_t count;
    records_read(data, size);
    firn_status status = firn_cache_segment_open(data, size, &records, &count);
    if (status == FIRN_OK)
        records_read(records.data, records.size);
    else if (status != FIRN_CORRUPT && status != FIRN_VERSION)
        abort();
    return 0;
}
