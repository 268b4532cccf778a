/* Pages asleep: whatever a page is, it comes back node by node as it was. */
#include "tabs/dom/dormant.h"
#include "tabs/dom/parse.h"
#include "tabs/dom/state.h"

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void same_text(const char *a, size_t a_size, const char *b, size_t b_size)
{
    assert_int_equal(a_size, b_size);
    assert_memory_equal(a, b, a_size);
}

static void same_attributes(const dom *a, const dom *b, dom_id node)
{
    size_t count = dom_attribute_count(a, node);
    assert_int_equal(dom_attribute_count(b, node), count);
    for (size_t i = 0; i < count; i++) {
        dom_attribute in_a = dom_attribute_at(a, node, i), in_b = dom_attribute_at(b, node, i);
        size_t a_size, b_size;
        assert_int_equal(in_a.name, in_b.name);
        assert_int_equal(in_a.space, in_b.space);
        const char *a_text = dom_text_get(a, in_a.value, &a_size);
        const char *b_text = dom_text_get(b, in_b.value, &b_size);
        same_text(a_text, a_size, b_text, b_size);
    }
}

static void same_node(const dom *a, const dom *b, dom_id id)
{
    const struct dom_node *in_a = node_at(a, id), *in_b = node_at(b, id);
    size_t a_size, b_size;
    assert_int_equal(in_a == NULL, in_b == NULL);
    if (in_a == NULL)
        return;
    assert_int_equal(in_a->head, in_b->head);
    assert_int_equal(in_a->parent, in_b->parent);
    assert_int_equal(in_a->next, in_b->next);
    assert_int_equal(in_a->previous, in_b->previous);
    assert_int_equal(dom_first(a, id), dom_first(b, id));
    const char *a_text = dom_value(a, id, &a_size), *b_text = dom_value(b, id, &b_size);
    same_text(a_text, a_size, b_text, b_size);
    if (kind_of(in_a) == DOM_ELEMENT) {
        same_attributes(a, b, id);
        assert_int_equal(dom_contents_if_any(a, id), dom_contents_if_any(b, id));
    }
    if (kind_of(in_a) == DOM_DOCTYPE) {
        a_text = dom_doctype_public(a, id, &a_size), b_text = dom_doctype_public(b, id, &b_size);
        same_text(a_text, a_size, b_text, b_size);
        a_text = dom_doctype_system(a, id, &a_size), b_text = dom_doctype_system(b, id, &b_size);
        same_text(a_text, a_size, b_text, b_size);
    }
}

static void same_pages(const dom *a, const dom *b)
{
    dom_usage in_a, in_b;
    size_t a_size, b_size;
    dom_usage_get(a, &in_a);
    dom_usage_get(b, &in_b);
    assert_int_equal(in_a.node_count, in_b.node_count);
    assert_int_equal(in_a.name_count, in_b.name_count);
    assert_int_equal(in_a.shape_count, in_b.shape_count);
    assert_int_equal(dom_space_count(a), dom_space_count(b));
    assert_int_equal(firn_map_count(&a->contents), firn_map_count(&b->contents));
    assert_int_equal(firn_pool_verify(&b->nodes), FIRN_OK);
    for (uint32_t i = 0; i < dom_space_count(a); i++)
        assert_int_equal(a->spaces[i], b->spaces[i]);
    for (dom_name i = 0; i < in_a.name_count; i++) {
        const char *a_text = dom_name_text(a, i, &a_size), *b_text = dom_name_text(b, i, &b_size);
        same_text(a_text, a_size, b_text, b_size);
    }
    firn_pool_handle last = 0, handle = 0;
    while (firn_pool_next(&a->nodes, &handle) != NULL)
        last = handle;
    for (dom_id id = 1; id <= last + 100; id++)
        same_node(a, b, id);
}

/* Packs a page, wakes it in another one and in its own place. */
static void check(dom *page)
{
    void *data;
    size_t size;
    dom *copy;
    assert_int_equal(dom_dormant_pack(page, NULL, &data, &size), FIRN_OK);
    assert_int_equal(dom_create(NULL, &copy), FIRN_OK);
    assert_int_equal(dom_dormant_restore(copy, data, size), FIRN_OK);
    assert_int_equal(dom_version(copy), dom_version(page) + 1);
    same_pages(page, copy);
    dom_dormant_empty(page);
    assert_int_equal(dom_dormant_restore(page, data, size), FIRN_OK);
    same_pages(copy, page);
    dom_destroy(copy);
    firn_release(NULL, data, size);
}

static dom_id read_document(dom *page, const char *html)
{
    dom_parse *parse;
    dom_id document, script;
    assert_int_equal(dom_container(page, DOM_DOCUMENT, &document), FIRN_OK);
    assert_int_equal(dom_parse_begin(page, document, html, strlen(html), &parse), FIRN_OK);
    do
        assert_int_equal(dom_parse_next(parse, &script), FIRN_OK);
    while (script != 0);
    dom_parse_end(parse);
    return document;
}

