/* Decoding packed trees, for decode.c and locate.c. */
#ifndef FIRN_TREE_DECODE_H
#define FIRN_TREE_DECODE_H

#include "tree/family.h"
#include "tree/packed.h"

#define FIRN_START_UNKNOWN UINT32_MAX

/* A node that was entered and not left. */
struct firn_frame {
    const firn_edge *edges; /* of its children; NULL when they are spelled, and: */
    size_t spelled;         /* where they lie in the decoder's spelled edges */
    uint32_t count;         /* of children */
    uint32_t next_child;
    uint32_t node;
    uint32_t start; /* FIRN_START_UNKNOWN until its first leaf */
    firn_edge edge;
    uint8_t tail;                   /* enum firn_lexis: of its label, once it is pushed */
    int64_t start_delta, end_delta; /* against what is predicted */
};

/* A long child list that was read from the exceptions, for decoders that come to it again. */
struct firn_spelling {
    uint64_t offset;  /* of its exception */
    firn_edge *edges; /* NULL: none yet */
    uint32_t count;
};
#define FIRN_SPELLING_MIN 64u /* children of a list that is worth keeping */

/* Where a decoder is. Zeroed but for tree, text, allocator and nodes. */
struct firn_decoder {
    const firn_tree *tree;
    const firn_family *family;
    const firn_allocator *allocator;
    struct firn_text text;
    struct firn_bit_reader codes;
    const uint8_t *exception; /* the next one, behind its gap */
    const uint8_t *exceptions_end;
    uint64_t exception_node; /* that it is about; UINT64_MAX when there are no more */
    unsigned exception_bits;
    uint32_t node;     /* the next one */
    uint32_t at;       /* end of the node that ended last */
    uint32_t promised; /* children of open nodes that are still to come */
    struct firn_frame *frames;
    size_t frame_capacity;
    size_t depth;
    firn_edge *spelled; /* the child lists of frames that have them spelled */
    size_t spelled_capacity;
    size_t spelled_count;
    struct firn_recent_contexts recent;
    struct firn_spelling *spelling; /* which outlives the decoder; may be NULL */
    firn_nodes *nodes;              /* where finished nodes go; NULL when locating */
    uint32_t *parents; /* of nodes that have their places already; NULL when nodes are appended */
    uint32_t wanted;   /* the offset to cover */
    bool found;
    firn_path_node finding; /* the smallest node that covers it */
    size_t finding_depth;
};

/* Sets a decoder to the tree's start. */
firn_status firn_decoder_start(struct firn_decoder *decoder);
/* Reads a spelled child list of the frame's node, whose edge is known, into the decoder's array. */
firn_status firn_decoder_spelled(struct firn_decoder *decoder, const uint8_t **in,
                                 struct firn_frame *frame);
/* Makes a frame's children those of a rank of its label. */
firn_status firn_decoder_rank(const struct firn_decoder *decoder, struct firn_frame *frame,
                              uint32_t rank);
/* Opens a node; its children must fit what the tree still has. */
firn_status firn_decoder_push(struct firn_decoder *decoder, const struct firn_frame *frame);
/* Reads the gap and the bits of the next exception, which counts from node `base`. */
firn_status firn_decoder_next_exception(struct firn_decoder *decoder, uint64_t base);
/* Decodes the next node, and ends those that end with it. FIRN_END_OF_DATA behind the last one. */
firn_status firn_decoder_step(struct firn_decoder *decoder);
/* Sets what a node at its place is, where it has one already; what is known of its start, end and
 * next stays. */
void firn_decoder_node_set(const struct firn_decoder *decoder, uint32_t index, firn_edge edge,
                           uint32_t parent);
void firn_decoder_fini(struct firn_decoder *decoder);

#endif
