/* Decoded segments held in memory under a byte limit, shared between threads. */
#ifndef FIRN_TIER_DECODED_H
#define FIRN_TIER_DECODED_H

#include <firn/allocator.h>
#include <firn/status.h>
#include <firn/usage.h>

#include <pthread.h>

/* A segment that is decoded, or being decoded. */
typedef struct firn_decoded_entry firn_decoded_entry;
struct firn_decoded_entry {
    firn_decoded_entry *newer; /* of those that nobody pins, by their last use */
    firn_decoded_entry *older;
    firn_decoded_entry *chained; /* the next one of its bucket */
    uint32_t segment;
    uint32_t pins;
    uint32_t size; /* bytes of data, which follow this struct */
    uint32_t state;
};

typedef struct firn_decoded {
    const firn_allocator *allocator;
    pthread_mutex_t mutex;
    pthread_cond_t decoded; /* an entry is ready or has failed */
    firn_decoded_entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t limit_bytes;
    size_t live_bytes;
    size_t entry_count;
    firn_decoded_entry *newest; /* unpinned */
    firn_decoded_entry *oldest;
} firn_decoded;

FIRN_NODISCARD firn_status firn_decoded_init(firn_decoded *table, const firn_allocator *allocator,
                                             size_t limit_bytes);
void firn_decoded_fini(firn_decoded *table);
/* In a child of fork: whether no other thread was at it, or held a pin. */
bool firn_decoded_at_rest(firn_decoded *table);

/* Pins a segment's entry. *ret_fill tells that it is new and that the caller must fill its data
 * (size bytes) and then call firn_decoded_filled; until then others who pin it wait.
 * FIRN_NO_MEMORY.
 */
FIRN_NODISCARD firn_status firn_decoded_pin(firn_decoded *table, uint32_t segment, uint32_t size,
                                            firn_decoded_entry **ret_entry, bool *ret_fill);
/* Whether a segment has an entry, which may be gone at once. */
bool firn_decoded_has(firn_decoded *table, uint32_t segment);
/* Ends the filling. done false: the pin is gone, and the next who waits tries anew. */
void firn_decoded_filled(firn_decoded *table, firn_decoded_entry *entry, bool done);
void firn_decoded_unpin(firn_decoded *table, firn_decoded_entry *entry);

/* The entry's data, aligned for any object. */
uint8_t *firn_decoded_data(firn_decoded_entry *entry);

/* live: decoded bytes; overhead: the entries and their table. */
void firn_decoded_usage(firn_decoded *table, firn_usage *ret_usage);

#endif
