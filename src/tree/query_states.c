/* The matches of a query that are under way: their captures, what is dropped, what is finished.
 * Called by query_cursor.c, which tells what the states mean; calls nothing but the allocator.
 * Invariants Q1, Q3 and Q4 are at the cursor's head. Confined to one thread. */
#include "tree/query_states.h"

#include "pack/hash.h"

#include <string.h>

#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15)

void firn_states_fini(struct firn_states *states)
{
    const firn_allocator *allocator = states->allocator;
    for (uint32_t i = 0; i < states->list_count; i++)
        firn_release(allocator, states->lists[i].item,
                     states->lists[i].capacity * sizeof *states->lists[i].item);
    firn_release(allocator, states->lists, states->list_capacity * sizeof *states->lists);
    firn_release(allocator, states->finished, states->finished_capacity * sizeof *states->finished);
    firn_release(allocator, states->item, states->capacity * sizeof *states->item);
}

void firn_states_reset(struct firn_states *states, const firn_nodes *nodes)
{
    for (uint32_t i = 0; i < states->count; i++)
        firn_states_release(states, states->item[i].list);
    for (uint32_t i = states->finished_next; i < states->finished_count; i++)
        firn_states_release(states, states->finished[i].list);
    states->count = states->finished_count = states->finished_next = 0;
    states->nodes = nodes;
    states->comparisons = 0;
    states->is_changed = false;
    firn_states_note_awaited(states);
}

/* --- lists of captures --- */

void firn_states_release(struct firn_states *states, uint32_t list)
{
    if (list == FIRN_LIST_NONE)
        return;
    states->lists[list].count = 0;
    states->lists[list].hash = 0;
    states->lists[list].next_free = states->free_list;
    states->free_list = list;
}

/* An empty list; FIRN_LIST_NONE when there is no memory. */
static uint32_t list_take(struct firn_states *states)
{
    uint32_t list = states->free_list;

    if (list != FIRN_LIST_NONE) {
        states->free_list = states->lists[list].next_free;
        return list;
    }
    if (!firn_grow(states->allocator, (void **)&states->lists, &states->list_capacity,
                   states->list_count + 1, sizeof *states->lists))
        return FIRN_LIST_NONE;
    states->lists[states->list_count] = (struct firn_captures){0};
    return states->list_count++;
}

firn_status firn_states_capture(struct firn_states *states, struct firn_state *state,
                                const struct firn_query_step *step, uint32_t node)
{
    for (unsigned i = 0; i < FIRN_QUERY_CAPTURES_PER_NODE && step->captures[i] != FIRN_STEP_NONE;
         i++) {
        if (state->list == FIRN_LIST_NONE)
            state->list = list_take(states);
        if (state->list == FIRN_LIST_NONE)
            return FIRN_NO_MEMORY;
        struct firn_captures *list = &states->lists[state->list];
        if (!firn_grow(states->allocator, (void **)&list->item, &list->capacity, list->count + 1,
                       sizeof *list->item))
            return FIRN_NO_MEMORY;
        list->item[list->count++] = (firn_query_capture){node, step->captures[i]};
        list->hash = firn_hash_mix(list->hash ^ node, HASH_FACTOR ^ step->captures[i]);
    }
    return FIRN_OK;
}

const struct firn_captures *firn_states_captures(const struct firn_states *states,
                                                 const struct firn_state *state)
{
    static const struct firn_captures none = {0};
    return state->list == FIRN_LIST_NONE ? &none : &states->lists[state->list];
}

/* --- states --- */

firn_status firn_states_insert(struct firn_states *states, uint32_t at, struct firn_state state)
{
    if (states->count >= FIRN_QUERY_STATES_MAX)
        return FIRN_LIMIT;
    if (!firn_grow(states->allocator, (void **)&states->item, &states->capacity, states->count + 1,
                   sizeof *states->item))
        return FIRN_NO_MEMORY;
    memmove(states->item + at + 1, states->item + at, (states->count - at) * sizeof *states->item);
    states->item[at] = state;
    states->count++;
    return FIRN_OK;
}

