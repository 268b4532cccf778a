/* HTML to nodes, by Gumbo. A document is built in the order of its text and stops behind each
 * script element, so that a script sees what came before it and not what follows. */
#ifndef TABS_DOM_PARSE_H
#define TABS_DOM_PARSE_H

#include "tabs/dom/dom.h"

typedef struct dom_parse dom_parse;

typedef enum dom_quirks { DOM_NO_QUIRKS, DOM_LIMITED_QUIRKS, DOM_QUIRKS } dom_quirks;

/* Reads size bytes of UTF-8, which must stay until the end, and makes nothing yet. A node that a
 * script removes must not be freed before dom_parse_end, since more may come into it.
 * FIRN_NO_MEMORY; FIRN_LIMIT for 2 GiB or more. */
firn_status dom_parse_begin(dom *page, dom_id document, const char *html, size_t size,
                            dom_parse **ret_parse);
dom_quirks dom_parse_quirks(const dom_parse *parse);
/* Makes nodes up to the end of the next script element, *ret_script, or to the end of the document,
 * which is 0. FIRN_NO_MEMORY or FIRN_LIMIT: the document stays as far as it got, and ends there. */
firn_status dom_parse_next(dom_parse *parse, dom_id *ret_script);
void dom_parse_end(dom_parse *parse);

/* Reads a piece of HTML as if it stood in an element of this name, into a new fragment. Its scripts
 * are marked as started, since they must not run. Fails as dom_parse_begin. */
firn_status dom_parse_fragment(dom *page, uint32_t context_space, dom_name context,
                               const char *html, size_t size, dom_id *ret_fragment);

#endif
