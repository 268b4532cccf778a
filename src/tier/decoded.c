/* The decoded segments of an open store, least recently used ones going first.
 *
 * Stands below read.c, which does the reading and decoding between pin and filled, outside the
 * lock. Calls the allocator and the system's mutexes.
 *
 * Nouns: an entry is one segment's data with its header in front; pinned entries are in use,
 * unpinned ones wait in a list from newest to oldest.
 * Invariants, whenever the mutex is free:
 *   D1  a segment has one entry at most, in the bucket of its number; an entry whose filling failed
 *       is in no bucket, and goes with its last pin
 *   D2  an entry is in the list exactly when it is ready and has no pin
 *   D3  live_bytes is the sum of the sizes of the entries in the table, and at most limit_bytes
 *       unless pinned entries alone take more
 * Threads: all functions but init and fini may be called by any. Two threads that want the same
 * segment decode it once: the second waits for the first.
 * Memory: a block an entry, and one to two pointers for each.
 * Complexity: pin and unpin O(1), plus the evictions. */
#include "tier/decoded.h"

#include "tier/forked.h"

#include <assert.h>

enum { FILLING, READY, FAILED };

/* The data begin at a multiple of 16 behind the entry. */
enum { DATA_AT = (sizeof(firn_decoded_entry) + 15) / 16 * 16, BUCKETS_MIN = 64 };

firn_status firn_decoded_init(firn_decoded *table, const firn_allocator *allocator,
                              size_t limit_bytes)
{
    *table = (firn_decoded){
        .allocator = allocator, .bucket_count = BUCKETS_MIN, .limit_bytes = limit_bytes};
    table->buckets = firn_allocate_zeroed(allocator, table->bucket_count, sizeof(void *));
    if (table->buckets == NULL)
        return FIRN_NO_MEMORY;
    if (pthread_mutex_init(&table->mutex, NULL) != 0)
        goto fail_mutex;
    if (pthread_cond_init(&table->decoded, NULL) != 0)
        goto fail_condition;
    return FIRN_OK;
fail_condition:
    pthread_mutex_destroy(&table->mutex);
fail_mutex:
    firn_release(allocator, table->buckets, table->bucket_count * sizeof(void *));
    return FIRN_NO_MEMORY;
}

static void entry_release(firn_decoded *table, firn_decoded_entry *entry)
{
    firn_release(table->allocator, entry, DATA_AT + (size_t)entry->size);
}

void firn_decoded_fini(firn_decoded *table)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        while (table->buckets[i] != NULL) {
            firn_decoded_entry *entry = table->buckets[i];
            assert(entry->pins == 0);
            table->buckets[i] = entry->chained;
            entry_release(table, entry);
        }
    }
    firn_release(table->allocator, table->buckets, table->bucket_count * sizeof(void *));
    pthread_cond_destroy(&table->decoded);
    pthread_mutex_destroy(&table->mutex);
}

bool firn_decoded_at_rest(firn_decoded *table)
{
    bool at_rest = firn_lock_was_free(&table->mutex);
    for (size_t i = 0; i < table->bucket_count && at_rest; i++)
        for (const firn_decoded_entry *entry = table->buckets[i]; entry != NULL && at_rest;
             entry = entry->chained)
            at_rest = entry->pins == 0;
    return at_rest;
}

/* --- buckets --- */

static firn_decoded_entry **bucket_of(const firn_decoded *table, uint32_t segment)
{
    return &table->buckets[segment * 0x9e3779b1u & (table->bucket_count - 1)];
}

static firn_decoded_entry *table_find(const firn_decoded *table, uint32_t segment)
{
    firn_decoded_entry *entry = *bucket_of(table, segment);
    while (entry != NULL && entry->segment != segment)
        entry = entry->chained;
    return entry;
}

/* Doubles the buckets; without memory for that the chains grow instead. */
static void table_grow(firn_decoded *table)
{
    firn_decoded_entry **old = table->buckets;
    size_t old_count = table->bucket_count;
    firn_decoded_entry **buckets =
        firn_allocate_zeroed(table->allocator, 2 * old_count, sizeof(void *));
    if (buckets == NULL)
        return;
    table->buckets = buckets;
    table->bucket_count = 2 * old_count;
    for (size_t i = 0; i < old_count; i++) {
        while (old[i] != NULL) {
            firn_decoded_entry *entry = old[i];
            firn_decoded_entry **bucket = bucket_of(table, entry->segment);
            old[i] = entry->chained;
            entry->chained = *bucket;
            *bucket = entry;
        }
    }
    firn_release(table->allocator, old, old_count * sizeof(void *));
}

static void table_add(firn_decoded *table, firn_decoded_entry *entry)
{
    if (table->entry_count == table->bucket_count)
        table_grow(table);
    firn_decoded_entry **bucket = bucket_of(table, entry->segment);
    entry->chained = *bucket;
    *bucket = entry;
    table->live_bytes += entry->size;
    table->entry_count++;
}

