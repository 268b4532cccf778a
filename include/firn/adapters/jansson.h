/* jansson in memory of firn_allocators, such as those of regions. jansson has one allocator for the
 * process, so it is told once, and each thread says whose memory its calls take (current.h).
 * Header-only; Firn does not link with jansson.
 *
 *     firn_jansson_configure(1);                     once, before all other calls of jansson
 *     const firn_allocator *before = firn_current_enter(&allocator);
 *     json_t *tree = json_loads(text, 0, NULL);
 *     firn_current_enter(before);
 *
 * Calls that make or change values are made inside; those that only read may be made anywhere,
 * while the region is awake. A value must not hold one of another region: a json_decref would go
 * there, too. Text from json_dumps is a block like others: firn_current_release frees it.
 *
 * Outside nevertheless: json_true, json_false and json_null, which are jansson's own and have no
 * count, and the seed of its hashes, one for the process. Give the same seed, not 0, in all
 * processes whose snapshots shall resemble each other.
 *
 * Threads: as jansson's: a tree is used by one at a time. */
#ifndef FIRN_ADAPTERS_JANSSON_H
#define FIRN_ADAPTERS_JANSSON_H

#include <firn/adapters/current.h>

#include <jansson.h>

FIRN_BEGIN

/* Has jansson take all its memory as current.h says. seed: of its hashes, 0 for one that it draws.
 */
static inline void firn_jansson_configure(size_t seed)
{
    json_set_alloc_funcs(firn_current_allocate, firn_current_release);
    json_object_seed(seed);
}

FIRN_END

#endif
