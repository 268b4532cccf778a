/* A heap against a shadow graph: after any random work every object that the shadow can reach from
 * its roots is there with its type, size, content and edges; the heap verifies; weak references and
 * finalisers tell the truth, and in the end each object with a finaliser was finalised once. The
 * graph grows and shrinks between a hundred and some thousand objects. FIRN_OPS sets the number of
 * operations, 100,000 as a rule. */
#include "alloc/heap/space.h"

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#ifndef OPERATIONS
#define OPERATIONS 100000
#endif

#define NODES 8192 /* of the shadow */
#define LIVE_MAX 5000
#define ROOTS 64
#define EDGES_MAX 12
#define WEAKS 64
#define CHECK_MAX 5000 /* operations between two looks at everything */
#define NONE UINT32_MAX

enum shape { LEAF, PAIR, POINTERS, TRACED, FINAL, SHAPES };

struct node {
    bool used;
    enum shape shape;
    size_t size;
    uint64_t id;               /* a serial number, then the node's index */
    uint32_t edges[EDGES_MAX]; /* other nodes, NONE, or a tagged number as NONE - 1 */
    size_t edge_count;
    size_t first_edge; /* of a large array: the slot where the edges begin */
    bool seen;
    void *object; /* while a walk goes on */
    void *fixed;  /* where it must stay, or NULL */
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
    uint64_t next_serial;
    uint64_t made, made_final, finalised, refused, marking;
    size_t low, high; /* objects between which the graph grows or shrinks */
    size_t most;      /* objects at once */
    bool growing;
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

static struct node *node_of(struct model *model, uint64_t id)
{
    struct node *node = &model->nodes[id % NODES];
    return node->used && node->id == id ? node : NULL;
}

static void shadow_collect(struct model *model);

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
    assert_true(id / NODES > 0 && id / NODES < model->next_serial);
    if (node_of(model, id) != NULL) { /* not yet known to be dead, but it must be */
        shadow_collect(model);
        assert_null(node_of(model, id));
    }
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

static size_t shadow_count(struct model *model)
{
    size_t count = 0;
    shadow_collect(model);
    for (uint32_t i = 0; i < NODES; i++)
        count += model->nodes[i].used;
    return count;
}

/* Turns between growing and shrinking. */
static void steer(struct model *model)
{
    size_t count = shadow_count(model);
    model->most = count > model->most ? count : model->most;
    if (count >= model->high || model->high == 0) {
        model->growing = model->high == 0;
        model->low = 100 + rng_below(&model->random, LIVE_MAX / 2);
    }
    if (count <= model->low) {
        model->growing = true;
        model->high = model->low + 100 + rng_below(&model->random, LIVE_MAX - model->low);
    }
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
    assert_true(node->fixed == NULL || node->fixed == object);
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
        bool alive = node_of(model, model->weak_ids[i]) != NULL;
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
    node->id = model->next_serial++ * NODES + (uint64_t)(node - model->nodes);
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

static void *allocate(struct model *model, struct node *node)
{
    bool pinned = rng_below(&model->random, 50) == 0;
    firn_type type = model->types[node->shape];
    void *object = pinned ? firn_heap_alloc_pinned(model->heap, type, node->size)
                          : firn_heap_alloc(model->heap, type, node->size);
    node->fixed = pinned || node->size > FIRN_HEAP_PLAIN_MAX ? object : NULL;
    return object;
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

/* Lets a root or a slot of a reachable object refer to a new object; while the graph grows, one
 * that referred to nothing. */
static void attach(struct model *model, uint32_t index, void *object)
{
    for (unsigned tries = 0; tries < 8; tries++) {
        unsigned root = (unsigned)rng_below(&model->random, ROOTS);
        if (rng_below(&model->random, 4) == 0 &&
            (!model->growing || model->root_nodes[root] == NONE)) {
            model->roots[root] = object;
            model->root_nodes[root] = index;
            return;
        }
        void *from;
        uint32_t source = some_node(model, &from);
        if (source == NONE || model->nodes[source].edge_count == 0)
            continue;
        struct node *node = &model->nodes[source];
        size_t edge = rng_below(&model->random, node->edge_count);
        if (model->growing && node->edges[edge] < NODES)
            continue;
        firn_heap_write(model->heap, from, slot_of(from, node, edge), object);
        node->edges[edge] = index;
        return;
    }
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static void make(struct model *model)
{
    struct node *node = free_node(model);
    if (node == NULL)
        return;
    fill_shape(model, node);
    void *object = allocate(model, node);
    if (object == NULL) {
        assert_true(model->limited);
        model->refused++;
        if (model->growing) {
            model->growing = false;
            model->low = shadow_count(model) / 2;
        }
        return;
    }
    assert_true(is_zero(object, node->size));
    fill_object(model, node, object);
    node->used = true;
    for (size_t i = 0; i < node->edge_count; i++) {
        void *target = NULL;
        if (rng_below(&model->random, 4) == 0 &&
            (node->edges[i] = some_node(model, &target)) != NONE)
            store_first(model, node, object, i, target);
    }
    attach(model, (uint32_t)(node - model->nodes), object);
    model->made++;
    model->made_final += node->shape == FINAL;
}

static void link_nodes(struct model *model)
{
    void *from, *to = NULL;
    uint32_t source = some_node(model, &from);
    if (source == NONE || model->nodes[source].edge_count == 0)
        return;
    struct node *node = &model->nodes[source];
    size_t edge = rng_below(&model->random, node->edge_count);
    if (model->growing && node->edges[edge] < NODES && rng_below(&model->random, 16) != 0)
        return;
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
    if (model->growing && model->root_nodes[root] != NONE && rng_below(&model->random, 16) != 0)
        return;
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
    uint64_t kind = rng_below(&model->random, 2000);
    struct heap *heap = (struct heap *)model->heap;
    if (kind < 1700) {
        if (kind < 20) /* a marking may begin */
            heap->trigger_bytes = 0;
        firn_heap_step(model->heap);
        return;
    }
    firn_collection how = kind < 1997    ? FIRN_COLLECT_MINOR
                          : kind == 1997 ? FIRN_COLLECT_FULL
                                         : FIRN_COLLECT_COMPACT;
    /* Objects that wait for their finaliser keep others. */
    bool all_found = heap->final_due.count == 0;
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
    model->marking += ((struct heap *)model->heap)->phase == PHASE_MARK;
}

static uint64_t operations(void)
{
    const char *given = getenv("FIRN_OPS");
    return given != NULL ? strtoull(given, NULL, 0) : OPERATIONS;
}

/* With no root left, all objects are found dead, and those with a finaliser have been finalised. */
static void let_go(struct model *model)
{
    for (unsigned i = 0; i < ROOTS; i++) {
        model->roots[i] = NULL;
        model->root_nodes[i] = NONE;
    }
    shadow_collect(model);
    for (uint64_t before = UINT64_MAX; before != model->finalised;) {
        before = model->finalised; /* each may have kept others */
        assert_int_equal(firn_heap_collect(model->heap, FIRN_COLLECT_FULL), FIRN_OK);
    }
    assert_int_equal(model->finalised, model->made_final);
    compare_weaks(model, true);
    firn_heap_stats stats;
    assert_int_equal(firn_heap_collect(model->heap, FIRN_COLLECT_FULL), FIRN_OK);
    firn_heap_stats_get(model->heap, &stats);
    assert_int_equal(stats.old_bytes, 0);
}

static void report(const struct model *model, const char *name)
{
    firn_heap_stats stats;
    firn_heap_stats_get(model->heap, &stats);
    printf("%s: made %llu, at most %zu live, refused %llu, finalised %llu, %llu minor, %llu "
           "marked, %llu full, "
           "%llu compact, %llu steps, marking for %llu operations\n",
           name, (unsigned long long)model->made, model->most, (unsigned long long)model->refused,
           (unsigned long long)model->finalised, (unsigned long long)stats.minor_count,
           (unsigned long long)stats.mark_count, (unsigned long long)stats.full_count,
           (unsigned long long)stats.compact_count, (unsigned long long)stats.step_count,
           (unsigned long long)model->marking);
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
    ((struct heap *)model.heap)->step_bytes = 512; /* so that markings take many operations */
    model.next_serial = 1;
    model.limited = options->limit_bytes != 0;
    put_types(&model);
    for (unsigned i = 0; i < ROOTS; i++)
        model.root_nodes[i] = NONE;
    firn_roots_begin(model.heap, &model.frame, model.roots, ROOTS);
    uint64_t count = operations() / divisor, check = count / 200 + 1;
    check = check < CHECK_MAX ? check : CHECK_MAX;
    for (uint64_t i = 0; i < count; i++) {
        operate(&model);
        if (i % 512 == 0)
            steer(&model);
        if (i % check == 0) {
            verify(&model);
            compare(&model);
            compare_weaks(&model, false);
        }
    }
    verify(&model);
    compare(&model);
    report(&model, name);
    let_go(&model);
    verify(&model);
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
