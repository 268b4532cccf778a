/* A heap against a shadow graph: after any random work every object that the shadow can reach from
 * its roots is there with its type, size, content and edges; the heap verifies; weak references and
 * finalisers tell the truth. FIRN_OPS sets the number of operations, 100,000 as a rule. */
#include "alloc/heap/space.h"

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NODES 4096 /* of the shadow */
#define ROOTS 64
#define EDGES_MAX 12
#define WEAKS 64
#define NONE UINT32_MAX

enum shape { LEAF, PAIR, POINTERS, TRACED, FINAL, SHAPES };

/* What stands in an object after its slots: checked against the shadow. */
struct content {
    uint64_t id;
};

struct node {
    bool used;
    enum shape shape;
    size_t size;
    uint64_t id;
    uint32_t edges[EDGES_MAX]; /* other nodes, NONE, or a tagged number as NONE - 1 */
    size_t edge_count;
    size_t first_edge; /* of a large array: the slot where the edges begin */
    bool seen;
    void *object; /* while a walk goes on */
};

struct model {
    rng random;
    firn_heap *heap;
    firn_type types[SHAPES];
    struct node nodes[NODES];
    void *roots[ROOTS];
    uint32_t root_nodes[ROOTS];
    firn_roots frame;
    firn_weak *weaks[WEAKS];
    uint64_t weak_ids[WEAKS];
    uint64_t next_id;
    uint64_t made, finalised, refused;
    bool limited;
};

#define TAGGED ((void *)(uintptr_t)0x1235)

/* --- objects --- */

/* PAIR: id, slot, slot; POINTERS: slots only (its id stands in the first as a tagged number);
 * TRACED: id, then slots; LEAF: id, then bytes; FINAL: id, slot. */
static void **slot_of(void *object, const struct node *node, size_t edge)
{
    void **words = object;
    return node->shape == POINTERS ? &words[node->first_edge + edge] : &words[1 + edge];
}

static uint64_t id_of(void *object, enum shape shape)
{
    uint64_t id = *(uint64_t *)object;
    return shape == POINTERS ? id >> 1 : id;
}

static void trace(void *object, size_t size, firn_tracer *tracer)
{
    void **words = object;
    for (size_t i = 1; i < size / 8; i++)
        firn_trace(tracer, &words[i]);
}

static void finalise(firn_heap *heap, void *object, size_t size, void *context)
{
    struct model *model = context;
    assert_int_equal(size, 16);
    uint64_t id = id_of(object, FINAL);
    for (uint32_t i = 0; i < NODES; i++)
        assert_false(model->nodes[i].used && model->nodes[i].seen && model->nodes[i].id == id);
    assert_true(id > 0 && id < model->next_id);
    model->finalised++;
    firn_heap_alloc(heap, model->types[LEAF], 40); /* a finaliser may allocate */
}

static void put_types(struct model *model)
{
    static const uint32_t offsets[] = {8, 16}, one[] = {8};
    const firn_type_options options[SHAPES] = {
        [LEAF] = {.name = "leaf", .kind = FIRN_TYPE_LEAF},
        [PAIR] = {.name = "pair", .kind = FIRN_TYPE_MAP, .offsets = offsets, .offset_count = 2},
        [POINTERS] = {.name = "pointers", .kind = FIRN_TYPE_POINTERS},
        [TRACED] = {.name = "traced", .kind = FIRN_TYPE_TRACE, .trace = trace},
        [FINAL] = {.name = "final",
                   .kind = FIRN_TYPE_MAP,
                   .offsets = one,
                   .offset_count = 1,
                   .finalise = finalise,
                   .finalise_context = model},
    };
    for (unsigned i = 0; i < SHAPES; i++)
        assert_int_equal(firn_heap_type_put(model->heap, &options[i], &model->types[i]), FIRN_OK);
}

/* --- the shadow --- */

static void see(struct model *model, uint32_t index)
{
    if (index >= NODES || model->nodes[index].seen)
        return;
    static uint32_t stack[NODES];
    size_t count = 0;
    model->nodes[index].seen = true;
    stack[count++] = index;
    while (count > 0) {
        const struct node *node = &model->nodes[stack[--count]];
        for (size_t i = 0; i < node->edge_count; i++) {
            uint32_t to = node->edges[i];
            if (to < NODES && !model->nodes[to].seen) {
                model->nodes[to].seen = true;
                stack[count++] = to;
            }
        }
    }
}

