/* Style sheets, awake and asleep: what is kept of a body reads as the body did; whatever a sheet
 * is, and whatever scripts have made of it, it comes back rule by rule as it was, and styles
 * elements as before. */
#include "tabs/css/dormant.h"
#include "tabs/css/dormant_parts.h"
#include "tabs/css/styles.h"
#include "tabs/dom/parse.h"

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static dom *page;
static dom_id document;
static css_styles *styles;

static const char html[] = "<!doctype html><body class='a b'><div id=c lang=en><p class=a>x<b>y</b>"
                           "</p><ul class=b><li>1<li class=a>2</ul></div>";

static int make_page(void **state)
{
    (void)state;
    dom_parse *parse;
    dom_id script;
    if (dom_create(NULL, &page) != FIRN_OK || css_styles_create(page, &styles) != FIRN_OK ||
        dom_container(page, DOM_DOCUMENT, &document) != FIRN_OK ||
        dom_parse_begin(page, document, html, sizeof html - 1, &parse) != FIRN_OK)
        return -1;
    firn_status status = dom_parse_next(parse, &script);
    dom_parse_end(parse);
    return status == FIRN_OK ? 0 : -1;
}

static int free_page(void **state)
{
    (void)state;
    css_styles_destroy(styles);
    dom_destroy(page);
    return 0;
}

static css_sheet *sheet_of(const char *text)
{
    css_sheet *sheet;
    assert_int_equal(css_sheet_create(text, strlen(text), &sheet), FIRN_OK);
    return sheet;
}

static css_sheet *read_sheet(const char *text)
{
    css_sheet *sheet = sheet_of(text);
    assert_int_equal(css_sheet_read(sheet, page), FIRN_OK);
    return sheet;
}

static void is_text(const char *text, size_t size, const char *expected)
{
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(text, expected, size);
}

static void has(const css_sheet *sheet, css_rule rule, css_rule_kind kind, const char *prelude,
                const char *body)
{
    size_t size;
    assert_int_not_equal(rule, 0);
    assert_int_equal(css_sheet_kind(sheet, rule), kind);
    const char *text = css_sheet_prelude(sheet, rule, &size);
    is_text(text, size, prelude);
    text = css_sheet_body(sheet, rule, &size);
    is_text(text, size, body);
}

static void same_text(const char *a, size_t a_size, const char *b, size_t b_size)
{
    assert_int_equal(a_size, b_size);
    assert_memory_equal(a, b, a_size);
}

static void same_sheets(const css_sheet *a, const css_sheet *b)
{
    size_t a_size, b_size;
    assert_int_equal(a->rules == NULL, b->rules == NULL);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->text_bytes, b->text_bytes);
    if (a->text != NULL)
        assert_memory_equal(a->text, b->text, a->text_bytes + 1);
    for (css_rule rule = 0; rule < a->count; rule++) {
        assert_int_equal(css_sheet_kind(a, rule), css_sheet_kind(b, rule));
        assert_int_equal(css_sheet_parent(a, rule), css_sheet_parent(b, rule));
        assert_int_equal(css_sheet_first(a, rule), css_sheet_first(b, rule));
        assert_int_equal(css_sheet_next(a, rule), css_sheet_next(b, rule));
        const char *a_text = css_sheet_prelude(a, rule, &a_size);
        const char *b_text = css_sheet_prelude(b, rule, &b_size);
        same_text(a_text, a_size, b_text, b_size);
        a_text = css_sheet_body(a, rule, &a_size), b_text = css_sheet_body(b, rule, &b_size);
        same_text(a_text, a_size, b_text, b_size);
    }
}

static const css_properties *known(void)
{
    return css_styles_properties(styles);
}

/* --- reading --- */

