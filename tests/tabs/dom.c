/* The document object model: parsing and writing HTML, each call, and memory that runs out. */
#include "tabs/dom/parse.h"
#include "tabs/dom/write.h"

#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

typedef struct text {
    char bytes[4096];
    size_t size;
} text;

static firn_status append(void *context, const char *bytes, size_t size)
{
    text *into = context;
    assert_true(into->size + size < sizeof into->bytes);
    memcpy(into->bytes + into->size, bytes, size);
    into->size += size;
    into->bytes[into->size] = 0;
    return FIRN_OK;
}

static const char *html_of(const dom *page, dom_id node, bool inner, text *into)
{
    into->size = 0;
    into->bytes[0] = 0;
    assert_int_equal(dom_write_html(page, node, inner, append, into), FIRN_OK);
    return into->bytes;
}

/* Reads all of a document, scripts without a stop. */
static firn_status read_document(dom *page, const char *html, dom_id *ret_document)
{
    dom_parse *parse;
    dom_id script = 0, document;
    firn_status status = dom_container(page, DOM_DOCUMENT, &document);
    if (status != FIRN_OK)
        return status;
    status = dom_parse_begin(page, document, html, strlen(html), &parse);
    if (status != FIRN_OK)
        return status;
    do
        status = dom_parse_next(parse, &script);
    while (status == FIRN_OK && script != 0);
    dom_parse_end(parse);
    *ret_document = document;
    return status;
}

static dom_name name_of(dom *page, const char *name)
{
    dom_name id;
    assert_int_equal(dom_name_put(page, name, strlen(name), &id), FIRN_OK);
    return id;
}

static dom_id element_of(dom *page, const char *name)
{
    dom_id node;
    assert_int_equal(dom_element(page, DOM_SPACE_HTML, name_of(page, name), &node), FIRN_OK);
    return node;
}

static dom_id text_of(dom *page, const char *content)
{
    dom_id node;
    assert_int_equal(dom_characters(page, DOM_TEXT, content, strlen(content), &node), FIRN_OK);
    return node;
}

/* --- HTML --- */

#define BODY(html) "<html><head></head><body>" html "</body></html>"

static void html_comes_back_as_browsers_write_it(void **state)
{
    static const struct {
        const char *html, *written;
    } cases[] = {
        {"", BODY("")},
        {"<!doctype html><p>a<p>b", "<!DOCTYPE html>" BODY("<p>a</p><p>b</p>")},
        {"<B CLASS='x \"y\"'>1 < 2 &amp; 3</B>",
         BODY("<b class=\"x &quot;y&quot;\">1 &lt; 2 &amp; 3</b>")},
        {"a&nbsp;b\xc2\xa9", BODY("a&nbsp;b\xc2\xa9")},
        {"<a title='a<b>\xc2\xa0'>", BODY("<a title=\"a&lt;b&gt;&nbsp;\"></a>")},
        {"<br><img src=x><input>", BODY("<br><img src=\"x\"><input>")},
        {"<script>if (a < b) c();</script>",
         "<html><head><script>if (a < b) c();</script></head><body></body></html>"},
        {"<body><noscript><img src='a&b'></noscript>",
         BODY("<noscript><img src='a&b'></noscript>")},
        {"<body><template><b>x</b><template>y</template></template>z",
         BODY("<template><b>x</b><template>y</template></template>z")},
        {"<body><template></template>", BODY("<template></template>")},
        {"<svg viewbox='0 0 1 1'><lineargradient/><a xlink:href=x xml:lang=en></svg>",
         BODY("<svg viewBox=\"0 0 1 1\"><linearGradient></linearGradient>"
              "<a xlink:href=\"x\" xml:lang=\"en\"></a></svg>")},
        {"<math><mi>x</mi></math>", BODY("<math><mi>x</mi></math>")},
        {"<My-Element Data-X=1>", BODY("<my-element data-x=\"1\"></my-element>")},
        {"<body><!-- c --><p>", BODY("<!-- c --><p></p>")},
        {"<table><td>x<b>y", BODY("<table><tbody><tr><td>x<b>y</b></td></tr></tbody></table>")},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dom *page;
        dom_id document;
        text written;
        assert_int_equal(dom_create(NULL, &page), FIRN_OK);
        assert_int_equal(read_document(page, cases[i].html, &document), FIRN_OK);
        assert_string_equal(html_of(page, document, true, &written), cases[i].written);
        dom_destroy(page);
    }
}

