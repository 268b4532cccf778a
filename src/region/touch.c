/* Waking on touch: a thread that faults on a block that sleeps unpacks it somewhere else and moves
 * it into its place by one mremap, so that others see it whole or fault, too. The first to come
 * claims the block; others wait for it. The first touch after a sleep also fetches what touches
 * woke the last time, by runs of blocks (REAP: Ustiugov and others, 2021); every 16th wake does
 * not, to find out anew what is needed.
 *
 * Called by the handler of SIGSEGV (core/os_signal.c), fault.c's thread, wake.c, sleep.c and
 * make.c.
 *
 * Invariants (beside those of state.h):
 *   I1  a claim names its process: one that a fork left in the child is taken over there
 *   I2  nothing here takes a lock or allocates but from the kernel
 *   I3  a fault in a block that can be touched by now is a late one, and tried again
 *
 * Threads: any. Complexity: 60 to 90 us for a block.
 */
#include "region/touch.h"

#include "core/os.h"
#include "core/os_map.h"
#include "core/os_signal.h"
#include "core/os_userfault.h"
#include "core/page.h"
#include "region/unpack.h"

#define TABLE_REGIONS ((size_t)1 << 15) /* of 4 GiB below 2^47 */
#define RUN_BLOCKS 32
#define WAKES_TO_RECORD 16

static _Atomic(firn_region *) table[TABLE_REGIONS];
static pthread_mutex_t take_lock = PTHREAD_MUTEX_INITIALIZER;

/* --- waking --- */

static int32_t process(void)
{
    return (int32_t)firn_os_process();
}

/* Makes the blocks between entries usable, or none. */
static bool open_gaps(firn_region *region, const firn_image *image)
{
    uint32_t from = 0;
    for (uint32_t i = 0; i <= image->entry_count; i++) {
        uint32_t end = i < image->entry_count ? image->entries[i].block : image->used_blocks;
        uint8_t *at = region->base + from * FIRN_BLOCK;
        if (end > from && firn_os_protect(at, (end - from) * FIRN_BLOCK, true) != 0) {
            (void)firn_os_protect(region->base, from * FIRN_BLOCK + FIRN_BLOCK, false);
            return false;
        }
        from = end + 1;
    }
    return true;
}

firn_status firn_touch_begin(firn_region *region, firn_image *image, bool *ret_first)
{
    int32_t mine = process(), seen;
    while ((seen = atomic_load(&region->begun)) != FIRN_WAKE_BEGUN) {
        if (seen == mine) {
            firn_os_yield();
        } else if (atomic_compare_exchange_strong(&region->begun, &seen, mine)) { /* I1 */
            bool is_open = atomic_load(&region->fault_fd) != 0 || open_gaps(region, image);
            if (is_open) {
                if (atomic_load(&region->usable) < image->used_blocks)
                    atomic_store(&region->usable, image->used_blocks);
                atomic_fetch_add(&region->wake_count, 1);
            }
            atomic_store(&region->begun, is_open ? FIRN_WAKE_BEGUN : FIRN_WAKE_NOT_BEGUN);
            if (is_open && ret_first != NULL)
                *ret_first = true;
            return is_open ? FIRN_OK : FIRN_NO_MEMORY;
        }
    }
    return FIRN_OK;
}

/* Unpacks entries of consecutive blocks, which this thread has claimed, into their place. */
static firn_status publish(firn_region *region, const firn_image *image, uint32_t first,
                           uint32_t count)
{
    size_t bytes = count * FIRN_BLOCK;
    void *made;
    if (firn_os_map(bytes, &made) != 0)
        return FIRN_NO_MEMORY;
    uint8_t *staging = made;
    firn_unpacker *unpacker = firn_unpacker_take();
    firn_status status = unpacker != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    for (uint32_t i = 0; i < count && status == FIRN_OK; i++) {
        if (!firn_unpack_block(unpacker, image, &image->entries[first + i],
                               staging + i * FIRN_BLOCK))
            status = FIRN_CORRUPT;
    }
    if (unpacker != NULL)
        firn_unpacker_give(unpacker);
    uint8_t *place = region->base + image->entries[first].block * FIRN_BLOCK;
    int fd = atomic_load(&region->fault_fd) - 1;
    if (status == FIRN_OK && (fd >= 0 ? firn_os_userfault_fill(fd, place, staging, bytes)
                                      : firn_os_move(staging, bytes, place)) != 0)
        status = FIRN_NO_MEMORY;
    if (status != FIRN_OK || fd >= 0)
        firn_os_unmap(staging, bytes);
    return status;
}

