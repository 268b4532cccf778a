/* Documents under random edits, in every language: the tree that is parsed from what did not change
 * is that of a fresh parse, node by node, once the edits are undone; in between, where error
 * recovery may take another way than in a fresh parse, it is one over the whole text. And each
 * allocation failing in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "code/lsp/source.h"
#include "support/failing.h"
#include "support/random.h"

static const char *const texts[][2] = {
    {"c", "#include <a.h>\nint f(int a)\n{\n    if (a) {\n        return g(a, 2);\n    }\n}\n"},
    {"cpp", "template <class T> struct S : B<T> {\n    int f() const { return 1; }\n};\n"},
    {"python", "def f(a):\n    if a:\n        return '''x\n'''\n    else:\n        pass\n"},
    {"javascript", "const f = (a) => { return `a${a}b`; };\nclass K { m() {} }\n"},
    {"typescript", "interface I<T> { a: T; f(x: number): void }\n"},
    {"go", "package p\n\nfunc f(a int) (b int) {\n\tfor i := range a {\n\t}\n}\n"},
    {"rust", "fn f<'a>(x: &'a str) -> R {\n    match x { _ => r#\"a\"#.len() }\n}\n"},
    {"java", "class K {\n    /** d */ int f(int a) { return a + 1; }\n}\n"},
    {"json", "{\"a\": [1, 2, {\"b\": null}], \"c\": \"d\"}\n"},
    {"bash", "f() {\n  cat <<E\n$x\nE\n  for a in b; do echo \"$a\"; done\n}\n"},
};

/* The document's nodes are those that its text has when it is parsed from nothing. */
static void check_same(struct workspace *workspace, struct document *document)
{
    struct source live = {.text = NULL}, fresh = {.text = NULL};
    struct document *other;
    assert_int_equal(document_create("b", NULL, document->language, document->text, document->size,
                                     NULL, &other),
                     FIRN_OK);
    assert_int_equal(source_of_document(&live, workspace, document, NULL), FIRN_OK);
    assert_int_equal(source_of_document(&fresh, workspace, other, NULL), FIRN_OK);
    assert_int_equal(source_names(&live, NULL), FIRN_OK);
    assert_int_equal(source_names(&fresh, NULL), FIRN_OK);
    assert_int_equal(live.nodes.count, fresh.nodes.count);
    assert_int_equal(live.name_count, fresh.name_count);
    for (uint32_t i = 0; i < live.nodes.count; i++) {
        assert_int_equal(live.nodes.node[i].start, fresh.nodes.node[i].start);
        assert_int_equal(live.nodes.node[i].end, fresh.nodes.node[i].end);
        assert_int_equal(live.nodes.node[i].next, fresh.nodes.node[i].next);
        assert_int_equal(live.nodes.node[i].edge, fresh.nodes.node[i].edge);
    }
    source_release(&live);
    source_release(&fresh);
    document_destroy(other);
}

static void check_whole(struct workspace *workspace, struct document *document)
{
    struct source source = {.text = NULL};
    assert_int_equal(source_of_document(&source, workspace, document, NULL), FIRN_OK);
    assert_int_equal(source_names(&source, NULL), FIRN_OK);
    assert_int_equal(source_parents(&source, NULL), FIRN_OK);
    assert_true(source.nodes.node[0].end <= document->size);
    for (uint32_t i = 1; i < source.nodes.count; i++) {
        const firn_node *node = &source.nodes.node[i], *around;
        around = &source.nodes.node[source.parents[i]];
        assert_true(source.parents[i] < i && i < around->next);
        assert_true(around->start <= node->start && node->end <= around->end);
    }
    source_release(&source);
}

/* What undoes an edit. */
struct undo {
    uint32_t start, end;
    char text[16];
    size_t size;
};

