/* The arena of a thread: blocks one behind the other, each with its size before it, and lists of
 * freed ones by size. The newest block grows in place, and its room is free again with it.
 *
 *     ... | size, used: 8 B | block, 16-aligned ... | size | block ... | next -> ... end
 *
 * A block may be freed into any thread's arena. Confined to one thread, but for what all arenas
 * take together, which has a ceiling. */
#ifndef RUN_BUMP_H
#define RUN_BUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_BUMP_HEAD 8u
#define RUN_BUMP_USED 1u                /* bit of a block's head */
#define RUN_BUMP_EXACT 1024u            /* up to this, head included, a list has one size */
#define RUN_BUMP_MAX ((size_t)32 << 10) /* head included; the lists end here */
#define RUN_BUMP_LISTS (RUN_BUMP_EXACT / 16 + 1 + 20)

struct run_bump {
    uint8_t *next, *end;         /* where the next block's head goes; the end of what may be used */
    uint8_t *slots_end;          /* of the slots that end lies in */
    void *lists[RUN_BUMP_LISTS]; /* freed blocks, linked in their first word */
};

/* Bytes that all arenas may take together. Set before there is a second thread. */
extern size_t run_bump_ceiling;

/* What they took. */
size_t run_bump_taken_bytes(void);

static inline size_t *run_bump_head(void *block)
{
    return (size_t *)(void *)((uint8_t *)block - RUN_BUMP_HEAD);
}

/* Bytes of a block with its head, for size bytes, 1 to RUN_BUMP_MAX - RUN_BUMP_HEAD. */
static inline size_t run_bump_bytes(size_t size)
{
    return (size + RUN_BUMP_HEAD + 15) & ~(size_t)15;
}

/* A block of up to RUN_BUMP_EXACT - RUN_BUMP_HEAD bytes that is there at once, or NULL. */
static inline void *run_bump_take(struct run_bump *bump, size_t size)
{
    size_t bytes = run_bump_bytes(size);
    void *block = bump->lists[bytes / 16];
    if (block != NULL) {
        bump->lists[bytes / 16] = *(void **)block;
    } else {
        uint8_t *head = bump->next;
        if (bytes > (size_t)(bump->end - head))
            return NULL;
        bump->next = head + bytes;
        block = head + RUN_BUMP_HEAD;
    }
    *run_bump_head(block) = bytes | RUN_BUMP_USED;
    return block;
}

/* A freed block, of up to RUN_BUMP_MAX - RUN_BUMP_HEAD bytes, or where is_new allows it room behind
 * the newest one; more is taken until the ceiling is reached. NULL when there is neither. */
void *run_bump_alloc(struct run_bump *bump, size_t size, bool is_new);

/* Frees a block. False when it is free already, or none. */
bool run_bump_free(struct run_bump *bump, void *block);

/* The same for blocks of up to RUN_BUMP_EXACT; false for others, too. */
static inline bool run_bump_free_exact(struct run_bump *bump, void *block)
{
    size_t *head = run_bump_head(block), bytes = *head - RUN_BUMP_USED;
    if (bytes % 16 != 0 || bytes > RUN_BUMP_EXACT || (uintptr_t)block % 16 != 0)
        return false;
    *head = bytes;
    if ((uint8_t *)head + bytes == bump->next) {
        bump->next = (uint8_t *)head;
    } else {
        *(void **)block = bump->lists[bytes / 16];
        bump->lists[bytes / 16] = block;
    }
    return true;
}

/* Changes the size of the newest block, where it lies. False when it is not, or cannot grow. */
bool run_bump_resize(struct run_bump *bump, void *block, size_t size);

/* Bytes of a block that may be used; 0 when it is free. */
static inline size_t run_bump_usable(void *block)
{
    size_t head = *run_bump_head(block);
    return head & RUN_BUMP_USED ? head - RUN_BUMP_USED - RUN_BUMP_HEAD : 0;
}

#endif
