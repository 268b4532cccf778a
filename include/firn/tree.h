/* Labelled ordered trees over a text at a fraction of a byte a node: concrete syntax trees,
 * documents. See docs/formats/tree.md.
 *
 * A *family* is what the trees of one grammar share: its labels and fields, its *productions* (the
 * child lists of each label, as edges of label, field and flags, with the rules that predict
 * positions), learned from a sample. An inner node is then one prefix code among its label's
 * productions; a leaf, and a label with one production, costs nothing. Positions are predicted from
 * the text: a leaf starts after the blanks that its label skips and ends where its label's lexical
 * class ends; only wrong predictions are listed. Productions outside the table are spelled, or
 * added to the table when they come again.
 *
 * Life: create the family, name labels and fields, build sample trees and learn them, settle; then
 * pack any number of trees; save the family beside them. Later: load the family, open trees,
 * decode; or resume it, pack more, and save it again.
 *
 * Threads: builders are confined to one thread each; any number of them may pack with one settled
 * family at once. Decoding is safe from any number of threads while no builder packs with the same
 * family. */
#ifndef FIRN_TREE_H
#define FIRN_TREE_H

#include <firn/allocator.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

typedef uint16_t firn_label; /* what a node is: dense numbers from 0, the caller's own */
typedef uint16_t firn_field; /* its role under its parent; 0: none */
typedef uint16_t firn_edge;  /* an index into the family's table of (label, field, flags) */

#define FIRN_LABEL_MAX 8191u
#define FIRN_FIELD_MAX 1023u
#define FIRN_GROUP_MAX 15u /* groups of a family; from 1 */

/* Flags of a node. */
#define FIRN_NODE_MISSING 1u /* put in by the parser, without text */
#define FIRN_NODE_ERROR 2u   /* text that the parser could not place */
#define FIRN_NODE_EXTRA 4u   /* may stand anywhere, such as a comment */

/* The place of a node, given with its flags, for queries alone: what a grammar's rules that make no
 * node of their own say of it. A *group* is such a rule with a name (a supertype: expression). */
#define FIRN_NODE_OUTER_FIELD 8u /* its field is that of a rule around it; it has none itself */
#define FIRN_NODE_FIELD_ENDS 16u /* those behind it have its field by the same rule alone */
#define FIRN_NODE_LAST 32u       /* the rest of the innermost rule that goes on has no named node */
#define FIRN_NODE_GROUPS_SHIFT                                                                     \
    6u /* from here 4 bits for each group around it, the innermost first */
#define FIRN_NODE_GROUPS_MAX 5u

/* --- families --- */

typedef struct firn_family firn_family;

typedef struct firn_family_options {
    const firn_allocator *allocator; /* NULL: the system's; must be safe between threads */
    size_t limit_bytes;              /* of what is added while packing; later productions are
                                        spelled; 0: 16 MiB, 1: nothing is added */
    uint32_t checkpoint_nodes;       /* distance of checkpoints in packed trees; 0: 4,096 */
    uint32_t reserved;               /* must be 0 */
} firn_family_options;

FIRN_API FIRN_NODISCARD firn_status firn_family_create(const firn_family_options *options,
                                                       firn_family **ret_family);
FIRN_API void firn_family_destroy(firn_family *family);

/* Names a label (before settle). named: a rule's own name as against a literal's text. The text is
 * copied. FIRN_LIMIT above FIRN_LABEL_MAX, FIRN_INVALID after settle, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_family_name_label(firn_family *family, firn_label label,
                                                           const char *name, bool named);
/* Names a field (from 1, before settle). */
FIRN_API FIRN_NODISCARD firn_status firn_family_name_field(firn_family *family, firn_field field,
                                                           const char *name);

/* Names a group (from 1, before settle). FIRN_LIMIT above FIRN_GROUP_MAX, else as name_label. */
FIRN_API FIRN_NODISCARD firn_status firn_family_name_group(firn_family *family, unsigned group,
                                                           const char *name);

/* Ranks what was learned, chooses lexical classes and codes. Only packing is possible afterwards.
 */
