/* Texts that grow, and CSS's ways of writing numbers and strings (CSSOM, 2.1). */
#ifndef TABS_CSS_TEXT_H
#define TABS_CSS_TEXT_H

#include <firn/status.h>

/* Begin with all bytes 0. Once there was no memory, nothing more is taken and `failed` stays. */
typedef struct css_text {
    char *bytes;
    size_t size, room;
    bool failed;
} css_text;

void css_text_fini(css_text *text);
void css_put(css_text *text, const char *bytes, size_t size);
void css_put_text(css_text *text, const char *string);
/* The same in lower case. */
void css_put_lower(css_text *text, const char *bytes, size_t size);
/* With six digits at most, as browsers write numbers. */
void css_put_number(css_text *text, double number);
/* In double quotes, with escapes where they are needed. */
void css_put_string(css_text *text, const char *bytes, size_t size);
/* As an identifier, with escapes where they are needed. */
void css_put_ident(css_text *text, const char *bytes, size_t size);
bool css_text_is(const css_text *text, const char *string);

#endif
