/* See tree_walk.h. Does what ts_tree_cursor_* do (tree_cursor.c of the core), with one frame for
 * each inner node on the path, hidden ones included: a hidden node's children count as its
 * parent's, and take its field where their own production gives them none.
 *
 * Invariants:
 *  I1 frame[0] is the root; the frame above a hidden one is that of its parent.
 *  I2 position is where the child at hand would start without its padding.
 */
#include "tree_walk.h"

#include "./alloc.h"
#include "./language.h"
#include "./subtree.h"
#include "./tree.h"

typedef struct {
    const Subtree *child; /* the next one */
    const Subtree *last;
    const TSSymbol *aliases; /* of the children that are not extra; NULL: none */
    const TSFieldMapEntry *fields, *fields_end;
    uint32_t structural; /* how many of the children before are not extra */
    uint32_t position;
    TSFieldId outer_field; /* of a hidden node: what it hands down */
    bool visible;
} Frame;

struct tree_walk {
    const TSLanguage *language;
    const Subtree *root; /* NULL once it was given */
    uint32_t leave;
    size_t depth, capacity;
    Frame *frames;
};

tree_walk *tree_walk_begin(const TSTree *tree)
{
    tree_walk *walk = ts_calloc(1, sizeof *walk);
    walk->language = tree->language;
    walk->root = &tree->root;
    walk->capacity = 64;
    walk->frames = ts_malloc(walk->capacity * sizeof *walk->frames);
    return walk;
}

void tree_walk_end(tree_walk *walk)
{
    ts_free(walk->frames);
    ts_free(walk);
}

/* Opens an inner node that starts at start. */
static void push(tree_walk *walk, Subtree node, uint32_t start, TSFieldId outer_field, bool visible)
{
    if (walk->depth == walk->capacity) {
        walk->capacity *= 2;
        walk->frames = ts_realloc(walk->frames, walk->capacity * sizeof *walk->frames);
    }
    Frame *frame = &walk->frames[walk->depth++];
    frame->child = ts_subtree_children(node);
    frame->last = frame->child + node.ptr->child_count;
    frame->aliases = ts_language_alias_sequence(walk->language, node.ptr->production_id);
    ts_language_field_map(walk->language, node.ptr->production_id, &frame->fields,
                          &frame->fields_end);
    frame->structural = 0;
    frame->position = start - ts_subtree_padding(*frame->child).bytes; /* I2 */
    frame->outer_field = outer_field;
    frame->visible = visible;
}

static TSFieldId field_of(const Frame *frame, uint32_t structural)
{
    for (const TSFieldMapEntry *entry = frame->fields; entry < frame->fields_end; entry++)
        if (!entry->inherited && entry->child_index == structural)
            return entry->field_id;
    return frame->visible ? 0 : frame->outer_field;
}

static void give(tree_walk *walk, Subtree node, TSSymbol alias, TSFieldId field, uint32_t start,
                 tree_walk_node *ret_node)
{
    TSSymbol symbol =
        ts_language_public_symbol(walk->language, alias ? alias : ts_subtree_symbol(node));
    bool error = symbol == ts_builtin_sym_error;

    ret_node->start = start;
    ret_node->end = start + ts_subtree_size(node).bytes;
    ret_node->leave = walk->leave;
    ret_node->label = error ? (uint16_t)ts_language_symbol_count(walk->language) : symbol;
    ret_node->field = field;
    ret_node->flags =
        (uint8_t)((ts_subtree_missing(node) ? TREE_WALK_MISSING : 0) |
                  (error ? TREE_WALK_ERROR : 0) | (ts_subtree_extra(node) ? TREE_WALK_EXTRA : 0));
    walk->leave = ts_subtree_child_count(node) == 0;
    if (!walk->leave)
        push(walk, node, start, 0, true);
}

/* Takes the next child of the node on top; true when it gave a node. */
static bool step(tree_walk *walk, tree_walk_node *ret_node)
{
    Frame *frame = &walk->frames[walk->depth - 1];
    Subtree child = *frame->child++;
    uint32_t start = frame->position + ts_subtree_padding(child).bytes;
    bool extra = ts_subtree_extra(child);
    uint32_t structural = frame->structural;
    TSSymbol alias = !extra && frame->aliases ? frame->aliases[structural] : 0;

    frame->structural += !extra;
    frame->position = start + ts_subtree_size(child).bytes;
    if (ts_subtree_visible(child) || alias) {
        give(walk, child, alias, extra ? 0 : field_of(frame, structural), start, ret_node);
        return true;
    }
    if (ts_subtree_visible_child_count(child) > 0)
        push(walk, child, start, extra ? 0 : field_of(frame, structural), false);
    return false;
}

size_t tree_walk_next(tree_walk *walk, tree_walk_node *ret_nodes, size_t count)
{
    size_t given = 0;

    if (walk->root != NULL && count > 0) {
        Subtree root = *walk->root;
        walk->root = NULL;
        give(walk, root, 0, 0, ts_subtree_padding(root).bytes, &ret_nodes[given++]);
    }
    while (given < count && walk->depth > 0) {
        Frame *frame = &walk->frames[walk->depth - 1];
        if (frame->child < frame->last) {
            given += step(walk, &ret_nodes[given]);
        } else {
            walk->leave += frame->visible;
            walk->depth--;
        }
    }
    return given;
}
