/* `$`: what the interfaces can do to nodes. All take and return numbers of nodes, texts and
 * numbers; the interfaces, which are ours, pass what is expected, and a node that is none is a
 * script's error here nevertheless.
 *
 * Complexity: as the calls of dom.h.
 */
#include "tabs/script/native.h"

#include "tabs/dom/write.h"

#include <assert.h>
#include <string.h>

#define NATIVES_MAX 160

static JSValueRef make_node(script_engine *engine, dom_id node)
{
    return JSValueMakeNumber(engine->context, node);
}

/* --- making nodes --- */

NATIVE(make_element)
{
    dom_name name;
    dom_id node;
    BEGIN(2);
    TEXT(text, 1);
    CHECK(dom_name_put(engine->page, text->bytes, text->size, &name));
    CHECK(dom_element(engine->page, (uint32_t)native_number(engine, arguments[0]), name, &node));
    return make_node(engine, node);
}

NATIVE(make_characters)
{
    dom_id node;
    BEGIN(2);
    TEXT(text, 1);
    dom_kind kind = (dom_kind)native_number(engine, arguments[0]);
    CHECK(dom_characters(engine->page, kind, text->bytes, text->size, &node));
    return make_node(engine, node);
}

NATIVE(make_container)
{
    dom_id node;
    BEGIN(1);
    CHECK(dom_container(engine->page, (dom_kind)native_number(engine, arguments[0]), &node));
    return make_node(engine, node);
}

NATIVE(make_instruction)
{
    dom_name name;
    dom_id node;
    BEGIN(2);
    TEXT(target, 0);
    TEXT(data, 1);
    CHECK(dom_name_put(engine->page, target->bytes, target->size, &name));
    CHECK(dom_instruction(engine->page, name, data->bytes, data->size, &node));
    return make_node(engine, node);
}

NATIVE(make_doctype)
{
    dom_name name;
    dom_id node;
    BEGIN(3);
    TEXT(text, 0);
    TEXT(public_id, 1);
    TEXT(system_id, 2);
    CHECK(dom_name_put(engine->page, text->bytes, text->size, &name));
    CHECK(dom_doctype(engine->page, name, public_id->bytes, system_id->bytes, &node));
    return make_node(engine, node);
}

NATIVE(clone)
{
    dom_id copy;
    BEGIN(2);
    NODE(node, 0);
    CHECK(dom_clone(engine->page, node, JSValueToBoolean(engine->context, arguments[1]), &copy));
    return make_node(engine, copy);
}

NATIVE(release)
{
    BEGIN(1);
    NODE(node, 0);
    dom_free(engine->page, node);
    return JSValueMakeUndefined(engine->context);
}

/* --- where they stand --- */

#define STEP(name, call)                                                                           \
    NATIVE(name)                                                                                   \
    {                                                                                              \
        BEGIN(1);                                                                                  \
        NODE(node, 0);                                                                             \
        return make_node(engine, call(engine->page, node));                                        \
    }

STEP(kind, (dom_id)dom_kind_of)
STEP(parent, dom_parent)
STEP(first, dom_first)
STEP(last, dom_last)
STEP(next, dom_next)
STEP(previous, dom_previous)
STEP(root, dom_root)
STEP(space, dom_space_of)
STEP(attribute_count, (dom_id)dom_attribute_count)

NATIVE(follow)
{
    BEGIN(2);
    NODE(node, 0);
    NODE(top, 1);
    return make_node(engine, dom_follow(engine->page, node, top));
}

NATIVE(after)
{
    BEGIN(2);
    NODE(node, 0);
    NODE(top, 1);
    return make_node(engine, dom_after(engine->page, node, top));
}

NATIVE(within)
{
    BEGIN(2);
    NODE(node, 0);
    NODE(top, 1);
    return JSValueMakeBoolean(engine->context, dom_within(engine->page, node, top));
}

NATIVE(compare)
{
    BEGIN(2);
    NODE(a, 0);
    NODE(b, 1);
    return JSValueMakeNumber(engine->context, dom_compare(engine->page, a, b));
}

NATIVE(insert)
{
    BEGIN(3);
    NODE(top, 0);
    NODE(node, 1);
    NODE_OR_NONE(before, 2);
    dom_insert(engine->page, top, node, before);
    return JSValueMakeUndefined(engine->context);
}