static void a_document_stops_behind_each_script(void **state)
{
    static const char html[] = "<p id=a></p><script>1</script><b></b><script></script>"
                               "<svg><script>2</script></svg><i></i>";
    static const char *const seen[] = {"<p id=\"a\"></p><script>1</script>",
                                       "<b></b><script></script>", "<svg><script>2</script></svg>",
                                       "<i></i>"};
    (void)state;
    dom *page;
    dom_id document, script;
    dom_parse *parse;
    text written;
    char expected[512] = "<html><head></head><body>";
    size_t length = strlen(expected);
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    assert_int_equal(dom_container(page, DOM_DOCUMENT, &document), FIRN_OK);
    assert_int_equal(dom_parse_begin(page, document, html, strlen(html), &parse), FIRN_OK);
    assert_int_equal(dom_parse_quirks(parse), DOM_QUIRKS);
    for (size_t i = 0; i < 4; i++) {
        char whole[600];
        assert_int_equal(dom_parse_next(parse, &script), FIRN_OK);
        assert_true((script != 0) == (i < 3));
        length += (size_t)snprintf(expected + length, sizeof expected - length, "%s", seen[i]);
        snprintf(whole, sizeof whole, "%s</body></html>", expected);
        assert_string_equal(html_of(page, document, true, &written), whole);
    }
    assert_int_equal(dom_parse_next(parse, &script), FIRN_OK);
    assert_int_equal(script, 0);
    dom_parse_end(parse);
    dom_destroy(page);
}

