/* What the tests of the adapters have in common: a library at work in memory of an allocator, with
 * steps that a random number chooses and a digest of all that it holds, which depends on the steps
 * alone. Header-only. */
#ifndef FIRN_TESTS_SUBJECT_H
#define FIRN_TESTS_SUBJECT_H

#include "support/failing.h"
#include "support/random.h"

#include <firn/slab.h>

#include <malloc.h>

typedef struct subject {
    /* False when there was no memory; what was taken was given back, or belongs to the allocator.
     */
    bool (*open)(void *self, const firn_allocator *allocator);
    /* False when there was no memory for it. */
    bool (*step)(void *self, uint32_t random);
    uint32_t (*digest)(void *self);
    void (*close)(void *self);
} subject;

static inline void subject_breach(const char *what)
{
    fprintf(stderr, "subject: %s\n", what);
    abort();
}

/* Two in different memory hold the same after the same steps. */
static inline void subject_is_its_steps(const subject *kind, void *one, void *other, size_t steps)
{
    failing memory;
    firn_slab slab;
    rng random;
    rng_init(&random, "subject_is_its_steps");
    failing_init(&memory, 0);
    if (firn_slab_init(&slab, NULL) != FIRN_OK)
        subject_breach("no slab");
    firn_allocator in_slab = firn_slab_allocator(&slab);
    if (!kind->open(one, &memory.allocator) || !kind->open(other, &in_slab))
        subject_breach("not opened");
    for (size_t i = 0; i < steps; i++) {
        uint32_t number = (uint32_t)rng_next(&random);
        if (!kind->step(one, number) || !kind->step(other, number))
            subject_breach("a step failed");
    }
    if (kind->digest(one) != kind->digest(other))
        subject_breach("two that did the same differ");
    kind->close(one);
    kind->close(other);
    failing_check(&memory);
    if (firn_slab_verify(&slab) != FIRN_OK)
        subject_breach("the slab is damaged");
    firn_slab_fini(&slab);
}

/* All that it takes is in its own piece of memory: malloc's count stays as it is. (Sanitizers count
 * nothing, so that this holds there whatever happens.) */
static inline void subject_lives_inside(const subject *kind, void *self, size_t steps)
{
    size_t size = (size_t)64 << 20;
    char *memory = aligned_alloc(65536, size);
    firn_page_source source = firn_page_source_fixed(memory, size);
    firn_slab_options options = {.source = &source};
    firn_slab slab;
    uint32_t numbers = 1;
    if (memory == NULL || firn_slab_init(&slab, &options) != FIRN_OK)
        subject_breach("no slab");
    firn_allocator inside = firn_slab_allocator(&slab);
    size_t before = mallinfo2().uordblks;
    if (!kind->open(self, &inside))
        subject_breach("not opened");
    for (size_t i = 0; i < steps; i++)
        if (!kind->step(self, numbers = numbers * 1664525u + 1013904223u))
            subject_breach("a step failed");
    (void)kind->digest(self);
    size_t after = mallinfo2().uordblks;
    if (after != before) {
        fprintf(stderr, "subject: %zu bytes are held outside\n", after - before);
        abort();
    }
    kind->close(self);
    firn_slab_fini(&slab);
    free(memory);
}

/* Opening and some steps, with each allocation failing in turn: each call says so, nothing else
 * goes wrong, and what was held can still be closed, and all of it was given back. */
static inline void subject_survives(const subject *kind, void *self, size_t steps, size_t stride)
{
    for (size_t fail_at = 1;; fail_at += stride) {
        failing memory;
        uint32_t numbers = 7;
        failing_init(&memory, fail_at);
        bool failed = !kind->open(self, &memory.allocator);
        if (!failed) {
            for (size_t i = 0; i < steps; i++)
                failed |= !kind->step(self, numbers = numbers * 1664525u + 1013904223u);
            kind->close(self);
        }
        failing_check(&memory);
        if (atomic_load(&memory.calls) < fail_at) {
            if (failed)
                subject_breach("a failure though no allocation failed");
            return;
        }
    }
}

#endif
