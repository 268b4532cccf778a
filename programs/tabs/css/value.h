/* Values of longhands: read and written as CSSOM writes them, and computed as far as lengths and
 * colours go. */
#ifndef TABS_CSS_VALUE_H
#define TABS_CSS_VALUE_H

#include "tabs/css/color.h"
#include "tabs/css/properties.h"
#include "tabs/css/scan.h"

/* What lengths are measured by, in px, and what currentcolor is. */
typedef struct css_measures {
    double em, rem, width, height;
    const char *color;
    size_t color_bytes;
} css_measures;

/* Writes a value in its canonical form; false for one that the longhand does not take, when what
 * was written is to be forgotten. Not for values with var(). */
bool css_value_read(const css_properties *properties, css_property longhand, const char *text,
                    size_t size, css_text *out);
/* The same with lengths in px, and colours as rgb(); the value has been read. */
void css_value_compute(const css_properties *properties, css_property longhand, const char *text,
                       size_t size, const css_measures *measures, css_text *out);

/* Components of a value, apart from each other by blanks, commas and slashes. */
typedef struct css_piece {
    const char *text;
    size_t size;
    char before; /* ' ', ',' or '/': what stands before it */
} css_piece;
#define CSS_PIECES_MAX 256
/* 0 where there are none, or too many. */
size_t css_pieces(const char *text, size_t size, css_piece *into, size_t most);

/* A number with a unit, or a sum of those. */
typedef struct css_amount {
    double number, px, percent, degrees, seconds;
    unsigned has; /* of the enumeration below */
} css_amount;
enum {
    CSS_HAS_NUMBER = 1,
    CSS_HAS_PX = 2,
    CSS_HAS_PERCENT = 4,
    CSS_HAS_DEGREES = 8,
    CSS_HAS_SECONDS = 16
};

/* A number, or a function of numbers such as calc(); measures NULL: only of units that need none.
 */
bool css_amount_read(const char *text, size_t size, const css_measures *measures,
                     css_amount *ret_amount);
void css_put_amount(css_text *text, const css_amount *amount);
/* Writes a list of transforms as matrix() or matrix3d(); false for what is none. */
bool css_put_matrix(const char *text, size_t size, const css_measures *measures, css_text *out);
/* Whether a word is a unit of length; its factor, 0 where measures are needed and NULL. */
bool css_unit(const css_token *token, const css_measures *measures, double *ret_factor);

#endif
