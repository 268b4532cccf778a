/* A set of objects of which random ones are replaced, one in ten allocated bytes surviving: what a
 * collector's pauses are like when it has a certain live size. A clock is read every 16 steps; what
 * passes between two readings in which the nursery was collected, and nothing else was, counts as
 * the pause of a minor collection. */
#include <string.h>

#include "gc/memory.h"
#include "gc/work.h"

enum { GARBAGE_A_STEP = 9, ENTRY_BYTES = 64 + 8, BATCH = 16, STEPS = 5000000 };

struct entry {
    uint8_t *value;
    uint64_t number;
};

static struct entry **ring;

/* 64 bytes that stay, with the headers of a collected object, and nine times as many that do not.
 */
static void step(uint32_t slot, uint32_t number)
{
    void *slots[1] = {make(KIND_LEAF, 32)};
    FRAME(frame, slots);
    memset(slots[0], (int)number, 32);
    struct entry *entry = make(KIND_LINK, sizeof *entry);
    entry->value = slots[0];
    entry->number = number;
    if (MUST_FORGET && ring[slot] != NULL) {
        forget(ring[slot]->value);
        forget(ring[slot]);
    }
    put(ring, &ring[slot], entry);
    for (uint32_t i = 0; i < GARBAGE_A_STEP; i++) {
        void *garbage = make(KIND_LEAF, 56);
        *(uint64_t *)garbage = number;
        forget(garbage);
    }
    FRAME_END(frame);
}

/* Pauses of minor collections alone. */
static double minors[STEPS / BATCH + 1];
static size_t minor_count;

static int compare(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static void churn(uint32_t entries)
{
    uint32_t sequence = 88675123u;
    struct gap wall = {.last = wall_ns()}, cpu = {.last = cpu_ns()};
    struct collections before = collections();
    for (uint32_t i = 0; i < STEPS; i++) {
        step(random_below(&sequence, entries), i);
        if (i % BATCH != 0)
            continue;
        uint64_t took = cpu_ns() - cpu.last;
        gap_note(&wall, wall_ns());
        gap_note(&cpu, cpu_ns());
        struct collections now = collections();
        if (now.minor > before.minor && now.other == before.other)
            minors[minor_count++] = (double)took;
        before = now;
    }
    qsort(minors, minor_count, sizeof minors[0], compare);
    printf("pause_ns %.0f\n", (double)wall.longest);
    printf("pause_cpu_ns %.0f\n", (double)cpu.longest);
    if (minor_count > 0)
        printf("minor_cpu_ns %.0f\n", minors[minor_count - 1 - minor_count / 1000]);
    printf("minors_alone %zu\n", minor_count);
}

static void run(uint32_t live_bytes)
{
    const uint32_t entries = live_bytes / ENTRY_BYTES;
    uint64_t checksum = 0;
    hold((void **)&ring);
    ring = make(KIND_ARRAY, entries * sizeof *ring);
    memset(ring, 0, entries * sizeof *ring);
    for (uint32_t slot = 0; slot < entries; slot++)
        step(slot, slot);
    churn(entries);
    for (uint32_t slot = 0; slot < entries; slot++)
        checksum += ring[slot]->number + ring[slot]->value[31];
    printf("checksum %.0f\n", (double)checksum);
}

void work_ring(uint32_t live_bytes)
{
    memory_begin(false);
    run(live_bytes);
}

/* The same with a nursery that does not shrink. */
void work_minor(uint32_t live_bytes)
{
    memory_begin(true);
    run(live_bytes);
}
