/* Trees by hand: what builders refuse, what a cursor sees, what packing costs, how families are
 * saved and refused. */
#include "support/random_tree.h"

#include <firn/checksum.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { SOURCE, CALL, LIST, NAME, OPEN, CLOSE, COMMA, LABELS };

static const char text[] = "f(a,\n  bc)\ng()\n";

static firn_family *new_family(void)
{
    static const char *const names[] = {"source", "call", "list", "name", "(", ")", ","};
    firn_family *family;
    assert_int_equal(firn_family_create(NULL, &family), FIRN_OK);
    for (unsigned i = 0; i < LABELS; i++)
        assert_int_equal(firn_family_name_label(family, (firn_label)i, names[i], i <= NAME),
                         FIRN_OK);
    assert_int_equal(firn_family_name_field(family, 1, "function"), FIRN_OK);
    return family;
}

static void enter(firn_builder *builder, unsigned label, unsigned field, uint32_t start,
                  uint32_t end)
{
    assert_int_equal(
        firn_builder_enter(builder, (firn_label)label, (firn_field)field, 0, start, end), FIRN_OK);
}

static void leave(firn_builder *builder)
{
    assert_int_equal(firn_builder_leave(builder), FIRN_OK);
}

static void leaf(firn_builder *builder, unsigned label, unsigned field, uint32_t start,
                 uint32_t end)
{
    enter(builder, label, field, start, end);
    leave(builder);
}

static void build(firn_builder *builder)
{
    assert_int_equal(firn_builder_begin(builder, text, sizeof text - 1), FIRN_OK);
    enter(builder, SOURCE, 0, 0, sizeof text - 1);
    enter(builder, CALL, 0, 0, 10);
    leaf(builder, NAME, 1, 0, 1);
    enter(builder, LIST, 0, 1, 10);
    leaf(builder, OPEN, 0, 1, 2);
    leaf(builder, NAME, 0, 2, 3);
    leaf(builder, COMMA, 0, 3, 4);
    leaf(builder, NAME, 0, 7, 9);
    leaf(builder, CLOSE, 0, 9, 10);
    leave(builder);
    leave(builder);
    enter(builder, CALL, 0, 11, 14);
    leaf(builder, NAME, 1, 11, 12);
    enter(builder, LIST, 0, 12, 14);
    leaf(builder, OPEN, 0, 12, 13);
    leaf(builder, CLOSE, 0, 13, 14);
    leave(builder);
    leave(builder);
    assert_null(firn_builder_nodes(builder)); /* the root is open */
    leave(builder);
    assert_non_null(firn_builder_nodes(builder));
}

static void builders_refuse_nodes_out_of_place(void **state)
{
    (void)state;
    static const struct {
        uint32_t label, field, flags, start, end;
    } bad[] = {
        {LABELS, 0, 0, 3, 4},         {NAME, 1024, 0, 3, 4},
        {NAME, 0, 1u << 26, 3, 4},    {NAME, 0, 0, 4, 3},
        {NAME, 0, 0, 3, sizeof text}, {NAME, 0, 0, 1, 4}, /* before its sibling's end */
        {NAME, 0, 0, 3, 12},                              /* behind its parent's end */
    };
    firn_family *family = new_family();
    firn_builder *builder;
    assert_int_equal(firn_builder_create(family, NULL, &builder), FIRN_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(firn_builder_begin(builder, text, sizeof text - 1), FIRN_OK);
        enter(builder, SOURCE, 0, 0, 10);
        leaf(builder, NAME, 0, 0, 2);
        assert_int_equal(firn_builder_enter(builder, (firn_label)bad[i].label,
                                            (firn_field)bad[i].field, bad[i].flags, bad[i].start,
                                            bad[i].end),
                         FIRN_INVALID);
        assert_int_equal(firn_builder_leave(builder), FIRN_INVALID);
        assert_null(firn_builder_nodes(builder));
    }
    assert_int_equal(firn_builder_learn(builder), FIRN_INVALID);
    firn_builder_destroy(builder);
    firn_family_destroy(family);
}

