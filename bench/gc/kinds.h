/* The kinds of objects as types of Firn's heap. */
#ifndef FIRN_BENCH_GC_KINDS_H
#define FIRN_BENCH_GC_KINDS_H

#include <firn/heap.h>

#include "gc/memory.h"

static inline firn_type_options kind_type(enum kind kind)
{
    static const uint32_t offsets[] = {0, 8, 16};
    if (kind == KIND_LEAF)
        return (firn_type_options){.kind = FIRN_TYPE_LEAF};
    if (kind == KIND_ARRAY)
        return (firn_type_options){.kind = FIRN_TYPE_POINTERS};
    return (firn_type_options){.kind = FIRN_TYPE_MAP, .offsets = offsets, .offset_count = kind};
}

#endif
