/* The words that selectors know: pseudo-classes, pseudo-elements, and the attributes of HTML whose
 * values have no case. */
#ifndef TABS_CSS_SELECTOR_WORDS_H
#define TABS_CSS_SELECTOR_WORDS_H

#include "tabs/css/scan.h"
#include "tabs/css/selector_parts.h"

struct pseudo {
    const char *name;
    part_kind kind;
    css_state state;
    int a, b; /* of those that count */
    bool of_type, from_last;
};

/* NULL for a word that is none; function: with arguments. */
const struct pseudo *css_pseudo_find(const css_token *token, bool function);
/* Elements of old CSS, which are written with one colon, too. */
bool css_is_old_element(const css_token *token);
/* Those that browsers know; of the ones with a vendor's prefix all. */
bool css_is_known_element(const css_token *token);
/* HTML standard, 4.17.2. */
bool css_is_caseless_attribute(const css_token *token);

#endif