static void a_tree_has_no_more_nodes_than_its_text_allows(void **state)
{
    (void)state;
    firn_family *family = new_family();
    firn_builder *builder;
    assert_int_equal(firn_builder_create(family, NULL, &builder), FIRN_OK);
    assert_int_equal(firn_builder_begin(builder, "ab", 2), FIRN_OK);
    for (unsigned i = 0; i < 64 + 2 * 16; i++)
        enter(builder, LIST, 0, 0, 2);
    assert_int_equal(firn_builder_enter(builder, LIST, 0, 0, 0, 2), FIRN_LIMIT);
    firn_builder_destroy(builder);
    firn_family_destroy(family);
}

static void the_life_of_a_family_is_kept_in_order(void **state)
{
    (void)state;
    firn_family *family = new_family();
    firn_builder *builder;
    const void *data;
    void *saved;
    size_t size;
    assert_int_equal(firn_builder_create(family, NULL, &builder), FIRN_OK);
    build(builder);
    assert_int_equal(firn_builder_pack(builder, &data, &size), FIRN_INVALID);
    assert_int_equal(firn_family_save(family, NULL, &saved, &size), FIRN_INVALID);
    assert_int_equal(firn_family_name_label(family, FIRN_LABEL_MAX + 1, "x", true), FIRN_LIMIT);
    assert_int_equal(firn_family_name_field(family, FIRN_FIELD_MAX + 1, "x"), FIRN_LIMIT);
    assert_int_equal(firn_family_name_group(family, FIRN_GROUP_MAX + 1, "x"), FIRN_LIMIT);
    assert_int_equal(firn_family_name_group(family, 0, "x"), FIRN_INVALID);
    assert_int_equal(firn_builder_learn(builder), FIRN_OK);
    assert_int_equal(firn_family_settle(family), FIRN_OK);
    assert_int_equal(firn_family_settle(family), FIRN_INVALID);
    assert_int_equal(firn_builder_learn(builder), FIRN_INVALID);
    assert_int_equal(firn_family_name_label(family, 0, "x", true), FIRN_INVALID);
    assert_int_equal(firn_family_name_group(family, 1, "x"), FIRN_INVALID);
    assert_int_equal(firn_builder_pack(builder, &data, &size), FIRN_OK);
    firn_tree tree;
    assert_int_equal(firn_tree_open(family, data, size, text, sizeof text - 1, &tree),
                     FIRN_INVALID); /* not loaded */
    assert_true(size <= 10); /* 15 nodes: five numbers of frame, a bit a list, no exception */
    firn_builder_destroy(builder);
    firn_family_destroy(family);
}

/* Settles a family on the tree of `text`. */
static firn_family *settled(firn_builder **ret_builder)
{
    firn_family *family = new_family();
    assert_int_equal(firn_builder_create(family, NULL, ret_builder), FIRN_OK);
    build(*ret_builder);
    assert_int_equal(firn_builder_learn(*ret_builder), FIRN_OK);
    assert_int_equal(firn_family_settle(family), FIRN_OK);
    return family;
}

