/* What the workloads allocate from: one of the pairs memory_*.h and memory_*.c, which the build
 * chooses by MEMORY_HEADER. The header defines the calls that should be inlined:
 *
 *     make(kind, size)             an object, whose words the caller writes before the next make
 *     put(object, slot, value)     stores a pointer into an object
 *     forget(object)               for those who free: it is not used any more
 *     MUST_FORGET                  whether they do
 *     FRAME(name, slots)           an array of roots, until FRAME_END(name); what make may move
 * must stand in one of these, in a held variable or in an object ROOT(slots[i])               what
 * a root holds
 */
#ifndef FIRN_BENCH_GC_MEMORY_H
#define FIRN_BENCH_GC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/contender.h"
#include "support/measure.h"

/* Which words of an object are pointers. */
enum kind {
    KIND_LEAF,  /* none */
    KIND_LINK,  /* the first */
    KIND_PAIR,  /* the first two */
    KIND_ENTRY, /* the first three */
    KIND_ARRAY, /* all */
    KINDS
};

/* Once, before all else. fixed: the nursery, if there is one, keeps its size. */
void memory_begin(bool fixed);
/* Makes a variable a root for good. */
void hold(void **slot);
/* Frees all objects, the held variables being NULL. */
void free_all(void);
/* Collections of the nursery, if there is one, and steps of other work, up to now. */
struct collections {
    uint64_t minor, other;
};
struct collections collections(void);
/* Prints what the memory knows of itself, a figure a line. */
void memory_report(void);

#include MEMORY_HEADER

#endif