FIRN_API FIRN_NODISCARD firn_status firn_family_settle(firn_family *family);

/* Serialises a settled family with all productions added so far, into a block that the caller
 * releases. */
FIRN_API FIRN_NODISCARD firn_status firn_family_save(const firn_family *family,
                                                     const firn_allocator *allocator,
                                                     void **ret_data, size_t *ret_size);
/* Loads a family; decodes trees packed with it. Hostile bytes: FIRN_CORRUPT; FIRN_VERSION. */
FIRN_API FIRN_NODISCARD firn_status firn_family_load(const void *data, size_t size,
                                                     const firn_allocator *allocator,
                                                     firn_family **ret_family);

/* Lets a loaded family pack again, and no longer decode; what it then adds comes behind what it
 * had, so that it must be saved again when it holds more productions or edges than before, and
 * trees packed earlier are read by either. options' allocator is not used. FIRN_INVALID for a
 * family that was not loaded, FIRN_CORRUPT, FIRN_NO_MEMORY; the family is then as it was. */
FIRN_API FIRN_NODISCARD firn_status firn_family_resume(firn_family *family,
                                                       const firn_family_options *options);

FIRN_API unsigned firn_family_label_count(const firn_family *family);
FIRN_API unsigned firn_family_field_count(const firn_family *family); /* with field 0 */
FIRN_API unsigned firn_family_edge_count(const firn_family *family);
FIRN_API unsigned firn_family_production_count(const firn_family *family);
/* The name of a label or field, "" when it has none; static while the family lives. */
FIRN_API const char *firn_family_label_name(const firn_family *family, firn_label label);
FIRN_API bool firn_family_label_named(const firn_family *family, firn_label label);
FIRN_API const char *firn_family_field_name(const firn_family *family, firn_field field);
FIRN_API const char *firn_family_group_name(const firn_family *family, unsigned group);
/* What an edge stands for; edge must come from a node of this family. The flags have its place; an
 * outer field is none here. */
FIRN_API firn_label firn_edge_label(const firn_family *family, firn_edge edge);
FIRN_API firn_field firn_edge_field(const firn_family *family, firn_edge edge);
FIRN_API unsigned firn_edge_flags(const firn_family *family, firn_edge edge);
FIRN_API void firn_family_usage(const firn_family *family, firn_usage *ret_usage);

/* --- nodes: the plain form, in preorder --- */

/* A tree is an array of nodes in preorder; the root is node 0. The first child of node i, if it has
 * one, is i + 1; its next sibling, if it has one, is nodes[i].next; i is a leaf when nodes[i].next
 * == i + 1. */
typedef struct firn_node {
    uint32_t start; /* bytes from the start of the text */
    uint32_t end;
    uint32_t next; /* index behind the last descendant */
    firn_edge edge;
    uint16_t label_and_flags; /* label << 3 | flags; see below */
} firn_node;

static inline firn_label firn_node_label(const firn_node *node)
{
    return (firn_label)(node->label_and_flags >> 3);
}
static inline unsigned firn_node_flags(const firn_node *node)
{
    return node->label_and_flags & 7u;
}

typedef struct firn_nodes {
    firn_node *node;
    uint32_t count;
    size_t capacity; /* private */
    const firn_allocator *allocator;
} firn_nodes;

/* Frees the array; the struct may be zeroed or used again. */
FIRN_API void firn_nodes_fini(firn_nodes *nodes);

/* --- builders: from events to a packed tree --- */

typedef struct firn_builder firn_builder;

FIRN_API FIRN_NODISCARD firn_status firn_builder_create(firn_family *family,
                                                        const firn_allocator *allocator,
                                                        firn_builder **ret_builder);
FIRN_API void firn_builder_destroy(firn_builder *builder);

/* Starts a tree over text (below 2^32 - 1 bytes, else FIRN_LIMIT), which must stay until the pack
 * or learn. Drops the tree before. */
FIRN_API FIRN_NODISCARD firn_status firn_builder_begin(firn_builder *builder, const char *text,
                                                       size_t text_size);
