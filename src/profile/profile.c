/* An allocator that counts: see <firn/tune.h>. Called by users; calls the allocator under it.
 *
 * Sums are exact, since an allocator is told the size of what it releases. For lifetimes a table
 * has the moment of birth of each block that is followed: all, or a sample in which each byte has
 * the same chance. The table is open, with linear probing, at most half full, and closed up when
 * something is taken out.
 *
 * Invariants:
 *   I1  all below `lock` is read and written under it
 *   I2  a block is in the table at most once, and only while it lives
 *
 * Memory: 24 bytes a block that is followed, in a table at most half full. Complexity: O(1). */
#include "core/system.h"

#include <firn/tune.h>

#include <math.h>
#include <pthread.h>
#include <string.h>

#define FIRST_SLOTS ((size_t)256)
#define SMALL_SLOTS 64u /* of 16 bytes each */

struct birth {
    uintptr_t block; /* 0: an empty slot */
    uint64_t born;
    double weight; /* blocks that it stands for */
};

struct firn_profile {
    firn_allocator allocator;
    const firn_allocator *under, *own;
    pthread_mutex_t lock;
    bool counting;
    double interval, remaining; /* bytes; interval 0: all are followed */
    uint64_t random;
    uint64_t all; /* allocations, whether counted or not */
    struct birth *births;
    size_t capacity, count; /* capacity: a power of two, or 0 */
    firn_profile_stats stats;
};

/* --- slots --- */

static unsigned top_bit(uint64_t value)
{
    return 63u - (unsigned)__builtin_clzll(value);
}

static unsigned size_slot(uint64_t size)
{
    if (size <= SMALL_SLOTS * 16)
        return (unsigned)((size + 15) / 16);
    const unsigned top = top_bit(size - 1); /* from 10 on */
    return SMALL_SLOTS + 1 + (top - 10) * 8 + (unsigned)((size - 1) >> (top - 3) & 7);
}

uint64_t firn_profile_size(unsigned slot)
{
    if (slot <= SMALL_SLOTS)
        return (uint64_t)slot * 16;
    if (slot >= FIRN_PROFILE_SIZES)
        return UINT64_MAX;
    const unsigned at = slot - SMALL_SLOTS - 1;
    const uint64_t eighths = at % 8 + 9;
    /* The very last one would be 2^64. */
    return slot + 1 == FIRN_PROFILE_SIZES ? UINT64_MAX : eighths << (at / 8 + 7);
}

static unsigned lifetime_slot(uint64_t outlived)
{
    return outlived == 0 ? 0 : top_bit(outlived) + 1;
}

uint64_t firn_profile_lifetime(unsigned slot)
{
    return slot >= 64 ? UINT64_MAX : ((uint64_t)1 << slot) - 1;
}

/* --- births --- */

static size_t home_of(const firn_profile *profile, uintptr_t block)
{
    return (size_t)((uint64_t)(block >> 4) * 0x9e3779b97f4a7c15u >> 20) & (profile->capacity - 1);
}

static void enter(firn_profile *profile, const struct birth *birth)
{
    size_t at = home_of(profile, birth->block);
    while (profile->births[at].block != 0)
        at = (at + 1) & (profile->capacity - 1);
    profile->births[at] = *birth;
}

static bool grow(firn_profile *profile)
{
    const size_t capacity = profile->capacity > 0 ? 2 * profile->capacity : FIRST_SLOTS;
    struct birth *births = firn_allocate_zeroed(profile->own, capacity, sizeof *births);
    if (births == NULL)
        return false;
    struct birth *old = profile->births;
    const size_t old_capacity = profile->capacity;
    profile->births = births;
    profile->capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].block != 0)
            enter(profile, &old[i]);
    firn_release(profile->own, old, old_capacity * sizeof *old);
    return true;
}

static bool take_birth(firn_profile *profile, uintptr_t block, struct birth *ret_birth)
{
    if (profile->count == 0)
        return false;
    const size_t mask = profile->capacity - 1;
    size_t at = home_of(profile, block);
    while (profile->births[at].block != block) {
        if (profile->births[at].block == 0)
            return false;
        at = (at + 1) & mask;
    }
    *ret_birth = profile->births[at];
    profile->count--;
    for (size_t next = (at + 1) & mask; profile->births[next].block != 0;
         next = (next + 1) & mask) {
        const size_t home = home_of(profile, profile->births[next].block);
        if (((next - home) & mask) < ((next - at) & mask))
            continue;
        profile->births[at] = profile->births[next];
        at = next;
    }
    profile->births[at].block = 0;
    return true;
}

/* --- samples --- */

static double next_distance(firn_profile *profile)
{
    profile->random ^= profile->random << 13;
    profile->random ^= profile->random >> 7;
    profile->random ^= profile->random << 17;
    return -log(((double)(profile->random >> 11) + 0.5) * 0x1p-53) * profile->interval;
}

/* How many blocks this one stands for; 0 when it is not followed. */
static double weight_of(firn_profile *profile, size_t size)
{
    if (profile->interval == 0)
        return 1;
    profile->remaining -= (double)size;
    if (profile->remaining >= 0)
        return 0;
    profile->remaining = next_distance(profile);
    return -1 / expm1(-(double)size / profile->interval);
}

/* --- what happens --- */

