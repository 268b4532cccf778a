/* Decoding: the mirror of pack.c, one node a step, from the tree's start or from a checkpoint. Node
 * starts are those of their first leaf, so a frame's start is unknown until that leaf comes; ends
 * follow from the last child's.
 *
 * Hostile bytes: every number is checked before it is used; a tree never has more nodes than its
 * frame promised, nor the frame more than the text allows, and each node costs a frame or an array
 * element at most. No recursion.
 *
 * Time: O(nodes + text), 15 to 30 ns a node. */
#include "tree/decode.h"

#include <firn/varint.h>

#include <string.h>

/* An edge's label and flags, as words of its key; the public calls are not inlined here. */
static uint64_t key_of(const struct firn_decoder *decoder, firn_edge edge)
{
    return decoder->family->edges.key[edge];
}

static const struct firn_label_model *model_of(const struct firn_decoder *decoder, firn_edge edge)
{
    return &decoder->family->label[firn_edge_key_label(key_of(decoder, edge))];
}

static const uint8_t *get_u32(const uint8_t *in, const uint8_t *end, uint32_t *ret_value)
{
    uint64_t value;
    if (in == NULL || (in = firn_varint_get(in, end, &value)) == NULL || value > UINT32_MAX)
        return NULL;
    *ret_value = (uint32_t)value;
    return in;
}

firn_status firn_tree_open(const firn_family *family, const void *data, size_t size,
                           const char *text, size_t text_size, firn_tree *ret_tree)
{
    const uint8_t *in = data, *end = in + size;
    uint32_t count, root, codes, exceptions, checkpoints;
    if (family->phase != FIRN_FAMILY_LOADED)
        return FIRN_INVALID;
    in = get_u32(in, end, &count);
    in = get_u32(in, end, &root);
    in = get_u32(in, end, &codes);
    in = get_u32(in, end, &exceptions);
    in = get_u32(in, end, &checkpoints);
    if (in == NULL || text_size >= UINT32_MAX || root >= family->edges.count || count == 0 ||
        count > 64 + 16 * (uint64_t)text_size || codes > (size_t)(end - in) ||
        exceptions > (size_t)(end - in) - codes)
        return FIRN_CORRUPT;
    *ret_tree = (firn_tree){
        .family = family,
        .text = text,
        .text_size = (uint32_t)text_size,
        .node_count = count,
        .checkpoint_count = checkpoints,
        .root = (firn_edge)root,
        .codes = in,
        .exceptions = in + codes,
        .checkpoints = in + codes + exceptions,
        .end = end,
    };
    return FIRN_OK;
}

firn_status firn_decoder_next_exception(struct firn_decoder *decoder, uint64_t base)
{
    if (decoder->exception == decoder->exceptions_end) {
        decoder->exception_node = UINT64_MAX;
        return FIRN_OK;
    }
    uint64_t head;
    const uint8_t *in = firn_varint_get(decoder->exception, decoder->exceptions_end, &head);
    if (in == NULL || (head & 7) == 0)
        return FIRN_CORRUPT;
    decoder->exception = in;
    decoder->exception_node = base + (head >> 3);
    decoder->exception_bits = head & 7;
    return FIRN_OK;
}

firn_status firn_decoder_start(struct firn_decoder *decoder)
{
    const firn_tree *tree = decoder->tree;
    decoder->family = tree->family;
    decoder->text = firn_text_of(tree->text, tree->text_size);
    decoder->codes = (struct firn_bit_reader){tree->codes, tree->exceptions, 0};
    decoder->exception = tree->exceptions;
    decoder->exceptions_end = tree->checkpoints;
    return firn_decoder_next_exception(decoder, 0);
}

void firn_decoder_fini(struct firn_decoder *decoder)
{
    firn_release(decoder->allocator, decoder->frames,
                 decoder->frame_capacity * sizeof *decoder->frames);
    firn_release(decoder->allocator, decoder->spelled,
                 decoder->spelled_capacity * sizeof *decoder->spelled);
}

