/* Finding the node at an offset: from the last checkpoint at or before the offset, decoding only
 * what lies between, until the first node ends that covers the offset; that is the smallest one.
 * The nodes still open then are the path to it.
 *
 * Time: O(checkpoints + nodes between two of them). */
#include "tree/checkpoint.h"

/* Finds the last checkpoint whose position is not behind the offset; its record is NULL when there
 * is none. */
static firn_status find_checkpoint(const firn_tree *tree, uint32_t offset,
                                   struct firn_checkpoint *ret_checkpoint)
{
    const uint8_t *in = tree->checkpoints;
    struct firn_checkpoint next;
    *ret_checkpoint = (struct firn_checkpoint){.record = NULL};
    for (uint32_t i = 0; i < tree->checkpoint_count; i++) {
        firn_status status = firn_checkpoint_next(tree, &in, &next);
        if (status != FIRN_OK)
            return status;
        if (next.at > offset)
            break;
        *ret_checkpoint = next;
    }
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
    struct firn_checkpoint checkpoint;
    firn_status status = find_checkpoint(tree, offset, &checkpoint);
    if (status == FIRN_OK)
        status = firn_decoder_start(&decoder);
    if (status == FIRN_OK && checkpoint.record != NULL)
        status = firn_decoder_resume(&decoder, &checkpoint);
    while (status == FIRN_OK && !decoder.found)
        status = firn_decoder_step(&decoder);
    if (status == FIRN_END_OF_DATA && !decoder.found)
        status = FIRN_NOT_FOUND;
    else if (status == FIRN_OK || status == FIRN_END_OF_DATA)
        status = copy_path(&decoder, allocator, ret_path, ret_depth);
    firn_decoder_fini(&decoder);
    return status;
}
