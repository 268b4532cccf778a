/* Builders: events become an array of nodes in preorder, which learn.c tallies and pack.c packs. A
 * builder keeps its arrays from tree to tree, so in the long run building allocates nothing, but
 * for the nodes of a text far larger than those behind it.
 *
 * Invariants: I1 `open` holds the indices of nodes entered and not left, each an ancestor of the
 * next. I2 nodes lie inside their parents, in order and without overlap, so that positions can be
 * predicted and searched. I3 after a failure `failed` is set and only begin and destroy do
 * anything. */
#include "tree/builder.h"

#include <string.h>

#define KEPT_NODES 65536u /* from tree to tree, whatever the next text's size */

firn_status firn_builder_create(firn_family *family, const firn_allocator *allocator,
                                firn_builder **ret_builder)
{
    firn_builder *builder = firn_allocate_zeroed(allocator, 1, sizeof *builder);
    if (builder == NULL)
        return FIRN_NO_MEMORY;
    builder->family = family;
    builder->allocator = allocator;
    builder->nodes.allocator = allocator;
    builder->codes.allocator = allocator;
    builder->failed = true;
    *ret_builder = builder;
    return FIRN_OK;
}

void firn_builder_destroy(firn_builder *builder)
{
    if (builder == NULL)
        return;
    const firn_allocator *allocator = builder->allocator;
    firn_nodes_fini(&builder->nodes);
    firn_release(allocator, builder->open, builder->open_capacity * sizeof *builder->open);
    firn_release(allocator, builder->children,
                 builder->children_capacity * sizeof *builder->children);
    firn_release(allocator, builder->path, builder->path_capacity * sizeof *builder->path);
    firn_release(allocator, builder->codes.data, builder->codes.capacity);
    firn_release(allocator, builder->exceptions.data, builder->exceptions.capacity);
    firn_release(allocator, builder->checkpoints.data, builder->checkpoints.capacity);
    firn_release(allocator, builder->packed.data, builder->packed.capacity);
    firn_release(allocator, builder, sizeof *builder);
}

void firn_nodes_fini(firn_nodes *nodes)
{
    firn_release(nodes->allocator, nodes->node, nodes->capacity * sizeof *nodes->node);
    nodes->node = NULL;
    nodes->capacity = 0;
    nodes->count = 0;
}

firn_status firn_builder_begin(firn_builder *builder, const char *text, size_t text_size)
{
    builder->failed = true;
    if (text_size >= UINT32_MAX)
        return FIRN_LIMIT;
    if (builder->nodes.capacity > KEPT_NODES && builder->nodes.capacity > text_size)
        firn_nodes_fini(&builder->nodes); /* a text has a node for each four bytes or so */
    builder->text = firn_text_of(text, text_size);
    builder->nodes.count = 0;
    builder->open_count = 0;
    builder->last_end = 0;
    builder->failed = false;
    return FIRN_OK;
}

static firn_status fail(firn_builder *builder, firn_status status)
{
    builder->failed = true; /* I3 */
    return status;
}

static firn_status find_edge(firn_builder *builder, uint64_t key, firn_edge *ret_edge)
{
    uint32_t place = (uint32_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 44) % FIRN_EDGE_CACHE_SLOTS;
    struct firn_edge_cache_slot *slot = &builder->cache[place];
    if (slot->key != key + 1) {
        firn_status status = firn_family_edge(builder->family, key, &slot->edge);
        if (status != FIRN_OK) {
            slot->key = 0;
            return status;
        }
        slot->key = key + 1;
    }
    *ret_edge = slot->edge;
    return FIRN_OK;
}

static firn_status check_place(const firn_builder *builder, uint32_t start, uint32_t end)
{
    if (start > end || end > builder->text.size)
        return FIRN_INVALID;
    if (builder->open_count == 0)
        return builder->nodes.count == 0 ? FIRN_OK : FIRN_INVALID;
    const firn_node *parent = &builder->nodes.node[builder->open[builder->open_count - 1]];
    return start >= builder->last_end && end <= parent->end ? FIRN_OK : FIRN_INVALID; /* I2 */
}

firn_status firn_builder_enter(firn_builder *builder, firn_label label, firn_field field,
                               unsigned flags, uint32_t start, uint32_t end)
{
    if (builder->failed || label >= builder->family->label_count || field > FIRN_FIELD_MAX ||
        flags > FIRN_EDGE_FLAGS_MAX)
        return fail(builder, FIRN_INVALID);
    firn_status status = check_place(builder, start, end);
    if (status != FIRN_OK)
        return fail(builder, status);
    if (builder->nodes.count >= 64 + 16 * (uint64_t)builder->text.size ||
        builder->nodes.count >= UINT32_MAX - 1)
        return fail(builder, FIRN_LIMIT);
    firn_edge edge;
    status = find_edge(builder, firn_edge_key(label, field, flags), &edge);
    if (status != FIRN_OK)
        return fail(builder, status);
    if (!firn_grow(builder->allocator, (void **)&builder->nodes.node, &builder->nodes.capacity,
                   builder->nodes.count + (size_t)1, sizeof(firn_node)) ||
        !firn_grow(builder->allocator, (void **)&builder->open, &builder->open_capacity,
                   builder->open_count + 1, sizeof *builder->open))
        return fail(builder, FIRN_NO_MEMORY);
    builder->open[builder->open_count++] = builder->nodes.count;
    builder->nodes.node[builder->nodes.count++] = (firn_node){
        .start = start,
        .end = end,
        .edge = edge,
        .label_and_flags = (uint16_t)((unsigned)label << 3 | (flags & 7)),
    };
    builder->last_end = start;
    return FIRN_OK;
}

firn_status firn_builder_leave(firn_builder *builder)
{
    if (builder->failed || builder->open_count == 0)
        return fail(builder, FIRN_INVALID);
    firn_node *node = &builder->nodes.node[builder->open[--builder->open_count]];
    node->next = builder->nodes.count;
    builder->last_end = node->end;
    return FIRN_OK;
}

const firn_nodes *firn_builder_nodes(const firn_builder *builder)
{
    bool finished = !builder->failed && builder->open_count == 0 && builder->nodes.count > 0;
    return finished ? &builder->nodes : NULL;
}

bool firn_builder_children(firn_builder *builder, uint32_t node, struct firn_children *ret_children,
                           uint32_t *ret_last)
{
    const firn_node *nodes = builder->nodes.node;
    uint32_t count = 0, last = node;
    for (uint32_t child = node + 1; child < nodes[node].next; child = nodes[child].next) {
        if (count == builder->children_capacity &&
            !firn_grow(builder->allocator, (void **)&builder->children, &builder->children_capacity,
                       count + (size_t)1, sizeof(firn_edge)))
            return false;
        builder->children[count++] = nodes[child].edge;
        last = child;
    }
    *ret_children = (struct firn_children){builder->children, count};
    *ret_last = last;
    return true;
}
