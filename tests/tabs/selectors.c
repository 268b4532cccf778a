/* Selectors: those of selectors.txt select what Chromium selects; each documented refusal; memory
 * that runs out. */
#include "tabs/css/selector.h"
#include "tabs/dom/parse.h"

#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ELEMENTS 256

static dom_quirks read_document(dom *page, const char *html, size_t size, dom_id *ret_document)
{
    dom_parse *parse;
    dom_id script;
    assert_int_equal(dom_container(page, DOM_DOCUMENT, ret_document), FIRN_OK);
    assert_int_equal(dom_parse_begin(page, *ret_document, html, size, &parse), FIRN_OK);
    dom_quirks quirks = dom_parse_quirks(parse);
    do
        assert_int_equal(dom_parse_next(parse, &script), FIRN_OK);
    while (script != 0);
    dom_parse_end(parse);
    return quirks;
}

/* --- the cases --- */

static size_t put_code(char *out, unsigned code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : 3;
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((size == 2 ? 0xc0 : 0xe0) | code);
    return size;
}

/* Reads the JSON string that *at points to, into out; leaves *at behind it. */
static size_t read_string(char **at, char *out)
{
    size_t size = 0;
    char *in = *at;
    assert_int_equal(*in, '"');
    for (in++; *in != '"'; in++) {
        if (*in != '\\') {
            out[size++] = *in;
            continue;
        }
        in++;
        if (*in == 'u') {
            char digits[5] = {in[1], in[2], in[3], in[4], 0};
            size += put_code(out + size, (unsigned)strtoul(digits, NULL, 16));
            in += 4;
        } else {
            out[size++] = *in == 'n' ? '\n' : *in == 't' ? '\t' : *in;
        }
    }
    *at = in + 1;
    return size;
}

struct document {
    dom *page;
    css_scope scope;
    dom_id root, elements[ELEMENTS];
    int count;
};

static bool is_script(const dom *page, dom_id element)
{
    size_t size;
    const char *name = dom_name_text(page, dom_name_of(page, element), &size);
    return size == 6 && memcmp(name, "script", 6) == 0;
}

static void open_document(struct document *document, char *line)
{
    static char html[8192];
    dom_destroy(document->page);
    size_t size = read_string(&line, html);
    memcpy(html + size, "<script></script>", 17); /* where Chromium was asked from */
    assert_int_equal(dom_create(NULL, &document->page), FIRN_OK);
    dom_quirks quirks = read_document(document->page, html, size + 17, &document->root);
    document->scope = (css_scope){.page = document->page, .quirks = quirks == DOM_QUIRKS};
    document->count = 0;
    for (dom_id at = document->root; at != 0; at = dom_follow(document->page, at, document->root)) {
        if (dom_kind_of(document->page, at) == DOM_ELEMENT && !is_script(document->page, at))
            document->elements[document->count++] = at;
    }
}

struct answer {
    const struct document *document;
    char *at, *end;
};

static bool note(void *context, dom_id element)
{
    struct answer *answer = context;
    for (int i = 0; i < answer->document->count; i++) {
        if (answer->document->elements[i] == element)
            answer->at += snprintf(answer->at, (size_t)(answer->end - answer->at), " %d", i);
    }
    return true;
}

/* Whether a selector selects what the rest of its line says. */
static bool check_case(const struct document *document, char *line)
{
    static char text[4096], answers[4096];
    char *at = line;
    size_t size = read_string(&at, text), where;
    firn_arena arena;
    css_selectors *list;
    struct answer answer = {document, answers, answers + sizeof answers};
    answers[0] = 0;
    assert_int_equal(firn_arena_init(&arena, NULL), FIRN_OK);
    if (css_selectors_read(document->page, &arena, text, size, &list, &where) == FIRN_OK)
        css_select(list, &document->scope, document->root, note, &answer);
    else
        memcpy(answers, " error", 7);
    firn_arena_fini(&arena);
    at[strcspn(at, "\n")] = 0;
    bool right = strcmp(at, answers[0] != 0 ? answers : " none") == 0;
    if (!right)
        fprintf(stderr, "%s: selects%s\n", line, answers);
    return right;
}

