/* Values and declarations of CSS for the interfaces: natives over css/declare.h and css/media.h.
 *
 * Complexity: as these.
 */
#include "tabs/script/native.h"

#include "tabs/css/styles.h"

#include <string.h>

static JSValueRef string(script_engine *engine, css_text *text)
{
    JSValueRef value = native_string(engine, text->bytes != NULL ? text->bytes : "", text->size);
    css_text_fini(text);
    return value;
}

static const css_properties *known(script_engine *engine)
{
    return css_styles_properties(engine->styles);
}

/* --- values --- */

/* cssColor(text): rgb() or rgba(), null for what is none. */
NATIVE(color)
{
    css_color read;
    css_text out = {0};
    BEGIN(1);
    TEXT(text, 0);
    if (!css_color_read(text->bytes, text->size, &read))
        return JSValueMakeNull(context);
    css_put_color(&out, &read);
    return string(engine, &out);
}

static const css_measures usual = {.em = 16, .rem = 16, .width = 1280, .height = 720};

/* cssLength(text): px, null for what is no length; em is 16 px. */
NATIVE(length)
{
    css_amount amount;
    BEGIN(1);
    TEXT(text, 0);
    if (!css_amount_read(text->bytes, text->size, &usual, &amount) || amount.has != CSS_HAS_PX)
        return JSValueMakeNull(context);
    return JSValueMakeNumber(context, amount.px);
}

/* cssTransform(text): matrix() or matrix3d(), null for what is no list of transforms. */
NATIVE(transform)
{
    css_text out = {0};
    BEGIN(1);
    TEXT(text, 0);
    if (!css_put_matrix(text->bytes, text->size, &usual, &out)) {
        css_text_fini(&out);
        return JSValueMakeNull(context);
    }
    return string(engine, &out);
}

/* --- declarations --- */

struct listing {
    script_engine *engine;
    JSObjectRef array;
    unsigned count;
    bool important, with_importance;
};

static void push(struct listing *listing, JSValueRef value)
{
    JSObjectSetPropertyAtIndex(listing->engine->context, listing->array, listing->count++, value,
                               NULL);
}

static void list_one(struct listing *listing, const char *name, size_t name_bytes, const char *text,
                     size_t size)
{
    push(listing, native_string(listing->engine, name, name_bytes));
    push(listing, native_string(listing->engine, text, size));
    if (listing->with_importance)
        push(listing, JSValueMakeBoolean(listing->engine->context, listing->important));
}

static void list_longhand(void *context, css_property longhand, const char *text, size_t size)
{
    struct listing *listing = context;
    const char *name = css_property_name(known(listing->engine), longhand);
    list_one(listing, name, strlen(name), text, size);
}

/* cssDeclare(name, value): longhands and their values, one after the other; null for a value that
 * the property does not take. */
NATIVE(declare)
{
    BEGIN(2);
    TEXT(name, 0);
    TEXT(text, 1);
    struct listing listing = {.engine = engine};
    listing.array = JSObjectMakeArray(context, 0, NULL, thrown);
    css_property property = css_property_find(known(engine), name->bytes, name->size);
    if (listing.array == NULL || property == CSS_NO_PROPERTY ||
        !css_declare(known(engine), property, text->bytes, text->size, list_longhand, &listing))
        return JSValueMakeNull(context);
    return listing.array;
}

/* Lists the declarations of a body. */
static firn_status list_body(struct listing *listing, const script_text *text, bool descriptors)
{
    const css_properties *properties = known(listing->engine);
    css_body body;
    css_declaration one;
    firn_arena arena;
    firn_status status = firn_arena_init(&arena, NULL);
    if (status != FIRN_OK)
        return status;
    css_body_begin(&body, &arena, text->bytes, text->size);
    while (listing->array != NULL && css_body_next(&body, &one)) {
        css_property property = css_property_find(properties, one.name, one.name_bytes);
        listing->important = one.important && !descriptors;
        if (descriptors || (one.name_bytes > 2 && memcmp(one.name, "--", 2) == 0))
            list_one(listing, one.name, one.name_bytes, one.value, one.value_bytes);
        else if (property != CSS_NO_PROPERTY)
            css_declare(properties, property, one.value, one.value_bytes, list_longhand, listing);
    }
    firn_arena_fini(&arena);
    return FIRN_OK;
}

