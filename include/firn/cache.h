/* A cache from keys to blobs whose quiet data gets small and then reaches the disk:
 *
 *   tier     form of the data                                              leaves it when quiet for
 *   hot      as given                                                      30 s
 *   warm     LZ4 groups of 64 KB                                           5 min
 *   cold     zstd-3 groups of 64 KB, with a trained dictionary if it pays  1 h, where there is a
 * store frozen   a store (firn/store.h) of 128 KB segments; 8 to 12 bytes of RAM an item
 *
 * A get moves what it finds up to hot, and the copy below stays, so that leaving hot again is free.
 * When the limit is near, the oldest go down before their time: by S3-FIFO (firn/policy.h) from
 * hot, in the order of their packing from warm and cold, where what was read there gets another
 * round.
 *
 * What holds always: nothing is ever dropped. A put that finds no room waits for the ageing (up to
 * options.wait_ms) or is refused with FIRN_LIMIT, and a refused put leaves the old value. What was
 * put or removed before a firn_cache_flush that returned FIRN_OK is found by the next cache opened
 * on the same store, crash or not; what is younger is found in its last or an earlier state. A
 * damaged place on disk is FIRN_CORRUPT for the keys in it, never another value.
 *
 * Threads: a cache may be shared by any number; a cursor belongs to one at a time. Calls on one key
 * take effect one after the other. A child of fork may only call firn_cache_close, which then
 * leaves the store alone and gives memory back, unless another thread was in the middle of a call
 * at the fork: what that may have half changed stays. Others then return FIRN_UNSUPPORTED. */
#ifndef FIRN_CACHE_H
#define FIRN_CACHE_H

#include <firn/allocator.h>
#include <firn/bytes.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

#define FIRN_CACHE_KEY_MAX_BYTES 65535
#define FIRN_CACHE_VALUE_MAX_BYTES ((4u << 20) - (128u << 10))
#define FIRN_CACHE_LIMIT_MIN_BYTES ((uint64_t)4 << 20)  /* without a store */
#define FIRN_CACHE_STORE_MIN_BYTES ((uint64_t)12 << 20) /* with one, whose packing takes 6 MiB */

typedef enum firn_tier {
    FIRN_TIER_HOT,
    FIRN_TIER_WARM,
    FIRN_TIER_COLD,
    FIRN_TIER_FROZEN,
    FIRN_TIER_COUNT
} firn_tier;

/* "hot", "warm", "cold" or "frozen"; NULL for a number that is none. Static; thread-safe. */
FIRN_API const char *firn_tier_name(firn_tier tier);

typedef struct firn_cache firn_cache;

typedef struct firn_cache_options {
    const firn_allocator *allocator; /* NULL: the system's, and the kernel's pages for what is
                                      * large; must be safe between threads */
    uint64_t limit_bytes;            /* of RAM for all there is: values, keys, index, buffers;
                                      * required, at least the minimum above */
    uint64_t tier_bytes[3];          /* of hot, warm and cold: above it the oldest go down, even
                                      * where there is room in all; 0: an eighth of the limit for
                                      * hot and for warm and the rest for cold, which count only
                                      * when the limit is near. Together at most limit_bytes */
    const char *store;               /* the folder of the frozen tier; NULL: none */
    uint64_t store_quota_bytes;      /* of the store's files; 0: none */
    uint32_t age_ms[3];              /* after which hot, warm and cold go down; 0: 30 s, 5 min, 1 h.
                                      * Where the ageing starts: while more than 0.2 % of the hot
                                      * items a minute come back up, it takes longer, up to 32
                                      * times that */
    uint32_t wait_ms;                /* how long a put may wait for room, 0: 10 s */
    uint32_t shard_count;            /* a power of two up to 256; 0: by limit and machine */
    bool no_thread;                  /* the user calls firn_cache_tick, about once a second; puts
                                      * that find no room do the work themselves */
    bool ignore_pressure;            /* of the machine: else the limit shrinks, down to a quarter,
                                      * while other processes wait for memory */
    bool no_repack; /* of the store: else what lies there is packed again by zstd-19, 256 KB a
                     * second, while nobody has asked for anything for 10 s */
    uint64_t (*clock_ns)(void *context); /* NULL: firn_clock_ns. May jump either way: backwards
                                          * stands still, far forwards ages everything once */
    void *clock_context;
    uint32_t reserved[4]; /* must be 0 */
} firn_cache_options;