/* Forgets what no root reaches. */
static void shadow_collect(struct model *model)
{
    for (uint32_t i = 0; i < NODES; i++)
        model->nodes[i].seen = false;
    for (unsigned i = 0; i < ROOTS; i++)
        see(model, model->root_nodes[i]);
    for (uint32_t i = 0; i < NODES; i++)
        model->nodes[i].used = model->nodes[i].used && model->nodes[i].seen;
}

static struct node *free_node(struct model *model)
{
    for (unsigned round = 0; round < 2; round++) {
        uint32_t start = (uint32_t)rng_below(&model->random, NODES);
        for (uint32_t i = 0; i < NODES; i++) {
            if (!model->nodes[(start + i) % NODES].used)
                return &model->nodes[(start + i) % NODES];
        }
        shadow_collect(model);
    }
    return NULL;
}

/* --- comparing --- */

static void compare_object(struct model *model, uint32_t index, void *object)
{
    struct node *node = &model->nodes[index];
    assert_non_null(object);
    if (node->object != NULL) {
        assert_ptr_equal(node->object, object);
        return;
    }
    node->object = object;
    assert_int_equal(firn_heap_size(object), node->size);
    assert_int_equal(firn_heap_type(model->heap, object), model->types[node->shape]);
    assert_int_equal(id_of(object, node->shape), node->id);
    if (node->shape == LEAF) {
        for (size_t i = 8; i < node->size; i++)
            assert_int_equal(((uint8_t *)object)[i], (uint8_t)(node->id + i));
    }
}

static void compare(struct model *model)
{
    static uint32_t stack[NODES];
    size_t count = 0;
    for (uint32_t i = 0; i < NODES; i++)
        model->nodes[i].object = NULL;
    for (unsigned i = 0; i < ROOTS; i++) {
        uint32_t root = model->root_nodes[i];
        if (root == NONE) {
            assert_null(model->roots[i]);
            continue;
        }
        bool new = model->nodes[root].object == NULL;
        compare_object(model, root, model->roots[i]);
        if (new)
            stack[count++] = root;
    }
    while (count > 0) {
        struct node *node = &model->nodes[stack[--count]];
        for (size_t i = 0; i < node->edge_count; i++) {
            void *target = *slot_of(node->object, node, i);
            uint32_t to = node->edges[i];
            if (to >= NODES) {
                assert_ptr_equal(target, to == NONE ? NULL : TAGGED);
                continue;
            }
            bool new = model->nodes[to].object == NULL;
            compare_object(model, to, target);
            if (new)
                stack[count++] = to;
        }
    }
}

/* A weak reference to a living object tells it; cleared ones are dead. */
static void compare_weaks(struct model *model, bool all_found)
{
    shadow_collect(model);
    for (unsigned i = 0; i < WEAKS; i++) {
        if (model->weaks[i] == NULL)
            continue;
        bool alive = false;
        for (uint32_t j = 0; j < NODES && !alive; j++)
            alive = model->nodes[j].used && model->nodes[j].id == model->weak_ids[i];
        void *target = firn_weak_get(model->weaks[i]);
        assert_true(!alive || target != NULL);
        assert_true(!all_found || alive || target == NULL);
    }
}

static void verify(struct model *model)
{
    firn_error error = {0};
    if (firn_heap_verify(model->heap, &error) != FIRN_OK)
        fail_msg("%s", error.text);
}

/* --- operations --- */

static size_t some_count(rng *random, enum shape shape)
{
    switch (shape) {
    case PAIR:
        return 2;
    case FINAL:
        return 1;
    case LEAF:
        return 0;
    default:
        return 1 + rng_below(random, EDGES_MAX);
    }
}

static void fill_shape(struct model *model, struct node *node)
{
    rng *random = &model->random;
    static const enum shape shapes[] = {LEAF, PAIR, PAIR, PAIR, POINTERS, TRACED, FINAL};
    node->shape = shapes[rng_below(random, 7)];
    node->edge_count = some_count(random, node->shape);
    node->first_edge = 1;
    node->size = 8 + 8 * node->edge_count;
    if (node->shape == LEAF)
        node->size = 8 + rng_below(random, rng_below(random, 20) == 0 ? 20000 : 100);
    if (node->shape == LEAF && model->limited && rng_below(random, 4) == 0)
        node->size = 8 + rng_below(random, 400000);
    if (node->shape == POINTERS && rng_below(random, 8) == 0) {
        size_t most = rng_below(random, 8) == 0 ? 30000 : 1000;
        node->first_edge = 1 + rng_below(random, most);
        node->size = 8 * (node->first_edge + node->edge_count + rng_below(random, most));
    }
    for (size_t i = 0; i < EDGES_MAX; i++)
        node->edges[i] = NONE;
}

