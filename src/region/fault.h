/* Waking on touch by userfaultfd. But for what a fork calls, under the region's lock. */
#ifndef FIRN_REGION_FAULT_H
#define FIRN_REGION_FAULT_H

#include "region/state.h"

/* Whether the kernel and the process's rights allow it; the thread that serves is made then. */
firn_status firn_fault_add(firn_region *region);
void firn_fault_remove(firn_region *region);

/* Has the memory of a region hold nothing, and touches be served from an image, which takes the
 * place of the one before. False, having changed nothing. */
bool firn_fault_drop(firn_region *region, firn_image *image, firn_image **ret_old);
/* Ends that for a region that is all awake. */
void firn_fault_end(firn_region *region);
/* Mends what a failure to serve has shut. */
bool firn_fault_reopen(firn_region *region);

/* Around a fork, when no call is at work. */
void firn_fault_before_fork(void);
void firn_fault_in_parent(void);
void firn_fault_in_child(void);

#endif