/* Enters a node below the one that is open; the first is the root. flags may have a place. start <=
 * end <= text_size, inside the open node and behind its last child, else FIRN_INVALID; FIRN_LIMIT
 * above 2^32 - 2 nodes, or above 64 + 16 times the text's size. FIRN_NO_MEMORY. After a failure
 * only begin and destroy are possible. */
FIRN_API FIRN_NODISCARD firn_status firn_builder_enter(firn_builder *builder, firn_label label,
                                                       firn_field field, unsigned flags,
                                                       uint32_t start, uint32_t end);
/* Leaves the open node. FIRN_INVALID when there is none. */
FIRN_API FIRN_NODISCARD firn_status firn_builder_leave(firn_builder *builder);

/* The finished tree's nodes; valid until the next begin. NULL while a node is open. */
FIRN_API const firn_nodes *firn_builder_nodes(const firn_builder *builder);

/* Adds the finished tree to what the family learns (before settle, one thread at a time). */
FIRN_API FIRN_NODISCARD firn_status firn_builder_learn(firn_builder *builder);

/* Packs the finished tree (after settle); the bytes stay valid until the builder's next call. */
FIRN_API FIRN_NODISCARD firn_status firn_builder_pack(firn_builder *builder, const void **ret_data,
                                                      size_t *ret_size);

/* --- packed trees --- */

/* A view of a packed tree and its text; both and the family must outlive it. */
typedef struct firn_tree {
    const firn_family *family;
    const char *text;
    uint32_t text_size;
    uint32_t node_count;                                   /* may be read */
    uint32_t checkpoint_count;                             /* may be read */
    firn_edge root;                                        /* may be read */
    const uint8_t *codes, *exceptions, *checkpoints, *end; /* private */
} firn_tree;

/* Opens a packed tree after checking its frame. FIRN_CORRUPT; FIRN_INVALID for a family that was
 * not loaded: one that still packs goes on adding productions. */
FIRN_API FIRN_NODISCARD firn_status firn_tree_open(const firn_family *family, const void *data,
                                                   size_t size, const char *text, size_t text_size,
                                                   firn_tree *ret_tree);

/* Decodes all nodes into *nodes, which the caller zeroed (with an allocator set, if wanted) or used
 * before, and frees with firn_nodes_fini. FIRN_CORRUPT, FIRN_NO_MEMORY. Takes no recursion; time
 * O(nodes + text). */
FIRN_API FIRN_NODISCARD firn_status firn_tree_decode(const firn_tree *tree, firn_nodes *nodes);

/* A node on a path, by position alone. */
typedef struct firn_path_node {
    uint32_t index; /* in preorder */
    uint32_t start;
    uint32_t end; /* of the last node of a path; UINT32_MAX for those above it */
    firn_edge edge;
} firn_path_node;

/* Finds the smallest node with start <= offset < end by the nearest checkpoint, without decoding
 * the tree from its start, and the path to it, root first, into a block of *ret_depth nodes that
 * the caller releases. FIRN_NOT_FOUND when no node covers the offset, FIRN_CORRUPT, FIRN_NO_MEMORY.
 */
FIRN_API FIRN_NODISCARD firn_status firn_tree_locate(const firn_tree *tree, uint32_t offset,
                                                     const firn_allocator *allocator,
                                                     firn_path_node **ret_path, size_t *ret_depth);

/* --- partial trees: nodes decoded as far as they are looked at --- */

/* A tree whose nodes are decoded from checkpoint to checkpoint, when they are needed. Confined to
 * one thread. */
typedef struct firn_partial firn_partial;

/* Decodes nothing yet. The tree's packed bytes, text and family must outlive it. FIRN_CORRUPT,
 * FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_partial_create(const firn_tree *tree,
                                                        const firn_allocator *allocator,
                                                        firn_partial **ret_partial);
FIRN_API void firn_partial_destroy(firn_partial *partial);

/* Finds the smallest node with start <= offset < end; it and all above it are then known. Decodes
 * what lies between two checkpoints around the offset, and around the ends of those nodes.
 * FIRN_NOT_FOUND when no node covers the offset, FIRN_CORRUPT, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_partial_locate(firn_partial *partial, uint32_t offset,
                                                        uint32_t *ret_node);
/* Makes known all that is below a node that is known. FIRN_INVALID when it is not; else as
 * firn_partial_locate. */