static void a_cursor_sees_every_node_as_it_was_entered(void **state)
{
    (void)state;
    firn_builder *builder;
    firn_family *family = settled(&builder);
    firn_lines lines;
    firn_cursor *cursor;
    assert_int_equal(firn_lines_init(&lines, text, sizeof text - 1, NULL), FIRN_OK);
    assert_int_equal(firn_cursor_create(family, firn_builder_nodes(builder), &lines, NULL, &cursor),
                     FIRN_OK);
    assert_string_equal(firn_cursor_kind(cursor), "source");
    assert_false(firn_cursor_parent(cursor));
    assert_false(firn_cursor_next_sibling(cursor));
    assert_true(firn_cursor_first_child(cursor));
    assert_true(firn_cursor_first_child(cursor));
    assert_string_equal(firn_family_field_name(family, firn_cursor_field(cursor)), "function");
    assert_true(firn_cursor_named(cursor));
    assert_false(firn_cursor_first_child(cursor));
    assert_true(firn_cursor_next_sibling(cursor));
    assert_false(firn_cursor_next_sibling(cursor));
    assert_int_equal(firn_cursor_end_point(cursor).row, 1);
    assert_int_equal(firn_cursor_end_point(cursor).column, 5);
    assert_true(firn_cursor_first_child(cursor));
    assert_false(firn_cursor_named(cursor));
    assert_int_equal(firn_cursor_depth(cursor), 3);
    assert_ptr_equal(firn_cursor_ancestor(cursor, 3), firn_builder_nodes(builder)->node);
    assert_null(firn_cursor_ancestor(cursor, 4));
    assert_true(firn_cursor_seek(cursor, 5)); /* a blank in the list */
    assert_string_equal(firn_cursor_kind(cursor), "list");
    assert_true(firn_cursor_seek(cursor, 8));
    assert_string_equal(firn_cursor_kind(cursor), "name");
    assert_int_equal(firn_cursor_node(cursor)->start, 7);
    assert_true(firn_cursor_seek(cursor, 10)); /* the line end between the calls */
    assert_string_equal(firn_cursor_kind(cursor), "source");
    assert_false(firn_cursor_seek(cursor, sizeof text - 1));
    assert_true(firn_cursor_seek(cursor, 0));
    firn_cursor_destroy(cursor);
    firn_lines_fini(&lines);
    firn_builder_destroy(builder);
    firn_family_destroy(family);
}

static void stepping_visits_the_nodes_in_preorder(void **state)
{
    (void)state;
    firn_builder *builder;
    firn_family *family = settled(&builder);
    static const unsigned depth[] = {0, 1, 2, 2, 3, 3, 3, 3, 3, 1, 2, 2, 3, 3};
    firn_cursor *cursor;
    assert_int_equal(firn_cursor_create(family, firn_builder_nodes(builder), NULL, NULL, &cursor),
                     FIRN_OK);
    for (uint32_t i = 0; i < 14; i++) {
        assert_int_equal(firn_cursor_index(cursor), i);
        assert_int_equal(firn_cursor_depth(cursor), depth[i]);
        assert_int_equal(firn_cursor_next(cursor), i < 13);
    }
    firn_cursor_destroy(cursor);
    firn_builder_destroy(builder);
    firn_family_destroy(family);
}

static void offsets_and_points_are_each_others_inverse(void **state)
{
    (void)state;
    firn_lines lines;
    assert_int_equal(firn_lines_init(&lines, text, sizeof text - 1, NULL), FIRN_OK);
    assert_int_equal(lines.count, 4);
    for (uint32_t offset = 0; offset < sizeof text; offset++) {
        firn_point point = firn_lines_point(&lines, offset);
        assert_int_equal(firn_lines_offset(&lines, point, sizeof text - 1), offset);
    }
    assert_int_equal(firn_lines_offset(&lines, (firn_point){0, 5}, sizeof text - 1), UINT32_MAX);
    assert_int_equal(firn_lines_offset(&lines, (firn_point){3, 1}, sizeof text - 1), UINT32_MAX);
    assert_int_equal(firn_lines_offset(&lines, (firn_point){4, 0}, sizeof text - 1), UINT32_MAX);
    firn_lines_fini(&lines);
    assert_int_equal(firn_lines_init(&lines, NULL, 0, NULL), FIRN_OK);
    assert_int_equal(firn_lines_point(&lines, 0).row, 0);
    firn_lines_fini(&lines);
}

