/* One random program, run in all modes and once on plain malloc: trees that grow, are changed,
 * moved into one another and dropped. What it reads must be the same everywhere, and so must be how
 * many objects it made of each type. */
#include <firn/context.h>

#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { SLOTS = 40, STEPS = 25000, STRESS_STEPS = 1500, ROUNDS = 4 };

#define MEMORY_BYTES ((size_t)24 << 20)

typedef struct node {
    struct node *child; /* the first; a node owns its children and its text */
    struct node *next;  /* of its siblings */
    uint8_t *text;
    uint32_t text_size;
    uint32_t value;
} node;

static const uint32_t node_slots[] = {offsetof(node, child), offsetof(node, next),
                                      offsetof(node, text)};

/* What the program runs on. */
typedef struct world {
    const char *name;
    firn_context *context; /* NULL: malloc */
    firn_type node, text;
    bool counted;
    rng random;
    void *slots[SLOTS];
    void *held[1]; /* what is in hand while objects are made */
    uint64_t digest;
    uint64_t made_nodes, made_texts, live_nodes;
} world;

/* --- objects --- */

static void *make(world *in, firn_type type, size_t size)
{
    void *made = in->context != NULL ? firn_context_alloc_zeroed(in->context, type, 1, size)
                                     : calloc(1, size != 0 ? size : 1);
    assert_non_null(made);
    return made;
}

static void *change(world *in, firn_type type, void *object, size_t old_size, size_t size)
{
    void *changed = in->context != NULL
                        ? firn_context_realloc(in->context, type, object, old_size, size)
                        : realloc(object, size != 0 ? size : 1);
    assert_non_null(changed);
    return changed;
}

static void drop(world *in, firn_type type, void *object, size_t size)
{
    if (in->context != NULL)
        assert_int_equal(firn_context_release(in->context, type, object, size), FIRN_OK);
    else
        free(object);
}

static void put(world *in, void *object, void *slot, void *value)
{
    if (in->context != NULL)
        firn_context_write(in->context, object, slot, value);
    else
        memcpy(slot, &value, sizeof value);
}

static node *make_node(world *in)
{
    node *made = make(in, in->node, sizeof *made);
    made->value = (uint32_t)rng_next(&in->random);
    in->made_nodes++;
    in->live_nodes++;
    return made;
}

static void drop_tree(world *in, node *tree)
{
    while (tree != NULL) {
        node *next = tree->next;
        drop_tree(in, tree->child);
        if (tree->text != NULL)
            drop(in, in->text, tree->text, tree->text_size);
        drop(in, in->node, tree, sizeof *tree);
        in->live_nodes--;
        tree = next;
    }
}

/* --- reading --- */

static void mix(world *in, uint64_t value)
{
    in->digest = (in->digest ^ value) * 0x9e3779b97f4a7c15u;
    in->digest ^= in->digest >> 29;
}

static void read_tree(world *in, const node *tree)
{
    for (; tree != NULL; tree = tree->next) {
        mix(in, tree->value);
        mix(in, tree->text_size);
        for (uint32_t i = 0; i < tree->text_size; i += 1 + tree->text_size / 16)
            mix(in, tree->text[i]);
        read_tree(in, tree->child);
        mix(in, 0);
    }
}

/* A random node of a random tree, or NULL. */
static node *pick(world *in)
{
    node *at = in->slots[rng_below(&in->random, SLOTS)];
    while (at != NULL && at->child != NULL && rng_below(&in->random, 4) != 0) {
        at = at->child;
        while (at->next != NULL && rng_below(&in->random, 2) != 0)
            at = at->next;
    }
    return at;
}

/* --- the steps of the program --- */

static void plant(world *in)
{
    size_t slot = rng_below(&in->random, SLOTS);
    drop_tree(in, in->slots[slot]);
    in->slots[slot] = NULL;
    in->slots[slot] = make_node(in);
}

