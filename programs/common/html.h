/* Text and numbers as HTML takes them. */
#ifndef FIRN_PROGRAMS_HTML_H
#define FIRN_PROGRAMS_HTML_H

#include <stdio.h>

#define HTML_NUMBER_BYTES 40

/* Writes text with <, >, &, " and ' as entities. */
void html_text(FILE *out, const char *text);
/* "0.0123", "12.35", "1,234,567"; "–" when it is not finite. Returns text. */
char *html_number(double number, char text[HTML_NUMBER_BYTES]);

#endif
