/* Templates once they are made; see template.h. Called by image.c, pack.c, unpack.c; calls core.
 * Threads: any. Complexity: a search is O(log blocks).
 */
#include "region/template.h"

#include "core/os_map.h"

const uint8_t *firn_template_block(const firn_region_template *sibling, uint32_t block)
{
    uint32_t from = 0, count = sibling != NULL ? sibling->block_count : 0, all = count;
    while (count > 0) {
        uint32_t half = count / 2;
        if (sibling->numbers[from + half] < block) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    if (from == all || sibling->numbers[from] != block)
        return NULL;
    return sibling->blocks + (size_t)from * FIRN_REGION_BLOCK_BYTES;
}

void firn_region_template_retain(firn_region_template *sibling)
{
    atomic_fetch_add(&sibling->holders, 1);
}

void firn_region_template_release(firn_region_template *sibling)
{
    if (sibling == NULL || atomic_fetch_sub(&sibling->holders, 1) != 1)
        return;
    if (sibling->blocks != NULL)
        firn_os_unmap(sibling->blocks, (size_t)sibling->block_count * FIRN_REGION_BLOCK_BYTES);
    firn_release(sibling->allocator, sibling->numbers, sibling->block_count * sizeof(uint32_t));
    firn_release(sibling->allocator, sibling, sizeof(*sibling));
}

uint64_t firn_region_template_id(const firn_region_template *sibling)
{
    return sibling->id;
}

void firn_region_template_usage(const firn_region_template *sibling, firn_usage *ret_usage)
{
    firn_usage usage = {.live_bytes = (uint64_t)sibling->block_count * FIRN_REGION_BLOCK_BYTES};
    usage.overhead_bytes = sizeof(*sibling) + sibling->block_count * sizeof(uint32_t);
    usage.reserved_bytes = usage.resident_bytes = usage.live_bytes + usage.overhead_bytes;
    *ret_usage = usage;
}
