/* The cache's shared nouns; what each file of src/tier/cache_*.c does is listed in cache.c.
 *
 *   item    a key and its value
 *   entry   an item as given, in a span: 24 bytes of header, key, value
 *   record  an item in a group or a frozen segment (cache_record.h)
 *   span    64 KiB of entries, filled once; an item above 16 KiB has a span of its own
 *   group   up to 64 KiB of records, packed, in cells
 *   block   a span or a group; it stands in one queue of its shard, oldest first
 *   place   where an item's first copy is, in 32 bits:
 *             span    1 | block, 17 bits | offset / 8, 13 bits
 *             group   2 | block, 30 bits
 *             frozen  3 | batch, 30 bits
 *   batch   what a segment of the store holds of items, as this process counts it
 */
#ifndef FIRN_TIER_CACHE_H
#define FIRN_TIER_CACHE_H

#include "pack/hash.h"
#include "tier/cache_cells.h"
#include "tier/cache_index.h"
#include "tier/cache_memory.h"
#include "tier/cache_record.h"
#include "tier/ghost.h"

#include <firn/cache.h>
#include <firn/codec.h>
#include <firn/store.h>

#include <pthread.h>
#include <stdatomic.h>

/* Invariants of a shard, whenever its lock is free:
 *   C1  each key has at most one slot in the index, whose place holds it
 *   C2  no two keys of one hash in a shard are live in the same group or batch, so that (hash,
 *       place) names one item
 *   C3  an entry is dead, or the index leads to it
 *   C4  an entry that is not dirty is a copy of what lies at `below` (a group) or in batch `frozen`
 *   C5  a dirty entry has no `below`; `frozen` is the batch of the key's older value, 0 for none
 *   C6  a group's record is live when the index leads to the group, or to an entry with the group
 *       below it; block.live counts them
 *   C7  blocks that are being frozen (FROZEN_SOON) do not move, and what is in them is not replaced
 *       before that has ended
 *   C8  a batch's live counts the keys whose newest durable value it holds
 * Locks, in the order of taking: freeze (one at a time writes to the store), the shards' move in
 * their order (one at a time moves a shard's blocks), commit (held from C7's begin to its end, so
 * that whoever must wait for that takes it), a shard's lock, then those of batches and works. */

enum {
    FIRN_SPAN_BYTES = 64 << 10,
    FIRN_SPAN_OWN_BYTES = 16 << 10, /* larger entries have their own span */
    FIRN_GROUP_BYTES = 64 << 10,
    FIRN_BATCH_BYTES = 128 << 10,  /* with 256 the disk has 3 to 5 % less, and puts wait longer */
    FIRN_CACHE_SMALL_PERCENT = 50, /* of hot, which alone is some tenth of what all tiers hold */
};

/* --- places --- */

typedef enum firn_place_kind {
    FIRN_PLACE_SPAN = 1,
    FIRN_PLACE_GROUP = 2,
    FIRN_PLACE_FROZEN = 3
} firn_place_kind;

#define FIRN_SPAN_BLOCK_MAX ((1u << 17) - 1)
#define FIRN_PLACE_NUMBER_MAX ((1u << 30) - 1)

static inline firn_place_kind firn_place_kind_of(uint32_t place)
{
    return (firn_place_kind)(place >> 30);
}
static inline uint32_t firn_place_span(uint32_t block, uint32_t offset)
{
    return (uint32_t)FIRN_PLACE_SPAN << 30 | block << 13 | offset / 8;
}
static inline uint32_t firn_place_group(uint32_t block)
{
    return (uint32_t)FIRN_PLACE_GROUP << 30 | block;
}
static inline uint32_t firn_place_frozen(uint32_t batch)
{
    return (uint32_t)FIRN_PLACE_FROZEN << 30 | batch;
}
static inline uint32_t firn_place_number(uint32_t place) /* of a group's block or a batch */
{
    return place & FIRN_PLACE_NUMBER_MAX;
}
static inline uint32_t firn_place_block(uint32_t place) /* of a span */
{
    return place >> 13 & FIRN_SPAN_BLOCK_MAX;
}
static inline uint32_t firn_place_offset(uint32_t place)
{
    return (place & 0x1fff) * 8;
}