static void fill_object(struct model *model, struct node *node, void *object)
{
    node->id = model->next_id++;
    *(uint64_t *)object = node->shape == POINTERS ? node->id << 1 | 1 : node->id;
    if (node->shape == LEAF) {
        for (size_t i = 8; i < node->size; i++)
            ((uint8_t *)object)[i] = (uint8_t)(node->id + i);
    }
}

/* Any reachable node with the object it has now, by a random walk from a root. */
static uint32_t some_node(struct model *model, void **ret_object)
{
    unsigned root = (unsigned)rng_below(&model->random, ROOTS);
    uint32_t at = model->root_nodes[root];
    void *object = model->roots[root];
    if (at == NONE)
        return NONE;
    for (uint64_t steps = rng_below(&model->random, 12); steps > 0; steps--) {
        const struct node *node = &model->nodes[at];
        if (node->edge_count == 0)
            break;
        size_t edge = rng_below(&model->random, node->edge_count);
        if (node->edges[edge] >= NODES)
            continue;
        object = *slot_of(object, node, edge);
        at = node->edges[edge];
    }
    *ret_object = object;
    return at;
}

static void *allocate(struct model *model, enum shape shape, size_t size)
{
    bool pinned = rng_below(&model->random, 50) == 0;
    return pinned ? firn_heap_alloc_pinned(model->heap, model->types[shape], size)
                  : firn_heap_alloc(model->heap, model->types[shape], size);
}

/* Plain stores are right into a new object, unless it is large. */
static void store_first(struct model *model, struct node *node, void *object, size_t edge,
                        void *target)
{
    void **slot = slot_of(object, node, edge);
    if (node->size <= FIRN_HEAP_PLAIN_MAX) {
        *slot = target;
    } else if (edge % 2 == 0) {
        firn_heap_write(model->heap, object, slot, target);
    } else {
        *slot = target;
        firn_heap_wrote(model->heap, object, slot, sizeof *slot);
    }
}

static void make(struct model *model)
{
    struct node *node = free_node(model);
    if (node == NULL)
        return;
    fill_shape(model, node);
    shadow_collect(model); /* finalisers look at it */
    void *object = allocate(model, node->shape, node->size);
    if (object == NULL) {
        assert_true(model->limited);
        model->refused++;
        return;
    }
    for (size_t i = 0; i < node->size; i++)
        assert_int_equal(((uint8_t *)object)[i], 0);
    fill_object(model, node, object);
    node->used = true;
    for (size_t i = 0; i < node->edge_count; i++) {
        void *target = NULL;
        if (rng_below(&model->random, 2) == 0 &&
            (node->edges[i] = some_node(model, &target)) != NONE)
            store_first(model, node, object, i, target);
    }
    unsigned root = (unsigned)rng_below(&model->random, ROOTS);
    model->roots[root] = object;
    model->root_nodes[root] = (uint32_t)(node - model->nodes);
    model->made++;
}

static void link_nodes(struct model *model)
{
    void *from, *to = NULL;
    uint32_t source = some_node(model, &from);
    if (source == NONE || model->nodes[source].edge_count == 0)
        return;
    struct node *node = &model->nodes[source];
    size_t edge = rng_below(&model->random, node->edge_count);
    uint32_t target = rng_below(&model->random, 5) == 0 ? NONE : some_node(model, &to);
    if (target == NONE)
        to = NULL;
    if (rng_below(&model->random, 20) == 0) {
        target = NONE - 1;
        to = TAGGED;
    }
    firn_heap_write(model->heap, from, slot_of(from, node, edge), to);
    node->edges[edge] = target;
}

static void move_root(struct model *model)
{
    unsigned root = (unsigned)rng_below(&model->random, ROOTS);
    void *object = NULL;
    uint32_t node = rng_below(&model->random, 3) == 0 ? NONE : some_node(model, &object);
    model->root_nodes[root] = node;
    model->roots[root] = node == NONE ? NULL : object;
}

static void make_weak(struct model *model)
{
    unsigned index = (unsigned)rng_below(&model->random, WEAKS);
    void *object;
    uint32_t node = some_node(model, &object);
    firn_weak_destroy(model->heap, model->weaks[index]);
    model->weaks[index] = NULL;
    if (node == NONE)
        return;
    model->weaks[index] = firn_weak_create(model->heap, object);
    assert_non_null(model->weaks[index]);
    model->weak_ids[index] = model->nodes[node].id;
}

