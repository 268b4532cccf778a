/* How a native, a function of `$`, is written. */
#ifndef TABS_SCRIPT_NATIVE_H
#define TABS_SCRIPT_NATIVE_H

#include "tabs/script/state.h"

#define NATIVE(name)                                                                               \
    static JSValueRef name(JSContextRef context, JSObjectRef function, JSObjectRef natives,        \
                           size_t count, const JSValueRef *arguments, JSValueRef *thrown)

/* What every native has at hand. */
#define BEGIN(wanted)                                                                              \
    script_engine *engine = JSObjectGetPrivate(natives);                                           \
    (void)context, (void)function;                                                                 \
    if (count < (wanted))                                                                          \
    return native_throw(engine, thrown, FIRN_INVALID, "too few arguments")

/* The same without arguments. */
#define BEGIN_ALONE                                                                                \
    script_engine *engine = JSObjectGetPrivate(natives);                                           \
    (void)context, (void)function, (void)arguments, (void)count;                                   \
    (void)thrown

#define NODE(variable, index)                                                                      \
    dom_id variable = native_node(engine, arguments[index]);                                       \
    if (variable == 0)                                                                             \
    return native_throw(engine, thrown, FIRN_INVALID, "no such node")

#define NODE_OR_NONE(variable, index) dom_id variable = native_node(engine, arguments[index])

#define TEXT(variable, index)                                                                      \
    script_text *variable = &engine->texts[index];                                                 \
    if (native_text(engine, variable, arguments[index]) != FIRN_OK)                                \
    return native_throw(engine, thrown, FIRN_NO_MEMORY, NULL)

#define CHECK(status)                                                                              \
    if ((status) != FIRN_OK)                                                                       \
    return native_throw(engine, thrown, status, NULL)

#define HIDDEN (kJSPropertyAttributeReadOnly | kJSPropertyAttributeDontDelete)

#endif