/* One token of a spelled list: a run of most frequent successors, or one other child. */
static firn_status spell_token(struct firn_decoder *decoder, const uint8_t **in, firn_label label,
                               size_t first, uint32_t count)
{
    const struct firn_successors *table = &decoder->family->successors;
    uint32_t token, edge = 0;
    *in = get_u32(*in, decoder->exceptions_end, &token);
    if (*in == NULL)
        return FIRN_CORRUPT;
    bool run = (token & 1) == 0;
    uint32_t rank = run ? 0 : token >> 1, times = run ? (token >> 1) + 1 : 1;
    if (!run && rank == 0)
        *in = get_u32(*in, decoder->exceptions_end, &edge);
    if (*in == NULL || edge >= decoder->family->edges.count)
        return FIRN_CORRUPT;
    for (; times > 0; times--) {
        size_t place = decoder->spelled_count;
        if (place - first >= count)
            return FIRN_CORRUPT;
        firn_edge before = place > first ? decoder->spelled[place - 1] : FIRN_EDGE_NONE;
        if (run || rank > 0) {
            const struct firn_context *context =
                firn_successors_recall(table, &decoder->recent, firn_context_key(label, before));
            if (context == NULL || rank >= context->count)
                return FIRN_CORRUPT;
            edge = table->pool[context->first + rank];
        }
        if (place == decoder->spelled_capacity &&
            !firn_grow(decoder->allocator, (void **)&decoder->spelled, &decoder->spelled_capacity,
                       place + 1, sizeof *decoder->spelled))
            return FIRN_NO_MEMORY;
        decoder->spelled[decoder->spelled_count++] = (firn_edge)edge;
    }
    return FIRN_OK;
}

firn_status firn_decoder_spelled(struct firn_decoder *decoder, const uint8_t **in,
                                 struct firn_frame *frame)
{
    uint32_t count;
    *in = get_u32(*in, decoder->exceptions_end, &count);
    if (*in == NULL || count > decoder->tree->node_count - decoder->promised)
        return FIRN_CORRUPT;
    firn_label label = firn_edge_key_label(key_of(decoder, frame->edge));
    frame->edges = NULL;
    frame->spelled = decoder->spelled_count;
    frame->count = count;
    while (decoder->spelled_count - frame->spelled < count) {
        firn_status status = spell_token(decoder, in, label, frame->spelled, count);
        if (status != FIRN_OK)
            return status;
    }
    return FIRN_OK;
}

firn_status firn_decoder_rank(const struct firn_decoder *decoder, struct firn_frame *frame,
                              uint32_t rank)
{
    const firn_family *family = decoder->family;
    const struct firn_label_model *model = model_of(decoder, frame->edge);
    if (rank >= model->count)
        return FIRN_CORRUPT;
    struct firn_children children =
        firn_production_children(&family->productions, model->first + rank);
    frame->edges = children.edge;
    frame->count = children.count;
    return FIRN_OK;
}

static firn_status read_delta(const uint8_t **in, const uint8_t *end, int64_t *ret_delta)
{
    uint64_t value;
    *in = firn_varint_get(*in, end, &value);
    if (*in == NULL || value > UINT64_C(1) << 34)
        return FIRN_CORRUPT;
    *ret_delta = firn_unzigzag(value);
    return FIRN_OK;
}

/* Reads the exception about the node at hand into its frame. */
static firn_status read_exception(struct firn_decoder *decoder, struct firn_frame *frame)
{
    const uint8_t *in = decoder->exception, *end = decoder->exceptions_end;
    firn_status status = FIRN_OK;
    if ((decoder->exception_bits & FIRN_EXCEPTION_PRODUCTION) != 0) {
        uint32_t reference;
        if ((in = get_u32(in, end, &reference)) == NULL)
            return FIRN_CORRUPT;
        status = reference > 0 ? firn_decoder_rank(decoder, frame, reference - 1)
                               : firn_decoder_spelled(decoder, &in, frame);
    }
    if (status == FIRN_OK && (decoder->exception_bits & FIRN_EXCEPTION_START) != 0)
        status = read_delta(&in, end, &frame->start_delta);
    if (status == FIRN_OK && (decoder->exception_bits & FIRN_EXCEPTION_END) != 0)
        status = read_delta(&in, end, &frame->end_delta);
    if (status != FIRN_OK)
        return status;
    decoder->exception = in;
    return firn_decoder_next_exception(decoder, decoder->node + (uint64_t)1);
}

/* The rank of the node at hand within its label, where no exception tells it. */
static uint32_t read_rank(struct firn_decoder *decoder, const struct firn_label_model *model)
{
    return model->prefix != NULL ? firn_prefix_get(model->prefix, &decoder->codes) : 0;
}

/* Fills in what a node's frame is: its children and what the exceptions say. */
static firn_status read_node(struct firn_decoder *decoder, struct firn_frame *frame)
{
    bool listed = decoder->exception_node == decoder->node;
    if (!listed || (decoder->exception_bits & FIRN_EXCEPTION_PRODUCTION) == 0) {
        firn_status status =
            firn_decoder_rank(decoder, frame, read_rank(decoder, model_of(decoder, frame->edge)));
        if (status != FIRN_OK)
            return status;
    }
    return listed ? read_exception(decoder, frame) : FIRN_OK;
}