/* cssBody(text, descriptors): of each declaration its longhands, their values, and whether they are
 * important; of descriptors, whose names are no properties, what was written. */
NATIVE(read_body)
{
    BEGIN(2);
    TEXT(text, 0);
    struct listing listing = {.engine = engine, .with_importance = true};
    listing.array = JSObjectMakeArray(context, 0, NULL, thrown);
    CHECK(list_body(&listing, text, JSValueToBoolean(context, arguments[1])));
    return listing.array;
}

/* Takes a list as cssBody gives it. The caller frees *ret_all and the texts, count of them twice.
 */
static firn_status take_list(script_engine *engine, JSObjectRef list, css_declared **ret_all,
                             script_text **ret_texts, size_t *ret_count)
{
    size_t count = (size_t)native_number(engine, native_property(engine, list, "length")) / 3;
    css_declared *all = firn_allocate_zeroed(NULL, count + 1, sizeof *all);
    script_text *texts = firn_allocate_zeroed(NULL, 2 * count + 1, sizeof *texts);
    firn_status status = all != NULL && texts != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    for (size_t i = 0; i < count && status == FIRN_OK; i++) {
        for (unsigned j = 0; j < 2 && status == FIRN_OK; j++)
            status = native_text(
                engine, &texts[2 * i + j],
                JSObjectGetPropertyAtIndex(engine->context, list, (unsigned)(3 * i) + j, NULL));
        if (status != FIRN_OK)
            break;
        const script_text *name = &texts[2 * i], *value = &texts[2 * i + 1];
        all[i] = (css_declared){
            css_property_find(known(engine), name->bytes, name->size),
            name->bytes,
            value->bytes,
            name->size,
            value->size,
            JSValueToBoolean(
                engine->context,
                JSObjectGetPropertyAtIndex(engine->context, list, (unsigned)(3 * i) + 2, NULL))};
    }
    *ret_all = all;
    *ret_texts = texts;
    *ret_count = count;
    return status;
}

static void free_list(css_declared *all, script_text *texts, size_t count)
{
    for (size_t i = 0; texts != NULL && i < 2 * count; i++)
        script_text_fini(&texts[i]);
    firn_release(NULL, texts, (2 * count + 1) * sizeof *texts);
    firn_release(NULL, all, (count + 1) * sizeof *all);
}

/* cssWrite(list, shorthand): a list of cssBody as text, or the value of one shorthand of it, with
 * " !important" behind it where it is, null where there is none. */
NATIVE(write_list)
{
    css_declared *all;
    script_text *texts;
    size_t declared_count;
    css_text out = {0};
    bool important = false, found = true;
    BEGIN(2);
    TEXT(name, 1);
    JSObjectRef list = JSValueToObject(context, arguments[0], thrown);
    if (list == NULL)
        return JSValueMakeNull(context);
    firn_status status = take_list(engine, list, &all, &texts, &declared_count);
    css_property shorthand = css_property_find(known(engine), name->bytes, name->size);
    if (status == FIRN_OK && name->size == 0)
        css_put_declarations(known(engine), all, declared_count, &out);
    else if (status == FIRN_OK)
        found = shorthand != CSS_NO_PROPERTY && !css_is_longhand(known(engine), shorthand) &&
                css_put_declared(known(engine), all, declared_count, shorthand, &out, &important);
    free_list(all, texts, declared_count);
    if (important)
        css_put_text(&out, " !important");
    if (status != FIRN_OK || out.failed) {
        css_text_fini(&out);
        return native_throw(engine, thrown, FIRN_NO_MEMORY, NULL);
    }
    if (found)
        return string(engine, &out);
    css_text_fini(&out);
    return JSValueMakeNull(context);
}

