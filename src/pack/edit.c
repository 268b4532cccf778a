/* Edits that turn one text into another: bytes to insert and ranges of the base to copy, in turn.
 * docs/formats/delta.md gives the bytes. Called by tier/ and the programs; calls its allocator and
 * core's checksum.
 *
 * A block is 8 bytes of the base at a multiple of 8; all are in a hash table, chained by hash. The
 * target is scanned byte by byte: where its next 8 bytes are a block, or go on as the base does
 * behind the last copy (the diagonal), the match is grown both ways, backwards into the bytes that
 * wait to be inserted. Every match of 15 bytes has a whole block in it. The longest of the first
 * few candidates is taken if it saves more than its codes may take, which 16 bytes always do.
 *
 * Threads: no state. Memory: 4 bytes a block and 4 to 8 for the table, thus at most 1.5 a byte of
 * base; the result. Complexity: O(base + target), as a candidate that is longer than 15 bytes is
 * used up and at most 8 are tried. Follows rsync's blocks and VCDIFF's instructions (RFC 3284).
 */
#include <firn/checksum.h>
#include <firn/delta.h>
#include <firn/varint.h>

#include <assert.h>
#include <string.h>

#define BLOCK_BYTES 8
#define CANDIDATES 8
#define CRC_BYTES 4
#define OVERHEAD_BYTES 32 /* by which edits may be larger than the target */

typedef struct text {
    const uint8_t *data;
    size_t size;
} text;

struct blocks {
    uint32_t *heads; /* of each hash, the first block with it, plus 1 */
    uint32_t *nexts; /* of each block, the next one with its hash, plus 1 */
    size_t count;
    size_t bytes; /* of both arrays, which are one */
    unsigned hash_bits;
};

struct match {
    size_t at;   /* in the target */
    size_t from; /* in the base */
    size_t size;
};

struct writer {
    uint8_t *out;     /* where the next code goes */
    size_t pending;   /* in the target: what is from here to the next match is to be inserted */
    size_t copied_to; /* in the base: behind the last copy */
};

static uint64_t block_at(const uint8_t *at)
{
    uint64_t block;
    memcpy(&block, at, sizeof(block));
    return block;
}

static size_t hash_of(uint64_t block, unsigned bits)
{
    return bits > 0 ? (size_t)(block * 0x9e3779b97f4a7c15u >> (64 - bits)) : 0;
}

/* Enters the base's blocks, the last one first, so that a chain begins with the earliest: in a run
 * of equal blocks that one has the longest match. */
static bool blocks_init(struct blocks *blocks, const text *base, const firn_allocator *allocator)
{
    *blocks = (struct blocks){.count = base->size / BLOCK_BYTES};
    if (blocks->count == 0)
        return true;
    while ((size_t)1 << blocks->hash_bits < blocks->count)
        blocks->hash_bits++;
    size_t heads = (size_t)1 << blocks->hash_bits;
    blocks->bytes = (heads + blocks->count) * sizeof(uint32_t);
    blocks->heads = firn_allocate(allocator, blocks->bytes);
    if (blocks->heads == NULL)
        return false;
    memset(blocks->heads, 0, heads * sizeof(uint32_t));
    blocks->nexts = blocks->heads + heads;
    for (size_t i = blocks->count; i-- > 0;) {
        size_t hash = hash_of(block_at(base->data + i * BLOCK_BYTES), blocks->hash_bits);
        blocks->nexts[i] = blocks->heads[hash];
        blocks->heads[hash] = (uint32_t)i + 1;
    }
    return true;
}

static size_t same_forwards(const uint8_t *a, const uint8_t *b, size_t most)
{
    size_t same = 0;
    while (same + 8 <= most && block_at(a + same) == block_at(b + same))
        same += 8;
    while (same < most && a[same] == b[same])
        same++;
    return same;
}