static void grow(world *in)
{
    in->held[0] = pick(in);
    if (in->held[0] == NULL)
        return;
    node *child = make_node(in), *parent = in->held[0];
    put(in, child, &child->next, parent->child);
    put(in, parent, &parent->child, child);
}

static void write_text(world *in)
{
    in->held[0] = pick(in);
    if (in->held[0] == NULL)
        return;
    uint32_t size = (uint32_t)rng_below(&in->random, rng_below(&in->random, 50) != 0 ? 200 : 50000);
    node *of = in->held[0];
    in->made_texts += of->text == NULL;
    uint8_t *text = change(in, in->text, of->text, of->text_size, size);
    of = in->held[0];
    uint32_t kept = of->text_size < size ? of->text_size : size;
    for (uint32_t i = 0; i < kept; i += 1 + size / 16)
        mix(in, text[i]);
    memset(text, (int)(rng_next(&in->random) & 255), size);
    of->text_size = size;
    put(in, of, &of->text, text);
}

static void prune(world *in)
{
    node *of = pick(in);
    if (of == NULL || of->child == NULL)
        return;
    node *child = of->child;
    put(in, of, &of->child, child->next);
    put(in, child, &child->next, NULL);
    drop_tree(in, child);
}

/* A whole tree becomes a child of a node elsewhere. */
static void graft(world *in)
{
    size_t slot = rng_below(&in->random, SLOTS);
    node *tree = in->slots[slot];
    in->slots[slot] = NULL;
    node *parent = pick(in);
    if (tree == NULL || parent == NULL) {
        in->slots[slot] = tree;
        return;
    }
    put(in, tree, &tree->next, parent->child);
    put(in, parent, &parent->child, tree);
}

/* Objects that die at once. */
static void litter(world *in)
{
    for (uint64_t count = rng_below(&in->random, 20); count > 0; count--) {
        size_t size = rng_below(&in->random, 300);
        uint8_t *text = make(in, in->text, size);
        in->made_texts++;
        for (size_t i = 0; i < size; i++)
            assert_int_equal(text[i], 0);
        memset(text, 0xff, size);
        drop(in, in->text, text, size);
    }
}

static void clear(world *in)
{
    for (size_t i = 0; i < SLOTS; i++) {
        drop_tree(in, in->slots[i]);
        in->slots[i] = NULL;
    }
    if (in->context != NULL && firn_context_mode(in->context) == FIRN_MODE_COMPILER) {
        memset(in->held, 0, sizeof in->held);
        assert_int_equal(firn_context_reset(in->context), FIRN_OK);
    }
}

static void verify(world *in)
{
    if (in->context == NULL)
        return;
    firn_error error;
    firn_heap *heap = firn_context_heap(in->context);
    firn_slab *slab = firn_context_slab(in->context);
    if (heap != NULL && firn_heap_verify(heap, &error) != FIRN_OK)
        fail_msg("%s: %s", in->name, error.text);
    if (slab != NULL)
        assert_int_equal(firn_slab_verify(slab), FIRN_OK);
    if (!in->counted)
        return;
    firn_context_type_stats rows[2];
    assert_int_equal(firn_context_stats(in->context, rows, 2), 2);
    assert_int_equal(rows[0].total_count, in->made_nodes);
    assert_int_equal(rows[0].total_bytes, in->made_nodes * sizeof(node));
    assert_int_equal(rows[1].total_count, in->made_texts);
    assert_true(rows[0].live_count >= in->live_nodes);
    if (heap == NULL)
        assert_int_equal(rows[0].live_count, in->live_nodes);
}

