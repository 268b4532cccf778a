/* Whole heaps that sleep in a few kilobytes and wake with every pointer intact.
 *
 * A region is a range of addresses with an allocator inside. What a library keeps wholly in it (an
 * interpreter, an in-memory database, a document) is packed by firn_region_hibernate, its memory
 * goes back to the kernel, and firn_region_wake, or a touch, brings it back to the same addresses.
 *
 * Threads: the allocator, root and contents are confined to one thread at a time, or whatever the
 * user arranges. All other calls may be made from any thread: those on one region take effect one
 * after the other, those on different regions run side by side; the two that look at the allocator,
 * firn_region_usage and firn_region_verify, may run beside its calls. Any number of threads may
 * touch a region that wakes on touch: each block is unpacked once, and is seen whole or not at all.
 * No call but firn_region_contains may be made in a signal handler; touches may. Global and
 * mutable: the table that finds a region by its address, SIGSEGV's handler, and what userfaultfd
 * needs. */
#ifndef FIRN_REGION_H
#define FIRN_REGION_H

#include <firn/allocator.h>
#include <firn/bytes.h>
#include <firn/cache.h>
#include <firn/status.h>
#include <firn/store.h>
#include <firn/usage.h>

FIRN_BEGIN

/* Caveats, first (docs/regions.md has more):
 *   - Nothing may use the region's memory while firn_region_hibernate runs.
 *   - While an eager region sleeps, a touch is a SIGSEGV. In one that wakes on touch, a system call
 *     (read, write, ...) that is given a pointer into a block that sleeps fails with EFAULT, as no
 *     handler runs inside the kernel: pin what you give to the kernel, or wake it first. Only
 *     FIRN_REGION_ON_FAULT serves system calls.
 *   - Waking on touch takes SIGSEGV's handler, which passes on what is not its own to the handler
 *     it found; one that is installed later must do the same. It needs 8 KiB of the stack, or of
 *     the alternate stack, that it runs on. When it cannot wake a block (no memory, too many
 *     mappings), the fault is passed on as a real one: never wrong data.
 *   - Pointers out of the region (to functions, to the program's own data) are kept as they are.
 *   - A child of fork has a copy of each region, asleep or awake, in every mode. In a child made by
 *     the bare system call (clone, _Fork), the memory of a region that sleeps under
 *     FIRN_REGION_ON_FAULT is missing: a touch is a SIGSEGV, never zeros. */

#define FIRN_REGION_RESERVE_BYTES ((uint64_t)4 << 30) /* the unit of a range, and its alignment */
#define FIRN_REGION_BLOCK_BYTES (64u << 10)           /* what is packed, and wakes, as one */
#define FIRN_REGION_LIMIT_MIN_BYTES (128u << 10)

typedef struct firn_region firn_region;
typedef struct firn_region_template firn_region_template;

typedef enum firn_region_wake_mode {
    FIRN_REGION_EAGER = 0, /* all at once, by firn_region_wake or firn_region_pin */
    FIRN_REGION_ON_TOUCH,  /* also block by block, when touched: by SIGSEGV */
    FIRN_REGION_ON_FAULT,  /* the same by userfaultfd, inside system calls, too */
    FIRN_REGION_MODE_COUNT
} firn_region_wake_mode;

typedef struct firn_region_options {
    const firn_allocator *allocator; /* of the handle and of what sleeps; NULL: the system's; must
                                      * be safe between threads */
    firn_region_wake_mode mode;
    uint64_t reserve_bytes; /* of addresses: a multiple of 4 GiB; 0: 4 GiB */
    uint64_t limit_bytes;   /* of memory in use at a time, as the allocator's mappings count; 0: no
                             * limit but the range; at least FIRN_REGION_LIMIT_MIN_BYTES */
    uint64_t build_id;      /* any number: snapshots of another one are refused */
    uint32_t thread_count;  /* for packing and waking all of a large region; 0: one a processor */
    uint32_t reserved[3];   /* must be 0 */
} firn_region_options;

/* Reserves a range and makes an allocator in it; only what is used takes memory. FIRN_INVALID for
 * options out of range (a limit below a block, more than the address space), FIRN_NO_MEMORY (also
 * when no such range of addresses is free), FIRN_UNSUPPORTED for FIRN_REGION_ON_FAULT where the
 * kernel or the process's rights do not allow it. */
FIRN_API FIRN_NODISCARD firn_status firn_region_create(const firn_region_options *options,
                                                       firn_region **ret_region);
/* Gives everything back, asleep or awake, pinned or not. NULL is let pass. */
FIRN_API void firn_region_destroy(firn_region *region);

/* An allocator of the region's memory, valid until the destroy. NULL beyond the limit, in an eager
 * region that sleeps, and for a reallocation of what is not in the region, whose release does
 * nothing. */
