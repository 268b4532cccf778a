/* Bytes from outside as UTF-8, as the Encoding standard decodes them. */
#ifndef TABS_SCRIPT_UTF8_H
#define TABS_SCRIPT_UTF8_H

#include "tabs/script/text.h"

/* Appends bytes to a text, with U+FFFD for each longest part that begins a character and does not
 * go on as one. FIRN_NO_MEMORY. */
firn_status utf8_repair(script_text *into, const void *bytes, size_t size);

#endif
