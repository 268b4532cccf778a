/* Packed trees against the arrays they were made from: random trees, random samples, random
 * distances of checkpoints, decoded whole and in parts and located by offset, after the family went
 * through bytes, which it may also do while trees are packed. */
#include "support/random_tree.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { TREES = 12 };

struct packed {
    void *data;
    size_t size;
};

struct corpus {
    rng random;
    struct random_tree *tree; /* TREES */
    struct packed packed[TREES];
    firn_family *family; /* loaded */
};

/* Sends the family through bytes and lets it pack again, with or without further productions. */
static void resume(struct corpus *corpus, firn_family **family, firn_builder **builder,
                   uint32_t checkpoint_nodes)
{
    const firn_family_options options = {.checkpoint_nodes = checkpoint_nodes,
                                         .limit_bytes = rng_below(&corpus->random, 2)};
    void *saved;
    size_t saved_size;
    firn_builder_destroy(*builder);
    assert_int_equal(firn_family_resume(*family, &options), FIRN_INVALID); /* not loaded */
    assert_int_equal(firn_family_save(*family, NULL, &saved, &saved_size), FIRN_OK);
    firn_family_destroy(*family);
    assert_int_equal(firn_family_load(saved, saved_size, NULL, family), FIRN_OK);
    firn_release(NULL, saved, saved_size);
    const unsigned count = firn_family_production_count(*family);
    assert_int_equal(firn_family_resume(*family, &options), FIRN_OK);
    assert_int_equal(firn_family_production_count(*family), count);
    assert_int_equal(firn_builder_create(*family, NULL, builder), FIRN_OK);
}

/* Settles a family on the first `sample` trees, packs all and loads the family anew. */
/* Gives some nodes places, of which some come again. */
static void add_places(struct random_tree *tree, rng *random)
{
    for (uint32_t i = 0; i < tree->count; i++)
        if (rng_below(random, 10) == 0)
            tree->node[i].flags |=
                (unsigned)rng_below(random, rng_below(random, 2) == 0 ? 8 : 1 << 23) << 3;
}

static void make_corpus(struct corpus *corpus, unsigned sample, uint32_t checkpoint_nodes)
{
    firn_family_options options = {.checkpoint_nodes = checkpoint_nodes};
    firn_family *family;
    firn_builder *builder;
    assert_int_equal(firn_family_create(&options, &family), FIRN_OK);
    assert_int_equal(random_tree_vocabulary(family), FIRN_OK);
    assert_int_equal(firn_builder_create(family, NULL, &builder), FIRN_OK);
    for (unsigned i = 0; i < TREES; i++)
        random_tree_make(&corpus->tree[i], &corpus->random, 1u << (4 + i % 9));
    for (unsigned i = 0; i < TREES; i++)
        add_places(&corpus->tree[i], &corpus->random);
    for (unsigned i = 0; i < sample; i++) {
        assert_int_equal(random_tree_build(&corpus->tree[i], builder), FIRN_OK);
        assert_int_equal(firn_builder_learn(builder), FIRN_OK);
    }
    assert_int_equal(firn_family_settle(family), FIRN_OK);
    const uint64_t resumed = rng_below(&corpus->random, 2 * TREES);
    for (unsigned i = 0; i < TREES; i++) {
        const void *data;
        if (i == resumed)
            resume(corpus, &family, &builder, checkpoint_nodes);
        struct packed *packed = &corpus->packed[i];
        assert_int_equal(random_tree_build(&corpus->tree[i], builder), FIRN_OK);
        assert_true(random_tree_equals(&corpus->tree[i], family, firn_builder_nodes(builder)));
        assert_int_equal(firn_builder_pack(builder, &data, &packed->size), FIRN_OK);
        packed->data = malloc(packed->size);
        assert_non_null(packed->data);
        memcpy(packed->data, data, packed->size);
    }
    void *saved;
    size_t saved_size;
    assert_int_equal(firn_family_save(family, NULL, &saved, &saved_size), FIRN_OK);
    assert_int_equal(firn_family_load(saved, saved_size, NULL, &corpus->family), FIRN_OK);
    firn_release(NULL, saved, saved_size);
    firn_builder_destroy(builder);
    firn_family_destroy(family);
}

static void drop_corpus(struct corpus *corpus)
{
    for (unsigned i = 0; i < TREES; i++)
        free(corpus->packed[i].data);
    firn_family_destroy(corpus->family);
}

