/* Building canonical prefix codes from ranked counts, by the two-queue form of Huffman's algorithm
 * (van Leeuwen 1976: the counts are sorted already, so no heap is needed), and the bit writer.
 * Lengths above the limit are avoided by flattening the counts and trying again, which costs a
 * fraction of a percent and is simple.
 *
 * Time: O(symbols) a try, at most 32 tries. */
#include "tree/prefix.h"

#include <string.h>

/* One node of the tree under construction: a leaf (a rank) or an inner node. */
struct node {
    uint64_t weight;
    uint32_t parent;
};

/* Takes the lighter of the next leaf (leaves run from the rarest up) and the next inner node. */
static uint32_t take_lightest(const struct node *nodes, uint32_t *leaf, uint32_t leaf_end,
                              uint32_t *inner, uint32_t inner_end)
{
    if (*inner >= inner_end || (*leaf < leaf_end && nodes[*leaf].weight <= nodes[*inner].weight))
        return (*leaf)++;
    return (*inner)++;
}

/* nodes[0 .. count) are leaves, lightest first; the rest becomes inner nodes, the last one the
 * root. */
static void link_nodes(struct node *nodes, uint32_t count)
{
    uint32_t leaf = 0, inner = count;
    for (uint32_t made = count; made < 2 * count - 1; made++) {
        uint32_t a = take_lightest(nodes, &leaf, count, &inner, made);
        uint32_t b = take_lightest(nodes, &leaf, count, &inner, made);
        nodes[made].weight = nodes[a].weight + nodes[b].weight;
        nodes[a].parent = nodes[b].parent = made;
    }
}

/* Counts the leaves of each depth; false when one is too deep. Parents come behind their children,
 * so depths are known from the root down; they take the place of the weights. */
static bool count_depths(struct node *nodes, uint32_t count,
                         uint32_t lengths[FIRN_PREFIX_MAX_BITS + 1])
{
    memset(lengths, 0, (FIRN_PREFIX_MAX_BITS + 1) * sizeof *lengths);
    nodes[2 * count - 2].weight = 0;
    for (uint32_t i = 2 * count - 2; i-- > 0;) {
        nodes[i].weight = nodes[nodes[i].parent].weight + 1;
        if (i >= count)
            continue;
        if (nodes[i].weight > FIRN_PREFIX_MAX_BITS)
            return false;
        lengths[nodes[i].weight]++;
    }
    return true;
}

bool firn_prefix_lengths(const uint32_t *counts, uint32_t count, const firn_allocator *allocator,
                         uint32_t lengths[FIRN_PREFIX_MAX_BITS + 1])
{
    size_t size = (2 * (size_t)count - 1) * sizeof(struct node);
    struct node *nodes = firn_allocate(allocator, size);
    if (nodes == NULL)
        return false;
    unsigned flattened = 0;
    do {
        for (uint32_t i = 0; i < count; i++)
            nodes[i].weight = (counts[count - 1 - i] >> flattened) + 1;
        link_nodes(nodes, count);
        flattened++;
    } while (!count_depths(nodes, count, lengths));
    firn_release(allocator, nodes, size);
    return true;
}

bool firn_prefix_init(struct firn_prefix *prefix, const uint32_t lengths[FIRN_PREFIX_MAX_BITS + 1])
{
    memset(prefix, 0, sizeof *prefix);
    uint64_t code = 0;
    uint32_t rank = 0;
    for (unsigned bits = 1; bits <= FIRN_PREFIX_MAX_BITS; bits++) {
        code <<= 1;
        if (lengths[bits] > (UINT64_C(1) << bits) || code + lengths[bits] > (UINT64_C(1) << bits))
            return false;
        prefix->first_code[bits] = (uint32_t)code;
        prefix->first_rank[bits] = rank;
        code += lengths[bits];
        rank += lengths[bits];
        prefix->first_rank[bits + 1] = rank;
        uint64_t limit = code << (32 - bits);
        prefix->limit[bits] = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
        if (lengths[bits] > 0)
            prefix->max_bits = bits;
    }
    return prefix->max_bits > 0 && code == UINT64_C(1) << FIRN_PREFIX_MAX_BITS;
}

void firn_bit_writer_flush_bytes(struct firn_bit_writer *writer)
{
    if (!firn_grow(writer->allocator, (void **)&writer->data, &writer->capacity, writer->size + 8,
                   1)) {
        writer->failed = true;
        writer->pending_bits = 0;
        return;
    }
    while (writer->pending_bits >= 8) {
        writer->pending_bits -= 8;
        writer->data[writer->size++] = (uint8_t)(writer->pending >> writer->pending_bits);
    }
}

bool firn_bit_writer_finish(struct firn_bit_writer *writer)
{
    unsigned padding = (8 - writer->pending_bits % 8) % 8;
    writer->pending <<= padding;
    writer->pending_bits += padding;
    firn_bit_writer_flush_bytes(writer);
    return !writer->failed;
}

void firn_bit_writer_reset(struct firn_bit_writer *writer)
{
    writer->size = 0;
    writer->pending = 0;
    writer->pending_bits = 0;
    writer->failed = false;
}
