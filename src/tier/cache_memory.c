/* Memory of a cache, counted. What is 16 KiB and more comes as pages from the kernel and goes back
 * to it at once, so that the process shrinks when the cache does; a heap would keep the holes
 * between what is still in use. Called by all of the cache. Threads: all functions may be called by
 * any. */
#include "tier/cache_memory.h"

#include "core/page.h"

#include <string.h>

enum { PAGES_FROM_BYTES = 16 << 10, BLOCK_OVERHEAD_BYTES = 16 };

static bool is_paged(const firn_cache_memory *memory, size_t size)
{
    return memory->below == NULL && size >= PAGES_FROM_BYTES;
}

static size_t cost_of(const firn_cache_memory *memory, size_t size)
{
    return is_paged(memory, size) ? firn_page_round(size) : size + BLOCK_OVERHEAD_BYTES;
}

static void *counted_allocate(void *context, size_t size)
{
    firn_cache_memory *memory = context;
    void *block = is_paged(memory, size) ? firn_page_map(firn_page_round(size))
                                         : firn_allocate(memory->below, size);
    if (block != NULL)
        atomic_fetch_add_explicit(&memory->used_bytes, cost_of(memory, size), memory_order_relaxed);
    return block;
}

static void counted_release(void *context, void *block, size_t size)
{
    firn_cache_memory *memory = context;
    if (is_paged(memory, size))
        firn_page_unmap(block, firn_page_round(size));
    else
        firn_release(memory->below, block, size);
    atomic_fetch_sub_explicit(&memory->used_bytes, cost_of(memory, size), memory_order_relaxed);
}

static void *counted_reallocate(void *context, void *block, size_t old_size, size_t new_size)
{
    firn_cache_memory *memory = context;
    if (!is_paged(memory, old_size) && !is_paged(memory, new_size)) {
        void *moved = firn_reallocate(memory->below, block, old_size, new_size);
        if (moved != NULL) {
            atomic_fetch_add_explicit(&memory->used_bytes, new_size, memory_order_relaxed);
            atomic_fetch_sub_explicit(&memory->used_bytes, old_size, memory_order_relaxed);
        }
        return moved;
    }
    void *moved = counted_allocate(context, new_size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    counted_release(context, block, old_size);
    return moved;
}

void firn_cache_memory_init(firn_cache_memory *memory, const firn_allocator *below)
{
    memory->counted =
        (firn_allocator){counted_allocate, counted_reallocate, counted_release, memory};
    memory->below = below;
    atomic_init(&memory->used_bytes, 0);
}

uint64_t firn_cache_memory_used(const firn_cache_memory *memory)
{
    return atomic_load_explicit(&memory->used_bytes, memory_order_relaxed);
}
