/* Selectors from hostile text, matched against all elements of a small document: an element matches
 * a list when it is among those that the list selects. */
#include "tabs/css/selector.h"
#include "tabs/dom/parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static const char html[] =
    "<!doctype html><body class='a b'><div id=c lang=en><p class=a>x<b>y</b><p dir=rtl></div><form>"
    "<fieldset disabled><input type=radio name=r checked required><select><option "
    "selected></select>"
    "</fieldset><button></button></form><svg><a xlink:href=x></a></svg><table><tr><td><td></table>";

static dom_id read_document(dom *page)
{
    dom_parse *parse;
    dom_id document, script;
    check(dom_container(page, DOM_DOCUMENT, &document) == FIRN_OK);
    check(dom_parse_begin(page, document, html, sizeof html - 1, &parse) == FIRN_OK);
    check(dom_parse_next(parse, &script) == FIRN_OK && script == 0);
    dom_parse_end(parse);
    return document;
}

struct selected {
    dom_id nodes[64];
    size_t count;
};

static bool note(void *context, dom_id element)
{
    struct selected *selected = context;
    selected->nodes[selected->count++] = element;
    return true;
}

static void match(dom *page, const css_selectors *list)
{
    css_scope scope = {.page = page};
    struct selected selected = {.count = 0};
    dom_id document = read_document(page);
    size_t at = 0;
    css_select(list, &scope, document, note, &selected);
    for (dom_id node = document; node != 0; node = dom_follow(page, node, document)) {
        if (dom_kind_of(page, node) != DOM_ELEMENT)
            continue;
        bool found = at < selected.count && selected.nodes[at] == node;
        check(css_matches(list, &scope, node) == found);
        at += found;
    }
    check(at == selected.count);
    for (size_t i = 0; i < css_selectors_count(list); i++)
        check(css_specificity(list, i) < 1u << 30);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dom *page;
    firn_arena arena;
    css_selectors *list;
    size_t where = 0;
    if (size > 2048) /* :not within :has and the like take their product */
        return 0;
    check(dom_create(NULL, &page) == FIRN_OK);
    check(firn_arena_init(&arena, NULL) == FIRN_OK);
    firn_status status = css_selectors_read(page, &arena, (const char *)data, size, &list, &where);
    if (status == FIRN_OK)
        match(page, list);
    else
        check((status == FIRN_INVALID || status == FIRN_LIMIT) && where <= size);
    firn_arena_fini(&arena);
    dom_destroy(page);
    return 0;
}
