/* What the files of the engine share. */
#ifndef TABS_SCRIPT_STATE_H
#define TABS_SCRIPT_STATE_H

#include "tabs/css/selector.h"
#include "tabs/css/styles.h"
#include "tabs/dom/dom.h"
#include "tabs/dom/parse.h"
#include "tabs/script/hooks.h"
#include "tabs/script/text.h"

#define SELECTORS_KEPT 64
#define TEXTS 6

/* A list of selectors, kept with its text, as scripts ask for the same ones again and again. */
struct kept_selectors {
    char *text;
    size_t size;
    firn_arena arena;
    css_selectors *list;
    uint64_t used; /* the count of asking when it was asked for last */
};

/* A sheet that an object of the engine holds. */
struct held_sheet {
    css_sheet *sheet;
    struct held_sheet *next, **from; /* the others of the engine, in any order */
    bool is_asleep;
    bool is_gone; /* its object is collected, and it waits until they wake */
};

struct script_engine {
    engine_hooks hooks;
    JSGlobalContextRef context;
    JSObjectRef natives; /* `$`, held by the interfaces alone */
    JSObjectRef entry;   /* functions of the interfaces that C calls */
    dom *page;
    dom_id document;
    bool quirks;
    script_text texts[TEXTS], scratch; /* of the arguments of a native call */
    struct kept_selectors selectors[SELECTORS_KEPT];
    uint64_t asked;
    css_styles *styles;
    struct held_sheet *sheets;
    void *asleep; /* what all of these are packed to; NULL: they are awake */
    size_t asleep_bytes;
};

/* --- values.c --- */

/* Gives back what large texts took; no native may be running. */
void engine_trim(script_engine *engine);

/* Calls a function of the interfaces. */
JSValueRef engine_call(script_engine *engine, const char *name, size_t count,
                       const JSValueRef *arguments);

JSValueRef native_throw(script_engine *engine, JSValueRef *thrown, firn_status status,
                        const char *what);
dom_id native_node(script_engine *engine, JSValueRef argument);
firn_status native_text(script_engine *engine, script_text *into, JSValueRef argument);
JSValueRef native_string(script_engine *engine, const char *bytes, size_t size);
double native_number(script_engine *engine, JSValueRef argument);
JSValueRef native_property(script_engine *engine, JSObjectRef object, const char *name);

/* --- the others --- */

/* natives.c: makes `$`. */
JSObjectRef natives_make(script_engine *engine);

/* outside.c: what natives reach outside of the page, and the answer to a fetch as values. */
extern const JSStaticFunction outside_functions[];
enum { ANSWER_VALUES = 7 };
bool outside_answer(script_engine *engine, engine_destination destination,
                    const engine_response *response, JSValueRef values[ANSWER_VALUES]);

/* select.c */
JSValueRef native_select(JSContextRef context, JSObjectRef function, JSObjectRef natives,
                         size_t count, const JSValueRef *arguments, JSValueRef *thrown);
JSValueRef native_matches(JSContextRef context, JSObjectRef function, JSObjectRef natives,
                          size_t count, const JSValueRef *arguments, JSValueRef *thrown);
void select_fini(script_engine *engine);
/* What scripts and users have made of an element, for a css_scope whose context is the engine. */
bool select_state(void *context, dom_id element, css_state state);

/* sheets.c and declared.c: style sheets, computed style, values. */
extern const JSStaticFunction sheet_functions[], declared_functions[];
/* modules.c */
extern const JSStaticFunction module_functions[];
firn_status sheets_init(script_engine *engine);
void sheets_fini(script_engine *engine);

#endif
