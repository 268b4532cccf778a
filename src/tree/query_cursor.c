/* Running a query: one pass over the nodes in preorder, with all matches under way at once.
 *
 * Called by users (firn/query.h). Follows tree-sitter's query cursor, whose matches it must give:
 *
 * A *state* is a match under way: where its pattern's root is (depth), which step comes next, what
 * it has captured. Entering a node, the states that may begin there are added; each state whose
 * next step is at this depth is advanced, split (it may also match a later sibling instead, or the
 * next step has an alternative), or dropped. Then, of two states of one pattern and depth at the
 * same step, one whose captures the other contains is dropped; a finished state that a longer one
 * may still contain waits. Leaving a node drops the states that needed more of it.
 *
 * Invariants:
 *   Q1  states are in ascending order of depth and pattern
 *   Q2  path[i] is the ancestor at depth i of the node entered last, which is the path's end
 *   Q3  a list of captures belongs to one state, or to one finished match, or is free
 *   Q4  between nodes, bit d of awaited tells that a state's next step is at depth d (bit 63: at 63
 *       or below)
 * Memory: states and captures under way; bounded by FIRN_QUERY_STATES_MAX.
 * Complexity: a node that no state awaits costs O(1); one that does costs the states under way, and
 * each that it changes is compared with those of its pattern and depth. */
#include "tree/query_reach.h"
#include "tree/query_states.h"

#include <assert.h>
#include <string.h>

#define COMPARISONS_DEFAULT (UINT64_C(1) << 30)

/* The node that is entered. */
struct entered {
    const firn_node *node;
    const firn_node *parent; /* NULL for the root */
    uint32_t index;
    uint32_t depth;
    firn_label label; /* canonical */
    firn_field field;
    unsigned place; /* flags of its edge */
    bool is_named;
    bool is_error;
};

struct firn_query_cursor {
    const firn_query *query;
    const firn_allocator *allocator;
    const firn_nodes *nodes;
    const char *text;
    uint32_t next_node;
    uint32_t *path;
    size_t path_capacity;
    uint32_t depth; /* of path: nodes that are entered and not left */
    struct firn_states states;
    uint32_t given; /* list of the match that was given last */
    firn_status status;
    struct firn_regex_scratch scratch;
    struct firn_query_reach reach;
};

firn_status firn_query_cursor_create(const firn_query *query,
                                     const firn_query_cursor_options *options,
                                     firn_query_cursor **ret_cursor)
{
    static const firn_query_cursor_options defaults = {0};
    if (options == NULL)
        options = &defaults;
    if (options->reserved[0] != 0 || options->reserved[1] != 0)
        return FIRN_INVALID;
    const firn_allocator *allocator = options->allocator;
    firn_query_cursor *cursor = firn_allocate_zeroed(allocator, 1, sizeof *cursor);
    if (cursor == NULL)
        return FIRN_NO_MEMORY;
    cursor->query = query;
    cursor->allocator = allocator;
    cursor->states = (struct firn_states){
        .query = query,
        .allocator = allocator,
        .free_list = FIRN_LIST_NONE,
        .comparison_limit =
            options->comparison_limit != 0 ? options->comparison_limit : COMPARISONS_DEFAULT,
    };
    cursor->given = FIRN_LIST_NONE;
    cursor->status = FIRN_END_OF_DATA;
    if (!firn_regex_scratch_init(&cursor->scratch, allocator) ||
        !firn_query_reach_init(&cursor->reach, query, allocator)) {
        firn_query_cursor_destroy(cursor);
        return FIRN_NO_MEMORY;
    }
    *ret_cursor = cursor;
    return FIRN_OK;
}

void firn_query_cursor_destroy(firn_query_cursor *cursor)
{
    if (cursor == NULL)
        return;
    const firn_allocator *allocator = cursor->allocator;
    firn_regex_scratch_fini(&cursor->scratch);
    firn_query_reach_fini(&cursor->reach);
    firn_states_fini(&cursor->states);
    firn_release(allocator, cursor->path, cursor->path_capacity * sizeof *cursor->path);
    firn_release(allocator, cursor, sizeof *cursor);
}