static size_t same_backwards(const uint8_t *a, const uint8_t *b, size_t most)
{
    size_t same = 0;
    while (same < most && a[-1 - (ptrdiff_t)same] == b[-1 - (ptrdiff_t)same])
        same++;
    return same;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Grows the match of target[at] with base[from] both ways and keeps it if it is the longest. */
static void try_match(const text *base, const text *target, size_t pending, size_t at, size_t from,
                      struct match *best)
{
    size_t after = same_forwards(target->data + at, base->data + from,
                                 smaller(target->size - at, base->size - from));
    size_t before =
        same_backwards(target->data + at, base->data + from, smaller(at - pending, from));
    if (before + after > best->size)
        *best = (struct match){at - before, from - before, before + after};
}

static uint64_t distance(size_t from, size_t to)
{
    return firn_zigzag((int64_t)to - (int64_t)from);
}

/* Whether copying takes fewer bytes than inserting. A copy costs its own codes and may cost those
 * of a further insert; all are at most 5 bytes, so a match of 16 always pays. */
static bool pays(const struct match *match, const struct writer *writer, size_t target_size)
{
    size_t left = target_size - (match->at + match->size);
    return match->size > firn_varint_size(match->size) + firn_varint_size(left) +
                             firn_varint_size(distance(writer->copied_to, match->from));
}

/* Finds the longest match of target[at]. */
static struct match find_match(const text *base, const struct blocks *blocks, const text *target,
                               const struct writer *writer, size_t at)
{
    struct match best = {0, 0, 0};
    size_t diagonal = writer->copied_to + (at - writer->pending);
    uint64_t wanted = block_at(target->data + at);
    if (diagonal + BLOCK_BYTES <= base->size && block_at(base->data + diagonal) == wanted)
        try_match(base, target, writer->pending, at, diagonal, &best);
    uint32_t next = blocks->count > 0 ? blocks->heads[hash_of(wanted, blocks->hash_bits)] : 0;
    for (unsigned tried = 0; next != 0 && tried < CANDIDATES; tried++) {
        size_t from = (size_t)(next - 1) * BLOCK_BYTES;
        if (block_at(base->data + from) == wanted)
            try_match(base, target, writer->pending, at, from, &best);
        next = blocks->nexts[next - 1];
    }
    return best;
}

static void put_insert(struct writer *writer, const text *target, size_t to)
{
    size_t size = to - writer->pending;
    writer->out += firn_varint_put(writer->out, size);
    if (size > 0)
        memcpy(writer->out, target->data + writer->pending, size);
    writer->out += size;
    writer->pending = to;
}

static void put_copy(struct writer *writer, const struct match *match)
{
    writer->out += firn_varint_put(writer->out, match->size);
    writer->out += firn_varint_put(writer->out, distance(writer->copied_to, match->from));
    writer->copied_to = match->from + match->size;
    writer->pending = match->at + match->size;
}

static void put_edits(struct writer *writer, const text *base, const struct blocks *blocks,
                      const text *target)
{
    for (size_t at = 0; at + BLOCK_BYTES <= target->size;) {
        struct match match = find_match(base, blocks, target, writer, at);
        if (match.size == 0 || !pays(&match, writer, target->size)) {
            at++;
            continue;
        }
        put_insert(writer, target, match.at);
        put_copy(writer, &match);
        at = writer->pending;
    }
    if (writer->pending < target->size)
        put_insert(writer, target, target->size);
}

static void put_header(struct writer *writer, const text *base, const text *target)
{
    writer->out += firn_varint_put(writer->out, base->size);
    writer->out += firn_varint_put(writer->out, target->size);
    uint32_t crc = firn_crc32c(0, target->data, target->size);
    for (int i = 0; i < CRC_BYTES; i++)
        *writer->out++ = (uint8_t)(crc >> (8 * i));
}

firn_status firn_edit_pack(const void *base, size_t base_size, const void *target,
                           size_t target_size, const firn_allocator *allocator, void **ret_data,
                           size_t *ret_size)
{
    if (base_size > UINT32_MAX || target_size > UINT32_MAX)
        return FIRN_LIMIT;
    const text from = {base, base_size}, to = {target, target_size};
    struct blocks blocks;
    if (!blocks_init(&blocks, &from, allocator))
        return FIRN_NO_MEMORY;
    firn_status status = FIRN_NO_MEMORY;
    size_t room = target_size + OVERHEAD_BYTES;
    uint8_t *data = firn_allocate(allocator, room);
    if (data == NULL)
        goto done;
    struct writer writer = {.out = data};
    put_header(&writer, &from, &to);
    put_edits(&writer, &from, &blocks, &to);
    size_t size = (size_t)(writer.out - data);
    assert(size <= room);

    void *exact = firn_reallocate(allocator, data, room, size);
    if (exact == NULL) {
        firn_release(allocator, data, room);
        goto done;
    }
    *ret_data = exact;
    *ret_size = size;
    status = FIRN_OK;
done:
    firn_release(allocator, blocks.heads, blocks.bytes);
    return status;
}

struct header {
    size_t base_size, target_size;
    uint32_t crc;
    const uint8_t *edits;
};

static bool read_header(const uint8_t *at, const uint8_t *end, struct header *ret_header)
{
    uint64_t base_size, target_size;
    at = firn_varint_get(at, end, &base_size);
    if (at == NULL || base_size > UINT32_MAX)
        return false;
    at = firn_varint_get(at, end, &target_size);
    if (at == NULL || target_size > UINT32_MAX || end - at < CRC_BYTES)
        return false;
    uint32_t crc = 0;
    for (int i = 0; i < CRC_BYTES; i++)
        crc |= (uint32_t)*at++ << (8 * i);
    *ret_header = (struct header){(size_t)base_size, (size_t)target_size, crc, at};
    return true;
}

firn_status firn_edit_target_size(const void *edits, size_t edits_size, size_t *ret_size)
{
    struct header header;
    if (edits_size == 0 || !read_header(edits, (const uint8_t *)edits + edits_size, &header))
        return FIRN_CORRUPT;
    *ret_size = header.target_size;
    return FIRN_OK;
}

/* Reads a copy's codes; the range must lie in the base and fit into `most` bytes. */
static const uint8_t *read_copy(const uint8_t *at, const uint8_t *end, size_t base_size,
                                size_t copied_to, size_t most, struct match *ret_copy)
{
    uint64_t size, coded;
    at = firn_varint_get(at, end, &size);
    if (at == NULL || size == 0 || size > most || size > base_size)
        return NULL;
    at = firn_varint_get(at, end, &coded);
    if (at == NULL)
        return NULL;
    int64_t moved = firn_unzigzag(coded);
    if (moved < -(int64_t)copied_to || moved > (int64_t)(base_size - copied_to))
        return NULL;
    size_t from = (size_t)((int64_t)copied_to + moved);
    if (size > base_size - from)
        return NULL;
    *ret_copy = (struct match){.from = from, .size = (size_t)size};
    return at;
}

static bool apply(const text *base, const uint8_t *at, const uint8_t *end, uint8_t *target,
                  size_t target_size)
{
    size_t filled = 0, copied_to = 0;
    while (filled < target_size) {
        uint64_t insert;
        at = firn_varint_get(at, end, &insert);
        if (at == NULL || insert > target_size - filled || insert > (size_t)(end - at))
            return false;
        memcpy(target + filled, at, (size_t)insert);
        at += insert;
        filled += (size_t)insert;
        if (filled == target_size)
            break;
        struct match copy;
        at = read_copy(at, end, base->size, copied_to, target_size - filled, &copy);
        if (at == NULL)
            return false;
        memcpy(target + filled, base->data + copy.from, copy.size);
        filled += copy.size;
        copied_to = copy.from + copy.size;
    }
    return at == end;
}

firn_status firn_edit_apply(const void *base, size_t base_size, const void *edits,
                            size_t edits_size, void *target, size_t target_size)
{
    const uint8_t *end = edits_size > 0 ? (const uint8_t *)edits + edits_size : edits;
    struct header header;
    if (edits_size == 0 || !read_header(edits, end, &header) || header.base_size != base_size ||
        header.target_size != target_size)
        return FIRN_CORRUPT;
    const text from = {base, base_size};
    if (!apply(&from, header.edits, end, target, target_size) ||
        firn_crc32c(0, target, target_size) != header.crc)
        return FIRN_CORRUPT;
    return FIRN_OK;
}
