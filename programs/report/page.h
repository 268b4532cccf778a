/* A document as one page of HTML that needs nothing else: no script, and nothing is fetched. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <jansson.h>
#include <stdbool.h>

/* False after a line on stderr. */
bool page_write(const json_t *document, const char *path);

#endif
