/* Trees that are decoded as far as somebody looked: the nodes have their places in an array for the
 * whole tree, and parts of it, from one checkpoint to the next, are filled when they are needed.
 *
 * The nodes that are open at a part's begin are known from its checkpoint. Where such a node ends
 * is in the last part at whose begin it is still open, which halving finds: so the smallest node at
 * an offset and the ends of all around it take two or three parts, of whatever size the tree is.
 *
 * Invariants:
 *   I1  of a node that has an end, next is not 0, and start, edge and parent are known, too
 *   I2  all nodes of a part that is done, and those open at its begin, have start, edge and parent
 *   I3  a node's parent has a lower index, so that climbing ends, with hostile bytes as well
 *
 * Threads: confined to one. Memory: 20 bytes a node of the whole tree, of which only pages of parts
 * that are done are written where the system's allocator serves zeroed ones. Time: O(nodes between
 * two checkpoints) for a part, 15 to 30 ns a node. */
#include "tree/checkpoint.h"

#define NO_NODE UINT32_MAX

struct part {
    struct firn_checkpoint checkpoint; /* its begin; record is NULL for the tree's */
    bool is_done;
};

struct firn_partial {
    const firn_allocator *allocator;
    firn_tree tree;
    firn_nodes nodes;
    uint32_t *parents;
    struct part *parts;
    uint32_t part_count;
    struct firn_spelling spelling; /* so that not each part reads the children of a long list */
};

static firn_status read_parts(firn_partial *partial)
{
    const firn_tree *tree = &partial->tree;
    const uint8_t *in = tree->checkpoints;
    for (uint32_t i = 1; i < partial->part_count; i++) {
        const struct firn_checkpoint *before = &partial->parts[i - 1].checkpoint;
        struct firn_checkpoint *checkpoint = &partial->parts[i].checkpoint;
        firn_status status = firn_checkpoint_next(tree, &in, checkpoint);
        if (status != FIRN_OK)
            return status;
        if (checkpoint->node <= before->node || checkpoint->node >= tree->node_count ||
            checkpoint->at < before->at || checkpoint->at > tree->text_size)
            return FIRN_CORRUPT;
    }
    return FIRN_OK;
}

firn_status firn_partial_create(const firn_tree *tree, const firn_allocator *allocator,
                                firn_partial **ret_partial)
{
    const size_t count = tree->node_count;
    if (tree->checkpoint_count > (size_t)(tree->end - tree->checkpoints) / 4)
        return FIRN_CORRUPT;
    firn_partial *partial = firn_allocate_zeroed(allocator, 1, sizeof *partial);
    if (partial == NULL)
        return FIRN_NO_MEMORY;
    partial->allocator = allocator;
    partial->tree = *tree;
    partial->part_count = tree->checkpoint_count + 1;
    partial->nodes = (firn_nodes){.count = tree->node_count, .allocator = allocator};
    partial->nodes.node = firn_allocate_zeroed(allocator, count, sizeof *partial->nodes.node);
    partial->nodes.capacity = partial->nodes.node != NULL ? count : 0;
    partial->parents = firn_allocate_zeroed(allocator, count, sizeof *partial->parents);
    partial->parts = firn_allocate_zeroed(allocator, partial->part_count, sizeof *partial->parts);
    firn_status status = FIRN_NO_MEMORY;
    if (partial->nodes.node != NULL && partial->parents != NULL && partial->parts != NULL)
        status = read_parts(partial);
    if (status == FIRN_OK)
        *ret_partial = partial;
    else
        firn_partial_destroy(partial);
    return status;
}

void firn_partial_destroy(firn_partial *partial)
{
    if (partial == NULL)
        return;
    firn_release(partial->allocator, partial->parts, partial->part_count * sizeof *partial->parts);
    firn_release(partial->allocator, partial->spelling.edges,
                 partial->spelling.count * sizeof *partial->spelling.edges);
    firn_release(partial->allocator, partial->parents,
                 partial->nodes.count * sizeof *partial->parents);
    firn_nodes_fini(&partial->nodes);
    firn_release(partial->allocator, partial, sizeof *partial);
}

const firn_nodes *firn_partial_nodes(const firn_partial *partial)
{
    return &partial->nodes;
}

uint32_t firn_partial_parent(const firn_partial *partial, uint32_t node)
{
    return partial->parents[node];
}

/* --- parts --- */

