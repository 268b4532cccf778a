/* Declarations: a property and its value taken apart into longhands, and values of shorthands put
 * together again. */
#ifndef TABS_CSS_DECLARE_H
#define TABS_CSS_DECLARE_H

#include "tabs/css/value.h"

/* The words that every property takes, and values that are known once var() is. */
typedef enum css_wide {
    CSS_NOT_WIDE,
    CSS_INITIAL,
    CSS_INHERIT,
    CSS_UNSET,
    CSS_REVERT,
    CSS_REVERT_LAYER,
} css_wide;
css_wide css_wide_of(const char *text, size_t size);
/* Whether a value has var() in it. */
bool css_has_var(const char *text, size_t size);

/* Is given each longhand with its canonical value. */
typedef void (*css_declare_fn)(void *context, css_property longhand, const char *text, size_t size);

/* Takes a property and its value, without "!important", apart. A value with var() is given as it is
 * to each longhand. False, with nothing given, for what the property does not take. */
bool css_declare(const css_properties *properties, css_property property, const char *text,
                 size_t size, css_declare_fn give, void *context);

/* Writes a shorthand's value from those of its longhands; nothing where these have none together.
 * get writes the value of one; false for none. computed: as computed style writes it, which tells
 * more of what is as usual. */
typedef bool (*css_get_fn)(void *context, css_property longhand, css_text *out);
void css_put_shorthand(const css_properties *properties, css_property shorthand, bool computed,
                       css_get_fn get, void *context, css_text *out);

/* Longhands with their values, as they were declared. */
typedef struct css_declared {
    css_property longhand; /* CSS_NO_PROPERTY: a custom one, whose name this is */
    const char *name, *value;
    size_t name_bytes, value_bytes;
    bool important;
} css_declared;

/* Writes declarations as CSSOM does: shorthands in place of longhands where all of theirs are there
 * (CSSOM, 6.7.2). */
void css_put_declarations(const css_properties *properties, const css_declared *all, size_t count,
                          css_text *out);
/* The value of a shorthand among declarations, and whether all of it is important. */
bool css_put_declared(const css_properties *properties, const css_declared *all, size_t count,
                      css_property shorthand, css_text *out, bool *ret_important);

#endif
