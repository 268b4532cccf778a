/* The swap of words.h, 16 bytes at a step by vectors that gcc and clang know without intrinsics: 64
 * KiB take 4 us where a word at a time takes 13. Called by all that packs and unpacks; calls
 * nothing, not even memcpy, so that AddressSanitizer does not see it at work on poisoned memory.
 */
#include "region/words.h"

#include <firn/region.h>

#include <stddef.h>

typedef uint32_t lanes __attribute__((vector_size(16), may_alias));

__attribute__((no_sanitize("address", "thread"))) bool firn_words_swap(firn_words_range range,
                                                                       void *to, const void *from)
{
    const lanes odd = {0, UINT32_MAX, 0, UINT32_MAX}; /* little-endian: the upper halves */
    const lanes zero = {0};
    lanes own = zero + range.upper, marker = zero + FIRN_MARKER_UPPER, count = zero + range.count;
    lanes there = (marker - own) & odd, any = zero;
    const lanes *in = from;
    lanes *out = to;
    for (size_t i = 0; i < FIRN_REGION_BLOCK_BYTES / sizeof(lanes); i++) {
        lanes x = in[i];
        lanes is_own = (lanes)(x - own < count), is_marker = (lanes)(x - marker < count);
        x += (is_own & there) - (is_marker & there);
        any |= x;
        out[i] = x;
    }
    return (any[0] | any[1] | any[2] | any[3]) != 0;
}