static firn_tree open_tree(const struct corpus *corpus, unsigned i)
{
    firn_tree tree;
    assert_int_equal(firn_tree_open(corpus->family, corpus->packed[i].data, corpus->packed[i].size,
                                    corpus->tree[i].text, corpus->tree[i].text_size, &tree),
                     FIRN_OK);
    return tree;
}

/* The smallest node over an offset, the obvious way. */
static uint32_t smallest_over(const struct random_tree *tree, uint32_t offset)
{
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->node[i].start <= offset && offset < tree->node[i].end)
            found = i; /* nodes nest, so the last one in preorder is the smallest */
    }
    return found;
}

static void check_locate(const struct corpus *corpus, const firn_tree *opened, unsigned i,
                         uint32_t offset)
{
    const struct random_tree *tree = &corpus->tree[i];
    firn_path_node *path;
    size_t depth;
    firn_status status = firn_tree_locate(opened, offset, NULL, &path, &depth);
    uint32_t want = smallest_over(tree, offset);
    if (want == UINT32_MAX) {
        assert_int_equal(status, FIRN_NOT_FOUND);
        return;
    }
    assert_int_equal(status, FIRN_OK);
    assert_int_equal(path[depth - 1].end, tree->node[want].end);
    for (size_t k = depth; k-- > 0; want = tree->node[want].parent) {
        assert_int_equal(path[k].index, want);
        assert_int_equal(path[k].start, tree->node[want].start);
        assert_int_equal(firn_edge_label(corpus->family, path[k].edge), tree->node[want].label);
        assert_int_equal(firn_edge_field(corpus->family, path[k].edge),
                         random_tree_field(&tree->node[want]));
        assert_true(k > 0 || want == 0);
    }
    firn_release(NULL, path, depth * sizeof *path);
}

static void packed_trees_decode_to_what_was_built(void **state)
{
    struct corpus *corpus = *state;
    for (unsigned round = 0; round < 20; round++) {
        uint32_t distance = 1u << rng_below(&corpus->random, 13);
        make_corpus(corpus, (unsigned)rng_below(&corpus->random, TREES + 1), distance);
        firn_nodes nodes = {0};
        for (unsigned i = 0; i < TREES; i++) {
            firn_tree tree = open_tree(corpus, i);
            assert_int_equal(tree.node_count, corpus->tree[i].count);
            assert_int_equal(firn_tree_decode(&tree, &nodes), FIRN_OK);
            assert_true(random_tree_equals(&corpus->tree[i], corpus->family, &nodes));
        }
        firn_nodes_fini(&nodes);
        drop_corpus(corpus);
    }
}

static void locating_finds_the_smallest_node_and_its_path(void **state)
{
    struct corpus *corpus = *state;
    for (unsigned round = 0; round < 6; round++) {
        make_corpus(corpus, 6, 1u << rng_below(&corpus->random, 10));
        for (unsigned i = 0; i < TREES; i++) {
            firn_tree tree = open_tree(corpus, i);
            uint32_t size = corpus->tree[i].text_size;
            for (unsigned k = 0; k < 100; k++)
                check_locate(corpus, &tree, i, (uint32_t)rng_below(&corpus->random, size + 2));
        }
        drop_corpus(corpus);
    }
}

/* Asks a partial tree for places by chance, and for all below some of the nodes found. */
static void check_partial(struct corpus *corpus, const firn_tree *opened, unsigned i)
{
    const struct random_tree *tree = &corpus->tree[i];
    firn_partial *partial;
    assert_int_equal(firn_partial_create(opened, NULL, &partial), FIRN_OK);
    const firn_node *nodes = firn_partial_nodes(partial)->node;
    assert_int_equal(firn_partial_fill(partial, opened->node_count - 1), FIRN_INVALID);
    for (unsigned k = 0; k < 20; k++) {
        const uint32_t offset = (uint32_t)rng_below(&corpus->random, tree->text_size + 2);
        uint32_t want = smallest_over(tree, offset), found;
        const firn_status status = firn_partial_locate(partial, offset, &found);
        assert_int_equal(status, want == UINT32_MAX ? FIRN_NOT_FOUND : FIRN_OK);
        for (; want != UINT32_MAX; want = want > 0 ? tree->node[want].parent : UINT32_MAX) {
            assert_int_equal(found, want);
            assert_int_equal(nodes[found].start, tree->node[want].start);
            assert_int_equal(nodes[found].end, tree->node[want].end);
            assert_int_equal(firn_node_label(&nodes[found]), tree->node[want].label);
            if (rng_below(&corpus->random, 3) == 0)
                assert_int_equal(firn_partial_fill(partial, found), FIRN_OK);
            found = firn_partial_parent(partial, found);
        }
        assert_true(status != FIRN_OK || found == UINT32_MAX);
    }
    if (nodes[0].next != 0) {
        assert_int_equal(firn_partial_fill(partial, 0), FIRN_OK);
        assert_true(random_tree_equals(tree, corpus->family, firn_partial_nodes(partial)));
    }
    firn_partial_destroy(partial);
}

