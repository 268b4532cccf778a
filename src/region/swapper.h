/* What the parts of a swapper share.
 *
 *   swapper.c        its calls, the residents' lists, pins
 *   swapper_move.c   a resident's way down and up, one step each
 *   swapper_tick.c   clock, limit, pressure, the thread
 *
 * Nouns: a *resident* is a region in care; it is *busy* while one thread moves it; a *turn* is the
 * right to pack or to wake, of which there are so many at a time, given in the order of asking.
 *
 * I1  What `lock` guards is looked at and changed under it, and no region, store or allocator of a
 *     region is called under it: whatever they take, a pin of another region does not wait for it.
 * I2  Only who made a resident busy calls its region's sleeping and waking, and only it changes its
 *     tier; a pin first counts itself, so that no new movement begins, then waits for the last one.
 * I3  A resident that is pinned and not busy is hot.
 * I4  tier == FROZEN exactly when its region is away and `segment` has its image, committed.
 * I5  `lock` is the innermost but for the store's own; `freeze` is held around puts and commits of
 *     the store, never by a pin. */
#ifndef FIRN_REGION_SWAPPER_H
#define FIRN_REGION_SWAPPER_H

#include <firn/store.h>
#include <firn/swapper.h>

#include <pthread.h>

enum { FIRN_SWAPPER_FREEZE_MAX = 16 }; /* residents by one commit */

struct firn_swapper_resident {
    firn_region *region;
    firn_region_template *sibling;
    firn_swapper_resident *older, *newer; /* in its tier's list, by when it was used */
    uint64_t used_ns;                     /* the swapper's time of the last pin or unpin */
    uint64_t failed_tick;                 /* the number of the last that could not move it */
    uint64_t resident_bytes;
    uint64_t change;  /* counts pins and movements */
    uint32_t segment; /* of its image in the store; NONE: there is none */
    uint32_t pin_count;
    uint32_t held; /* by those who mean to move it: it is not removed */
    uint8_t tier;
    bool busy;
    bool aged; /* it went down by its age, and not by command or for room */
};

/* Why a resident goes down. */
typedef enum firn_swapper_cause {
    FIRN_SWAPPER_BY_COMMAND,
    FIRN_SWAPPER_BY_AGE,
    FIRN_SWAPPER_FOR_ROOM
} firn_swapper_cause;

/* In the order of their use. */
typedef struct firn_swapper_list {
    firn_swapper_resident *oldest, *newest;
    uint64_t count, resident_bytes;
    uint64_t demotions, wakes;
    uint64_t promoted_bytes; /* of those that came by age and that a pin woke, in this minute */
    firn_cache_latency latency;
} firn_swapper_list;

typedef struct firn_swapper_turns {
    pthread_cond_t ended;
    uint64_t asked, done;
    uint32_t count; /* at a time */
} firn_swapper_turns;

struct firn_swapper {
    const firn_allocator *allocator;
    pthread_mutex_t lock; /* of all below it that is not said to be another's */
    pthread_cond_t moved; /* some resident is not busy any more */
    firn_swapper_turns packers, wakers;
    firn_swapper_list tiers[FIRN_TIER_COUNT];
    uint64_t resident_count;
    uint64_t failures, waits, commits;

    uint64_t time_ns, raw_ns;         /* time that passed; the clock's */
    uint64_t pressure_ns, steered_ns; /* of the last look, and of the last change of ages */
    uint64_t tick_count;
    uint64_t limit_bytes, target_bytes;
    uint32_t base_age_ms[3], age_ms[3]; /* as the user says, and as they are steered */
    int level[2];
    bool ignore_pressure;
    uint64_t (*clock_ns)(void *context);
    void *clock_context;

    firn_store *store; /* NULL: none */
    pthread_mutex_t freeze;
    uint32_t *gone; /* segments to remove, until a commit has; there is room for one of every
                     * resident and one commit's */
    size_t gone_count, gone_capacity;

    uint8_t *here; /* a page that a forked child finds wiped; 1 */
    pthread_t thread;
    pthread_cond_t tick;
    bool has_thread, stop, hurry;
};

/* Whether this is a child of the process that made it; fills ret_error then. */
bool firn_swapper_is_elsewhere(const firn_swapper *swapper, firn_error *ret_error);

/* --- under the lock --- */

void firn_swapper_list_append(firn_swapper *swapper, firn_swapper_resident *resident, int tier);
void firn_swapper_list_remove(firn_swapper *swapper, firn_swapper_resident *resident);
/* Sets what a resident takes. */
void firn_swapper_count(firn_swapper *swapper, firn_swapper_resident *resident, uint64_t bytes);
/* What all take. */
uint64_t firn_swapper_total(const firn_swapper *swapper);

/* Waits for a turn. True when it had to. Each is ended by firn_swapper_turn_end. */
bool firn_swapper_turn_begin(firn_swapper *swapper, firn_swapper_turns *turns);
void firn_swapper_turn_end(firn_swapper_turns *turns);

/* --- movements, without the lock --- */

/* Wakes the region of a resident that is the caller's (busy); it may be frozen. */
firn_status firn_swapper_move_up(firn_swapper *swapper, firn_swapper_resident *resident,
                                 firn_error *ret_error);

/* Packs a resident, which is not the caller's yet, for warm or cold, when it is not as deep: takes
 * a packer's turn, and the resident for that long. FIRN_BUSY for one that is pinned, or, unless by
 * command, moved by another. */
firn_status firn_swapper_move_down(firn_swapper *swapper, firn_swapper_resident *resident,
                                   firn_tier tier, firn_swapper_cause cause, firn_error *ret_error);

/* Freezes up to FIRN_SWAPPER_FREEZE_MAX residents that are cold, by one commit; those that are used
 * meanwhile stay. Removes what is gone; with no residents, that alone. */
firn_status firn_swapper_freeze(firn_swapper *swapper, firn_swapper_resident *const *residents,
                                size_t count, firn_swapper_cause cause, firn_error *ret_error);
/* Makes the store's files smaller where they are largely garbage. */
firn_status firn_swapper_compact(firn_swapper *swapper, firn_error *ret_error);
/* Brings a frozen one, which is the caller's, back to cold; its segment is gone then. */
firn_status firn_swapper_fetch(firn_swapper *swapper, firn_swapper_resident *resident,
                               firn_error *ret_error);

/* --- time --- */

void firn_swapper_time_init(firn_swapper *swapper);
FIRN_NODISCARD firn_status firn_swapper_thread_start(firn_swapper *swapper);
void firn_swapper_thread_stop(firn_swapper *swapper);

#endif
