/* Tokens of CSS, each by the section of CSS Syntax Level 3 that its name is of. Complexity:
 * O(bytes).
 */
#include "tabs/css/scan.h"

#include <math.h>
#include <string.h>

#define REPLACEMENT 0xfffdu

void css_scan_begin(css_scanner *scanner, firn_arena *arena, const char *source, size_t size)
{
    *scanner = (css_scanner){.source = source, .size = size, .arena = arena};
}

/* --- characters: a byte, as all that matters is ASCII; -1 is the end --- */

static int peek(const css_scanner *scanner, size_t ahead)
{
    size_t at = scanner->at + ahead;
    return at < scanner->size ? (uint8_t)scanner->source[at] : -1;
}

static bool is_newline(int c)
{
    return c == '\n' || c == '\r' || c == '\f';
}

static bool is_blank(int c)
{
    return is_newline(c) || c == ' ' || c == '\t';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int hex_value(int c)
{
    if (is_digit(c))
        return c - '0';
    int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool is_name_start(int c)
{
    int lower = c | 0x20;
    return (c >= 0 && lower >= 'a' && lower <= 'z') || c == '_' || c >= 0x80 || c == 0;
}

static bool is_name(int c)
{
    return is_name_start(c) || is_digit(c) || c == '-';
}

static bool is_escape(const css_scanner *scanner, size_t ahead)
{
    return peek(scanner, ahead) == '\\' && !is_newline(peek(scanner, ahead + 1));
}

static bool starts_ident(const css_scanner *scanner, size_t ahead)
{
    int c = peek(scanner, ahead);
    if (c == '-') {
        int next = peek(scanner, ahead + 1);
        return is_name_start(next) || next == '-' || is_escape(scanner, ahead + 1);
    }
    return is_name_start(c) || is_escape(scanner, ahead);
}

static bool starts_number(const css_scanner *scanner)
{
    size_t ahead = peek(scanner, 0) == '+' || peek(scanner, 0) == '-';
    if (peek(scanner, ahead) == '.')
        ahead++;
    return is_digit(peek(scanner, ahead));
}

/* --- texts --- */

/* A text being read: in the source while nothing in it differs from there. */
struct reading {
    size_t start, count; /* in the source */
    char *copy;
    size_t size, room;
};

static void add(css_scanner *scanner, struct reading *text, const char *bytes, size_t size)
{
    if (text->copy == NULL || scanner->no_memory)
        return;
    if (size > text->room - text->size) {
        size_t room = text->room * 2 + size;
        char *copy = firn_arena_realloc(scanner->arena, text->copy, text->room, room);
        scanner->no_memory = copy == NULL;
        if (copy == NULL)
            return;
        text->copy = copy;
        text->room = room;
    }
    memcpy(text->copy + text->size, bytes, size);
    text->size += size;
}

/* Goes over to a copy, of what was read so far. */
static void begin_copy(css_scanner *scanner, struct reading *text)
{
    if (text->copy != NULL || scanner->no_memory)
        return;
    text->size = scanner->at - text->start;
    text->room = text->size + 32;
    text->copy = firn_arena_alloc(scanner->arena, text->room);
    scanner->no_memory = text->copy == NULL;
    if (text->copy != NULL)
        memcpy(text->copy, scanner->source + text->start, text->size);
}

static void add_code(css_scanner *scanner, struct reading *text, uint32_t code)
{
    char bytes[4];
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (size == 1) {
        bytes[0] = (char)code;
    } else {
        for (size_t i = size - 1; i > 0; i--, code >>= 6)
            bytes[i] = (char)(0x80 | (code & 0x3f));
        bytes[0] = (char)(0xf00u >> size | code);
    }
    add(scanner, text, bytes, size);
}

/* Takes an escape, whose backslash comes next. */
static void take_escape(css_scanner *scanner, struct reading *text)
{
    begin_copy(scanner, text);
    scanner->at++;
    int c = peek(scanner, 0);
    if (hex_value(c) < 0) {
        if (c < 0) {
            add_code(scanner, text, REPLACEMENT);
            return;
        }
        char byte = (char)c;
        add(scanner, text, &byte, 1);
        scanner->at++;
        return;
    }
    uint32_t code = 0;
    for (int i = 0; i < 6 && hex_value(peek(scanner, 0)) >= 0; i++, scanner->at++)
        code = code * 16 + (uint32_t)hex_value(peek(scanner, 0));
    if (peek(scanner, 0) == '\r' && peek(scanner, 1) == '\n')
        scanner->at++;
    if (is_blank(peek(scanner, 0)))
        scanner->at++;
    bool wrong = code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000);
    add_code(scanner, text, wrong ? REPLACEMENT : code);
}

static void take_byte(css_scanner *scanner, struct reading *text)
{
    if (peek(scanner, 0) == 0) {
        begin_copy(scanner, text);
        add_code(scanner, text, REPLACEMENT);
    } else {
        add(scanner, text, scanner->source + scanner->at, 1);
    }
    scanner->at++;
}

static struct reading begin_text(const css_scanner *scanner)
{
    return (struct reading){.start = scanner->at};
}

static void end_text(const css_scanner *scanner, const struct reading *text, size_t end,
                     css_token *token)
{
    token->text = text->copy != NULL ? text->copy : scanner->source + text->start;
    token->text_bytes = text->copy != NULL ? text->size : end - text->start;
}

static void take_name(css_scanner *scanner, css_token *token)
{
    struct reading text = begin_text(scanner);
    for (;;) {
        if (is_name(peek(scanner, 0)))
            take_byte(scanner, &text);
        else if (is_escape(scanner, 0))
            take_escape(scanner, &text);
        else
            break;
    }
    end_text(scanner, &text, scanner->at, token);
}

static void take_string(css_scanner *scanner, css_token *token)
{
    int quote = peek(scanner, 0);
    scanner->at++;
    struct reading text = begin_text(scanner);
    token->kind = CSS_STRING;
    for (;;) {
        int c = peek(scanner, 0);
        if (c < 0 || c == quote || is_newline(c))
            break;
        if (c != '\\') {
            take_byte(scanner, &text);
        } else if (peek(scanner, 1) < 0) {
            begin_copy(scanner, &text);
            scanner->at++;
        } else if (is_newline(peek(scanner, 1))) {
            begin_copy(scanner, &text);
            scanner->at += peek(scanner, 1) == '\r' && peek(scanner, 2) == '\n' ? 3 : 2;
        } else {
            take_escape(scanner, &text);
        }
    }
    end_text(scanner, &text, scanner->at, token);
    if (is_newline(peek(scanner, 0)))
        token->kind = CSS_BAD_STRING;
    else if (peek(scanner, 0) >= 0)
        scanner->at++;
}

/* --- numbers --- */

static void take_number(css_scanner *scanner, css_token *token)
{
    double sign = peek(scanner, 0) == '-' ? -1 : 1, value = 0, scale = 1;
    token->has_sign = peek(scanner, 0) == '-' || peek(scanner, 0) == '+';
    token->is_integer = true;
    scanner->at += token->has_sign;
    for (; is_digit(peek(scanner, 0)); scanner->at++)
        value = value * 10 + (peek(scanner, 0) - '0');
    if (peek(scanner, 0) == '.' && is_digit(peek(scanner, 1))) {
        token->is_integer = false;
        scanner->at++;
        for (; is_digit(peek(scanner, 0)); scanner->at++) {
            scale /= 10;
            value += scale * (peek(scanner, 0) - '0');
        }
    }
    int next = peek(scanner, 1);
    size_t ahead = next == '+' || next == '-' ? 2 : 1;
    if ((peek(scanner, 0) | 0x20) == 'e' && is_digit(peek(scanner, ahead))) {
        double exponent = 0;
        token->is_integer = false;
        scanner->at += ahead;
        for (; is_digit(peek(scanner, 0)); scanner->at++)
            exponent = exponent < 1000 ? exponent * 10 + (peek(scanner, 0) - '0') : exponent;
        value *= pow(10, next == '-' ? -exponent : exponent);
    }
    token->number = sign * (isfinite(value) ? value : 3.4e38);
}

static void take_numeric(css_scanner *scanner, css_token *token)
{
    take_number(scanner, token);
    token->kind = CSS_NUMBER;
    if (starts_ident(scanner, 0)) {
        take_name(scanner, token);
        token->kind = CSS_DIMENSION;
    } else if (peek(scanner, 0) == '%') {
        scanner->at++;
        token->kind = CSS_PERCENTAGE;
    }
}

/* --- words and URLs --- */

static void skip_blanks(css_scanner *scanner)
{
    while (is_blank(peek(scanner, 0)))
        scanner->at++;
}

static void take_bad_url(css_scanner *scanner, css_token *token)
{
    struct reading text = begin_text(scanner);
    token->kind = CSS_BAD_URL;
    while (peek(scanner, 0) >= 0 && peek(scanner, 0) != ')') {
        if (is_escape(scanner, 0))
            take_escape(scanner, &text);
        else
            scanner->at++;
    }
    scanner->at += peek(scanner, 0) == ')';
}

static bool is_refused_in_url(int c)
{
    return c == '"' || c == '\'' || c == '(' || (c > 0 && c < 9) || c == 11 ||
           (c >= 14 && c < 32) || c == 127;
}

/* A URL without quotes, behind "url(". */
static void take_url(css_scanner *scanner, css_token *token)
{
    skip_blanks(scanner);
    struct reading text = begin_text(scanner);
    size_t end = scanner->at;
    token->kind = CSS_URL;
    for (int c; (c = peek(scanner, 0)) >= 0 && c != ')'; end = scanner->at) {
        if (is_blank(c)) {
            skip_blanks(scanner);
            if (peek(scanner, 0) == ')' || peek(scanner, 0) < 0)
                break;
            take_bad_url(scanner, token);
            return;
        }
        if (is_escape(scanner, 0)) {
            take_escape(scanner, &text);
        } else if (is_refused_in_url(c) || c == '\\') {
            take_bad_url(scanner, token);
            return;
        } else {
            take_byte(scanner, &text);
        }
    }
    end_text(scanner, &text, end, token);
    scanner->at += peek(scanner, 0) == ')';
}

static void take_word(css_scanner *scanner, css_token *token)
{
    take_name(scanner, token);
    token->kind = CSS_IDENT;
    if (peek(scanner, 0) != '(')
        return;
    scanner->at++;
    token->kind = CSS_FUNCTION;
    if (!css_is_word(token, "url"))
        return;
    size_t ahead = 0;
    while (is_blank(peek(scanner, ahead)))
        ahead++;
    if (peek(scanner, ahead) != '"' && peek(scanner, ahead) != '\'')
        take_url(scanner, token);
}

/* --- the rest --- */

/* Passes over a comment that comes next. */
static bool skip_comment(css_scanner *scanner)
{
    if (peek(scanner, 0) != '/' || peek(scanner, 1) != '*')
        return false;
    scanner->at += 2;
    while (peek(scanner, 0) >= 0 && !(peek(scanner, 0) == '*' && peek(scanner, 1) == '/'))
        scanner->at++;
    scanner->at += peek(scanner, 0) >= 0 ? 2 : 0;
    return true;
}

static bool take_blank(css_scanner *scanner, css_token *token)
{
    bool found = false;
    do {
        found = found || is_blank(peek(scanner, 0));
        skip_blanks(scanner);
    } while (skip_comment(scanner) || is_blank(peek(scanner, 0)));
    token->kind = CSS_BLANK;
    return found;
}

static bool begins_with(const css_scanner *scanner, const char *text)
{
    size_t size = strlen(text);
    return scanner->size - scanner->at >= size &&
           memcmp(scanner->source + scanner->at, text, size) == 0;
}

static void take_delim(css_scanner *scanner, css_token *token)
{
    static const struct {
        char byte;
        css_kind kind;
    } kinds[] = {
        {':', CSS_COLON},       {';', CSS_SEMICOLON},    {',', CSS_COMMA},
        {'[', CSS_OPEN_SQUARE}, {']', CSS_CLOSE_SQUARE}, {'(', CSS_OPEN_ROUND},
        {')', CSS_CLOSE_ROUND}, {'{', CSS_OPEN_CURLY},   {'}', CSS_CLOSE_CURLY},
    };
    int c = peek(scanner, 0);
    scanner->at++;
    token->kind = CSS_DELIM;
    token->code = (uint32_t)c;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].byte == c)
            token->kind = kinds[i].kind;
    }
}

