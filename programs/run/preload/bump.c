/* Arenas: see bump.h. Called by heap.c; calls range.c.
 *
 * Invariants:
 *   I1  next <= end <= slots_end, and between next and slots_end lies no block
 *   I2  next is 8 behind a multiple of 16
 *   I3  a list up to RUN_BUMP_EXACT has blocks of its size only; a list above has blocks of its
 * size or more, below that of the next list
 *
 * Freed blocks are not joined: a program that this is for frees what it will soon want again.
 * Complexity: O(1), but for a freed block above RUN_BUMP_MAX, which is cut into such blocks.
 */
#include "run/preload/bump.h"

#include "run/preload/range.h"

#include <string.h>

#define STEP_BYTES ((size_t)64 << 10) /* what an arena takes at a time, counted for the ceiling */
#define RESIZE_MAX ((size_t)1 << 20)  /* larger ones are better off with slots of their own */
#define FIRST_COARSE (RUN_BUMP_EXACT / 16 + 1)

size_t run_bump_ceiling;
static _Atomic(size_t) taken_bytes;

size_t run_bump_taken_bytes(void)
{
    return atomic_load_explicit(&taken_bytes, memory_order_relaxed);
}

/* Lists above RUN_BUMP_EXACT are four to a doubling. The last one that begins at bytes or below. */
static size_t list_of(size_t bytes)
{
    if (bytes <= RUN_BUMP_EXACT)
        return bytes / 16;
    unsigned power = 63 - (unsigned)__builtin_clzll(bytes);
    return FIRST_COARSE + (power - 10) * 4 + (bytes >> (power - 2) & 3) - 1;
}

/* The smallest size of a list above RUN_BUMP_EXACT that is not below bytes. */
static size_t round_up(size_t bytes)
{
    unsigned power = 63 - (unsigned)__builtin_clzll(bytes - 1);
    size_t step = (size_t)1 << (power - 2);
    return (bytes + step - 1) & ~(step - 1);
}

static void push(struct run_bump *bump, uint8_t *head, size_t bytes)
{
    void *block = head + RUN_BUMP_HEAD;
    *run_bump_head(block) = bytes;
    *(void **)block = bump->lists[list_of(bytes)];
    bump->lists[list_of(bytes)] = block;
}

/* Lists room of any size as free blocks. */
static void push_all(struct run_bump *bump, uint8_t *head, size_t bytes)
{
    while (bytes > 0) {
        size_t part = bytes < RUN_BUMP_MAX ? bytes : RUN_BUMP_MAX;
        push(bump, head, part);
        head += part;
        bytes -= part;
    }
}

static bool count_taken(size_t bytes)
{
    size_t before = atomic_fetch_add_explicit(&taken_bytes, bytes, memory_order_relaxed);
    if (before < run_bump_ceiling && bytes <= run_bump_ceiling - before)
        return true;
    atomic_fetch_sub_explicit(&taken_bytes, bytes, memory_order_relaxed);
    return false;
}

/* Takes one more slot: that behind the last one, else, unless the room must be in one piece with
 * what lies before next, any. */
static bool take_slot(struct run_bump *bump, bool in_place)
{
    uint8_t *last = bump->slots_end != NULL ? bump->slots_end - RUN_SLOT_BYTES : NULL;
    if (last != NULL && run_range_extend(last, 1, 2, RUN_OWNER_ARENA)) {
        bump->slots_end += RUN_SLOT_BYTES;
        return true;
    }
    uint8_t *slot = in_place ? NULL : run_range_take(1, 0, RUN_OWNER_ARENA, RUN_OWNER_ARENA);
    if (slot == NULL)
        return false;
    push_all(bump, bump->next, (size_t)(bump->slots_end - bump->next) & ~(size_t)15);
    bump->next = bump->end = slot + RUN_BUMP_HEAD; /* I2 */
    bump->slots_end = slot + RUN_SLOT_BYTES;
    return true;
}

/* Makes room for bytes, up to 1 MiB, between next and end. */
static bool make_room(struct run_bump *bump, size_t bytes, bool in_place)
{
    if (bytes <= (size_t)(bump->end - bump->next))
        return true;
    if (run_bump_taken_bytes() + STEP_BYTES > run_bump_ceiling)
        return false; /* before a slot is taken in vain */
    if (bytes > (size_t)(bump->slots_end - bump->next) && !take_slot(bump, in_place))
        return false;
    size_t missing = bytes - (size_t)(bump->end - bump->next);
    size_t step = (missing + STEP_BYTES - 1) & ~(STEP_BYTES - 1);
    size_t left = (size_t)(bump->slots_end - bump->end);
    step = step < left ? step : left;
    if (!count_taken(step))
        return false;
    bump->end += step;
    return true;
}

void *run_bump_alloc(struct run_bump *bump, size_t size, bool is_new)
{
    size_t bytes = run_bump_bytes(size);
    if (bytes > RUN_BUMP_EXACT)
        bytes = round_up(bytes);
    void **list = &bump->lists[list_of(bytes)], *block = *list;
    if (block != NULL) {
        *list = *(void **)block;
        *run_bump_head(block) |= RUN_BUMP_USED;
        return block;
    }
    if (!is_new)
        return NULL;
    if (!make_room(bump, bytes, false)) {
        size_t rest = (size_t)(bump->end - bump->next) & ~(size_t)15;
        if (rest > 0) { /* there may be no chunk yet */
            push_all(bump, bump->next, rest);
            bump->next += rest;
        }
        return NULL;
    }
    block = bump->next + RUN_BUMP_HEAD;
    bump->next += bytes;
    *run_bump_head(block) = bytes | RUN_BUMP_USED;
    return block;
}

bool run_bump_free(struct run_bump *bump, void *block)
{
    size_t *head = run_bump_head(block), bytes = *head - RUN_BUMP_USED;
    if (bytes % 16 != 0 || bytes == 0 || (uintptr_t)block % 16 != 0)
        return false;
    *head = bytes;
    if ((uint8_t *)head + bytes == bump->next)
        bump->next = (uint8_t *)head;
    else
        push_all(bump, (uint8_t *)head, bytes);
    return true;
}

bool run_bump_resize(struct run_bump *bump, void *block, size_t size)
{
    size_t *head = run_bump_head(block), old = *head - RUN_BUMP_USED;
    if ((uint8_t *)head + old != bump->next || size > RESIZE_MAX)
        return false;
    size_t bytes = run_bump_bytes(size);
    if (bytes > old && !make_room(bump, bytes - old, true))
        return false;
    bump->next = (uint8_t *)head + bytes;
    *head = bytes | RUN_BUMP_USED;
    return true;
}
