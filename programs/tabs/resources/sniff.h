/* What a document says of its own encoding. */
#ifndef TABS_RESOURCES_SNIFF_H
#define TABS_RESOURCES_SNIFF_H

#include "tabs/resources/labels.h"

#include <stdbool.h>
#include <stdint.h>

/* By a byte order mark, which has *ret_size bytes. NULL: there is none. */
const encoding *sniff_mark(const uint8_t *data, size_t size, size_t *ret_size);
/* By the charset of a Content-Type, which may be NULL. */
const encoding *sniff_type(const char *content_type);
/* By a meta element in the first 1,024 bytes (HTML standard, "prescan a byte stream"). */
const encoding *sniff_meta(const uint8_t *data, size_t size);
/* Whether the first bytes are no text (MIME Sniffing standard, binary data bytes). */
bool sniff_binary(const uint8_t *data, size_t size);

#endif