static void take(css_scanner *scanner, css_token *token)
{
    int c = peek(scanner, 0);
    if (c == '"' || c == '\'') {
        take_string(scanner, token);
    } else if (c == '#' && (is_name(peek(scanner, 1)) || is_escape(scanner, 1))) {
        scanner->at++;
        token->is_id = starts_ident(scanner, 0);
        take_name(scanner, token);
        token->kind = CSS_HASH;
    } else if (starts_number(scanner)) {
        take_numeric(scanner, token);
    } else if (begins_with(scanner, "-->")) {
        scanner->at += 3;
        token->kind = CSS_CDC;
    } else if (begins_with(scanner, "<!--")) {
        scanner->at += 4;
        token->kind = CSS_CDO;
    } else if (c == '@' && starts_ident(scanner, 1)) {
        scanner->at++;
        take_name(scanner, token);
        token->kind = CSS_AT;
    } else if (starts_ident(scanner, 0)) {
        take_word(scanner, token);
    } else {
        take_delim(scanner, token);
    }
}

css_token css_scan(css_scanner *scanner)
{
    css_token token = {.start = scanner->at};
    if (!take_blank(scanner, &token)) {
        token = (css_token){.start = scanner->at};
        if (peek(scanner, 0) >= 0)
            take(scanner, &token);
    }
    if (scanner->no_memory)
        token = (css_token){.kind = CSS_END};
    token.end = scanner->at;
    return token;
}

bool css_equals(const char *text, size_t size, const char *lower)
{
    for (size_t i = 0; i < size; i++) {
        char byte = text[i];
        byte = byte >= 'A' && byte <= 'Z' ? (char)(byte + 'a' - 'A') : byte;
        if (lower[i] == 0 || byte != lower[i])
            return false;
    }
    return lower[size] == 0;
}

bool css_is_word(const css_token *token, const char *lower)
{
    return css_equals(token->text, token->text_bytes, lower);
}