static void a_sheet_is_its_rules(void **state)
{
    (void)state;
    css_sheet *sheet = read_sheet("@charset 'x'; @import url(a.css) screen;\n"
                                  "a , b > c /* d */ { color : red ; bad; margin:0 ! important }\n"
                                  "@media print { p { } @page x { size: a4 } }\n"
                                  "@import 'late'; ?? { color: red }\n"
                                  "@keyframes k { from, 50% { top: 0 } nothing { top: 1px } }\n"
                                  "@layer x, y; @unknown { a { b: c } } d{--x:{a:b}; --y: ;e:f");
    size_t rules;
    css_rule rule = css_sheet_first(sheet, 0);
    has(sheet, rule, CSS_RULE_IMPORT, "url(a.css) screen", "");
    rule = css_sheet_next(sheet, rule);
    has(sheet, rule, CSS_RULE_STYLE, "a , b > c", "color:red;margin:0!important");
    rule = css_sheet_next(sheet, rule);
    has(sheet, rule, CSS_RULE_MEDIA, "print", "");
    css_rule inner = css_sheet_first(sheet, rule);
    has(sheet, inner, CSS_RULE_STYLE, "p", "");
    assert_int_equal(css_sheet_parent(sheet, inner), rule);
    has(sheet, css_sheet_next(sheet, inner), CSS_RULE_PAGE, "x", "size:a4");
    rule = css_sheet_next(sheet, rule);
    has(sheet, rule, CSS_RULE_KEYFRAMES, "k", "");
    inner = css_sheet_first(sheet, rule);
    has(sheet, inner, CSS_RULE_KEYFRAME, "from, 50%", "top:0");
    assert_int_equal(css_sheet_next(sheet, inner), 0);
    rule = css_sheet_next(sheet, rule);
    has(sheet, rule, CSS_RULE_LAYER_STATEMENT, "x, y", "");
    rule = css_sheet_next(sheet, rule);
    has(sheet, rule, CSS_RULE_STYLE, "d", "--x:{a:b}; --y: ;e:f"); /* it was not closed */
    assert_int_equal(css_sheet_next(sheet, rule), 0);
    css_sheet_usage(sheet, &rules);
    assert_int_equal(rules, 9);
    css_sheet_destroy(sheet);
}

static void equal_texts_are_there_once(void **state)
{
    (void)state;
    char text[6000] = "";
    size_t size = 0, rules;
    for (int i = 0; i < 100; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
                                 "@media print { .a%d { color: rgb(1, 2, 3) } }", i);
    css_sheet *sheet = read_sheet(text);
    size_t first, last;
    const char *one = css_sheet_body(sheet, 2, &first), *other = css_sheet_body(sheet, 200, &last);
    assert_ptr_equal(one, other);
    size_t bytes = css_sheet_usage(sheet, &rules);
    assert_int_equal(rules, 200);
    assert_true(bytes < sizeof *sheet + 201 * sizeof(struct rule) + 100 * 5 + 64);
    css_sheet_destroy(sheet);
}

static void it_knows_its_text_once_it_was_read(void **state)
{
    (void)state;
    dom_id element, text;
    dom_name name;
    css_sheet *sheet = sheet_of("a{color:red}b{}");
    assert_int_equal(dom_name_put(page, "style", 5, &name), FIRN_OK);
    assert_int_equal(dom_element(page, DOM_SPACE_HTML, name, &element), FIRN_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            dom_characters(page, DOM_TEXT, i == 0 ? "a{color:r" : "ed}b{}", i == 0 ? 9 : 6, &text),
            FIRN_OK);
        assert_false(css_sheet_is_text(sheet, page, element));
        dom_insert(page, element, text, 0);
    }
    assert_true(css_sheet_is_text(sheet, page, element));
    assert_int_equal(css_sheet_read(sheet, page), FIRN_OK);
    assert_true(css_sheet_is_text(sheet, page, element));
    assert_int_equal(dom_value_set(page, text, "ed}c{}", 6), FIRN_OK);
    assert_false(css_sheet_is_text(sheet, page, element));
    css_sheet_destroy(sheet);
    dom_free(page, element);
}

