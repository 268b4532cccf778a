/* What the packer and the decoder of trees agree on, besides docs/formats/tree.md. */
#ifndef FIRN_TREE_PACKED_H
#define FIRN_TREE_PACKED_H

#include <stdint.h>

/* What an exception says, in the low bits of its gap. */
#define FIRN_EXCEPTION_PRODUCTION 1u
#define FIRN_EXCEPTION_START 2u
#define FIRN_EXCEPTION_END 4u

/* Checkpoints are left out deeper than this, so that deep trees do not make them quadratic. */
#define FIRN_CHECKPOINT_DEPTH 256u

static inline void firn_put_u32(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}
static inline uint32_t firn_get_u32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

#endif
