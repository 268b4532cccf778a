/* Waking block by block, in calls and in the handler of SIGSEGV; the table that finds a region by
 * an address. All but the first two is async-signal-safe. */
#ifndef FIRN_REGION_TOUCH_H
#define FIRN_REGION_TOUCH_H

#include "region/state.h"

/* Enters a region that was made; if it wakes on touch, SIGSEGV is taken. FIRN_NO_MEMORY when it
 * lies beyond the table, FIRN_UNSUPPORTED when the signal cannot be taken. */
firn_status firn_touch_add(firn_region *region);
void firn_touch_remove(firn_region *region);

/* Begins the wake from the image: makes the blocks without an entry usable. *ret_first (may be
 * NULL) tells whether this call did it. FIRN_NO_MEMORY. */
firn_status firn_touch_begin(firn_region *region, firn_image *image, bool *ret_first);

/* Wakes the entries from first on that sleep, up to count (at most 32), each by whoever is the
 * first to come; returns when all are awake. Those that it woke are marked as given and added to
 * *count_woken (NULL: not counted). In a thread that has all signals blocked: one that a signal
 * interrupts could wait for itself. FIRN_NO_MEMORY, FIRN_CORRUPT. */
firn_status firn_touch_wake(firn_region *region, firn_image *image, uint32_t first, uint32_t count,
                            int32_t awake, atomic_uint_least64_t *count_woken);

/* Serves an access that waits at an address, by the descriptor of userfaultfd; in the thread for
 * that.
 */
void firn_touch_serve(int fd, void *address);

/* Waits until no handler is at work that may have seen an earlier image. */
void firn_touch_wait(firn_region *region);

#endif
