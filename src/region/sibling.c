/* Makes a template of a region; template.c is what it does then. Calls pack.c and sleep.c.
 * Threads: under the region's lock. Memory: its blocks, mapped.
 */
#include "core/os_map.h"
#include "region/calls.h"
#include "region/sleep.h"
#include "region/template.h"
#include "region/wake.h"

#include <firn/checksum.h>

static firn_status copy_blocks(const firn_pack_input *input, firn_region_template *sibling)
{
    uint64_t digest = 0;
    for (uint32_t i = 0; i < input->block_count; i++) {
        uint8_t *plain = sibling->blocks + sibling->block_count * FIRN_BLOCK;
        bool is_full;
        firn_status status = firn_pack_plain(input, input->blocks[i], plain, &is_full);
        if (status != FIRN_OK)
            return status;
        if (!is_full)
            continue;
        digest = firn_digest_add(digest, input->blocks[i], firn_crc32c(0, plain, FIRN_BLOCK));
        sibling->numbers[sibling->block_count++] = input->blocks[i];
    }
    sibling->id = digest != 0 ? digest : 1;
    return FIRN_OK;
}

/* The same with room for no more than it holds. */
static firn_status make(const firn_pack_input *input, firn_region_template **ret_sibling)
{
    firn_region_template *sibling = firn_allocate_zeroed(input->allocator, 1, sizeof(*sibling));
    if (sibling == NULL)
        return FIRN_NO_MEMORY;
    size_t numbers = input->block_count * sizeof(uint32_t), bytes = input->block_count * FIRN_BLOCK;
    void *blocks = NULL;
    sibling->allocator = input->allocator;
    sibling->numbers = firn_allocate(input->allocator, numbers);
    atomic_init(&sibling->holders, 1);
    firn_status status = FIRN_NO_MEMORY;
    if (sibling->numbers == NULL || firn_os_map(bytes, &blocks) != 0)
        goto fail;
    sibling->blocks = blocks;
    status = copy_blocks(input, sibling);
    if (status != FIRN_OK)
        goto fail;
    size_t used = sibling->block_count * sizeof(uint32_t);
    if (used < numbers) {
        void *shrunk = firn_reallocate(input->allocator, sibling->numbers, numbers, used);
        if (shrunk == NULL) {
            status = FIRN_NO_MEMORY;
            goto fail;
        }
        sibling->numbers = shrunk;
        firn_os_unmap(sibling->blocks + sibling->block_count * FIRN_BLOCK,
                      bytes - sibling->block_count * FIRN_BLOCK);
    }
    *ret_sibling = sibling;
    return FIRN_OK;
fail:
    if (blocks != NULL)
        firn_os_unmap(blocks, bytes);
    firn_release(input->allocator, sibling->numbers, numbers);
    firn_release(input->allocator, sibling, sizeof(*sibling));
    return status;
}

firn_status firn_region_template_create(firn_region *region, firn_region_template **ret_template)
{
    firn_calls_begin(region);
    firn_pack_input input;
    bool is_asleep =
        firn_region_image(region) != NULL && atomic_load(&region->begun) == FIRN_WAKE_NOT_BEGUN;
    firn_status status = is_asleep ? FIRN_BUSY : firn_wake_all(region);
    if (status == FIRN_OK)
        status = firn_sleep_prepare(region, &input);
    if (status == FIRN_OK) {
        status = make(&input, ret_template);
        firn_sleep_release(&input);
    }
    firn_calls_end(region);
    return status;
}
