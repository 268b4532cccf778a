/* The ghosts of S3-FIFO; see ghost.h. Called by policy.c and the cache.
 *
 * Invariant: G1 a place that holds a ghost is not 0: its time is never 0. A time is one of 1 to
 * 65,535, and goes on every count/1,024 departures (each, at least); what is older than the
 * window's times is forgotten. What is never looked at again may come round after 65,535 times; by
 * then its place has been taken, or it is taken for a ghost once more, which does no harm. */
#include "tier/ghost.h"

enum { WAYS = 4, BUCKETS_MIN = 16, WINDOW_MAX = 1024, TIMES = 65535 };

bool firn_ghost_init(firn_ghost *ghost, const firn_allocator *allocator, size_t count)
{
    /* Two places a ghost, so that few are pushed out of a full bucket before their time. */
    uint32_t buckets = (uint32_t)(count / WAYS * 2);
    if (buckets < BUCKETS_MIN)
        buckets = BUCKETS_MIN;
    uint32_t *places = firn_allocate_zeroed(allocator, (size_t)buckets * WAYS, sizeof *places);
    if (places == NULL)
        return false;
    *ghost = (firn_ghost){.places = places, .bucket_count = buckets, .time = 1};
    ghost->step = (uint32_t)(count / WINDOW_MAX) + 1;
    firn_ghost_limit(ghost, count);
    return true;
}

void firn_ghost_limit(firn_ghost *ghost, size_t count)
{
    uint32_t window = (uint32_t)(count / ghost->step);
    ghost->window = window > WINDOW_MAX ? WINDOW_MAX : window;
}

void firn_ghost_fini(firn_ghost *ghost, const firn_allocator *allocator)
{
    firn_release(allocator, ghost->places, (size_t)ghost->bucket_count * WAYS * sizeof(uint32_t));
    ghost->places = NULL;
}

static uint32_t *bucket_of(const firn_ghost *ghost, uint64_t hash)
{
    uint64_t bucket = (hash >> 32) * ghost->bucket_count >> 32;
    return ghost->places + bucket * WAYS;
}

static uint32_t age_of(const firn_ghost *ghost, uint32_t place)
{
    uint32_t time = place & 0xffff;
    return ghost->time >= time ? ghost->time - time : ghost->time + TIMES - time;
}

static bool is_held(const firn_ghost *ghost, uint32_t place)
{
    return place != 0 && age_of(ghost, place) <= ghost->window;
}

static void time_goes_on(firn_ghost *ghost)
{
    if (++ghost->tick_count < ghost->step)
        return;
    ghost->tick_count = 0;
    ghost->time = ghost->time == TIMES ? 1 : (uint16_t)(ghost->time + 1); /* G1 */
}

void firn_ghost_add(firn_ghost *ghost, uint64_t hash)
{
    uint32_t *bucket = bucket_of(ghost, hash);
    uint32_t *oldest = bucket;
    for (int i = 0; i < WAYS; i++) {
        if (!is_held(ghost, bucket[i])) {
            oldest = &bucket[i];
            break;
        }
        if (age_of(ghost, bucket[i]) > age_of(ghost, *oldest))
            oldest = &bucket[i];
    }
    *oldest = (uint32_t)(hash & 0xffff) << 16 | ghost->time;
    time_goes_on(ghost);
}

bool firn_ghost_take(firn_ghost *ghost, uint64_t hash)
{
    if (ghost->places == NULL)
        return false;
    uint32_t *bucket = bucket_of(ghost, hash);
    for (int i = 0; i < WAYS; i++) {
        if (bucket[i] >> 16 == (hash & 0xffff) && is_held(ghost, bucket[i])) {
            bucket[i] = 0;
            return true;
        }
    }
    return false;
}