static void born(firn_profile *profile, const void *block, size_t size)
{
    firn_profile_stats *stats = &profile->stats;
    profile->all++;
    stats->live_count++;
    stats->live_bytes += size;
    if (stats->live_bytes > stats->peak_bytes) {
        stats->peak_bytes = stats->live_bytes;
        stats->peak_count = stats->live_count;
    }
    if (!profile->counting)
        return;
    stats->calls++;
    stats->bytes += size;
    stats->sizes[size_slot(size)]++;
    const struct birth birth = {(uintptr_t)block, profile->all, weight_of(profile, size)};
    if (birth.weight == 0)
        return;
    if (2 * profile->count >= profile->capacity && !grow(profile)) {
        stats->lost++;
        return;
    }
    enter(profile, &birth);
    profile->count++;
}

static void died(firn_profile *profile, uintptr_t block, size_t size)
{
    struct birth birth;
    profile->stats.live_count--;
    profile->stats.live_bytes -= size;
    if (take_birth(profile, block, &birth) && profile->counting)
        profile->stats.lifetimes[lifetime_slot(profile->all - birth.born)] += birth.weight;
}

static void *profile_allocate(void *context, size_t size)
{
    firn_profile *profile = context;
    void *block = profile->under->allocate(profile->under->context, size);
    pthread_mutex_lock(&profile->lock);
    if (block != NULL)
        born(profile, block, size);
    else if (profile->counting)
        profile->stats.failed++;
    pthread_mutex_unlock(&profile->lock);
    return block;
}

/* The lock is held over the call: another thread could be given the old address before the table
 * forgets it (I2). */
static void *profile_reallocate(void *context, void *block, size_t old_size, size_t new_size)
{
    firn_profile *profile = context;
    const uintptr_t old = (uintptr_t)block;
    pthread_mutex_lock(&profile->lock);
    void *moved = profile->under->reallocate(profile->under->context, block, old_size, new_size);
    if (moved != NULL) {
        if (old != 0)
            died(profile, old, old_size);
        born(profile, moved, new_size);
    } else if (profile->counting) {
        profile->stats.failed++;
    }
    pthread_mutex_unlock(&profile->lock);
    return moved;
}

static void profile_release(void *context, void *block, size_t size)
{
    firn_profile *profile = context;
    if (block == NULL)
        return;
    pthread_mutex_lock(&profile->lock);
    died(profile, (uintptr_t)block, size);
    pthread_mutex_unlock(&profile->lock);
    profile->under->release(profile->under->context, block, size);
}

/* --- profiles --- */

firn_status firn_profile_create(const firn_profile_options *options, firn_profile **ret_profile)
{
    const firn_profile_options given = options != NULL ? *options : (firn_profile_options){0};
    if (ret_profile == NULL || given.interval_bytes > (uint64_t)1 << 40 ||
        (given.reserved[0] | given.reserved[1] | given.reserved[2] | given.reserved[3]) != 0)
        return FIRN_INVALID;
    firn_profile *profile = firn_allocate_zeroed(given.own, 1, sizeof *profile);
    if (profile == NULL)
        return FIRN_NO_MEMORY;
    profile->allocator = (firn_allocator){.allocate = profile_allocate,
                                          .reallocate = profile_reallocate,
                                          .release = profile_release,
                                          .context = profile};
    profile->under = given.allocator != NULL ? given.allocator : firn_allocator_system();
    profile->own = given.own;
    profile->interval = (double)given.interval_bytes;
    profile->random =
        given.seed != 0 ? given.seed : (firn_clock_ns() ^ (uint64_t)(uintptr_t)profile) | 1;
    (void)pthread_mutex_init(&profile->lock, NULL);
    (void)next_distance(profile);
    profile->remaining = next_distance(profile);
    *ret_profile = profile;
    return FIRN_OK;
}

void firn_profile_destroy(firn_profile *profile)
{
    if (profile == NULL)
        return;
    (void)pthread_mutex_destroy(&profile->lock);
    firn_release(profile->own, profile->births, profile->capacity * sizeof *profile->births);
    firn_release(profile->own, profile, sizeof *profile);
}

const firn_allocator *firn_profile_allocator(firn_profile *profile)
{
    return &profile->allocator;
}

void firn_profile_start(firn_profile *profile)
{
    pthread_mutex_lock(&profile->lock);
    const firn_profile_stats old = profile->stats;
    profile->stats = (firn_profile_stats){.live_count = old.live_count,
                                          .live_bytes = old.live_bytes,
                                          .peak_count = old.live_count,
                                          .peak_bytes = old.live_bytes};
    profile->counting = true;
    pthread_mutex_unlock(&profile->lock);
}

void firn_profile_stop(firn_profile *profile)
{
    pthread_mutex_lock(&profile->lock);
    profile->counting = false;
    pthread_mutex_unlock(&profile->lock);
}

void firn_profile_stats_get(firn_profile *profile, firn_profile_stats *ret_stats)
{
    pthread_mutex_lock(&profile->lock);
    *ret_stats = profile->stats;
    pthread_mutex_unlock(&profile->lock);
}

firn_status firn_profile_count(firn_tune_fn function, void *context,
                               const firn_allocator *allocator, firn_profile_stats *ret_stats)
{
    const firn_profile_options options = {.allocator = allocator};
    firn_profile *profile;
    if (function == NULL || ret_stats == NULL)
        return FIRN_INVALID;
    const firn_status status = firn_profile_create(&options, &profile);
    if (status != FIRN_OK)
        return status;
    firn_profile_start(profile);
    function(context, &profile->allocator);
    firn_profile_stop(profile);
    firn_profile_stats_get(profile, ret_stats);
    firn_profile_destroy(profile);
    return FIRN_OK;
}
