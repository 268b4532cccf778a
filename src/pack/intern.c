/* Interned strings: the calls. Used by tree/, tier/ and the programs; its rooms are intern_text.c
 * (the texts), intern_table.c (from a text to its id) and intern_frozen.c (the form at rest).
 *
 * Invariants:
 *   I1  ids below the count are in the table, each once
 *   I2  what a reader may still look at is retired, not freed: intern_blocks.h
 *
 * Threads: one writes; in a shared one others read meanwhile: a text is complete before its id is
 * in the table, and in the table before it is counted. Complexity: put, find and get
 * O(text), put amortised. The hash is seeded for each interner, so nobody can choose texts that
 * make a search long.
 */
#include <firn/intern.h>

#include "core/entropy.h"
#include "pack/hash.h"
#include "pack/intern_table.h"
#include "pack/intern_text.h"

#include <assert.h>
#include <string.h>

#define TEXT_SIZE_LIMIT ((size_t)1 << 24)

struct firn_intern {
    firn_blocks blocks;
    firn_hash_seed seed;
    firn_texts texts;
    _Atomic(firn_id_table *) table;
    atomic_uint count; /* as readers are told: behind both */
};

firn_status firn_intern_create(const firn_intern_options *options, firn_intern **ret_intern)
{
    static const firn_intern_options defaults;
    if (options == NULL)
        options = &defaults;
    if (options->reserved[0] != 0 || options->reserved[1] != 0)
        return FIRN_INVALID;
    if (options->limit_bytes != 0 && options->limit_bytes < sizeof(firn_intern))
        return FIRN_LIMIT;
    firn_intern *intern = firn_allocate_zeroed(options->allocator, 1, sizeof(*intern));
    if (intern == NULL)
        return FIRN_NO_MEMORY;
    intern->blocks.allocator = options->allocator;
    intern->blocks.limit_bytes = options->limit_bytes != 0 ? options->limit_bytes : SIZE_MAX;
    intern->blocks.reserved_bytes = sizeof(*intern);
    intern->blocks.shared = options->shared;
    intern->seed = (firn_hash_seed){firn_entropy(), firn_entropy()};
    *ret_intern = intern;
    return FIRN_OK;
}

static firn_id_table *table_of(const firn_intern *intern)
{
    return atomic_load_explicit(&intern->table, memory_order_acquire);
}

void firn_intern_destroy(firn_intern *intern)
{
    if (intern == NULL)
        return;
    firn_texts_fini(&intern->texts, &intern->blocks);
    firn_block_retire(&intern->blocks, table_of(intern));
    firn_blocks_settle(&intern->blocks);
    assert(intern->blocks.reserved_bytes == sizeof *intern);
    firn_release(intern->blocks.allocator, intern, sizeof(*intern));
}

static firn_status reserve_slot(firn_intern *intern)
{
    firn_id_table *old = table_of(intern), *made;
    if (old != NULL && firn_intern_count(intern) < old->most)
        return FIRN_OK;
    firn_status status =
        firn_id_table_grow(old, &intern->texts, &intern->blocks, intern->seed, &made);
    if (status != FIRN_OK)
        return status;
    atomic_store_explicit(&intern->table, made, memory_order_release);
    firn_block_retire(&intern->blocks, old); /* I2 */
    return FIRN_OK;
}

/* Adds a text that is not there; slot is where the search ended, unless the table grows. */
static firn_status add(firn_intern *intern, uint64_t hash, const void *text, size_t size,
                       uint64_t slot, uint32_t *ret_id)
{
    const firn_id_table *before = table_of(intern);
    firn_status status = firn_texts_reserve(&intern->texts, &intern->blocks, size);
    if (status == FIRN_OK)
        status = reserve_slot(intern);
    if (status != FIRN_OK)
        return status;
    firn_id_table *table = table_of(intern);
    if (table != before)
        (void)firn_id_table_find(table, &intern->texts, hash, text, size, &slot);
    *ret_id = firn_intern_count(intern);
    firn_texts_append(&intern->texts, text, size);
    firn_id_table_put(table, slot, hash, *ret_id); /* I1 */
    atomic_store_explicit(&intern->count, *ret_id + 1, memory_order_release);
    return FIRN_OK;
}

firn_status firn_intern_put(firn_intern *intern, const void *text, size_t size, uint32_t *ret_id,
                            bool *ret_new)
{
    if (size >= TEXT_SIZE_LIMIT)
        return FIRN_LIMIT;
    uint64_t hash = firn_hash_bytes(intern->seed, text, size), slot = 0;
    uint32_t id = firn_id_table_find(table_of(intern), &intern->texts, hash, text, size, &slot);
    bool is_new = id == FIRN_INTERN_NONE;
    if (is_new) {
        firn_status status = add(intern, hash, text, size, slot, &id);
        if (status != FIRN_OK)
            return status;
    }
    *ret_id = id;
    if (ret_new != NULL)
        *ret_new = is_new;
    return FIRN_OK;
}

uint32_t firn_intern_find(const firn_intern *intern, const void *text, size_t size)
{
    if (size >= TEXT_SIZE_LIMIT)
        return FIRN_INTERN_NONE;
    uint64_t slot;
    return firn_id_table_find(table_of(intern), &intern->texts,
                              firn_hash_bytes(intern->seed, text, size), text, size, &slot);
}

const void *firn_intern_get(const firn_intern *intern, uint32_t id, size_t *ret_size)
{
    assert(id < atomic_load_explicit(&intern->texts.count, memory_order_acquire));
    return firn_texts_get(&intern->texts, id, ret_size);
}

uint32_t firn_intern_count(const firn_intern *intern)
{
    return atomic_load_explicit(&intern->count, memory_order_acquire);
}

void firn_intern_settle(firn_intern *intern)
{
    firn_blocks_settle(&intern->blocks);
}

void firn_intern_reset(firn_intern *intern)
{
    firn_intern_settle(intern);
    atomic_store_explicit(&intern->count, 0, memory_order_relaxed);
    firn_texts_clear(&intern->texts);
    if (table_of(intern) != NULL)
        firn_id_table_clear(table_of(intern));
}

void firn_intern_usage(const firn_intern *intern, firn_usage *ret_usage)
{
    uint64_t reserved = intern->blocks.reserved_bytes;
    *ret_usage = (firn_usage){
        .live_bytes = intern->texts.live_bytes,
        .overhead_bytes = reserved - intern->texts.live_bytes,
        .reserved_bytes = reserved,
        .resident_bytes = reserved,
    };
}