/* Claims an entry; false when another thread has it or it is awake. What a fork took over as
 * claimed may be in its place already, and written to. */
static bool claim(firn_region *region, firn_image *image, uint32_t at, int32_t mine)
{
    int32_t seen = atomic_load(&image->states[at]);
    if (seen < 0 || seen == mine ||
        !atomic_compare_exchange_strong(&image->states[at], &seen, mine))
        return false;
    const uint8_t *place = region->base + image->entries[at].block * FIRN_BLOCK;
    if (seen == FIRN_ENTRY_ASLEEP || !firn_os_readable(place))
        return true;
    atomic_store(&image->states[at], FIRN_ENTRY_TOUCHED);
    return false;
}

static void settle(firn_image *image, uint32_t first, uint32_t count, int32_t state)
{
    for (uint32_t i = first; i < first + count; i++)
        atomic_store(&image->states[i], state);
}

firn_status firn_touch_wake(firn_region *region, firn_image *image, uint32_t first, uint32_t count,
                            int32_t awake, atomic_uint_least64_t *count_woken)
{
    int32_t mine = process();
    uint32_t at = first, end = first + count;
    while (at < end) {
        if (!claim(region, image, at, mine)) {
            if (atomic_load(&image->states[at]) < 0)
                at++;
            else
                firn_os_yield();
            continue;
        }
        uint32_t run = 1;
        while (at + run < end && run < RUN_BLOCKS &&
               image->entries[at + run].block == image->entries[at].block + run &&
               claim(region, image, at + run, mine))
            run++;
        firn_status status = publish(region, image, at, run);
        settle(image, at, run, status == FIRN_OK ? awake : FIRN_ENTRY_ASLEEP);
        if (status != FIRN_OK)
            return status;
        if (count_woken != NULL)
            atomic_fetch_add(count_woken, run);
        int fd = atomic_load(&region->fault_fd) - 1;
        uint8_t *place = region->base + image->entries[at].block * FIRN_BLOCK;
        if (fd >= 0) /* now that all is told */
            firn_os_userfault_wake(fd, place, run * FIRN_BLOCK);
        at += run;
    }
    return FIRN_OK;
}

/* --- touches --- */

static void enter(firn_region *region)
{
    uint64_t mine = (uint64_t)process() << 32, seen = atomic_load(&region->users), next;
    do
        next = seen >> 32 == mine >> 32 ? seen + 1 : (mine | 1); /* I1 */
    while (!atomic_compare_exchange_weak(&region->users, &seen, next));
}

static void leave(firn_region *region)
{
    atomic_fetch_sub(&region->users, 1);
}

void firn_touch_wait(firn_region *region)
{
    for (;;) {
        uint64_t seen = atomic_load(&region->users);
        if ((uint32_t)seen == 0 || (int32_t)(seen >> 32) != process())
            return;
        firn_os_yield();
    }
}

