/* A swapper's calls: residents come and go, are pinned and unpinned; turns; figures. Called by
 * users; calls swapper_move.c for all that takes long. The rules are in swapper.h. Complexity: O(1)
 * but for the figures. */
#include "region/swapper.h"

#include "core/page.h"

#include <firn/system.h>

#include <string.h>

enum { STORE_CACHE_BYTES = 512 << 10 };

static const uint32_t AGES_MS[3] = {30 * 1000, 5 * 60 * 1000, 60 * 60 * 1000};
static const int LEVELS[2] = {FIRN_REGION_LEVEL_LZ4, 3};

bool firn_swapper_is_elsewhere(const firn_swapper *swapper, firn_error *ret_error)
{
    if (*swapper->here != 0)
        return false;
    firn_error_set(ret_error, FIRN_UNSUPPORTED, 0, "swapper: a child of fork can only destroy it");
    return true;
}

/* --- lists --- */

void firn_swapper_list_append(firn_swapper *swapper, firn_swapper_resident *resident, int tier)
{
    firn_swapper_list *list = &swapper->tiers[tier];
    resident->tier = (uint8_t)tier;
    resident->older = list->newest;
    resident->newer = NULL;
    *(list->newest != NULL ? &list->newest->newer : &list->oldest) = resident;
    list->newest = resident;
    list->count++;
    list->resident_bytes += resident->resident_bytes;
}

void firn_swapper_list_remove(firn_swapper *swapper, firn_swapper_resident *resident)
{
    firn_swapper_list *list = &swapper->tiers[resident->tier];
    *(resident->older != NULL ? &resident->older->newer : &list->oldest) = resident->newer;
    *(resident->newer != NULL ? &resident->newer->older : &list->newest) = resident->older;
    list->count--;
    list->resident_bytes -= resident->resident_bytes;
}

void firn_swapper_count(firn_swapper *swapper, firn_swapper_resident *resident, uint64_t bytes)
{
    firn_swapper_list *list = &swapper->tiers[resident->tier];
    list->resident_bytes += bytes - resident->resident_bytes;
    resident->resident_bytes = bytes;
}

uint64_t firn_swapper_total(const firn_swapper *swapper)
{
    uint64_t total = 0;
    for (int tier = 0; tier < FIRN_TIER_COUNT; tier++)
        total += swapper->tiers[tier].resident_bytes;
    return total;
}

/* --- turns --- */

bool firn_swapper_turn_begin(firn_swapper *swapper, firn_swapper_turns *turns)
{
    uint64_t mine = turns->asked++;
    bool waits = mine >= turns->done + turns->count;
    while (mine >= turns->done + turns->count)
        pthread_cond_wait(&turns->ended, &swapper->lock);
    return waits;
}

void firn_swapper_turn_end(firn_swapper_turns *turns)
{
    turns->done++;
    pthread_cond_broadcast(&turns->ended);
}

/* --- beginning and end --- */

static uint64_t system_clock(void *context)
{
    (void)context;
    return firn_clock_ns();
}

static bool level_is_known(int level)
{
    return level >= FIRN_REGION_LEVEL_RAW && level <= 19;
}

static firn_status options_check(const firn_swapper_options *options, firn_error *ret_error)
{
    const char *wrong = NULL;
    if (options->store == NULL && options->store_quota_bytes > 0)
        wrong = "a quota without a store";
    for (int tier = 0; tier < 3; tier++)
        if (options->age_ms[tier] > INT32_MAX)
            wrong = "an age of more than 24 days";
    if (!level_is_known(options->level[0]) || !level_is_known(options->level[1]))
        wrong = "an unknown level";
    for (int i = 0; i < 4; i++)
        if (options->reserved[i] != 0)
            wrong = "a reserved option is not 0";
    return wrong == NULL ? FIRN_OK
                         : firn_error_set(ret_error, FIRN_INVALID, 0, "swapper: %s", wrong);
}