static firn_status place(struct firn_decoder *decoder, int64_t value, uint32_t *ret_place)
{
    if (value < 0 || value > decoder->text.size)
        return FIRN_CORRUPT;
    *ret_place = (uint32_t)value;
    return FIRN_OK;
}

/* A node has ended: note it, or see whether it is the one that is looked for. */
static void finish(struct firn_decoder *decoder, const struct firn_frame *frame, uint32_t end)
{
    if (decoder->nodes != NULL) {
        firn_node *node = &decoder->nodes->node[frame->node];
        node->start = frame->start;
        node->end = end;
        node->next = decoder->node;
    } else if (!decoder->found && frame->start <= decoder->wanted && decoder->wanted < end) {
        decoder->found = true;
        decoder->finding = (firn_path_node){frame->node, frame->start, end, frame->edge};
        decoder->finding_depth = decoder->depth;
    }
}

/* The starts of the open nodes whose first leaf this is. */
static firn_status start_frames(struct firn_decoder *decoder, uint32_t start)
{
    for (size_t i = decoder->depth; i-- > 0;) {
        struct firn_frame *frame = &decoder->frames[i];
        if (frame->start != FIRN_START_UNKNOWN)
            break;
        firn_status status = place(decoder, start + frame->start_delta, &frame->start);
        if (status != FIRN_OK)
            return status;
        start = frame->start;
    }
    return FIRN_OK;
}

static firn_status end_leaf(struct firn_decoder *decoder, struct firn_frame *leaf)
{
    const struct firn_label_model *model = model_of(decoder, leaf->edge);
    const unsigned flags = firn_edge_key_flags(key_of(decoder, leaf->edge));
    uint32_t start = firn_leaf_start(model, flags, decoder->text, decoder->at);
    firn_status status = place(decoder, start + leaf->start_delta, &leaf->start);
    if (status != FIRN_OK)
        return status;
    uint32_t end = firn_leaf_end(model, flags, decoder->text, leaf->start);
    status = place(decoder, end + leaf->end_delta, &end);
    if (status != FIRN_OK || end < leaf->start)
        return FIRN_CORRUPT;
    decoder->at = end;
    status = start_frames(decoder, leaf->start);
    if (status == FIRN_OK)
        finish(decoder, leaf, end);
    return status;
}

/* Ends the open nodes that have no more children. */
static firn_status end_frames(struct firn_decoder *decoder)
{
    while (decoder->depth > 0) {
        struct firn_frame *frame = &decoder->frames[decoder->depth - 1];
        if (frame->next_child < frame->count)
            return FIRN_OK;
        uint32_t end = decoder->at;
        if (frame->tail != FIRN_LEXIS_EMPTY)
            end = firn_lexis_end((enum firn_lexis)frame->tail, 0, decoder->text, end);
        firn_status status = place(decoder, end + frame->end_delta, &end);
        if (status != FIRN_OK || end < frame->start)
            return FIRN_CORRUPT;
        decoder->depth--;
        decoder->at = end;
        if (frame->edges == NULL)
            decoder->spelled_count = frame->spelled;
        finish(decoder, frame, end);
    }
    return FIRN_OK;
}

firn_status firn_decoder_push(struct firn_decoder *decoder, const struct firn_frame *frame)
{
    uint32_t to_come = frame->count - frame->next_child;
    if (to_come > decoder->tree->node_count - decoder->node - decoder->promised)
        return FIRN_CORRUPT;
    if (decoder->depth == decoder->frame_capacity &&
        !firn_grow(decoder->allocator, (void **)&decoder->frames, &decoder->frame_capacity,
                   decoder->depth + 1, sizeof *decoder->frames))
        return FIRN_NO_MEMORY;
    decoder->promised += to_come;
    decoder->frames[decoder->depth] = *frame;
    decoder->frames[decoder->depth++].tail = model_of(decoder, frame->edge)->tail;
    return FIRN_OK;
}

static firn_status next_edge(struct firn_decoder *decoder, firn_edge *ret_edge)
{
    if (decoder->depth == 0) {
        *ret_edge = decoder->tree->root;
        return decoder->node == 0 ? FIRN_OK : FIRN_CORRUPT;
    }
    struct firn_frame *frame = &decoder->frames[decoder->depth - 1];
    const firn_edge *edges =
        frame->edges != NULL ? frame->edges : decoder->spelled + frame->spelled;
    *ret_edge = edges[frame->next_child++];
    decoder->promised--;
    return FIRN_OK;
}