FIRN_API firn_allocator firn_region_allocator(firn_region *region);
/* The same with alignment, a power of two up to 64 KiB; released by the allocator above. */
FIRN_API void *firn_region_alloc_aligned(firn_region *region, size_t size, size_t alignment);
/* The usable bytes of a living object; 0 for an address where no object of the region can be. */
FIRN_API size_t firn_region_usable_size(firn_region *region, const void *object);

/* One pointer that the region keeps, in its snapshots, too: the way to all the rest. NULL at first.
 * Setting it is FIRN_INVALID for an address outside the region (NULL is allowed). Reading it wakes
 * nothing. */
FIRN_API void *firn_region_root(const firn_region *region);
FIRN_API FIRN_NODISCARD firn_status firn_region_root_set(firn_region *region, void *root);

/* The range. */
FIRN_API void *firn_region_base(const firn_region *region);
FIRN_API uint64_t firn_region_reserve_bytes(const firn_region *region);
/* Whether an address lies in the range. */
FIRN_API bool firn_region_contains(const firn_region *region, const void *address);
/* Random; a region keeps it, and its snapshots carry it. */
FIRN_API uint64_t firn_region_id(const firn_region *region);

typedef enum firn_region_state {
    FIRN_REGION_AWAKE,
    FIRN_REGION_PARTLY, /* some blocks were touched, the others sleep */
    FIRN_REGION_ASLEEP,
    FIRN_REGION_AWAY, /* asleep, its image being elsewhere: see firn_region_away */
} firn_region_state;
FIRN_API firn_region_state firn_region_state_get(const firn_region *region);

/* --- sleeping --- */

#define FIRN_REGION_LEVEL_RAW (-2) /* not packed */
#define FIRN_REGION_LEVEL_LZ4 (-1)

typedef struct firn_region_hibernate_options {
    int level; /* of zstd: 1 to 19; 0: 1; or one of the two above, which take no template */
    firn_region_template *sibling; /* NULL: none; held as long as it is needed */
    uint32_t reserved[2];          /* must be 0 */
} firn_region_hibernate_options;

/* Packs the region and gives its memory to the kernel. Freed memory is zeroed first, so that it
 * costs nothing. options may be NULL. FIRN_OK, too, and nothing is done, for a region that sleeps
 * altogether. Of one that is partly awake only that part is packed anew, unless level or sibling
 * change. FIRN_BUSY while it is pinned, FIRN_INVALID, FIRN_NO_MEMORY: it stays as it was. */
FIRN_API FIRN_NODISCARD firn_status
firn_region_hibernate(firn_region *region, const firn_region_hibernate_options *options);

/* Wakes all of it and drops the packed image. FIRN_OK, too, when it is awake. FIRN_NO_MEMORY: it
 * sleeps on, and a later try may succeed; FIRN_CORRUPT: the image in RAM was overwritten;
 * FIRN_NOT_FOUND: it is away. */
FIRN_API FIRN_NODISCARD firn_status firn_region_wake(firn_region *region);

/* Wakes size bytes at an address (an eager region: all; NULL and 0: all) and keeps the region from
 * hibernating until it is unpinned as often. FIRN_INVALID for what is not in the region, FIRN_LIMIT
 * for too many pins; else as firn_region_wake. */
FIRN_API FIRN_NODISCARD firn_status firn_region_pin(firn_region *region, const void *address,
                                                    size_t size);
/* FIRN_INVALID when it is not pinned. */
FIRN_API FIRN_NODISCARD firn_status firn_region_unpin(firn_region *region);

/* A number that stands for the content: the same before a sleep, during it and after it, when
 * nothing was written meanwhile. Zeroes what was freed, so it is a call as firn_region_hibernate
 * is. O(all). FIRN_NO_MEMORY, FIRN_CORRUPT, FIRN_NOT_FOUND (away). */
FIRN_API FIRN_NODISCARD firn_status firn_region_digest(firn_region *region, uint64_t *ret_digest);

/* Unpacks every block that sleeps, compares its checksum and drops it again; checks the allocator's
 * structure when all is awake. FIRN_CORRUPT, FIRN_NO_MEMORY, FIRN_NOT_FOUND (away). */
FIRN_API FIRN_NODISCARD firn_status firn_region_verify(firn_region *region);

/* live: what the user holds; overhead: the allocator's and the handle; reserved: what is mapped or
 * allocated, not the bare range; resident: of the range what the kernel backs, and the image;
 * compressed: the image that sleeps (then live is that, too). */
FIRN_API void firn_region_usage(firn_region *region, firn_usage *ret_usage);

typedef struct firn_region_stats {
    uint64_t hibernate_count, wake_count; /* wakes: from sleep to any waking */
    uint64_t touch_count;                 /* blocks that a touch woke */
    uint64_t prefetch_count;              /* blocks fetched with the first touch, since touches of
                                           * the last wake told of them */
    uint64_t block_count, zero_count, raw_count,
        sibling_count;                  /* of the image: all that are not
                                         * zero; zero ones; raw ones; equal to the sibling's */
    uint64_t plain_bytes, packed_bytes; /* of the image's blocks */
} firn_region_stats;
FIRN_API void firn_region_stats_get(firn_region *region, firn_region_stats *ret_stats);

