/* Style sheets and computed style for the interfaces: natives over css/. A sheet is an object of
 * the engine that holds one, and goes with it. Sheets that were put to sleep wake, all together,
 * when a native needs one: a dashboard that wakes answers 2.3 ms sooner where it asks for none.
 *
 * I1  while they are asleep the list of sheets is what it was when they fell asleep
 * Complexity: as the calls of css/sheet.h and css/styles.h.
 */
#include "tabs/script/native.h"

#include "tabs/css/dormant.h"
#include "tabs/css/styles.h"
#include "tabs/script/engine.h"

#include <string.h>

#define SLEEP_BYTES 16384u /* of sheets, whose own packing pays */

/* --- sheets --- */

static void let_go(struct held_sheet *held)
{
    *held->from = held->next;
    if (held->next != NULL)
        held->next->from = held->from;
    css_sheet_destroy(held->sheet);
    firn_release(NULL, held, sizeof *held);
}

static void finalize_sheet(JSObjectRef object)
{
    struct held_sheet *held = JSObjectGetPrivate(object);
    held->is_gone = true;
    if (!held->is_asleep) /* I1 */
        let_go(held);
}

/* --- asleep --- */

/* The sheets in an array that the caller releases; NULL where there are none, or no memory. */
static css_sheet **list_sheets(const script_engine *engine, size_t *ret_count)
{
    size_t count = 0;
    for (const struct held_sheet *held = engine->sheets; held != NULL; held = held->next)
        count++;
    css_sheet **list = firn_allocate(NULL, count * sizeof(css_sheet *));
    if (list == NULL)
        return NULL;
    count = 0;
    for (const struct held_sheet *held = engine->sheets; held != NULL; held = held->next)
        list[count++] = held->sheet;
    *ret_count = count;
    return list;
}

/* Packs them where that pays. */
static firn_status pack(script_engine *engine, css_sheet **list, size_t count)
{
    size_t rules, bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += css_sheet_usage(list[i], &rules);
    firn_status status = bytes >= SLEEP_BYTES ? FIRN_OK : FIRN_NOT_FOUND;
    for (size_t i = 0; i < count && status == FIRN_OK; i++)
        status = css_sheet_read(list[i], engine->page); /* rules take less than their text */
    if (status == FIRN_OK)
        status = css_dormant_pack(list, count, css_styles_properties(engine->styles), NULL,
                                  &engine->asleep, &engine->asleep_bytes);
    return status;
}

void engine_sheets_sleep(script_engine *engine)
{
    size_t count;
    css_styles_rest(engine->styles);
    css_sheet **list = engine->asleep == NULL ? list_sheets(engine, &count) : NULL;
    if (list != NULL && pack(engine, list, count) == FIRN_OK) {
        css_dormant_empty(list, count);
        for (struct held_sheet *held = engine->sheets; held != NULL; held = held->next)
            held->is_asleep = true;
    }
    firn_release(NULL, list, list != NULL ? count * sizeof *list : 0);
}

static void forget_asleep(script_engine *engine)
{
    firn_release(NULL, engine->asleep, engine->asleep_bytes);
    engine->asleep = NULL;
    for (struct held_sheet *held = engine->sheets, *next; held != NULL; held = next) {
        next = held->next;
        held->is_asleep = false;
        if (held->is_gone)
            let_go(held);
    }
}

/* To be called before anything is asked about sheets or styles. */
static firn_status wake(script_engine *engine)
{
    size_t count;
    if (engine->asleep == NULL)
        return FIRN_OK;
    css_sheet **list = list_sheets(engine, &count);
    if (list == NULL)
        return FIRN_NO_MEMORY;
    firn_status status = css_dormant_restore(list, count, css_styles_properties(engine->styles),
                                             engine->asleep, engine->asleep_bytes);
    firn_release(NULL, list, count * sizeof *list);
    if (status == FIRN_OK)
        forget_asleep(engine);
    return status;
}

/* --- natives --- */

/* sheet(text): an object that is one. */
NATIVE(make_sheet)
{
    css_sheet *sheet;
    BEGIN(1);
    TEXT(text, 0);
    CHECK(wake(engine)); /* I1 */
    CHECK(css_sheet_create(text->bytes, text->size, &sheet));
    struct held_sheet *held = firn_allocate(NULL, sizeof *held);
    if (held == NULL) {
        css_sheet_destroy(sheet);
        return native_throw(engine, thrown, FIRN_NO_MEMORY, NULL);
    }
    *held = (struct held_sheet){sheet, engine->sheets, &engine->sheets, false, false};
    if (held->next != NULL)
        held->next->from = &held->next;
    engine->sheets = held;
    JSClassDefinition definition = kJSClassDefinitionEmpty;
    definition.className = "Sheet";
    definition.finalize = finalize_sheet;
    JSClassRef class = JSClassCreate(&definition);
    JSObjectRef object = JSObjectMake(context, class, held);
    JSClassRelease(class);
    return object;
}

static css_sheet *sheet_of(script_engine *engine, JSValueRef argument)
{
    JSObjectRef object = JSValueIsObject(engine->context, argument)
                             ? JSValueToObject(engine->context, argument, NULL)
                             : NULL;
    struct held_sheet *held = object != NULL ? JSObjectGetPrivate(object) : NULL;
    return held != NULL ? held->sheet : NULL;
}

#define SHEET                                                                                      \
    css_sheet *sheet = sheet_of(engine, arguments[0]);                                             \
    if (sheet == NULL)                                                                             \
        return native_throw(engine, thrown, FIRN_INVALID, "no such sheet");                        \
    CHECK(wake(engine))

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

/* sheetText(sheet, rule, body): its body, else its prelude. */
NATIVE(sheet_text)
{
    size_t size;
    BEGIN(3);
    SHEET;
    const char *text = JSValueToBoolean(context, arguments[2])
                           ? css_sheet_body(sheet, RULE, &size)
                           : css_sheet_prelude(sheet, RULE, &size);
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

/* sheetSetText(sheet, rule, body, text) */
NATIVE(set_text)
{
    BEGIN(4);
    SHEET;
    TEXT(text, 3);
    CHECK(JSValueToBoolean(context, arguments[2])
              ? css_sheet_set_body(sheet, RULE, text->bytes, text->size)
              : css_sheet_set_prelude(sheet, RULE, text->bytes, text->size));
    return JSValueMakeUndefined(context);
}

/* --- computed style --- */

firn_status sheets_init(script_engine *engine)
{
    return css_styles_create(engine->page, &engine->styles);
}

void sheets_fini(script_engine *engine)
{
    forget_asleep(engine);
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
    CHECK(wake(engine));
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
    CHECK(wake(engine));
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
    CHECK(wake(engine));
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
    {"sheetRules", sheet_rules, HIDDEN},  {"sheetText", sheet_text, HIDDEN},
    {"sheetInsert", insert_rule, HIDDEN}, {"sheetRemove", remove_rule, HIDDEN},
    {"sheetSetText", set_text, HIDDEN},   {"applySheets", apply_sheets, HIDDEN},
    {"sheetFollows", follows, HIDDEN},    {"style", computed, HIDDEN},
    {"styleUsage", style_usage, HIDDEN},  {NULL, NULL, 0},
};