static void selectors_select_what_chromium_selects(void **state)
{
    (void)state;
    char path[512], *line = NULL;
    size_t room = 0, cases = 0, wrong = 0;
    struct document document = {0};
    snprintf(path, sizeof path, "%s/tests/tabs/selectors.txt", getenv("FIRN_SOURCE"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (getline(&line, &room, file) > 0) {
        if (line[0] == 'D') {
            open_document(&document, line + 2);
        } else if (line[0] != '#') {
            cases++;
            wrong += !check_case(&document, line);
        }
    }
    assert_true(cases > 1000);
    assert_int_equal(wrong, 0);
    dom_destroy(document.page);
    free(line);
    fclose(file);
}

/* --- what is refused --- */

static firn_status read_text(const char *text, size_t size)
{
    dom *page;
    firn_arena arena;
    css_selectors *list;
    size_t where = 0;
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    assert_int_equal(firn_arena_init(&arena, NULL), FIRN_OK);
    firn_status status = css_selectors_read(page, &arena, text, size, &list, &where);
    assert_true(where <= size);
    firn_arena_fini(&arena);
    dom_destroy(page);
    return status;
}

static void nesting_and_length_have_limits(void **state)
{
    enum { COUNT = 70, LONG = 300 };
    char text[COUNT * 6 + LONG * 2], *at = text;
    (void)state;
    for (int i = 0; i < COUNT; i++, at += 5)
        memcpy(at, ":not(", 5);
    *at++ = 'p';
    for (int i = 0; i < COUNT; i++)
        *at++ = ')';
    assert_int_equal(read_text(text, (size_t)(at - text)), FIRN_LIMIT);
    at = text;
    for (int i = 0; i < LONG; i++, at += 2)
        memcpy(at, "p ", 2);
    assert_int_equal(read_text(text, (size_t)(at - text)), FIRN_LIMIT);
    assert_int_equal(read_text(text, 512), FIRN_OK);
}

static void an_error_tells_its_place(void **state)
{
    static const struct {
        const char *text;
        size_t where;
    } cases[] = {{"p, ", 3}, {"div > > p", 6}, {"a:nope", 2}, {"[a=b c]", 5}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dom *page;
        firn_arena arena;
        css_selectors *list;
        size_t where = 99;
        assert_int_equal(dom_create(NULL, &page), FIRN_OK);
        assert_int_equal(firn_arena_init(&arena, NULL), FIRN_OK);
        assert_int_equal(
            css_selectors_read(page, &arena, cases[i].text, strlen(cases[i].text), &list, &where),
            FIRN_INVALID);
        assert_int_equal(where, cases[i].where);
        firn_arena_fini(&arena);
        dom_destroy(page);
    }
}

static void specificity_is_by_ids_classes_and_types(void **state)
{
    static const struct {
        const char *text;
        uint32_t ids, classes, types;
    } cases[] = {
        {"*", 0, 0, 0},
        {"li", 0, 0, 1},
        {"ul li::before", 0, 0, 3},
        {"#a .b[c]:hover p", 1, 3, 1},
        {":is(#a, p) > :where(#b)", 1, 0, 0},
        {":not(.a, #b):has(p.c)", 1, 1, 1},
        {":nth-child(2 of .a, #b)", 1, 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dom *page;
        firn_arena arena;
        css_selectors *list;
        size_t where;
        assert_int_equal(dom_create(NULL, &page), FIRN_OK);
        assert_int_equal(firn_arena_init(&arena, NULL), FIRN_OK);
        assert_int_equal(
            css_selectors_read(page, &arena, cases[i].text, strlen(cases[i].text), &list, &where),
            FIRN_OK);
        assert_int_equal(css_specificity(list, 0),
                         cases[i].ids << 20 | cases[i].classes << 10 | cases[i].types);
        assert_int_equal(css_is_of_pseudo(list, 0), strstr(cases[i].text, "::") != NULL);
        firn_arena_fini(&arena);
        dom_destroy(page);
    }
}

/* --- states, and memory that runs out --- */

static bool first_is_focused(void *context, dom_id element, css_state state)
{
    return state == CSS_STATE_FOCUS && element == *(dom_id *)context;
}

static void states_are_asked_for(void **state)
{
    static const char html[] = "<!doctype html><input id=a><input id=b checked type=checkbox>";
    (void)state;
    dom *page;
    dom_id document, focused;
    firn_arena arena;
    css_selectors *focus, *checked;
    size_t where;
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    read_document(page, html, strlen(html), &document);
    assert_int_equal(firn_arena_init(&arena, NULL), FIRN_OK);
    assert_int_equal(css_selectors_read(page, &arena, "input:focus", 11, &focus, &where), FIRN_OK);
    assert_int_equal(css_selectors_read(page, &arena, ":checked", 8, &checked, &where), FIRN_OK);
    dom_id body = dom_last(page, dom_last(page, document));
    focused = dom_first(page, body);
    css_scope scope = {.page = page, .state = first_is_focused, .context = &focused};
    assert_true(css_matches(focus, &scope, focused));
    assert_false(css_matches(focus, &scope, dom_next(page, focused)));
    assert_false(css_matches(checked, &scope, dom_next(page, focused))); /* it was clicked away */
    scope.state = NULL;
    assert_true(css_matches(checked, &scope, dom_next(page, focused)));
    firn_arena_fini(&arena);
    dom_destroy(page);
}

static firn_status work(const firn_allocator *allocator, void *context)
{
    static const char text[] =
        "p:is(.a\\62 c, #d):nth-child(2n of q) > [e='f\\000067'] ~ *:has(+ g)";
    dom *page;
    firn_arena arena;
    css_selectors *list;
    size_t where;
    (void)context;
    firn_arena_options options = {.allocator = allocator, .first_chunk_bytes = 64};
    firn_status status = dom_create(allocator, &page);
    if (status != FIRN_OK)
        return status;
    assert_int_equal(firn_arena_init(&arena, &options), FIRN_OK);
    status = css_selectors_read(page, &arena, text, strlen(text), &list, &where);
    firn_arena_fini(&arena);
    dom_destroy(page);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_in_range(failing_each(work, NULL), 10, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selectors_select_what_chromium_selects),
        cmocka_unit_test(nesting_and_length_have_limits),
        cmocka_unit_test(an_error_tells_its_place),
        cmocka_unit_test(specificity_is_by_ids_classes_and_types),
        cmocka_unit_test(states_are_asked_for),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