/* --- entries --- */

enum {
    FIRN_ENTRY_DEAD = 1,
    FIRN_ENTRY_DIRTY = 2,        /* younger than what is durable */
    FIRN_ENTRY_GONE = 4,         /* says that a key of batch `frozen` was removed; dirty */
    FIRN_ENTRY_BELOW_DIRTY = 8,  /* the record below is dirty, unless its group was flushed since */
    FIRN_ENTRY_FROZEN_SOON = 16, /* C7 */
    FIRN_ENTRY_PACKING = 32      /* its copy is being packed */
};

typedef struct firn_cache_entry {
    uint32_t value_size;
    uint16_t key_size;
    uint8_t uses : 4;  /* since it came here, up to 3 */
    uint8_t queue : 4; /* the span's, for gets, which then need not look at the block */
    uint8_t flags;
    uint32_t below;  /* place of a group, or 0 */
    uint32_t frozen; /* batch, or 0 */
    uint32_t stamp;  /* its last use, tenths of a second */
    uint32_t hash;
} firn_cache_entry;
_Static_assert(sizeof(firn_cache_entry) == 24, "the header of an entry");

static inline uint8_t *firn_entry_key(const firn_cache_entry *entry)
{
    return (uint8_t *)(uintptr_t)(entry + 1);
}
static inline uint8_t *firn_entry_value(const firn_cache_entry *entry)
{
    return firn_entry_key(entry) + entry->key_size;
}
static inline size_t firn_entry_bytes(size_t key_size, size_t value_size)
{
    return (sizeof(firn_cache_entry) + key_size + value_size + 7) & ~(size_t)7;
}

/* The state of a group's record: the batch of an older or the same durable value, and whether it is
 * younger than that. */
static inline uint32_t firn_state_make(uint32_t frozen, bool dirty)
{
    return frozen << 1 | dirty;
}

/* --- blocks --- */

typedef enum firn_queue_kind {
    FIRN_QUEUE_SMALL,   /* spans: new items */
    FIRN_QUEUE_MAIN,    /* spans: items used again */
    FIRN_QUEUE_GONE,    /* spans: notes of removals, until they are frozen */
    FIRN_QUEUE_TO_WARM, /* spans: on their way to a group */
    FIRN_QUEUE_TO_COLD,
    FIRN_QUEUE_WARM, /* groups */
    FIRN_QUEUE_COLD,
    FIRN_QUEUE_COUNT,
    FIRN_QUEUE_NONE = FIRN_QUEUE_COUNT /* not in use, or pinned and else gone */
} firn_queue_kind;

enum {
    FIRN_BLOCK_OPEN = 1,        /* a span that is being filled */
    FIRN_BLOCK_DIRTY = 2,       /* may hold what is not durable */
    FIRN_BLOCK_FROZEN_SOON = 4, /* C7 */
    FIRN_BLOCK_HAS_FROZEN = 8,  /* a group: records of it have batches in their states */
    FIRN_BLOCK_DAMAGED = 16,    /* a group that cannot be unpacked; it stays */
    FIRN_BLOCK_FLUSH = 32       /* a flush must still look into it */
};

#define FIRN_BLOCK_NONE UINT32_MAX

typedef struct firn_cache_block {
    uint8_t *data;       /* a span's memory; a group: bits of the records used lately, or NULL */
    uint32_t size;       /* a span: bytes filled; a group: bytes packed */
    uint32_t capacity;   /* a span: bytes of memory; a group: bytes unpacked */
    uint32_t first_cell; /* of a group */
    uint32_t count;      /* entries or records */
    uint32_t live;
    uint32_t live_bytes; /* keys and values of the live ones */
    uint32_t stamp;      /* when it was last added to */
    uint32_t older, newer;
    uint32_t flushed; /* a group: the batch that made its dirty records durable, or 0 */
    uint32_t pins;
    uint32_t generation; /* counts the uses of this number */
    uint8_t queue;
    uint8_t flags;
    uint8_t dictionary; /* a group: 1 and up; 0: none */
} firn_cache_block;

