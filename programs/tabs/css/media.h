/* Media queries (level 4) and @supports. A page here is a screen without a pointer's feel: what a
 * headless Chromium says of itself. */
#ifndef TABS_CSS_MEDIA_H
#define TABS_CSS_MEDIA_H

#include "tabs/css/declare.h"
#include "tabs/dom/dom.h"

typedef struct css_viewport {
    double width, height; /* px */
    bool dark;            /* prefers-color-scheme */
} css_viewport;

/* Whether one of a list of queries holds; an empty list holds. */
bool css_media_holds(const char *text, size_t size, const css_viewport *viewport);
/* Writes a list as CSSOM does; what is no query is "not all". */
void css_put_media(css_text *out, const char *text, size_t size);
/* Whether the condition of @supports holds. */
bool css_supports(const css_properties *properties, dom *page, const char *text, size_t size);

#endif