NATIVE(take_out)
{
    BEGIN(1);
    NODE(node, 0);
    dom_remove(engine->page, node);
    return JSValueMakeUndefined(engine->context);
}

NATIVE(version)
{
    BEGIN_ALONE;
    return JSValueMakeNumber(engine->context, (double)dom_version(engine->page));
}

/* The elements below a node of a name (as written, lower in HTML's elements), of any where it is
 * "*"; with children alone, where that is set. */
NATIVE(elements)
{
    BEGIN(4);
    NODE(top, 0);
    TEXT(text, 1);
    TEXT(lower, 2);
    bool children = JSValueToBoolean(engine->context, arguments[3]);
    bool any = text->size == 1 && text->bytes[0] == '*';
    dom_name name = dom_name_find(engine->page, text->bytes, text->size);
    dom_name html = dom_name_find(engine->page, lower->bytes, lower->size);
    JSObjectRef array = JSObjectMakeArray(engine->context, 0, NULL, thrown);
    unsigned found = 0;
    dom_id at = dom_first(engine->page, top);
    for (; at != 0 && array != NULL;
         at = children ? dom_next(engine->page, at) : dom_follow(engine->page, at, top)) {
        if (dom_kind_of(engine->page, at) != DOM_ELEMENT)
            continue;
        dom_name is = dom_name_of(engine->page, at);
        bool of_html = dom_space_of(engine->page, at) == DOM_SPACE_HTML;
        if (any || is == (of_html ? html : name))
            JSObjectSetPropertyAtIndex(engine->context, array, found++, make_node(engine, at),
                                       thrown);
    }
    return array;
}

/* --- what they have --- */

NATIVE(name)
{
    size_t size;
    BEGIN(1);
    NODE(node, 0);
    const char *text = dom_name_text(engine->page, dom_name_of(engine->page, node), &size);
    return native_string(engine, text, size);
}

NATIVE(space_text)
{
    size_t size;
    BEGIN(1);
    double number = native_number(engine, arguments[0]);
    if (!(number >= 0 && number < dom_space_count(engine->page)))
        return native_throw(engine, thrown, FIRN_INVALID, "no such namespace");
    const char *text = dom_space_text(engine->page, (uint32_t)number, &size);
    return native_string(engine, text, size);
}

NATIVE(space_number)
{
    uint32_t number;
    BEGIN(1);
    TEXT(text, 0);
    CHECK(dom_space_put(engine->page, text->bytes, text->size, &number));
    return JSValueMakeNumber(engine->context, number);
}

NATIVE(value)
{
    size_t size;
    BEGIN(1);
    NODE(node, 0);
    const char *text = dom_value(engine->page, node, &size);
    return native_string(engine, text, size);
}

NATIVE(set_value)
{
    BEGIN(2);
    NODE(node, 0);
    TEXT(text, 1);
    CHECK(dom_value_set(engine->page, node, text->bytes, text->size));
    CHECK(dom_sweep(engine->page));
    return JSValueMakeUndefined(engine->context);
}

NATIVE(doctype_ids)
{
    size_t public_bytes, system_bytes;
    BEGIN(1);
    NODE(node, 0);
    if (dom_kind_of(engine->page, node) != DOM_DOCTYPE)
        return native_throw(engine, thrown, FIRN_INVALID, "no document type");
    const char *public_id = dom_doctype_public(engine->page, node, &public_bytes);
    JSValueRef ids[2] = {native_string(engine, public_id, public_bytes), NULL};
    const char *system_id = dom_doctype_system(engine->page, node, &system_bytes);
    ids[1] = native_string(engine, system_id, system_bytes);
    return JSObjectMakeArray(engine->context, 2, ids, thrown);
}

NATIVE(contents)
{
    dom_id fragment;
    BEGIN(1);
    NODE(node, 0);
    CHECK(dom_contents(engine->page, node, &fragment));
    return make_node(engine, fragment);
}

/* isContents(template, fragment): of numbers that need not be those of nodes any more. */
NATIVE(is_contents)
{
    BEGIN(2);
    dom_id node = native_node(engine, arguments[0]), fragment = native_node(engine, arguments[1]);
    return JSValueMakeBoolean(context, node != 0 && fragment != 0 &&
                                           dom_contents_if_any(engine->page, node) == fragment);
}