typedef struct firn_cache_queue {
    uint32_t oldest, newest;
    uint32_t open; /* the span that is being filled, or NONE */
    uint32_t count;
    uint64_t used_bytes; /* of memory */
} firn_cache_queue;

typedef struct firn_cache_shard {
    /* what each get needs, in two lines of the processor's cache */
    pthread_mutex_t lock;
    firn_cache_index index;
    uint16_t *spans;    /* units, by the spans' blocks: see firn_cache_span_data */
    uint64_t span_base; /* an address; units count from it */
    uint32_t span_unit_bits;
    uint32_t usual_bytes; /* of the entries that gets find, the last ones the most */
    uint64_t hits[FIRN_TIER_COUNT];

    pthread_mutex_t move;
    firn_cache_cells cells;
    firn_cache_block *blocks;
    size_t block_capacity, span_capacity;
    uint32_t block_count, free_block;
    firn_cache_queue queues[FIRN_QUEUE_COUNT];
    firn_ghost ghost;
    uint64_t record_count, record_live; /* in all groups */
    uint64_t demotions[FIRN_TIER_COUNT];
    uint64_t misses, puts, removes, promotions;
} firn_cache_shard;

/* --- the cache --- */

/* What one call needs to unpack, or a mover to pack: made when needed, kept for the next. */
typedef enum firn_work_kind {
    FIRN_WORK_READ,
    FIRN_WORK_PACK,
    FIRN_WORK_FREEZE,
    FIRN_WORK_COUNT
} firn_work_kind;
typedef struct firn_cache_work firn_cache_work;
struct firn_cache_work {
    firn_cache_work *next;
    firn_work_kind kind;
    firn_codec *codec;
    uint8_t *packed, *plain;
    size_t packed_capacity, plain_capacity;
    size_t plain_size;
    firn_segment segment; /* pinned when its entry is not NULL */
    uint64_t started_ns;  /* of the first unpacking, 0 for none */
};

typedef struct firn_cache_batch {
    uint32_t segment;
    uint32_t list;    /* of its keys; a segment, too, or FIRN_SEGMENT_NONE */
    uint32_t forward; /* the batch that took over its items, or 0 */
    uint32_t live;    /* C8 */
    uint32_t count;   /* records in the segment */
    uint32_t gone;    /* of these, notes of removals */
} firn_cache_batch;

typedef struct firn_cache_age {
    uint32_t base_ms;   /* as set */
    atomic_uint now_ms; /* as steered */
    uint64_t promotions_before;
} firn_cache_age;

typedef struct firn_cache_dictionaries firn_cache_dictionaries;
typedef struct firn_cache_frozen firn_cache_frozen;

struct firn_cache {
    firn_cache_memory memory;
    const firn_allocator *allocator; /* &memory.counted */
    const firn_allocator *own;       /* what this struct came from */
    uint8_t *here;                   /* a page that a forked child finds wiped; 1 */
    firn_cache_shard *shards;
    uint32_t shard_count;
    firn_hash_seed seed;

    uint64_t limit_bytes, tier_bytes[3];
    bool tier_given[3];
    uint32_t wait_ms;
    bool ignore_pressure;
    atomic_uint_fast64_t target_bytes; /* of memory, under the machine's pressure */

    uint64_t (*clock_ns)(void *context);
    void *clock_context;
    pthread_mutex_t time_lock;
    uint64_t raw_ns, time_ns; /* the clock's last value; time without its jumps */
    atomic_uint now;          /* time in tenths of a second */
    uint64_t steered_ns, pressure_ns;
    uint64_t calls_before; /* of all kinds, at the last tick */
    uint64_t busy_ns;      /* when there were calls */
    uint64_t repacked_ns;  /* when the last segment was packed again */
    bool no_repack;
    firn_cache_age age[3];

    pthread_mutex_t works_lock;
    firn_cache_work *works[FIRN_WORK_COUNT]; /* idle */
    uint32_t work_count[FIRN_WORK_COUNT];
    atomic_uint freeze_works; /* that exist, idle or not */

