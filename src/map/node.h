/* A node of a map: what the tree (which knows nothing of keys) asks of each kind of key.
 *
 * A node is a slot that holds `count` entries, a key and a value each, in ascending order. In a
 * leaf the values are the user's, in an inner node they are references to children, and an entry's
 * key is at or before all keys of its child and behind all of the child before it. The first key of
 * an inner node is no key: it counts as before all others; the tree gives `lowest` there and never
 * reads it. How entries lie in the slot is the kind's own business. A slot's size is known to the
 * one who asks: from its extent in a tree, from `units` in a small map. Slots are aligned to 16
 * bytes, their sizes are multiples of 8.
 *
 * An operation that needs more room than the slot has must not be called: the tree asks `need`
 * first. No operation allocates, except for `keep`. The tree never changes a node that it splits,
 * joins or moves: it builds the new ones beside it by `copy`, and forgets the old one once nothing
 * can fail any more.
 *
 * Kinds: fixed.c (u32, u64 and any fixed size with a comparator), text.c (byte strings). */
#ifndef FIRN_MAP_NODE_H
#define FIRN_MAP_NODE_H

#include <firn/map.h>

/* Keys of bytes up to this long lie in the node; longer ones in a block of their own, whole. */
#define FIRN_TEXT_INLINE_MAX 250u

/* At the start of each slot; the entries follow. Only `used` is the kind's own. */
typedef struct firn_node {
    uint16_t count;
    uint16_t used;  /* text.c counts bytes of keys in it */
    uint16_t units; /* the block's size in units of 8 bytes in a small map; in a tree 0 or INNER */
    uint16_t version; /* of a small map; 0 in a tree */
} firn_node;

#define FIRN_NODE_INNER UINT16_MAX /* units of an inner node */

/* A node and the bytes of its slot. */
typedef struct firn_slot {
    firn_node *node;
    uint32_t bytes;
} firn_slot;

struct firn_node_kind;

/* What all leaves, or all inner nodes, of the maps of a type have in common. */
typedef struct firn_shape {
    const struct firn_node_kind *kind;
    bool inner;
    uint32_t key_bytes;   /* 0 for byte strings */
    uint32_t value_bytes; /* 4 in inner nodes */
    uint32_t node_bytes;  /* the largest slot */
    firn_compare_fn compare;
    void *compare_context;
    const firn_allocator *allocator; /* for `keep` */
} firn_shape;

typedef struct firn_node_kind {
    /* The position of the first entry whose key is not before `key`, count when there is none, and
     * whether it is `key`. */
    unsigned (*search)(const firn_shape *shape, firn_slot slot, const void *key, bool *ret_equal);
    /* The address of an entry's value. */
    void *(*value)(const firn_shape *shape, firn_slot slot, unsigned position);
    /* An entry's key, as a `key` parameter; it may point into the node or into room. */
    const void *(*key)(const firn_shape *shape, firn_slot slot, unsigned position,
                       firn_key_room *room);
    /* The same, in less time, when room is as it was after `key` or this for the entry before, and
     * the node too. NULL in kinds whose keys lie in one piece. */
    const void *(*next_key)(const firn_shape *shape, firn_slot slot, unsigned position,
                            firn_key_room *room);

    /* Bytes of slot that entries [begin, end) would take, with `key` (unless it is NULL) inserted
     * at position, begin <= position <= end. May be a few more than `insert` and `copy` then use.
     */
    size_t (*need)(const firn_shape *shape, firn_slot slot, unsigned begin, unsigned end,
                   unsigned position, const void *key);
    /* The same for one node that holds the entries of both. */
    size_t (*need_joined)(const firn_shape *shape, firn_slot left, firn_slot right);

    /* Makes *ret_kept, which `insert` takes, of a key: a long text is copied into a block here.
     * FIRN_NO_MEMORY; FIRN_LIMIT for a key that is too long. `drop` undoes it. Both NULL in kinds
     * that need nothing: `insert` then takes the key itself. */
    firn_status (*keep)(const firn_shape *shape, const void *key, void **ret_kept);
    void (*drop)(const firn_shape *shape, const void *key, void *kept);

    /* Inserts a key (kept: what `keep` made, NULL without it) at position, and returns its value's
     * address; the value is not set. */
    void *(*insert)(const firn_shape *shape, firn_slot slot, unsigned position, const void *key,
                    void *kept);
    /* In one search: finds a key, or inserts it, if nothing must be kept and the slot has room.
     * Returns its value's address, and whether it is new; NULL when it did neither, and the key
     * belongs at *ret_position. NULL in kinds that search quickly; texts are put in 70 % of the
     * time that three searches take. */
    void *(*put)(const firn_shape *shape, firn_slot slot, const void *key, unsigned *ret_position,
                 bool *ret_new);
    /* Removes entries [begin, end), and frees what `keep` made for them. */
    void (*remove)(const firn_shape *shape, firn_slot slot, unsigned begin, unsigned end);

    /* Appends entries [begin, end) of `from`, which stays as it is, to `to`; what `keep` made is
     * shared by both until one is forgotten. `to` may be empty, with anything in it but its header.
     */
    void (*copy)(const firn_shape *shape, firn_slot from, unsigned begin, unsigned end,
                 firn_slot to);
    /* The position that halves a node's bytes: from 1 to count - 1, of two entries or more. */
    unsigned (*middle)(const firn_shape *shape, firn_slot slot);

    /* The key for a new leaf's entry in the parent: behind the last key of left, and at or before
     * the first of right, the shortest one where keys are text. */
    const void *(*separator)(const firn_shape *shape, firn_slot left, firn_slot right,
                             firn_key_room *room);
    /* What the tree inserts as the first key of an inner node: a key at or before all others, or
     * any at all, if search and check look at no first key where shape->inner. */
    const void *lowest;

    /* Compares two keys. */
    int (*compare)(const firn_shape *shape, const void *a, const void *b);
    /* Bytes of the user's key, and those of blocks that `keep` made, over all entries. */
    void (*usage)(const firn_shape *shape, firn_slot slot, uint64_t *ret_key_bytes,
                  uint64_t *ret_kept_bytes);
    /* The first thing wrong with a node alone, its order included; NULL: nothing. Never reads
     * outside of the slot, whatever lies in it (but for blocks that `keep` made). */
    const char *(*check)(const firn_shape *shape, firn_slot slot);
} firn_node_kind;

extern const firn_node_kind firn_node_u32, firn_node_u64, firn_node_fixed, firn_node_text;
extern const firn_node_kind firn_node_u32_avx2, firn_node_u64_avx2; /* where the machine has it */

#endif
