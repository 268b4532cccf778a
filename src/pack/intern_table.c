/* The hash table of an interner. Called by intern.c.
 *
 * Slots are as many bits as the ids and a tag of five bits take, one after the other, or, in a
 * shared table, words of 32 bits that a reader loads at once. A slot is 0 when it is empty, else
 * the id + 1 in its low bits and some bits of the hash, the tag, above: it spares 31 of 32
 * comparisons with texts that are not the right one. Linear probing (Knuth, volume 3, 6.4), up to
 * nine tenths full, which costs a failed search 50 slots of 3 bytes at worst; a table grows by an
 * eighth, because what an identifier costs is counted here in tenths of bytes (by a fifth: 0.3
 * more, and a new one takes a quarter less time). Shared tables are up to three quarters full and
 * double, because their readers keep the old ones alive.
 *
 * Invariant H1: there is an empty slot, so that a search ends.
 */
#include "pack/intern_table.h"

#include <firn/intern.h>

#include <assert.h>
#include <string.h>

#define TAG_BITS 5u
#define FIRST_SLOTS 16u
#define SLACK_BYTES 8u /* behind the slots, as slots are read eight bytes at a time */

static uint64_t low_bits(uint64_t value, unsigned bits)
{
    return value & (((uint64_t)1 << bits) - 1);
}

static inline uint64_t get_slot(const firn_id_table *table, uint64_t slot)
{
    if (table->shared) {
        const atomic_uint *words = (const atomic_uint *)(const void *)table->slots;
        return atomic_load_explicit(&words[slot], memory_order_acquire);
    }
    uint64_t bit = slot * table->slot_bits, word;
    memcpy(&word, table->slots + bit / 8, sizeof word);
    return low_bits(word >> bit % 8, table->slot_bits);
}

/* Of an empty slot. */
static inline void set_slot(firn_id_table *table, uint64_t slot, uint64_t value)
{
    if (table->shared) {
        atomic_uint *words = (atomic_uint *)(void *)table->slots;
        atomic_store_explicit(&words[slot], (unsigned)value, memory_order_release);
        return;
    }
    uint64_t bit = slot * table->slot_bits, word;
    memcpy(&word, table->slots + bit / 8, sizeof word);
    word |= value << bit % 8;
    memcpy(table->slots + bit / 8, &word, sizeof word);
}

static inline uint64_t home_of(const firn_id_table *table, uint64_t hash)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)hash * table->slot_count >> 64);
}

static inline uint64_t tag_of(const firn_id_table *table, uint64_t hash)
{
    return low_bits(hash, (unsigned)table->slot_bits - table->id_bits);
}

static inline uint64_t next_slot(const firn_id_table *table, uint64_t slot)
{
    return slot + 1 < table->slot_count ? slot + 1 : 0;
}

uint32_t firn_id_table_find(const firn_id_table *table, const firn_texts *texts, uint64_t hash,
                            const void *text, size_t size, uint64_t *ret_slot)
{
    if (table == NULL)
        return FIRN_INTERN_NONE;
    uint64_t tag = tag_of(table, hash), slot = home_of(table, hash);
    for (;; slot = next_slot(table, slot)) { /* H1 */
        uint64_t value = get_slot(table, slot);
        if (value == 0)
            break;
        if (value >> table->id_bits != tag)
            continue;
        uint32_t id = (uint32_t)low_bits(value, table->id_bits) - 1;
        size_t found_size;
        const uint8_t *found = firn_texts_get(texts, id, &found_size);
        if (found_size == size && (size == 0 || memcmp(found, text, size) == 0))
            return id;
    }
    *ret_slot = slot;
    return FIRN_INTERN_NONE;
}

void firn_id_table_put(firn_id_table *table, uint64_t slot, uint64_t hash, uint32_t id)
{
    assert(id < table->most);
    set_slot(table, slot, tag_of(table, hash) << table->id_bits | ((uint64_t)id + 1));
}

static size_t slots_bytes(const firn_id_table *table)
{
    return (size_t)((table->slot_count * table->slot_bits + 7) / 8) + SLACK_BYTES;
}

/* Enters all texts into the empty table. */
static void fill(firn_id_table *table, const firn_texts *texts, firn_hash_seed seed)
{
    uint32_t count = atomic_load_explicit(&texts->count, memory_order_relaxed);
    for (uint32_t id = 0; id < count; id++) {
        size_t size;
        const uint8_t *text = firn_texts_get(texts, id, &size);
        uint64_t hash = firn_hash_bytes(seed, text, size), slot = home_of(table, hash);
        while (get_slot(table, slot) != 0)
            slot = next_slot(table, slot);
        firn_id_table_put(table, slot, hash, id);
    }
}

firn_status firn_id_table_grow(const firn_id_table *old, const firn_texts *texts,
                               firn_blocks *blocks, firn_hash_seed seed, firn_id_table **ret_table)
{
    uint64_t old_count = old != NULL ? old->slot_count : 0;
    uint64_t wanted = blocks->shared ? old_count * 2 : old_count + old_count / 8 + 1;
    wanted = wanted < FIRST_SLOTS ? FIRST_SLOTS : wanted;
    firn_id_table shape = {.slot_count = wanted, .shared = blocks->shared};
    uint64_t most = blocks->shared ? wanted / 4 * 3 : wanted - wanted / 10 - 1; /* H1 */
    if (most > (uint32_t)1 << 30)
        return FIRN_LIMIT;
    shape.most = (uint32_t)most;
    shape.id_bits = (uint8_t)(64 - __builtin_clzll(most));
    shape.slot_bits = (uint8_t)(blocks->shared ? 32 : shape.id_bits + TAG_BITS);
    void *data;
    firn_status status = firn_block_get(blocks, sizeof shape + slots_bytes(&shape), &data);
    if (status != FIRN_OK)
        return status;
    firn_id_table *made = data;
    memcpy(made, &shape, sizeof shape);
    firn_id_table_clear(made);
    fill(made, texts, seed);
    *ret_table = made;
    return FIRN_OK;
}

void firn_id_table_clear(firn_id_table *table)
{
    memset(table->slots, 0, slots_bytes(table));
}
