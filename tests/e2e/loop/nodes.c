/* Nodes of a list that come and go, and texts that stay: by malloc, or as POOL or ARENA says, the
 * options that were recommended. */
#include "measured.h"

#ifdef POOL
#include <firn/pool.h>
static firn_pool pool;
#define NODE_ALLOC(size) firn_pool_alloc(&pool)
#define NODE_FREE(node) ((void)firn_pool_free(&pool, node))
#else
#define NODE_ALLOC(size) malloc(size)
#define NODE_FREE(node) free(node)
#endif

#ifdef ARENA
#include <firn/arena.h>
static firn_arena arena;
#define TEXT_ALLOC(size) firn_arena_alloc(&arena, size)
#else
#define TEXT_ALLOC(size) malloc(size)
#endif

struct node {
    struct node *next;
    uint64_t values[NODE_BYTES / 8 - 1];
};

static struct node **nodes;
static char **texts;

static struct node *make_node(uint64_t value)
{
    struct node *node = NODE_ALLOC(sizeof *node);
    for (size_t i = 0; i < sizeof node->values / sizeof *node->values; i++)
        node->values[i] = value + i;
    return node;
}

static char *make_text(uint64_t value)
{
    const size_t size = 20 + value % 13;
    return memset(TEXT_ALLOC(size), 'a' + (int)(value % 26), size);
}

int main(void)
{
    uint64_t random = 88172645463325252u, sum = 0;
#ifdef POOL
    const firn_pool_options pool_options = {POOL};
    if (firn_pool_init(&pool, &pool_options) != FIRN_OK)
        return 1;
#endif
#ifdef ARENA
    const firn_arena_options arena_options = {ARENA};
    if (firn_arena_init(&arena, &arena_options) != FIRN_OK)
        return 1;
#endif
    nodes = calloc(NODES, sizeof *nodes);
    texts = calloc(TEXTS, sizeof *texts);
    measured_begin();
    for (size_t i = 0; i < NODES; i++)
        nodes[i] = make_node(i);
    for (size_t i = 0; i < TEXTS; i++)
        texts[i] = make_text(measured_random(&random));
    for (size_t i = 0; i < 4 * NODES; i++) {
        struct node **node = &nodes[measured_random(&random) % NODES];
        sum += (*node)->values[1];
        NODE_FREE(*node);
        *node = make_node(i);
    }
    measured_end();
    return sum == 0 || texts[TEXTS - 1][0] == 0;
}