static void state_take_out(struct firn_states *states, uint32_t at)
{
    states->count--;
    memmove(states->item + at, states->item + at + 1, (states->count - at) * sizeof *states->item);
}

void firn_states_drop(struct firn_states *states, uint32_t at)
{
    firn_states_release(states, states->item[at].list);
    state_take_out(states, at);
}

/* Puts a copy of a state, with captures of its own, behind it. */
firn_status firn_states_split(struct firn_states *states, uint32_t at)
{
    struct firn_state copy = states->item[at];

    if (copy.list != FIRN_LIST_NONE) {
        copy.list = list_take(states);
        if (copy.list == FIRN_LIST_NONE)
            return FIRN_NO_MEMORY;
        const struct firn_captures *from = &states->lists[states->item[at].list];
        struct firn_captures *to = &states->lists[copy.list];
        if (!firn_grow(states->allocator, (void **)&to->item, &to->capacity, from->count,
                       sizeof *to->item)) {
            firn_states_release(states, copy.list);
            return FIRN_NO_MEMORY;
        }
        memcpy(to->item, from->item, from->count * sizeof *from->item);
        to->count = from->count;
        to->hash = from->hash;
    }
    firn_status status = firn_states_insert(states, at + 1, copy);
    if (status != FIRN_OK)
        firn_states_release(states, copy.list);
    return status;
}

firn_status firn_states_finish(struct firn_states *states, uint32_t at)
{
    if (!firn_grow(states->allocator, (void **)&states->finished, &states->finished_capacity,
                   states->finished_count + 1, sizeof *states->finished))
        return FIRN_NO_MEMORY;
    states->finished[states->finished_count++] = states->item[at];
    state_take_out(states, at);
    return FIRN_OK;
}

/* --- comparing states --- */

/* Which of two states has captures that contain the other's; both when they are equal. */
static void compare_captures(const struct firn_states *states, const struct firn_state *left_state,
                             const struct firn_state *right_state, bool *ret_left_contains,
                             bool *ret_right_contains)
{
    const struct firn_captures *left = firn_states_captures(states, left_state);
    const struct firn_captures *right = firn_states_captures(states, right_state);
    uint32_t i = 0, j = 0;

    /* as many captures are contained only when they are the same */
    const bool is_same = left->count != right->count || left->hash == right->hash;
    *ret_left_contains = is_same && left->count >= right->count;
    *ret_right_contains = is_same && right->count >= left->count;
    while (i < left->count && j < right->count && (*ret_left_contains || *ret_right_contains)) {
        const firn_query_capture a = left->item[i];
        const firn_query_capture b = right->item[j];
        if (a.node == b.node && a.capture == b.capture) {
            i++;
            j++;
            continue;
        }
        const firn_node *m = &states->nodes->node[a.node];
        const firn_node *n = &states->nodes->node[b.node];
        const bool is_before = m->start < n->start || (m->start == n->start && m->end > n->end);
        const bool is_behind = m->start > n->start || (m->start == n->start && m->end < n->end);
        if (!is_behind) {
            *ret_right_contains = false;
            i++;
        }
        if (!is_before) {
            *ret_left_contains = false;
            j++;
        }
    }
    if (i < left->count)
        *ret_right_contains = false;
    if (j < right->count)
        *ret_left_contains = false;
}

static bool are_alike(const struct firn_state *left, const struct firn_state *right)
{
    return left->depth == right->depth && left->pattern == right->pattern;
}

static bool is_done(const struct firn_states *states, const struct firn_state *state)
{
    return states->query->steps[state->step].depth == FIRN_STEP_DONE;
}

/* The end of the states that are of the pattern and depth of the one at `first` (Q1). */
static uint32_t group_end(const struct firn_states *states, uint32_t first)
{
    uint32_t end = first + 1;
    while (end < states->count && are_alike(&states->item[first], &states->item[end]))
        end++;
    return end;
}

