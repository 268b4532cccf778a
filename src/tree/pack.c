/* Packing: a builder's nodes become a stream of prefix codes (one word an inner node that has a
 * choice), a list of exceptions (productions without a word, positions predicted wrongly) and
 * checkpoints. The layout is docs/formats/tree.md; decode.c is the mirror of this file, and both
 * must predict from the same state: the end of the node that ended last (`at`).
 *
 * Time: O(nodes + text), some 40 ns a node. Takes no recursion: the path to the node at hand is an
 * array. */
#include "core/bytes.h"

#include "tree/builder.h"
#include "tree/packed.h"

#include <firn/varint.h>

#include <string.h>

/* What packing one tree keeps in hand. */
struct packer {
    firn_builder *builder;
    firn_family *family;
    const firn_node *nodes;
    uint32_t at;              /* end of the node that ended last */
    uint32_t exception_base;  /* the first node that an exception's gap counts from */
    uint32_t checkpoint_node; /* the next checkpoint comes at or behind this node */
    uint32_t checkpoint_count;
    size_t depth;
    struct firn_recent_contexts recent;
};

/* What the exceptions must say of one node. */
struct node_exception {
    unsigned bits;
    uint32_t rank; /* with FIRN_EXCEPTION_PRODUCTION; FIRN_PRODUCTION_NONE when spelled */
    struct firn_children children;
    int64_t start_delta, end_delta;
};

static bool reserve(firn_builder *builder, struct firn_bytes *bytes, size_t more)
{
    return firn_grow(builder->allocator, (void **)&bytes->data, &bytes->capacity,
                     bytes->size + more, 1);
}

static bool put(firn_builder *builder, struct firn_bytes *bytes, uint64_t value)
{
    if (!reserve(builder, bytes, FIRN_VARINT_MAX_BYTES))
        return false;
    bytes->size += firn_varint_put(bytes->data + bytes->size, value);
    return true;
}

/* The rank of a child among its context's successors: from 1, or 0 when it is none of them. */
static uint32_t successor_rank(struct packer *packer, uint32_t key, firn_edge edge)
{
    const struct firn_successors *table = &packer->family->successors;
    const struct firn_context *context = firn_successors_recall(table, &packer->recent, key);
    for (uint32_t i = 0; context != NULL && i < context->count; i++) {
        if (table->pool[context->first + i] == edge)
            return i + 1;
    }
    return 0;
}

static bool spell(struct packer *packer, firn_label label, struct firn_children children)
{
    firn_builder *builder = packer->builder;
    struct firn_bytes *out = &builder->exceptions;
    bool done = put(builder, out, children.count);
    uint32_t run = 0;
    firn_edge before = FIRN_EDGE_NONE;
    for (uint32_t i = 0; done && i < children.count; i++) {
        firn_edge edge = children.edge[i];
        uint32_t rank = successor_rank(packer, firn_context_key(label, before), edge);
        before = edge;
        if (rank == 1) {
            run++;
            continue;
        }
        if (run > 0)
            done = put(builder, out, (uint64_t)(run - 1) << 1);
        run = 0;
        done = done && put(builder, out, (rank > 1 ? (uint64_t)(rank - 1) : 0) << 1 | 1);
        if (rank == 0)
            done = done && put(builder, out, edge);
    }
    return done && (run == 0 || put(builder, out, (uint64_t)(run - 1) << 1));
}

static bool list_exception(struct packer *packer, uint32_t node,
                           const struct node_exception *exception)
{
    firn_builder *builder = packer->builder;
    struct firn_bytes *out = &builder->exceptions;
    uint64_t gap = node - packer->exception_base;
    packer->exception_base = node + 1;
    bool done = put(builder, out, gap << 3 | exception->bits);
    if ((exception->bits & FIRN_EXCEPTION_PRODUCTION) != 0) {
        if (exception->rank != FIRN_PRODUCTION_NONE)
            done = done && put(builder, out, (uint64_t)exception->rank + 1);
        else
            done = done && put(builder, out, 0) &&
                   spell(packer, firn_node_label(&packer->nodes[node]), exception->children);
    }
    if ((exception->bits & FIRN_EXCEPTION_START) != 0)
        done = done && put(builder, out, firn_zigzag(exception->start_delta));
    if ((exception->bits & FIRN_EXCEPTION_END) != 0)
        done = done && put(builder, out, firn_zigzag(exception->end_delta));
    return done;
}

static bool put_open_node(struct packer *packer, const struct firn_open_node *open,
                          const struct firn_open_node *above)
{
    firn_builder *builder = packer->builder;
    struct firn_bytes *out = &builder->checkpoints;
    uint32_t node_base = above != NULL ? above->node : 0;
    uint32_t start_base = above != NULL ? packer->nodes[above->node].start : 0;
    return put(builder, out, open->reference) &&
           (open->reference != 0 || put(builder, out, open->spelled_at)) &&
           put(builder, out, open->node - node_base) &&
           put(builder, out, packer->nodes[open->node].start - start_base) &&
           put(builder, out, firn_zigzag(open->tail_delta)) && put(builder, out, open->next_child);
}

/* Writes the state before `node`, with its own size in front so that a reader can step over it. */
static bool put_checkpoint(struct packer *packer, uint32_t node)
{
    firn_builder *builder = packer->builder;
    struct firn_bytes *out = &builder->checkpoints;
    if (!reserve(builder, out, 4))
        return false;
    size_t place = out->size;
    out->size += 4;
    bool done = put(builder, out, node) && put(builder, out, packer->at) &&
                put(builder, out, firn_bit_writer_position(&builder->codes)) &&
                put(builder, out, builder->exceptions.size) &&
                put(builder, out, packer->exception_base) && put(builder, out, packer->depth);
    for (size_t i = 0; done && i < packer->depth; i++)
        done = put_open_node(packer, &builder->path[i], i > 0 ? &builder->path[i - 1] : NULL);
    if (!done)
        return false;
    put_u32(out->data + place, (uint32_t)(out->size - place - 4));
    packer->checkpoint_count++;
    return true;
}

