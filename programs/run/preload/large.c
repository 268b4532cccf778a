/* Large blocks: see large.h. Called by heap.c; calls range.c.
 *
 *     table entry of the first slot:  bytes, a multiple of 4 KiB | colour << 1 | 1
 *     the block begins                colour * 4,352 bytes into the slot
 *
 * Colours keep large arrays from beginning at the same place of every cache. Blocks that were freed
 * are kept, up to 16 MiB of them, because fresh pages cost more than anything else here: 0.4 s a
 * GiB.
 *
 * Invariants:
 *   I1  the first entry of a kept block is RUN_OWNER_KEPT, so that it cannot be freed again
 *   I2  kept_bytes is the sum over kept and at most KEPT_BYTES_MAX
 *
 * Threads: an entry belongs to the block's owner until it is freed; one lock for what is kept.
 */
#include "run/preload/large.h"

#include "run/preload/lock.h"
#include "run/preload/range.h"

#include <string.h>

#define GRAIN ((size_t)4096)
#define DISCARD_GRAIN ((size_t)65536) /* a multiple of any page size */
#define COLOURS 16
#define COLOUR_BYTES ((size_t)4352) /* a page and some cache lines */
#define KEPT_MAX 16
#define KEPT_BYTES_MAX ((size_t)16 << 20)

struct kept {
    uint8_t *slots;
    size_t count, bytes; /* those may have been touched */
};

static struct {
    pthread_mutex_t lock;
    struct kept kept[KEPT_MAX]; /* the oldest first */
    size_t kept_count, kept_bytes;
    _Atomic(size_t) live_bytes;
    atomic_uint colour;
} large = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t bytes_of(uintptr_t owner)
{
    return owner & ~(GRAIN - 1);
}

static size_t offset_of(uintptr_t owner)
{
    return (owner >> 1 & (COLOURS - 1)) * COLOUR_BYTES;
}

static size_t slots_for(uintptr_t owner)
{
    return (offset_of(owner) + bytes_of(owner) + RUN_SLOT_BYTES - 1) >> RUN_SLOT_BITS;
}

/* The entry of a block; 0 when there is none at this address. */
static uintptr_t entry_of(const void *block)
{
    uintptr_t owner = run_owner_of(block);
    bool is_block = run_large_is(owner) && (uintptr_t)block % RUN_SLOT_BYTES == offset_of(owner);
    return is_block ? owner : 0;
}

static uint8_t *slots_of(const void *block)
{
    return (uint8_t *)((uintptr_t)block & ~(RUN_SLOT_BYTES - 1));
}

/* An entry without colour for size bytes; 0 when they are too many. */
static uintptr_t entry_for(size_t size)
{
    if (size > RUN_SLOTS * RUN_SLOT_BYTES)
        return 0;
    return ((size + GRAIN - 1) & ~(GRAIN - 1)) | 1;
}

static void add_live(size_t bytes)
{
    atomic_fetch_add_explicit(&large.live_bytes, bytes, memory_order_relaxed);
}

/* --- what is kept --- */

static struct kept remove_kept(size_t index)
{
    struct kept kept = large.kept[index];
    large.kept_count--;
    large.kept_bytes -= kept.bytes;
    memmove(&large.kept[index], &large.kept[index + 1],
            (large.kept_count - index) * sizeof(struct kept));
    return kept;
}

/* Takes kept slots for a block, the newest that are enough and not more than twice that. */
static uint8_t *take_kept(uintptr_t owner)
{
    size_t count = slots_for(owner);
    struct kept found = {NULL, 0, 0};
    run_lock(&large.lock);
    for (size_t i = large.kept_count; i-- > 0 && found.slots == NULL;) {
        if (large.kept[i].count >= count && large.kept[i].count <= count * 2)
            found = remove_kept(i);
    }
    run_unlock(&large.lock);
    if (found.slots == NULL)
        return NULL;
    if (found.count > count)
        run_range_give(found.slots + count * RUN_SLOT_BYTES, found.count - count);
    run_range_enter(found.slots, owner);
    return found.slots;
}

/* Keeps slots, and gives the oldest kept ones back until there is room. False: too large. */
static bool keep(struct kept kept)
{
    if (kept.bytes > KEPT_BYTES_MAX)
        return false;
    struct kept given[KEPT_MAX];
    size_t given_count = 0;
    run_lock(&large.lock);
    while (large.kept_count == KEPT_MAX || large.kept_bytes > KEPT_BYTES_MAX - kept.bytes)
        given[given_count++] = remove_kept(0); /* I2 */
    large.kept[large.kept_count++] = kept;
    large.kept_bytes += kept.bytes;
    run_unlock(&large.lock);
    while (given_count > 0) {
        given_count--;
        run_range_give(given[given_count].slots, given[given_count].count);
    }
    return true;
}