bool firn_query_cursor_may_match(firn_query_cursor *cursor, const void *labels, size_t size)
{
    return firn_query_reach_end(&cursor->reach, labels, size);
}

/* Adds a state that begins with an entry, where Q1 wants it, unless it is there. */
static firn_status state_begin(firn_query_cursor *cursor, const struct firn_query_entry *entry,
                               uint32_t node_depth)
{
    const struct firn_query_step *step = &cursor->query->steps[entry->step];
    const uint32_t depth = node_depth - step->depth;
    uint32_t at = cursor->states.count;

    while (at > 0) {
        const struct firn_state *before = &cursor->states.item[at - 1];
        if (before->depth < depth)
            break;
        if (before->depth == depth) {
            if (before->pattern == entry->pattern && before->step == entry->step)
                return FIRN_OK;
            if (before->pattern <= entry->pattern)
                break;
        }
        at--;
    }
    return firn_states_insert(&cursor->states, at,
                              (struct firn_state){.list = FIRN_LIST_NONE,
                                                  .depth = depth,
                                                  .step = entry->step,
                                                  .pattern = entry->pattern,
                                                  .is_immediate = true,
                                                  .needs_parent = step->depth == 1,
                                                  .is_fresh = true});
}

/* --- siblings and fields --- */

static bool has_later_sibling(const struct entered *entered)
{
    return entered->parent != NULL && entered->node->next < entered->parent->next;
}

static bool has_later_named(const firn_query_cursor *cursor, const struct entered *entered)
{
    const firn_family *family = cursor->query->family;
    if (entered->parent == NULL || (entered->place & FIRN_NODE_LAST) != 0)
        return false;
    for (uint32_t i = entered->node->next; i < entered->parent->next;
         i = cursor->nodes->node[i].next)
        if (family->label[firn_node_label(&cursor->nodes->node[i])].named)
            return true;
    return false;
}

static firn_field field_of(const firn_query_cursor *cursor, const firn_node *node)
{
    return firn_edge_key_field(cursor->query->family->edges.key[node->edge]);
}

static bool has_later_field(const firn_query_cursor *cursor, const struct entered *entered)
{
    if (entered->parent == NULL || (entered->place & FIRN_NODE_FIELD_ENDS) != 0)
        return false;
    for (uint32_t i = entered->node->next; i < entered->parent->next;
         i = cursor->nodes->node[i].next)
        if (field_of(cursor, &cursor->nodes->node[i]) == entered->field)
            return true;
    return false;
}

/* Whether a child of the node has one of the fields that end with 0. */
static bool has_child_field(const firn_query_cursor *cursor, const struct entered *entered,
                            const firn_field *fields)
{
    for (uint32_t i = entered->index + 1; i < entered->node->next;
         i = cursor->nodes->node[i].next) {
        const firn_field field =
            firn_edge_field(cursor->query->family, cursor->nodes->node[i].edge);
        for (const firn_field *negated = fields; *negated != 0 && field != 0; negated++)
            if (field == *negated)
                return true;
    }
    return false;
}

/* --- entering a node --- */

/* Whether the node is of a group. */
static bool is_of_group(const struct entered *entered, unsigned group)
{
    for (unsigned groups = entered->place >> FIRN_NODE_GROUPS_SHIFT; groups != 0; groups >>= 4)
        if ((groups & FIRN_GROUP_MAX) == group)
            return true;
    return false;
}

static bool kind_matches(const struct firn_query_step *step, const struct entered *entered)
{
    const bool is_missing = (firn_node_flags(entered->node) & FIRN_NODE_MISSING) != 0;
    if (step->label != FIRN_LABEL_ANY)
        return step->label == entered->label && (!step->is_missing || is_missing);
    if (step->is_missing)
        return is_missing;
    return !entered->is_error && (entered->is_named || !step->is_named);
}

