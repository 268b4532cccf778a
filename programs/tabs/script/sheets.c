/* Style sheets and computed style for the interfaces: natives over css/. A sheet is an object of
 * the engine that holds one, and goes with it.
 *
 * Complexity: as the calls of css/sheet.h and css/styles.h.
 */
#include "tabs/script/native.h"

#include "tabs/css/styles.h"

#include <string.h>

/* --- sheets --- */

static void finalize_sheet(JSObjectRef object)
{
    css_sheet_destroy(JSObjectGetPrivate(object));
}

/* sheet(text): an object that is one. */
NATIVE(make_sheet)
{
    css_sheet *sheet;
    BEGIN(1);
    TEXT(text, 0);
    CHECK(css_sheet_create(text->bytes, text->size, &sheet));
    JSClassDefinition definition = kJSClassDefinitionEmpty;
    definition.className = "Sheet";
    definition.finalize = finalize_sheet;
    JSClassRef class = JSClassCreate(&definition);
    JSObjectRef object = JSObjectMake(context, class, sheet);
    JSClassRelease(class);
    return object;
}

static css_sheet *sheet_of(script_engine *engine, JSValueRef argument)
{
    JSObjectRef object = JSValueIsObject(engine->context, argument)
                             ? JSValueToObject(engine->context, argument, NULL)
                             : NULL;
    return object != NULL ? JSObjectGetPrivate(object) : NULL;
}

#define SHEET                                                                                      \
    css_sheet *sheet = sheet_of(engine, arguments[0]);                                             \
    if (sheet == NULL)                                                                             \
    return native_throw(engine, thrown, FIRN_INVALID, "no such sheet")

/* sheetFollows(sheet, element): whether it is of the text that the element has now. */
NATIVE(follows)
{
    BEGIN(2);
    SHEET;
    NODE(element, 1);
    return JSValueMakeBoolean(context, css_sheet_is_text(sheet, engine->page, element));
}

#define RULE (css_rule) native_number(engine, arguments[1])

static JSValueRef number(script_engine *engine, double value)
{
    return JSValueMakeNumber(engine->context, value);
}

/* sheetReplace(sheet, text) */
NATIVE(replace_sheet)
{
    BEGIN(2);
    SHEET;
    TEXT(text, 1);
    CHECK(css_sheet_replace(sheet, text->bytes, text->size));
    return JSValueMakeUndefined(context);
}

/* sheetRules(sheet, parent): number and kind of each rule, one after the other. */
NATIVE(sheet_rules)
{
    BEGIN(2);
    SHEET;
    CHECK(css_sheet_read(sheet, engine->page));
    JSObjectRef array = JSObjectMakeArray(context, 0, NULL, thrown);
    unsigned at = 0;
    for (css_rule rule = css_sheet_first(sheet, RULE); rule != 0 && array != NULL;
         rule = css_sheet_next(sheet, rule)) {
        JSObjectSetPropertyAtIndex(context, array, at++, number(engine, rule), thrown);
        JSObjectSetPropertyAtIndex(context, array, at++,
                                   number(engine, (double)css_sheet_kind(sheet, rule)), thrown);
    }
    return array;
}

/* sheetPrelude(sheet, rule), sheetBody(sheet, rule) */
NATIVE(sheet_prelude)
{
    size_t size;
    BEGIN(2);
    SHEET;
    const char *text = css_sheet_prelude(sheet, RULE, &size);
    return native_string(engine, text, size);
}

NATIVE(sheet_body)
{
    size_t size;
    BEGIN(2);
    SHEET;
    const char *text = css_sheet_body(sheet, RULE, &size);
    return native_string(engine, text, size);
}

/* sheetInsert(sheet, parent, index, text): the rule; 0 for what is none, -1 for no such index. */
NATIVE(insert_rule)
{
    css_rule rule;
    BEGIN(4);
    SHEET;
    TEXT(text, 3);
    firn_status status =
        css_sheet_insert(sheet, engine->page, RULE, (size_t)native_number(engine, arguments[2]),
                         text->bytes, text->size, &rule);
    if (status == FIRN_INVALID || status == FIRN_NOT_FOUND)
        return number(engine, status == FIRN_INVALID ? 0 : -1);
    CHECK(status);
    return number(engine, rule);
}

NATIVE(remove_rule)
{
    BEGIN(2);
    SHEET;
    css_sheet_remove(sheet, RULE);
    return JSValueMakeUndefined(context);
}

