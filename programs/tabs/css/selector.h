/* Selectors (Selectors Level 4), as pages use them: read once, matched from right to left. They
 * serve querySelector, matches and closest, and the rules of style sheets.
 *
 * Understood: types and the universal selector, ids, classes, attributes with all operators and the
 * flags i and s, all combinators, :is :where :not :has, :nth-child and its kin with "of",
 * structure, links, the states of form controls, :lang and :dir, and those that wait for somebody
 * to point or type, which match as the scope's callback says. Pseudo-elements are read and match no
 * element. What is unknown is refused, except within :is and :where, which forget it.
 *
 * A list belongs to the page that it was read for. Threads: confined to one, as the page. */
#ifndef TABS_CSS_SELECTOR_H
#define TABS_CSS_SELECTOR_H

#include "tabs/dom/dom.h"

#include <firn/arena.h>

typedef struct css_selectors css_selectors; /* a list, as between commas */

/* Reads a list into the arena, in which it lives. FIRN_INVALID where it is none, with where in
 * bytes; FIRN_NO_MEMORY; FIRN_LIMIT for lists nested more than 64 deep, selectors of more than
 * 256 elements, and names beyond those that a page may have. */
firn_status css_selectors_read(dom *page, firn_arena *arena, const char *text, size_t size,
                               css_selectors **ret_list, size_t *ret_where);

/* What an element is in that the tree does not tell. */
typedef enum css_state {
    CSS_STATE_HOVER,
    CSS_STATE_ACTIVE,
    CSS_STATE_FOCUS,
    CSS_STATE_FOCUS_WITHIN,
    CSS_STATE_TARGET,
    CSS_STATE_CHECKED, /* asked where there is a callback, which knows what was clicked */
    CSS_STATE_INDETERMINATE,
    CSS_STATE_VALID, /* of form controls and forms */
    CSS_STATE_PLACEHOLDER_SHOWN,
    CSS_STATE_DEFINED, /* of custom elements */
} css_state;

typedef struct css_scope {
    const dom *page;
    dom_id root; /* of :scope; 0: the root of the tree */
    bool quirks; /* ids and classes are compared without case */
    bool (*state)(void *context, dom_id element,
                  css_state state); /* NULL: as the tree alone says */
    void *context;
} css_scope;

/* Whether an element matches one of the list. */
bool css_matches(const css_selectors *list, const css_scope *scope, dom_id element);

/* Calls visit for each element below top, top not among them, that matches, in tree order, until it
 * returns false. visit must not change the page. O(elements), but for :has, and for selectors that
 * count siblings from the last. */
typedef bool (*css_visit_fn)(void *context, dom_id element);
void css_select(const css_selectors *list, const css_scope *scope, dom_id top, css_visit_fn visit,
                void *context);

/* The selectors of a list, one by one, for the rules of style sheets. */
size_t css_selectors_count(const css_selectors *list);
/* Greater ones win: ids, classes and types, 10 bits each. */
uint32_t css_specificity(const css_selectors *list, size_t index);
/* Whether it names a pseudo-element. */
bool css_is_of_pseudo(const css_selectors *list, size_t index);
bool css_matches_one(const css_selectors *list, size_t index, const css_scope *scope,
                     dom_id element);

#endif
