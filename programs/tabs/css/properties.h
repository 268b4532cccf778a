/* The properties of CSS, from properties.txt, which the build puts into the program: longhands,
 * which have values, and shorthands and other names for them. Made once, in the zygote. */
#ifndef TABS_CSS_PROPERTIES_H
#define TABS_CSS_PROPERTIES_H

#include "tabs/css/text.h"

#include <firn/arena.h>
#include <firn/intern.h>

/* Longhands first, in the order of their names, then shorthands. */
typedef uint32_t css_property;
#define CSS_NO_PROPERTY UINT32_MAX

/* What a property takes, by the letters of properties.txt. */
enum {
    CSS_LENGTHS = 1 << 0,    /* L */
    CSS_PERCENTS = 1 << 1,   /* P */
    CSS_NUMBERS = 1 << 2,    /* N */
    CSS_INTEGERS = 1 << 3,   /* I */
    CSS_BELOW_0 = 1 << 4,    /* l p n j: numbers below 0, too */
    CSS_ZERO = 1 << 5,       /* Z: 0 without a unit */
    CSS_COLORS = 1 << 6,     /* C */
    CSS_TIMES = 1 << 7,      /* T, and t */
    CSS_ANGLES = 1 << 8,     /* A */
    CSS_URLS = 1 << 9,       /* U */
    CSS_STRINGS = 1 << 10,   /* S */
    CSS_WORDS = 1 << 11,     /* F: any identifier */
    CSS_FRACTIONS = 1 << 12, /* R: fr */
    CSS_DASHED = 1 << 13,    /* D: --name */
    CSS_FREE = 1 << 14,      /* what is too various for this table: any components are taken */
};

typedef struct css_longhand {
    const char *name, *initial, *words, *functions; /* words between blanks */
    uint32_t types;
    uint8_t count; /* components at most */
    bool list, inherited;
    css_property physical; /* of a logical one the one that it stands for; else itself */
} css_longhand;

/* Those that computing knows by name. */
/* clang-format off */
#define CSS_KNOWN(X) \
    X(background_position) X(border_bottom_style) X(border_bottom_width) X(border_left_style) \
    X(border_left_width) X(border_right_style) X(border_right_width) X(border_spacing) \
    X(border_top_style) X(border_top_width) X(box_shadow) X(color) X(column_rule_width) \
    X(content) X(cursor) X(direction) X(display) X(fill) X(font_family) X(font_size) \
    X(font_stretch) X(font_weight) X(letter_spacing) X(line_height) X(mask_position) \
    X(min_height) X(min_width) \
    X(object_position) X(outline_width) X(overflow_x) X(overflow_y) X(perspective_origin) \
    X(position) X(row_rule_width) X(stroke) X(text_decoration_color) X(text_align) \
    X(text_indent) X(text_shadow) X(transform) X(transform_origin) X(word_spacing)
/* clang-format on */

typedef struct css_properties {
    firn_intern *names;
    size_t longhand_count, shorthand_count;
    css_longhand *longhands;
    css_property *by_name; /* from a name's id */
    css_property **sets;   /* of each shorthand: longhands, CSS_NO_PROPERTY behind the last */
    const char **shorthand_names;
    firn_arena arena;
#define CSS_FIELD(name) css_property name;
    CSS_KNOWN(CSS_FIELD)
#undef CSS_FIELD
    css_property float_; /* whose name is a word of C */
} css_properties;

/* FIRN_NO_MEMORY. */
firn_status css_properties_create(css_properties **ret_properties);
void css_properties_destroy(css_properties *properties);

/* A name in any case; CSS_NO_PROPERTY for none. Names of old are those of today. */
css_property css_property_find(const css_properties *properties, const char *name, size_t size);
static inline bool css_is_longhand(const css_properties *properties, css_property property)
{
    return property < properties->longhand_count;
}
const char *css_property_name(const css_properties *properties, css_property property);
/* What a shorthand sets, CSS_NO_PROPERTY behind the last; none of `all`. */
const css_property *css_property_set(const css_properties *properties, css_property shorthand);
/* Whether a list of words between blanks has this one, in any case. */
bool css_has_word(const char *words, const char *text, size_t size);

#endif