static void documents_come_back(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "",
        "<!doctype html><title>A</title><p class=a>x<p class=a>y<p class=b id=c>x",
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/x.dtd\"><p>",
        "<template>a<template>b</template></template><!-- c -->\n \n<svg xlink:href=a><g/>",
        "<ul><li><a href=/a/b>b</a>, <a href=/a/c>c</a><li><a href=/a/b>b</a></ul><math><mi>x",
    };
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        dom *page;
        assert_int_equal(dom_create(NULL, &page), FIRN_OK);
        check(page); /* without a node */
        dom_id document = read_document(page, documents[i]);
        dom_flag_set(page, document, DOM_FLAG_WRAPPED, true);
        check(page);
        dom_free(page, document);
        check(page);
        dom_destroy(page);
    }
}

static void many_alike_and_many_different_come_back(void **state)
{
    (void)state;
    dom *page;
    dom_id root, node;
    dom_name div;
    char text[40];
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    assert_int_equal(dom_name_put(page, "div", 3, &div), FIRN_OK);
    assert_int_equal(dom_container(page, DOM_FRAGMENT, &root), FIRN_OK);
    for (int i = 0; i < 9000; i++) { /* more labels than there are */
        snprintf(text, sizeof text, "name%d", i);
        dom_name name;
        assert_int_equal(dom_name_put(page, text, strlen(text), &name), FIRN_OK);
        assert_int_equal(dom_element(page, DOM_SPACE_HTML, div, &node), FIRN_OK);
        assert_int_equal(dom_attribute_set(page, node, 0, name, text, strlen(text)), FIRN_OK);
        dom_insert(page, root, node, 0);
    }
    assert_int_equal(dom_element(page, DOM_SPACE_HTML, div, &node), FIRN_OK);
    for (int i = 0; i < 300; i++) { /* more attributes than a label has */
        snprintf(text, sizeof text, "name%d", i);
        dom_name name = dom_name_find(page, text, strlen(text));
        assert_int_equal(dom_attribute_set(page, node, 0, name, "same", 4), FIRN_OK);
    }
    for (int i = 0; i < 200; i++) {
        assert_int_equal(dom_characters(page, DOM_TEXT, "\0\1a\0\1\2", (size_t)i % 7, &node),
                         FIRN_OK);
        dom_insert(page, root, node, 0);
    }
    check(page);
    dom_destroy(page);
}

static void a_deep_tree_comes_back(void **state)
{
    (void)state;
    dom *page;
    dom_id top, node;
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    assert_int_equal(dom_container(page, DOM_FRAGMENT, &top), FIRN_OK);
    for (int i = 0; i < 20000; i++) {
        assert_int_equal(dom_element(page, DOM_SPACE_HTML, 1, &node), FIRN_OK);
        dom_insert(page, top, node, 0);
        top = node;
    }
    check(page);
    dom_destroy(page);
}

static void one_that_has_lost_most_nodes_is_not_packed(void **state)
{
    (void)state;
    enum { COUNT = 70000 };
    dom *page;
    dom_id node = 0;
    void *data;
    size_t size;
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(dom_characters(page, DOM_TEXT, "", 0, &node), FIRN_OK);
        if (i < COUNT - 1)
            continue;
        for (dom_id id = 1; id < node; id++)
            dom_free(page, id);
    }
    assert_int_equal(dom_dormant_pack(page, NULL, &data, &size), FIRN_LIMIT);
    dom_destroy(page);
}

struct model {
    rng random;
    dom *page;
    dom_id ids[300];
};

static size_t some_text(struct model *model, char text[64])
{
    static const char *const common[] = {"", "\n", "common", "http://example.org/page/"};
    uint64_t which = rng_below(&model->random, 8);
    if (which < 4)
        return (size_t)snprintf(text, 64, "%s", common[which]);
    return (size_t)snprintf(text, 64, "%s%d", common[which - 4],
                            (int)rng_below(&model->random, 100));
}

static void make(struct model *model, dom_id *ret_id)
{
    char text[64];
    size_t size = some_text(model, text);
    dom_name name = 0;
    firn_status status = FIRN_OK;
    assert_int_equal(dom_name_put(model->page, text, size, &name), FIRN_OK);
    switch (rng_below(&model->random, 8)) {
    case 0:
        status = dom_characters(model->page, DOM_TEXT, text, size, ret_id);
        break;
    case 1:
        status = dom_characters(model->page, DOM_COMMENT, text, size, ret_id);
        break;
    case 2:
        status = dom_instruction(model->page, name, text, size, ret_id);
        break;
    case 3:
        status = dom_doctype(model->page, name, text, "system", ret_id);
        break;
    default:
        status = dom_element(model->page, 1 + (uint32_t)rng_below(&model->random, 3), name, ret_id);
    }
    assert_int_equal(status, FIRN_OK);
}