static void damaged_or_later_families_are_refused(void **state)
{
    (void)state;
    firn_builder *builder;
    firn_family *family = settled(&builder), *loaded;
    uint8_t *saved;
    size_t size;
    assert_int_equal(firn_family_save(family, NULL, (void **)&saved, &size), FIRN_OK);
    for (size_t i = 0; i < size; i++) {
        saved[i] ^= 0x10;
        assert_int_equal(firn_family_load(saved, size, NULL, &loaded), FIRN_CORRUPT);
        saved[i] ^= 0x10;
        assert_int_equal(firn_family_load(saved, i, NULL, &loaded), FIRN_CORRUPT);
    }
    saved[8] = 3; /* the version */
    uint32_t check = firn_crc32c(0, saved, size - 4);
    for (unsigned i = 0; i < 4; i++)
        saved[size - 4 + i] = (uint8_t)(check >> (8 * i));
    assert_int_equal(firn_family_load(saved, size, NULL, &loaded), FIRN_VERSION);
    firn_release(NULL, saved, size);
    firn_builder_destroy(builder);
    firn_family_destroy(family);
}

static void productions_seen_again_join_the_table(void **state)
{
    (void)state;
    firn_builder *builder;
    firn_family *family = settled(&builder);
    unsigned before = firn_family_production_count(family);
    size_t sizes[3];
    for (unsigned i = 0; i < 3; i++) {
        const void *data;
        assert_int_equal(firn_builder_begin(builder, ",,,", 3), FIRN_OK);
        enter(builder, LIST, 0, 0, 3);
        for (uint32_t k = 0; k < 3; k++)
            leaf(builder, COMMA, 0, k, k + 1);
        leave(builder);
        assert_int_equal(firn_builder_pack(builder, &data, &sizes[i]), FIRN_OK);
    }
    assert_int_equal(firn_family_production_count(family), before + 1);
    assert_true(sizes[1] < sizes[0]);
    assert_int_equal(sizes[2], sizes[1]);
    firn_builder_destroy(builder);
    firn_family_destroy(family);
}

/* Builds a list of `count` names between commas over text, which has them as "a,a,a"; names are one
 * byte. */
static void build_list(firn_builder *builder, const char *names, uint32_t count)
{
    assert_int_equal(firn_builder_begin(builder, names, strlen(names)), FIRN_OK);
    enter(builder, LIST, 0, 0, 2 * count - 1);
    for (uint32_t i = 0; i < count; i++) {
        leaf(builder, NAME, 0, 2 * i, 2 * i + 1);
        if (i + 1 < count)
            leaf(builder, COMMA, 0, 2 * i + 1, 2 * i + 2);
    }
    leave(builder);
}

static size_t packed_size(firn_builder *builder)
{
    const void *data;
    size_t size;
    assert_int_equal(firn_builder_pack(builder, &data, &size), FIRN_OK);
    return size;
}

static void long_regular_lists_cost_a_few_bytes(void **state)
{
    (void)state;
    static char names[2000];
    memset(names, 'a', sizeof names - 1);
    for (size_t i = 1; i < sizeof names - 1; i += 2)
        names[i] = ',';
    firn_family *family = new_family();
    firn_builder *builder;
    assert_int_equal(firn_builder_create(family, NULL, &builder), FIRN_OK);
    for (unsigned i = 0; i < 3; i++) {
        build_list(builder, names, 300 + i);
        assert_int_equal(firn_builder_learn(builder), FIRN_OK);
        /* two names in a row, so that a name has two successors */
        assert_int_equal(firn_builder_begin(builder, names, sizeof names - 1), FIRN_OK);
        enter(builder, LIST, 0, 0, 200);
        for (uint32_t k = 0; k < 90 + i; k++)
            leaf(builder, k % 30 == 0 ? COMMA : NAME, 0, 2 * k, 2 * k + 1);
        leave(builder);
        assert_int_equal(firn_builder_learn(builder), FIRN_OK);
    }
    assert_int_equal(firn_family_settle(family), FIRN_OK);
    build_list(builder, names, 900);
    assert_true(packed_size(builder) <= 24); /* 1,800 nodes */
    firn_builder_destroy(builder);
    firn_family_destroy(family);
}

/* The size of 1,000 calls of which every `period`th has no name, packed by a family that learned
 * them. */