    firn_cache_frozen *store; /* NULL: none */
    pthread_mutex_t freeze, commit;
    uint32_t freeze_shard; /* where the next freezing begins */
    bool keep_gone;        /* a commit has failed: see cache_compact.c */
    pthread_mutex_t batches_lock;
    firn_cache_batch *batches; /* 0 is not used */
    size_t batch_capacity;
    uint32_t batch_count;

    firn_cache_dictionaries *dictionaries;

    bool has_thread;
    pthread_t thread;
    pthread_mutex_t thread_lock;
    pthread_cond_t wake;
    atomic_bool stop;
    bool woken;

    atomic_uint_fast64_t refused, waited, commits;
    atomic_uint_fast64_t latency[FIRN_TIER_COUNT + 1][FIRN_CACHE_LATENCY_COUNT]; /* last: puts */
    atomic_uint sample;
};

/* --- cache_block.c: blocks, queues, entries. The shard's lock is held in all --- */

FIRN_NODISCARD firn_status firn_cache_shard_init(firn_cache *cache, firn_cache_shard *shard);
void firn_cache_shard_fini(firn_cache *cache, firn_cache_shard *shard);

/* Adds an entry at the end of a queue of spans and gives its place; key, hash and sizes are set,
 * the value is the caller's to write. NULL when there is no memory. The block's flag DIRTY is the
 * caller's too. */
firn_cache_entry *firn_cache_entry_add(firn_cache *cache, firn_cache_shard *shard,
                                       firn_queue_kind queue, firn_bytes key, uint32_t hash,
                                       size_t value_size, uint32_t *ret_place);
/* Where a span is stands in the table of blocks, and in 2 bytes of a table of its own, which stays
 * in the processor's cache when gets go all over 600 MB: for each, 50 ns less than with a pointer
 * there. 0: the span lies too far from the first one, or at no unit's begin. */
static inline uint8_t *firn_cache_span_data(const firn_cache_shard *shard, uint32_t block)
{
    uint64_t unit = shard->spans[block];
    if (unit == 0)
        return shard->blocks[block].data;
    return (uint8_t *)(uintptr_t)(shard->span_base + (unit << shard->span_unit_bits));
}
static inline firn_cache_entry *firn_cache_entry_at(const firn_cache_shard *shard, uint32_t place)
{
    return (firn_cache_entry *)(void *)(firn_cache_span_data(shard, firn_place_block(place)) +
                                        firn_place_offset(place));
}
/* Marks an entry dead and gives up its span when it was the last. `below` loses a live record when
 * `with_below` is set. */
void firn_cache_entry_kill(firn_cache *cache, firn_cache_shard *shard, uint32_t place,
                           bool with_below);
/* Takes size bytes of one live record off a group and gives it up when it was the last. */
void firn_cache_group_less(firn_cache *cache, firn_cache_shard *shard, uint32_t block, size_t size);

/* Packs nothing: makes a group of a frame. FIRN_BLOCK_NONE when there is no memory. */
uint32_t firn_cache_group_add(firn_cache *cache, firn_cache_shard *shard, firn_queue_kind queue,
                              const void *frame, size_t frame_size, size_t plain_size);
void firn_cache_group_used(firn_cache *cache, firn_cache_block *block, uint32_t slot);
bool firn_cache_group_was_used(const firn_cache_block *block, uint32_t slot);

/* Ends the filling of a queue's open span. */
void firn_cache_span_seal(firn_cache *cache, firn_cache_shard *shard, firn_queue_kind queue);
/* Gives up a block without live items, unless it is pinned or open. */
void firn_cache_block_settle(firn_cache *cache, firn_cache_shard *shard, uint32_t block);
/* The oldest block of a queue that has none of the flags; FIRN_BLOCK_NONE when there is none. */
uint32_t firn_cache_block_oldest(const firn_cache_shard *shard, firn_queue_kind queue,
                                 uint32_t without);
/* Moves a live entry to the end of a queue of spans, with so many uses. False when there is no
 * memory. */
