/* The whole way to a key in one go, compiled for u32 and u64 and for two kinds of machines.
 * Called through firn_map_type; calls search.h.
 *
 * A call at each node, as tree.c has it for all kinds, would keep the processor from beginning one
 * search while another waits for memory. Of 10^6 random u64, that is an update in 400 ns instead of
 * 300. A leaf's keys are asked for all at once before the search in them, whose probes would wait
 * for one line after the other: an update in 300 ns instead of 460, a get in 210 instead of 270. To
 * guess the one line from the separators around it saves no more, with random keys.
 */
#include "map/find.h"

#include "map/fixed.h"
#include "map/search.h"

FIRN_SEARCH_INLINE void prefetch_keys(firn_slot leaf, uint32_t key_bytes, uint32_t value_bytes)
{
    const uint8_t *at = (const uint8_t *)leaf.node;
    /* not a division: values as large as keys leave half of the slot, none leave all */
    size_t end = value_bytes == 0 ? leaf.bytes : leaf.bytes / 2;
    if (value_bytes > key_bytes * 2)
        end = leaf.bytes / 4;
    end = end > 4096 ? 4096 : end; /* of nodes that large, few lines are looked at */
    for (size_t i = 0; i < end; i += 64)
        __builtin_prefetch(at + i);
}

#define DEFINE(KEY, BITS)                                                                          \
    FIRN_SEARCH_INLINE unsigned go_down_##KEY(const firn_map_type *type, const firn_tree *tree,    \
                                              uint##BITS##_t wanted, firn_slot *ret_leaf,          \
                                              firn_path *ret_path)                                 \
    {                                                                                              \
        uint32_t ref = tree->root;                                                                 \
        firn_slot slot = firn_slot_of(&tree->store, ref);                                          \
        const uint##BITS##_t *keys = (const uint##BITS##_t *)(const void *)(slot.node + 1);        \
        unsigned level = 0;                                                                        \
        for (; !(ref & FIRN_REF_LEAF); level++) {                                                  \
            /* the first key is 0 in inner nodes, so that at least one is counted */               \
            unsigned count = slot.node->count, at = count;                                         \
            if (wanted != UINT##BITS##_MAX)                                                        \
                at = firn_search_##KEY(keys, count, wanted + 1);                                   \
            if (ret_path != NULL) {                                                                \
                ret_path->ref[level] = ref;                                                        \
                ret_path->at[level] = (uint16_t)(at - 1);                                          \
            }                                                                                      \
            memcpy(&ref, firn_node_value(slot, sizeof(ref), at - 1), sizeof(ref));                 \
            slot = firn_slot_of(&tree->store, ref);                                                \
            if (ref & FIRN_REF_LEAF)                                                               \
                prefetch_keys(slot, sizeof(wanted), type->leaf.value_bytes);                       \
            keys = (const uint##BITS##_t *)(const void *)(slot.node + 1);                          \
        }                                                                                          \
        unsigned at = firn_search_##KEY(keys, slot.node->count, wanted);                           \
        if (ret_path != NULL) {                                                                    \
            ret_path->ref[level] = ref;                                                            \
            ret_path->at[level] = (uint16_t)at;                                                    \
        }                                                                                          \
        *ret_leaf = slot;                                                                          \
        return at;                                                                                 \
    }                                                                                              \
    FIRN_SEARCH_INLINE void *find_##KEY(const firn_map_type *type, const firn_tree *tree,          \
                                        const void *key)                                           \
    {                                                                                              \
        uint##BITS##_t wanted;                                                                     \
        firn_slot leaf;                                                                            \
        memcpy(&wanted, key, sizeof(wanted));                                                      \
        unsigned at = go_down_##KEY(type, tree, wanted, &leaf, NULL);                              \
        const uint##BITS##_t *keys = (const uint##BITS##_t *)(const void *)(leaf.node + 1);        \
        if (at == leaf.node->count || keys[at] != wanted)                                          \
            return NULL;                                                                           \
        return firn_node_value(leaf, type->leaf.value_bytes, at);                                  \
    }                                                                                              \
    FIRN_SEARCH_INLINE bool descend_##KEY(const firn_map_type *type, const firn_tree *tree,        \
                                          const void *key, firn_path *ret_path)                    \
    {                                                                                              \
        uint##BITS##_t wanted;                                                                     \
        firn_slot leaf;                                                                            \
        memcpy(&wanted, key, sizeof(wanted));                                                      \
        unsigned at = go_down_##KEY(type, tree, wanted, &leaf, ret_path);                          \
        const uint##BITS##_t *keys = (const uint##BITS##_t *)(const void *)(leaf.node + 1);        \
        return at < leaf.node->count && keys[at] == wanted;                                        \
    }                                                                                              \
    static void *find_##KEY##_portable(const firn_map_type *type, const firn_tree *tree,           \
                                       const void *key)                                            \
    {                                                                                              \
        return find_##KEY(type, tree, key);                                                        \
    }                                                                                              \
    static bool descend_##KEY##_portable(const firn_map_type *type, const firn_tree *tree,         \
                                         const void *key, firn_path *ret_path)                     \
    {                                                                                              \
        return descend_##KEY(type, tree, key, ret_path);                                           \
    }                                                                                              \
    FIRN_TARGET_AVX2 static void *find_##KEY##_avx2(const firn_map_type *type,                     \
                                                    const firn_tree *tree, const void *key)        \
    {                                                                                              \
        return find_##KEY(type, tree, key);                                                        \
    }                                                                                              \
    FIRN_TARGET_AVX2 static bool descend_##KEY##_avx2(                                             \
        const firn_map_type *type, const firn_tree *tree, const void *key, firn_path *ret_path)    \
    {                                                                                              \
        return descend_##KEY(type, tree, key, ret_path);                                           \
    }

DEFINE(u32, 32)
DEFINE(u64, 64)

void firn_find_set(firn_map_type *type, bool portable)
{
    bool avx2 = !portable && firn_search_has_avx2();
    type->find = NULL;
    type->descend = firn_tree_descend_any;
    if (type->key == FIRN_KEY_U64) {
        type->find = avx2 ? find_u64_avx2 : find_u64_portable;
        type->descend = avx2 ? descend_u64_avx2 : descend_u64_portable;
    } else if (type->key == FIRN_KEY_U32) {
        type->find = avx2 ? find_u32_avx2 : find_u32_portable;
        type->descend = avx2 ? descend_u32_avx2 : descend_u32_portable;
    }
}