static void step(world *in)
{
    switch (rng_below(&in->random, 32)) {
    case 0:
    case 1:
        plant(in);
        break;
    case 2:
        prune(in);
        break;
    case 3:
    case 4:
        graft(in);
        break;
    case 5:
        litter(in);
        break;
    case 6:
        read_tree(in, in->slots[rng_below(&in->random, SLOTS)]);
        break;
    case 7:
        if (rng_below(&in->random, 40) == 0)
            clear(in);
        break;
    case 8:
        if (rng_below(&in->random, 8) == 0)
            verify(in);
        break;
    default:
        rng_below(&in->random, 2) != 0 ? grow(in) : write_text(in);
    }
    in->held[0] = NULL; /* may be gone */
}

/* --- running it --- */

static void open_world(world *in, const firn_context_options *options)
{
    const firn_type_options text_type = {.name = "text"};
    const firn_type_options node_type = {
        .name = "node",
        .kind = FIRN_TYPE_MAP,
        .offsets = node_slots,
        .offset_count = sizeof node_slots / sizeof node_slots[0],
    };
    in->counted = options->statistics;
    assert_int_equal(firn_context_create(options, &in->context), FIRN_OK);
    assert_int_equal(firn_context_type_put(in->context, &node_type, &in->node), FIRN_OK);
    assert_int_equal(firn_context_type_put(in->context, &text_type, &in->text), FIRN_OK);
}

/* Runs the program of a seed; returns what it read. */
static uint64_t run(const char *name, const firn_context_options *options, uint64_t seed, int steps)
{
    static world in;
    firn_roots slots, held;
    memset(&in, 0, sizeof in);
    in.name = name;
    rng_seed(&in.random, seed);
    if (options != NULL) {
        open_world(&in, options);
        firn_context_roots_begin(in.context, &slots, in.slots, SLOTS);
        firn_context_roots_begin(in.context, &held, in.held, 1);
    }
    for (int i = 0; i < steps; i++)
        step(&in);
    for (size_t i = 0; i < SLOTS; i++)
        read_tree(&in, in.slots[i]);
    mix(&in, in.live_nodes);
    verify(&in);
    clear(&in);
    verify(&in);
    assert_int_equal(in.live_nodes, 0);
    if (options != NULL) {
        firn_context_roots_end(in.context, &held);
        firn_context_roots_end(in.context, &slots);
    }
    firn_context_destroy(in.context);
    return in.digest;
}

static void a_program_reads_the_same_in_all_modes(void **state)
{
    (void)state;
    static uint8_t memory[MEMORY_BYTES];
    static const struct {
        const char *name;
        firn_context_options options;
    } modes[] = {
        {"compiler", {.mode = FIRN_MODE_COMPILER}},
        {"runtime", {.mode = FIRN_MODE_RUNTIME, .nursery_bytes = 128 << 10}},
        {"vm", {.mode = FIRN_MODE_VM, .nursery_bytes = 128 << 10}},
        {"server", {.mode = FIRN_MODE_SERVER, .limit_bytes = MEMORY_BYTES}},
        {"memory", {.mode = FIRN_MODE_SERVER, .memory = memory, .memory_bytes = sizeof memory}},
    };
    rng random;
    rng_init(&random, "context");
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t seed = rng_next(&random);
        uint64_t plain = run("malloc", NULL, seed, STEPS);
        for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
            firn_context_options options = modes[i].options;
            options.statistics = round % 2 != 0;
            if (run(modes[i].name, &options, seed, STEPS) != plain)
                fail_msg("%s differs from malloc", modes[i].name);
        }
    }
}

static void a_program_reads_the_same_when_all_objects_move(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "context_stress");
    for (int statistics = 0; statistics <= 1; statistics++) {
        uint64_t seed = rng_next(&random);
        uint64_t plain = run("malloc", NULL, seed, STRESS_STEPS);
        const firn_context_options options = {
            .mode = FIRN_MODE_VM,
            .limit_bytes = (size_t)64 << 20,
            .statistics = statistics != 0,
            .stress = true,
        };
        assert_int_equal(run("stress", &options, seed, STRESS_STEPS), plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_reads_the_same_in_all_modes),
        cmocka_unit_test(a_program_reads_the_same_when_all_objects_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