static void what_is_no_rule_is_not_put_in(void **state)
{
    (void)state;
    size_t rules, before;
    css_rule rule;
    css_sheet *sheet = read_sheet("a{color:red}@media print{b{}}");
    const size_t bytes = css_sheet_usage(sheet, &before);
    static const char *const none[] = {"", " ", "a", "a{}b{}", "?{}", "@nothing{}", "@media print"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(css_sheet_insert(sheet, page, 0, 0, none[i], strlen(none[i]), &rule),
                         FIRN_INVALID);
    assert_int_equal(css_sheet_insert(sheet, page, 0, 3, "c{}", 3, &rule), FIRN_NOT_FOUND);
    assert_int_equal(css_sheet_insert(sheet, page, 1, 0, "c{}", 3, &rule), FIRN_NOT_FOUND);
    assert_int_equal(css_sheet_insert(sheet, page, 9, 0, "c{}", 3, &rule), FIRN_NOT_FOUND);
    assert_int_equal(css_sheet_set_body(sheet, 2, "c:d", 3), FIRN_INVALID);
    assert_int_equal(css_sheet_set_body(sheet, 9, "c:d", 3), FIRN_NOT_FOUND);
    assert_int_equal(css_sheet_set_prelude(sheet, 9, "c", 1), FIRN_NOT_FOUND);
    css_sheet_usage(sheet, &rules);
    assert_int_equal(rules, before);
    assert_int_equal(css_sheet_insert(sheet, page, 2, 1, " c{ d : e } ", 12, &rule), FIRN_OK);
    has(sheet, rule, CSS_RULE_STYLE, "c", "d:e");
    assert_int_equal(css_sheet_next(sheet, css_sheet_first(sheet, 2)), rule);
    assert_true(css_sheet_usage(sheet, &rules) > bytes);
    css_sheet_destroy(sheet);
}

/* --- bodies --- */

static void some_text(rng *random, char *text, size_t size, const char *const *words, size_t count)
{
    size_t at = 0;
    text[0] = 0;
    for (size_t i = rng_below(random, 24); i > 0 && at + 20 < size; i--)
        at += (size_t)snprintf(text + at, size - at, "%s", words[rng_below(random, count)]);
}

static const char *const pieces[] = {
    "a:b",    "c:d", ";",  ":",     ";",    ":",          "e",           " ",    "color", "margin",
    "--x",    "a",   ":",  ";",     ";",    "!important", "! Important", "red",  "1px",   " ",
    "\n",     "(",   ")",  "[",     "]",    "{",          "{}",          "(x)",  ",",     "/*c;*/",
    "\"s;\"", "'",   "\\", "\\61 ", "url(", "calc(1",     "\xc3\xa9",    "#fff", "!",
};

/* Whether a block with these bytes in it ends behind them. */
static bool is_body(const char *text, firn_arena *arena)
{
    css_scanner scanner;
    int depth = 0;
    css_scan_begin(&scanner, arena, text, strlen(text));
    for (css_token token; depth >= 0 && (token = css_scan(&scanner)).kind != CSS_END;) {
        depth += token.kind == CSS_OPEN_CURLY || token.kind == CSS_OPEN_ROUND ||
                 token.kind == CSS_OPEN_SQUARE || token.kind == CSS_FUNCTION;
        depth -= token.kind == CSS_CLOSE_CURLY || token.kind == CSS_CLOSE_ROUND ||
                 token.kind == CSS_CLOSE_SQUARE;
    }
    return depth == 0;
}

/* What is kept of a block gives the declarations that the block had. */
static void random_bodies_read_the_same(void **state)
{
    (void)state;
    rng random;
    size_t count = 0;
    rng_init(&random, "random_bodies_read_the_same");
    for (int round = 0; round < 20000; round++) {
        char inner[400], text[420];
        size_t size;
        firn_arena arena;
        css_body kept, was;
        css_declaration one, other;
        some_text(&random, inner, sizeof inner, pieces, sizeof pieces / sizeof *pieces);
        snprintf(text, sizeof text, "p{%s}q{x:y}", inner);
        css_sheet *sheet = read_sheet(text);
        css_rule rule = css_sheet_first(sheet, 0), next = css_sheet_next(sheet, rule);
        const char *prelude = css_sheet_prelude(sheet, next, &size);
        assert_int_equal(firn_arena_init(&arena, NULL), FIRN_OK);
        if (next == 0 || size != 1 || prelude[0] != 'q' || !is_body(inner, &arena)) {
            firn_arena_fini(&arena);
            css_sheet_destroy(sheet);
            continue;
        }
        const char *body = css_sheet_body(sheet, rule, &size);
        css_body_begin(&kept, &arena, body, size);
        css_body_begin(&was, &arena, inner, strlen(inner));
        while (css_body_next(&was, &one)) {
            if (!css_body_next(&kept, &other))
                fail_msg("'%s' has lost '%.*s'", inner, (int)one.name_bytes, one.name);
            same_text(one.name, one.name_bytes, other.name, other.name_bytes);
            same_text(one.value, one.value_bytes, other.value, other.value_bytes);
            assert_int_equal(one.important, other.important);
            count++;
        }
        if (css_body_next(&kept, &other))
            fail_msg("'%s' has got '%.*s'", inner, (int)other.name_bytes, other.name);
        firn_arena_fini(&arena);
        css_sheet_destroy(sheet);
    }
    assert_true(count > 500);
}

/* --- asleep --- */

static void styles_of(css_sheet *const *sheets, size_t count, css_text *out)
{
    static const char *const names[] = {"color", "margin", "--x", "display", "background", "top"};
    css_applied applied[8];
    css_scope scope = {.page = page};
    for (size_t i = 0; i < count; i++)
        applied[i] = (css_applied){sheets[i], ""};
    assert_int_equal(css_styles_apply(styles, applied, count), FIRN_OK);
    for (dom_id at = document; at != 0; at = dom_follow(page, at, document)) {
        for (size_t i = 0; dom_kind_of(page, at) == DOM_ELEMENT && i < 6; i++) {
            assert_int_equal(
                css_styles_get(styles, &scope, at, "", names[i], strlen(names[i]), out), FIRN_OK);
            css_put(out, "|", 1);
        }
    }
    assert_int_equal(css_styles_apply(styles, NULL, 0), FIRN_OK);
}

/* Packs sheets, wakes them as others and in their own place. */
static void check(css_sheet *const *sheets, size_t count)
{
    void *data;
    size_t size;
    css_sheet *copies[8];
    css_text before = {0}, after = {0};
    assert_int_equal(css_dormant_pack(sheets, count, known(), NULL, &data, &size), FIRN_OK);
    for (size_t i = 0; i < count; i++)
        copies[i] = sheet_of("x{}");
    assert_int_equal(css_dormant_restore(copies, count, known(), data, size), FIRN_OK);
    for (size_t i = 0; i < count; i++)
        same_sheets(sheets[i], copies[i]);
    css_dormant_empty(sheets, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(css_sheet_usage(sheets[i], &(size_t){0}), sizeof(css_sheet));
        assert_int_equal(css_sheet_first(sheets[i], 0), 0);
    }
    assert_int_equal(css_dormant_restore(sheets, count, known(), data, size), FIRN_OK);
    styles_of(copies, count, &before); /* reads those that are texts */
    styles_of(sheets, count, &after);
    same_text(before.bytes, before.size, after.bytes, after.size);
    for (size_t i = 0; i < count; i++) {
        same_sheets(copies[i], sheets[i]);
        css_sheet_destroy(copies[i]);
    }
    css_text_fini(&before);
    css_text_fini(&after);
    firn_release(NULL, data, size);
}

static void sheets_come_back(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "a{color:red}",
        "@import 'a';@namespace svg url(x);@layer b;.a,.b>.a,.b>.c{margin:0!important;--x:{};--y:}",
        "@media print{@media screen{a{}}b{color:blue}}@supports (a:b){@layer{i{top:0}}}p{left:0",
        "@keyframes k{from{a:b}to{}}@font-face{font-family:x;src:url(y)}@page{margin:0}\1{a\2:\1}",
        "\\61{c\\olor:r\\ed;color:\1\2;COLOR:red;-webkit-x:y;m\\}:n}a[b=','],c{content:'a,b'}",
    };
    css_sheet *sheets[6];
    assert_int_equal(sizeof texts / sizeof *texts, 6);
    for (int read = 0; read < 3; read++) {
        for (size_t i = 0; i < 6; i++)
            sheets[i] =
                read == 1 || (read == 2 && i % 2 == 0) ? read_sheet(texts[i]) : sheet_of(texts[i]);
        for (size_t i = 0; i < 6; i++)
            check(&sheets[i], 1);
        check(sheets, 6);
        check(sheets, 0);
        for (size_t i = 0; i < 6; i++)
            css_sheet_destroy(sheets[i]);
    }
}

