/* What each language's tables call the uses of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/code_tree.h"

struct example {
    const char *language, *text, *names;
};

static const struct example examples[] = {
    {"c", "#if A\nint f(void) { g(p->x, (T)y); p->m(); h: goto h; }\n#endif\n",
     "-A macro 1\nf function 2\n-g call 2\n-p name 2\n-x field 2\n-T type 2\n-y name 2\n-p name 2\n"
     "-m call 2\n-h name 2\n-h name 2\n"},
    {"c", "struct s v = { .field = sizeof(struct t) };",
     "-s type 1\nv variable 1\n-field field 1\n-t type 1\n"},
    {"c", "int f(int a, int (*b)(int c)) { int d; extern int e; return d; }",
     "f function 1\n-a name 1\n-b name 1\n-c name 1\n-d name 1\n-e name 1\n-d name 1\n"},
    {"cpp", "void f() { a::b(c.d); x->y<int>(); new T(); }",
     "f function 1\n-a name 1\n-b call 1\n-c name 1\n-d field 1\n-x name 1\n-y call 1\n-T type "
     "1\n"},
    {"python", "a.b(c).d\nx[y]: t = z(k=1)\n",
     "-a name 1\n-b call 1\n-c name 1\n-d field 1\n-x name 2\n-y name 2\n-t type 2\n-z call 2\n"
     "-k name 2\n"},
    {"javascript", "import a, { b } from 'c'; d.e(f); new G(h.i);",
     "-a import 1\n-b import 1\n-d name 1\n-e call 1\n-f name 1\n-G type 1\n-h name 1\n-i field "
     "1\n"},
    {"typescript", "a<B>(c as D.E);", "-a call 1\n-B type 1\n-c name 1\n-D name 1\n-E type 1\n"},
    {"go", "package p\nfunc f() { a.b(c.d); e(T(1)) }",
     "p module 1\nf function 2\n-a name 2\n-b call 2\n-c name 2\n-d field 2\n-e call 2\n-T call "
     "2\n"},
    {"rust", "use a::b; fn f() { c::d(e.g); h!(i); }",
     "-a import 1\n-b import 1\nf function 1\n-c name 1\n-d call 1\n-e name 1\n-g field 1\n"
     "-h macro 1\n-i name 1\n"},
    {"java", "import a.B; class C { Object d = e.f(g.h); }",
     "-a import 1\n-B import 1\nC class 1\n-Object type 1\nd field 1\n-e name 1\n-f call 1\n"
     "-g name 1\n-h field 1\n"},
    {"json", "[\"value\", {\"key\": \"value\"}]", "key key 1\n"},
    {"bash", "ls $A \"${B[c]}\"\n", "-ls call 1\n-A name 1\n-B name 1\n"},
};

static void references_have_their_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        char *names = code_names(examples[i].language, examples[i].text, true);
        assert_non_null(names);
        assert_string_equal(names, examples[i].names);
        free(names);
    }
}

/* Names that the parser put in, and keys of nothing, have no text. */
static void names_without_text_are_left_out(void **state)
{
    (void)state;
    char *names = code_names("json", "{\"\": 1, \"a\": 2}", true);
    assert_string_equal(names, "a key 1\n");
    free(names);
    names = code_names("c", "int f(void) { return a. ; }", true);
    assert_non_null(names);
    assert_null(strstr(names, "- "));
    free(names);
}

static firn_status stop_at_second(void *context, const struct extract_name *name)
{
    unsigned *count = context;
    (void)name;
    return ++*count == 2 ? FIRN_BUSY : FIRN_OK;
}

static void a_visitor_can_end_the_run(void **state)
{
    (void)state;
    const char *text = "int a, b, c;";
    struct code_tree tree;
    struct extractor *extractor;
    struct extract_scratch scratch = {0};
    unsigned count = 0;

    assert_int_equal(code_tree_init(&tree, "c", text, strlen(text)), FIRN_OK);
    assert_int_equal(extractor_create(tree.language, tree.family, NULL, &extractor), FIRN_OK);
    assert_int_equal(extract_names(extractor, &scratch, tree.nodes, stop_at_second, &count),
                     FIRN_BUSY);
    assert_int_equal(count, 2);
    extractor_destroy(extractor);
    extract_scratch_fini(&scratch);
    code_tree_fini(&tree);
}

