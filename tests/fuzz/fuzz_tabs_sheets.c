/* Style sheets from hostile text: read, changed by pieces of themselves, and asked for the computed
 * style of a small document. What is written of a sheet reads as the same again; a second asking
 * gives the same answer; what a declaration gives is taken again as it was given. */
#include "tabs/css/styles.h"
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
    "<!doctype html><body class='a b' style='color: red'><div id=c lang=en><p class=a>x<b>y</b></p>"
    "<ul class=b><li style='--x: 1px'>1<li class=a>2</ul></div><table><tr><td><a "
    "href=x>z</a></table>";

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

struct again {
    const css_properties *properties;
    css_property longhand;
    const char *text;
    size_t size, count;
};

static void compare(void *context, css_property longhand, const char *text, size_t size)
{
    struct again *again = context;
    check(longhand == again->longhand && size == again->size &&
          memcmp(text, again->text, size) == 0);
    again->count++;
}

/* A canonical value is its own canonical value. */
static void take_again(void *context, css_property longhand, const char *text, size_t size)
{
    struct again again = {context, longhand, text, size, 0};
    if (size > 0 && text[0] == 1)
        return;
    check(css_declare(context, longhand, text, size, compare, &again) && again.count == 1);
}

static void look_at(css_styles *styles, const css_sheet *sheet, css_rule parent, size_t *rules)
{
    firn_arena arena;
    css_body body;
    css_declaration one;
    size_t size;
    for (css_rule rule = css_sheet_first(sheet, parent); rule != 0;
         rule = css_sheet_next(sheet, rule)) {
        check(css_sheet_parent(sheet, rule) == parent);
        (*rules)++;
        css_sheet_prelude(sheet, rule, &size);
        const char *text = css_sheet_body(sheet, rule, &size);
        check(firn_arena_init(&arena, NULL) == FIRN_OK);
        css_body_begin(&body, &arena, text, size);
        while (css_body_next(&body, &one)) {
            const css_properties *known = css_styles_properties(styles);
            css_property property = css_property_find(known, one.name, one.name_bytes);
            if (property != CSS_NO_PROPERTY)
                css_declare(known, property, one.value, one.value_bytes, take_again, (void *)known);
        }
        firn_arena_fini(&arena);
        look_at(styles, sheet, rule, rules);
    }
}

static void ask(css_styles *styles, dom *page, dom_id document)
{
    static const char *const names[] = {"color",      "font",      "margin-top",  "display", "--x",
                                        "background", "transform", "line-height", "width"};
    css_scope scope = {.page = page};
    for (dom_id at = document; at != 0; at = dom_follow(page, at, document)) {
        if (dom_kind_of(page, at) != DOM_ELEMENT)
            continue;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            css_text first = {0}, second = {0};
            size_t size = strlen(names[i]);
            const char *pseudo = i % 4 == 3 ? "before" : "";
            check(css_styles_get(styles, &scope, at, pseudo, names[i], size, &first) == FIRN_OK);
            check(css_styles_get(styles, &scope, at, pseudo, names[i], size, &second) == FIRN_OK);
            check(first.size == second.size &&
                  (first.size == 0 || memcmp(first.bytes, second.bytes, first.size) == 0));
            css_text_fini(&first);
            css_text_fini(&second);
        }
    }
}

static void change(css_sheet *sheet, dom *page, const char *text, size_t size)
{
    css_rule rule;
    size_t half = size / 2;
    firn_status status = css_sheet_insert(sheet, page, 0, size % 3, text, half, &rule);
    check(status == FIRN_OK || status == FIRN_INVALID || status == FIRN_NOT_FOUND);
    rule = css_sheet_first(sheet, 0);
    if (rule == 0)
        return;
    check(css_sheet_set_body(sheet, rule, text + half, size - half) == FIRN_OK);
    css_sheet_remove(sheet, css_sheet_next(sheet, rule));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dom *page;
    css_styles *styles;
    css_sheet *sheet;
    size_t rules = 0, counted;
    const char *text = (const char *)data;
    if (size > 4096)
        return 0;
    check(dom_create(NULL, &page) == FIRN_OK);
    check(css_styles_create(page, &styles) == FIRN_OK);
    dom_id document = read_document(page);
    check(css_sheet_create(text, size, &sheet) == FIRN_OK);
    check(css_sheet_read(sheet, page) == FIRN_OK);
    look_at(styles, sheet, 0, &rules);
    css_sheet_usage(sheet, &counted);
    check(rules <= counted);
    css_applied applied = {sheet, ""};
    check(css_styles_apply(styles, &applied, 1) == FIRN_OK);
    ask(styles, page, document);
    change(sheet, page, text, size);
    check(css_styles_apply(styles, &applied, 1) == FIRN_OK);
    ask(styles, page, document);
    css_viewport viewport = {100, 100, true};
    css_text out = {0};
    css_media_holds(text, size, &viewport);
    css_put_media(&out, text, size);
    css_text_fini(&out);
    css_supports(css_styles_properties(styles), page, text, size);
    css_styles_destroy(styles);
    css_sheet_destroy(sheet);
    dom_destroy(page);
    return 0;
}