/* Finds the production's rank, emits its word, or says that it is an exception. */
static void code_production(struct packer *packer, firn_label label,
                            struct node_exception *exception)
{
    const struct firn_label_model *model = &packer->family->label[label];
    uint32_t rank = firn_family_rank(packer->family, label, exception->children);
    exception->rank = rank;
    if (rank >= model->coded)
        exception->bits |= FIRN_EXCEPTION_PRODUCTION;
    else if (model->prefix != NULL)
        firn_prefix_put(model->prefix, &packer->builder->codes, rank);
}

static void compare_positions(struct packer *packer, uint32_t i, uint32_t last,
                              struct node_exception *exception)
{
    const firn_node *node = &packer->nodes[i];
    const struct firn_label_model *model = &packer->family->label[firn_node_label(node)];
    struct firn_text text = packer->builder->text;
    uint32_t start, end;
    if (exception->children.count == 0) {
        start = firn_leaf_start(model, firn_node_flags(node), text, packer->at);
        end = firn_leaf_end(model, firn_node_flags(node), text, node->start);
        packer->at = node->end;
    } else {
        start = packer->nodes[i + 1].start;
        end = firn_inner_end(model, text, packer->nodes[last].end);
    }
    exception->start_delta = (int64_t)node->start - start;
    exception->end_delta = (int64_t)node->end - end;
    exception->bits |= (exception->start_delta != 0 ? FIRN_EXCEPTION_START : 0) |
                       (exception->end_delta != 0 ? FIRN_EXCEPTION_END : 0);
}

static bool open_node(struct packer *packer, uint32_t i, const struct node_exception *exception,
                      size_t spelled_at)
{
    firn_builder *builder = packer->builder;
    if (!firn_grow(builder->allocator, (void **)&builder->path, &builder->path_capacity,
                   packer->depth + 1, sizeof *builder->path))
        return false;
    bool spelled = exception->rank == FIRN_PRODUCTION_NONE;
    builder->path[packer->depth++] = (struct firn_open_node){
        .node = i,
        .reference = spelled ? 0 : exception->rank + 1,
        .spelled_at = spelled_at,
        .tail_delta = exception->end_delta,
    };
    return true;
}

static bool pack_node(struct packer *packer, uint32_t i)
{
    firn_builder *builder = packer->builder;
    struct node_exception exception = {0};
    uint32_t last;
    if (!firn_builder_children(builder, i, &exception.children, &last))
        return false;
    code_production(packer, firn_node_label(&packer->nodes[i]), &exception);
    compare_positions(packer, i, last, &exception);
    size_t listed_at = builder->exceptions.size;
    if (exception.bits != 0 && !list_exception(packer, i, &exception))
        return false;
    return exception.children.count == 0 || open_node(packer, i, &exception, listed_at);
}

static bool pack_nodes(struct packer *packer)
{
    firn_builder *builder = packer->builder;
    for (uint32_t i = 0; i < builder->nodes.count; i++) {
        while (packer->depth > 0 && packer->nodes[builder->path[packer->depth - 1].node].next == i)
            packer->at = packer->nodes[builder->path[--packer->depth].node].end;
        if (i >= packer->checkpoint_node && packer->depth <= FIRN_CHECKPOINT_DEPTH) {
            if (!put_checkpoint(packer, i))
                return false;
            packer->checkpoint_node = i + packer->family->checkpoint_nodes;
        }
        if (packer->depth > 0)
            builder->path[packer->depth - 1].next_child++;
        if (!pack_node(packer, i))
            return false;
    }
    return firn_bit_writer_finish(&builder->codes);
}

static bool append(firn_builder *builder, const void *data, size_t size)
{
    struct firn_bytes *out = &builder->packed;
    if (!reserve(builder, out, size))
        return false;
    if (size > 0)
        memcpy(out->data + out->size, data, size);
    out->size += size;
    return true;
}

static bool assemble(struct packer *packer)
{
    firn_builder *builder = packer->builder;
    struct firn_bytes *out = &builder->packed;
    out->size = 0;
    return put(builder, out, builder->nodes.count) && put(builder, out, packer->nodes[0].edge) &&
           put(builder, out, builder->codes.size) && put(builder, out, builder->exceptions.size) &&
           put(builder, out, packer->checkpoint_count) &&
           append(builder, builder->codes.data, builder->codes.size) &&
           append(builder, builder->exceptions.data, builder->exceptions.size) &&
           append(builder, builder->checkpoints.data, builder->checkpoints.size);
}

firn_status firn_builder_pack(firn_builder *builder, const void **ret_data, size_t *ret_size)
{
    if (firn_builder_nodes(builder) == NULL || builder->family->phase != FIRN_FAMILY_SETTLED)
        return FIRN_INVALID;
    struct packer packer = {
        .builder = builder,
        .family = builder->family,
        .nodes = builder->nodes.node,
        .checkpoint_node = builder->family->checkpoint_nodes,
    };
    firn_bit_writer_reset(&builder->codes);
    builder->exceptions.size = 0;
    builder->checkpoints.size = 0;
    if (!pack_nodes(&packer) || !assemble(&packer))
        return FIRN_NO_MEMORY;
    *ret_data = builder->packed.data;
    *ret_size = builder->packed.size;
    return FIRN_OK;
}
