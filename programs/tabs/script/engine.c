/* The engine: its context, the interfaces in it, and how a document is loaded.
 *
 * Invariants:
 *   I1  the interfaces are evaluated in the order of web_files, each a block that finds `$`, what
 *       they share, and the global object in `this`: a function's text would be read twice, which
 *       took 4 ms of 35
 *   I2  `entry` holds the functions that C calls; it is protected for as long as the engine lives
 */
#include "tabs/script/engine.h"

#include "tabs/script/state.h"
#include "tabs/script/web_files.h"

#include <string.h>

/* Of the engine's library, though not of its headers: JSGarbageCollect only notes that it is time.
 */
extern void JSSynchronousGarbageCollectForDebugging(JSContextRef context);
/* Likewise: calls a function with a promise and why it was rejected, where nothing handles that. */
extern void JSGlobalContextSetUnhandledRejectionCallback(JSGlobalContextRef context,
                                                         JSObjectRef function, JSValueRef *thrown);

static const engine_hooks no_hooks;

/* --- values --- */

static void set_property(script_engine *engine, JSObjectRef object, const char *name,
                         JSValueRef value)
{
    JSStringRef string = JSStringCreateWithUTF8CString(name);
    JSObjectSetProperty(engine->context, object, string, value, kJSPropertyAttributeNone, NULL);
    JSStringRelease(string);
}

/* --- starting --- */

/* run(text, url): evaluates a script of the page. */
static JSValueRef run_script(JSContextRef context, JSObjectRef function, JSObjectRef self,
                             size_t count, const JSValueRef *arguments, JSValueRef *thrown)
{
    (void)function, (void)self;
    JSStringRef text = count > 0 ? JSValueToStringCopy(context, arguments[0], thrown) : NULL;
    JSStringRef url = count > 1 ? JSValueToStringCopy(context, arguments[1], NULL) : NULL;
    JSValueRef value = JSValueMakeUndefined(context);
    if (text != NULL) {
        value = JSEvaluateScript(context, text, NULL, url, 1, thrown);
        JSStringRelease(text);
    }
    if (url != NULL)
        JSStringRelease(url);
    return value != NULL ? value : JSValueMakeUndefined(context);
}

static void make_entry(script_engine *engine, JSObjectRef shared)
{
    JSStringRef name = JSStringCreateWithUTF8CString("run");
    engine->entry = JSObjectMake(engine->context, NULL, NULL);
    JSValueProtect(engine->context, engine->entry);
    JSObjectRef run = JSObjectMakeFunctionWithCallback(engine->context, name, run_script);
    set_property(engine, engine->entry, "run", run);
    set_property(engine, shared, "entry", engine->entry);
    JSStringRelease(name);
}

/* What a file of the interfaces could not do, in the words of the engine. */
static firn_status refuse(script_engine *engine, const char *file, JSValueRef thrown,
                          firn_error *ret_error)
{
    JSObjectRef object = JSValueToObject(engine->context, thrown, NULL);
    double line = object != NULL ? JSValueToNumber(engine->context,
                                                   native_property(engine, object, "line"), NULL)
                                 : 0;
    const char *text = native_text(engine, &engine->texts[0], thrown) == FIRN_OK
                           ? engine->texts[0].bytes
                           : "it throws";
    return firn_error_set(ret_error, FIRN_INVALID, 0, "%s:%d: %s", file, (int)line, text);
}

static firn_status run_file(script_engine *engine, const struct web_file *file, JSObjectRef given,
                            firn_error *ret_error)
{
    JSValueRef thrown = NULL;
    JSStringRef text = JSStringCreateWithUTF8CString(file->text);
    JSStringRef url = JSStringCreateWithUTF8CString(file->name);
    JSValueRef value = JSEvaluateScript(engine->context, text, given, url, 1, &thrown);
    JSStringRelease(text);
    JSStringRelease(url);
    return value != NULL ? FIRN_OK : refuse(engine, file->name, thrown, ret_error);
}

