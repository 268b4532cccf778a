/* Random trees over random text for the tests of src/tree/: a small vocabulary whose leaves look
 * like code, with blanks, stray bytes, missing nodes, ends behind line ends and, now and then, long
 * child lists. Kept as plain arrays, which are the model that packed trees are held against.
 * Header-only. */
#ifndef FIRN_TESTS_RANDOM_TREE_H
#define FIRN_TESTS_RANDOM_TREE_H

#include "support/random.h"

#include <firn/tree.h>

#include <string.h>

enum {
    RANDOM_TREE_NODES = 4000,
    RANDOM_TREE_TEXT = 64000,
    RANDOM_TREE_LABELS = 24,
    RANDOM_TREE_FIELDS = 5,
    RANDOM_TREE_INNER = 8, /* labels below it are inner nodes */
};

struct random_node {
    uint16_t label, field;
    unsigned flags;
    uint32_t start, end, next, parent;
};

struct random_tree {
    char text[RANDOM_TREE_TEXT];
    uint32_t text_size;
    struct random_node node[RANDOM_TREE_NODES];
    uint32_t count;
    uint32_t limit; /* of nodes in this tree */
};

static inline void random_tree_append(struct random_tree *tree, const char *text)
{
    size_t size = strlen(text);
    if (tree->text_size + size < RANDOM_TREE_TEXT) {
        memcpy(tree->text + tree->text_size, text, size);
        tree->text_size += (uint32_t)size;
    }
}

static inline void random_tree_blanks(struct random_tree *tree, rng *random)
{
    static const char *const blanks[] = {"", " ", "", "\n", "\t", "    ", "\\\n", "\r\n", "\n\n  "};
    random_tree_append(tree, blanks[rng_below(random, sizeof blanks / sizeof *blanks)]);
    if (rng_below(random, 60) == 0)
        random_tree_append(tree, "@?");
}

static inline void random_tree_leaf_text(struct random_tree *tree, rng *random, unsigned label)
{
    static const char *const fixed[] = {"if", "(", ")", "{", "}", ",", ";", "->"};
    static const char *const free_text[][4] = {
        {"alpha", "b", "gamma_2", "\xc3\xa9t\xc3\xa9"},
        {"1", "0x1fUL", "1.5e-3", "42"},
        {"\"a b\"", "\"\"", "'x'", "\"\\\"\""},
        {"/* c */", "// line", "# x", "/* a\nb */"},
        {"+", "<<=", "!", "&&"},
        {"", "", "rest of", "x"},
    };
    unsigned kind = label - RANDOM_TREE_INNER;
    if (kind < 8)
        random_tree_append(tree, fixed[kind]);
    else
        random_tree_append(tree, free_text[(kind - 8) % 6][rng_below(random, 4)]);
}

static inline uint32_t random_tree_node(struct random_tree *tree, rng *random, uint32_t parent,
                                        unsigned depth)
{
    uint32_t index = tree->count++;
    bool leaf = depth > 0 && (depth > 12 || rng_below(random, 5) < 3);
    uint16_t label = (uint16_t)(leaf ? RANDOM_TREE_INNER +
                                           rng_below(random, RANDOM_TREE_LABELS - RANDOM_TREE_INNER)
                                     : rng_below(random, RANDOM_TREE_INNER));
    struct random_node node = {.label = label, .parent = parent};
    node.field = (uint16_t)(rng_below(random, 3) == 0 ? rng_below(random, RANDOM_TREE_FIELDS) : 0);
    node.flags = rng_below(random, 50) == 0 ? (unsigned)rng_below(random, 8) : 0;
    uint64_t children = leaf ? 0 : rng_below(random, 50) == 0 ? 100 : 1 + rng_below(random, 5);
    if (depth == 0)
        children = 1 + rng_below(random, 60);
    node.start = UINT32_MAX;
    for (uint64_t i = 0; i < children && tree->count < tree->limit; i++) {
        uint32_t child = random_tree_node(tree, random, index, depth + 1);
        if (i == 0)
            node.start = tree->node[child].start;
    }
    if (node.start == UINT32_MAX) {
        random_tree_blanks(tree, random);
        node.start = tree->text_size;
        if ((node.flags & FIRN_NODE_MISSING) == 0)
            random_tree_leaf_text(tree, random, label);
    } else if (label == 1 || rng_below(random, 100) == 0) {
        random_tree_append(tree, " \n");
    }
    node.end = tree->text_size;
    node.next = tree->count;
    tree->node[index] = node;
    return index;
}

/* Makes a tree of at most `limit` nodes. */
static inline void random_tree_make(struct random_tree *tree, rng *random, uint32_t limit)
{
    tree->text_size = 0;
    tree->count = 0;
    tree->limit = limit < RANDOM_TREE_NODES ? limit : RANDOM_TREE_NODES;
    random_tree_node(tree, random, 0, 0);
    if (rng_below(random, 3) == 0)
        random_tree_append(tree, "\n");
}

static inline firn_status random_tree_vocabulary(firn_family *family)
{
    firn_status status = FIRN_OK;
    for (unsigned i = 0; status == FIRN_OK && i < RANDOM_TREE_LABELS; i++) {
        char name[16];
        snprintf(name, sizeof name, "label%u", i);
        status = firn_family_name_label(family, (firn_label)i, name, i % 2 == 0);
    }
    for (unsigned i = 1; status == FIRN_OK && i < RANDOM_TREE_FIELDS; i++) {
        char name[16];
        snprintf(name, sizeof name, "field%u", i);
        status = firn_family_name_field(family, (firn_field)i, name);
    }
    return status;
}

/* Feeds the tree to a builder. */
static inline firn_status random_tree_build(const struct random_tree *tree, firn_builder *builder)
{
    firn_status status = firn_builder_begin(builder, tree->text, tree->text_size);
    uint32_t open[64], depth = 0;
    for (uint32_t i = 0; status == FIRN_OK && i <= tree->count; i++) {
        while (status == FIRN_OK && depth > 0 && tree->node[open[depth - 1]].next == i) {
            depth--;
            status = firn_builder_leave(builder);
        }
        if (i == tree->count || status != FIRN_OK)
            break;
        const struct random_node *node = &tree->node[i];
        open[depth++] = i;
        status = firn_builder_enter(builder, node->label, node->field, node->flags, node->start,
                                    node->end);
    }
    return status;
}

/* What firn_edge_field says of a node. */
static inline uint16_t random_tree_field(const struct random_node *node)
{
    return (node->flags & FIRN_NODE_OUTER_FIELD) == 0 ? node->field : 0;
}

/* Whether nodes are the tree, in every particular. */
static inline bool random_tree_equals(const struct random_tree *tree, const firn_family *family,
                                      const firn_nodes *nodes)
{
    if (nodes->count != tree->count)
        return false;
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct random_node *want = &tree->node[i];
        const firn_node *got = &nodes->node[i];
        if (got->start != want->start || got->end != want->end || got->next != want->next ||
            firn_edge_label(family, got->edge) != want->label ||
            firn_edge_field(family, got->edge) != random_tree_field(want) ||
            firn_edge_flags(family, got->edge) != want->flags ||
            firn_node_label(got) != want->label || firn_node_flags(got) != (want->flags & 7))
            return false;
    }
    return true;
}

#endif
