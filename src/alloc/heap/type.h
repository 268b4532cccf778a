/* The types of a heap. */
#ifndef FIRN_ALLOC_HEAP_TYPE_H
#define FIRN_ALLOC_HEAP_TYPE_H

#include "alloc/heap/space.h"

bool firn_type_is_valid(const firn_type_options *options);
/* Whether a number is a type of the heap. */
bool firn_type_known(const struct heap *heap, firn_type type);
void firn_type_fini(struct heap *heap);

#endif
