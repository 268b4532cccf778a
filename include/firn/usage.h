/* What a part of Firn holds, in bytes; every part reports this same structure. */
#ifndef FIRN_USAGE_H
#define FIRN_USAGE_H

#include <firn/api.h>

FIRN_BEGIN

/* Equations: live + overhead <= reserved; resident is what the kernel counts of it and is at most
 * reserved rounded up to pages. A part that cannot know a figure reports 0 for it and its header
 * says so. */
typedef struct firn_usage {
    uint64_t live_bytes;       /* what callers asked for and still hold */
    uint64_t overhead_bytes;   /* the part's own bookkeeping and rounding */
    uint64_t reserved_bytes;   /* taken from the allocator or the kernel */
    uint64_t resident_bytes;   /* of that, backed by RAM, as far as the part can tell */
    uint64_t compressed_bytes; /* held in RAM in a compressed form (a part of live) */
    uint64_t disk_bytes;       /* in files */
} firn_usage;

/* Adds each figure of part to *total. */
FIRN_API void firn_usage_add(firn_usage *total, const firn_usage *part);

FIRN_END

#endif
