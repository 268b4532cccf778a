/* Objects that are allocated, written and freed: by malloc, in a slab, a pool, an arena, a
 * collected heap. All see the same sizes in the same order, and free the same. */
#include "tune/strategy.h"

#include <firn/firn.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

struct object {
    void *block;
    uint64_t size;
};

/* How a strategy allocates and frees; state is its own. */
struct way {
    void *(*make)(void *state, uint64_t slot, size_t size);
    void (*drop)(void *state, void *block, size_t size);
    void (*drop_all)(void *state); /* NULL: each one */
    void *state;
};

/* Which of the live ones goes next. */
static uint64_t victim(const struct scenario *scenario, uint64_t step, uint64_t *random)
{
    switch (scenario->free) {
    case FREE_OLDEST:
        return step % scenario->live;
    case FREE_NEWEST:
        return scenario->live - 1;
    default:
        return scenario_below(random, scenario->live);
    }
}

static bool work(const struct scenario *scenario, const struct way *way,
                 struct strategy_result *ret)
{
    const uint64_t slots = scenario->live != 0 ? scenario->live : scenario->count;
    const size_t bytes = slots * sizeof(struct object);
    struct object *objects = firn_allocate(NULL, bytes);
    uint64_t random = 88172645463325252u;
    if (objects == NULL)
        return false;
    for (uint64_t i = 0; i < scenario->count; i++) {
        const size_t size = scenario_size(scenario, &random);
        const uint64_t slot = i < slots ? i : victim(scenario, i, &random);
        if (i >= slots && way->drop != NULL)
            way->drop(way->state, objects[slot].block, objects[slot].size);
        void *block = way->make(way->state, slot, size);
        if (block == NULL)
            return false;
        memset(block, (int)i, size);
        objects[slot] = (struct object){block, size};
    }
    for (uint64_t i = 0; i < slots && way->drop_all == NULL && way->drop != NULL; i++)
        way->drop(way->state, objects[i].block, objects[i].size);
    if (way->drop_all != NULL)
        way->drop_all(way->state);
    firn_release(NULL, objects, bytes);
    ret->operations = scenario->count;
    ret->from_hot = (double)NAN;
    return true;
}

/* --- the ways --- */

static void *make_malloc(void *state, uint64_t slot, size_t size)
{
    (void)state;
    (void)slot;
    return firn_allocate(NULL, size);
}

static void drop_malloc(void *state, void *block, size_t size)
{
    (void)state;
    firn_release(NULL, block, size);
}

static bool work_malloc(const struct scenario *scenario, uint64_t parameter,
                        struct strategy_result *ret)
{
    (void)parameter;
    return work(scenario, &(struct way){make_malloc, drop_malloc, NULL, NULL}, ret);
}

static void *make_slab(void *state, uint64_t slot, size_t size)
{
    (void)slot;
    return firn_slab_alloc(state, size);
}

static void drop_slab(void *state, void *block, size_t size)
{
    (void)size;
    (void)firn_slab_release(state, block);
}

static bool work_slab(const struct scenario *scenario, uint64_t parameter,
                      struct strategy_result *ret)
{
    firn_slab slab;
    (void)parameter;
    return firn_slab_init(&slab, NULL) == FIRN_OK &&
           work(scenario, &(struct way){make_slab, drop_slab, NULL, &slab}, ret);
}

static void *make_pool(void *state, uint64_t slot, size_t size)
{
    (void)slot;
    (void)size;
    return firn_pool_alloc(state);
}

static void drop_pool(void *state, void *block, size_t size)
{
    (void)size;
    (void)firn_pool_free(state, block);
}

static bool work_pool(const struct scenario *scenario, uint64_t parameter,
                      struct strategy_result *ret)
{
    const firn_pool_options options = {.object_bytes = (uint32_t)parameter};
    firn_pool pool;
    return firn_pool_init(&pool, &options) == FIRN_OK &&
           work(scenario, &(struct way){make_pool, drop_pool, NULL, &pool}, ret);
}

static void *make_arena(void *state, uint64_t slot, size_t size)
{
    (void)slot;
    return firn_arena_alloc(state, size);
}

static void drop_arena(void *state)
{
    firn_arena_fini(state);
}

static bool work_arena(const struct scenario *scenario, uint64_t parameter,
                       struct strategy_result *ret)
{
    firn_arena arena;
    (void)parameter;
    return firn_arena_init(&arena, NULL) == FIRN_OK &&
           work(scenario, &(struct way){make_arena, NULL, drop_arena, &arena}, ret);
}

/* The live objects hang in one object of slots. */
struct collected {
    firn_heap *heap;
    firn_type leaf;
    void *slots;
};

static void *make_heap(void *state, uint64_t slot, size_t size)
{
    struct collected *collected = state;
    void *block = firn_heap_alloc(collected->heap, collected->leaf, size);
    if (block != NULL)
        firn_heap_write(collected->heap, collected->slots, (void **)collected->slots + slot, block);
    return block;
}

static void drop_heap(void *state)
{
    firn_heap_destroy(((struct collected *)state)->heap);
}

static bool work_heap(const struct scenario *scenario, uint64_t parameter,
                      struct strategy_result *ret)
{
    struct collected collected;
    const firn_type_options leaf = {.name = "object", .kind = FIRN_TYPE_LEAF};
    const firn_type_options list = {.name = "slots", .kind = FIRN_TYPE_POINTERS};
    const uint64_t slots = scenario->live != 0 ? scenario->live : scenario->count;
    firn_type type;
    (void)parameter;
    if (firn_heap_create(NULL, &collected.heap) != FIRN_OK ||
        firn_heap_type_put(collected.heap, &leaf, &collected.leaf) != FIRN_OK ||
        firn_heap_type_put(collected.heap, &list, &type) != FIRN_OK)
        return false;
    collected.slots = firn_heap_alloc(collected.heap, type, slots * sizeof(void *));
    return collected.slots != NULL &&
           firn_heap_root_put(collected.heap, &collected.slots) == FIRN_OK &&
           work(scenario, &(struct way){make_heap, NULL, drop_heap, &collected}, ret);
}

unsigned strategies_of_objects(const struct scenario *scenario, struct strategy *strategies)
{
    const struct scenario_size *size = scenario->sizes;
    const uint64_t slots = scenario->live != 0 ? scenario->live : scenario->count;
    unsigned count = 0;
    strategies[count++] = (struct strategy){"malloc", "nothing to do", work_malloc, 0};
    strategies[count++] =
        (struct strategy){"slab", "firn/slab.h, or: firn run --mode runtime -- CMD", work_slab, 0};
    if (scenario->size_count == 1 && size->least == size->most && size->most <= 65536)
        strategies[count++] = (struct strategy){"pool", "firn/pool.h", work_pool, size->most};
    if (scenario->live == 0)
        strategies[count++] = (struct strategy){
            "arena", "firn/arena.h, or: firn run --mode compiler -- CMD", work_arena, 0};
    if (slots <= FIRN_HEAP_OBJECT_MAX / sizeof(void *))
        strategies[count++] =
            (struct strategy){"heap", "firn/heap.h, which frees by itself", work_heap, 0};
    return count;
}
