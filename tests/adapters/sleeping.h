/* A subject in a region that falls asleep at every level and wakes in every mode between its steps,
 * beside a twin that never sleeps and takes the same ones. Header-only. */
#ifndef FIRN_TESTS_SLEEPING_H
#define FIRN_TESTS_SLEEPING_H

#include "subject.h"

#include <firn/region.h>

typedef struct sleeping {
    const subject *kind;
    void *self, *twin;
    firn_region *region;
    firn_allocator memory;
    firn_region_template *sibling;
    firn_region_wake_mode mode;
    rng random;
    size_t slept;
} sleeping;

static inline void sleeping_need(firn_status status, const char *what)
{
    if (status == FIRN_OK)
        return;
    fprintf(stderr, "sleeping: %s: %s\n", what, firn_status_name(status));
    abort();
}

/* A region that only began is what the other is packed against. */
static inline void sleeping_make_sibling(sleeping *one, void *self)
{
    firn_region *region;
    sleeping_need(firn_region_create(NULL, &region), "no region for a sibling");
    firn_allocator memory = firn_region_allocator(region);
    if (!one->kind->open(self, &memory))
        subject_breach("not opened");
    sleeping_need(firn_region_template_create(region, &one->sibling), "no template");
    one->kind->close(self);
    firn_region_destroy(region);
}

/* Its image goes away as a snapshot, and comes back. */
static inline void sleeping_leave(sleeping *one)
{
    uint64_t size;
    size_t written;
    sleeping_need(firn_region_snapshot_size(one->region, &size), "no size of a snapshot");
    void *snapshot = malloc((size_t)size);
    if (snapshot == NULL)
        subject_breach("no memory");
    sleeping_need(firn_region_snapshot(one->region, snapshot, (size_t)size, &written),
                  "no snapshot");
    sleeping_need(firn_region_away(one->region), "does not go away");
    sleeping_need(firn_region_restore(one->region, (firn_bytes){snapshot, written}, NULL),
                  "does not come back");
    free(snapshot);
}

static inline void sleeping_sleep(sleeping *one)
{
    static const int levels[] = {FIRN_REGION_LEVEL_RAW, FIRN_REGION_LEVEL_LZ4, 0, 1, 2, 3, 5, 9};
    firn_region_hibernate_options options = {.level = levels[rng_below(&one->random, 8)]};
    uint64_t before, after;
    if (options.level >= 0 && rng_below(&one->random, 2) == 0)
        options.sibling = one->sibling;
    bool looks = rng_below(&one->random, 8) == 0;
    if (looks)
        sleeping_need(firn_region_digest(one->region, &before), "no digest");
    sleeping_need(firn_region_hibernate(one->region, &options), "does not sleep");
    if (firn_region_state_get(one->region) != FIRN_REGION_ASLEEP)
        subject_breach("is not asleep");
    if (looks) {
        sleeping_need(firn_region_verify(one->region), "is damaged");
        sleeping_need(firn_region_digest(one->region, &after), "no digest");
        if (before != after)
            subject_breach("sleeps with another content");
    }
    if (rng_below(&one->random, 4) == 0)
        sleeping_leave(one);
    one->slept++;
}

/* One that wakes on touch mostly is left to that. */
static inline void sleeping_wake(sleeping *one)
{
    if (one->mode != FIRN_REGION_EAGER && rng_below(&one->random, 4) != 0)
        return;
    if (rng_below(&one->random, 2) == 0) {
        sleeping_need(firn_region_wake(one->region), "does not wake");
        return;
    }
    sleeping_need(firn_region_pin(one->region, NULL, 0), "cannot be pinned");
    if (firn_region_hibernate(one->region, NULL) != FIRN_BUSY)
        subject_breach("sleeps though it is pinned");
    sleeping_need(firn_region_unpin(one->region), "cannot be unpinned");
}

/* Opens both; where userfaultfd is not allowed, its mode is another. */
static inline void sleeping_begin(sleeping *one)
{
    firn_region_options options = {.mode = one->mode};
    firn_status status = firn_region_create(&options, &one->region);
    if (status == FIRN_UNSUPPORTED && one->mode == FIRN_REGION_ON_FAULT) {
        options.mode = one->mode = FIRN_REGION_ON_TOUCH;
        status = firn_region_create(&options, &one->region);
    }
    sleeping_need(status, "no region");
    one->memory = firn_region_allocator(one->region);
    if (!one->kind->open(one->self, &one->memory) ||
        !one->kind->open(one->twin, firn_allocator_system()))
        subject_breach("not opened");
}

/* Both take a step; one in `between` times a sleep follows, and sometimes a comparison. */
static inline void sleeping_step(sleeping *one, size_t between)
{
    uint32_t number = (uint32_t)rng_next(&one->random);
    if (firn_region_state_get(one->region) == FIRN_REGION_ASLEEP && one->mode == FIRN_REGION_EAGER)
        sleeping_need(firn_region_wake(one->region), "does not wake");
    if (!one->kind->step(one->self, number) || !one->kind->step(one->twin, number))
        subject_breach("a step failed");
    if (rng_below(&one->random, between) != 0)
        return;
    sleeping_sleep(one);
    if (rng_below(&one->random, 4) == 0)
        return; /* it sleeps for some while */
    sleeping_wake(one);
    if (rng_below(&one->random, 4) == 0 &&
        one->kind->digest(one->self) != one->kind->digest(one->twin))
        subject_breach("the one that slept is not as its twin");
}

static inline void sleeping_end(sleeping *one)
{
    sleeping_need(firn_region_wake(one->region), "does not wake");
    if (one->kind->digest(one->self) != one->kind->digest(one->twin))
        subject_breach("the one that slept is not as its twin");
    sleeping_need(firn_region_verify(one->region), "is damaged");
    one->kind->close(one->self);
    one->kind->close(one->twin);
    firn_region_destroy(one->region);
}

/* steps in each mode, one in `between` of them followed by a sleep. */
static inline void sleeping_run(const subject *kind, void *self, void *twin, size_t steps,
                                size_t between)
{
    sleeping one = {.kind = kind, .self = self, .twin = twin};
    rng_init(&one.random, "sleeping_run");
    sleeping_make_sibling(&one, self);
    for (int mode = 0; mode < FIRN_REGION_MODE_COUNT; mode++) {
        one.mode = (firn_region_wake_mode)mode;
        sleeping_begin(&one);
        for (size_t i = 0; i < steps; i++)
            sleeping_step(&one, between);
        sleeping_end(&one);
    }
    printf("slept %zu times\n", one.slept);
    firn_region_template_release(one.sibling);
}

#endif