static void collect(struct model *model)
{
    uint64_t kind = rng_below(&model->random, 400);
    shadow_collect(model);
    if (kind < 300) {
        if (kind == 0) /* a marking may begin */
            ((struct heap *)model->heap)->trigger_bytes = 0;
        ((struct heap *)model->heap)->step_bytes = 512;
        firn_heap_step(model->heap);
        return;
    }
    firn_collection how = kind < 398    ? FIRN_COLLECT_MINOR
                          : kind == 398 ? FIRN_COLLECT_FULL
                                        : FIRN_COLLECT_COMPACT;
    /* Objects that wait for their finaliser keep others. */
    bool all_found = ((struct heap *)model->heap)->final_due.count == 0;
    firn_status status = firn_heap_collect(model->heap, how);
    assert_true(status == FIRN_OK || model->limited);
    if (how != FIRN_COLLECT_MINOR)
        compare_weaks(model, all_found);
}

static void operate(struct model *model)
{
    uint64_t what = rng_below(&model->random, 100);
    if (what < 40)
        make(model);
    else if (what < 75)
        link_nodes(model);
    else if (what < 92)
        move_root(model);
    else if (what < 96)
        make_weak(model);
    else
        collect(model);
}

static uint64_t operations(void)
{
    const char *given = getenv("FIRN_OPS");
    return given != NULL ? strtoull(given, NULL, 0) : 100000;
}

static void run(const char *name, const firn_heap_options *options, uint64_t divisor)
{
    static struct model model;
    failing memory;
    firn_heap_options chosen = *options;
    memset(&model, 0, sizeof model);
    failing_init(&memory, 0);
    rng_init(&model.random, name);
    chosen.allocator = &memory.allocator;
    assert_int_equal(firn_heap_create(&chosen, &model.heap), FIRN_OK);
    model.next_id = 1;
    model.limited = options->limit_bytes != 0;
    put_types(&model);
    for (unsigned i = 0; i < ROOTS; i++)
        model.root_nodes[i] = NONE;
    firn_roots_begin(model.heap, &model.frame, model.roots, ROOTS);
    uint64_t count = operations() / divisor, check = count / 200 + 1;
    for (uint64_t i = 0; i < count; i++) {
        operate(&model);
        if (i % check == 0) {
            verify(&model);
            compare(&model);
            compare_weaks(&model, false);
        }
    }
    verify(&model);
    compare(&model);
    firn_heap_stats stats;
    firn_heap_stats_get(model.heap, &stats);
    printf("%s: made %llu, refused %llu, finalised %llu, %llu minor, %llu marked, %llu full, "
           "%llu compact, %llu steps\n",
           name, (unsigned long long)model.made, (unsigned long long)model.refused,
           (unsigned long long)model.finalised, (unsigned long long)stats.minor_count,
           (unsigned long long)stats.mark_count, (unsigned long long)stats.full_count,
           (unsigned long long)stats.compact_count, (unsigned long long)stats.step_count);
    firn_roots_end(model.heap, &model.frame);
    firn_heap_destroy(model.heap);
    failing_check(&memory);
}

static void heap_holds_the_shadow_graph(void **state)
{
    (void)state;
    run("heap_holds_the_shadow_graph", &(firn_heap_options){.nursery_bytes = 128 << 10}, 1);
}

static void heap_holds_the_shadow_graph_by_defaults(void **state)
{
    (void)state;
    run("heap_holds_the_shadow_graph_by_defaults", &(firn_heap_options){0}, 2);
}

static void heap_holds_the_shadow_graph_when_promoting_at_once(void **state)
{
    (void)state;
    run("heap_holds_the_shadow_graph_when_promoting_at_once",
        &(firn_heap_options){.nursery_bytes = 128 << 10, .promote_age = 1, .growth_percent = 10},
        2);
}

static void heap_holds_the_shadow_graph_at_its_limit(void **state)
{
    (void)state;
    run("heap_holds_the_shadow_graph_at_its_limit",
        &(firn_heap_options){.nursery_bytes = 128 << 10, .limit_bytes = 9 << 20}, 4);
}

static void heap_holds_the_shadow_graph_under_stress(void **state)
{
    (void)state;
    run("heap_holds_the_shadow_graph_under_stress",
        &(firn_heap_options){.nursery_bytes = 128 << 10, .stress = true}, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heap_holds_the_shadow_graph),
        cmocka_unit_test(heap_holds_the_shadow_graph_by_defaults),
        cmocka_unit_test(heap_holds_the_shadow_graph_when_promoting_at_once),
        cmocka_unit_test(heap_holds_the_shadow_graph_at_its_limit),
        cmocka_unit_test(heap_holds_the_shadow_graph_under_stress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
