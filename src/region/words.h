/* Base-free words: a block of a region in a form that does not depend on where the region lies.
 *
 * The range is aligned to 4 GiB, so a pointer into it differs from another region's pointer to the
 * same offset in its upper half only. Words (of 8 bytes, aligned) whose upper half is the region's
 * own are swapped with those whose upper half is the marker's, which is no user's address: a
 * bijection, its own inverse. A range of n times 4 GiB has n upper halves, and the marker n.
 *
 * Async-signal-safe and thread-safe: there is no state.
 */
#ifndef FIRN_REGION_WORDS_H
#define FIRN_REGION_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#define FIRN_MARKER_UPPER ((uint32_t)0xf1240000)

typedef struct firn_words_range {
    uint32_t upper; /* of the range's base */
    uint32_t count; /* of 4 GiB */
} firn_words_range;

/* Copies a block with its words swapped; to and from are aligned to 16. Returns whether any of its
 * bytes is not zero. Reads and writes memory that is poisoned, too. */
bool firn_words_swap(firn_words_range range, void *to, const void *from);

#endif
