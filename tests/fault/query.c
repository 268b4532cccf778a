/* Every allocation of compiling and running a query made to fail in turn. */
#include "support/failing.h"
#include "support/random_tree.h"

#include <firn/query.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const char source[] =
    "(label0 (_)* @a . (label2 !field1)? @b)\n"
    "((label4 [(label0) (label2)]+ @c \"label9\" @d) (#match? @c \"[a-z]\")"
    " (#any-of? @d \"x\" \"y\") (#not-eq? @d \"z\"))\n"
    "(_ (_ field2: (_) @e) @f (_) @g)";

struct sample {
    struct random_tree tree;
    firn_family *family;
    firn_builder *builder;
    uint64_t matches;
};

static firn_status work(const firn_allocator *allocator, void *context)
{
    struct sample *sample = context;
    const firn_query_cursor_options options = {.allocator = allocator};
    firn_query *query = NULL;
    firn_query_cursor *cursor = NULL;
    firn_query_match match;
    firn_error error;
    firn_status status =
        firn_query_create(sample->family, source, sizeof source - 1, allocator, &query, &error);
    if (status == FIRN_OK)
        status = firn_query_cursor_create(query, &options, &cursor);
    if (status == FIRN_OK) {
        firn_query_cursor_begin(cursor, firn_builder_nodes(sample->builder), sample->tree.text);
        while ((status = firn_query_cursor_next(cursor, &match)) == FIRN_OK)
            sample->matches++;
        if (status == FIRN_END_OF_DATA)
            status = FIRN_OK;
    }
    firn_query_cursor_destroy(cursor);
    firn_query_destroy(query);
    return status;
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **state)
{
    static struct sample sample;
    rng random;
    (void)state;
    rng_init(&random, "fault_query");
    do
        random_tree_make(&sample.tree, &random, 300);
    while (sample.tree.count < 200);
    assert_int_equal(firn_family_create(NULL, &sample.family), FIRN_OK);
    assert_int_equal(random_tree_vocabulary(sample.family), FIRN_OK);
    assert_int_equal(firn_builder_create(sample.family, NULL, &sample.builder), FIRN_OK);
    assert_int_equal(random_tree_build(&sample.tree, sample.builder), FIRN_OK);
    assert_true(failing_each(work, &sample) > 20);
    assert_true(sample.matches > 0);
    firn_builder_destroy(sample.builder);
    firn_family_destroy(sample.family);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
