/* Memory for the blocks of 16 KiB in which the script engine keeps its objects. It asks
 * aligned_alloc for them, or, as it did before, posix_memalign; the C library cuts each out of
 * twice as much, and what is left between them is filled with what lives for long, so that little
 * can be given back when blocks are free. Here they lie side by side in an address space of their
 * own: a dashboard has 0.7 MB less when it is idle, swagger-ui 1.3 MB.
 *
 * Called by heap.c, which has these names for the whole process.
 *
 * I1  blocks are taken and released by one thread, of the zygote and of each page
 * I2  what is taken lies below `made`, which can be written; the rest up to BLOCKS_MAX has no
 *     rights, and does not count against the limit of a page's memory
 * Complexity: O(1) but for the search for the lowest free block, 64 a step. */
#include "tabs/page/page.h"

#include <malloc.h>
#include <sys/mman.h>

enum { BLOCK_BYTES = 16 << 10, BLOCKS_MAX = 1 << 18, GROWTH = 16 };

static struct {
    char *start;        /* of all blocks; NULL: nothing is reserved yet */
    bool refused;       /* nothing could be */
    size_t made, count; /* blocks that can be written; that are taken */
    size_t lowest;      /* below which all are taken */
    uint64_t taken[BLOCKS_MAX / 64];
    uint64_t left[BLOCKS_MAX / 64]; /* released with what they held */
} blocks;

static bool reserve(void)
{
    const size_t size = (size_t)BLOCKS_MAX * BLOCK_BYTES;
    if (blocks.refused)
        return false;
    char *space = mmap(NULL, size + BLOCK_BYTES, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    blocks.refused = space == MAP_FAILED;
    if (!blocks.refused)
        blocks.start = space + (BLOCK_BYTES - (uintptr_t)space % BLOCK_BYTES) % BLOCK_BYTES;
    return !blocks.refused;
}

static bool grow(void)
{
    char *at = blocks.start + blocks.made * BLOCK_BYTES;
    if (blocks.made + GROWTH > BLOCKS_MAX ||
        mprotect(at, (size_t)GROWTH * BLOCK_BYTES, PROT_READ | PROT_WRITE) != 0)
        return false;
    blocks.made += GROWTH; /* I2 */
    return true;
}

static void *take(void)
{
    if (blocks.start == NULL && !reserve())
        return NULL;
    size_t word = blocks.lowest / 64;
    while (word < blocks.made / 64 && ~blocks.taken[word] == 0)
        word++;
    const uint64_t unused = word < BLOCKS_MAX / 64 ? ~blocks.taken[word] : 0;
    if (unused == 0)
        return NULL;
    const size_t at = word * 64 + (size_t)__builtin_ctzll(unused);
    if (at >= blocks.made && !grow())
        return NULL;
    blocks.taken[at / 64] |= UINT64_C(1) << at % 64;
    blocks.left[at / 64] &= ~(UINT64_C(1) << at % 64);
    blocks.lowest = at + 1;
    blocks.count++;
    return blocks.start + at * BLOCK_BYTES;
}

void *blocks_take(size_t alignment, size_t size)
{
    return alignment == BLOCK_BYTES && size == BLOCK_BYTES ? take() : NULL;
}

bool blocks_release(void *memory)
{
    const uintptr_t offset = (uintptr_t)memory - (uintptr_t)blocks.start;
    if (blocks.start == NULL || offset >= (size_t)BLOCKS_MAX * BLOCK_BYTES)
        return false;
    const size_t at = offset / BLOCK_BYTES;
    blocks.taken[at / 64] &= ~(UINT64_C(1) << at % 64);
    blocks.left[at / 64] |= UINT64_C(1) << at % 64;
    if (at < blocks.lowest)
        blocks.lowest = at;
    blocks.count--;
    return true;
}

static bool is_left(size_t at)
{
    return (blocks.left[at / 64] >> at % 64 & 1) != 0;
}

void page_trim(bool clears)
{
    for (size_t at = 0, end; at < blocks.made; at = end) {
        for (end = at + 1; is_left(at) && end < blocks.made && is_left(end); end++)
            ;
        if (is_left(at))
            (void)madvise(blocks.start + at * BLOCK_BYTES, (end - at) * BLOCK_BYTES, MADV_DONTNEED);
    }
    for (size_t word = 0; word * 64 < blocks.made; word++) {
        if (blocks.left[word] != 0)
            blocks.left[word] = 0;
    }
    heap_trim(clears);
}

size_t page_heap_bytes(void)
{
    return heap_bytes() + mallinfo2().uordblks + blocks.count * BLOCK_BYTES;
}
