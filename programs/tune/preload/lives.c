/* Two open tables with linear probing, at most half full: see lives.h. Called by record.c, under
 * its lock. What is taken out of a table is closed up by moving the rest of its run back, so that
 * there are no marks of the deleted. Memory: straight from the kernel, doubled when needed. */
#include "tune/preload/lives.h"

#include <string.h>
#include <sys/mman.h>

#define FIRST_SLOTS ((size_t)1 << 12)

struct place {
    uint64_t hash;
    uint32_t place; /* 0: an empty slot */
    uint32_t reserved;
};

static struct {
    struct life *slots;
    size_t capacity, count; /* capacity: a power of two */
} lives;

static struct {
    struct place *slots;
    size_t capacity, count;
} places;

static void *map(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at != MAP_FAILED ? at : NULL;
}

static size_t home_of(uintptr_t block)
{
    return (size_t)((block >> 4) * 0x9e3779b97f4a7c15u >> 20) & (lives.capacity - 1);
}

static void enter(const struct life *life)
{
    size_t at = home_of(life->block);
    while (lives.slots[at].block != 0)
        at = (at + 1) & (lives.capacity - 1);
    lives.slots[at] = *life;
}

static bool grow_lives(void)
{
    struct life *old = lives.slots;
    const size_t old_capacity = lives.capacity;
    const size_t capacity = old_capacity > 0 ? 2 * old_capacity : FIRST_SLOTS;
    struct life *slots = map(capacity * sizeof *slots);
    if (slots == NULL)
        return false;
    lives.slots = slots;
    lives.capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].block != 0)
            enter(&old[i]);
    if (old != NULL)
        munmap(old, old_capacity * sizeof *old);
    return true;
}

bool track_lives_put(const struct life *life)
{
    if (2 * lives.count >= lives.capacity && !grow_lives())
        return false;
    enter(life);
    lives.count++;
    return true;
}

bool track_lives_take(uintptr_t block, struct life *ret_life)
{
    if (lives.count == 0)
        return false;
    const size_t mask = lives.capacity - 1;
    size_t at = home_of(block);
    while (lives.slots[at].block != block) {
        if (lives.slots[at].block == 0)
            return false;
        at = (at + 1) & mask;
    }
    *ret_life = lives.slots[at];
    lives.count--;
    for (size_t next = (at + 1) & mask; lives.slots[next].block != 0; next = (next + 1) & mask) {
        const size_t home = home_of(lives.slots[next].block);
        if (((next - home) & mask) < ((next - at) & mask))
            continue;
        lives.slots[at] = lives.slots[next];
        at = next;
    }
    lives.slots[at].block = 0;
    return true;
}

void track_lives_reset(void)
{
    if (lives.slots != NULL)
        madvise(lives.slots, lives.capacity * sizeof *lives.slots, MADV_DONTNEED);
    lives.count = 0;
}

/* --- places --- */

static void enter_place(uint64_t hash, uint32_t place)
{
    size_t at = hash & (places.capacity - 1);
    while (places.slots[at].place != 0)
        at = (at + 1) & (places.capacity - 1);
    places.slots[at] = (struct place){.hash = hash, .place = place};
}

uint32_t track_places_find(uint64_t hash, track_place_fn is_it, void *context)
{
    if (places.count == 0)
        return 0;
    size_t at = hash & (places.capacity - 1);
    for (; places.slots[at].place != 0; at = (at + 1) & (places.capacity - 1))
        if (places.slots[at].hash == hash && is_it(context, places.slots[at].place))
            return places.slots[at].place;
    return 0;
}

bool track_places_put(uint64_t hash, uint32_t place)
{
    if (2 * places.count >= places.capacity) {
        struct place *old = places.slots, *slots;
        const size_t old_capacity = places.capacity;
        const size_t capacity = old_capacity > 0 ? 2 * old_capacity : FIRST_SLOTS;
        slots = map(capacity * sizeof *slots);
        if (slots == NULL)
            return false;
        places.slots = slots;
        places.capacity = capacity;
        for (size_t i = 0; i < old_capacity; i++)
            if (old[i].place != 0)
                enter_place(old[i].hash, old[i].place);
        if (old != NULL)
            munmap(old, old_capacity * sizeof *old);
    }
    enter_place(hash, place);
    places.count++;
    return true;
}

void track_places_reset(void)
{
    if (places.slots != NULL)
        madvise(places.slots, places.capacity * sizeof *places.slots, MADV_DONTNEED);
    places.count = 0;
}
