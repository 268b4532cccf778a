/* A resident's way down and up, one step each. Called by a swapper's calls and its ticks; calls
 * <firn/region.h> and <firn/store.h>, never under the lock. A region is written in three steps, so
 * that a pin waits for the first or the last, which are short, and not for the disk: its image goes
 * to the store, the store commits, and the region drops the image if nobody used it meanwhile. */
#include "region/swapper.h"

enum { SEGMENT_KIND = 0x5346, /* FS */ COMPACT_BYTES = 4 << 20 };

static void make_free(firn_swapper *swapper, firn_swapper_resident *resident)
{
    resident->busy = false;
    resident->change++;
    pthread_cond_broadcast(&swapper->moved);
}

static uint64_t region_bytes(firn_region *region)
{
    firn_usage usage;
    firn_region_usage(region, &usage);
    return usage.resident_bytes;
}

/* Puts a resident, which is the caller's, into another tier. */
static void settle(firn_swapper *swapper, firn_swapper_resident *resident, int tier,
                   firn_swapper_cause cause)
{
    uint64_t bytes = region_bytes(resident->region);
    pthread_mutex_lock(&swapper->lock);
    if (tier > resident->tier) {
        swapper->tiers[resident->tier].demotions++;
        resident->aged = cause == FIRN_SWAPPER_BY_AGE;
    }
    firn_swapper_list_remove(swapper, resident);
    resident->resident_bytes = bytes;
    firn_swapper_list_append(swapper, resident, tier);
    make_free(swapper, resident);
    pthread_mutex_unlock(&swapper->lock);
}

/* --- packing --- */

static firn_status pack(firn_swapper *swapper, firn_swapper_resident *resident, firn_tier tier)
{
    firn_region_hibernate_options options = {.level = swapper->level[tier - FIRN_TIER_WARM]};
    if (tier == FIRN_TIER_COLD && options.level > 0)
        options.sibling = resident->sibling;
    /* What sleeps altogether would stay as it was packed. */
    firn_status status = FIRN_OK;
    if (resident->tier == FIRN_TIER_WARM)
        status = firn_region_wake(resident->region);
    if (status == FIRN_OK)
        status = firn_region_hibernate(resident->region, &options);
    return status;
}

firn_status firn_swapper_move_down(firn_swapper *swapper, firn_swapper_resident *resident,
                                   firn_tier tier, firn_swapper_cause cause, firn_error *ret_error)
{
    pthread_mutex_lock(&swapper->lock);
    (void)firn_swapper_turn_begin(swapper, &swapper->packers);
    while (cause == FIRN_SWAPPER_BY_COMMAND && resident->busy && resident->pin_count == 0)
        pthread_cond_wait(&swapper->moved, &swapper->lock);
    firn_status status = FIRN_OK;
    bool used = resident->busy || resident->pin_count > 0;
    if (used || (int)resident->tier >= (int)tier) {
        if (used)
            status = firn_error_set(ret_error, FIRN_BUSY, 0, "swapper: the region is in use");
        firn_swapper_turn_end(&swapper->packers);
        pthread_mutex_unlock(&swapper->lock);
        return status;
    }
    resident->busy = true;
    pthread_mutex_unlock(&swapper->lock);

    status = pack(swapper, resident, tier);
    bool sleeps = firn_region_state_get(resident->region) == FIRN_REGION_ASLEEP;
    if (status == FIRN_OK)
        settle(swapper, resident, (int)tier, cause);
    else
        settle(swapper, resident, sleeps ? (int)resident->tier : FIRN_TIER_HOT, cause);
    pthread_mutex_lock(&swapper->lock);
    firn_swapper_turn_end(&swapper->packers);
    swapper->failures += status != FIRN_OK;
    pthread_mutex_unlock(&swapper->lock);
    return status == FIRN_OK ? status
                             : firn_error_set(ret_error, status, 0, "swapper: cannot pack: %s",
                                              firn_status_text(status));
}

/* --- the store --- */