static void watch_rejections(script_engine *engine)
{
    JSObjectRef function =
        JSValueToObject(engine->context, native_property(engine, engine->entry, "rejected"), NULL);
    if (function != NULL)
        JSGlobalContextSetUnhandledRejectionCallback(engine->context, function, NULL);
}

static firn_status start(script_engine *engine, firn_error *ret_error)
{
    firn_status status = dom_create(NULL, &engine->page);
    if (status == FIRN_OK)
        status = sheets_init(engine);
    if (status != FIRN_OK)
        return status;
    JSClassDefinition window = kJSClassDefinitionEmpty;
    window.className =
        "Window"; /* of a class of its own, the global object has a prototype of its own */
    JSClassRef class = JSClassCreate(&window);
    engine->context = JSGlobalContextCreate(class);
    JSClassRelease(class);
    if (engine->context == NULL)
        return FIRN_NO_MEMORY;
    engine->natives = natives_make(engine);
    JSValueProtect(engine->context, engine->natives);
    JSObjectRef shared = JSObjectMake(engine->context, NULL, NULL);
    make_entry(engine, shared);
    JSObjectRef given = JSObjectMake(engine->context, NULL, NULL);
    set_property(engine, given, "$", engine->natives);
    set_property(engine, given, "web", shared);
    set_property(engine, given, "global", JSContextGetGlobalObject(engine->context));
    for (size_t i = 0; status == FIRN_OK && web_files[i].name != NULL; i++) /* I1 */
        status = run_file(engine, &web_files[i], given, ret_error);
    if (status == FIRN_OK)
        watch_rejections(engine);
    return status;
}

firn_status engine_create(const engine_hooks *hooks, script_engine **ret_engine,
                          firn_error *ret_error)
{
    script_engine *engine = firn_allocate_zeroed(NULL, 1, sizeof *engine);
    if (engine == NULL)
        return FIRN_NO_MEMORY;
    engine_set_hooks(engine, hooks);
    firn_status status = start(engine, ret_error);
    if (status == FIRN_OK)
        *ret_engine = engine;
    else
        engine_destroy(engine);
    return status;
}

void engine_destroy(script_engine *engine)
{
    if (engine == NULL)
        return;
    if (engine->context != NULL)
        JSGlobalContextRelease(engine->context);
    select_fini(engine);
    sheets_fini(engine);
    for (size_t i = 0; i < TEXTS; i++)
        script_text_fini(&engine->texts[i]);
    script_text_fini(&engine->scratch);
    dom_destroy(engine->page);
    firn_release(NULL, engine, sizeof *engine);
}

void engine_set_hooks(script_engine *engine, const engine_hooks *hooks)
{
    engine->hooks = hooks != NULL ? *hooks : no_hooks;
}

dom *engine_dom(script_engine *engine)
{
    return engine->page;
}

/* --- documents --- */

static void tell_node(script_engine *engine, const char *entry, dom_id node)
{
    JSValueRef argument = JSValueMakeNumber(engine->context, node);
    engine_call(engine, entry, 1, &argument);
}

static firn_status read_document(script_engine *engine, dom_parse *parse)
{
    dom_id script = 0;
    firn_status status;
    do {
        status = dom_parse_next(parse, &script);
        if (status == FIRN_OK && script != 0)
            tell_node(engine, "script", script);
    } while (status == FIRN_OK && script != 0);
    return status;
}

firn_status engine_load(script_engine *engine, const char *url, const char *html, size_t size)
{
    dom_parse *parse;
    dom_id document;
    firn_status status = dom_container(engine->page, DOM_DOCUMENT, &document);
    if (status != FIRN_OK)
        return status;
    status = dom_parse_begin(engine->page, document, html, size, &parse);
    if (status != FIRN_OK) {
        dom_free(engine->page, document);
        return status;
    }
    engine->document = document;
    engine->quirks = dom_parse_quirks(parse) == DOM_QUIRKS;
    JSValueRef arguments[2] = {JSValueMakeNumber(engine->context, document),
                               native_string(engine, url, strlen(url))};
    engine_call(engine, "begin", 2, arguments);
    status = read_document(engine, parse);
    dom_parse_end(parse);
    engine_call(engine, "parsed", 0, NULL);
    engine_trim(engine);
    return status;
}