void firn_decoder_node_set(const struct firn_decoder *decoder, uint32_t index, firn_edge edge,
                           uint32_t parent)
{
    const uint64_t key = decoder->family->edges.key[edge];
    firn_node *node = &decoder->nodes->node[index];
    node->edge = edge;
    node->label_and_flags = firn_edge_key_node(key);
    decoder->parents[index] = parent;
}

/* Makes room for one node more of an array that nodes are appended to. */
static bool reserve_node(firn_nodes *nodes)
{
    return nodes->count < nodes->capacity ||
           firn_grow(nodes->allocator, (void **)&nodes->node, &nodes->capacity,
                     nodes->count + (size_t)1, sizeof *nodes->node);
}

/* Gives a node its place. */
static bool put_node(struct firn_decoder *decoder, firn_edge edge)
{
    firn_nodes *nodes = decoder->nodes;
    if (decoder->parents != NULL)
        firn_decoder_node_set(decoder, decoder->node, edge,
                              decoder->depth > 0 ? decoder->frames[decoder->depth - 1].node
                                                 : UINT32_MAX);
    if (decoder->parents != NULL || nodes == NULL)
        return true;
    if (!reserve_node(nodes))
        return false;
    nodes->node[nodes->count++] = (firn_node){
        .edge = edge,
        .label_and_flags = firn_edge_key_node(key_of(decoder, edge)),
    };
    return true;
}

/* A leaf as it was predicted, which seven nodes of ten are: without a frame. */
static inline firn_status step_plain_leaf(struct firn_decoder *decoder, firn_edge edge,
                                          const struct firn_label_model *model)
{
    firn_nodes *nodes = decoder->nodes;
    const uint64_t key = key_of(decoder, edge);
    const unsigned flags = firn_edge_key_flags(key);
    const uint32_t start = firn_leaf_start(model, flags, decoder->text, decoder->at);
    const uint32_t end = firn_leaf_end(model, flags, decoder->text, start);
    firn_status status = FIRN_OK;
    if (nodes != NULL && decoder->parents == NULL) {
        if (!reserve_node(nodes))
            return FIRN_NO_MEMORY;
        nodes->node[nodes->count++] =
            (firn_node){start, end, ++decoder->node, edge, firn_edge_key_node(key)};
    } else {
        (void)put_node(decoder, edge);
        const struct firn_frame leaf = {.node = decoder->node++, .start = start, .edge = edge};
        finish(decoder, &leaf, end);
    }
    decoder->at = end;
    if (decoder->depth == 0)
        return FIRN_OK;
    const struct firn_frame *above = &decoder->frames[decoder->depth - 1];
    if (above->start == FIRN_START_UNKNOWN)
        status = start_frames(decoder, start);
    return status == FIRN_OK && above->next_child == above->count ? end_frames(decoder) : status;
}

static inline firn_status step(struct firn_decoder *decoder)
{
    if (decoder->node >= decoder->tree->node_count)
        return decoder->depth == 0 && !firn_bit_reader_overrun(&decoder->codes) ? FIRN_END_OF_DATA
                                                                                : FIRN_CORRUPT;
    firn_edge edge;
    firn_status status = next_edge(decoder, &edge);
    if (status != FIRN_OK)
        return status;
    const struct firn_label_model *model = model_of(decoder, edge);
    if (model->is_leaf && decoder->exception_node != decoder->node)
        return step_plain_leaf(decoder, edge, model);
    struct firn_frame frame = {.node = decoder->node, .start = FIRN_START_UNKNOWN, .edge = edge};
    status = read_node(decoder, &frame);
    if (status != FIRN_OK)
        return status;
    if (!put_node(decoder, edge))
        return FIRN_NO_MEMORY;
    decoder->node++;
    if (frame.count > 0)
        return firn_decoder_push(decoder, &frame);
    status = end_leaf(decoder, &frame);
    return status == FIRN_OK ? end_frames(decoder) : status;
}

firn_status firn_decoder_step(struct firn_decoder *decoder)
{
    return step(decoder);
}

firn_status firn_tree_decode(const firn_tree *tree, firn_nodes *nodes)
{
    struct firn_decoder decoder = {
        .tree = tree,
        .allocator = nodes->allocator,
        .nodes = nodes,
    };
    nodes->count = 0;
    firn_status status = firn_decoder_start(&decoder);
    while (status == FIRN_OK)
        status = step(&decoder);
    firn_decoder_fini(&decoder);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}
