/* See process_delta.h. Called by process_pack.c, process_unpack.c and process_restore.c.
 * Complexity: linear in the page. */
#include "region/process_delta.h"

#include <string.h>

enum { GROUP = 8 }; /* words that have a byte of the mask */

size_t firn_delta_take(const void *page, const void *known, uint8_t *mask, void *words)
{
    const uint64_t *is = page, *was = known;
    uint64_t *out = words;
    for (size_t i = 0; i < FIRN_DELTA_MASK_BYTES; i++, is += GROUP, was += GROUP) {
        unsigned bits = 0;
        for (unsigned j = 0; j < GROUP; j++) {
            const unsigned differs = is[j] != was[j];
            bits |= differs << j;
            *out = is[j]; /* there is room: the last word of a page is its 512th at most */
            out += differs;
        }
        mask[i] = (uint8_t)bits;
    }
    return (size_t)((uint8_t *)out - (uint8_t *)words);
}

size_t firn_delta_bytes(const uint8_t *mask)
{
    size_t count = 0;
    for (size_t i = 0; i < FIRN_DELTA_MASK_BYTES; i += sizeof(uint64_t)) {
        uint64_t bits;
        memcpy(&bits, mask + i, sizeof bits);
        count += (size_t)__builtin_popcountll(bits);
    }
    return count * sizeof(uint64_t);
}

void firn_delta_apply(void *page, const uint8_t *mask, const void *words)
{
    volatile uint64_t *to = page; /* so that this becomes no call of memcpy */
    const uint64_t *from = words;
    for (size_t i = 0; i < FIRN_DELTA_MASK_BYTES; i++, to += GROUP) {
        for (unsigned bits = mask[i]; bits != 0; bits &= bits - 1)
            to[__builtin_ctz(bits)] = *from++;
    }
}
