/* The matches of a query that are under way, for query_cursor.c. */
#ifndef FIRN_TREE_QUERY_STATES_H
#define FIRN_TREE_QUERY_STATES_H

#include "tree/query_steps.h"

#define FIRN_LIST_NONE UINT32_MAX

struct firn_captures {
    firn_query_capture *item;
    size_t capacity;
    uint32_t count;
    uint32_t next_free; /* of the free ones */
    uint64_t hash;      /* of what is in it, in this order */
};

/* A match under way. */
struct firn_state {
    uint32_t list; /* its captures; FIRN_LIST_NONE when there are none */
    uint32_t depth;
    uint16_t step;
    uint16_t pattern;
    bool is_immediate; /* its next step must match the very next sibling */
    bool needs_parent; /* it was entered below its root, whose node is still to be captured */
    bool is_fresh;     /* changed since the states were compared */
};

/* Zeroed but for query, allocator and free_list (FIRN_LIST_NONE). */
struct firn_states {
    const firn_query *query;
    const firn_allocator *allocator;
    const firn_nodes *nodes;
    struct firn_state *item;
    size_t capacity;
    uint32_t count;
    uint64_t awaited;    /* Q4 */
    uint32_t done_count; /* that have come to their pattern's end and wait */
    bool is_changed;     /* some went since they were last compared */
    struct firn_state *finished;
    size_t finished_capacity;
    uint32_t finished_count;
    uint32_t finished_next; /* to be given */
    struct firn_captures *lists;
    size_t list_capacity;
    uint32_t list_count;
    uint32_t free_list;
    uint64_t comparisons; /* in this tree */
    uint64_t comparison_limit;
};

void firn_states_fini(struct firn_states *states);
/* Drops all, for another tree. */
void firn_states_reset(struct firn_states *states, const firn_nodes *nodes);

/* Gives a list of captures back; FIRN_LIST_NONE is let pass. */
void firn_states_release(struct firn_states *states, uint32_t list);
const struct firn_captures *firn_states_captures(const struct firn_states *states,
                                                 const struct firn_state *state);
/* Adds a node for each capture of a step. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status firn_states_capture(struct firn_states *states, struct firn_state *state,
                                               const struct firn_query_step *step, uint32_t node);

/* FIRN_LIMIT above FIRN_QUERY_STATES_MAX, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status firn_states_insert(struct firn_states *states, uint32_t at,
                                              struct firn_state state);
/* Puts a copy of a state, with captures of its own, behind it. As firn_states_insert. */
FIRN_NODISCARD firn_status firn_states_split(struct firn_states *states, uint32_t at);
void firn_states_drop(struct firn_states *states, uint32_t at);
/* Moves a state to the finished ones. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status firn_states_finish(struct firn_states *states, uint32_t at);

/* Drops states that others contain, and finishes those that have come to their pattern's end.
 * FIRN_NO_MEMORY, FIRN_LIMIT (comparisons). */
FIRN_NODISCARD firn_status firn_states_settle(struct firn_states *states);
/* Brings Q4 about. */
void firn_states_note_awaited(struct firn_states *states);

#endif
