/* Tokens of CSS (CSS Syntax Level 3), for style sheets and selectors. Nothing is refused here: what
 * cannot be read is a bad token.
 *
 * Texts of tokens lie in the source, or in the arena where the source has escapes. The source is
 * UTF-8; a NUL reads as U+FFFD. */
#ifndef TABS_CSS_SCAN_H
#define TABS_CSS_SCAN_H

#include <firn/arena.h>

typedef enum css_kind {
    CSS_END,
    CSS_BLANK, /* any number of blanks and comments, at least one blank among them */
    CSS_IDENT,
    CSS_FUNCTION, /* an identifier and "(" */
    CSS_AT,       /* "@" and an identifier */
    CSS_HASH,     /* "#" and a name */
    CSS_STRING,
    CSS_BAD_STRING,
    CSS_URL,
    CSS_BAD_URL,
    CSS_NUMBER,
    CSS_PERCENTAGE,
    CSS_DIMENSION,
    CSS_DELIM, /* one character, `code` */
    CSS_CDO,
    CSS_CDC,
    CSS_COLON,
    CSS_SEMICOLON,
    CSS_COMMA,
    CSS_OPEN_SQUARE,
    CSS_CLOSE_SQUARE,
    CSS_OPEN_ROUND,
    CSS_CLOSE_ROUND,
    CSS_OPEN_CURLY,
    CSS_CLOSE_CURLY,
} css_kind;

typedef struct css_token {
    css_kind kind;
    bool is_id;      /* of CSS_HASH: its name is an identifier */
    bool is_integer; /* of a number */
    bool has_sign;   /* of a number: written */
    uint32_t code;   /* of CSS_DELIM: the character */
    double number;   /* of a number, percentage (50 for 50%) or dimension */
    const char
        *text; /* of an identifier, function, hash, at-word, string, URL; a dimension's unit */
    size_t text_bytes;
    size_t start, end; /* in the source */
} css_token;

typedef struct css_scanner {
    const char *source;
    size_t size, at;
    firn_arena *arena; /* for texts with escapes */
    bool no_memory;    /* a text could not be kept; from here on all is CSS_END */
} css_scanner;

void css_scan_begin(css_scanner *scanner, firn_arena *arena, const char *source, size_t size);
css_token css_scan(css_scanner *scanner);

/* Whether a token's text is a word, in ASCII without case. */
bool css_is_word(const css_token *token, const char *lower);
/* The same of any text. */
bool css_equals(const char *text, size_t size, const char *lower);

#endif