NATIVE(is_node)
{
    BEGIN(1);
    return JSValueMakeBoolean(context, native_node(engine, arguments[0]) != 0);
}

NATIVE(flag)
{
    BEGIN(2);
    NODE(node, 0);
    dom_flag which = (dom_flag)native_number(engine, arguments[1]);
    return JSValueMakeBoolean(engine->context, dom_flag_get(engine->page, node, which));
}

NATIVE(set_flag)
{
    BEGIN(3);
    NODE(node, 0);
    dom_flag which = (dom_flag)native_number(engine, arguments[1]);
    dom_flag_set(engine->page, node, which, JSValueToBoolean(engine->context, arguments[2]));
    return JSValueMakeUndefined(engine->context);
}

/* The nodes of a tree that scripts have objects for, contents of templates left out. */
NATIVE(wrapped)
{
    BEGIN(1);
    NODE(top, 0);
    JSObjectRef array = JSObjectMakeArray(engine->context, 0, NULL, thrown);
    unsigned found = 0;
    for (dom_id at = top; at != 0 && array != NULL; at = dom_follow(engine->page, at, top)) {
        if (dom_flag_get(engine->page, at, DOM_FLAG_WRAPPED))
            JSObjectSetPropertyAtIndex(engine->context, array, found++, make_node(engine, at),
                                       thrown);
    }
    return array;
}

/* Whether an element does something when it comes into a document: the names of those of HTML. */
struct doing {
    dom_name script, link, image, frame, style;
};

static struct doing doing_names(const dom *page)
{
    return (struct doing){dom_name_find(page, "script", 6), dom_name_find(page, "link", 4),
                          dom_name_find(page, "img", 3), dom_name_find(page, "iframe", 6),
                          dom_name_find(page, "style", 5)};
}

static bool is_custom(const dom *page, dom_name name)
{
    size_t size;
    const char *text = dom_name_text(page, name, &size);
    return memchr(text, '-', size) != NULL;
}

/* Whether this one does, for the first time but for custom elements; scripts are marked when they
 * start, the others here. */
static bool does_something(dom *page, const struct doing *doing, dom_id at, bool customs)
{
    if (dom_kind_of(page, at) != DOM_ELEMENT)
        return false;
    dom_name name = dom_name_of(page, at);
    if (name == doing->script)
        return !dom_flag_get(page, at, DOM_FLAG_STARTED);
    if (dom_space_of(page, at) != DOM_SPACE_HTML)
        return false;
    if (name == doing->link || name == doing->image || name == doing->frame ||
        name == doing->style) {
        bool started = dom_flag_get(page, at, DOM_FLAG_STARTED);
        dom_flag_set(page, at, DOM_FLAG_STARTED, true);
        return !started;
    }
    return customs && is_custom(page, name);
}

/* fresh(top, from, customs): what there is below top, behind from, that loads something, runs, or
 * is a custom element where those are wanted; from 0: from top itself on. */
NATIVE(fresh)
{
    BEGIN(3);
    NODE(top, 0);
    NODE_OR_NONE(from, 1);
    bool customs = JSValueToBoolean(context, arguments[2]);
    const struct doing doing = doing_names(engine->page);
    JSObjectRef array = JSObjectMakeArray(context, 0, NULL, thrown);
    unsigned found = 0;
    dom_id at = from != 0 ? dom_follow(engine->page, from, top) : top;
    for (; at != 0 && array != NULL; at = dom_follow(engine->page, at, top)) {
        if (does_something(engine->page, &doing, at, customs))
            JSObjectSetPropertyAtIndex(context, array, found++, make_node(engine, at), thrown);
    }
    return array;
}

/* --- attributes --- */

NATIVE(attribute)
{
    size_t size;
    BEGIN(2);
    NODE(node, 0);
    TEXT(text, 1);
    dom_name name = dom_name_find(engine->page, text->bytes, text->size);
    const char *found =
        name != FIRN_INTERN_NONE ? dom_attribute_get(engine->page, node, name, &size) : NULL;
    return found != NULL ? native_string(engine, found, size) : JSValueMakeNull(engine->context);
}

