/* What compute.c and the files of single properties share. */
#ifndef TABS_CSS_COMPUTE_PARTS_H
#define TABS_CSS_COMPUTE_PARTS_H

#include "tabs/css/styles_state.h"

void css_measures_of(css_styles *styles, uint32_t style, css_measures *ret_measures);
/* Whether a longhand's value, before what its property makes of it, is one of these words. */
bool css_is_value(css_styles *styles, uint32_t style, css_property longhand, const char *words);

/* finish.c: makes of the value that begins at `start`, in place, what its property makes of it. */
void css_finish(css_styles *styles, uint32_t style, css_property longhand, css_text *out,
                size_t start);
#endif
