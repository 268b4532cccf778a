/* Selectors of scripts, the last 64 of which are kept as they were read. A list belongs to the
 * page; its names stay, so that no change of the page makes it invalid.
 *
 * Complexity: as css_select.
 */
#include "tabs/script/state.h"

#include <string.h>

static struct kept_selectors *find(script_engine *engine, const script_text *text)
{
    for (size_t i = 0; i < SELECTORS_KEPT; i++) {
        struct kept_selectors *kept = &engine->selectors[i];
        if (kept->list != NULL && kept->size == text->size &&
            memcmp(kept->text, text->bytes, text->size) == 0)
            return kept;
    }
    return NULL;
}

static void forget(struct kept_selectors *kept)
{
    if (kept->list != NULL)
        firn_arena_fini(&kept->arena);
    *kept = (struct kept_selectors){0};
}

/* The one that was asked for longest ago. */
static struct kept_selectors *oldest(script_engine *engine)
{
    struct kept_selectors *oldest = &engine->selectors[0];
    for (size_t i = 1; i < SELECTORS_KEPT; i++) {
        if (engine->selectors[i].used < oldest->used)
            oldest = &engine->selectors[i];
    }
    return oldest;
}

static firn_status read_list(script_engine *engine, const script_text *text,
                             const css_selectors **ret_list, size_t *ret_where)
{
    struct kept_selectors *kept = find(engine, text);
    if (kept == NULL) {
        struct kept_selectors made = {.size = text->size};
        firn_arena_options options = {.first_chunk_bytes = 512};
        firn_status status = firn_arena_init(&made.arena, &options);
        if (status == FIRN_OK)
            status = css_selectors_read(engine->page, &made.arena, text->bytes, text->size,
                                        &made.list, ret_where);
        if (status == FIRN_OK) {
            made.text = firn_arena_strndup(&made.arena, text->bytes, text->size);
            status = made.text != NULL ? FIRN_OK : FIRN_NO_MEMORY;
        }
        if (status != FIRN_OK) {
            firn_arena_fini(&made.arena);
            return status;
        }
        kept = oldest(engine);
        forget(kept);
        *kept = made;
    }
    kept->used = ++engine->asked;
    *ret_list = kept->list;
    return FIRN_OK;
}

void select_fini(script_engine *engine)
{
    for (size_t i = 0; i < SELECTORS_KEPT; i++)
        forget(&engine->selectors[i]);
}

bool select_state(void *context, dom_id element, css_state state)
{
    script_engine *engine = context;
    JSValueRef arguments[2] = {JSValueMakeNumber(engine->context, element),
                               JSValueMakeNumber(engine->context, state)};
    JSValueRef value = engine_call(engine, "state", 2, arguments);
    return value != NULL && JSValueToBoolean(engine->context, value);
}

static css_scope make_scope(script_engine *engine, dom_id root)
{
    return (css_scope){.page = engine->page,
                       .root = root,
                       .quirks = engine->quirks,
                       .state = select_state,
                       .context = engine};
}

struct found {
    script_engine *engine;
    JSObjectRef array;
    unsigned count;
    bool first;
    JSValueRef *thrown;
};

static bool note(void *context, dom_id element)
{
    struct found *found = context;
    JSObjectSetPropertyAtIndex(found->engine->context, found->array, found->count++,
                               JSValueMakeNumber(found->engine->context, element), found->thrown);
    return !found->first;
}

/* The list that the second of three arguments is the text of; false where it is none, with what is
 * to be returned: undefined for a text that is no list. */
static bool take_list(script_engine *engine, const JSValueRef *arguments,
                      const css_selectors **ret_list, JSValueRef *ret_value, JSValueRef *thrown)
{
    size_t where;
    firn_status status = native_text(engine, &engine->texts[1], arguments[1]);
    if (status == FIRN_OK)
        status = read_list(engine, &engine->texts[1], ret_list, &where);
    if (status == FIRN_INVALID)
        *ret_value = JSValueMakeUndefined(engine->context);
    else if (status != FIRN_OK)
        *ret_value = native_throw(engine, thrown, status, NULL);
    return status == FIRN_OK;
}

/* select(top, text, first): the elements below top. */
JSValueRef native_select(JSContextRef context, JSObjectRef function, JSObjectRef natives,
                         size_t count, const JSValueRef *arguments, JSValueRef *thrown)
{
    script_engine *engine = JSObjectGetPrivate(natives);
    const css_selectors *list;
    JSValueRef value;
    (void)function;
    dom_id top = count == 3 ? native_node(engine, arguments[0]) : 0;
    if (top == 0)
        return native_throw(engine, thrown, FIRN_INVALID, "no such node");
    if (!take_list(engine, arguments, &list, &value, thrown))
        return value;
    struct found found = {.engine = engine, .thrown = thrown};
    found.first = JSValueToBoolean(context, arguments[2]);
    found.array = JSObjectMakeArray(context, 0, NULL, thrown);
    css_scope scope = make_scope(engine, top);
    if (found.array != NULL)
        css_select(list, &scope, top, note, &found);
    return found.array;
}

/* matches(element, text, scope): a boolean. */
JSValueRef native_matches(JSContextRef context, JSObjectRef function, JSObjectRef natives,
                          size_t count, const JSValueRef *arguments, JSValueRef *thrown)
{
    script_engine *engine = JSObjectGetPrivate(natives);
    const css_selectors *list;
    JSValueRef value;
    (void)function;
    dom_id element = count == 3 ? native_node(engine, arguments[0]) : 0;
    if (element == 0 || dom_kind_of(engine->page, element) != DOM_ELEMENT)
        return native_throw(engine, thrown, FIRN_INVALID, "no such element");
    if (!take_list(engine, arguments, &list, &value, thrown))
        return value;
    css_scope scope = make_scope(engine, native_node(engine, arguments[2]));
    return JSValueMakeBoolean(context, css_matches(list, &scope, element));
}