NATIVE(set_attribute)
{
    dom_name name;
    BEGIN(4);
    NODE(node, 0);
    TEXT(text, 1);
    TEXT(content, 2);
    uint32_t number = (uint32_t)native_number(engine, arguments[3]);
    if (dom_kind_of(engine->page, node) != DOM_ELEMENT || number >= dom_space_count(engine->page))
        return native_throw(engine, thrown, FIRN_INVALID, "no element");
    CHECK(dom_name_put(engine->page, text->bytes, text->size, &name));
    CHECK(dom_attribute_set(engine->page, node, number, name, content->bytes, content->size));
    CHECK(dom_sweep(engine->page));
    return JSValueMakeUndefined(engine->context);
}

NATIVE(remove_attribute)
{
    BEGIN(2);
    NODE(node, 0);
    TEXT(text, 1);
    dom_name name = dom_name_find(engine->page, text->bytes, text->size);
    if (name == FIRN_INTERN_NONE)
        return JSValueMakeUndefined(engine->context);
    firn_status status = dom_attribute_remove(engine->page, node, name);
    CHECK(status == FIRN_NOT_FOUND ? FIRN_OK : status);
    return JSValueMakeUndefined(engine->context);
}

NATIVE(attribute_at)
{
    size_t name_bytes, value_bytes;
    BEGIN(2);
    NODE(node, 0);
    double index = native_number(engine, arguments[1]);
    if (!(index >= 0 && index < (double)dom_attribute_count(engine->page, node)))
        return JSValueMakeNull(engine->context);
    dom_attribute is = dom_attribute_at(engine->page, node, (size_t)index);
    const char *text = dom_name_text(engine->page, is.name, &name_bytes);
    JSValueRef parts[3] = {native_string(engine, text, name_bytes)};
    const char *content = dom_text_get(engine->page, is.value, &value_bytes);
    parts[1] = native_string(engine, content, value_bytes);
    parts[2] = JSValueMakeNumber(engine->context, is.space);
    return JSObjectMakeArray(engine->context, 3, parts, thrown);
}

/* --- HTML and text --- */

static firn_status append(void *context, const char *bytes, size_t size)
{
    return script_text_append(context, bytes, size);
}

NATIVE(html)
{
    BEGIN(2);
    NODE(node, 0);
    script_text *out = &engine->texts[0];
    bool inner = JSValueToBoolean(engine->context, arguments[1]);
    out->size = 0;
    CHECK(dom_write_html(engine->page, node, inner, append, out));
    return native_string(engine, out->bytes, out->size);
}

NATIVE(text)
{
    BEGIN(1);
    NODE(node, 0);
    script_text *out = &engine->texts[0];
    out->size = 0;
    CHECK(dom_write_text(engine->page, node, append, out));
    return native_string(engine, out->bytes, out->size);
}

NATIVE(parse_fragment)
{
    dom_name name;
    dom_id fragment;
    BEGIN(3);
    TEXT(context_name, 1);
    TEXT(source, 2);
    CHECK(dom_name_put(engine->page, context_name->bytes, context_name->size, &name));
    CHECK(dom_parse_fragment(engine->page, (uint32_t)native_number(engine, arguments[0]), name,
                             source->bytes, source->size, &fragment));
    return make_node(engine, fragment);
}

/* Reads a whole document without stopping for its scripts, as DOMParser does. */
NATIVE(parse_document)
{
    dom_id document, script;
    dom_parse *parse;
    BEGIN(1);
    TEXT(source, 0);
    CHECK(dom_container(engine->page, DOM_DOCUMENT, &document));
    CHECK(dom_parse_begin(engine->page, document, source->bytes, source->size, &parse));
    firn_status status;
    do
        status = dom_parse_next(parse, &script);
    while (status == FIRN_OK && script != 0);
    dom_parse_end(parse);
    CHECK(status);
    return make_node(engine, document);
}

/* --- the page --- */

NATIVE(is_quirks)
{
    BEGIN_ALONE;
    return JSValueMakeBoolean(engine->context, engine->quirks);
}

