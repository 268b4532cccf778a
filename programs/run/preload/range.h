/* The address range that all blocks lie in, reserved once and cut into slots of 4 MiB, and a table
 * that says for each slot whose it is: one shift and one load find the owner of any block.
 *
 * Thread-safe. Reading the table needs no lock: a slot's entry does not change while a block in it
 * lives, but for what the block's own thread does. */
#ifndef RUN_RANGE_H
#define RUN_RANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_SLOT_BITS 22
#define RUN_SLOT_BYTES ((size_t)1 << RUN_SLOT_BITS)
#define RUN_SLOTS ((size_t)1 << 20) /* 4 TiB */

/* An entry is the address of a struct run_heap, whose slab has the slot, or one of these. Those of
 * a large block's first slot are odd: see large.c. */
enum {
    RUN_OWNER_NONE = 0,   /* free */
    RUN_OWNER_ARENA = 2,  /* blocks of any thread's arena */
    RUN_OWNER_INSIDE = 4, /* not the first slot of a large block */
    RUN_OWNER_KEPT = 6,   /* the first slot of a large block that was freed */
};

static inline bool run_owner_is_heap(uintptr_t owner)
{
    return owner > RUN_OWNER_KEPT && owner % 2 == 0;
}

extern uintptr_t run_range_base;
extern _Atomic(uintptr_t) run_range_owners[RUN_SLOTS];

/* The slot of an address; RUN_SLOTS or more when it is not in the range. */
static inline size_t run_slot_of(const void *at)
{
    return ((uintptr_t)at - run_range_base) >> RUN_SLOT_BITS;
}

static inline uintptr_t run_owner_of_slot(size_t slot)
{
    return atomic_load_explicit(&run_range_owners[slot], memory_order_relaxed);
}

/* The owner of a block; RUN_OWNER_NONE for addresses outside the range, too. */
static inline uintptr_t run_owner_of(const void *block)
{
    size_t slot = run_slot_of(block);
    return slot < RUN_SLOTS ? run_owner_of_slot(slot) : RUN_OWNER_NONE;
}

/* Takes count slots that lie side by side, the first at a multiple of alignment bytes (0: any), and
 * enters owner for the first one and rest for the others. They read as zero. NULL when there is no
 * memory. */
void *run_range_take(size_t count, size_t alignment, uintptr_t owner, uintptr_t rest);

/* Makes a run of slots longer where it lies, entering rest; false when that cannot be. */
bool run_range_extend(void *at, size_t old_count, size_t new_count, uintptr_t rest);

/* Changes the entry of the slot that at lies in. */
void run_range_enter(const void *at, uintptr_t owner);

/* Gives slots back; their memory goes to the kernel. */
void run_range_give(void *at, size_t count);

/* Moves the memory of count slots to as many others that were taken and are untouched; the former
 * read as zero then. False, nothing having happened, when the kernel cannot; *ret_lost then tells
 * whether the latter are unusable for ever and must not be given back. */
bool run_range_move(void *from, void *to, size_t count, bool *ret_lost);

/* The memory of these pages (whole ones of 64 KiB) goes to the kernel; they read as zero. */
void run_range_discard(void *at, size_t size);

/* Bytes of all slots that are taken. */
size_t run_range_taken_bytes(void);

/* For the fork: takes the lock, gives it back in the parent, makes it anew in the child. */
void run_range_fork_lock(void);
void run_range_fork_unlock(bool child);

#endif
