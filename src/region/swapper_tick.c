/* Ageing: once a second, in the swapper's thread or its user's loop.
 *
 * Time is counted in steps of the clock, of which one back counts as none. What is unused for its
 * tier's age goes down one tier. Ages follow the promotions as the cache's do (tier/cache_tick.c),
 * but by bytes, since regions differ in size, and without those that a command or want of room had
 * sent down: while pins bring back more than 0.2 % of what is hot a minute, ages grow. Above the
 * target, the oldest of hot go down, then those of warm, then, with a store, those of cold. The
 * target is the limit; under pressure (stalls, or memory that runs out) it shrinks by an eighth a
 * second, and without a limit an eighth of what all take goes.
 *
 * Called by its thread and by firn_swapper_tick; calls swapper_move.c. Threads: any may tick. */
#include "region/swapper.h"

#include "core/pressure.h"
#include "tier/cache_tick.h"

#include <firn/system.h>

#include <time.h>

enum { TICK_MS = 1000, STEER_SECONDS = 60 };

#define NS_OF_SECOND UINT64_C(1000000000)
#define NS_OF_MS UINT64_C(1000000)

/* --- time and pressure, under the lock --- */

void firn_swapper_time_init(firn_swapper *swapper)
{
    swapper->raw_ns = swapper->clock_ns(swapper->clock_context);
    swapper->time_ns = NS_OF_SECOND;
}

static void time_step(firn_swapper *swapper)
{
    uint64_t raw_ns = swapper->clock_ns(swapper->clock_context);
    uint64_t step_ns = raw_ns > swapper->raw_ns ? raw_ns - swapper->raw_ns : 0;
    swapper->raw_ns = raw_ns;
    swapper->time_ns += step_ns;
}

/* What comes up from below a tier left it too early. */
static void steer(firn_swapper *swapper)
{
    uint64_t hot_bytes = swapper->tiers[FIRN_TIER_HOT].resident_bytes;
    for (int tier = 0; tier < 3; tier++) {
        swapper->age_ms[tier] =
            firn_cache_age_steer(swapper->base_age_ms[tier], swapper->age_ms[tier],
                                 swapper->tiers[tier + 1].promoted_bytes, hot_bytes);
        swapper->tiers[tier + 1].promoted_bytes = 0;
    }
}

static void press(firn_swapper *swapper, uint32_t share, uint64_t available, uint64_t limit)
{
    uint64_t total = firn_swapper_total(swapper);
    if (swapper->limit_bytes > 0) {
        swapper->target_bytes = firn_cache_target_steer(swapper->limit_bytes, swapper->target_bytes,
                                                        share, available, limit);
    } else { /* steered from far above, a target shrinks only when pressed */
        uint64_t steered =
            firn_cache_target_steer(UINT64_MAX / 2, UINT64_MAX / 2, share, available, limit);
        swapper->target_bytes = steered < UINT64_MAX / 2 ? total - total / 8 : 0;
    }
}

/* --- who is due --- */

/* The resident of a tier that may go down and was unused for longest, at least for age_ns. */
static firn_swapper_resident *oldest(firn_swapper *swapper, int tier, uint64_t age_ns)
{
    firn_swapper_resident *resident = swapper->tiers[tier].oldest;
    while (resident != NULL && (resident->busy || resident->pin_count > 0 ||
                                resident->failed_tick == swapper->tick_count ||
                                swapper->time_ns - resident->used_ns < age_ns))
        resident = resident->newer;
    return resident;
}

/* The same, held so that its user's removal waits; NULL during a stop. */
static firn_swapper_resident *take(firn_swapper *swapper, int tier, uint64_t age_ns)
{
    pthread_mutex_lock(&swapper->lock);
    firn_swapper_resident *resident = swapper->stop ? NULL : oldest(swapper, tier, age_ns);
    if (resident != NULL)
        resident->held++;
    pthread_mutex_unlock(&swapper->lock);
    return resident;
}

/* Gives one back. It is not taken by this tick again, be it that it did not move. */
static void give(firn_swapper *swapper, firn_swapper_resident *resident)
{
    pthread_mutex_lock(&swapper->lock);
    resident->held--;
    pthread_cond_broadcast(&swapper->moved);
    pthread_mutex_unlock(&swapper->lock);
}

