/* The reserved range: see range.h. Called by heap.c (slabs), bump.c and large.c; calls the kernel.
 *
 * Invariants:
 *   I1  a slot is free if and only if its entry is RUN_OWNER_NONE
 *   I2  no slot before first_free is free
 *   I3  a free slot reads as zero, or is behind committed
 *
 * The reservation costs no memory: pages that cannot be touched are not counted, whatever
 * vm.overcommit_memory says. Where 4 TiB cannot be had (RLIMIT_AS, a small address space) half as
 * much is tried, and so on. Slots are committed from the first one on and stay so, so that they are
 * one mapping to the kernel. Complexity: first fit, over the entries from first_free on.
 */
#include "run/preload/range.h"

#include "run/preload/lock.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define SMALLEST_SLOTS 8

uintptr_t run_range_base;
_Atomic(uintptr_t) run_range_owners[RUN_SLOTS];

static struct {
    pthread_mutex_t lock;
    size_t slots; /* 0: not reserved yet */
    size_t first_free, taken;
    size_t committed; /* slots before this one may be touched */
} range = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *at_slot(size_t slot)
{
    return (void *)(run_range_base + (slot << RUN_SLOT_BITS));
}

/* Under an address limit most of it is left for the program's other mappings. */
static size_t slots_wanted(void)
{
    struct rlimit limit;
    size_t slots = RUN_SLOTS;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return slots;
    while (slots > SMALLEST_SLOTS && slots * RUN_SLOT_BYTES > limit.rlim_cur / 2)
        slots /= 2;
    return slots;
}

static bool reserve(void)
{
    if (range.slots != 0)
        return true;
    for (size_t slots = slots_wanted(); slots >= SMALLEST_SLOTS; slots /= 2) {
        size_t bytes = (slots + 1) * RUN_SLOT_BYTES;
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        void *pages = mmap(NULL, bytes, PROT_NONE, flags, -1, 0);
        if (pages == MAP_FAILED)
            continue;
        run_range_base = ((uintptr_t)pages + RUN_SLOT_BYTES - 1) & ~(RUN_SLOT_BYTES - 1);
        range.slots = slots;
        return true;
    }
    return false;
}

/* The first slot from `from` on that is not free; end when there is none before it. */
static size_t free_end(size_t from, size_t end)
{
    while (from < end && from < range.committed && run_owner_of_slot(from) == RUN_OWNER_NONE)
        from++;
    return from < range.committed ? from : end;
}

static size_t next_free(size_t from)
{
    while (from < range.committed && run_owner_of_slot(from) != RUN_OWNER_NONE)
        from++;
    return from;
}

/* RUN_SLOTS when there are none. */
static size_t find(size_t count, size_t alignment)
{
    size_t from = next_free(range.first_free);
    range.first_free = from; /* I2 */
    for (;;) {
        size_t first = from;
        if (alignment > RUN_SLOT_BYTES)
            first += (-(uintptr_t)at_slot(from) & (alignment - 1)) >> RUN_SLOT_BITS;
        if (first > range.slots || count > range.slots - first)
            return RUN_SLOTS;
        size_t end = free_end(first, first + count);
        if (end == first + count)
            return first;
        from = next_free(end);
    }
}

static bool commit(size_t end)
{
    if (end <= range.committed)
        return true;
    size_t bytes = (end - range.committed) * RUN_SLOT_BYTES;
    if (mprotect(at_slot(range.committed), bytes, PROT_READ | PROT_WRITE) != 0)
        return false;
    range.committed = end;
    return true;
}

static void enter(size_t slot, size_t count, uintptr_t owner)
{
    for (size_t i = slot; i < slot + count; i++)
        atomic_store_explicit(&run_range_owners[i], owner, memory_order_relaxed);
}

void *run_range_take(size_t count, size_t alignment, uintptr_t owner, uintptr_t rest)
{
    void *taken = NULL;
    run_lock(&range.lock);
    size_t slot = reserve() ? find(count, alignment) : RUN_SLOTS;
    if (slot != RUN_SLOTS && commit(slot + count)) {
        range.taken += count;
        enter(slot, 1, owner);
        enter(slot + 1, count - 1, rest);
        taken = at_slot(slot);
    }
    run_unlock(&range.lock);
    return taken;
}

bool run_range_extend(void *at, size_t old_count, size_t new_count, uintptr_t rest)
{
    size_t slot = run_slot_of(at) + old_count, end = run_slot_of(at) + new_count;
    run_lock(&range.lock);
    bool extended = end <= range.slots && free_end(slot, end) == end && commit(end);
    if (extended) {
        range.taken += end - slot;
        enter(slot, end - slot, rest);
    }
    run_unlock(&range.lock);
    return extended;
}

void run_range_enter(const void *at, uintptr_t owner)
{
    enter(run_slot_of(at), 1, owner);
}

void run_range_discard(void *at, size_t size)
{
    if (madvise(at, size, MADV_DONTNEED) != 0) /* as on memory that is locked */
        memset(at, 0, size);                   /* I3 */
}

bool run_range_move(void *from, void *to, size_t count, bool *ret_lost)
{
    size_t bytes = count * RUN_SLOT_BYTES;
    *ret_lost = false;
#ifdef MREMAP_DONTUNMAP
    /* The slots stay mapped where they were, so that nobody else may map something there. */
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    if (mremap(from, bytes, bytes, flags, to) == to)
        return true;
    if (errno == EINVAL) /* Linux before 5.7 */
        return false;
    /* Where `from` is more than one mapping to the kernel, it has unmapped what was at `to`. */
    flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    void *again = mmap(to, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    *ret_lost = again != to;
    if (again != MAP_FAILED && again != to)
        munmap(again, bytes);
#else
    (void)from, (void)to;
#endif
    return false;
}

void run_range_give(void *at, size_t count)
{
    size_t slot = run_slot_of(at);
    run_range_discard(at, count * RUN_SLOT_BYTES); /* without the lock: it may take long */
    run_lock(&range.lock);
    enter(slot, count, RUN_OWNER_NONE);
    range.taken -= count;
    range.first_free = slot < range.first_free ? slot : range.first_free;
    run_unlock(&range.lock);
}

size_t run_range_taken_bytes(void)
{
    run_lock(&range.lock);
    size_t bytes = range.taken * RUN_SLOT_BYTES;
    run_unlock(&range.lock);
    return bytes;
}

void run_range_fork_lock(void)
{
    pthread_mutex_lock(&range.lock);
}

void run_range_fork_unlock(bool child)
{
    if (child)
        pthread_mutex_init(&range.lock, NULL);
    else
        pthread_mutex_unlock(&range.lock);
}