static bool node_matches(const firn_query_cursor *cursor, const struct firn_query_step *step,
                         const struct entered *entered)
{
    if (!kind_matches(step, entered) || (step->field != 0 && step->field != entered->field))
        return false;
    if (step->is_last && has_later_named(cursor, entered))
        return false;
    if (step->group != 0 && !is_of_group(entered, step->group))
        return false;
    return step->negated == 0 ||
           !has_child_field(cursor, entered, cursor->query->negated + step->negated);
}

/* Whether a state may match a later sibling of the node instead. */
static bool later_can_match(const firn_query_cursor *cursor, const struct firn_state *state,
                            const struct firn_query_step *step, const struct entered *entered)
{
    if ((step->is_immediate && entered->is_named) || state->is_immediate ||
        !has_later_sibling(entered))
        return false;
    return step->field == 0 || step->field != entered->field || has_later_field(cursor, entered);
}

/* The root step of a state that was entered below it. */
static const struct firn_query_step *root_above(const struct firn_query_step *step)
{
    do
        step--;
    while (step->is_jump || step->is_fork || step->depth > 0);
    return step;
}

/* Whether a state among those from first to end - 1, which have the same captures, is there
 * already. */
static bool is_among(const firn_query_cursor *cursor, uint32_t first, uint32_t end, uint16_t step,
                     bool is_immediate)
{
    for (uint32_t i = first; i < end; i++)
        if (cursor->states.item[i].step == step &&
            cursor->states.item[i].is_immediate == is_immediate)
            return true;
    return false;
}

/* Follows the alternatives of the step that a state has come to; *end is where its copies end. */
static firn_status follow_alternatives(firn_query_cursor *cursor, uint32_t first, uint32_t *end)
{
    const struct firn_query_step *steps = cursor->query->steps;

    *end = first + 1;
    for (uint32_t at = first; at < *end;) {
        const struct firn_query_step *step = &steps[cursor->states.item[at].step];
        if (step->alternative == FIRN_STEP_NONE) {
            at++;
            continue;
        }
        if (step->is_jump) {
            cursor->states.item[at].step = step->alternative;
            continue;
        }
        const bool is_immediate =
            cursor->states.item[at].is_immediate || step->alternative_is_immediate;
        if (!is_among(cursor, first, *end, step->alternative, is_immediate)) {
            firn_status status = firn_states_split(&cursor->states, at);
            if (status != FIRN_OK)
                return status;
            cursor->states.item[at + 1].step = step->alternative;
            cursor->states.item[at + 1].is_immediate = is_immediate;
            ++*end;
        }
        if (step->is_fork)
            cursor->states.item[at].step++;
        else
            at++;
    }
    return FIRN_OK;
}

/* Takes a state whose step the node matches on. */
static firn_status state_advance(firn_query_cursor *cursor, uint32_t at,
                                 const struct entered *entered, uint32_t *end)
{
    struct firn_state *state = &cursor->states.item[at];
    const struct firn_query_step *step = &cursor->query->steps[state->step];
    firn_status status = FIRN_OK;

    if (state->needs_parent) {
        state->needs_parent = false;
        status = firn_states_capture(&cursor->states, state, root_above(step),
                                     cursor->path[entered->depth - 1]);
    }
    if (status == FIRN_OK)
        status = firn_states_capture(&cursor->states, state, step, entered->index);
    if (status != FIRN_OK)
        return status;
    state->step++;
    state->is_fresh = true;
    /* an anchor behind `_` counts anonymous nodes too */
    state->is_immediate =
        step->label == FIRN_LABEL_ANY && !step->is_named && (step + 1)->is_immediate;
    return follow_alternatives(cursor, at, end);
}