static void many_names_and_long_texts_come_back(void **state)
{
    (void)state;
    enum { ROOM = 200000 };
    char *text = malloc(ROOM);
    size_t size = 0;
    for (int i = 0; i < 600; i++)
        size += (size_t)snprintf(text + size, ROOM - size, "a%d{--n%d:%d;n%d:%d}", i, i, i, i, i);
    for (int i = 0; i < 40; i++) { /* longer than what pieces share */
        for (int j = 0; j < 300; j++)
            text[size++] = (char)('a' + (j + i / 8) % 26);
        size += (size_t)snprintf(text + size, ROOM - size, "x%d,y{z:%d}", i, i);
    }
    text[size] = 0;
    css_sheet *sheet = read_sheet(text);
    check(&sheet, 1);
    css_sheet_destroy(sheet);
    free(text);
}

static const char *const rule_pieces[] = {
    "a",
    ".a",
    "#c",
    ".b>.a",
    "p",
    ",",
    " ",
    "{color:red}",
    "{--x:1}",
    "{margin:1px 2px;color:blue!important}",
    "@media (min-width:1px){",
    "}",
    "@media print{",
    "@layer x{",
    "@layer y;",
    "{display:none}",
    "@import 'a';",
    "{top:var(--x)}",
    "@keyframes k{",
    "from",
    "{background:#123}",
    "@font-face",
    "/*,*/",
    "li:nth-child(2)",
};