FIRN_NODISCARD bool firn_cache_entry_move(firn_cache *cache, firn_cache_shard *shard,
                                          uint32_t place, firn_queue_kind queue, uint8_t uses);
/* The durable batch of what an entry holds or replaces. */
uint32_t firn_cache_entry_durable(const firn_cache_shard *shard, const firn_cache_entry *entry);
firn_tier firn_cache_queue_tier(unsigned queue);
firn_tier firn_cache_place_tier(const firn_cache_shard *shard, uint32_t place);
uint64_t firn_cache_queue_bytes(const firn_cache_shard *shard, firn_tier tier);

/* --- cache_find.c --- */

typedef struct firn_cache_found {
    uint32_t position; /* in the index; NONE: the key is not there */
    uint32_t place;
    uint32_t slot;  /* of a group's record */
    uint32_t state; /* of a group's record, as it is written */
    firn_bytes value;
} firn_cache_found;

/* Finds a key, unpacking what may hold it. On FIRN_OK the shard's lock is held, and found is right
 * while it is; on an error it is free. *work may be NULL and is taken when it is needed; the caller
 * gives it back, when it no longer reads the value. */
FIRN_NODISCARD firn_status firn_cache_find(firn_cache *cache, firn_cache_shard *shard,
                                           uint32_t hash, firn_bytes key, firn_cache_work **work,
                                           firn_cache_found *ret_found, firn_error *ret_error);

/* The same when the lock is held, which it is not any more after an error. */
FIRN_NODISCARD firn_status firn_cache_find_held(firn_cache *cache, firn_cache_shard *shard,
                                                uint32_t hash, firn_bytes key,
                                                firn_cache_work **work, firn_cache_found *ret_found,
                                                firn_error *ret_error);
/* The live entry of a key, by the shortest way (20 ns less of 680): where its slot is the first of
 * its hash and in the line where that begins. NULL: it may be there nonetheless. The shard's lock
 * is held. */
firn_cache_entry *firn_cache_find_near(const firn_cache_shard *shard, uint32_t hash,
                                       firn_bytes key);

/* Unpacks a group, whose packed form is copied under the lock, into work->plain. The lock is held
 * before and after, and free between. FIRN_NOT_FOUND: the group is another by now. */
FIRN_NODISCARD firn_status firn_cache_group_unpack(firn_cache *cache, firn_cache_shard *shard,
                                                   uint32_t block, firn_cache_work *work,
                                                   firn_error *ret_error);

/* --- cache_work.c --- */

/* One that is idle, or a new one; NULL when there is no memory. */
firn_cache_work *firn_cache_work_take(firn_cache *cache, firn_work_kind kind);
/* work may be NULL. */
void firn_cache_work_give(firn_cache *cache, firn_cache_work *work);
/* Makes both buffers at least so large; what is in them is lost. */
FIRN_NODISCARD firn_status firn_cache_work_fit(firn_cache *cache, firn_cache_work *work,
                                               size_t packed_size, size_t plain_size);
/* Releases the idle ones; all of them at the end. */
void firn_cache_works_trim(firn_cache *cache, firn_work_kind kind);

/* --- cache_move.c: a shard's items going down. The shard's move is held, its lock is not. All
 * return FIRN_END_OF_DATA when there was nothing to do --- */

/* Moves what must go out of the oldest span of hot: with `aged`, which has stood there for hot's
 * age, what was not used since; else what S3-FIFO says. */
FIRN_NODISCARD firn_status firn_cache_move_hot(firn_cache *cache, firn_cache_shard *shard,
                                               bool aged);
/* Moves the oldest group of warm to cold. */
FIRN_NODISCARD firn_status firn_cache_move_warm(firn_cache *cache, firn_cache_shard *shard,
                                                bool aged);
/* Drops the oldest group of cold, whose items the store holds: FIRN_BUSY when it does not; with
 * `any`, the oldest that it does hold. */
FIRN_NODISCARD firn_status firn_cache_move_cold(firn_cache *cache, firn_cache_shard *shard,
                                                bool aged, bool any);
/* Writes a group anew that is less than half live, if a quarter of all records are dead. */
FIRN_NODISCARD firn_status firn_cache_move_sparse(firn_cache *cache, firn_cache_shard *shard);