/* Which of two states at the same step is to go: the later one when they are equal; state_count
 * when both stay. */
static uint32_t contained_one(const struct firn_states *states, uint32_t a, uint32_t b)
{
    const uint32_t earlier = a < b ? a : b;
    const uint32_t later = a < b ? b : a;
    bool contains, is_contained;

    compare_captures(states, &states->item[earlier], &states->item[later], &contains,
                     &is_contained);
    return contains ? later : is_contained ? earlier : states->count;
}

/* Compares a fresh state with the others of its group, and drops what another contains. Returns
 * whether that was the state itself. */
static bool compare_fresh(struct firn_states *states, uint32_t *at, uint32_t first, uint32_t *end)
{
    for (uint32_t i = first; i < *end;) {
        const struct firn_state *other = &states->item[i];
        if (i == *at || other->step != states->item[*at].step ||
            (other->is_fresh && i < *at)) { /* the pair was compared */
            i++;
            continue;
        }
        const uint32_t gone = contained_one(states, *at, i);
        if (gone == states->count) {
            i++;
            continue;
        }
        firn_states_drop(states, gone);
        --*end;
        if (gone == *at)
            return true;
        *at -= gone < *at ? 1 : 0;
    }
    return false;
}

/* Drops the states of a group that another at the same step contains; those that did not change
 * were compared with each other before. Returns the group's new end. */
static uint32_t drop_contained(struct firn_states *states, uint32_t first, uint32_t end)
{
    for (uint32_t at = first; at < end && states->comparisons <= states->comparison_limit;) {
        if (states->item[at].is_fresh) {
            states->comparisons += end - first;
            if (compare_fresh(states, &at, first, &end))
                continue;
        }
        at++;
    }
    return end;
}

/* Whether a state that goes on may become a longer form of one that is done. */
static bool is_contained_by_others(const struct firn_states *states, uint32_t at, uint32_t first,
                                   uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        bool contains, is_contained;
        if (i == at || is_done(states, &states->item[i]))
            continue;
        compare_captures(states, &states->item[at], &states->item[i], &contains, &is_contained);
        if (is_contained)
            return true;
    }
    return false;
}

/* Finishes the states of a group that are done and that nothing longer may come of. */
static firn_status finish_done(struct firn_states *states, uint32_t first, uint32_t *end)
{
    for (uint32_t at = first; at < *end;) {
        states->item[at].is_fresh = false;
        if (!is_done(states, &states->item[at])) {
            at++;
            continue;
        }
        states->comparisons += *end - first;
        if (is_contained_by_others(states, at, first, *end)) {
            at++;
            continue;
        }
        firn_status status = firn_states_finish(states, at);
        if (status != FIRN_OK)
            return status;
        --*end;
    }
    return FIRN_OK;
}

/* Brings Q4 about. */
void firn_states_note_awaited(struct firn_states *states)
{
    states->awaited = 0;
    states->done_count = 0;
    for (uint32_t i = 0; i < states->count; i++) {
        const struct firn_state *state = &states->item[i];
        if (is_done(states, state)) {
            states->done_count++;
            continue;
        }
        const uint32_t depth = state->depth + states->query->steps[state->step].depth;
        states->awaited |= UINT64_C(1) << (depth < 63 ? depth : 63);
    }
}

/* Drops states that others contain, and finishes those that have come to their pattern's end. */
firn_status firn_states_settle(struct firn_states *states)
{
    for (uint32_t first = 0; first < states->count;) {
        uint32_t end = drop_contained(states, first, group_end(states, first));
        firn_status status = finish_done(states, first, &end);
        if (status == FIRN_OK && states->comparisons > states->comparison_limit)
            status = FIRN_LIMIT;
        if (status != FIRN_OK)
            return status;
        first = end;
    }
    states->is_changed = false;
    firn_states_note_awaited(states);
    return FIRN_OK;
}
