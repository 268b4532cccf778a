/* S3-FIFO over ids; see <firn/policy.h>. Called by users; the cache follows the same rules over
 * whole spans (cache_move.c).
 *
 * Nouns: an entry is an id that is held; entries stand in an array, linked into two queues from
 * oldest to newest, and are found by a table of their numbers.
 * Invariants:
 *   Y1  every entry is in one queue, and in the table between its home and the next empty slot
 *   Y2  a queue's bytes are the sum of its entries' sizes; together they are at most the limit
 *   Y3  at most three quarters of the table are in use
 * Memory: 32 bytes an entry and 5 to 11 of table; ghosts for as many as there are entries, made
 * anew when that has doubled. Complexity: O(1), amortised over the rounds of the main queue. */
#include "tier/ghost.h"
#include "tier/s3fifo.h"

#include <firn/policy.h>

#include <assert.h>

#define NONE UINT32_MAX

typedef struct policy_entry {
    uint64_t id, size;
    uint32_t older, newer; /* free ones: newer is the next free */
    uint8_t uses, queue;
} policy_entry;
_Static_assert(sizeof(policy_entry) == 32, "what the header promises");

enum { SMALL, MAIN, QUEUES };

typedef struct policy_queue {
    uint32_t oldest, newest;
    uint64_t bytes;
} policy_queue;

struct firn_policy {
    firn_policy_options options;
    uint64_t small_bytes; /* what the small queue may have while main has something */
    policy_entry *entries;
    size_t entry_capacity;
    uint32_t entry_count; /* of the array in use, free ones included */
    uint32_t free_entry;
    uint32_t held;
    uint32_t *table;     /* number + 1; 0: empty */
    uint32_t table_size; /* a power of two */
    policy_queue queues[QUEUES];
    firn_ghost ghost;
    uint32_t ghost_count;
};

enum { TABLE_MIN = 64, GHOST_MIN = 64 };

static uint64_t hash_of(uint64_t id)
{
    id ^= id >> 32;
    id *= UINT64_C(0xd6e8feb86659fd93);
    id ^= id >> 32;
    id *= UINT64_C(0xd6e8feb86659fd93);
    return id ^ id >> 32;
}

/* --- the table --- */

static uint32_t home_of(const firn_policy *policy, uint64_t id)
{
    return (uint32_t)hash_of(id) & (policy->table_size - 1);
}

/* The slot that has id, or the empty one where it belongs. */
static uint32_t slot_of(const firn_policy *policy, uint64_t id)
{
    uint32_t slot = home_of(policy, id);
    while (policy->table[slot] != 0 && policy->entries[policy->table[slot] - 1].id != id)
        slot = (slot + 1) & (policy->table_size - 1);
    return slot;
}

static void slot_clear(firn_policy *policy, uint32_t hole)
{
    uint32_t mask = policy->table_size - 1;
    for (uint32_t slot = (hole + 1) & mask; policy->table[slot] != 0; slot = (slot + 1) & mask) {
        uint32_t home = home_of(policy, policy->entries[policy->table[slot] - 1].id);
        if (((slot - home) & mask) < ((slot - hole) & mask))
            continue; /* its home is behind the hole: Y1 */
        policy->table[hole] = policy->table[slot];
        hole = slot;
    }
    policy->table[hole] = 0;
}

static bool table_fit(firn_policy *policy)
{
    uint32_t old_size = policy->table_size;
    if ((uint64_t)(policy->held + 1) * 4 <= (uint64_t)old_size * 3) /* Y3 */
        return true;
    if (old_size > UINT32_MAX / 4)
        return false;
    uint32_t size = old_size > 0 ? old_size * 2 : TABLE_MIN;
    uint32_t *table = firn_allocate_zeroed(policy->options.allocator, size, sizeof *table);
    if (table == NULL)
        return false;
    uint32_t *old = policy->table;
    policy->table = table;
    policy->table_size = size;
    for (uint32_t i = 0; i < old_size; i++) {
        if (old[i] != 0)
            table[slot_of(policy, policy->entries[old[i] - 1].id)] = old[i];
    }
    firn_release(policy->options.allocator, old, old_size * sizeof *old);
    return true;
}

/* --- the queues --- */

static void queue_add(firn_policy *policy, uint32_t number, uint8_t kind)
{
    policy_queue *queue = &policy->queues[kind];
    policy_entry *entry = &policy->entries[number];
    entry->queue = kind;
    entry->older = queue->newest;
    entry->newer = NONE;
    if (queue->newest != NONE)
        policy->entries[queue->newest].newer = number;
    else
        queue->oldest = number;
    queue->newest = number;
    queue->bytes += entry->size;
}

static void queue_remove(firn_policy *policy, uint32_t number)
{
    policy_entry *entry = &policy->entries[number];
    policy_queue *queue = &policy->queues[entry->queue];
    if (entry->older != NONE)
        policy->entries[entry->older].newer = entry->newer;
    else
        queue->oldest = entry->newer;
    if (entry->newer != NONE)
        policy->entries[entry->newer].older = entry->older;
    else
        queue->newest = entry->older;
    queue->bytes -= entry->size;
}

static void entry_drop(firn_policy *policy, uint32_t number)
{
    policy_entry *entry = &policy->entries[number];
    uint32_t slot = slot_of(policy, entry->id);
    assert(policy->table[slot] == number + 1); /* Y1 */
    slot_clear(policy, slot);
    queue_remove(policy, number);
    entry->newer = policy->free_entry;
    policy->free_entry = number;
    policy->held--;
}