/* --- cache_dictionary.c --- */

/* Bytes that are to be kept free for what it will take. */
uint64_t firn_cache_dictionaries_reserve(const firn_cache *cache);

/* --- cache_pack.c --- */

/* Packs the full spans that wait for it; with `all`, the open ones too. move is held. */
FIRN_NODISCARD firn_status firn_cache_pack_waiting(firn_cache *cache, firn_cache_shard *shard,
                                                   bool all);

/* The slot of the live item of a group's record: it leads to the group, or to an entry above it.
 * FIRN_CACHE_INDEX_NONE when the record is dead. */
uint32_t firn_cache_record_item(const firn_cache_shard *shard, uint32_t hash, firn_bytes key,
                                uint32_t group_place);

/* --- cache_room.c --- */

typedef enum firn_room_kind { FIRN_ROOM_PUT, FIRN_ROOM_PIN } firn_room_kind;

/* Makes room for size bytes more, beginning with this shard. No lock is held. Errors as those of
 * firn_cache_put. */
FIRN_NODISCARD firn_status firn_cache_room(firn_cache *cache, firn_cache_shard *shard,
                                           uint64_t size, firn_room_kind kind,
                                           firn_error *ret_error);
/* Whether a copy of size bytes may come up to hot: never more than half of what is between target
 * and limit, whoever holds up those who make room. */
bool firn_cache_room_is_left(const firn_cache *cache, uint64_t size);
/* Whether the memory is within an eighth of the target. */
bool firn_cache_room_is_near(const firn_cache *cache);
/* Whether a shard should send something down. The shard's lock is held. */
bool firn_cache_room_is_short(const firn_cache *cache, const firn_cache_shard *shard);
/* Sends items of a shard down as far as its shares ask and the store is not needed. */
void firn_cache_room_try(firn_cache *cache, firn_cache_shard *shard);

/* --- cache_freeze.c --- */

/* Writes dirty items of cold groups and notes of removals, about `bytes` of them, and commits.
 * *ret_bytes: what was written. */
FIRN_NODISCARD firn_status firn_cache_freeze_some(firn_cache *cache, uint64_t bytes,
                                                  uint64_t *ret_bytes, firn_error *ret_error);
/* Writes all that is dirty when it is called. */
FIRN_NODISCARD firn_status firn_cache_freeze_all(firn_cache *cache, firn_error *ret_error);
/* Waits until what is FROZEN_SOON now is so no longer. No lock is held. */
void firn_cache_freeze_wait(firn_cache *cache);

/* --- cache_batch.c --- */

/* A new batch; 0 when there is no memory. */
uint32_t firn_cache_batch_add(firn_cache *cache, const firn_cache_batch *batch);
/* Takes back the one that was added last. */
void firn_cache_batch_drop(firn_cache *cache, uint32_t batch);
uint32_t firn_cache_batch_resolve(firn_cache *cache, uint32_t batch);
void firn_cache_batch_less(firn_cache *cache, uint32_t batch);
/* Pins the batch's segment into work. */
FIRN_NODISCARD firn_status firn_cache_batch_pin(firn_cache *cache, uint32_t batch,
                                                firn_cache_work *work, firn_bytes *ret_records,
                                                firn_error *ret_error);
void firn_cache_batch_unpin(firn_cache *cache, firn_cache_work *work);

/* --- small things --- */

static inline uint64_t firn_cache_ghost_hash(uint32_t hash)
{
    return hash * UINT64_C(0x9e3779b97f4a7c15);
}
static inline uint64_t firn_cache_hash(const firn_cache *cache, firn_bytes key)
{
    return firn_hash_bytes(cache->seed, key.data, key.size);
}
static inline firn_cache_shard *firn_cache_shard_of(const firn_cache *cache, uint64_t hash)
{
    return &cache->shards[(uint32_t)hash & (cache->shard_count - 1)];
}
static inline uint32_t firn_cache_now(firn_cache *cache)
{
    return atomic_load_explicit(&cache->now, memory_order_relaxed);
}

#endif
