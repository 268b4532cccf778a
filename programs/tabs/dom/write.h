/* Nodes to HTML, as innerHTML and outerHTML give it (HTML standard, "serializing HTML fragments").
 */
#ifndef TABS_DOM_WRITE_H
#define TABS_DOM_WRITE_H

#include "tabs/dom/dom.h"

/* Takes the next bytes; anything but FIRN_OK ends the writing, which returns it. */
typedef firn_status (*dom_write_fn)(void *context, const char *text, size_t size);

/* Writes a node, or only what is below it: of a template its contents. FIRN_NO_MEMORY, or what
 * write returned. */
firn_status dom_write_html(const dom *page, dom_id node, bool inner, dom_write_fn write,
                           void *context);

/* Writes the text below a node, as textContent gives it; of a text or comment its own. */
firn_status dom_write_text(const dom *page, dom_id node, dom_write_fn write, void *context);

#endif