static void options_take(firn_swapper *swapper, const firn_swapper_options *options)
{
    unsigned processors = firn_processor_count();
    swapper->allocator = options->allocator;
    swapper->limit_bytes = swapper->target_bytes = options->limit_bytes;
    for (int tier = 0; tier < 3; tier++)
        swapper->age_ms[tier] = swapper->base_age_ms[tier] =
            options->age_ms[tier] > 0 ? options->age_ms[tier] : AGES_MS[tier];
    for (int i = 0; i < 2; i++)
        swapper->level[i] = options->level[i] != 0 ? options->level[i] : LEVELS[i];
    swapper->packers.count = options->packer_count > 0 ? options->packer_count : processors / 2;
    swapper->packers.count += swapper->packers.count == 0;
    swapper->wakers.count = options->waker_count > 0 ? options->waker_count : processors * 2;
    swapper->ignore_pressure = options->ignore_pressure;
    swapper->clock_ns = options->clock_ns != NULL ? options->clock_ns : system_clock;
    swapper->clock_context = options->clock_context;
}

static firn_status locks_init(firn_swapper *swapper)
{
    pthread_cond_t *const plain[] = {&swapper->moved, &swapper->packers.ended,
                                     &swapper->wakers.ended};
    pthread_mutex_t *const locks[] = {&swapper->lock, &swapper->freeze};
    size_t conds = 0, made = 0;
    pthread_condattr_t attributes;
    bool timed = false;
    while (made < 2 && pthread_mutex_init(locks[made], NULL) == 0)
        made++;
    while (made == 2 && conds < 3 && pthread_cond_init(plain[conds], NULL) == 0)
        conds++;
    if (conds == 3 && pthread_condattr_init(&attributes) == 0) {
        timed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(&swapper->tick, &attributes) == 0;
        pthread_condattr_destroy(&attributes);
    }
    if (timed)
        return FIRN_OK;
    while (conds > 0)
        pthread_cond_destroy(plain[--conds]);
    while (made > 0)
        pthread_mutex_destroy(locks[--made]);
    return FIRN_NO_MEMORY;
}

static void locks_fini(firn_swapper *swapper)
{
    pthread_cond_destroy(&swapper->tick);
    pthread_cond_destroy(&swapper->moved);
    pthread_cond_destroy(&swapper->packers.ended);
    pthread_cond_destroy(&swapper->wakers.ended);
    pthread_mutex_destroy(&swapper->lock);
    pthread_mutex_destroy(&swapper->freeze);
}

static firn_status here_init(firn_swapper *swapper)
{
    size_t size = firn_page_size();
    swapper->here = firn_page_map(size);
    if (swapper->here == NULL)
        return FIRN_NO_MEMORY;
    (void)firn_page_wipe_on_fork(swapper->here, size); /* else a child must not use it, and may */
    *swapper->here = 1;
    return FIRN_OK;
}

static firn_status store_init(firn_swapper *swapper, const firn_swapper_options *options,
                              firn_error *ret_error)
{
    firn_store_options store = {.allocator = options->allocator,
                                .mode = FIRN_STORE_REPLACE,
                                .cache_bytes = STORE_CACHE_BYTES,
                                .quota_bytes = options->store_quota_bytes,
                                .what = "a swapper"};
    return firn_store_open(options->store, &store, &swapper->store, ret_error);
}

static void parts_fini(firn_swapper *swapper)
{
    firn_store_close(swapper->store);
    firn_release(swapper->allocator, swapper->gone, swapper->gone_capacity * sizeof *swapper->gone);
    if (swapper->here != NULL)
        firn_page_unmap(swapper->here, firn_page_size());
}

firn_status firn_swapper_create(const firn_swapper_options *options, firn_swapper **ret_swapper,
                                firn_error *ret_error)
{
    static const firn_swapper_options none;
    options = options != NULL ? options : &none;
    firn_status status = options_check(options, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_swapper *swapper = firn_allocate_zeroed(options->allocator, 1, sizeof *swapper);
    firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "swapper: out of memory");
    if (swapper == NULL)
        return FIRN_NO_MEMORY;
    options_take(swapper, options);
    status = locks_init(swapper);
    if (status != FIRN_OK) {
        firn_release(options->allocator, swapper, sizeof *swapper);
        return status;
    }
    firn_swapper_time_init(swapper);
    status = here_init(swapper);
    if (status == FIRN_OK && options->store != NULL)
        status = store_init(swapper, options, ret_error);
    if (status == FIRN_OK && !options->no_thread)
        status = firn_swapper_thread_start(swapper);
    if (status != FIRN_OK) {
        parts_fini(swapper);
        locks_fini(swapper);
        firn_release(options->allocator, swapper, sizeof *swapper);
        return status;
    }
    *ret_swapper = swapper;
    return FIRN_OK;
}

