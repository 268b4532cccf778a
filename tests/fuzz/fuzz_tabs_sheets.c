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

/* Asks each element about two of the names, so that all of these are asked about. */
static void ask(css_styles *styles, dom *page, dom_id document)
{
    static const char *const names[] = {"color",      "font",      "margin-top",  "display", "--x",
                                        "background", "transform", "line-height", "width"};
    enum { NAMES = sizeof names / sizeof names[0] };
    css_scope scope = {.page = page};
    size_t next = 0;
    for (dom_id at = document; at != 0; at = dom_follow(page, at, document)) {
        for (size_t i = 0; dom_kind_of(page, at) == DOM_ELEMENT && i < 2; i++, next++) {
            css_text first = {0}, second = {0};
            const char *name = names[next % NAMES], *pseudo = next % 4 == 3 ? "before" : "";
            size_t size = strlen(name);
            check(css_styles_get(styles, &scope, at, pseudo, name, size, &first) == FIRN_OK);
            check(css_styles_get(styles, &scope, at, pseudo, name, size, &second) == FIRN_OK);
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
    status = css_sheet_set_body(sheet, rule, text + half, size - half);
    check(status == FIRN_OK || status == FIRN_INVALID);
    css_sheet_remove(sheet, css_sheet_next(sheet, rule));
}

/* What is the same for all inputs is made for many of them, as the table of properties takes longer
 * than an input; but names of all inputs are kept by the page. */
enum { USES = 1000 };
static dom *page;
static css_styles *styles;
static dom_id document;

static void make_page(void)
{
    static int uses;
    if (page != NULL && ++uses < USES)
        return;
    uses = 0;
    if (page != NULL) {
        css_styles_destroy(styles);
        dom_destroy(page);
    }
    check(dom_create(NULL, &page) == FIRN_OK);
    check(css_styles_create(page, &styles) == FIRN_OK);
    document = read_document(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    css_sheet *sheet;
    size_t rules = 0, counted;
    const char *text = (const char *)data;
    if (size > 4096)
        return 0;
    make_page();
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
    check(css_styles_apply(styles, NULL, 0) == FIRN_OK);
    css_sheet_destroy(sheet);
    return 0;
}