static void note(firn_status *first, firn_status status)
{
    if (*first == FIRN_OK && status != FIRN_BUSY) /* it is in use: none the worse */
        *first = status;
}

/* Who goes at any age goes for room. */
static firn_swapper_cause cause_of(uint64_t age_ns)
{
    return age_ns > 0 ? FIRN_SWAPPER_BY_AGE : FIRN_SWAPPER_FOR_ROOM;
}

/* Sends one of hot or warm down. False when there is none. */
static bool pack_one(firn_swapper *swapper, int tier, uint64_t age_ns, firn_status *first,
                     firn_error *ret_error)
{
    firn_swapper_resident *resident = take(swapper, tier, age_ns);
    if (resident == NULL)
        return false;
    firn_error error = {0};
    firn_status status =
        firn_swapper_move_down(swapper, resident, (firn_tier)(tier + 1), cause_of(age_ns),
                               *first == FIRN_OK ? &error : NULL);
    if (*first == FIRN_OK && status != FIRN_OK && status != FIRN_BUSY && ret_error != NULL)
        *ret_error = error;
    note(first, status);
    if (status != FIRN_OK) {
        pthread_mutex_lock(&swapper->lock);
        resident->failed_tick = swapper->tick_count;
        pthread_mutex_unlock(&swapper->lock);
    }
    give(swapper, resident);
    return true;
}

/* Freezes some of cold. False when there are none. */
static bool freeze_some(firn_swapper *swapper, uint64_t age_ns, firn_status *first,
                        firn_error *ret_error)
{
    firn_swapper_resident *residents[FIRN_SWAPPER_FREEZE_MAX];
    size_t count = 0;
    while (count < FIRN_SWAPPER_FREEZE_MAX &&
           (residents[count] = take(swapper, FIRN_TIER_COLD, age_ns)) != NULL) {
        pthread_mutex_lock(&swapper->lock);
        residents[count++]->failed_tick = swapper->tick_count; /* one try */
        pthread_mutex_unlock(&swapper->lock);
    }
    if (count == 0)
        return false;
    note(first, firn_swapper_freeze(swapper, residents, count, cause_of(age_ns),
                                    *first == FIRN_OK ? ret_error : NULL));
    while (count > 0)
        give(swapper, residents[--count]);
    return true;
}

/* --- a tick --- */

/* What is awake grows without a call of the swapper's. One that is pinned is not looked at: its
 * user may be within a call of its allocator. */
static void count_hot(firn_swapper *swapper)
{
    pthread_mutex_lock(&swapper->lock);
    firn_swapper_resident *next, *resident = swapper->tiers[FIRN_TIER_HOT].oldest;
    for (; resident != NULL; resident = next) {
        if (!resident->busy && resident->pin_count == 0) {
            resident->busy = true;
            pthread_mutex_unlock(&swapper->lock);
            firn_usage usage;
            firn_region_usage(resident->region, &usage);
            pthread_mutex_lock(&swapper->lock);
            firn_swapper_count(swapper, resident, usage.resident_bytes);
            resident->busy = false;
            pthread_cond_broadcast(&swapper->moved);
        }
        next = resident->newer;
    }
    pthread_mutex_unlock(&swapper->lock);
}

static bool is_over(firn_swapper *swapper)
{
    pthread_mutex_lock(&swapper->lock);
    bool over = swapper->target_bytes > 0 && firn_swapper_total(swapper) > swapper->target_bytes;
    pthread_mutex_unlock(&swapper->lock);
    return over;
}

static void make_room(firn_swapper *swapper, firn_status *first, firn_error *ret_error)
{
    while (is_over(swapper)) {
        if (!pack_one(swapper, FIRN_TIER_HOT, 0, first, ret_error) &&
            !pack_one(swapper, FIRN_TIER_WARM, 0, first, ret_error) &&
            (swapper->store == NULL || !freeze_some(swapper, 0, first, ret_error)))
            return;
    }
}

/* Takes the clock's step and, once a second, the machine's pressure, once a minute the promotions.
 * Tells the ages. */
