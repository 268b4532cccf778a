/* Checkpoints of packed trees: reading them, and decoding from one, for locate.c and partial.c. */
#ifndef FIRN_TREE_CHECKPOINT_H
#define FIRN_TREE_CHECKPOINT_H

#include "tree/decode.h"

/* A checkpoint's record, and where it stands. */
struct firn_checkpoint {
    const uint8_t *record;
    const uint8_t *end;
    uint64_t node; /* the next one */
    uint64_t at;   /* end of the node that ended last */
};

/* Reads the checkpoint at *in, and moves it behind. FIRN_CORRUPT. */
firn_status firn_checkpoint_next(const firn_tree *tree, const uint8_t **in,
                                 struct firn_checkpoint *ret_checkpoint);

/* Whether a node is open at a checkpoint. False also when that is damaged. */
bool firn_checkpoint_has_open(const struct firn_checkpoint *checkpoint, uint32_t node);

/* Sets a started decoder to a checkpoint. The innermost open node's next child is the node at hand;
 * the others have entered theirs. FIRN_CORRUPT, FIRN_NO_MEMORY. */
firn_status firn_decoder_resume(struct firn_decoder *decoder,
                                const struct firn_checkpoint *checkpoint);

#endif
