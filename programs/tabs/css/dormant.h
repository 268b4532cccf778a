/* A page's style sheets asleep: all of them in one block of bytes, a tenth of what they are awake
 * and less, and back with every number of a rule as it was, so that scripts' objects stay valid.
 *
 * What rules say lies in columns: the texts before blocks, each piece between commas as what it has
 * from the one before on both sides and what is between these; which properties are set; and the
 * values, those of one name together. All of it is packed by zstd with a checksum. Sheets that
 * nobody has asked about are their texts.
 *
 *     firn_status status = css_dormant_pack(sheets, count, properties, NULL, &data, &size);
 *     if (status == FIRN_OK)
 *         css_dormant_empty(sheets, count);           the memory of rules and texts goes back
 *     ...
 *     status = css_dormant_restore(sheets, count, properties, data, size);
 */
#ifndef TABS_CSS_DORMANT_H
#define TABS_CSS_DORMANT_H

#include "tabs/css/properties.h"
#include "tabs/css/sheet.h"

/* Packs sheets into a block of *ret_size bytes that the caller gives back to allocator with
 * firn_release. They stay as they are. FIRN_NO_MEMORY, FIRN_LIMIT (more than 64 MiB of texts). */
firn_status css_dormant_pack(css_sheet *const *sheets, size_t count,
                             const css_properties *properties, const firn_allocator *allocator,
                             void **ret_data, size_t *ret_size);

/* Gives all memory of the sheets back but the sheets themselves. Until the restore they are
 * sheets without a rule. */
void css_dormant_empty(css_sheet *const *sheets, size_t count);

/* Fills as many sheets as were packed, in their order, from what was packed. FIRN_INVALID for
 * another count; FIRN_CORRUPT for bytes that are not right; FIRN_VERSION, FIRN_NO_MEMORY; the
 * sheets then have no rule. */
firn_status css_dormant_restore(css_sheet *const *sheets, size_t count,
                                const css_properties *properties, const void *data, size_t size);

#endif
