/* Finding the node at an offset: from the last checkpoint at or before the offset, decoding only
 * what lies between, until the first node ends that covers the offset; that is the smallest one.
 * The nodes still open then are the path to it.
 *
 * Time: O(checkpoints + nodes between two of them). */
#include "core/bytes.h"

#include "tree/decode.h"

#include <firn/varint.h>

/* Reads numbers one after the other; in becomes NULL at the first that is damaged. */
struct numbers {
    const uint8_t *in;
    const uint8_t *end;
};

static uint64_t next_number(struct numbers *numbers)
{
    uint64_t value = 0;
    if (numbers->in != NULL)
        numbers->in = firn_varint_get(numbers->in, numbers->end, &value);
    return numbers->in != NULL ? value : 0;
}

/* The exceptions from `offset` on; NULL when there is no such place. */
static const uint8_t *exceptions_at(const firn_tree *tree, uint64_t offset)
{
    return offset <= (uint64_t)(tree->checkpoints - tree->exceptions) ? tree->exceptions + offset
                                                                      : NULL;
}

/* The children of an open node that are spelled in the exception at `offset`. */
static firn_status respell(struct firn_decoder *decoder, struct firn_frame *frame, uint64_t offset)
{
    struct numbers numbers = {exceptions_at(decoder->tree, offset), decoder->exceptions_end};
    (void)next_number(&numbers); /* the gap */
    uint64_t reference = next_number(&numbers);
    if (numbers.in == NULL || reference != 0)
        return FIRN_CORRUPT;
    return firn_decoder_spelled(decoder, &numbers.in, frame);
}

static firn_status resume_frame(struct firn_decoder *decoder, struct numbers *numbers)
{
    const struct firn_frame *above =
        decoder->depth > 0 ? &decoder->frames[decoder->depth - 1] : NULL;
    struct firn_frame frame = {.edge = decoder->tree->root};
    if (above != NULL) {
        if (above->next_child == 0)
            return FIRN_CORRUPT;
        const firn_edge *edges =
            above->edges != NULL ? above->edges : decoder->spelled + above->spelled;
        frame.edge = edges[above->next_child - 1];
    }
    uint64_t reference = next_number(numbers);
    uint64_t spelled_at = reference == 0 ? next_number(numbers) : 0;
    uint64_t node = next_number(numbers) + (above != NULL ? above->node : 0);
    uint64_t start = next_number(numbers) + (above != NULL ? above->start : 0);
    frame.end_delta = firn_unzigzag(next_number(numbers));
    uint64_t next_child = next_number(numbers);
    if (numbers->in == NULL || node >= decoder->node || start > decoder->text.size ||
        frame.end_delta < -(int64_t)UINT32_MAX || frame.end_delta > UINT32_MAX ||
        reference > UINT32_MAX)
        return FIRN_CORRUPT;
    frame.node = (uint32_t)node;
    frame.start = (uint32_t)start;
    firn_status status = reference > 0 ? firn_decoder_rank(decoder, &frame, (uint32_t)reference - 1)
                                       : respell(decoder, &frame, spelled_at);
    if (status != FIRN_OK)
        return status;
    if (next_child > frame.count)
        return FIRN_CORRUPT;
    frame.next_child = (uint32_t)next_child;
    return firn_decoder_push(decoder, &frame);
}

/* Sets a decoder to a checkpoint. The innermost open node's next child is the node at hand; the
 * others have entered theirs. */
static firn_status resume(struct firn_decoder *decoder, struct numbers numbers)
{
    uint64_t node = next_number(&numbers), at = next_number(&numbers);
    uint64_t bit = next_number(&numbers), exception = next_number(&numbers);
    uint64_t base = next_number(&numbers), depth = next_number(&numbers);
    if (numbers.in == NULL || node >= decoder->tree->node_count || at > decoder->text.size ||
        depth == 0 || depth > FIRN_CHECKPOINT_DEPTH || base > node ||
        bit > 8 * (uint64_t)(decoder->codes.end - decoder->codes.data))
        return FIRN_CORRUPT;
    decoder->node = (uint32_t)node;
    decoder->at = (uint32_t)at;
    decoder->codes.position = bit;
    decoder->exception = exceptions_at(decoder->tree, exception);
    if (decoder->exception == NULL)
        return FIRN_CORRUPT;
    firn_status status = firn_decoder_next_exception(decoder, base);
    for (uint64_t i = 0; status == FIRN_OK && i < depth; i++)
        status = resume_frame(decoder, &numbers);
    if (status != FIRN_OK)
        return status;
    const struct firn_frame *innermost = &decoder->frames[decoder->depth - 1];
    return innermost->next_child < innermost->count ? FIRN_OK : FIRN_CORRUPT;
}

/* Finds the record of the last checkpoint whose position is not behind the offset; numbers->in is
 * NULL when there is none. */
static firn_status find_checkpoint(const firn_tree *tree, uint32_t offset,
                                   struct numbers *ret_record)
{
    struct numbers found = {0};
    const uint8_t *in = tree->checkpoints;
    for (uint32_t i = 0; i < tree->checkpoint_count; i++) {
        if (tree->end - in < 4)
            return FIRN_CORRUPT;
        uint32_t size = get_u32(in);
        in += 4;
        if (size > (size_t)(tree->end - in))
            return FIRN_CORRUPT;
        struct numbers record = {in, in + size}, peek = record;
        (void)next_number(&peek);
        if (next_number(&peek) > offset)
            break;
        found = record;
        in += size;
    }
    *ret_record = found;
    return FIRN_OK;
}

static firn_status copy_path(const struct firn_decoder *decoder, const firn_allocator *allocator,
                             firn_path_node **ret_path, size_t *ret_depth)
{
    size_t depth = decoder->finding_depth + 1;
    firn_path_node *path = firn_allocate_zeroed(allocator, depth, sizeof *path);
    if (path == NULL)
        return FIRN_NO_MEMORY;
    for (size_t i = 0; i + 1 < depth; i++) {
        const struct firn_frame *frame = &decoder->frames[i];
        path[i] = (firn_path_node){frame->node, frame->start, UINT32_MAX, frame->edge};
    }
    path[depth - 1] = decoder->finding;
    *ret_path = path;
    *ret_depth = depth;
    return FIRN_OK;
}

firn_status firn_tree_locate(const firn_tree *tree, uint32_t offset,
                             const firn_allocator *allocator, firn_path_node **ret_path,
                             size_t *ret_depth)
{
    struct firn_decoder decoder = {.tree = tree, .allocator = allocator, .wanted = offset};
    struct numbers record;
    firn_status status = find_checkpoint(tree, offset, &record);
    if (status == FIRN_OK)
        status = firn_decoder_start(&decoder);
    if (status == FIRN_OK && record.in != NULL)
        status = resume(&decoder, record);
    while (status == FIRN_OK && !decoder.found)
        status = firn_decoder_step(&decoder);
    if (status == FIRN_END_OF_DATA && !decoder.found)
        status = FIRN_NOT_FOUND;
    else if (status == FIRN_OK || status == FIRN_END_OF_DATA)
        status = copy_path(&decoder, allocator, ret_path, ret_depth);
    firn_decoder_fini(&decoder);
    return status;
}