/* What the elements' object of named() gives for a name: NULL where there is none. */
static JSValueRef find_named(JSContextRef context, JSObjectRef object, JSStringRef name,
                             JSValueRef *thrown)
{
    script_engine *engine = JSObjectGetPrivate(object);
    if (engine->document == 0 || JSStringGetLength(name) == 0)
        return NULL;
    JSValueRef argument = JSValueMakeString(context, name);
    JSValueRef found = engine_call(engine, "named", 1, &argument);
    (void)thrown;
    return found != NULL && !JSValueIsUndefined(context, found) ? found : NULL;
}

/* An object that has the elements of the document by their ids and names. The engine wants no proxy
 * among what stands behind its global object. */
NATIVE(named)
{
    BEGIN_ALONE;
    JSClassDefinition definition = kJSClassDefinitionEmpty;
    definition.className = "WindowProperties";
    definition.getProperty = find_named;
    JSClassRef class = JSClassCreate(&definition);
    JSObjectRef object = JSObjectMake(context, class, engine);
    JSClassRelease(class);
    return object;
}

static const JSStaticFunction functions[] = {
    {"element", make_element, HIDDEN},
    {"characters", make_characters, HIDDEN},
    {"container", make_container, HIDDEN},
    {"instruction", make_instruction, HIDDEN},
    {"doctype", make_doctype, HIDDEN},
    {"clone", clone, HIDDEN},
    {"free", release, HIDDEN},
    {"kind", kind, HIDDEN},
    {"parent", parent, HIDDEN},
    {"first", first, HIDDEN},
    {"last", last, HIDDEN},
    {"next", next, HIDDEN},
    {"previous", previous, HIDDEN},
    {"root", root, HIDDEN},
    {"follow", follow, HIDDEN},
    {"after", after, HIDDEN},
    {"within", within, HIDDEN},
    {"compare", compare, HIDDEN},
    {"insert", insert, HIDDEN},
    {"remove", take_out, HIDDEN},
    {"version", version, HIDDEN},
    {"elements", elements, HIDDEN},
    {"name", name, HIDDEN},
    {"space", space, HIDDEN},
    {"spaceText", space_text, HIDDEN},
    {"spaceNumber", space_number, HIDDEN},
    {"value", value, HIDDEN},
    {"setValue", set_value, HIDDEN},
    {"doctypeIds", doctype_ids, HIDDEN},
    {"contents", contents, HIDDEN},
    {"isContents", is_contents, HIDDEN},
    {"isNode", is_node, HIDDEN},
    {"flag", flag, HIDDEN},
    {"setFlag", set_flag, HIDDEN},
    {"wrapped", wrapped, HIDDEN},
    {"fresh", fresh, HIDDEN},
    {"attribute", attribute, HIDDEN},
    {"setAttribute", set_attribute, HIDDEN},
    {"removeAttribute", remove_attribute, HIDDEN},
    {"attributeCount", attribute_count, HIDDEN},
    {"attributeAt", attribute_at, HIDDEN},
    {"html", html, HIDDEN},
    {"text", text, HIDDEN},
    {"parseFragment", parse_fragment, HIDDEN},
    {"parseDocument", parse_document, HIDDEN},
    {"select", native_select, HIDDEN},
    {"matches", native_matches, HIDDEN},
    {"isQuirks", is_quirks, HIDDEN},
    {"named", named, HIDDEN},
    {NULL, NULL, 0},
};

JSObjectRef natives_make(script_engine *engine)
{
    const JSStaticFunction *const tables[] = {
        functions, outside_functions, sheet_functions, declared_functions, module_functions, NULL};
    JSStaticFunction all[NATIVES_MAX + 1];
    size_t count = 0;
    for (size_t i = 0; tables[i] != NULL; i++) {
        for (const JSStaticFunction *at = tables[i]; at->name != NULL; at++) {
            assert(count < NATIVES_MAX);
            all[count++] = *at;
        }
    }
    all[count] = (JSStaticFunction){NULL, NULL, 0};
    JSClassDefinition definition = kJSClassDefinitionEmpty;
    definition.className = "Natives";
    definition.staticFunctions = all; /* which are copied */
    JSClassRef class = JSClassCreate(&definition);
    JSObjectRef natives = JSObjectMake(engine->context, class, engine);
    JSClassRelease(class);
    return natives;
}
