/* Short-lived trees beside long-lived ones: binary trees as of the Computer Language Benchmarks
 * Game, and GCBench as of Ellis, Kovac and Boehm. workloads.ml, workloads.go and Workloads.java do
 * the same. */
#include "gc/memory.h"
#include "gc/work.h"

/* --- binary trees --- */

struct pair {
    struct pair *left, *right;
};

static struct pair *bottom_up(uint32_t depth)
{
    void *slots[2] = {NULL, NULL};
    struct pair *pair;
    if (depth == 0) {
        pair = make(KIND_PAIR, sizeof *pair);
        pair->left = pair->right = NULL;
        return pair;
    }
    FRAME(frame, slots);
    slots[0] = bottom_up(depth - 1);
    slots[1] = bottom_up(depth - 1);
    pair = make(KIND_PAIR, sizeof *pair);
    pair->left = ROOT(slots[0]);
    pair->right = ROOT(slots[1]);
    FRAME_END(frame);
    return pair;
}

static uint32_t check(const struct pair *pair)
{
    return pair->left == NULL ? 1 : 1 + check(pair->left) + check(pair->right);
}

static void forget_pairs(struct pair *pair)
{
    if (pair->left != NULL) {
        forget_pairs(pair->left);
        forget_pairs(pair->right);
    }
    forget(pair);
}

static uint32_t make_and_check(uint32_t depth)
{
    struct pair *pair = bottom_up(depth);
    uint32_t nodes = check(pair);
    if (MUST_FORGET)
        forget_pairs(pair);
    return nodes;
}

void work_trees(uint32_t depth)
{
    static struct pair *kept;
    memory_begin(false);
    const uint64_t begin = cpu_ns(), begin_wall = wall_ns();
    double checksum = make_and_check(depth + 1);
    hold((void **)&kept);
    kept = bottom_up(depth);
    for (uint32_t small = 4; small <= depth; small += 2)
        for (uint32_t i = 0; i < 1u << (depth - small + 4); i++)
            checksum += make_and_check(small);
    checksum += check(kept);
    if (MUST_FORGET)
        forget_pairs(kept);
    printf("seconds %.6f\n", (double)(cpu_ns() - begin) / 1e9);
    printf("wall_seconds %.6f\n", (double)(wall_ns() - begin_wall) / 1e9);
    printf("checksum %.0f\n", checksum);
}

/* --- GCBench --- */

struct node {
    struct node *left, *right;
    uint32_t i, j;
};

enum { ARRAY_VALUES = 500000, LEAST_DEPTH = 4 };

static struct node *make_node(struct node *const *left, struct node *const *right)
{
    struct node *node = make(KIND_PAIR, sizeof *node);
    node->left = left != NULL ? ROOT(*left) : NULL;
    node->right = right != NULL ? ROOT(*right) : NULL;
    node->i = node->j = 0;
    return node;
}

/* Builds the trees of a node from the top, assigning older objects. */
static void populate(uint32_t depth, struct node *top)
{
    void *slots[1] = {top};
    if (depth == 0)
        return;
    FRAME(frame, slots);
    struct node *child = make_node(NULL, NULL);
    put(slots[0], &((struct node *)slots[0])->left, child);
    child = make_node(NULL, NULL);
    put(slots[0], &((struct node *)slots[0])->right, child);
    populate(depth - 1, ((struct node *)slots[0])->left);
    populate(depth - 1, ((struct node *)slots[0])->right);
    FRAME_END(frame);
}

static struct node *top_down(uint32_t depth)
{
    void *slots[1] = {NULL};
    FRAME(frame, slots);
    slots[0] = make_node(NULL, NULL);
    populate(depth, slots[0]);
    FRAME_END(frame);
    return slots[0];
}

static struct node *make_tree(uint32_t depth)
{
    void *slots[2] = {NULL, NULL};
    if (depth == 0)
        return make_node(NULL, NULL);
    FRAME(frame, slots);
    slots[0] = make_tree(depth - 1);
    slots[1] = make_tree(depth - 1);
    struct node *node = make_node((struct node *const *)&slots[0], (struct node *const *)&slots[1]);
    FRAME_END(frame);
    return node;
}

static uint32_t count_nodes(const struct node *node)
{
    return node == NULL ? 0 : 1 + count_nodes(node->left) + count_nodes(node->right);
}

static void forget_nodes(struct node *node)
{
    if (node == NULL)
        return;
    forget_nodes(node->left);
    forget_nodes(node->right);
    forget(node);
}

static uint32_t tree_size(uint32_t depth)
{
    return (2u << depth) - 1;
}

/* Both ways, as many trees of a depth as have the nodes of two of the stretch tree. */
static uint32_t make_trees(uint32_t depth, uint32_t stretch)
{
    const uint32_t trees = 2 * tree_size(stretch) / tree_size(depth);
    for (uint32_t i = 0; i < trees; i++) {
        struct node *node = top_down(depth);
        if (MUST_FORGET)
            forget_nodes(node);
    }
    for (uint32_t i = 0; i < trees; i++) {
        struct node *node = make_tree(depth);
        if (MUST_FORGET)
            forget_nodes(node);
    }
    return trees;
}

void work_gcbench(uint32_t depth)
{
    static struct node *kept;
    static double *values;
    memory_begin(false);
    const uint64_t begin = cpu_ns(), begin_wall = wall_ns();
    double checksum = 0;
    struct node *node = make_tree(depth + 2);
    if (MUST_FORGET)
        forget_nodes(node);
    hold((void **)&kept);
    hold((void **)&values);
    kept = top_down(depth);
    values = make(KIND_LEAF, ARRAY_VALUES * sizeof *values);
    for (uint32_t i = 0; i < ARRAY_VALUES; i++)
        values[i] = i < ARRAY_VALUES / 2 ? 1.0 / (i + 1) : 0;
    for (uint32_t small = LEAST_DEPTH; small <= depth; small += 2)
        checksum += make_trees(small, depth + 2);
    checksum += count_nodes(kept) + values[999] * 1000;
    if (MUST_FORGET)
        forget_nodes(kept);
    forget(values);
    printf("seconds %.6f\n", (double)(cpu_ns() - begin) / 1e9);
    printf("wall_seconds %.6f\n", (double)(wall_ns() - begin_wall) / 1e9);
    printf("checksum %.0f\n", checksum);
}