void run_large_trim(void)
{
    for (;;) {
        struct kept kept = {NULL, 0, 0};
        run_lock(&large.lock);
        if (large.kept_count > 0)
            kept = remove_kept(0);
        run_unlock(&large.lock);
        if (kept.slots == NULL)
            return;
        run_range_give(kept.slots, kept.count);
    }
}

/* --- the calls --- */

void *run_large_alloc(size_t size, size_t alignment, bool *ret_zero)
{
    uintptr_t owner = entry_for(size);
    if (owner == 0)
        return NULL;
    if (alignment <= 64)
        owner |=
            (uintptr_t)(atomic_fetch_add_explicit(&large.colour, 1, memory_order_relaxed) % COLOURS)
            << 1;
    bool is_zero = false;
    uint8_t *slots = alignment <= RUN_SLOT_BYTES ? take_kept(owner) : NULL;
    if (slots == NULL) {
        slots = run_range_take(slots_for(owner), alignment, owner, RUN_OWNER_INSIDE);
        is_zero = true;
    }
    if (slots == NULL)
        return NULL;
    add_live(bytes_of(owner));
    *ret_zero = is_zero;
    return slots + offset_of(owner);
}

bool run_large_free(void *block)
{
    uintptr_t owner = entry_of(block);
    if (owner == 0)
        return false;
    add_live(-bytes_of(owner));
    struct kept slots = {slots_of(block), slots_for(owner), bytes_of(owner)};
    run_range_enter(block, RUN_OWNER_KEPT); /* I1 */
    if (!keep(slots))
        run_range_give(slots.slots, slots.count);
    return true;
}

size_t run_large_usable(const void *block)
{
    return bytes_of(entry_of(block));
}

/* Gives up what lies behind a block that is to have the entry shorter. */
static void cut(uint8_t *block, uintptr_t owner, uintptr_t shorter)
{
    uint8_t *slots = slots_of(block);
    size_t old_count = slots_for(owner), count = slots_for(shorter);
    run_range_enter(block, shorter);
    if (count < old_count)
        run_range_give(slots + count * RUN_SLOT_BYTES, old_count - count);
    uintptr_t end = (uintptr_t)block + bytes_of(shorter);
    end = (end + DISCARD_GRAIN - 1) & ~(DISCARD_GRAIN - 1);
    uintptr_t slots_end = (uintptr_t)slots + count * RUN_SLOT_BYTES;
    if (slots_end > end)
        run_range_discard((uint8_t *)end, slots_end - end);
}

/* Moves the pages of a block to new slots, which is cheaper than copying what is in them. */
static void *move(uint8_t *block, uintptr_t owner, uintptr_t longer)
{
    uint8_t *from = slots_of(block);
    size_t old_count = slots_for(owner), count = slots_for(longer);
    uint8_t *to = run_range_take(count, 0, longer, RUN_OWNER_INSIDE);
    if (to == NULL)
        return NULL;
    bool lost;
    if (run_range_move(from, to, old_count, &lost)) {
        run_range_give(from, old_count);
        return to + offset_of(longer);
    }
    if (!lost)
        run_range_give(to, count);
    return NULL;
}

void *run_large_resize(void *block, size_t size)
{
    uintptr_t owner = entry_of(block), changed = entry_for(size);
    if (owner == 0 || changed == 0)
        return NULL;
    changed |= owner & (COLOURS - 1) << 1;
    size_t old_count = slots_for(owner), count = slots_for(changed);
    void *moved = block;
    if (bytes_of(changed) < bytes_of(owner))
        cut(block, owner, changed);
    else if (count == old_count ||
             run_range_extend(slots_of(block), old_count, count, RUN_OWNER_INSIDE))
        run_range_enter(block, changed);
    else
        moved = move(block, owner, changed);
    if (moved != NULL)
        add_live(bytes_of(changed) - bytes_of(owner));
    return moved;
}

void run_large_usage(size_t *ret_live_bytes, size_t *ret_kept_bytes)
{
    *ret_live_bytes = atomic_load_explicit(&large.live_bytes, memory_order_relaxed);
    run_lock(&large.lock);
    *ret_kept_bytes = large.kept_bytes;
    run_unlock(&large.lock);
}

void run_large_fork_lock(void)
{
    pthread_mutex_lock(&large.lock);
}

void run_large_fork_unlock(bool child)
{
    if (child)
        pthread_mutex_init(&large.lock, NULL);
    else
        pthread_mutex_unlock(&large.lock);
}
