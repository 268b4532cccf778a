/* What follows what in the child lists of a label: the model behind spelled child lists. */
#ifndef FIRN_TREE_SUCCESSORS_H
#define FIRN_TREE_SUCCESSORS_H

#include "tree/productions.h"

/* A context is a label and the child before (FIRN_EDGE_NONE at the list's start). */
struct firn_context {
    uint32_t key;   /* label << 16 | the edge before */
    uint32_t first; /* successor in the pool, the most frequent one first */
    uint32_t count;
};

struct firn_successors {
    struct firn_context *context; /* sorted by key */
    uint32_t count;
    firn_edge *pool;
    uint32_t pool_count;
};

static inline uint32_t firn_context_key(firn_label label, firn_edge before)
{
    return (uint32_t)label << 16 | before;
}

/* The context of a key, NULL when it was never seen. O(log contexts). */
const struct firn_context *firn_successors_find(const struct firn_successors *table, uint32_t key);

/* Contexts that were found lately; zeroed at first, and of one table. Long lists have few contexts,
 * so that most are found without a search. */
#define FIRN_RECENT_CONTEXTS 64u
struct firn_recent_contexts {
    const struct firn_context *context[FIRN_RECENT_CONTEXTS];
};

static inline const struct firn_context *firn_successors_recall(const struct firn_successors *table,
                                                                struct firn_recent_contexts *recent,
                                                                uint32_t key)
{
    const struct firn_context **known = &recent->context[key % FIRN_RECENT_CONTEXTS];
    if (*known == NULL || (*known)->key != key)
        *known = firn_successors_find(table, key);
    return *known;
}

/* Ranks the successors in the child lists of table for which `spelled` says so, weighted by how
 * often each list was seen. Those seen once are left out. False when there is no memory. */
FIRN_NODISCARD bool firn_successors_learn(struct firn_successors *successors,
                                          const struct firn_productions *table, const bool *spelled,
                                          const firn_allocator *allocator);

void firn_successors_fini(struct firn_successors *table, const firn_allocator *allocator);

#endif
