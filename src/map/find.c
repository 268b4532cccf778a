/* Descent and search in one, compiled for u32 and u64 and for two kinds of machines.
 * Called through firn_map_type.find; calls search.h.
 */
#include "map/find.h"

#include "map/fixed.h"
#include "map/search.h"

FIRN_SEARCH_INLINE void *find_u64(const firn_map_type *type, const firn_tree *tree, const void *key)
{
    uint64_t wanted;
    memcpy(&wanted, key, sizeof(wanted));
    uint32_t ref = tree->root;
    firn_slot slot = firn_slot_of(&tree->store, ref);
    const uint64_t *keys = (const uint64_t *)(const void *)(slot.node + 1);
    while (!(ref & FIRN_REF_LEAF)) {
        /* the first key is 0 in inner nodes, so that one at least is counted */
        unsigned count = slot.node->count;
        unsigned at = wanted == UINT64_MAX ? count : firn_search_u64(keys, count, wanted + 1);
        memcpy(&ref, firn_fixed_value(slot, sizeof(ref), at - 1), sizeof(ref));
        slot = firn_slot_of(&tree->store, ref);
        keys = (const uint64_t *)(const void *)(slot.node + 1);
    }
    unsigned at = firn_search_u64(keys, slot.node->count, wanted);
    if (at == slot.node->count || keys[at] != wanted)
        return NULL;
    return firn_fixed_value(slot, type->leaf.value_bytes, at);
}

FIRN_SEARCH_INLINE void *find_u32(const firn_map_type *type, const firn_tree *tree, const void *key)
{
    uint32_t wanted;
    memcpy(&wanted, key, sizeof(wanted));
    uint32_t ref = tree->root;
    firn_slot slot = firn_slot_of(&tree->store, ref);
    const uint32_t *keys = (const uint32_t *)(const void *)(slot.node + 1);
    while (!(ref & FIRN_REF_LEAF)) {
        unsigned count = slot.node->count;
        unsigned at = wanted == UINT32_MAX ? count : firn_search_u32(keys, count, wanted + 1);
        memcpy(&ref, firn_fixed_value(slot, sizeof(ref), at - 1), sizeof(ref));
        slot = firn_slot_of(&tree->store, ref);
        keys = (const uint32_t *)(const void *)(slot.node + 1);
    }
    unsigned at = firn_search_u32(keys, slot.node->count, wanted);
    if (at == slot.node->count || keys[at] != wanted)
        return NULL;
    return firn_fixed_value(slot, type->leaf.value_bytes, at);
}

static void *find_u64_portable(const firn_map_type *type, const firn_tree *tree, const void *key)
{
    return find_u64(type, tree, key);
}

static void *find_u32_portable(const firn_map_type *type, const firn_tree *tree, const void *key)
{
    return find_u32(type, tree, key);
}

FIRN_TARGET_AVX2 static void *find_u64_avx2(const firn_map_type *type, const firn_tree *tree,
                                            const void *key)
{
    return find_u64(type, tree, key);
}

FIRN_TARGET_AVX2 static void *find_u32_avx2(const firn_map_type *type, const firn_tree *tree,
                                            const void *key)
{
    return find_u32(type, tree, key);
}

firn_find_fn firn_find_for(firn_key_kind key, bool portable)
{
    bool avx2 = !portable && firn_search_has_avx2();
    if (key == FIRN_KEY_U64)
        return avx2 ? find_u64_avx2 : find_u64_portable;
    if (key == FIRN_KEY_U32)
        return avx2 ? find_u32_avx2 : find_u32_portable;
    return NULL;
}
