/* See tree_walk.h. Does what ts_tree_cursor_* do (tree_cursor.c of the core), with one frame for
 * each inner node on the path, hidden ones included: a hidden node's children count as its
 * parent's, and take its field where their own production gives them none. What queries ask besides
 * is where a node stands among the hidden ones: only children of these have a place.
 *
 * Invariants:
 *  I1 frame[0] is the root; the frame above a hidden one is that of its parent.
 *  I2 position is where the child at hand would start without its padding.
 *  I3 what a frame says of nodes behind it looks as far as its visible parent goes.
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
    /* of a hidden node, for what queries ask: */
    TSFieldId query_field;   /* what it hands down to extra nodes, too */
    uint32_t supertypes;     /* those that it is of, and itself */
    bool field_has_more;     /* visible nodes behind it have query_field by the same rule */
    bool has_named_behind;   /* I3 */
    bool shows_named_behind; /* in the innermost rule with visible nodes behind it */
} Frame;

/* What stands behind a child, under the same parent. */
typedef struct {
    bool visible;
    bool named;
} Behind;

struct tree_walk {
    const TSLanguage *language;
    const Subtree *root; /* NULL once it was given */
    uint32_t leave;
    size_t depth, capacity;
    Frame *frames;
    uint8_t *supertype; /* of each symbol: its rank, from 1; 0: it is none */
    uint32_t symbol_count;
};

static void rank_supertypes(tree_walk *walk)
{
    uint8_t rank = 0;
    walk->symbol_count = ts_language_symbol_count(walk->language);
    walk->supertype = ts_calloc(walk->symbol_count, 1);
    for (uint32_t symbol = 0; symbol < walk->symbol_count; symbol++) {
        TSSymbolMetadata metadata = walk->language->symbol_metadata[symbol];
        if (metadata.supertype && !metadata.visible && rank < (1 << TREE_WALK_SUPERTYPE_BITS) - 1)
            walk->supertype[symbol] = ++rank;
    }
}

tree_walk *tree_walk_begin(const TSTree *tree)
{
    tree_walk *walk = ts_calloc(1, sizeof *walk);
    walk->language = tree->language;
    walk->root = &tree->root;
    walk->capacity = 64;
    walk->frames = ts_malloc(walk->capacity * sizeof *walk->frames);
    rank_supertypes(walk);
    return walk;
}

void tree_walk_end(tree_walk *walk)
{
    ts_free(walk->supertype);
    ts_free(walk->frames);
    ts_free(walk);
}

/* Opens an inner node that starts at start. */
static Frame *push(tree_walk *walk, Subtree node, uint32_t start, bool visible)
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
    frame->visible = visible;
    return frame;
}

/* The field that the node's own production gives a child; 0: none. */
static TSFieldId own_field(const Frame *frame, uint32_t structural)
{
    for (const TSFieldMapEntry *entry = frame->fields; entry < frame->fields_end; entry++)
        if (!entry->inherited && entry->child_index == structural)
            return entry->field_id;
    return 0;
}

/* --- for queries: as ts_tree_cursor_current_status --- */

/* What stands behind the child that was taken last. */
static Behind behind(const tree_walk *walk, const Frame *frame)
{
    Behind result = {false, false};
    uint32_t structural = frame->structural;

    for (const Subtree *child = frame->child; child < frame->last; child++) {
        const bool extra = ts_subtree_extra(*child);
        const TSSymbol alias = !extra && frame->aliases ? frame->aliases[structural] : 0;
        structural += !extra;
        if (alias || ts_subtree_visible(*child)) {
            result.visible = true;
            result.named = alias ? ts_language_symbol_metadata(walk->language, alias).named
                                 : ts_subtree_named(*child);
        } else if (ts_subtree_visible_child_count(*child) > 0) {
            result.visible = true;
            result.named = child->ptr->named_child_count > 0;
        }
        if (result.named)
            break;
    }
    return result;
}

/* Whether the productions around the child that was taken last let a later one have its field, from
 * the rule that gives it on. */
static bool can_go_on(const tree_walk *walk, TSFieldId field)
{
    bool is_found = false;

    for (size_t i = walk->depth; i-- > 0;) {
        const Frame *frame = &walk->frames[i];
        const Subtree child = frame->child[-1];
        const uint32_t structural = frame->structural - 1;
        if (!ts_subtree_extra(child)) {
            is_found = is_found || own_field(frame, structural) == field;
            for (const TSFieldMapEntry *entry = frame->fields;
                 is_found && entry < frame->fields_end; entry++)
                if (entry->field_id == field && entry->child_index > structural)
                    return true;
        }
        if (frame->visible)
            break;
    }
    return false;
}