/* Shows the node to a state; *next is the state that comes after it and its copies. */
static firn_status state_update(firn_query_cursor *cursor, uint32_t at,
                                const struct entered *entered, uint32_t *next)
{
    struct firn_state *state = &cursor->states.item[at];
    const struct firn_query_step *step = &cursor->query->steps[state->step];
    uint32_t end;

    *next = at + 1;
    if (step->depth == FIRN_STEP_DONE || state->depth + step->depth != entered->depth)
        return FIRN_OK;
    const bool can_wait = later_can_match(cursor, state, step, entered);
    if (!node_matches(cursor, step, entered)) {
        if (!can_wait) {
            firn_states_drop(&cursor->states, at);
            *next = at;
        }
        return FIRN_OK;
    }
    firn_status status = can_wait ? firn_states_split(&cursor->states, at) : FIRN_OK;
    if (status == FIRN_OK)
        status = state_advance(cursor, at, entered, &end);
    if (status == FIRN_OK)
        *next = end + (can_wait ? 1 : 0);
    return status;
}

/* --- entering --- */

static firn_status begin_states(firn_query_cursor *cursor, const struct entered *entered,
                                uint32_t first, uint32_t end)
{
    const firn_query *query = cursor->query;
    const bool parent_is_error =
        entered->parent != NULL && (firn_node_flags(entered->parent) & FIRN_NODE_ERROR) != 0;

    for (uint32_t i = first; i < end; i++) {
        const struct firn_query_entry *entry = &query->entries[i];
        const struct firn_query_step *step = &query->steps[entry->step];
        if ((!entry->is_rooted && parent_is_error) || step->depth > entered->depth ||
            (step->field != 0 && step->field != entered->field) ||
            (step->group != 0 && !is_of_group(entered, step->group)))
            continue;
        firn_status status = state_begin(cursor, entry, entered->depth);
        if (status != FIRN_OK)
            return status;
    }
    return FIRN_OK;
}

/* The end of the entries of the label that the entry at `first` has. */
static uint32_t entries_end(const firn_query *query, uint32_t first, firn_label label)
{
    while (first < query->entry_count && query->steps[query->entries[first].step].label == label)
        first++;
    return first;
}

/* Whether some state looks at nodes of this depth. */
static bool is_awaited(const firn_query_cursor *cursor, uint32_t depth)
{
    return (cursor->states.awaited >> (depth < 63 ? depth : 63) & 1) != 0;
}

static firn_status enter_states(firn_query_cursor *cursor, const struct entered *entered)
{
    for (uint32_t at = 0; at < cursor->states.count;) {
        firn_status status = state_update(cursor, at, entered, &at);
        if (status != FIRN_OK)
            return status;
    }
    return firn_states_settle(&cursor->states);
}

static firn_status enter(firn_query_cursor *cursor, uint32_t index)
{
    const firn_query *query = cursor->query;
    const firn_node *node = &cursor->nodes->node[index];
    const firn_label label = query->canonical[firn_node_label(node)];
    const uint32_t depth = cursor->depth - 1;
    const uint32_t first = query->entry_of[label];

    if (query->wildcard_count == 0 && first == query->entry_count && !cursor->states.is_changed &&
        !is_awaited(cursor, depth))
        return FIRN_OK;
    const struct entered entered = {
        .node = node,
        .parent = depth > 0 ? &cursor->nodes->node[cursor->path[depth - 1]] : NULL,
        .index = index,
        .depth = depth,
        .label = label,
        .field = field_of(cursor, node),
        .place = firn_edge_key_flags(query->family->edges.key[node->edge]),
        .is_named = query->family->label[firn_node_label(node)].named,
        .is_error = (firn_node_flags(node) & FIRN_NODE_ERROR) != 0,
    };
    firn_status status = FIRN_OK;
    if (!entered.is_error)
        status = begin_states(cursor, &entered, 0, query->wildcard_count);
    if (status == FIRN_OK && first < query->entry_count)
        status = begin_states(cursor, &entered, first, entries_end(query, first, label));
    return status == FIRN_OK ? enter_states(cursor, &entered) : status;
}

/* --- leaving nodes, and going on --- */

/* Whether leaving a node at a depth ends a state. */
static bool ends_states(const firn_query_cursor *cursor, uint32_t depth)
{
    return cursor->states.done_count > 0 ||
           cursor->states.awaited >> (depth < 62 ? depth + 1 : 63) != 0;
}