static void prefetch(firn_region *region, firn_image *image)
{
    uint32_t left = atomic_load(&region->wakes_to_record);
    atomic_store(&region->wakes_to_record, left == 0 ? WAKES_TO_RECORD - 1 : left - 1);
    if (left == 0)
        return;
    for (uint32_t i = 0, end; i < image->entry_count; i = end + 1) {
        end = i;
        while (end < image->entry_count && end - i < RUN_BLOCKS && image->entries[end].is_hot)
            end++;
        if (end == i)
            continue;
        /* A failure shows when the block is touched. */
        if (firn_touch_wake(region, image, i, end - i, FIRN_ENTRY_TOUCHED,
                            &region->prefetch_count) != FIRN_OK)
            return;
        end -= end - i == RUN_BLOCKS; /* that one was not looked at */
    }
}

static bool touch(firn_region *region, firn_image *image, uint32_t block)
{
    if (atomic_load(&region->is_away))
        return false;
    if (block >= image->used_blocks)
        return block < atomic_load(&region->usable); /* I3 */
    bool is_first = false;
    if (firn_touch_begin(region, image, &is_first) != FIRN_OK)
        return false;
    uint32_t entry = firn_image_find(image, block);
    if (entry < image->entry_count && firn_touch_wake(region, image, entry, 1, FIRN_ENTRY_TOUCHED,
                                                      &region->touch_count) != FIRN_OK)
        return false;
    if (is_first)
        prefetch(region, image);
    return true;
}

/* What the handler of SIGSEGV asks. */
static bool mend(void *address)
{
    uintptr_t upper = (uintptr_t)address >> 32;
    firn_region *region = upper < TABLE_REGIONS ? atomic_load(&table[upper]) : NULL;
    if (region == NULL || region->mode == FIRN_REGION_EAGER || atomic_load(&region->fault_fd) != 0)
        return false;
    enter(region);
    firn_image *image = firn_region_image(region);
    uint32_t block = (uint32_t)((size_t)((uint8_t *)address - region->base) / FIRN_BLOCK);
    bool is_mended =
        image != NULL ? touch(region, image, block) : block < atomic_load(&region->usable); /* I3 */
    leave(region);
    return is_mended;
}

void firn_touch_serve(int fd, void *address)
{
    uintptr_t upper = (uintptr_t)address >> 32;
    firn_region *region = upper < TABLE_REGIONS ? atomic_load(&table[upper]) : NULL;
    size_t page_bytes = firn_page_size();
    uint8_t *page = (uint8_t *)address - (uintptr_t)address % page_bytes;
    if (region == NULL)
        return; /* destroyed meanwhile, and with it the mapping */
    enter(region);
    firn_image *image = firn_region_image(region);
    uint32_t block = (uint32_t)((size_t)(page - region->base) / FIRN_BLOCK);
    uint8_t *place = region->base + block * FIRN_BLOCK;
    bool is_served = image == NULL || touch(region, image, block);
    /* Pages beside the entries, and freed ones, hold zeros. */
    is_served = is_served && firn_os_userfault_zero(fd, page, page_bytes) == 0;
    if (!is_served && firn_os_protect(place, FIRN_BLOCK, false) == 0)
        atomic_store(&region->is_shut, true);
    firn_os_userfault_wake(fd, place, FIRN_BLOCK);
    leave(region);
}

firn_status firn_touch_add(firn_region *region)
{
    if ((uint64_t)region->range.upper + region->range.count > TABLE_REGIONS)
        return FIRN_NO_MEMORY;
    bool is_taken = true;
    if (region->mode != FIRN_REGION_EAGER) {
        (void)pthread_mutex_lock(&take_lock);
        is_taken = firn_os_segv_take(mend);
        (void)pthread_mutex_unlock(&take_lock);
    }
    if (!is_taken)
        return FIRN_UNSUPPORTED;
    for (uint32_t i = 0; i < region->range.count; i++)
        atomic_store(&table[region->range.upper + i], region);
    return FIRN_OK;
}

void firn_touch_remove(firn_region *region)
{
    for (uint32_t i = 0; i < region->range.count; i++) {
        if ((uint64_t)region->range.upper + i < TABLE_REGIONS &&
            atomic_load(&table[region->range.upper + i]) == region)
            atomic_store(&table[region->range.upper + i], NULL);
    }
}
