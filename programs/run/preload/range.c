/* The reserved range: see range.h. Called by heap.c (slabs), bump.c and large.c; calls the kernel.
 *
 * Invariants:
 *   I1  a slot's bit in taken is set if and only if it was taken and not given back
 *   I2  no slot before first_free is free
 *   I3  a slot that is not taken reads as zero once it is committed, or is not committed
 *
 * The reservation costs no memory: pages that cannot be touched are not counted, whatever
 * vm.overcommit_memory says. Where 4 TiB cannot be had (RLIMIT_AS, a small address space) half as
 * much is tried, and so on. A slot is committed with its first use and stays so, so that slots side
 * by side are one mapping to the kernel. Complexity: first fit, a word of 64 slots at a step.
 */
#include "run/preload/range.h"

#include "run/preload/lock.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define WORDS (RUN_SLOTS / 64)
#define SMALLEST_SLOTS 8

uintptr_t run_range_base;
_Atomic(uintptr_t) run_range_owners[RUN_SLOTS];

static struct {
    pthread_mutex_t lock;
    size_t slots; /* 0: not reserved yet */
    size_t first_free, taken_slots;
    uint64_t taken[WORDS], committed[WORDS];
} range = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool bit_get(const uint64_t *bits, size_t at)
{
    return bits[at / 64] >> at % 64 & 1;
}

static void bits_set(uint64_t *bits, size_t from, size_t count, bool to)
{
    for (size_t i = from; i < from + count; i++) {
        uint64_t bit = (uint64_t)1 << i % 64;
        bits[i / 64] = to ? bits[i / 64] | bit : bits[i / 64] & ~bit;
    }
}

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

/* The next slot from `from` on that is taken (or is not); range.slots when there is none. */
static size_t next_slot(size_t from, bool is_taken)
{
    while (from < range.slots) {
        uint64_t word = range.taken[from / 64];
        word = (is_taken ? word : ~word) >> from % 64;
        if (word != 0) {
            from += (size_t)__builtin_ctzll(word);
            return from < range.slots ? from : range.slots;
        }
        from = (from / 64 + 1) * 64;
    }
    return range.slots;
}

static size_t find(size_t count, size_t alignment)
{
    size_t from = next_slot(range.first_free, false);
    range.first_free = from; /* I2 */
    while (from < range.slots) {
        size_t skip = 0;
        if (alignment > RUN_SLOT_BYTES)
            skip = (-(uintptr_t)at_slot(from) & (alignment - 1)) >> RUN_SLOT_BITS;
        size_t end = next_slot(from, true);
        if (end - from >= skip && end - from - skip >= count)
            return from + skip;
        from = next_slot(end, false);
    }
    return range.slots;
}

static bool commit(size_t slot, size_t count)
{
    size_t first = slot, end = slot + count;
    while (first < end && bit_get(range.committed, first))
        first++;
    if (first == end)
        return true;
    if (mprotect(at_slot(first), (end - first) * RUN_SLOT_BYTES, PROT_READ | PROT_WRITE) != 0)
        return false;
    bits_set(range.committed, first, end - first, true);
    return true;
}

static void enter(size_t slot, size_t count, uintptr_t owner)
{
    for (size_t i = slot; i < slot + count; i++)
        atomic_store_explicit(&run_range_owners[i], owner, memory_order_relaxed);
}

static void mark(size_t slot, size_t count, bool is_taken)
{
    assert(next_slot(slot, is_taken) >= slot + count); /* I1 */
    bits_set(range.taken, slot, count, is_taken);
    range.taken_slots += is_taken ? count : -count;
    if (!is_taken && slot < range.first_free)
        range.first_free = slot;
}

void *run_range_take(size_t count, size_t alignment, uintptr_t owner, uintptr_t rest)
{
    void *taken = NULL;
    run_lock(&range.lock);
    size_t slot = reserve() ? find(count, alignment) : range.slots;
    if (slot != range.slots && commit(slot, count)) {
        mark(slot, count, true);
        enter(slot, 1, owner);
        enter(slot + 1, count - 1, rest);
        taken = at_slot(slot);
    }
    run_unlock(&range.lock);
    return taken;
}

bool run_range_extend(void *at, size_t old_count, size_t new_count, uintptr_t rest)
{
    size_t end = run_slot_of(at) + old_count, more = new_count - old_count;
    run_lock(&range.lock);
    bool extended =
        more <= range.slots - end && next_slot(end, true) - end >= more && commit(end, more);
    if (extended) {
        mark(end, more, true);
        enter(end, more, rest);
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
    enter(slot, count, RUN_OWNER_NONE);
    run_range_discard(at, count * RUN_SLOT_BYTES); /* without the lock: it may take long */
    run_lock(&range.lock);
    mark(slot, count, false);
    run_unlock(&range.lock);
}

size_t run_range_taken_bytes(void)
{
    run_lock(&range.lock);
    size_t bytes = range.taken_slots * RUN_SLOT_BYTES;
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