/* Leaves the node at the path's end: states that needed more of it go, and those that had come to
 * their end below it wait no longer. */
static firn_status leave(firn_query_cursor *cursor)
{
    const uint32_t depth = --cursor->depth;

    if (!ends_states(cursor, depth))
        return FIRN_OK;
    for (uint32_t at = 0; at < cursor->states.count;) {
        const struct firn_state *state = &cursor->states.item[at];
        const uint16_t step_depth = cursor->query->steps[state->step].depth;
        const bool has_ended = step_depth == FIRN_STEP_DONE;
        if (has_ended && (state->depth > depth || depth == 0)) {
            firn_status status = firn_states_finish(&cursor->states, at);
            if (status != FIRN_OK)
                return status;
        } else if (!has_ended && state->depth + step_depth > depth) {
            firn_states_drop(&cursor->states, at);
        } else {
            at++;
            continue;
        }
        cursor->states.is_changed = true;
    }
    firn_states_note_awaited(&cursor->states);
    return FIRN_OK;
}

/* Leaves the nodes that end before the next one, and enters that. FIRN_END_OF_DATA. */
static firn_status step(firn_query_cursor *cursor)
{
    const uint32_t index = cursor->next_node;
    firn_status status = FIRN_OK;

    while (status == FIRN_OK && cursor->depth > 0 &&
           cursor->nodes->node[cursor->path[cursor->depth - 1]].next <= index)
        status = leave(cursor);
    if (status != FIRN_OK || index >= cursor->nodes->count)
        return status == FIRN_OK ? FIRN_END_OF_DATA : status;
    if (!firn_grow(cursor->allocator, (void **)&cursor->path, &cursor->path_capacity,
                   cursor->depth + 1, sizeof *cursor->path))
        return FIRN_NO_MEMORY;
    cursor->path[cursor->depth++] = index; /* Q2 */
    cursor->next_node++;
    return enter(cursor, index);
}

void firn_query_cursor_begin(firn_query_cursor *cursor, const firn_nodes *nodes, const char *text)
{
    firn_states_release(&cursor->states, cursor->given);
    cursor->given = FIRN_LIST_NONE;
    firn_states_reset(&cursor->states, nodes);
    cursor->nodes = nodes;
    cursor->text = text;
    cursor->next_node = 0;
    cursor->depth = 0;
    cursor->status = FIRN_OK;
}

/* Gives the next finished match, if its predicates hold. */
static firn_status give(firn_query_cursor *cursor, firn_query_match *ret_match, bool *ret_holds)
{
    const struct firn_state state = cursor->states.finished[cursor->states.finished_next++];
    const struct firn_captures *captures = firn_states_captures(&cursor->states, &state);
    const struct firn_query_view view = {.nodes = cursor->nodes,
                                         .text = cursor->text,
                                         .captures = captures->item,
                                         .capture_count = captures->count,
                                         .scratch = &cursor->scratch};

    cursor->given = state.list;
    *ret_match = (firn_query_match){state.pattern, captures->count, captures->item};
    return firn_predicates_hold(cursor->query->patterns[state.pattern].predicates, &view,
                                ret_holds);
}

firn_status firn_query_cursor_next(firn_query_cursor *cursor, firn_query_match *ret_match)
{
    for (;;) {
        bool holds = false;
        firn_states_release(&cursor->states, cursor->given);
        cursor->given = FIRN_LIST_NONE;
        if (cursor->states.finished_next < cursor->states.finished_count) {
            firn_query_match match;
            firn_status status = give(cursor, &match, &holds);
            if (status != FIRN_OK)
                return cursor->status = status;
            if (holds) {
                *ret_match = match;
                return FIRN_OK;
            }
            continue;
        }
        if (cursor->status != FIRN_OK)
            return cursor->status;
        cursor->states.finished_count = cursor->states.finished_next = 0;
        cursor->status = step(cursor);
    }
}