NATIVE(set_prelude)
{
    BEGIN(3);
    SHEET;
    TEXT(text, 2);
    CHECK(css_sheet_set_prelude(sheet, RULE, text->bytes, text->size));
    return JSValueMakeUndefined(context);
}

NATIVE(set_body)
{
    BEGIN(3);
    SHEET;
    TEXT(text, 2);
    CHECK(css_sheet_set_body(sheet, RULE, text->bytes, text->size));
    return JSValueMakeUndefined(context);
}

/* --- computed style --- */

firn_status sheets_init(script_engine *engine)
{
    return css_styles_create(engine->page, &engine->styles);
}

void sheets_fini(script_engine *engine)
{
    css_styles_destroy(engine->styles);
}

/* applySheets(list): sheets, each with the name of its layer behind it; whoever calls holds them.
 */
NATIVE(apply_sheets)
{
    BEGIN(1);
    JSObjectRef list = JSValueToObject(context, arguments[0], thrown);
    if (list == NULL)
        return JSValueMakeUndefined(context);
    size_t length = (size_t)native_number(engine, native_property(engine, list, "length")) / 2;
    css_applied *all = firn_allocate_zeroed(NULL, length + 1, sizeof *all);
    script_text *layers = firn_allocate_zeroed(NULL, length + 1, sizeof *layers);
    firn_status status = all != NULL && layers != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    for (size_t i = 0; i < length && status == FIRN_OK; i++) {
        JSValueRef value = JSObjectGetPropertyAtIndex(context, list, (unsigned)(2 * i), NULL);
        JSValueRef layer = JSObjectGetPropertyAtIndex(context, list, (unsigned)(2 * i + 1), NULL);
        all[i].sheet = sheet_of(engine, value);
        status = all[i].sheet != NULL ? native_text(engine, &layers[i], layer) : FIRN_INVALID;
        all[i].layer = layers[i].bytes;
    }
    if (status == FIRN_OK)
        status = css_styles_apply(engine->styles, all, length);
    for (size_t i = 0; layers != NULL && i < length; i++)
        script_text_fini(&layers[i]);
    firn_release(NULL, layers, (length + 1) * sizeof *layers);
    firn_release(NULL, all, (length + 1) * sizeof *all);
    CHECK(status);
    return JSValueMakeUndefined(context);
}

/* style(element, pseudo, name): a computed value. */
NATIVE(computed)
{
    css_text out = {0};
    BEGIN(3);
    NODE(element, 0);
    TEXT(pseudo, 1);
    TEXT(name, 2);
    css_scope scope = {
        .page = engine->page, .quirks = engine->quirks, .state = select_state, .context = engine};
    firn_status status = css_styles_get(engine->styles, &scope, element, pseudo->bytes, name->bytes,
                                        name->size, &out);
    JSValueRef value = native_string(engine, out.bytes != NULL ? out.bytes : "", out.size);
    css_text_fini(&out);
    CHECK(status);
    return value;
}

/* styleUsage(): numbers of selectors, styles, cascades, groups and values, and bytes. */
NATIVE(style_usage)
{
    css_styles_stats usage;
    BEGIN_ALONE;
    css_styles_usage(engine->styles, &usage);
    const double all[] = {(double)usage.selector_count, (double)usage.style_count,
                          (double)usage.cascade_count,  (double)usage.group_count,
                          (double)usage.value_count,    (double)usage.bytes};
    JSValueRef values[6];
    for (size_t i = 0; i < 6; i++)
        values[i] = number(engine, all[i]);
    return JSObjectMakeArray(context, 6, values, thrown);
}

const JSStaticFunction sheet_functions[] = {
    {"sheet", make_sheet, HIDDEN},        {"sheetReplace", replace_sheet, HIDDEN},
    {"sheetRules", sheet_rules, HIDDEN},  {"sheetPrelude", sheet_prelude, HIDDEN},
    {"sheetBody", sheet_body, HIDDEN},    {"sheetInsert", insert_rule, HIDDEN},
    {"sheetRemove", remove_rule, HIDDEN}, {"sheetSetPrelude", set_prelude, HIDDEN},
    {"sheetSetBody", set_body, HIDDEN},   {"applySheets", apply_sheets, HIDDEN},
    {"sheetFollows", follows, HIDDEN},    {"style", computed, HIDDEN},
    {"styleUsage", style_usage, HIDDEN},  {NULL, NULL, 0},
};
