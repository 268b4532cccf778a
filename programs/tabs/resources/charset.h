/* Documents to UTF-8, as the HTML and Encoding standards say: by a byte order mark, else by the
 * Content-Type that came along, else by what a meta element in the first 1,024 bytes says, else as
 * windows-1252. What is malformed becomes U+FFFD. Thread-safe: there is no state. */
#ifndef TABS_RESOURCES_CHARSET_H
#define TABS_RESOURCES_CHARSET_H

#include <firn/allocator.h>
#include <firn/status.h>

#define CHARSET_MAX_BYTES (64u << 20) /* of a document */

typedef struct charset_text {
    char *text; /* UTF-8 without a byte order mark, ends with NUL */
    size_t size;
    size_t block_bytes;  /* to be given back with firn_release(allocator, text, block_bytes) */
    const char *charset; /* the encoding's name as document.characterSet gives it; static */
    bool is_binary;      /* what it begins with is no text at all: a picture, an archive */
} charset_text;

/* content_type: the value of the field, or NULL. is_html: whether a meta element counts; else, as
 * for scripts and style sheets, `fallback` (a label, NULL: UTF-8) takes the place of windows-1252.
 * FIRN_NO_MEMORY; FIRN_LIMIT above CHARSET_MAX_BYTES. */
firn_status charset_decode(const void *data, size_t size, const char *content_type, bool is_html,
                           const char *fallback, const firn_allocator *allocator,
                           charset_text *ret_text);

/* The name of the encoding that a label stands for ("latin1": "windows-1252"); NULL for none. */
const char *charset_find(const char *label, size_t size);

#endif