/* Opens a cache, which with a store begins with all that the store holds, in tier frozen. Reads the
 * lists of keys for that, and unpacks segments whose list is missing or damaged. FIRN_INVALID for
 * options out of range, FIRN_NO_MEMORY, FIRN_LIMIT (the index of the store's items exceeds
 * limit_bytes); from the store FIRN_NOT_STORE (the path is a file, or a folder with other things in
 * it), FIRN_PERMISSION, FIRN_NO_SPACE, FIRN_BUSY (another has it open), FIRN_VERSION, FIRN_CORRUPT,
 * FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_open(const firn_cache_options *options,
                                                    firn_cache **ret_cache, firn_error *ret_error);

/* Ends the cache without a flush: what was neither flushed nor aged into the store is lost. No pin
 * and no cursor may be held. cache may be NULL. */
FIRN_API void firn_cache_close(firn_cache *cache);

/* --- one key: 1 to FIRN_CACHE_KEY_MAX_BYTES bytes, else FIRN_INVALID --- */

/* Sets the value (0 to FIRN_CACHE_VALUE_MAX_BYTES bytes) of a key. FIRN_LIMIT: it is larger than
 * that, or than a quarter of limit_bytes, or no room was made in time: without a store because all
 * is packed already, with one because freezing does not keep up or fails (then with its status:
 * FIRN_NO_SPACE, FIRN_IO, FIRN_LIMIT for the quota). FIRN_NO_MEMORY. A value that is replaced may
 * have to be read (FIRN_CORRUPT, FIRN_IO). Whatever fails, the old value stays. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_put(firn_cache *cache, firn_bytes key,
                                                   firn_bytes value, firn_error *ret_error);

/* Copies at most capacity bytes of the value to out (NULL with 0) and gives its whole size; when
 * that is larger than capacity, the rest was left out. FIRN_NOT_FOUND, FIRN_NO_MEMORY; FIRN_CORRUPT
 * or FIRN_IO when it lies in a place that cannot be read. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_get(firn_cache *cache, firn_bytes key, void *out,
                                                   size_t capacity, size_t *ret_size,
                                                   firn_error *ret_error);

typedef struct firn_cache_pinned {
    const void *data; /* at any address; NULL when size is 0 */
    size_t size;
    uint32_t shard, block; /* private */
} firn_cache_pinned;

/* Gives the value in place. It stays, whatever is put or removed, until it is unpinned, once for
 * each pin; its memory counts and cannot be made room from. Errors as firn_cache_get's, and
 * FIRN_LIMIT when what is pinned leaves no room to bring it up. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_pin(firn_cache *cache, firn_bytes key,
                                                   firn_cache_pinned *ret_pinned,
                                                   firn_error *ret_error);
FIRN_API void firn_cache_unpin(firn_cache *cache, firn_cache_pinned *pinned);

/* Removes a key. FIRN_NOT_FOUND; other errors as firn_cache_put's: what lies in the store needs a
 * note that it is gone, and that needs room. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_remove(firn_cache *cache, firn_bytes key,
                                                      firn_error *ret_error);

/* Whether a key is there; its place is left as it is. May have to read it, as firn_cache_get. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_contains(firn_cache *cache, firn_bytes key,
                                                        bool *ret_contains, firn_error *ret_error);

/* In which tier a key lies, without a touch. FIRN_NOT_FOUND; other errors as firn_cache_get's. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_tier_of(firn_cache *cache, firn_bytes key,
                                                       firn_tier *ret_tier, firn_error *ret_error);

/* Brings keys up to hot, in the calling thread. Keys that are not there are let pass; the first
 * error ends it. Errors as firn_cache_get's. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_prefetch(firn_cache *cache, const firn_bytes *keys,
                                                        size_t key_count, firn_error *ret_error);

/* --- all keys --- */

typedef struct firn_cache_cursor firn_cache_cursor;