static void table_remove(firn_decoded *table, firn_decoded_entry *entry)
{
    firn_decoded_entry **link = bucket_of(table, entry->segment);
    while (*link != entry) {
        assert(*link != NULL); /* D1 */
        link = &(*link)->chained;
    }
    *link = entry->chained;
    table->live_bytes -= entry->size;
    table->entry_count--;
}

/* --- the list of unpinned entries --- */

static void list_add(firn_decoded *table, firn_decoded_entry *entry)
{
    entry->newer = NULL;
    entry->older = table->newest;
    if (table->newest != NULL)
        table->newest->newer = entry;
    else
        table->oldest = entry;
    table->newest = entry;
}

static void list_remove(firn_decoded *table, firn_decoded_entry *entry)
{
    if (entry->newer != NULL)
        entry->newer->older = entry->older;
    else
        table->newest = entry->older;
    if (entry->older != NULL)
        entry->older->newer = entry->newer;
    else
        table->oldest = entry->newer;
}

/* Evicts the oldest until `more` bytes fit below the limit, or nothing unpinned is left. */
static void make_room(firn_decoded *table, size_t more)
{
    while (table->oldest != NULL &&
           (more > table->limit_bytes || table->live_bytes > table->limit_bytes - more)) {
        firn_decoded_entry *entry = table->oldest;
        assert(entry->pins == 0 && entry->state == READY); /* D2 */
        list_remove(table, entry);
        table_remove(table, entry);
        entry_release(table, entry);
    }
}

/* --- pins --- */

static firn_status entry_create(firn_decoded *table, uint32_t segment, uint32_t size,
                                firn_decoded_entry **ret_entry)
{
    make_room(table, size);
    firn_decoded_entry *entry = firn_allocate(table->allocator, DATA_AT + (size_t)size);
    if (entry == NULL)
        return FIRN_NO_MEMORY;
    *entry = (firn_decoded_entry){.segment = segment, .pins = 1, .size = size, .state = FILLING};
    table_add(table, entry);
    *ret_entry = entry;
    return FIRN_OK;
}

/* Drops a pin. An entry that nobody pins goes to the list, or away when its filling failed. */
static void pin_drop(firn_decoded *table, firn_decoded_entry *entry)
{
    assert(entry->pins > 0);
    if (--entry->pins > 0)
        return;
    if (entry->state == FAILED) {
        entry_release(table, entry); /* D1 */
        return;
    }
    list_add(table, entry);
    make_room(table, 0);
}

/* Pins an entry that exists; waits while another thread fills it. False when that failed. */
static bool entry_pin(firn_decoded *table, firn_decoded_entry *entry)
{
    if (entry->pins++ == 0)
        list_remove(table, entry); /* D2 */
    while (entry->state == FILLING)
        pthread_cond_wait(&table->decoded, &table->mutex);
    if (entry->state == READY)
        return true;
    pin_drop(table, entry);
    return false;
}

firn_status firn_decoded_pin(firn_decoded *table, uint32_t segment, uint32_t size,
                             firn_decoded_entry **ret_entry, bool *ret_fill)
{
    firn_status status = FIRN_OK;
    firn_decoded_entry *entry;

    pthread_mutex_lock(&table->mutex);
    do
        entry = table_find(table, segment);
    while (entry != NULL && !entry_pin(table, entry));
    *ret_fill = entry == NULL;
    if (entry == NULL)
        status = entry_create(table, segment, size, &entry);
    pthread_mutex_unlock(&table->mutex);
    if (status == FIRN_OK)
        *ret_entry = entry;
    return status;
}

bool firn_decoded_has(firn_decoded *table, uint32_t segment)
{
    pthread_mutex_lock(&table->mutex);
    const bool found = table_find(table, segment) != NULL;
    pthread_mutex_unlock(&table->mutex);
    return found;
}

void firn_decoded_filled(firn_decoded *table, firn_decoded_entry *entry, bool done)
{
    pthread_mutex_lock(&table->mutex);
    assert(entry->state == FILLING);
    entry->state = done ? READY : FAILED;
    if (!done) {
        table_remove(table, entry);
        pin_drop(table, entry);
    }
    pthread_cond_broadcast(&table->decoded);
    pthread_mutex_unlock(&table->mutex);
}

void firn_decoded_unpin(firn_decoded *table, firn_decoded_entry *entry)
{
    pthread_mutex_lock(&table->mutex);
    assert(entry->state == READY);
    pin_drop(table, entry);
    pthread_mutex_unlock(&table->mutex);
}

uint8_t *firn_decoded_data(firn_decoded_entry *entry)
{
    return (uint8_t *)entry + DATA_AT;
}

void firn_decoded_usage(firn_decoded *table, firn_usage *ret_usage)
{
    pthread_mutex_lock(&table->mutex);
    uint64_t live = table->live_bytes;
    uint64_t overhead = table->bucket_count * sizeof(void *) + table->entry_count * DATA_AT;
    pthread_mutex_unlock(&table->mutex);
    *ret_usage = (firn_usage){.live_bytes = live,
                              .overhead_bytes = overhead,
                              .reserved_bytes = live + overhead,
                              .resident_bytes = live + overhead};
}