static void resident_free(firn_swapper *swapper, firn_swapper_resident *resident)
{
    firn_region_template_release(resident->sibling);
    firn_release(swapper->allocator, resident, sizeof *resident);
}

void firn_swapper_destroy(firn_swapper *swapper)
{
    if (swapper == NULL)
        return;
    bool forked = *swapper->here == 0;
    if (!forked)
        firn_swapper_thread_stop(swapper);
    for (int tier = 0; tier < FIRN_TIER_COUNT; tier++) {
        firn_swapper_resident *next, *resident = swapper->tiers[tier].oldest;
        for (; resident != NULL; resident = next) {
            next = resident->newer;
            resident_free(swapper, resident);
        }
    }
    parts_fini(swapper);
    if (!forked)
        locks_fini(swapper);
    firn_release(swapper->allocator, swapper, sizeof *swapper);
}

/* --- residents --- */

static uint64_t resident_bytes(firn_region *region)
{
    firn_usage usage;
    firn_region_usage(region, &usage);
    return usage.resident_bytes;
}

/* Room to note that a resident's segment is gone, for every resident: freezing and fetching then
 * cannot fail for lack of it. */
static bool gone_reserve(firn_swapper *swapper, size_t count)
{
    void *block = swapper->gone;
    bool grown = firn_grow(swapper->allocator, &block, &swapper->gone_capacity, count,
                           sizeof *swapper->gone);
    swapper->gone = block;
    return grown;
}

firn_status firn_swapper_put(firn_swapper *swapper, firn_region *region,
                             firn_region_template *sibling, firn_swapper_resident **ret_resident)
{
    firn_region_state state = firn_region_state_get(region);
    if (firn_swapper_is_elsewhere(swapper, NULL))
        return FIRN_UNSUPPORTED;
    if (state == FIRN_REGION_AWAY)
        return FIRN_INVALID;
    firn_swapper_resident *resident = firn_allocate_zeroed(swapper->allocator, 1, sizeof *resident);
    if (resident == NULL)
        return FIRN_NO_MEMORY;
    *resident = (firn_swapper_resident){.region = region,
                                        .sibling = sibling,
                                        .resident_bytes = resident_bytes(region),
                                        .segment = FIRN_SEGMENT_NONE};
    pthread_mutex_lock(&swapper->lock);
    bool room = gone_reserve(swapper, swapper->gone_count + swapper->resident_count + 1 +
                                          FIRN_SWAPPER_FREEZE_MAX);
    if (room) {
        resident->used_ns = swapper->time_ns;
        firn_swapper_list_append(swapper, resident,
                                 state == FIRN_REGION_ASLEEP ? FIRN_TIER_WARM : FIRN_TIER_HOT);
        swapper->resident_count++;
    }
    pthread_mutex_unlock(&swapper->lock);
    if (!room) {
        firn_release(swapper->allocator, resident, sizeof *resident);
        return FIRN_NO_MEMORY;
    }
    if (sibling != NULL)
        firn_region_template_retain(sibling);
    *ret_resident = resident;
    return FIRN_OK;
}

