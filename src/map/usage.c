/* What a map holds, and the shape of its tree. Called by users and bulk.c; calls store.c. */
#include "map/content.h"

typedef struct sums {
    const firn_map_type *type;
    const firn_tree *tree;
    uint64_t key_bytes, kept_bytes, filled_bytes, leaf_count, inner_count;
} sums;

static void add_node(sums *all, const firn_shape *shape, firn_slot slot)
{
    uint64_t key_bytes, kept_bytes;
    shape->kind->usage(shape, slot, &key_bytes, &kept_bytes);
    if (!shape->inner)
        all->key_bytes += key_bytes;
    all->kept_bytes += kept_bytes;
    all->filled_bytes += firn_need(shape, slot);
    if (shape->inner)
        all->inner_count++;
    else
        all->leaf_count++;
}

static void add_nodes(sums *all, uint32_t ref)
{
    const firn_shape *shape = firn_shape_of(all->type, ref);
    firn_slot slot = firn_slot_of(&all->tree->store, ref);
    add_node(all, shape, slot);
    for (unsigned i = 0; shape->inner && i < slot.node->count; i++)
        add_nodes(all, firn_child(all->type, slot, i));
}

static void sum(const firn_map *map, sums *ret_sums)
{
    const firn_tree *tree = firn_content_tree(map);
    *ret_sums = (sums){.type = map->type, .tree = tree};
    if (tree != NULL)
        add_nodes(ret_sums, tree->root);
    else if (map->content != NULL)
        add_node(ret_sums, &map->type->leaf, firn_small_slot(map->content));
}

void firn_map_usage(const firn_map *map, firn_usage *ret_usage)
{
    const firn_tree *tree = firn_content_tree(map);
    sums all;
    sum(map, &all);
    uint64_t reserved = all.kept_bytes;
    if (tree != NULL)
        reserved += sizeof(*tree) + firn_node_store_reserved(&tree->store);
    else if (map->content != NULL)
        reserved += firn_small_slot(map->content).bytes;
    uint64_t live = all.key_bytes;
    if (map->content != NULL)
        live += firn_map_count(map) * map->type->leaf.value_bytes;
    live = live < reserved ? live : reserved;
    *ret_usage = (firn_usage){
        .live_bytes = live,
        .overhead_bytes = reserved - live,
        .reserved_bytes = reserved,
        .resident_bytes = reserved,
    };
}

void firn_map_stats_get(const firn_map *map, firn_map_stats *ret_stats)
{
    const firn_tree *tree = firn_content_tree(map);
    sums all;
    sum(map, &all);
    *ret_stats = (firn_map_stats){
        .height = tree != NULL ? tree->height : map->content != NULL,
        .leaf_count = all.leaf_count,
        .inner_count = all.inner_count,
        .filled_bytes = all.filled_bytes,
    };
    if (tree != NULL)
        ret_stats->node_bytes = tree->store.live_bytes;
    else if (map->content != NULL)
        ret_stats->node_bytes = firn_small_slot(map->content).bytes;
}