typedef struct freezing {
    firn_swapper_resident *residents[FIRN_SWAPPER_FREEZE_MAX];
    uint32_t segments[FIRN_SWAPPER_FREEZE_MAX];
    uint64_t changes[FIRN_SWAPPER_FREEZE_MAX]; /* of each when it was put */
    size_t count;
    size_t gone; /* how many of those in the list it removes */
} freezing;

/* Whether the resident may be frozen; then it is the caller's. */
static bool take_cold(firn_swapper *swapper, firn_swapper_resident *resident)
{
    pthread_mutex_lock(&swapper->lock);
    bool taken = !resident->busy && resident->pin_count == 0 && resident->tier == FIRN_TIER_COLD;
    resident->busy |= taken;
    pthread_mutex_unlock(&swapper->lock);
    return taken;
}

static firn_status put_one(firn_swapper *swapper, firn_swapper_resident *resident, freezing *batch,
                           firn_error *ret_error)
{
    uint32_t segment = FIRN_SEGMENT_NONE;
    if (!take_cold(swapper, resident))
        return FIRN_OK;
    firn_status status =
        firn_region_store_put(resident->region, swapper->store, SEGMENT_KIND, &segment, ret_error);
    pthread_mutex_lock(&swapper->lock);
    make_free(swapper, resident);
    if (status == FIRN_OK) {
        batch->residents[batch->count] = resident;
        batch->segments[batch->count] = segment;
        batch->changes[batch->count++] = resident->change;
    }
    pthread_mutex_unlock(&swapper->lock);
    return status;
}

/* What was removed by a commit that failed is there again: it stays in the list until one
 * succeeds. */
static void remove_gone(firn_swapper *swapper, freezing *batch)
{
    for (;;) {
        pthread_mutex_lock(&swapper->lock);
        bool more = batch->gone < swapper->gone_count;
        uint32_t segment = more ? swapper->gone[batch->gone] : 0;
        pthread_mutex_unlock(&swapper->lock);
        if (!more)
            return;
        batch->gone++;
        /* One that cannot be read stays behind, and so does nothing but its room on disk. */
        (void)(firn_region_store_remove(swapper->store, segment, NULL) == FIRN_OK);
    }
}

static void forget_gone(firn_swapper *swapper, size_t count)
{
    pthread_mutex_lock(&swapper->lock);
    for (size_t i = count; i < swapper->gone_count; i++)
        swapper->gone[i - count] = swapper->gone[i];
    swapper->gone_count -= count;
    swapper->commits++;
    pthread_mutex_unlock(&swapper->lock);
}

/* Its image is in the store: drops it, if that is still the one. */
static firn_status send_away(firn_swapper *swapper, firn_swapper_resident *resident,
                             uint32_t segment, uint64_t change, firn_swapper_cause cause)
{
    pthread_mutex_lock(&swapper->lock);
    bool taken = !resident->busy && resident->pin_count == 0 && resident->change == change;
    resident->busy |= taken;
    pthread_mutex_unlock(&swapper->lock);
    firn_status status = taken ? firn_region_away(resident->region) : FIRN_BUSY;
    if (status == FIRN_OK) {
        resident->segment = segment; /* I4; busy */
        settle(swapper, resident, FIRN_TIER_FROZEN, cause);
        return FIRN_OK;
    }
    pthread_mutex_lock(&swapper->lock);
    swapper->gone[swapper->gone_count++] = segment;
    if (taken)
        make_free(swapper, resident);
    pthread_mutex_unlock(&swapper->lock);
    return taken ? status : FIRN_OK; /* it was used meanwhile */
}

/* Puts what is cold, and removes what is gone; the first error. */
static firn_status begin(firn_swapper *swapper, firn_swapper_resident *const *residents,
                         size_t count, freezing *batch, firn_error *ret_error)
{
    firn_status first = FIRN_OK;
    remove_gone(swapper, batch);
    for (size_t i = 0; i < count; i++) {
        firn_status status =
            put_one(swapper, residents[i], batch, first == FIRN_OK ? ret_error : NULL);
        first = first == FIRN_OK ? status : first;
    }
    return first;
}

