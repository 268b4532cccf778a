/* Values of the engine: arguments and results of the natives, and calls of the interfaces. */
#include "tabs/script/state.h"

void engine_trim(script_engine *engine)
{
    for (size_t i = 0; i < TEXTS; i++)
        script_text_trim(&engine->texts[i]);
    script_text_trim(&engine->scratch);
}

JSValueRef native_throw(script_engine *engine, JSValueRef *thrown, firn_status status,
                        const char *what)
{
    const char *text = what != NULL ? what : firn_status_text(status);
    JSStringRef string = JSStringCreateWithUTF8CString(text);
    JSValueRef message = JSValueMakeString(engine->context, string);
    JSStringRelease(string);
    *thrown = JSObjectMakeError(engine->context, 1, &message, NULL);
    return JSValueMakeUndefined(engine->context);
}

double native_number(script_engine *engine, JSValueRef argument)
{
    return JSValueToNumber(engine->context, argument, NULL);
}

dom_id native_node(script_engine *engine, JSValueRef argument)
{
    double number = native_number(engine, argument);
    if (!(number >= 1 && number <= UINT32_MAX))
        return 0;
    return dom_is_node(engine->page, (dom_id)number) ? (dom_id)number : 0;
}

firn_status native_text(script_engine *engine, script_text *into, JSValueRef argument)
{
    JSStringRef string = JSValueToStringCopy(engine->context, argument, NULL);
    if (string == NULL)
        return FIRN_INVALID;
    firn_status status = script_text_set(into, string);
    JSStringRelease(string);
    return status;
}

JSValueRef native_string(script_engine *engine, const char *bytes, size_t size)
{
    JSStringRef string = script_string_make(&engine->scratch, bytes, size);
    if (string == NULL)
        return JSValueMakeNull(engine->context);
    JSValueRef value = JSValueMakeString(engine->context, string);
    JSStringRelease(string);
    return value;
}

JSValueRef native_property(script_engine *engine, JSObjectRef object, const char *name)
{
    JSStringRef string = JSStringCreateWithUTF8CString(name);
    JSValueRef value = JSObjectGetProperty(engine->context, object, string, NULL);
    JSStringRelease(string);
    return value;
}

/* Calls a function of the interfaces; what it throws is a defect of these, and told as such. */
JSValueRef engine_call(script_engine *engine, const char *name, size_t count,
                       const JSValueRef *arguments)
{
    JSValueRef thrown = NULL;
    JSObjectRef function =
        JSValueToObject(engine->context, native_property(engine, engine->entry, name), NULL);
    if (function == NULL)
        return NULL;
    JSValueRef value =
        JSObjectCallAsFunction(engine->context, function, NULL, count, arguments, &thrown);
    if (thrown != NULL && native_text(engine, &engine->texts[0], thrown) == FIRN_OK)
        engine->hooks.print(engine->hooks.context, "error", engine->texts[0].bytes,
                            engine->texts[0].size);
    return value;
}