/* Begins to go over all keys, in no order. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_cursor_open(firn_cache *cache,
                                                           firn_cache_cursor **ret_cursor);
/* Gives the next key, its value and its tier; each pointer may be NULL, and what they give is valid
 * until the next call on the cursor. Others may put and remove meanwhile: a key that is there from
 * the open to the end comes exactly once as long as no two keys collide in 32 bits of their hash,
 * and at least once; others may come or not. FIRN_END_OF_DATA; errors as firn_cache_get's, after
 * which the next call goes on behind what cannot be read. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_cursor_next(firn_cache_cursor *cursor,
                                                           firn_bytes *ret_key,
                                                           firn_bytes *ret_value,
                                                           firn_tier *ret_tier,
                                                           firn_error *ret_error);
/* cursor may be NULL. */
FIRN_API void firn_cache_cursor_close(firn_cache_cursor *cursor);

/* Makes what was put and removed before the call durable. Everything stays in its tier. Without a
 * store FIRN_UNSUPPORTED; FIRN_NO_SPACE, FIRN_IO, FIRN_LIMIT (quota), FIRN_NO_MEMORY: nothing is
 * lost, and the next flush tries again. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_flush(firn_cache *cache, firn_error *ret_error);

/* Does the ageing that is due: what the background thread does once a second. Returns the first
 * error of freezing, as firn_cache_flush; the rest was done. Any thread, with a background thread
 * or without. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_tick(firn_cache *cache, firn_error *ret_error);

/* Reads and decodes everything in every tier and compares all checksums, keys and counts; goes on
 * after a damaged place. Returns the first damage (FIRN_CORRUPT; FIRN_IO), *ret_damaged counts the
 * places and is written then too. FIRN_NO_MEMORY ends it. */
FIRN_API FIRN_NODISCARD firn_status firn_cache_verify(firn_cache *cache, uint64_t *ret_damaged,
                                                      firn_error *ret_error);

/* --- figures --- */

/* live: what keys and values take in RAM, hot as given, warm and cold (also under compressed)
 * packed; overhead: the rest of what was taken, the index first; resident is counted as reserved;
 * disk: the store's files. */
FIRN_API void firn_cache_usage(firn_cache *cache, firn_usage *ret_usage);

#define FIRN_CACHE_LATENCY_COUNT 64

/* How long calls took: count[i] of them 2^(i/2) ns (rounded down) and more, and less than
 * 2^((i+1)/2). */
typedef struct firn_cache_latency {
    uint64_t count[FIRN_CACHE_LATENCY_COUNT];
} firn_cache_latency;

/* The time in nanoseconds that `part` (0 to 1) of the calls stayed below; 0 when there are none. */
FIRN_API double firn_cache_latency_ns(const firn_cache_latency *latency, double part);

typedef struct firn_cache_tier_stats {
    uint64_t item_count;    /* whose first copy lies here */
    uint64_t plain_bytes;   /* keys and values held here, as given; 0 for frozen */
    uint64_t used_bytes;    /* of RAM, the index apart; for frozen: of disk */
    uint64_t hit_count;     /* gets and pins that found their key here */
    uint64_t demote_count;  /* items that went down from here */
    uint32_t age_ms;        /* as it is steered; 0 for frozen */
    firn_cache_latency get; /* of gets and pins; of those in hot one in 32 is measured */
} firn_cache_tier_stats;

typedef struct firn_cache_stats {
    firn_cache_tier_stats tier[FIRN_TIER_COUNT];
    uint64_t item_count;
    uint64_t miss_count;
    uint64_t put_count, remove_count;
    uint64_t refused_count; /* puts that found no room */
    uint64_t wait_count;    /* puts that waited for freezing */
    uint64_t promote_count; /* items that a get brought up to hot */
    uint64_t commit_count;  /* of the store */
    uint64_t used_bytes;    /* of RAM, of limit_bytes */
    uint64_t target_bytes;  /* what the limit is now, under the machine's pressure */
    uint64_t index_bytes;   /* of used_bytes */
    uint64_t dictionary_bytes;
    firn_cache_latency put; /* one in 32 is measured, and all that wait or read */
} firn_cache_stats;

FIRN_API void firn_cache_stats_get(firn_cache *cache, firn_cache_stats *ret_stats);

FIRN_END

#endif
