/* The encodings of documents and their labels, as the Encoding standard lists them. */
#ifndef TABS_RESOURCES_LABELS_H
#define TABS_RESOURCES_LABELS_H

#include <stddef.h>

typedef struct encoding {
    const char *name;  /* as document.characterSet gives it */
    const char *iconv; /* NULL: not by iconv */
} encoding;

/* label: any bytes, white space around it left out, in either case. NULL for none. */
const encoding *encoding_find(const char *label, size_t size);

#endif