/* --- scripts from without --- */

/* Takes the string over; NULL: memory is short. */
static firn_status give_text(script_engine *engine, JSStringRef string, char **ret_text,
                             size_t *ret_size)
{
    if (string == NULL)
        return FIRN_NO_MEMORY;
    firn_status status = script_text_set(&engine->texts[0], string);
    JSStringRelease(string);
    if (status != FIRN_OK)
        return status;
    char *text = firn_allocate(NULL, engine->texts[0].size + 1);
    if (text == NULL)
        return FIRN_NO_MEMORY;
    memcpy(text, engine->texts[0].bytes, engine->texts[0].size + 1);
    *ret_text = text;
    *ret_size = engine->texts[0].size;
    engine_trim(engine);
    return FIRN_OK;
}

firn_status engine_eval(script_engine *engine, const char *script, size_t size, char **ret_text,
                        size_t *ret_size)
{
    JSContextRef context = engine->context;
    JSValueRef thrown = NULL;
    JSStringRef text = script_string_make(&engine->scratch, script, size);
    if (text == NULL)
        return FIRN_NO_MEMORY;
    JSValueRef value = JSEvaluateScript(context, text, NULL, NULL, 1, &thrown);
    JSStringRelease(text);
    text = thrown == NULL ? JSValueToStringCopy(context, value, &thrown) : NULL;
    if (thrown == NULL)
        return give_text(engine, text, ret_text, ret_size);
    text = JSValueToStringCopy(context, thrown, NULL);
    if (text == NULL) /* it throws when it is asked for its text */
        text = JSStringCreateWithUTF8CString("an exception without a text");
    firn_status status = give_text(engine, text, ret_text, ret_size);
    return status == FIRN_OK ? FIRN_INVALID : status;
}

firn_status engine_loaded(script_engine *engine, char **ret_title, size_t *ret_size)
{
    JSValueRef title = engine_call(engine, "loaded", 0, NULL);
    if (title == NULL || !JSValueIsString(engine->context, title))
        return FIRN_NOT_FOUND;
    return give_text(engine, JSValueToStringCopy(engine->context, title, NULL), ret_title,
                     ret_size);
}

void engine_run_timers(script_engine *engine)
{
    JSValueRef next = JSValueMakeBoolean(engine->context, false), more;
    do { /* each in a call of its own, behind which promises go on */
        more = engine_call(engine, "timers", 1, &next);
        next = JSValueMakeBoolean(engine->context, true);
    } while (more != NULL && JSValueToBoolean(engine->context, more));
    engine_trim(engine);
}

void engine_collect(script_engine *engine)
{
    JSSynchronousGarbageCollectForDebugging(engine->context);
    engine_call(engine, "sweep", 0, NULL);
}

/* What browsers do when memory is short. It is no part of the C interface: a library that lacks it
 * keeps its code. */
__attribute__((weak)) extern void
delete_all_code(JSContextGroupRef machine,
                int effort) __asm__("_ZN3JSC2VM13deleteAllCodeENS_19DeleteAllCodeEffortE");

/* Called as a function of a script, so that the engine is locked. */
static JSValueRef forget(JSContextRef context, JSObjectRef function, JSObjectRef self, size_t count,
                         const JSValueRef *arguments, JSValueRef *thrown)
{
    (void)function, (void)self, (void)count, (void)arguments, (void)thrown;
    if (delete_all_code != NULL)
        delete_all_code(JSContextGetGroup(context), 0);
    return JSValueMakeUndefined(context);
}

void engine_forget(script_engine *engine)
{
    JSObjectRef function = JSObjectMakeFunctionWithCallback(engine->context, NULL, forget);
    JSObjectCallAsFunction(engine->context, function, NULL, 0, NULL, NULL);
    engine_collect(engine);
}
