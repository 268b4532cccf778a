/* The walk that feeds builders sees what tree-sitter's public cursor sees, node by node; e2e tests
 * hold the same against a walker of its own, on real sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tree_sitter/api.h>

#include "code/heap.h"
#include "support/code_tree.h"

static const char *const texts[] = {
    "",
    " \n",
    "int f(void) { return (a + b) * c; }\n",
    "def f(a, *b):\n    # c\n    return [x for x in a if x]\n",
    "const f = async ({ a }) => `${a} ${b}`; // c\n",
    "function f<T>(a: T = { b: 1 }): void;\n",
    "package p\nfunc (a *B) c() (d, e int) { go f() }\n",
    "impl<T> A for B<T> { fn c(&self) -> u8 { d!(e) } }\n",
    "class A<B> { @C int d = 1, e; }\n",
    "{\"a\": [1, true, {\"b\": null}]}",
    "f() { a=1 b \"$c\" <<D | e\nx\nD\n}\n",
    "struct { int (",
    "}}}}) class ]] if \"\n' <<E\n",
    "\xef\xbb\xbfx\r\n\xff\x80\x01",
};

static firn_label label_of(const struct language *language, TSNode node)
{
    return ts_node_is_error(node) ? (firn_label)(language_label_count(language) - 1)
                                  : ts_node_symbol(node);
}

static unsigned flags_of(TSNode node)
{
    return (ts_node_is_missing(node) ? FIRN_NODE_MISSING : 0) |
           (ts_node_is_error(node) ? FIRN_NODE_ERROR : 0) |
           (ts_node_is_extra(node) ? FIRN_NODE_EXTRA : 0);
}

static void expect_same(const struct code_tree *tree, const TSTreeCursor *cursor, uint32_t index)
{
    TSNode node = ts_tree_cursor_current_node(cursor);
    const firn_node *ours = &tree->nodes->node[index];

    assert_true(index < tree->nodes->count);
    assert_int_equal(ours->start, ts_node_start_byte(node));
    assert_int_equal(ours->end, ts_node_end_byte(node));
    assert_int_equal(firn_node_label(ours), label_of(tree->language, node));
    assert_int_equal(firn_edge_field(tree->family, ours->edge),
                     ts_tree_cursor_current_field_id(cursor));
    assert_int_equal(firn_node_flags(ours), flags_of(node));
    assert_string_equal(firn_family_label_name(tree->family, firn_node_label(ours)),
                        ts_node_type(node));
    assert_int_equal(firn_family_label_named(tree->family, firn_node_label(ours)),
                     ts_node_is_named(node));
}

/* Walks both; a subtree's end is checked where the cursor leaves it. */
static void compare(const struct code_tree *tree, TSTree *theirs)
{
    TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(theirs));
    uint32_t index = 0, open[512], depth = 0;
    bool more = true;

    while (more) {
        expect_same(tree, &cursor, index);
        assert_true(depth < 512);
        open[depth] = index++;
        if (ts_tree_cursor_goto_first_child(&cursor)) {
            depth++;
            continue;
        }
        while (assert_int_equal(tree->nodes->node[open[depth]].next, index),
               !(more = ts_tree_cursor_goto_next_sibling(&cursor)) && depth > 0) {
            ts_tree_cursor_goto_parent(&cursor);
            depth--;
        }
    }
    assert_int_equal(index, tree->nodes->count);
    ts_tree_cursor_delete(&cursor);
}

struct task {
    const struct code_tree *tree;
    size_t size;
};

static void compare_in_heap(void *context)
{
    const struct task *task = context;
    TSParser *parser = ts_parser_new();
    assert_true(ts_parser_set_language(parser, task->tree->language->grammar()));
    TSTree *theirs = ts_parser_parse_string(parser, NULL, task->tree->text, (uint32_t)task->size);
    compare(task->tree, theirs);
    ts_tree_delete(theirs);
    ts_parser_delete(parser);
}

static void the_walk_sees_what_the_cursor_sees(void **state)
{
    (void)state;
    struct heap heap;
    heap_init(&heap, NULL, (size_t)1 << 30);
    for (unsigned i = 0; i < language_count(); i++) {
        for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++) {
            struct code_tree tree;
            struct task task = {&tree, strlen(texts[j])};
            assert_int_equal(code_tree_init(&tree, language_at(i)->name, texts[j], task.size),
                             FIRN_OK);
            assert_int_equal(heap_run(&heap, compare_in_heap, &task), FIRN_OK);
            assert_int_equal(heap_live_bytes(&heap), 0); /* the walk's memory went to another */
            code_tree_fini(&tree);
        }
    }
    heap_fini(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_walk_sees_what_the_cursor_sees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