static void a_fragment_is_read_as_its_context_wants(void **state)
{
    static const struct {
        const char *context, *html, *written;
    } cases[] = {
        {"div", "<td>a</td><p>b", "a<p>b</p>"},
        {"tr", "<td>a</td>", "<td>a</td>"},
        {"select", "<option>1<option>2", "<option>1</option><option>2</option>"},
        {"textarea", "<b>", "&lt;b&gt;"},
        {"x-unknown", "<i>x", "<i>x</i>"},
        {"div", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dom *page;
        dom_id fragment;
        text written;
        assert_int_equal(dom_create(NULL, &page), FIRN_OK);
        assert_int_equal(dom_parse_fragment(page, DOM_SPACE_HTML, name_of(page, cases[i].context),
                                            cases[i].html, strlen(cases[i].html), &fragment),
                         FIRN_OK);
        assert_string_equal(html_of(page, fragment, true, &written), cases[i].written);
        dom_destroy(page);
    }
}

static void scripts_of_a_fragment_are_marked_as_started(void **state)
{
    static const char html[] = "<script>1</script>";
    (void)state;
    dom *page;
    dom_id fragment;
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    assert_int_equal(dom_parse_fragment(page, DOM_SPACE_HTML, name_of(page, "div"), html,
                                        strlen(html), &fragment),
                     FIRN_OK);
    assert_true(dom_flag_get(page, dom_first(page, fragment), DOM_FLAG_STARTED));
    assert_false(dom_flag_get(page, dom_first(page, fragment), DOM_FLAG_WRAPPED));
    dom_destroy(page);
}

static void a_tree_may_be_as_deep_as_it_likes(void **state)
{
    enum { DEPTH = 200000 };
    (void)state;
    dom *page;
    text written;
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    dom_id top = element_of(page, "template"), at = top, copy;
    for (int i = 0; i < DEPTH; i++) {
        dom_id next = element_of(page, i % 2 == 0 ? "b" : "template"), into = at;
        if (i % 2 == 0)
            assert_int_equal(dom_contents(page, at, &into), FIRN_OK);
        dom_insert(page, into, next, 0);
        at = next;
    }
    assert_int_equal(dom_clone(page, top, true, &copy), FIRN_OK);
    dom_usage usage;
    dom_usage_get(page, &usage);
    assert_int_equal(usage.node_count, 2 * (DEPTH + 1 + DEPTH / 2));
    dom_free(page, top);
    dom_free(page, copy);
    dom_usage_get(page, &usage);
    assert_int_equal(usage.node_count, 0);
    assert_string_equal(html_of(page, element_of(page, "p"), false, &written), "<p></p>");
    dom_destroy(page);
}

/* --- the calls --- */

static void attributes_keep_their_order(void **state)
{
    (void)state;
    dom *page;
    text written;
    size_t size;
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    dom_id a = element_of(page, "a"), b = element_of(page, "b");
    static const char *const names[] = {"one", "two", "three", "four"};
    for (size_t i = 0; i < 4; i++) {
        dom_name name = name_of(page, names[i]);
        assert_int_equal(dom_attribute_set(page, a, 0, name, "1", 1), FIRN_OK);
        assert_int_equal(dom_attribute_set(page, b, 0, name, "2", 1), FIRN_OK);
    }
    assert_int_equal(dom_attribute_remove(page, a, name_of(page, "two")), FIRN_OK);
    assert_int_equal(dom_attribute_remove(page, a, name_of(page, "two")), FIRN_NOT_FOUND);
    assert_int_equal(dom_attribute_remove(page, a, name_of(page, "none")), FIRN_NOT_FOUND);
    assert_int_equal(dom_attribute_set(page, a, 0, name_of(page, "four"), "x", 1), FIRN_OK);
    assert_int_equal(dom_attribute_set(page, a, 0, name_of(page, "two"), "", 0), FIRN_OK);
    assert_string_equal(html_of(page, a, false, &written),
                        "<a one=\"1\" three=\"1\" four=\"x\" two=\"\"></a>");
    assert_string_equal(html_of(page, b, false, &written),
                        "<b one=\"2\" two=\"2\" three=\"2\" four=\"2\"></b>");
    assert_null(dom_attribute_find(page, a, "five", &size));
    assert_non_null(dom_attribute_find(page, a, "two", &size));
    assert_int_equal(size, 0);
    assert_null(dom_attribute_get(page, text_of(page, "x"), name_of(page, "one"), &size));
    dom_destroy(page);
}

static void an_element_has_a_limit_of_attributes(void **state)
{
    (void)state;
    dom *page;
    char name[16];
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    dom_id element = element_of(page, "p");
    for (int i = 0; i < 4096; i++) {
        snprintf(name, sizeof name, "a%d", i);
        assert_int_equal(dom_attribute_set(page, element, 0, name_of(page, name), name, 2),
                         FIRN_OK);
    }
    assert_int_equal(dom_attribute_set(page, element, 0, name_of(page, "more"), "x", 1),
                     FIRN_LIMIT);
    assert_int_equal(dom_attribute_count(page, element), 4096);
    for (int i = 0; i < 4096; i++) {
        snprintf(name, sizeof name, "a%d", 4095 - i);
        assert_int_equal(dom_attribute_remove(page, element, name_of(page, name)), FIRN_OK);
    }
    assert_int_equal(dom_attribute_count(page, element), 0);
    dom_destroy(page);
}

static void names_and_namespaces_have_limits(void **state)
{
    (void)state;
    dom *page;
    uint32_t space, first;
    char address[32];
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    for (int i = DOM_SPACE_COUNT; i < DOM_SPACE_MAX; i++) {
        snprintf(address, sizeof address, "urn:%d", i);
        assert_int_equal(dom_space_put(page, address, strlen(address), &space), FIRN_OK);
        assert_int_equal(space, i);
    }
    assert_int_equal(dom_space_put(page, "urn:7", 5, &first), FIRN_OK);
    assert_int_equal(first, 7);
    assert_int_equal(dom_space_put(page, "urn:more", 8, &space), FIRN_LIMIT);
    firn_status status = FIRN_OK;
    dom_name name;
    for (uint32_t i = 0; i < (1u << 18) && status == FIRN_OK; i++)
        status = dom_name_put(page, (const char *)&i, sizeof i, &name);
    assert_int_equal(status, FIRN_LIMIT);
    assert_int_equal(dom_name_put(page, "urn:7", 5, &name), FIRN_OK);
    dom_destroy(page);
}

static void texts_that_none_has_are_given_up(void **state)
{
    (void)state;
    dom *page;
    text written;
    char content[256];
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    dom_id kept = element_of(page, "p"), doctype, changing = text_of(page, "");
    assert_int_equal(dom_doctype(page, name_of(page, "html"), "public", "system", &doctype),
                     FIRN_OK);
    assert_int_equal(dom_attribute_set(page, kept, 0, name_of(page, "title"), "stays", 5), FIRN_OK);
    dom_insert(page, kept, changing, 0);
    dom_usage usage;
    size_t most = 0, size;
    for (int i = 0; i < 20000; i++) {
        snprintf(content, sizeof content, "%100d", i);
        assert_int_equal(dom_value_set(page, changing, content, strlen(content)), FIRN_OK);
        assert_int_equal(dom_sweep(page), FIRN_OK);
        dom_usage_get(page, &usage);
        most = usage.text_count > most ? usage.text_count : most;
    }
    assert_in_range(most, 100, 2000);
    const char *value = dom_value(page, changing, &size);
    assert_int_equal(size, strlen(content));
    assert_memory_equal(value, content, size);
    assert_memory_equal(dom_doctype_public(page, doctype, &size), "public", 6);
    assert_memory_equal(dom_doctype_system(page, doctype, &size), "system", 6);
    dom_remove(page, changing);
    assert_string_equal(html_of(page, kept, false, &written), "<p title=\"stays\"></p>");
    dom_destroy(page);
}

static void text_below_a_node_is_joined(void **state)
{
    (void)state;
    dom *page;
    dom_id document;
    text written = {.size = 0};
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    assert_int_equal(read_document(page, "<body>a<b>b<!--no--></b><i>c</i>", &document), FIRN_OK);
    assert_int_equal(dom_write_text(page, document, append, &written), FIRN_OK);
    assert_string_equal(written.bytes, "abc");
    dom_destroy(page);
}

static void nodes_know_where_they_stand(void **state)
{
    (void)state;
    dom *page;
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    dom_id top = element_of(page, "div"), a = element_of(page, "a"), b = element_of(page, "b");
    dom_id in_a = text_of(page, "x"), apart = element_of(page, "i");
    dom_insert(page, top, b, 0);
    dom_insert(page, top, a, b);
    dom_insert(page, a, in_a, 0);
    assert_true(dom_compare(page, in_a, b) < 0 && dom_compare(page, b, in_a) > 0);
    assert_true(dom_compare(page, top, in_a) < 0 && dom_compare(page, in_a, top) > 0);
    assert_int_equal(dom_compare(page, a, a), 0);
    assert_true(dom_compare(page, apart, a) != 0);
    assert_int_equal(dom_compare(page, apart, a), -dom_compare(page, a, apart));
    assert_true(dom_within(page, in_a, top) && !dom_within(page, b, a));
    assert_int_equal(dom_root(page, in_a), top);
    assert_int_equal(dom_last(page, top), b);
    dom_insert(page, top, a, a); /* before itself: it stays */
    assert_int_equal(dom_first(page, top), a);
    assert_int_equal(dom_previous(page, b), a);
    assert_int_equal(dom_previous(page, a), 0);
    assert_int_equal(dom_value_set(page, top, "x", 1), FIRN_INVALID);
    dom_destroy(page);
}

/* --- memory that runs out --- */

static firn_status work(const firn_allocator *allocator, void *context)
{
    static const char html[] =
        "<!doctype html><p class=a id=b>x<template><b title=t>y</b></template><script>1</script>"
        "<ul><li>1<li>2</ul><noscript>n</noscript><svg><a xlink:href=u></a></svg>";
    dom *page;
    dom_id document, copy, fragment;
    text written = {.size = 0};
    (void)context;
    firn_status status = dom_create(allocator, &page);
    if (status != FIRN_OK)
        return status;
    status = read_document(page, html, &document);
    if (status == FIRN_OK)
        status = dom_clone(page, document, true, &copy);
    if (status == FIRN_OK)
        status = dom_parse_fragment(page, DOM_SPACE_HTML, 0, html, strlen(html), &fragment);
    if (status == FIRN_OK)
        status = dom_write_html(page, copy, true, append, &written);
    if (status == FIRN_OK)
        assert_non_null(strstr(written.bytes, "<template><b title=\"t\">y</b></template>"));
    dom_destroy(page);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_in_range(failing_each(work, NULL), 20, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_comes_back_as_browsers_write_it),
        cmocka_unit_test(a_document_stops_behind_each_script),
        cmocka_unit_test(a_fragment_is_read_as_its_context_wants),
        cmocka_unit_test(scripts_of_a_fragment_are_marked_as_started),
        cmocka_unit_test(a_tree_may_be_as_deep_as_it_likes),
        cmocka_unit_test(attributes_keep_their_order),
        cmocka_unit_test(an_element_has_a_limit_of_attributes),
        cmocka_unit_test(names_and_namespaces_have_limits),
        cmocka_unit_test(texts_that_none_has_are_given_up),
        cmocka_unit_test(text_below_a_node_is_joined),
        cmocka_unit_test(nodes_know_where_they_stand),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
