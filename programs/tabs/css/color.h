/* Colours (CSS Color Level 4): read, and written as computed style gives them. */
#ifndef TABS_CSS_COLOR_H
#define TABS_CSS_COLOR_H

#include "tabs/css/text.h"

typedef struct css_color {
    double red, green, blue; /* 0 to 255 */
    double alpha;            /* 0 to 1 */
} css_color;

/* A word, such as "red"; not currentcolor. */
bool css_color_word(const char *text, size_t size, css_color *ret_color);
/* The digits behind "#". */
bool css_color_hash(const char *text, size_t size, css_color *ret_color);
/* rgb(), rgba(), hsl(), hsla(), hwb(): the function's name, and what stands within. */
bool css_color_function(const char *name, size_t name_size, const char *inner, size_t size,
                        css_color *ret_color);
/* Any of these, blanks around it let pass. */
bool css_color_read(const char *text, size_t size, css_color *ret_color);
void css_put_color(css_text *text, const css_color *color);

#endif