static struct undo edit(rng *random, struct document *document, const char *donor)
{
    const size_t donor_size = strlen(donor);
    const size_t from = rng_below(random, donor_size);
    const size_t size = rng_below(random, donor_size - from < 8 ? donor_size - from + 1 : 9);
    const uint32_t start = (uint32_t)rng_below(random, document->size + 1);
    uint32_t end = start + (uint32_t)rng_below(random, 9);
    end = end < document->size ? end : (uint32_t)document->size;
    struct undo undo = {.start = start, .end = start + (uint32_t)size, .size = end - start};
    memcpy(undo.text, document->text + start, undo.size);
    assert_int_equal(document_change(document, start, end, donor + from, size), FIRN_OK);
    return undo;
}

static void trees_follow_any_edit(void **state)
{
    (void)state;
    rng random;
    struct workspace workspace;
    rng_init(&random, "trees_follow_any_edit");
    workspace_init(&workspace, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct document *document;
        assert_int_equal(document_create("a", NULL, language_by_name(texts[i][0]), texts[i][1],
                                         strlen(texts[i][1]), NULL, &document),
                         FIRN_OK);
        for (unsigned turn = 0; turn < 60; turn++) {
            struct undo undo[4];
            const size_t edits = 1 + rng_below(&random, 4);
            for (size_t at = 0; at < edits; at++)
                undo[at] = edit(&random, document, texts[i][1]);
            check_whole(&workspace, document);
            for (size_t at = edits; at-- > 0;)
                assert_int_equal(document_change(document, undo[at].start, undo[at].end,
                                                 undo[at].text, undo[at].size),
                                 FIRN_OK);
            assert_memory_equal(document->text, texts[i][1], document->size);
            check_same(&workspace, document);
        }
        document_destroy(document);
    }
    workspace_fini(&workspace);
}

static void a_tree_that_is_edited_for_long_stays_within_its_memory(void **state)
{
    (void)state;
    rng random;
    struct workspace workspace;
    struct source source = {.text = NULL};
    struct document *document;
    rng_init(&random, "a_tree_that_is_edited_for_long_stays_within_its_memory");
    workspace_init(&workspace, NULL);
    assert_int_equal(document_create("a", NULL, language_by_name("c"), texts[0][1],
                                     strlen(texts[0][1]), NULL, &document),
                     FIRN_OK);
    for (unsigned turn = 0; turn < 3000; turn++) {
        const uint32_t at = (uint32_t)(turn % 2 == 0 ? document->size : document->size - 7);
        assert_int_equal(document_change(document, at, (uint32_t)document->size,
                                         turn % 2 == 0 ? "int x;\n" : "", turn % 2 == 0 ? 7 : 0),
                         FIRN_OK);
        assert_int_equal(source_of_document(&source, &workspace, document, NULL), FIRN_OK);
        assert_int_equal(source_nodes(&source, NULL), FIRN_OK);
        assert_true(document->live.heap.taken_bytes <= (4u << 20));
    }
    source_release(&source);
    document_destroy(document);
    workspace_fini(&workspace);
}

static firn_status work(const firn_allocator *allocator, void *context)
{
    struct workspace workspace;
    struct source source = {.text = NULL};
    struct document *document = NULL;
    (void)context;
    workspace_init(&workspace, allocator);
    firn_status status = document_create("a", "/a.c", language_by_name("c"), texts[0][1],
                                         strlen(texts[0][1]), allocator, &document);
    if (status == FIRN_OK) {
        status = source_of_document(&source, &workspace, document, NULL);
        if (status == FIRN_OK)
            status = source_names(&source, NULL);
        if (status == FIRN_OK)
            status = document_change(document, 4, 8, "longer text", 11);
        if (status == FIRN_OK)
            status = source_of_document(&source, &workspace, document, NULL);
        if (status == FIRN_OK)
            status = source_parents(&source, NULL);
        if (status == FIRN_OK)
            status =
                digest_make(&document->digest, 1, source.text, source.names, source.name_count);
    }
    source_release(&source);
    document_destroy(document);
    workspace_fini(&workspace);
    return status;
}

static void every_failing_allocation_is_an_error_without_a_leak(void **state)
{
    (void)state;
    assert_true(failing_each(work, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_follow_any_edit),
        cmocka_unit_test(a_tree_that_is_edited_for_long_stays_within_its_memory),
        cmocka_unit_test(every_failing_allocation_is_an_error_without_a_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