static void ghost_add(firn_policy *policy, uint64_t id)
{
    if (policy->ghost_count < policy->held || policy->ghost.places == NULL) {
        uint32_t count = policy->held < GHOST_MIN ? GHOST_MIN : policy->held * 2;
        firn_ghost larger;
        if (firn_ghost_init(&larger, policy->options.allocator, count)) {
            firn_ghost_fini(&policy->ghost, policy->options.allocator);
            policy->ghost = larger;
            policy->ghost_count = count;
        }
    }
    if (policy->ghost.places == NULL)
        return;                                     /* without memory, nothing is remembered */
    firn_ghost_limit(&policy->ghost, policy->held); /* as many as are held, as the paper has it */
    firn_ghost_add(&policy->ghost, hash_of(id));
}

static void entry_evict(firn_policy *policy, uint32_t number)
{
    uint64_t id = policy->entries[number].id, size = policy->entries[number].size;
    entry_drop(policy, number);
    if (policy->options.evicted != NULL)
        policy->options.evicted(policy->options.context, id, size);
}

/* Evicts an entry, or moves one on to the main queue or around in it. */
static void evict_step(firn_policy *policy)
{
    policy_queue *small = &policy->queues[SMALL], *main = &policy->queues[MAIN];
    bool from_small =
        main->oldest == NONE || (small->oldest != NONE && small->bytes > policy->small_bytes);
    uint32_t number = from_small ? small->oldest : main->oldest;
    policy_entry *entry = &policy->entries[number];
    if (from_small && entry->uses < FIRN_S3FIFO_SMALL_USES) {
        ghost_add(policy, entry->id);
        entry_evict(policy, number);
    } else if (!from_small && entry->uses == 0) {
        entry_evict(policy, number);
    } else {
        queue_remove(policy, number);
        entry->uses = from_small ? 0 : (uint8_t)(entry->uses - 1);
        queue_add(policy, number, MAIN);
    }
}

/* --- the calls --- */

firn_status firn_policy_create(const firn_policy_options *options, firn_policy **ret_policy)
{
    if (options == NULL || options->limit_bytes == 0 || options->small_percent > 90 ||
        options->reserved[0] != 0 || options->reserved[1] != 0)
        return FIRN_INVALID;
    firn_policy *policy = firn_allocate_zeroed(options->allocator, 1, sizeof *policy);
    if (policy == NULL)
        return FIRN_NO_MEMORY;
    policy->options = *options;
    uint64_t percent =
        options->small_percent > 0 ? options->small_percent : FIRN_S3FIFO_SMALL_PERCENT;
    policy->small_bytes =
        options->limit_bytes / 100 * percent + options->limit_bytes % 100 * percent / 100;
    policy->free_entry = NONE;
    for (int i = 0; i < QUEUES; i++)
        policy->queues[i] = (policy_queue){NONE, NONE, 0};
    *ret_policy = policy;
    return FIRN_OK;
}

void firn_policy_destroy(firn_policy *policy)
{
    if (policy == NULL)
        return;
    const firn_allocator *allocator = policy->options.allocator;
    firn_ghost_fini(&policy->ghost, allocator);
    firn_release(allocator, policy->entries, policy->entry_capacity * sizeof *policy->entries);
    firn_release(allocator, policy->table, policy->table_size * sizeof *policy->table);
    firn_release(allocator, policy, sizeof *policy);
}

static uint32_t find(const firn_policy *policy, uint64_t id)
{
    if (policy->table_size == 0)
        return NONE;
    return policy->table[slot_of(policy, id)] - 1; /* 0, an empty slot, gives NONE */
}

bool firn_policy_get(firn_policy *policy, uint64_t id)
{
    uint32_t number = find(policy, id);
    if (number == NONE)
        return false;
    if (policy->entries[number].uses < FIRN_S3FIFO_USES_MAX)
        policy->entries[number].uses++;
    return true;
}

static bool entry_fit(firn_policy *policy)
{
    if (policy->free_entry != NONE)
        return true;
    return policy->entry_count < NONE - 1 &&
           firn_grow(policy->options.allocator, (void **)&policy->entries, &policy->entry_capacity,
                     (size_t)policy->entry_count + 1, sizeof *policy->entries);
}

firn_status firn_policy_put(firn_policy *policy, uint64_t id, uint64_t size)
{
    uint32_t number = find(policy, id);
    uint8_t queue = SMALL, uses = 0;
    if (size == 0)
        return FIRN_INVALID;
    if (number != NONE) { /* anew, where it was */
        queue = policy->entries[number].queue;
        uses = policy->entries[number].uses;
        entry_drop(policy, number);
    }
    if (size > policy->options.limit_bytes)
        return FIRN_LIMIT;
    while (size > policy->options.limit_bytes - firn_policy_used_bytes(policy))
        evict_step(policy);
    if (!entry_fit(policy) || !table_fit(policy))
        return FIRN_NO_MEMORY;
    if (firn_ghost_take(&policy->ghost, hash_of(id)))
        queue = MAIN;
    number = policy->free_entry != NONE ? policy->free_entry : policy->entry_count++;
    if (number == policy->free_entry)
        policy->free_entry = policy->entries[number].newer;
    policy->entries[number] = (policy_entry){.id = id, .size = size, .uses = uses};
    policy->table[slot_of(policy, id)] = number + 1;
    policy->held++;
    queue_add(policy, number, queue);
    return FIRN_OK;
}

bool firn_policy_remove(firn_policy *policy, uint64_t id)
{
    uint32_t number = find(policy, id);
    if (number == NONE)
        return false;
    entry_drop(policy, number);
    return true;
}

uint64_t firn_policy_used_bytes(const firn_policy *policy)
{
    return policy->queues[SMALL].bytes + policy->queues[MAIN].bytes; /* Y2 */
}

uint64_t firn_policy_count(const firn_policy *policy)
{
    return policy->held;
}
