/* The script engine of a page: JavaScriptCore by its C interface, with the nodes of the page in it.
 *
 * The web's interfaces are written in JavaScript (web/ has them), over the few functions of one
 * object, `$`, that reach the nodes; scripts of the page see the interfaces and not `$`. What is
 * written in JavaScript is compiled once, in the zygote, and is shared by all pages until they
 * change it.
 *
 * Threads: confined to one, and the process must have no other while it forks (zygote.c). */
#ifndef TABS_SCRIPT_ENGINE_H
#define TABS_SCRIPT_ENGINE_H

#include "tabs/dom/dom.h"
#include "tabs/script/hooks.h"

/* Starts the engine and compiles the interfaces. FIRN_NO_MEMORY, FIRN_INVALID (ret_error says which
 * file does not compile). */
firn_status engine_create(const engine_hooks *hooks, script_engine **ret_engine,
                          firn_error *ret_error);
void engine_destroy(script_engine *engine);
/* Of a page forked from a zygote: its own hooks. */
void engine_set_hooks(script_engine *engine, const engine_hooks *hooks);

dom *engine_dom(script_engine *engine);

/* Reads a document in place of the one that is there, runs its scripts as they come, then tells it
 * that it has loaded. Scripts that throw are told by the console. */
firn_status engine_load(script_engine *engine, const char *url, const char *html, size_t size);

/* Evaluates a script, and gives its value as text, which the caller frees with firn_release
 * (size + 1 bytes, its NUL included): of a promise the value that it comes to, where that is at
 * once. FIRN_INVALID when it throws, with what was thrown as text. */
firn_status engine_eval(script_engine *engine, const char *script, size_t size, char **ret_text,
                        size_t *ret_size);

/* The document's title, once it has loaded, whatever its scripts have made of what tells of that;
 * as engine_eval gives it. FIRN_NOT_FOUND: it has not loaded. */
firn_status engine_loaded(script_engine *engine, char **ret_title, size_t *ret_size);

/* What a fetch that a hook began came to: the number is the one that the hook was given. Not to be
 * called while a hook is. */
void engine_fetched(script_engine *engine, uint32_t id, const engine_response *response);

/* Runs the timers that are due, and what follows from them. */
void engine_run_timers(script_engine *engine);

/* Collects what no script can reach, and frees its nodes: before a page sleeps. */
void engine_collect(script_engine *engine);

/* Drops what scripts were compiled to, which the engine makes again of their texts when it is
 * wanted, and then collects: before a page sleeps for long. */
void engine_forget(script_engine *engine);

/* Packs the style sheets, where that pays, and forgets what was computed by them. They wake when a
 * script asks for one or for computed style. */
void engine_sheets_sleep(script_engine *engine);

#endif
