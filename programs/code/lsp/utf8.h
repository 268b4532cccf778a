/* Characters of UTF-8 in hostile bytes. */
#ifndef CODE_LSP_UTF8_H
#define CODE_LSP_UTF8_H

#include <stddef.h>

/* The bytes of the character that text, of size > 0, begins with; 0 when it is none. */
unsigned utf8_length(const char *text, size_t size);

/* Makes a message of JSON what a strict parser takes: a byte that is no UTF-8 becomes '?', half a
 * surrogate pair (\ud83d alone) \ufffd. Neither changes the size, nor how many UTF-16 units the
 * text counts, so that positions in it hold. */
void utf8_repair(char *json, size_t size);

#endif