static void look(firn_swapper *swapper, uint64_t *ret_age_ns)
{
    uint32_t share = 0;
    pthread_mutex_lock(&swapper->lock);
    time_step(swapper);
    swapper->tick_count++;
    bool second = swapper->time_ns - swapper->pressure_ns >= NS_OF_SECOND;
    if (second)
        swapper->pressure_ns = swapper->time_ns;
    if (swapper->time_ns - swapper->steered_ns >= STEER_SECONDS * NS_OF_SECOND) {
        swapper->steered_ns = swapper->time_ns;
        steer(swapper);
    }
    for (int tier = 0; tier < 3; tier++)
        ret_age_ns[tier] = swapper->age_ms[tier] * NS_OF_MS;
    pthread_mutex_unlock(&swapper->lock);
    if (!second || swapper->ignore_pressure)
        return;
    (void)firn_pressure_memory("", &share); /* stays 0 */
    uint64_t available = firn_memory_available_bytes(), limit = firn_memory_limit_bytes();
    pthread_mutex_lock(&swapper->lock);
    press(swapper, share, available, limit);
    pthread_mutex_unlock(&swapper->lock);
}

firn_status firn_swapper_tick(firn_swapper *swapper, firn_error *ret_error)
{
    if (firn_swapper_is_elsewhere(swapper, ret_error))
        return FIRN_UNSUPPORTED;
    firn_status first = FIRN_OK;
    uint64_t age_ns[3];
    look(swapper, age_ns);
    for (int tier = FIRN_TIER_HOT; tier <= FIRN_TIER_WARM; tier++)
        while (pack_one(swapper, tier, age_ns[tier], &first, ret_error))
            continue;
    if (swapper->store != NULL)
        while (freeze_some(swapper, age_ns[FIRN_TIER_COLD], &first, ret_error))
            continue;
    count_hot(swapper);
    make_room(swapper, &first, ret_error);
    if (swapper->store != NULL) {
        firn_error *error = first == FIRN_OK ? ret_error : NULL;
        pthread_mutex_lock(&swapper->lock);
        bool gone = swapper->gone_count > 0;
        pthread_mutex_unlock(&swapper->lock);
        if (gone)
            note(&first, firn_swapper_freeze(swapper, NULL, 0, FIRN_SWAPPER_FOR_ROOM, error));
        note(&first, firn_swapper_compact(swapper, first == FIRN_OK ? ret_error : NULL));
    }
    return first;
}

/* --- the thread --- */

static struct timespec after_ms(uint64_t ms)
{
    uint64_t ns = firn_clock_ns() + ms * NS_OF_MS;
    return (struct timespec){.tv_sec = (time_t)(ns / NS_OF_SECOND),
                             .tv_nsec = (long)(ns % NS_OF_SECOND)};
}

static void *run(void *context)
{
    firn_swapper *swapper = context;
    pthread_mutex_lock(&swapper->lock);
    while (!swapper->stop) {
        struct timespec until = after_ms(TICK_MS);
        while (!swapper->stop && !swapper->hurry &&
               pthread_cond_timedwait(&swapper->tick, &swapper->lock, &until) == 0)
            continue;
        swapper->hurry = false;
        if (swapper->stop)
            break;
        pthread_mutex_unlock(&swapper->lock);
        (void)(firn_swapper_tick(swapper, NULL) == FIRN_OK); /* the stats count what fails */
        pthread_mutex_lock(&swapper->lock);
    }
    pthread_mutex_unlock(&swapper->lock);
    return NULL;
}

firn_status firn_swapper_thread_start(firn_swapper *swapper)
{
    if (pthread_create(&swapper->thread, NULL, run, swapper) != 0)
        return FIRN_NO_MEMORY;
    swapper->has_thread = true;
    return FIRN_OK;
}

void firn_swapper_thread_stop(firn_swapper *swapper)
{
    if (!swapper->has_thread)
        return;
    pthread_mutex_lock(&swapper->lock);
    swapper->stop = true;
    pthread_cond_signal(&swapper->tick);
    pthread_mutex_unlock(&swapper->lock);
    pthread_join(swapper->thread, NULL);
    swapper->has_thread = false;
}
