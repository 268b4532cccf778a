/* Prefix codes for small alphabets whose symbols are ranked by frequency, and the bit streams they
 * make up. Canonical codes (Huffman 1952; Schwartz and Kallick 1964): the number of codes of each
 * length tells all. */
#ifndef FIRN_TREE_PREFIX_H
#define FIRN_TREE_PREFIX_H

#include <firn/allocator.h>
#include <firn/status.h>

#define FIRN_PREFIX_MAX_BITS 20

/* A code: ranks are given to lengths in order, so rank 0 has the shortest word. */
struct firn_prefix {
    uint32_t first_code[FIRN_PREFIX_MAX_BITS + 1]; /* of each length */
    uint32_t
        first_rank[FIRN_PREFIX_MAX_BITS + 2]; /* the next length's is where this one's ranks end */
    uint32_t limit[FIRN_PREFIX_MAX_BITS +
                   1]; /* code words of up to this length are below, left-aligned */
    unsigned max_bits;
};

/* Computes how many codes of each length (1 to FIRN_PREFIX_MAX_BITS) are best for counts, which
 * fall or stay equal from rank to rank; count of symbols from 2 to 2^19. Returns false when there
 * is no memory. */
bool firn_prefix_lengths(const uint32_t *counts, uint32_t count, const firn_allocator *allocator,
                         uint32_t lengths[FIRN_PREFIX_MAX_BITS + 1]);

/* Makes the code of given numbers of lengths. False when they are no complete code. */
bool firn_prefix_init(struct firn_prefix *prefix, const uint32_t lengths[FIRN_PREFIX_MAX_BITS + 1]);

/* Bits of a rank's word. */
static inline unsigned firn_prefix_bits(const struct firn_prefix *prefix, uint32_t rank)
{
    unsigned bits = 1;
    while (rank >= prefix->first_rank[bits + 1])
        bits++;
    return bits;
}

/* Appends bits, high ones first, to bytes that the writer grows. */
struct firn_bit_writer {
    uint8_t *data;
    size_t capacity;
    size_t size;      /* whole bytes written */
    uint64_t pending; /* the low `pending_bits` bits are still to be written */
    unsigned pending_bits;
    const firn_allocator *allocator;
    bool failed;
};

void firn_bit_writer_flush_bytes(struct firn_bit_writer *writer);

static inline void firn_bits_put(struct firn_bit_writer *writer, uint32_t value, unsigned bits)
{
    writer->pending = writer->pending << bits | value;
    writer->pending_bits += bits;
    if (writer->pending_bits >= 32)
        firn_bit_writer_flush_bytes(writer);
}

static inline void firn_prefix_put(const struct firn_prefix *prefix, struct firn_bit_writer *writer,
                                   uint32_t rank)
{
    unsigned bits = firn_prefix_bits(prefix, rank);
    firn_bits_put(writer, prefix->first_code[bits] + (rank - prefix->first_rank[bits]), bits);
}

/* Bits written so far. */
static inline uint64_t firn_bit_writer_position(const struct firn_bit_writer *writer)
{
    return (uint64_t)writer->size * 8 + writer->pending_bits;
}
/* Pads the last byte with zeros. False when there was no memory at any time. */
bool firn_bit_writer_finish(struct firn_bit_writer *writer);
void firn_bit_writer_reset(struct firn_bit_writer *writer);

/* Reads bits; behind the end there are zeros, and firn_bit_reader_overrun tells. */
struct firn_bit_reader {
    const uint8_t *data;
    const uint8_t *end;
    uint64_t position; /* in bits */
};

/* The next 32 bits, left where they are. */
static inline uint32_t firn_bits_peek(const struct firn_bit_reader *reader)
{
    uint64_t byte = reader->position >> 3;
    uint64_t left = (uint64_t)(reader->end - reader->data);
    uint64_t bits = 0;
    if (left >= byte + 8) {
        const uint8_t *at = reader->data + byte;
        for (unsigned i = 0; i < 8; i++)
            bits = bits << 8 | at[i];
    } else {
        for (unsigned i = 0; i < 8; i++)
            bits = bits << 8 | (byte + i < left ? reader->data[byte + i] : 0);
    }
    return (uint32_t)(bits << (reader->position & 7) >> 32);
}

static inline bool firn_bit_reader_overrun(const struct firn_bit_reader *reader)
{
    return reader->position > (uint64_t)(reader->end - reader->data) * 8;
}

/* Reads a word and returns its rank. */
static inline uint32_t firn_prefix_get(const struct firn_prefix *prefix,
                                       struct firn_bit_reader *reader)
{
    uint32_t word = firn_bits_peek(reader);
    unsigned bits = 1;
    while (bits < prefix->max_bits && word >= prefix->limit[bits])
        bits++;
    reader->position += bits;
    return prefix->first_rank[bits] + ((word >> (32 - bits)) - prefix->first_code[bits]);
}

#endif