firn_status firn_swapper_freeze(firn_swapper *swapper, firn_swapper_resident *const *residents,
                                size_t count, firn_swapper_cause cause, firn_error *ret_error)
{
    freezing batch = {.count = 0};
    firn_status status = FIRN_OK;
    pthread_mutex_lock(&swapper->freeze);
    firn_status first = begin(swapper, residents, count, &batch, ret_error);
    if (batch.count > 0 || batch.gone > 0) {
        status = firn_store_commit(swapper->store, FIRN_SEGMENT_NONE,
                                   first == FIRN_OK ? ret_error : NULL);
        first = first == FIRN_OK ? status : first;
        if (status == FIRN_OK)
            forget_gone(swapper, batch.gone);
    }
    for (size_t i = 0; status == FIRN_OK && i < batch.count; i++) {
        firn_status sent =
            send_away(swapper, batch.residents[i], batch.segments[i], batch.changes[i], cause);
        if (first == FIRN_OK && sent != FIRN_OK)
            first = firn_error_set(ret_error, sent, 0, "swapper: cannot send a region away: %s",
                                   firn_status_text(sent));
    }
    pthread_mutex_unlock(&swapper->freeze);
    if (first != FIRN_OK) {
        pthread_mutex_lock(&swapper->lock);
        swapper->failures++;
        pthread_mutex_unlock(&swapper->lock);
    }
    return first;
}

firn_status firn_swapper_compact(firn_swapper *swapper, firn_error *ret_error)
{
    firn_store_summary summary;
    firn_store_summary_get(swapper->store, &summary);
    if (summary.data_bytes < 2 * summary.live_bytes + COMPACT_BYTES)
        return FIRN_OK;
    firn_codec *codec;
    firn_status status = firn_codec_create(swapper->allocator, &codec);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "swapper: out of memory");
    firn_store_compact_options options = {.move_bytes = COMPACT_BYTES};
    uint64_t moved = 0;
    pthread_mutex_lock(&swapper->freeze);
    status = firn_store_compact(swapper->store, codec, &options, &moved, ret_error);
    if (status == FIRN_OK && moved > 0)
        status = firn_store_commit(swapper->store, FIRN_SEGMENT_NONE, ret_error);
    pthread_mutex_unlock(&swapper->freeze);
    firn_codec_destroy(codec);
    return status;
}

/* --- up --- */

firn_status firn_swapper_fetch(firn_swapper *swapper, firn_swapper_resident *resident,
                               firn_error *ret_error)
{
    firn_status status =
        firn_region_store_get(resident->region, swapper->store, resident->segment, ret_error);
    if (status != FIRN_OK)
        return status;
    uint64_t bytes = region_bytes(resident->region);
    pthread_mutex_lock(&swapper->lock);
    swapper->gone[swapper->gone_count++] = resident->segment;
    resident->segment = FIRN_SEGMENT_NONE;
    firn_swapper_list_remove(swapper, resident);
    resident->resident_bytes = bytes;
    firn_swapper_list_append(swapper, resident, FIRN_TIER_COLD);
    pthread_mutex_unlock(&swapper->lock);
    return FIRN_OK;
}

firn_status firn_swapper_move_up(firn_swapper *swapper, firn_swapper_resident *resident,
                                 firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    if (resident->tier == FIRN_TIER_FROZEN)
        status = firn_swapper_fetch(swapper, resident, ret_error);
    if (status != FIRN_OK)
        return status;
    /* A pin of the first block is all that an eager region needs, too, and the touch that has the
     * others of the last wake fetched. The swapper's own count holds it from here. */
    status = firn_region_pin(resident->region, firn_region_base(resident->region), 1);
    if (status == FIRN_OK)
        status = firn_region_unpin(resident->region);
    return status == FIRN_OK ? status
                             : firn_error_set(ret_error, status, 0, "swapper: cannot wake: %s",
                                              firn_status_text(status));
}