/* The last part that begins at a node or before. */
static uint32_t part_of_node(const firn_partial *partial, uint32_t node)
{
    uint32_t low = 0, high = partial->part_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (partial->parts[middle].checkpoint.node <= node)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The last part whose text begins at an offset or before. */
static uint32_t part_at(const firn_partial *partial, uint32_t offset)
{
    uint32_t low = 0, high = partial->part_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (partial->parts[middle].checkpoint.at <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static uint32_t part_end(const firn_partial *partial, uint32_t part)
{
    return part + 1 < partial->part_count ? (uint32_t)partial->parts[part + 1].checkpoint.node
                                          : partial->nodes.count;
}

/* Notes what is known of the open nodes. */
static void set_open(const struct firn_decoder *decoder)
{
    for (size_t i = 0; i < decoder->depth; i++) {
        const struct firn_frame *frame = &decoder->frames[i];
        firn_decoder_node_set(decoder, frame->node, frame->edge,
                              i > 0 ? decoder->frames[i - 1].node : NO_NODE);
        decoder->nodes->node[frame->node].start = frame->start;
    }
}

/* Decodes to the end, and on until all nodes that are open have begun. */
static firn_status decode_to(struct firn_decoder *decoder, uint32_t end)
{
    firn_status status = FIRN_OK;
    while (status == FIRN_OK && (decoder->node < end ||
                                 (decoder->depth > 0 &&
                                  decoder->frames[decoder->depth - 1].start == FIRN_START_UNKNOWN)))
        status = firn_decoder_step(decoder);
    if (status == FIRN_OK && end == decoder->tree->node_count)
        status = firn_decoder_step(decoder); /* sees that the tree is at its end */
    return status == FIRN_END_OF_DATA && end == decoder->tree->node_count ? FIRN_OK : status;
}

static firn_status fill(firn_partial *partial, uint32_t number)
{
    struct part *part = &partial->parts[number];
    struct firn_decoder decoder = {.tree = &partial->tree,
                                   .allocator = partial->allocator,
                                   .spelling = &partial->spelling,
                                   .nodes = &partial->nodes,
                                   .parents = partial->parents};
    if (part->is_done)
        return FIRN_OK;
    firn_status status = firn_decoder_start(&decoder);
    if (status == FIRN_OK && part->checkpoint.record != NULL)
        status = firn_decoder_resume(&decoder, &part->checkpoint);
    if (status == FIRN_OK) {
        set_open(&decoder);
        status = decode_to(&decoder, part_end(partial, number));
    }
    if (status == FIRN_OK) {
        set_open(&decoder);
        part->is_done = true; /* I2 */
    }
    firn_decoder_fini(&decoder);
    return status;
}

/* --- nodes --- */

/* Makes known where a node ends that I2 is true of. */
static firn_status find_end(firn_partial *partial, uint32_t node)
{
    if (partial->nodes.node[node].next != 0)
        return FIRN_OK; /* I1 */
    uint32_t low = part_of_node(partial, node), high = partial->part_count;
    while (high - low > 1) { /* it is open at the begin of low, or begins in it; not so at high's */
        const uint32_t middle = low + (high - low) / 2;
        if (firn_checkpoint_has_open(&partial->parts[middle].checkpoint, node))
            low = middle;
        else
            high = middle;
    }
    firn_status status = fill(partial, low);
    return status == FIRN_OK && partial->nodes.node[node].next == 0 ? FIRN_CORRUPT : status;
}

/* The last node in preorder that begins at the offset or before, as far as it can be known from a
 * part; NO_NODE when none does. */
static uint32_t last_before(const firn_partial *partial, uint32_t part, uint32_t offset)
{
    const uint32_t first = (uint32_t)partial->parts[part].checkpoint.node;
    uint32_t low = first, high = part_end(partial, part);
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (partial->nodes.node[middle].start <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low > first ? low - 1 : partial->parents[first];
}

firn_status firn_partial_locate(firn_partial *partial, uint32_t offset, uint32_t *ret_node)
{
    const firn_node *nodes = partial->nodes.node;
    const uint32_t part = part_at(partial, offset);
    firn_status status = fill(partial, part);
    if (status != FIRN_OK)
        return status;
    uint32_t found = last_before(partial, part, offset);
    for (; found != NO_NODE; found = partial->parents[found]) { /* I3 */
        if (nodes[found].start > offset)
            continue; /* open at the part's begin, behind blanks */
        status = find_end(partial, found);
        if (status != FIRN_OK)
            return status;
        if (nodes[found].end > offset)
            break;
    }
    if (found == NO_NODE)
        return FIRN_NOT_FOUND;
    for (uint32_t node = partial->parents[found]; node != NO_NODE && status == FIRN_OK;
         node = partial->parents[node])
        status = find_end(partial, node);
    if (status == FIRN_OK)
        *ret_node = found;
    return status;
}

firn_status firn_partial_fill(firn_partial *partial, uint32_t node)
{
    const firn_node *nodes = partial->nodes.node;
    const uint32_t end = nodes[node].next;
    if (end == 0)
        return FIRN_INVALID;
    firn_status status = FIRN_OK;
    for (uint32_t part = part_of_node(partial, node);
         part < partial->part_count && status == FIRN_OK &&
         partial->parts[part].checkpoint.node < end;
         part++)
        status = fill(partial, part);
    for (uint32_t i = node; i < end && status == FIRN_OK; i++)
        status = nodes[i].next > i && nodes[i].next <= end ? FIRN_OK : FIRN_CORRUPT;
    return status;
}
