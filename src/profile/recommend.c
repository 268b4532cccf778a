/* Which strategy fits what was counted: see <firn/tune.h>. Called by users; calls nothing.
 *
 * Three sums are compared, all for the moment of the peak and by the sizes that were asked for:
 *   malloc  blocks of size + 8, rounded up to 16, at least 32 (the GNU C library's on 64 bits)
 *   arena   everything that was ever allocated, rounded up to 16: nothing is freed
 *   slab    what lives, rounded up to its slot of sizes: no header
 * Sizes are known of all calls but not of those alive at the peak, which are taken to be alike. An
 * arena is recommended where it takes no more than the slab and a tenth. No state. */
#include <firn/tune.h>

#include <stdio.h>

#define POOL_SHARE 10u /* a tenth of the calls make a size worth a pool */
#define POOL_MAX 1024u /* bytes */
#define CHUNK_MIN ((uint64_t)4 << 10)
#define CHUNK_MAX ((uint64_t)1 << 20)

struct means { /* bytes of a block */
    double malloced, slotted;
};

static struct means means_of(const firn_profile_stats *stats)
{
    struct means means = {0, 0};
    double calls = 0;
    for (unsigned i = 0; i < FIRN_PROFILE_SIZES; i++) {
        if (stats->sizes[i] == 0)
            continue;
        const double count = (double)stats->sizes[i], size = (double)firn_profile_size(i);
        const double block = size <= 16 ? 32 : size + 8; /* the mean over the sizes of a slot */
        calls += count;
        means.malloced += count * block;
        means.slotted += count * (size > 0 ? size : 16);
    }
    means.malloced /= calls;
    means.slotted /= calls;
    return means;
}

/* The sizes with the most calls, from the most used on, each with at least a tenth of them. */
static void find_pools(const firn_profile_stats *stats, firn_recommendation *found)
{
    uint64_t below = UINT64_MAX; /* calls of the size found last, and its slot */
    unsigned last = 0;
    while (found->pool_count < FIRN_RECOMMEND_POOLS) {
        unsigned best = 0;
        for (unsigned i = 1; firn_profile_size(i) <= POOL_MAX; i++) {
            const bool is_left = stats->sizes[i] < below || (stats->sizes[i] == below && i > last);
            if (is_left && (best == 0 || stats->sizes[i] > stats->sizes[best]))
                best = i;
        }
        if (best == 0 || stats->sizes[best] < stats->calls / POOL_SHARE || stats->sizes[best] == 0)
            return;
        below = stats->sizes[best];
        last = best;
        found->pool_bytes[found->pool_count++] = (uint32_t)firn_profile_size(best);
    }
}

static uint64_t chunk_for(double bytes)
{
    uint64_t chunk = CHUNK_MIN;
    while (chunk < CHUNK_MAX && (double)chunk * 8 < bytes)
        chunk *= 2;
    return chunk;
}

firn_status firn_recommend(const firn_profile_stats *stats, firn_recommendation *ret_recommendation)
{
    firn_recommendation found = {.mode = FIRN_MODE_RUNTIME};
    if (stats == NULL || ret_recommendation == NULL)
        return FIRN_INVALID;
    if (stats->calls == 0 || stats->bytes == 0)
        return FIRN_NOT_FOUND;
    const struct means means = means_of(stats);
    const double peak = (double)stats->peak_count;
    const double slab = peak * means.slotted, arena = (double)stats->calls * means.slotted;
    found.malloc_bytes = (uint64_t)(peak * means.malloced);
    if (arena <= 1.1 * slab) {
        found.mode = FIRN_MODE_COMPILER;
        found.chunk_bytes = (size_t)chunk_for(arena);
        found.expected_bytes = (uint64_t)arena;
        snprintf(found.reason, sizeof found.reason,
                 "an arena holds all %llu blocks in what lives at the peak: little is freed before",
                 (unsigned long long)stats->calls);
    } else {
        found.expected_bytes = (uint64_t)slab;
        find_pools(stats, &found);
        snprintf(found.reason, sizeof found.reason,
                 "%llu blocks are allocated for %llu that live at the peak, so that an arena would "
                 "take %.1f times as much",
                 (unsigned long long)stats->calls, (unsigned long long)stats->peak_count,
                 slab > 0 ? arena / slab : 0);
    }
    *ret_recommendation = found;
    return FIRN_OK;
}