FIRN_API FIRN_NODISCARD firn_status firn_partial_fill(firn_partial *partial, uint32_t node);

/* The nodes, as firn_tree_decode would give them. Only those mean anything that are known. */
FIRN_API const firn_nodes *firn_partial_nodes(const firn_partial *partial);
/* The node that a known one is a child of; UINT32_MAX for the root. */
FIRN_API uint32_t firn_partial_parent(const firn_partial *partial, uint32_t node);

/* --- cursors: walking the nodes --- */

/* Where the lines of a text begin, for rows and columns. */
typedef struct firn_lines {
    uint32_t *start; /* of each row; start[0] is 0 */
    uint32_t count;
    const firn_allocator *allocator;
} firn_lines;
FIRN_API FIRN_NODISCARD firn_status firn_lines_init(firn_lines *lines, const char *text,
                                                    size_t text_size,
                                                    const firn_allocator *allocator);
FIRN_API void firn_lines_fini(firn_lines *lines);

typedef struct firn_point {
    uint32_t row;    /* from 0 */
    uint32_t column; /* bytes, from 0 */
} firn_point;
/* The row and column of an offset; O(log rows). */
FIRN_API firn_point firn_lines_point(const firn_lines *lines, uint32_t offset);
/* The offset of a row and column; UINT32_MAX when the text has no such place. */
FIRN_API uint32_t firn_lines_offset(const firn_lines *lines, firn_point point, size_t text_size);

typedef struct firn_cursor firn_cursor;

/* A cursor on the root of nodes, which must outlive it, as must the family and the lines. */
FIRN_API FIRN_NODISCARD firn_status firn_cursor_create(const firn_family *family,
                                                       const firn_nodes *nodes,
                                                       const firn_lines *lines,
                                                       const firn_allocator *allocator,
                                                       firn_cursor **ret_cursor);
FIRN_API void firn_cursor_destroy(firn_cursor *cursor);
/* Moves; false and no move when there is no such node (first_child also when there is no memory for
 * a deeper path, which firn_cursor_status then tells). */
FIRN_API bool firn_cursor_first_child(firn_cursor *cursor);
FIRN_API bool firn_cursor_next_sibling(firn_cursor *cursor);
FIRN_API bool firn_cursor_parent(firn_cursor *cursor);
/* To the next node in preorder. */
FIRN_API bool firn_cursor_next(firn_cursor *cursor);
/* To the smallest node with start <= offset < end, from the root; false when the root does not
 * cover it. */
FIRN_API bool firn_cursor_seek(firn_cursor *cursor, uint32_t offset);
FIRN_API firn_status firn_cursor_status(const firn_cursor *cursor);

/* Of the node under the cursor. */
FIRN_API uint32_t firn_cursor_index(const firn_cursor *cursor);
FIRN_API unsigned firn_cursor_depth(const firn_cursor *cursor); /* 0 for the root */
FIRN_API const firn_node *firn_cursor_node(const firn_cursor *cursor);
/* The node `up` levels above it (0: itself); NULL above the root. */
FIRN_API const firn_node *firn_cursor_ancestor(const firn_cursor *cursor, unsigned up);
FIRN_API firn_label firn_cursor_label(const firn_cursor *cursor);
FIRN_API firn_field firn_cursor_field(const firn_cursor *cursor);
FIRN_API unsigned firn_cursor_flags(const firn_cursor *cursor);
FIRN_API const char *firn_cursor_kind(const firn_cursor *cursor);
FIRN_API bool firn_cursor_named(const firn_cursor *cursor);
FIRN_API firn_point firn_cursor_start_point(const firn_cursor *cursor);
FIRN_API firn_point firn_cursor_end_point(const firn_cursor *cursor);

FIRN_END

#endif