/* cssProperty(name): 0 for none, 1 for a longhand, 2 for a shorthand. */
NATIVE(property)
{
    BEGIN(1);
    TEXT(name, 0);
    css_property found = css_property_find(known(engine), name->bytes, name->size);
    return JSValueMakeNumber(context, found == CSS_NO_PROPERTY                ? 0
                                      : css_is_longhand(known(engine), found) ? 1
                                                                              : 2);
}

/* cssNames(): those of all longhands. */
NATIVE(names)
{
    BEGIN_ALONE;
    struct listing listing = {.engine = engine};
    listing.array = JSObjectMakeArray(context, 0, NULL, thrown);
    for (css_property i = 0; listing.array != NULL && css_is_longhand(known(engine), i); i++) {
        const char *name = css_property_name(known(engine), i);
        push(&listing, native_string(engine, name, strlen(name)));
    }
    return listing.array;
}

/* cssSet(shorthand): the longhands that it sets. */
NATIVE(set_of)
{
    BEGIN(1);
    TEXT(text, 0);
    struct listing listing = {.engine = engine};
    listing.array = JSObjectMakeArray(context, 0, NULL, thrown);
    css_property found = css_property_find(known(engine), text->bytes, text->size);
    if (found == CSS_NO_PROPERTY || listing.array == NULL)
        return JSValueMakeNull(context);
    const css_property alone[2] = {found, CSS_NO_PROPERTY};
    const css_property *set =
        css_is_longhand(known(engine), found) ? alone : css_property_set(known(engine), found);
    for (; *set != CSS_NO_PROPERTY; set++) {
        const char *name = css_property_name(known(engine), *set);
        push(&listing, native_string(engine, name, strlen(name)));
    }
    return listing.array;
}

/* --- conditions --- */

NATIVE(media_holds)
{
    BEGIN(1);
    TEXT(text, 0);
    return JSValueMakeBoolean(
        context, css_media_holds(text->bytes, text->size, css_styles_viewport(engine->styles)));
}

NATIVE(media_text)
{
    css_text out = {0};
    BEGIN(1);
    TEXT(text, 0);
    css_put_media(&out, text->bytes, text->size);
    return string(engine, &out);
}

NATIVE(supports)
{
    BEGIN(1);
    TEXT(text, 0);
    return JSValueMakeBoolean(context,
                              css_supports(known(engine), engine->page, text->bytes, text->size));
}

NATIVE(is_selectors)
{
    BEGIN(1);
    TEXT(text, 0);
    return JSValueMakeBoolean(context, css_is_selectors(engine->page, text->bytes, text->size));
}

/* setViewport(width, height, dark) */
NATIVE(set_viewport)
{
    BEGIN(3);
    *css_styles_viewport(engine->styles) =
        (css_viewport){native_number(engine, arguments[0]), native_number(engine, arguments[1]),
                       JSValueToBoolean(context, arguments[2])};
    return JSValueMakeUndefined(context);
}

const JSStaticFunction declared_functions[] = {
    {"cssColor", color, HIDDEN},
    {"cssLength", length, HIDDEN},
    {"cssTransform", transform, HIDDEN},
    {"cssDeclare", declare, HIDDEN},
    {"cssBody", read_body, HIDDEN},
    {"cssWrite", write_list, HIDDEN},
    {"cssProperty", property, HIDDEN},
    {"cssNames", names, HIDDEN},
    {"cssSet", set_of, HIDDEN},
    {"mediaHolds", media_holds, HIDDEN},
    {"mediaText", media_text, HIDDEN},
    {"cssSupports", supports, HIDDEN},
    {"isSelectors", is_selectors, HIDDEN},
    {"setViewport", set_viewport, HIDDEN},
    {NULL, NULL, 0},
};