static void partial_trees_tell_what_whole_ones_do(void **state)
{
    struct corpus *corpus = *state;
    for (unsigned round = 0; round < 20; round++) {
        make_corpus(corpus, 6, 1u << rng_below(&corpus->random, 10));
        for (unsigned i = 0; i < TREES; i++) {
            firn_tree tree = open_tree(corpus, i);
            check_partial(corpus, &tree, i);
        }
        drop_corpus(corpus);
    }
}

static void look_at_damaged(struct corpus *corpus, const firn_tree *tree)
{
    firn_partial *partial;
    if (firn_partial_create(tree, NULL, &partial) != FIRN_OK)
        return;
    const firn_node *nodes = firn_partial_nodes(partial)->node;
    for (unsigned k = 0; k < 3; k++) {
        uint32_t found;
        const uint32_t offset = (uint32_t)rng_below(&corpus->random, tree->text_size + 1);
        if (firn_partial_locate(partial, offset, &found) != FIRN_OK)
            continue;
        for (uint32_t node = found; node != UINT32_MAX; node = firn_partial_parent(partial, node)) {
            assert_true(nodes[node].end <= tree->text_size);
            assert_true(nodes[node].next > node && nodes[node].next <= tree->node_count);
        }
        (void)!firn_partial_fill(partial, found);
    }
    firn_partial_destroy(partial);
}

/* Damage may be noticed or give another tree, but every node stays inside the text and the array.
 */
static void damaged_bytes_never_lead_outside_the_text(void **state)
{
    struct corpus *corpus = *state;
    make_corpus(corpus, 6, 16);
    firn_nodes nodes = {0};
    for (unsigned round = 0; round < 4000; round++) {
        unsigned i = (unsigned)rng_below(&corpus->random, TREES);
        uint8_t *data = corpus->packed[i].data;
        size_t place = rng_below(&corpus->random, corpus->packed[i].size);
        uint8_t before = data[place];
        data[place] = (uint8_t)rng_next(&corpus->random);
        firn_tree tree;
        uint32_t size = corpus->tree[i].text_size;
        if (firn_tree_open(corpus->family, data, corpus->packed[i].size, corpus->tree[i].text, size,
                           &tree) == FIRN_OK) {
            if (firn_tree_decode(&tree, &nodes) == FIRN_OK) {
                assert_int_equal(nodes.count, tree.node_count);
                for (uint32_t k = 0; k < nodes.count; k++) {
                    assert_true(nodes.node[k].start <= nodes.node[k].end);
                    assert_true(nodes.node[k].end <= size);
                    assert_true(nodes.node[k].next > k && nodes.node[k].next <= nodes.count);
                }
            }
            firn_path_node *path;
            size_t depth;
            uint32_t offset = (uint32_t)rng_below(&corpus->random, size + 1);
            if (firn_tree_locate(&tree, offset, NULL, &path, &depth) == FIRN_OK)
                firn_release(NULL, path, depth * sizeof *path);
            look_at_damaged(corpus, &tree);
        }
        data[place] = before;
    }
    firn_nodes_fini(&nodes);
    drop_corpus(corpus);
}

static int setup(void **state)
{
    static struct corpus corpus;
    rng_init(&corpus.random, "model_tree");
    corpus.tree = malloc(TREES * sizeof *corpus.tree);
    *state = &corpus;
    return corpus.tree == NULL;
}

static int teardown(void **state)
{
    free(((struct corpus *)*state)->tree);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_trees_decode_to_what_was_built),
        cmocka_unit_test(locating_finds_the_smallest_node_and_its_path),
        cmocka_unit_test(partial_trees_tell_what_whole_ones_do),
        cmocka_unit_test(damaged_bytes_never_lead_outside_the_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