static void insert(struct model *model, dom_id node, dom_id into)
{
    if (into == 0 || !has_children(dom_kind_of(model->page, into)) ||
        dom_within(model->page, into, node))
        return;
    dom_insert(model->page, into, node,
               rng_below(&model->random, 2) != 0 ? dom_first(model->page, into) : 0);
}

static void change_attribute(struct model *model, dom_id node)
{
    char text[64];
    dom_name name;
    dom_id contents;
    size_t size = some_text(model, text);
    if (dom_kind_of(model->page, node) != DOM_ELEMENT)
        return;
    assert_int_equal(dom_name_put(model->page, text, size, &name), FIRN_OK);
    if (rng_below(&model->random, 4) == 0) {
        (void)!dom_attribute_remove(model->page, node, name);
        return;
    }
    if (rng_below(&model->random, 40) == 0)
        assert_int_equal(dom_contents(model->page, node, &contents), FIRN_OK);
    size = some_text(model, text);
    assert_int_equal(dom_attribute_set(model->page, node, 0, name, text, size), FIRN_OK);
}

static void forget_freed(struct model *model)
{
    for (size_t i = 0; i < 300; i++)
        if (model->ids[i] != 0 && !dom_is_node(model->page, model->ids[i]))
            model->ids[i] = 0;
}

static void change(struct model *model)
{
    dom_id *node = &model->ids[rng_below(&model->random, 300)];
    dom_id other = model->ids[rng_below(&model->random, 300)];
    if (*node == 0) {
        make(model, node);
        insert(model, *node, other);
        return;
    }
    switch (rng_below(&model->random, 12)) {
    case 0:
        dom_remove(model->page, *node);
        break;
    case 1:
        if (rng_below(&model->random, 8) == 0) {
            dom_free(model->page, *node);
            forget_freed(model);
        }
        break;
    case 2:
        dom_flag_set(model->page, *node, (dom_flag)(1u << rng_below(&model->random, 4)),
                     rng_below(&model->random, 2) != 0);
        break;
    case 3:
    case 4:
    case 5:
        insert(model, *node, other);
        break;
    default:
        change_attribute(model, *node);
    }
}

static void random_pages_come_back_and_go_on(void **state)
{
    static struct model model;
    (void)state;
    rng_init(&model.random, "random_pages_come_back_and_go_on");
    for (int round = 0; round < 5; round++) {
        memset(model.ids, 0, sizeof model.ids);
        assert_int_equal(dom_create(NULL, &model.page), FIRN_OK);
        for (int i = 0; i < 2000; i++) {
            change(&model);
            if (rng_below(&model.random, 100) == 0)
                check(model.page);
        }
        check(model.page);
        dom_destroy(model.page);
    }
}

static firn_status sleep_and_wake(const firn_allocator *allocator, void *context)
{
    dom *page = context, *copy;
    void *data;
    size_t size;
    firn_status status = dom_dormant_pack(page, allocator, &data, &size);
    if (status != FIRN_OK)
        return status;
    status = dom_create(allocator, &copy);
    if (status == FIRN_OK) {
        status = dom_dormant_restore(copy, data, size);
        if (status == FIRN_OK)
            same_pages(page, copy);
        dom_destroy(copy);
    }
    firn_release(allocator, data, size);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    dom *page;
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    read_document(page, "<!doctype html><p class=a>x<template><b>y</b></template><!-- z -->");
    assert_true(failing_each(sleep_and_wake, page) > 20);
    dom_destroy(page);
}

static void damaged_bytes_leave_an_empty_page(void **state)
{
    (void)state;
    dom *page, *whole;
    void *data;
    size_t size;
    assert_int_equal(dom_create(NULL, &page), FIRN_OK);
    assert_int_equal(dom_create(NULL, &whole), FIRN_OK);
    read_document(page, "<p class=a>x<p class=b>y");
    assert_int_equal(dom_dormant_pack(page, NULL, &data, &size), FIRN_OK);
    assert_int_equal(dom_dormant_restore(whole, data, size), FIRN_OK);
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)data)[i] ^= 0x10;
        firn_status status = dom_dormant_restore(page, data, size);
        if (status == FIRN_OK) /* a bit of zstd's that says nothing */
            same_pages(whole, page);
        else
            assert_true(status == FIRN_CORRUPT || status == FIRN_VERSION);
        ((uint8_t *)data)[i] ^= 0x10;
    }
    assert_int_equal(dom_dormant_restore(page, data, size - 1), FIRN_CORRUPT);
    assert_int_equal(dom_dormant_restore(page, data, size), FIRN_OK);
    check(page);
    firn_release(NULL, data, size);
    dom_destroy(whole);
    dom_destroy(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_come_back),
        cmocka_unit_test(many_alike_and_many_different_come_back),
        cmocka_unit_test(a_deep_tree_comes_back),
        cmocka_unit_test(one_that_has_lost_most_nodes_is_not_packed),
        cmocka_unit_test(random_pages_come_back_and_go_on),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(damaged_bytes_leave_an_empty_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
