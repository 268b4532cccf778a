/* What a region asks of its slab before it sleeps. */
#ifndef FIRN_ALLOC_SLAB_IDLE_H
#define FIRN_ALLOC_SLAB_IDLE_H

#include <firn/slab.h>

/* Whether these pages may be touched. */
typedef bool (*firn_slab_wanted_fn)(void *context, const void *pages, size_t size);
typedef void (*firn_slab_visit_fn)(void *context, const void *pages, size_t size);

/* After firn_slab_trim: visits the free slots in all spans that are wanted, but for those that
 * never held an object, and forgets what the caches held. */
void firn_slab_visit_free(firn_slab *slab, firn_slab_wanted_fn wanted, firn_slab_visit_fn visit,
                          void *context);
/* After firn_slab_trim: visits all that is in use, bookkeeping included, in units. The rest holds
 * nothing, and was discarded. */
void firn_slab_visit_used(const firn_slab *slab, firn_slab_visit_fn visit, void *context);

#endif
