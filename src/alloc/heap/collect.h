/* When to collect what. */
#ifndef FIRN_ALLOC_HEAP_COLLECT_H
#define FIRN_ALLOC_HEAP_COLLECT_H

#include "alloc/heap/space.h"

/* Sets the size at which the next marking begins, and at which it should be done. */
void firn_collect_aim(struct heap *heap);

/* Empties the nursery, as a pause of its own or a part of one. */
void firn_collect_minor(struct heap *heap);

/* A bounded piece of sweeping, trimming or marking, in one pause. Returns whether there is more. */
bool firn_collect_step(struct heap *heap);

/* Finds everything that is unreachable, in one pause; compact also empties sparse blocks. */
void firn_collect_full(struct heap *heap, bool compact);

/* Opens eden for allocation where the limit allows it, else says why not. */
firn_status firn_collect_open(struct heap *heap);

#endif