firn_status firn_swapper_remove(firn_swapper *swapper, firn_swapper_resident *resident,
                                bool discard, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    if (firn_swapper_is_elsewhere(swapper, ret_error))
        return FIRN_UNSUPPORTED;
    pthread_mutex_lock(&swapper->lock);
    if (resident->pin_count > 0) {
        pthread_mutex_unlock(&swapper->lock);
        return firn_error_set(ret_error, FIRN_BUSY, 0, "swapper: the region is pinned");
    }
    while (resident->busy || resident->held > 0)
        pthread_cond_wait(&swapper->moved, &swapper->lock);
    resident->busy = true;
    if (resident->tier == FIRN_TIER_FROZEN && !discard) {
        pthread_mutex_unlock(&swapper->lock);
        status = firn_swapper_fetch(swapper, resident, ret_error);
        pthread_mutex_lock(&swapper->lock);
    }
    if (status == FIRN_OK) {
        if (resident->segment != FIRN_SEGMENT_NONE)
            swapper->gone[swapper->gone_count++] = resident->segment;
        firn_swapper_list_remove(swapper, resident);
        swapper->resident_count--;
    } else {
        swapper->failures++;
        resident->busy = false;
        pthread_cond_broadcast(&swapper->moved);
    }
    pthread_mutex_unlock(&swapper->lock);
    if (status == FIRN_OK)
        resident_free(swapper, resident);
    return status;
}

/* --- pins --- */

static void latency_note(firn_cache_latency *latency, uint64_t ns)
{
    unsigned power = 63 - (unsigned)__builtin_clzll(ns | 1);
    unsigned half = power > 0 ? (unsigned)(ns >> (power - 1)) & 1 : 0;
    unsigned bucket = 2 * power + half; /* halves at 1.5 times a power: near enough to its root */
    latency->count[bucket < FIRN_CACHE_LATENCY_COUNT ? bucket : FIRN_CACHE_LATENCY_COUNT - 1]++;
}

/* Under the lock, which is let go meanwhile. */
static firn_status wake(firn_swapper *swapper, firn_swapper_resident *resident,
                        firn_error *ret_error)
{
    swapper->waits += firn_swapper_turn_begin(swapper, &swapper->wakers);
    pthread_mutex_unlock(&swapper->lock);
    firn_status status = firn_swapper_move_up(swapper, resident, ret_error);
    uint64_t bytes = resident_bytes(resident->region);
    pthread_mutex_lock(&swapper->lock);
    firn_swapper_turn_end(&swapper->wakers);
    if (status == FIRN_OK) {
        firn_swapper_list_remove(swapper, resident);
        resident->resident_bytes = bytes;
        firn_swapper_list_append(swapper, resident, FIRN_TIER_HOT);
    } else {
        firn_swapper_count(swapper, resident, bytes);
        swapper->failures++;
    }
    return status;
}

firn_status firn_swapper_pin(firn_swapper *swapper, firn_swapper_resident *resident,
                             firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    if (firn_swapper_is_elsewhere(swapper, ret_error))
        return FIRN_UNSUPPORTED;
    uint64_t begin_ns = firn_clock_ns();
    pthread_mutex_lock(&swapper->lock);
    resident->pin_count++; /* I2 */
    while (resident->busy)
        pthread_cond_wait(&swapper->moved, &swapper->lock);
    int tier = resident->tier;
    if (tier != FIRN_TIER_HOT) {
        resident->busy = true;
        status = wake(swapper, resident, ret_error);
        resident->busy = false;
        pthread_cond_broadcast(&swapper->moved);
    }
    resident->change++;
    if (status == FIRN_OK) {
        resident->used_ns = swapper->time_ns;
        swapper->tiers[tier].wakes++;
        swapper->tiers[tier].promoted_bytes += resident->aged ? resident->resident_bytes : 0;
        resident->aged = false;
        latency_note(&swapper->tiers[tier].latency, firn_clock_ns() - begin_ns);
    } else {
        resident->pin_count--;
    }
    if (tier != FIRN_TIER_HOT && swapper->limit_bytes > 0 &&
        firn_swapper_total(swapper) > swapper->target_bytes) {
        swapper->hurry = true;
        pthread_cond_signal(&swapper->tick);
    }
    pthread_mutex_unlock(&swapper->lock);
    return status;
}

firn_status firn_swapper_unpin(firn_swapper *swapper, firn_swapper_resident *resident)
{
    firn_status status = FIRN_INVALID;
    if (firn_swapper_is_elsewhere(swapper, NULL))
        return FIRN_UNSUPPORTED;
    pthread_mutex_lock(&swapper->lock);
    if (resident->pin_count > 0) {
        resident->pin_count--;
        resident->used_ns = swapper->time_ns;
        firn_swapper_list_remove(swapper, resident);
        firn_swapper_list_append(swapper, resident, resident->tier);
        status = FIRN_OK;
    }
    pthread_mutex_unlock(&swapper->lock);
    return status;
}