static void change(rng *random, css_sheet *sheet)
{
    char text[300];
    css_rule rule;
    size_t rules;
    some_text(random, text, sizeof text, rule_pieces, sizeof rule_pieces / sizeof *rule_pieces);
    css_sheet_usage(sheet, &rules);
    css_rule any = (css_rule)rng_below(random, rules + 1);
    firn_status status = FIRN_OK;
    switch (rng_below(random, 6)) {
    case 0:
        css_sheet_remove(sheet, any);
        break;
    case 1:
        status = css_sheet_set_body(sheet, any, text, strlen(text));
        break;
    case 2:
        status = css_sheet_set_prelude(sheet, any, text, strlen(text));
        break;
    default:
        status =
            css_sheet_insert(sheet, page, any, rng_below(random, 3), text, strlen(text), &rule);
    }
    assert_true(status == FIRN_OK || status == FIRN_INVALID || status == FIRN_NOT_FOUND);
}

static void random_sheets_come_back_and_go_on(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "random_sheets_come_back_and_go_on");
    for (int round = 0; round < 60; round++) {
        char text[300];
        css_sheet *sheets[3];
        for (size_t i = 0; i < 3; i++) {
            some_text(&random, text, sizeof text, rule_pieces,
                      sizeof rule_pieces / sizeof *rule_pieces);
            sheets[i] = read_sheet(text);
        }
        for (int i = 0; i < 40; i++) {
            change(&random, sheets[rng_below(&random, 3)]);
            if (rng_below(&random, 8) == 0)
                check(sheets, 3);
        }
        check(sheets, 3);
        for (size_t i = 0; i < 3; i++)
            css_sheet_destroy(sheets[i]);
    }
}