static size_t packed_calls(uint32_t period)
{
    static char names[2000];
    memset(names, 'a', sizeof names - 1);
    firn_family *family = new_family();
    firn_builder *builder;
    assert_int_equal(firn_builder_create(family, NULL, &builder), FIRN_OK);
    assert_int_equal(firn_builder_begin(builder, names, sizeof names - 1), FIRN_OK);
    enter(builder, SOURCE, 0, 0, sizeof names - 1);
    for (uint32_t i = 0; i < 1000; i++) {
        enter(builder, CALL, 0, i, i + 1);
        if (i % period != 1)
            leaf(builder, NAME, 0, i, i + 1);
        leave(builder);
    }
    leave(builder);
    assert_int_equal(firn_builder_learn(builder), FIRN_OK);
    assert_int_equal(firn_family_settle(family), FIRN_OK);
    size_t size = packed_size(builder);
    firn_builder_destroy(builder);
    firn_family_destroy(family);
    return size;
}

static void a_rare_production_costs_the_usual_one_nothing(void **state)
{
    (void)state;
    assert_true(packed_calls(999) < 64); /* a bit a call would be 125 */
}

static void frequent_productions_cost_a_bit(void **state)
{
    (void)state;
    size_t size = packed_calls(2);
    assert_true(size >= 125 && size < 200);
}

static void a_sign_of_its_own_is_a_fixed_text(void **state)
{
    (void)state;
    firn_family *family = new_family();
    firn_builder *builder;
    assert_int_equal(firn_builder_create(family, NULL, &builder), FIRN_OK);
    assert_int_equal(firn_builder_begin(builder, "#!#!#!", 6), FIRN_OK);
    enter(builder, LIST, 0, 0, 6);
    for (uint32_t i = 0; i < 6; i += 2)
        leaf(builder, NAME, 0, i, i + 2); /* which no lexical rule ends */
    leave(builder);
    assert_int_equal(firn_builder_learn(builder), FIRN_OK);
    assert_int_equal(firn_family_settle(family), FIRN_OK);
    assert_true(packed_size(builder) <= 5); /* the frame alone: no exception */
    firn_builder_destroy(builder);
    firn_family_destroy(family);
}

static void named_leaves_that_happen_to_agree_are_no_fixed_text(void **state)
{
    (void)state;
    firn_family *family = new_family();
    firn_builder *builder;
    assert_int_equal(firn_builder_create(family, NULL, &builder), FIRN_OK);
    build_list(builder, "a,a,a", 3);
    assert_int_equal(firn_builder_learn(builder), FIRN_OK);
    assert_int_equal(firn_family_settle(family), FIRN_OK);
    size_t agreeing = packed_size(builder);
    assert_int_equal(firn_builder_begin(builder, "abc,d,ef", 8), FIRN_OK);
    enter(builder, LIST, 0, 0, 8);
    leaf(builder, NAME, 0, 0, 3);
    leaf(builder, COMMA, 0, 3, 4);
    leaf(builder, NAME, 0, 4, 5);
    leaf(builder, COMMA, 0, 5, 6);
    leaf(builder, NAME, 0, 6, 8);
    leave(builder);
    assert_int_equal(packed_size(builder), agreeing);
    firn_builder_destroy(builder);
    firn_family_destroy(family);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builders_refuse_nodes_out_of_place),
        cmocka_unit_test(a_tree_has_no_more_nodes_than_its_text_allows),
        cmocka_unit_test(the_life_of_a_family_is_kept_in_order),
        cmocka_unit_test(a_cursor_sees_every_node_as_it_was_entered),
        cmocka_unit_test(stepping_visits_the_nodes_in_preorder),
        cmocka_unit_test(offsets_and_points_are_each_others_inverse),
        cmocka_unit_test(damaged_or_later_families_are_refused),
        cmocka_unit_test(productions_seen_again_join_the_table),
        cmocka_unit_test(long_regular_lists_cost_a_few_bytes),
        cmocka_unit_test(a_rare_production_costs_the_usual_one_nothing),
        cmocka_unit_test(frequent_productions_cost_a_bit),
        cmocka_unit_test(a_sign_of_its_own_is_a_fixed_text),
        cmocka_unit_test(named_leaves_that_happen_to_agree_are_no_fixed_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