struct spelling {
    const char *text, *name;
    size_t size;
    struct extract_name found[2000]; /* those of the name */
    size_t count;
};

static firn_status keep_spelled(void *context, const struct extract_name *name)
{
    struct spelling *spelling = context;
    if (name->end - name->start == spelling->size &&
        memcmp(spelling->text + name->start, spelling->name, spelling->size) == 0) {
        assert_true(spelling->count < 2000);
        spelling->found[spelling->count++] = *name;
    }
    return FIRN_OK;
}

/* Compares both ways to the names that are spelled as some text of the tree. */
static void check_spelling(const struct code_tree *tree, const struct extractor *extractor,
                           struct extract_scratch *scratch, size_t start, size_t size)
{
    static struct spelling all, spelled;
    const size_t text_size = strlen(tree->text);
    all = spelled = (struct spelling){.text = tree->text, .name = tree->text + start, .size = size};
    assert_int_equal(extract_names(extractor, scratch, tree->nodes, keep_spelled, &all), FIRN_OK);
    assert_int_equal(extract_spelled(extractor, scratch, tree->nodes, tree->text, text_size,
                                     all.name, size, keep_spelled, &spelled),
                     FIRN_OK);
    assert_int_equal(spelled.count, all.count);
    for (size_t i = 0; i < all.count; i++)
        assert_memory_equal(&spelled.found[i], &all.found[i],
                            offsetof(struct extract_name, is_definition) + 1);
}

static void check_spellings(const char *language, const char *text)
{
    struct code_tree tree;
    struct extractor *extractor;
    struct extract_scratch scratch = {0};
    const size_t size = strlen(text);
    assert_int_equal(code_tree_init(&tree, language, text, size), FIRN_OK);
    assert_int_equal(extractor_create(tree.language, tree.family, NULL, &extractor), FIRN_OK);
    for (size_t start = 0; start < size; start++)
        for (size_t length = 1; length < 7 && start + length <= size; length++)
            check_spelling(&tree, extractor, &scratch, start, length);
    extractor_destroy(extractor);
    extract_scratch_fini(&scratch);
    code_tree_fini(&tree);
}

/* Of whole texts and of such that are broken off, twice and with names in each other. */
static void names_of_one_spelling_are_those_among_all(void **state)
{
    (void)state;
    char text[1000];
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const size_t size = strlen(examples[i].text);
        for (size_t cut = size; cut > size / 2; cut -= 7) {
            snprintf(text, sizeof text, "%.*s\n%s", (int)cut, examples[i].text, examples[i].text);
            check_spellings(examples[i].language, text);
        }
    }
    check_spellings("json", "{\"a\": {\"aa\": 1, \"a\": \"a\", \"\": 2}}");
    check_spellings(
        "c", "int aaa, aa; struct a a; struct a { int aa; } f(void) { a->aa.a(aaa, a\"a\"); }");
}

/* A name below 100,000 declarators: the climb ends, the stack grows. */
static void deep_nesting_takes_neither_recursion_nor_long(void **state)
{
    (void)state;
    size_t depth = 100000, size = 0;
    char *text = malloc(2 * depth + 100);

    memcpy(text, "int ", 4);
    size += 4;
    memset(text + size, '(', depth);
    size += depth;
    text[size++] = 'x';
    memset(text + size, ')', depth);
    size += depth;
    memcpy(text + size, ";", 2);
    char *names = code_names("c", text, true);
    assert_non_null(names);
    assert_non_null(strstr(names, "x "));
    free(names);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_have_their_kinds),
        cmocka_unit_test(names_without_text_are_left_out),
        cmocka_unit_test(a_visitor_can_end_the_run),
        cmocka_unit_test(names_of_one_spelling_are_those_among_all),
        cmocka_unit_test(deep_nesting_takes_neither_recursion_nor_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
