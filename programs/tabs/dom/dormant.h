/* A page's nodes asleep: all of a dom in one block of bytes, a tenth of its HTML and less, and back
 * with every number as it was, so that scripts' objects, which hold numbers of nodes, and names
 * that were looked up stay valid.
 *
 * The structure is a production tree (firn/tree.h): a label is an element's name with the names of
 * its attributes and with values that many have, leaves are texts. Other texts and values lie
 * apart, each once; numbers of nodes cost nothing where they run on. All of it is packed by zstd
 * with a checksum.
 *
 *     firn_status status = dom_dormant_pack(page, NULL, &data, &size);
 *     if (status == FIRN_OK)
 *         dom_dormant_empty(page);          the pools' memory goes back
 *     ...
 *     status = dom_dormant_restore(page, data, size);
 */
#ifndef TABS_DOM_DORMANT_H
#define TABS_DOM_DORMANT_H

#include "tabs/dom/dom.h"

/* Packs all nodes, attributes, texts, names and namespaces, of whatever trees they are, into a
 * block of *ret_size bytes that the caller gives back to allocator with firn_release. The page
 * stays as it is. A dom_text is not kept: as after dom_sweep. FIRN_NO_MEMORY, FIRN_LIMIT (more than
 * 64 MiB of texts). */
firn_status dom_dormant_pack(const dom *page, const firn_allocator *allocator, void **ret_data,
                             size_t *ret_size);

/* Gives all memory of a page's nodes back. Until the restore, only this, dom_dormant_restore and
 * dom_destroy may be called. */
void dom_dormant_empty(dom *page);

/* Fills a page that was emptied, or is new and has no node, from what was packed; dom_version is
 * one more than then. FIRN_CORRUPT for bytes that are not right; FIRN_VERSION, FIRN_NO_MEMORY; the
 * page is then empty. */
firn_status dom_dormant_restore(dom *page, const void *data, size_t size);

#endif
