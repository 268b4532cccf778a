/* Every allocation of the tree library made to fail in turn. */
#include "support/failing.h"
#include "support/random_tree.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static struct random_tree trees[3];

static firn_status build_and_pack(firn_family *family, firn_builder *builder, uint8_t *packed,
                                  size_t *size)
{
    firn_status status = random_tree_vocabulary(family);
    for (unsigned i = 0; status == FIRN_OK && i < 2; i++) {
        status = random_tree_build(&trees[i], builder);
        if (status == FIRN_OK)
            status = firn_builder_learn(builder);
    }
    if (status == FIRN_OK)
        status = firn_family_settle(family);
    if (status == FIRN_OK)
        status = random_tree_build(&trees[2], builder);
    const void *data;
    if (status == FIRN_OK)
        status = firn_builder_pack(builder, &data, size);
    if (status == FIRN_OK) {
        assert_true(*size <= RANDOM_TREE_TEXT);
        memcpy(packed, data, *size);
    }
    return status;
}

static firn_status decode_and_walk(const firn_family *family, const uint8_t *packed, size_t size,
                                   const firn_allocator *allocator)
{
    firn_tree tree;
    firn_nodes nodes = {.allocator = allocator};
    firn_lines lines = {0};
    firn_cursor *cursor = NULL;
    firn_path_node *path = NULL;
    size_t depth = 0;
    firn_status status =
        firn_tree_open(family, packed, size, trees[2].text, trees[2].text_size, &tree);
    if (status == FIRN_OK)
        status = firn_tree_decode(&tree, &nodes);
    if (status == FIRN_OK)
        status = firn_lines_init(&lines, tree.text, tree.text_size, allocator);
    if (status == FIRN_OK)
        status = firn_cursor_create(family, &nodes, &lines, allocator, &cursor);
    if (status == FIRN_OK) {
        while (firn_cursor_next(cursor))
            ;
        status = firn_cursor_status(cursor);
    }
    if (status == FIRN_OK)
        status = firn_tree_locate(&tree, trees[2].node[1].start, allocator, &path, &depth);
    firn_release(allocator, path, depth * sizeof *path);
    firn_partial *partial = NULL;
    uint32_t found = 0;
    if (status == FIRN_OK)
        status = firn_partial_create(&tree, allocator, &partial);
    if (status == FIRN_OK)
        status = firn_partial_locate(partial, trees[2].node[1].start, &found);
    if (status == FIRN_OK)
        status = firn_partial_fill(partial, 0);
    firn_partial_destroy(partial);
    firn_cursor_destroy(cursor);
    firn_lines_fini(&lines);
    firn_nodes_fini(&nodes);
    return status;
}

static firn_status work(const firn_allocator *allocator, void *context)
{
    (void)context;
    static uint8_t packed[RANDOM_TREE_TEXT];
    size_t size = 0, saved_size = 0;
    void *saved = NULL;
    firn_family *family = NULL, *loaded = NULL;
    firn_builder *builder = NULL;
    firn_family_options options = {.allocator = allocator, .checkpoint_nodes = 16};
    firn_status status = firn_family_create(&options, &family);
    if (status == FIRN_OK)
        status = firn_builder_create(family, allocator, &builder);
    if (status == FIRN_OK)
        status = build_and_pack(family, builder, packed, &size);
    if (status == FIRN_OK)
        status = firn_family_save(family, allocator, &saved, &saved_size);
    if (status == FIRN_OK)
        status = firn_family_load(saved, saved_size, allocator, &loaded);
    if (status == FIRN_OK)
        status = decode_and_walk(loaded, packed, size, allocator);
    firn_release(allocator, saved, saved_size);
    firn_family_destroy(loaded);
    firn_builder_destroy(builder);
    firn_family_destroy(family);
    return status;
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "fault_tree");
    for (unsigned i = 0; i < 3; i++) {
        do
            random_tree_make(&trees[i], &random, 120);
        while (trees[i].count < 100 || trees[i].node[1].end == trees[i].node[1].start);
    }
    assert_true(failing_each(work, NULL) > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
