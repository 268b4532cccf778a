/* Computed style: the cascade over the sheets of a page, from origin to inheritance (CSS Cascading
 * and Inheritance Level 5), without layout: what depends on boxes is as it was specified, with
 * lengths in px.
 *
 * Nothing is computed before somebody asks. What matched, the declarations that won, styles, and
 * groups of 16 values are each kept once for all elements that have the same.
 *
 * Threads: confined to one, as the page. */
#ifndef TABS_CSS_STYLES_H
#define TABS_CSS_STYLES_H

#include "tabs/css/media.h"
#include "tabs/css/selector.h"
#include "tabs/css/sheet.h"

typedef struct css_styles css_styles;

/* A sheet of the document, in the order of these, all of whose conditions hold; layer: the name of
 * the one that it was imported into, "" for none. The sheets must stay. */
typedef struct css_applied {
    css_sheet *sheet;
    const char *layer;
} css_applied;

firn_status css_styles_create(dom *page, css_styles **ret_styles);
void css_styles_destroy(css_styles *styles);
const css_properties *css_styles_properties(const css_styles *styles);
css_viewport *css_styles_viewport(css_styles *styles);

/* Takes the sheets anew: to be called when any of them, or the viewport, has changed. */
firn_status css_styles_apply(css_styles *styles, const css_applied *sheets, size_t count);

/* Writes a property's computed value, of a shorthand what it is of its longhands, of a name with
 * "--" what it was set to; "" where there is none. pseudo: "before" and the like, or NULL. state:
 * as of css_scope. FIRN_NO_MEMORY. O(ancestors) when the page has changed since the last call, else
 * O(1) for most. */
firn_status css_styles_get(css_styles *styles, const css_scope *scope, dom_id element,
                           const char *pseudo, const char *name, size_t size, css_text *out);

/* Gives back what is kept of the index and of styles, which are made again when somebody asks. */
void css_styles_rest(css_styles *styles);

typedef struct css_styles_stats {
    size_t selector_count, style_count, cascade_count, group_count, value_count, bytes;
} css_styles_stats;
void css_styles_usage(const css_styles *styles, css_styles_stats *ret_usage);

#endif
