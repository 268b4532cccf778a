/* Lists of keys: for each segment of records a small one, with 95 bits of hash for each of them,
 * from which an opening fills the index in a tenth of the time that unpacking all takes. The seed
 * of the hashes is the store's, so it is in each list. A list is no more than a help: where it is
 * missing or damaged, its segment is unpacked.
 *
 * Called by cache_freeze.c, cache_compact.c and cache_reopen.c; calls cache_frozen.c. Threads: puts
 * by one at a time, as segments. Memory: 12 bytes a record while it is put. */
#include "tier/cache_list.h"
#include "tier/cache_frozen.h"

#include "core/bytes.h"

enum {
    VERSION = 1,
    AT_VERSION = 4,  /* u16 */
    AT_ZERO = 6,     /* u16 */
    AT_SEGMENT = 8,  /* u32 */
    AT_COUNT = 12,   /* u32 */
    AT_SEED = 16,    /* 2 u64 */
    AT_ENTRIES = 32, /* each u64 hash, u32 other << 1 | gone */
    ENTRY_BYTES = 12
};
static const uint32_t MAGIC = 0x314c4346; /* "FCL1" */

static uint32_t other_hash(const firn_cache *cache, firn_bytes key)
{
    firn_hash_seed seed = {cache->seed.second * UINT64_C(0x9e3779b97f4a7c15) + 1,
                           cache->seed.first ^ UINT64_C(0xd1b54a32d192ed03)};
    return (uint32_t)(firn_hash_bytes(seed, key.data, key.size) >> 33);
}

firn_cache_listed firn_cache_list_entry(const firn_cache *cache, const firn_cache_record *record)
{
    return (firn_cache_listed){.hash = firn_cache_hash(cache, record->key),
                               .other_hash = other_hash(cache, record->key),
                               .gone = record->state == FIRN_CACHE_STATE_GONE};
}

firn_status firn_cache_list_put(firn_cache *cache, firn_bytes records, uint32_t count,
                                uint32_t segment, uint32_t *ret_list, firn_error *ret_error)
{
    const size_t size = AT_ENTRIES + (size_t)count * ENTRY_BYTES;
    uint8_t *data = firn_allocate_zeroed(cache->allocator, size, 1);
    if (data == NULL)
        return FIRN_NO_MEMORY;
    put_u32(data, MAGIC);
    put_u16(data + AT_VERSION, VERSION);
    put_u32(data + AT_SEGMENT, segment);
    put_u32(data + AT_COUNT, count);
    put_u64(data + AT_SEED, cache->seed.first);
    put_u64(data + AT_SEED + 8, cache->seed.second);
    uint8_t *out = data + AT_ENTRIES;
    const uint8_t *at = records.data, *end = at + records.size;
    firn_cache_record record;
    while (out < data + size && firn_cache_record_next(&at, end, &record) == FIRN_OK) {
        firn_cache_listed entry = firn_cache_list_entry(cache, &record);
        put_u64(out, entry.hash);
        put_u32(out + 8, entry.other_hash << 1 | entry.gone);
        out += ENTRY_BYTES;
    }
    firn_status status = firn_cache_frozen_put_list(cache, data, size, ret_list, ret_error);
    firn_release(cache->allocator, data, size);
    return status;
}

firn_status firn_cache_list_open(const void *data, size_t size, firn_cache_list *ret_list)
{
    const uint8_t *at = data;
    if (size < AT_ENTRIES || get_u32(at) != MAGIC)
        return FIRN_CORRUPT;
    if (get_u16(at + AT_VERSION) > VERSION)
        return FIRN_VERSION;
    firn_cache_list list = {.segment = get_u32(at + AT_SEGMENT),
                            .count = get_u32(at + AT_COUNT),
                            .seed = {get_u64(at + AT_SEED), get_u64(at + AT_SEED + 8)},
                            .entries = at + AT_ENTRIES};
    if (get_u16(at + AT_VERSION) != VERSION || get_u16(at + AT_ZERO) != 0 ||
        size - AT_ENTRIES != (uint64_t)list.count * ENTRY_BYTES)
        return FIRN_CORRUPT;
    *ret_list = list;
    return FIRN_OK;
}

firn_cache_listed firn_cache_list_at(const firn_cache_list *list, uint32_t at)
{
    const uint8_t *entry = list->entries + (size_t)at * ENTRY_BYTES;
    uint32_t other = get_u32(entry + 8);
    return (firn_cache_listed){
        .hash = get_u64(entry), .other_hash = other >> 1, .gone = (other & 1) != 0};
}