/* --- templates: the plain blocks of a region at some moment, to pack its siblings against. They
 * are counted: each create, retain, and image that needs it holds it; the last one to let go frees
 * it. May be shared between threads. --- */

/* Copies a region, waking what of it sleeps (FIRN_BUSY for one that sleeps altogether). It may go
 * on or be destroyed. Zeroes what was freed, so nothing may use the region meanwhile.
 * FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status
firn_region_template_create(firn_region *region, firn_region_template **ret_template);
FIRN_API void firn_region_template_retain(firn_region_template *sibling);
/* NULL is let pass. */
FIRN_API void firn_region_template_release(firn_region_template *sibling);
/* Of its content; snapshots name it. Never 0. */
FIRN_API uint64_t firn_region_template_id(const firn_region_template *sibling);
FIRN_API void firn_region_template_usage(const firn_region_template *sibling,
                                         firn_usage *ret_usage);

/* --- snapshots: the image as bytes (docs/formats/region.md), for a region that sleeps altogether;
 * else these are FIRN_BUSY --- */

FIRN_API FIRN_NODISCARD firn_status firn_region_snapshot_size(firn_region *region,
                                                              uint64_t *ret_size);
/* Writes the snapshot to out. FIRN_LIMIT when it is larger than capacity. */
FIRN_API FIRN_NODISCARD firn_status firn_region_snapshot(firn_region *region, void *out,
                                                         size_t capacity, size_t *ret_size);

/* Drops the image: the snapshot that was taken must be given back by firn_region_restore before the
 * region can wake. Until then a touch is a SIGSEGV in every mode. The sibling is held on. */
FIRN_API FIRN_NODISCARD firn_status firn_region_away(firn_region *region);

/* Gives a region that is away its image back; it is asleep then. The whole snapshot is checked
 * first. FIRN_NOT_STORE (no snapshot), FIRN_CORRUPT (damaged or cut off), FIRN_VERSION,
 * FIRN_UNSUPPORTED (of another build or kind of machine), FIRN_INVALID (of another region),
 * FIRN_CHANGED (of an earlier sleep of this region), FIRN_BUSY (the region is not away),
 * FIRN_NO_MEMORY; ret_error says which. The region stays as it was, and the right snapshot is taken
 * later. */
FIRN_API FIRN_NODISCARD firn_status firn_region_restore(firn_region *region, firn_bytes snapshot,
                                                        firn_error *ret_error);

/* Makes a region out of a snapshot, asleep, at the addresses that it came from, with its id.
 * options as for create (reserve_bytes 0 or the same). sibling: the template that the snapshot
 * needs, NULL for none: FIRN_NOT_FOUND when it is not that one. FIRN_BUSY when the range is taken;
 * else as restore and create. */
FIRN_API FIRN_NODISCARD firn_status firn_region_open(const firn_region_options *options,
                                                     firn_bytes snapshot,
                                                     firn_region_template *sibling,
                                                     firn_region **ret_region,
                                                     firn_error *ret_error);

/* Puts the snapshot into a cache, under the key and, in parts of 1 MiB, under the key with 4 bytes
 * more; then the region is away. key: at most FIRN_CACHE_KEY_MAX_BYTES - 4 bytes. On failure the
 * region keeps its image. Errors as snapshot and firn_cache_put. */
FIRN_API FIRN_NODISCARD firn_status firn_region_cache_put(firn_region *region, firn_cache *cache,
                                                          firn_bytes key, firn_error *ret_error);
/* Brings it back; the cache keeps its copy. Errors as restore and firn_cache_get. */
FIRN_API FIRN_NODISCARD firn_status firn_region_cache_get(firn_region *region, firn_cache *cache,
                                                          firn_bytes key, firn_error *ret_error);
/* Removes what a put left in the cache. */
FIRN_API FIRN_NODISCARD firn_status firn_region_cache_remove(firn_cache *cache, firn_bytes key,
                                                             firn_error *ret_error);

/* The same with a store: the snapshot goes into segments of 256 KiB with the kind's number, and
 * *ret_segment names the one that lists them; firn_store_commit is the caller's, and so is the
 * moment from which the region may be away (firn_region_away). */
FIRN_API FIRN_NODISCARD firn_status firn_region_store_put(firn_region *region, firn_store *store,
                                                          uint32_t kind, uint32_t *ret_segment,
                                                          firn_error *ret_error);
FIRN_API FIRN_NODISCARD firn_status firn_region_store_get(firn_region *region, firn_store *store,
                                                          uint32_t segment, firn_error *ret_error);
/* Removes the segments of a put; the commit is the caller's. */
FIRN_API FIRN_NODISCARD firn_status firn_region_store_remove(firn_store *store, uint32_t segment,
                                                             firn_error *ret_error);

FIRN_END

#endif