/* --- by command --- */

firn_status firn_swapper_hibernate(firn_swapper *swapper, firn_swapper_resident *resident,
                                   firn_tier tier, firn_error *ret_error)
{
    if (firn_swapper_is_elsewhere(swapper, ret_error))
        return FIRN_UNSUPPORTED;
    if (tier <= FIRN_TIER_HOT || tier >= FIRN_TIER_COUNT)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "swapper: not a tier to sleep in");
    if (tier == FIRN_TIER_FROZEN && swapper->store == NULL)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "swapper: there is no store");
    firn_status status =
        firn_swapper_move_down(swapper, resident, tier == FIRN_TIER_FROZEN ? FIRN_TIER_COLD : tier,
                               FIRN_SWAPPER_BY_COMMAND, ret_error);
    if (status == FIRN_OK && tier == FIRN_TIER_FROZEN) {
        status = firn_swapper_freeze(swapper, &resident, 1, FIRN_SWAPPER_BY_COMMAND, ret_error);
        if (status == FIRN_OK && firn_swapper_tier_of(swapper, resident) != FIRN_TIER_FROZEN)
            status = firn_error_set(ret_error, FIRN_BUSY, 0, "swapper: the region is in use");
    }
    return status;
}

/* --- figures --- */

firn_region *firn_swapper_region(const firn_swapper_resident *resident)
{
    return resident->region;
}

firn_tier firn_swapper_tier_of(firn_swapper *swapper, const firn_swapper_resident *resident)
{
    pthread_mutex_lock(&swapper->lock);
    firn_tier tier = (firn_tier)resident->tier;
    pthread_mutex_unlock(&swapper->lock);
    return tier;
}

void firn_swapper_stats_get(firn_swapper *swapper, firn_swapper_stats *ret_stats)
{
    memset(ret_stats, 0, sizeof *ret_stats);
    if (firn_swapper_is_elsewhere(swapper, NULL))
        return;
    pthread_mutex_lock(&swapper->lock);
    for (int tier = 0; tier < FIRN_TIER_COUNT; tier++) {
        const firn_swapper_list *list = &swapper->tiers[tier];
        ret_stats->tier[tier] =
            (firn_swapper_tier_stats){.region_count = list->count,
                                      .resident_bytes = list->resident_bytes,
                                      .demote_count = list->demotions,
                                      .wake_count = list->wakes,
                                      .age_ms = tier < FIRN_TIER_FROZEN ? swapper->age_ms[tier] : 0,
                                      .wake = list->latency};
    }
    ret_stats->target_bytes = swapper->target_bytes;
    ret_stats->commit_count = swapper->commits;
    ret_stats->failure_count = swapper->failures;
    ret_stats->wait_count = swapper->waits;
    pthread_mutex_unlock(&swapper->lock);
}

void firn_swapper_usage(firn_swapper *swapper, firn_usage *ret_usage)
{
    firn_usage usage = {0};
    memset(ret_usage, 0, sizeof *ret_usage);
    if (firn_swapper_is_elsewhere(swapper, NULL))
        return;
    if (swapper->store != NULL)
        firn_store_usage(swapper->store, &usage);
    pthread_mutex_lock(&swapper->lock);
    ret_usage->resident_bytes = firn_swapper_total(swapper);
    ret_usage->compressed_bytes = swapper->tiers[FIRN_TIER_WARM].resident_bytes +
                                  swapper->tiers[FIRN_TIER_COLD].resident_bytes;
    ret_usage->overhead_bytes =
        sizeof *swapper + swapper->resident_count * sizeof(firn_swapper_resident) +
        swapper->gone_capacity * sizeof *swapper->gone + usage.reserved_bytes;
    ret_usage->disk_bytes = usage.disk_bytes;
    pthread_mutex_unlock(&swapper->lock);
}