static const char usual[] =
    "@media print{.a,.b{color:red;margin:0}}.a,.c{color:red}d{--x:y}@layer x;";

static firn_status sleep_and_wake(const firn_allocator *allocator, void *context)
{
    const failing *memory = allocator->context;
    css_sheet *sheet, *copy = NULL;
    void *data = NULL;
    size_t size = 0, rules;
    (void)context;
    firn_status status = css_sheet_create_with(allocator, usual, sizeof usual - 1, &sheet);
    if (status != FIRN_OK)
        return status;
    status = css_sheet_read(sheet, page);
    if (status == FIRN_OK)
        assert_int_equal(css_sheet_usage(sheet, &rules), atomic_load(&memory->live_bytes));
    else
        is_text(sheet->text, sheet->text_bytes, usual); /* and can be read later */
    if (status == FIRN_OK)
        status = css_sheet_create_with(allocator, "", 0, &copy);
    if (status == FIRN_OK)
        status = css_dormant_pack(&sheet, 1, known(), allocator, &data, &size);
    if (status == FIRN_OK) {
        status = css_dormant_restore(&copy, 1, known(), data, size);
        if (status == FIRN_OK)
            same_sheets(sheet, copy);
        else
            assert_int_equal(css_sheet_first(copy, 0), 0);
    }
    firn_release(allocator, data, size);
    css_sheet_destroy(copy);
    css_sheet_destroy(sheet);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_each(sleep_and_wake, NULL) > 20);
}

static void damaged_bytes_leave_sheets_without_rules(void **state)
{
    (void)state;
    void *data;
    size_t size;
    css_sheet *sheet = read_sheet(usual), *whole = read_sheet(usual);
    css_sheet *both[2] = {sheet, whole};
    assert_int_equal(css_dormant_pack(&sheet, 1, known(), NULL, &data, &size), FIRN_OK);
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)data)[i] ^= 0x10;
        firn_status status = css_dormant_restore(&sheet, 1, known(), data, size);
        if (status == FIRN_OK) { /* a bit of zstd's that says nothing */
            same_sheets(whole, sheet);
        } else {
            assert_true(status == FIRN_CORRUPT || status == FIRN_VERSION);
            assert_int_equal(css_sheet_first(sheet, 0), 0);
            assert_int_equal(css_sheet_read(sheet, page), FIRN_OK);
        }
        ((uint8_t *)data)[i] ^= 0x10;
    }
    assert_int_equal(css_dormant_restore(&sheet, 1, known(), data, size - 1), FIRN_CORRUPT);
    assert_int_equal(css_dormant_restore(both, 2, known(), data, size), FIRN_INVALID);
    assert_int_equal(css_dormant_restore(both, 0, known(), data, size), FIRN_INVALID);
    assert_int_equal(css_dormant_restore(&sheet, 1, known(), data, size), FIRN_OK);
    check(&sheet, 1);
    firn_release(NULL, data, size);
    css_sheet_destroy(sheet);
    css_sheet_destroy(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sheet_is_its_rules),
        cmocka_unit_test(equal_texts_are_there_once),
        cmocka_unit_test(it_knows_its_text_once_it_was_read),
        cmocka_unit_test(what_is_no_rule_is_not_put_in),
        cmocka_unit_test(random_bodies_read_the_same),
        cmocka_unit_test(sheets_come_back),
        cmocka_unit_test(many_names_and_long_texts_come_back),
        cmocka_unit_test(random_sheets_come_back_and_go_on),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(damaged_bytes_leave_sheets_without_rules),
    };
    return cmocka_run_group_tests(tests, make_page, free_page);
}
