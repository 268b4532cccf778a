/* What the packer and the decoder of trees agree on, besides docs/formats/tree.md. */
#ifndef FIRN_TREE_PACKED_H
#define FIRN_TREE_PACKED_H

/* What an exception says, in the low bits of its gap. */
#define FIRN_EXCEPTION_PRODUCTION 1u
#define FIRN_EXCEPTION_START 2u
#define FIRN_EXCEPTION_END 4u

/* Checkpoints are left out deeper than this, so that deep trees do not make them quadratic. */
#define FIRN_CHECKPOINT_DEPTH 256u

#endif
