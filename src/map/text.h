/* A node of byte strings, front coded: what text.c (search and the kind's table), text_edit.c
 * (all that changes a node) and text_check.c share. A file calls only those after it.
 *
 *   | firn_node | heads | first bytes | rests, in order → | free | ← values, in reverse order |
 *
 * An entry's key is the first `shared` bytes of the key before it, and its suffix. Heads tell how
 * long both are. They lie together, and so do the first bytes of all suffixes, so that a search
 * passes most entries 16 at a time; the rests of the suffixes lie behind. Heads have two forms:
 *
 *   narrow  a byte each: shared << 5 | length of the suffix
 *   wide    all `shared`, a byte each, then all lengths, a byte each
 *
 * A key above FIRN_TEXT_INLINE_MAX is long: its length says FIRN_TEXT_LONG, its rest is the address
 * and the size of a block that holds the whole key.
 *
 * Invariants of a node:
 *   T1  The first entry, a long one and one behind a long one share 0 bytes.
 *   T2  All others share what the two keys have in common, neither more nor less.
 *   T3  In a narrow node no key is above FIRN_TEXT_NARROW_MAX bytes, so that removing entries,
 *       which lengthens suffixes, does not make it wide.
 *   T4  used is the sum of the rests' bytes, with FIRN_TEXT_WIDE in wide nodes.
 *   T5  The first byte of a long entry is 255, so that a search stops there. That of an empty key,
 *       which only the first can be, is 0. */
#ifndef FIRN_MAP_TEXT_H
#define FIRN_MAP_TEXT_H

#include "map/node.h"

#include <string.h>

#define FIRN_TEXT_WIDE 0x8000u
#define FIRN_TEXT_LONG 255u
#define FIRN_TEXT_LONG_BYTES (sizeof(void *) + sizeof(uint32_t)) /* of a long entry's rest */
#define FIRN_TEXT_LONG_FIRST 255u
#define FIRN_TEXT_NARROW_MAX 31u
#define FIRN_TEXT_NARROW_SHARED 7u
_Static_assert(FIRN_TEXT_INLINE_MAX < FIRN_TEXT_LONG, "a length of 255 is a long entry");
_Static_assert(sizeof(((firn_key_room *)0)->text) >= FIRN_TEXT_INLINE_MAX, "room for any key");

/* Where a key is or belongs. */
typedef struct firn_text_place {
    unsigned position; /* of the first entry not before the key */
    unsigned offset;   /* of its rest */
    unsigned before;   /* bytes the key shares with the entry before, as T1 and T2 count them */
    unsigned behind;   /* and with the one at position */
    bool equal;
} firn_text_place;

static inline bool firn_text_is_wide(const firn_node *node)
{
    return (node->used & FIRN_TEXT_WIDE) != 0;
}

/* Bytes of all rests. */
static inline unsigned firn_text_used(const firn_node *node)
{
    return node->used & ~FIRN_TEXT_WIDE;
}

/* Bytes of an entry's head and first byte. */
static inline unsigned firn_text_planes(bool wide)
{
    return 2u + wide;
}

static inline uint8_t *firn_text_heads(const firn_node *node)
{
    return (uint8_t *)(uintptr_t)(node + 1);
}

static inline uint8_t *firn_text_firsts(const firn_node *node)
{
    return firn_text_heads(node) + node->count * (firn_text_planes(firn_text_is_wide(node)) - 1);
}

static inline uint8_t *firn_text_rests(const firn_node *node)
{
    return firn_text_heads(node) + node->count * firn_text_planes(firn_text_is_wide(node));
}

static inline unsigned firn_text_shared(const firn_node *node, unsigned position)
{
    unsigned head = firn_text_heads(node)[position];
    return firn_text_is_wide(node) ? head : head >> 5;
}

/* What the head says: the suffix's length, or FIRN_TEXT_LONG. */
static inline unsigned firn_text_length(const firn_node *node, unsigned position)
{
    const uint8_t *heads = firn_text_heads(node);
    return firn_text_is_wide(node) ? heads[node->count + position] : heads[position] & 31u;
}

static inline bool firn_text_is_long(const firn_node *node, unsigned position)
{
    return firn_text_length(node, position) == FIRN_TEXT_LONG;
}

/* Bytes of the rest of a suffix of this length. */
static inline unsigned firn_text_rest_of(unsigned length)
{
    return length == FIRN_TEXT_LONG ? (unsigned)FIRN_TEXT_LONG_BYTES : length - (length > 0);
}

static inline unsigned firn_text_rest(const firn_node *node, unsigned position)
{
    return firn_text_rest_of(firn_text_length(node, position));
}

static inline firn_bytes firn_text_long(const uint8_t *rest)
{
    firn_bytes bytes = {0};
    uint32_t size;
    memcpy(&bytes.data, rest, sizeof(bytes.data));
    memcpy(&size, rest + sizeof(bytes.data), sizeof(size));
    bytes.size = size;
    return bytes;
}

static inline size_t firn_text_need_of(const firn_shape *shape, unsigned count, bool wide,
                                       size_t rest_bytes)
{
    return sizeof(firn_node) + rest_bytes +
           (size_t)count * (firn_text_planes(wide) + shape->value_bytes);
}

/* Values lie from the slot's end to the front, so that one more entry at the end, as when keys come
 * in order, moves none. */
static inline uint8_t *firn_text_value(const firn_shape *shape, firn_slot slot, unsigned position)
{
    return (uint8_t *)slot.node + slot.bytes - (size_t)(position + 1) * shape->value_bytes;
}

/* How many of the first `most` bytes are the same. */
static inline size_t firn_text_common(const uint8_t *a, const uint8_t *b, size_t most)
{
    size_t same = 0;
    for (; same + 8 <= most; same += 8) {
        uint64_t x, y;
        memcpy(&x, a + same, 8);
        memcpy(&y, b + same, 8);
        if (x != y)
            break;
    }
    while (same < most && a[same] == b[same])
        same++;
    return same;
}

/* --- text.c: reading --- */

firn_text_place firn_text_locate(const firn_node *node, const firn_bytes *key);
/* The offset of an entry's rest; of position count, the bytes of all. */
unsigned firn_text_offset(const firn_node *node, unsigned position);
/* Writes the first bytes of an entry's key, those that it shares with the one before. */
void firn_text_prefix(const firn_node *node, unsigned position, unsigned offset, uint8_t *ret_text);
/* An entry's key, in room unless it is long. */
const firn_bytes *firn_text_key(const firn_node *node, unsigned position, firn_key_room *room);
/* What the entry at position of right would share if it came behind all of left. */
unsigned firn_text_shared_behind(const firn_node *left, const firn_node *right, unsigned position);
int firn_text_compare(const firn_bytes *a, const firn_bytes *b);

/* --- text_edit.c --- */

size_t firn_text_need(const firn_shape *shape, firn_slot slot, unsigned begin, unsigned end,
                      unsigned position, const void *key);
size_t firn_text_need_joined(const firn_shape *shape, firn_slot left, firn_slot right);
void *firn_text_insert(const firn_shape *shape, firn_slot slot, unsigned position, const void *key,
                       void *kept);
void *firn_text_put(const firn_shape *shape, firn_slot slot, const void *key,
                    unsigned *ret_position, bool *ret_new);
void firn_text_remove(const firn_shape *shape, firn_slot slot, unsigned begin, unsigned end);
void firn_text_copy(const firn_shape *shape, firn_slot from, unsigned begin, unsigned end,
                    firn_slot to);

/* --- text_check.c --- */

const char *firn_text_check(const firn_shape *shape, firn_slot slot);

#endif
