/* Memory of a cache, counted. What is 16 KiB and more comes as pages (cache_chunk.h), of which some
 * that were given back are kept for the next and the others go to the kernel at once, so that the
 * process shrinks when the cache does; a heap would keep the holes between what is still in use.
 * Called by all of the cache. Threads: all functions may be called by any. */
#include "tier/cache_memory.h"

#include "core/page.h"

#include <string.h>

enum {
    PAGES_FROM_BYTES = 16 << 10,
    SPAN_BYTES = 64 << 10,
    BLOCK_OVERHEAD_BYTES = 16,
    KEPT_SHARE = 64, /* of the limit is kept */
    TABLE_SHARE = 8  /* of what is used, at rest */
};
static const uint64_t LARGE_BYTES = (uint64_t)256 << 20; /* of which a chunk is 0.8 % */

static bool is_paged(const firn_cache_memory *memory, size_t size)
{
    return memory->below == NULL && size >= PAGES_FROM_BYTES;
}

static firn_cache_chunks *chunks_for(firn_cache_memory *memory, size_t size)
{
    return memory->is_large && size == SPAN_BYTES ? &memory->spans : &memory->chunks;
}

static size_t cost_of(const firn_cache_memory *memory, size_t size)
{
    return is_paged(memory, size) ? firn_page_round(size) : size + BLOCK_OVERHEAD_BYTES;
}

static void *pages_take(firn_cache_memory *memory, size_t size)
{
    return size <= FIRN_CHUNK_RUN_MAX_BYTES ? firn_cache_chunks_take(chunks_for(memory, size), size)
                                            : firn_page_map(size);
}

static void pages_give(firn_cache_memory *memory, void *pages, size_t size)
{
    if (size <= FIRN_CHUNK_RUN_MAX_BYTES)
        firn_cache_chunks_give(chunks_for(memory, size), pages, size);
    else
        firn_page_unmap(pages, size);
}

static void *counted_allocate(void *context, size_t size)
{
    firn_cache_memory *memory = context;
    void *block = is_paged(memory, size) ? pages_take(memory, firn_page_round(size))
                                         : firn_allocate(memory->below, size);
    if (block != NULL)
        atomic_fetch_add_explicit(&memory->used_bytes, cost_of(memory, size), memory_order_relaxed);
    return block;
}

static void counted_release(void *context, void *block, size_t size)
{
    firn_cache_memory *memory = context;
    if (is_paged(memory, size))
        pages_give(memory, block, firn_page_round(size));
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

firn_status firn_cache_memory_init(firn_cache_memory *memory, const firn_allocator *below,
                                   uint64_t limit_bytes)
{
    memory->counted =
        (firn_allocator){counted_allocate, counted_reallocate, counted_release, memory};
    memory->below = below;
    memory->is_large = limit_bytes >= LARGE_BYTES;
    atomic_init(&memory->used_bytes, 0);
    uint64_t kept = limit_bytes / KEPT_SHARE;
    if (!firn_cache_chunks_init(&memory->chunks, memory->is_large ? kept / 2 : kept,
                                memory->is_large))
        return FIRN_NO_MEMORY;
    if (firn_cache_chunks_init(&memory->spans, kept / 2, true))
        return FIRN_OK;
    firn_cache_chunks_fini(&memory->chunks);
    return FIRN_NO_MEMORY;
}

void firn_cache_memory_fini(firn_cache_memory *memory)
{
    firn_cache_chunks_fini(&memory->chunks);
    firn_cache_chunks_fini(&memory->spans);
}

bool firn_cache_memory_at_rest(firn_cache_memory *memory)
{
    return firn_cache_chunks_at_rest(&memory->chunks) && firn_cache_chunks_at_rest(&memory->spans);
}

void firn_cache_memory_trim(firn_cache_memory *memory)
{
    /* Tables that grow leave holes, which the next ones fill. */
    firn_cache_chunks_trim(&memory->chunks, memory->is_large ? TABLE_SHARE : 0);
    firn_cache_chunks_trim(&memory->spans, 0);
}

uint64_t firn_cache_memory_kept(firn_cache_memory *memory)
{
    return firn_cache_chunks_kept(&memory->chunks) + firn_cache_chunks_kept(&memory->spans);
}

uint64_t firn_cache_memory_used(const firn_cache_memory *memory)
{
    return atomic_load_explicit(&memory->used_bytes, memory_order_relaxed);
}
