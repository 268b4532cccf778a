/* The hash table of an interner, from hashes to ids: see intern_table.c. */
#ifndef FIRN_PACK_INTERN_TABLE_H
#define FIRN_PACK_INTERN_TABLE_H

#include "pack/hash.h"
#include "pack/intern_text.h"

/* In one block with its slots, so that a reader gets all of it by one pointer. */
typedef struct firn_id_table {
    uint64_t slot_count;
    uint32_t most;     /* ids that may be in it */
    uint8_t slot_bits; /* of a slot: 32 in a shared one */
    uint8_t id_bits;   /* of them, for the id + 1; the others are the tag */
    bool shared;
    uint8_t slots[];
} firn_id_table;

/* The id of text, or FIRN_INTERN_NONE and in *ret_slot where it would go; table may be NULL. */
uint32_t firn_id_table_find(const firn_id_table *table, const firn_texts *texts, uint64_t hash,
                            const void *text, size_t size, uint64_t *ret_slot);
/* Puts an id that is not in it into the slot that the search gave. */
void firn_id_table_put(firn_id_table *table, uint64_t slot, uint64_t hash, uint32_t id);
/* Makes a larger table than the old one (NULL: none) with all texts in it. */
firn_status firn_id_table_grow(const firn_id_table *old, const firn_texts *texts,
                               firn_blocks *blocks, firn_hash_seed seed, firn_id_table **ret_table);
/* Removes all ids. */
void firn_id_table_clear(firn_id_table *table);

#endif
