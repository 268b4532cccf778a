/* Texts between the engine, which has UTF-16, and the nodes, which have UTF-8. A surrogate without
 * its partner is three bytes there, so that nothing is lost. */
#ifndef TABS_SCRIPT_TEXT_H
#define TABS_SCRIPT_TEXT_H

#include <firn/status.h>

#include <JavaScriptCore/JavaScript.h>

/* A text that grows to what it is given; begin with all bytes 0. */
typedef struct script_text {
    char *bytes;
    size_t size, room;
} script_text;

void script_text_fini(script_text *text);
/* Gives the memory back where it is much. */
void script_text_trim(script_text *text);
/* FIRN_NO_MEMORY. What is there goes; a NUL stands behind it. */
firn_status script_text_set(script_text *text, JSStringRef string);
firn_status script_text_append(script_text *text, const char *bytes, size_t size);

/* A string of the engine; the caller releases it. NULL when there is no memory. */
JSStringRef script_string_make(script_text *scratch, const char *bytes, size_t size);

#endif