/* The place of the node that was taken last, when it stands below a hidden node; *field becomes
 * what queries see. */
static uint32_t place_of(const tree_walk *walk, const Frame *frame, TSFieldId own, TSFieldId *field)
{
    const Behind siblings = behind(walk, frame);
    const bool is_named = siblings.visible ? siblings.named : frame->shows_named_behind;
    uint32_t place = frame->supertypes << TREE_WALK_SUPERTYPES;

    if (own == 0 && frame->query_field != 0) {
        if (*field == 0)
            place |= TREE_WALK_OUTER_FIELD;
        *field = frame->query_field;
        if ((frame->field_has_more || siblings.visible) && !can_go_on(walk, *field))
            place |= TREE_WALK_FIELD_ENDS;
    }
    if (!is_named && (siblings.named || frame->has_named_behind))
        place |= TREE_WALK_LAST;
    return place;
}

/* Opens a hidden node, which was taken last. */
static void push_hidden(tree_walk *walk, Subtree node, uint32_t start, bool extra, TSFieldId own)
{
    const size_t parent_index = walk->depth - 1;
    const Behind siblings = behind(walk, &walk->frames[parent_index]);
    Frame *frame = push(walk, node, start, false);
    const Frame *parent = &walk->frames[parent_index];
    const bool is_inner = !parent->visible;
    const TSFieldId handed = is_inner ? parent->query_field : 0;
    const uint32_t supertypes = is_inner ? parent->supertypes : 0;
    const TSSymbol symbol = ts_subtree_symbol(node);
    const uint8_t rank = symbol < walk->symbol_count ? walk->supertype[symbol] : 0;

    frame->outer_field = extra ? 0 : own != 0 ? own : is_inner ? parent->outer_field : 0;
    frame->query_field = own != 0 ? own : handed;
    frame->field_has_more = own == 0 && handed != 0 && (parent->field_has_more || siblings.visible);
    frame->supertypes = rank == 0
                            ? supertypes
                            : (supertypes << TREE_WALK_SUPERTYPE_BITS | rank) &
                                  ((1u << TREE_WALK_SUPERTYPE_BITS * TREE_WALK_SUPERTYPES_MAX) - 1);
    frame->has_named_behind = siblings.named || (is_inner && parent->has_named_behind);
    frame->shows_named_behind =
        siblings.visible ? siblings.named : is_inner && parent->shows_named_behind;
}

/* --- nodes --- */

static void give(tree_walk *walk, Subtree node, TSSymbol alias, uint32_t start,
                 tree_walk_node *ret_node)
{
    TSSymbol symbol =
        ts_language_public_symbol(walk->language, alias ? alias : ts_subtree_symbol(node));
    bool error = symbol == ts_builtin_sym_error;

    ret_node->start = start;
    ret_node->end = start + ts_subtree_size(node).bytes;
    ret_node->leave = walk->leave;
    ret_node->label = error ? (uint16_t)ts_language_symbol_count(walk->language) : symbol;
    ret_node->flags =
        (uint8_t)((ts_subtree_missing(node) ? TREE_WALK_MISSING : 0) |
                  (error ? TREE_WALK_ERROR : 0) | (ts_subtree_extra(node) ? TREE_WALK_EXTRA : 0));
    walk->leave = ts_subtree_child_count(node) == 0;
    if (!walk->leave)
        push(walk, node, start, true);
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
    TSFieldId own = extra ? 0 : own_field(frame, structural);

    frame->structural += !extra;
    frame->position = start + ts_subtree_size(child).bytes;
    if (ts_subtree_visible(child) || alias) {
        TSFieldId field = extra ? 0 : own != 0 || frame->visible ? own : frame->outer_field;
        ret_node->place = frame->visible ? 0 : place_of(walk, frame, own, &field);
        ret_node->field = field;
        give(walk, child, alias, start, ret_node);
        return true;
    }
    if (ts_subtree_visible_child_count(child) > 0)
        push_hidden(walk, child, start, extra, own);
    return false;
}

size_t tree_walk_next(tree_walk *walk, tree_walk_node *ret_nodes, size_t count)
{
    size_t given = 0;

    if (walk->root != NULL && count > 0) {
        Subtree root = *walk->root;
        walk->root = NULL;
        ret_nodes[given].field = 0;
        ret_nodes[given].place = 0;
        give(walk, root, 0, ts_subtree_padding(root).bytes, &ret_nodes[given++]);
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
