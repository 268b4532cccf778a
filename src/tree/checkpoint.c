/* See checkpoint.h. Hostile bytes: every number is checked before it is used; open nodes have
 * rising numbers, so that whoever climbs from one comes to an end. */
#include "tree/checkpoint.h"

#include "core/bytes.h"

#include <firn/varint.h>

#include <string.h>

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

/* Keeps a child list that is long. Without memory it is read again the next time. */
static void keep_spelling(const struct firn_decoder *decoder, const struct firn_frame *frame,
                          uint64_t offset)
{
    struct firn_spelling *spelling = decoder->spelling;
    if (spelling == NULL || spelling->edges != NULL || frame->count < FIRN_SPELLING_MIN)
        return;
    spelling->edges = firn_allocate(decoder->allocator, frame->count * sizeof *spelling->edges);
    if (spelling->edges == NULL)
        return;
    memcpy(spelling->edges, decoder->spelled + frame->spelled,
           frame->count * sizeof *spelling->edges);
    spelling->count = frame->count;
    spelling->offset = offset;
}

/* The children of an open node that are spelled in the exception at `offset`. */
static firn_status respell(struct firn_decoder *decoder, struct firn_frame *frame, uint64_t offset)
{
    const struct firn_spelling *kept = decoder->spelling;
    if (kept != NULL && kept->edges != NULL && kept->offset == offset) {
        frame->edges = kept->edges;
        frame->count = kept->count;
        return FIRN_OK;
    }
    struct numbers numbers = {exceptions_at(decoder->tree, offset), decoder->exceptions_end};
    (void)next_number(&numbers); /* the gap */
    uint64_t reference = next_number(&numbers);
    if (numbers.in == NULL || reference != 0)
        return FIRN_CORRUPT;
    firn_status status = firn_decoder_spelled(decoder, &numbers.in, frame);
    if (status == FIRN_OK)
        keep_spelling(decoder, frame, offset);
    return status;
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
    uint64_t gap = next_number(numbers);
    uint64_t node = gap + (above != NULL ? above->node : 0);
    uint64_t start = next_number(numbers) + (above != NULL ? above->start : 0);
    frame.end_delta = firn_unzigzag(next_number(numbers));
    uint64_t next_child = next_number(numbers);
    if (numbers->in == NULL || node >= decoder->node || (gap == 0) != (above == NULL) ||
        start > decoder->text.size || frame.end_delta < -(int64_t)UINT32_MAX ||
        frame.end_delta > UINT32_MAX || reference > UINT32_MAX)
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

firn_status firn_decoder_resume(struct firn_decoder *decoder,
                                const struct firn_checkpoint *checkpoint)
{
    struct numbers numbers = {checkpoint->record, checkpoint->end};
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

firn_status firn_checkpoint_next(const firn_tree *tree, const uint8_t **in,
                                 struct firn_checkpoint *ret_checkpoint)
{
    if (tree->end - *in < 4)
        return FIRN_CORRUPT;
    const uint32_t size = get_u32(*in);
    struct numbers numbers = {*in + 4, tree->end};
    if (size > (size_t)(tree->end - numbers.in))
        return FIRN_CORRUPT;
    numbers.end = numbers.in + size;
    *ret_checkpoint = (struct firn_checkpoint){.record = numbers.in, .end = numbers.end};
    ret_checkpoint->node = next_number(&numbers);
    ret_checkpoint->at = next_number(&numbers);
    *in += 4 + (size_t)size;
    return numbers.in != NULL ? FIRN_OK : FIRN_CORRUPT;
}

bool firn_checkpoint_has_open(const struct firn_checkpoint *checkpoint, uint32_t node)
{
    struct numbers numbers = {checkpoint->record, checkpoint->end};
    uint64_t open = 0;
    for (unsigned i = 0; i < 5; i++)
        (void)next_number(&numbers);
    const uint64_t depth = next_number(&numbers);
    for (uint64_t i = 0; numbers.in != NULL && i < depth; i++) {
        if (next_number(&numbers) == 0)
            (void)next_number(&numbers); /* where the children are spelled */
        open += next_number(&numbers);
        if (open >= node)
            return numbers.in != NULL && open == node;
        for (unsigned k = 0; k < 3; k++)
            (void)next_number(&numbers);
    }
    return false;
}
