/* Lexical prediction: one small scanner a rule, over one table of byte classes. Called for every
 * leaf when a tree is packed and when it is decoded, so the frequent rules (fixed text, words,
 * blanks) come first and take a few nanoseconds. A wrong prediction costs bytes, never correctness:
 * the packer lists what differs.
 *
 * Time: O(bytes looked at), at most LOOK_AHEAD a call, so that hostile text cannot make a tree
 * quadratic. */
#include "tree/lexis.h"

#include <string.h>

/* No rule but FIRN_LEXIS_REST looks further than this; longer leaves are listed. */
#define LOOK_AHEAD 65536u

enum {
    IS_WORD = 1,     /* letters, digits, _ $ and all above ASCII */
    IS_SPACE = 2,    /* within a line */
    IS_LINE_END = 4, /* \n and \r */
    IS_NUMBER = 8,   /* what a number goes on with */
    IS_PUNCTUATION = 16,
    IS_SHELL_END = 32, /* what ends a word in a shell */
};

#define W (IS_WORD | IS_NUMBER)
#define P IS_PUNCTUATION
#define S IS_SHELL_END
/* clang-format off */
static const uint8_t byte_class[256] = {
    ['\t'] = IS_SPACE | S, [' '] = IS_SPACE | S, ['\f'] = IS_SPACE | S, ['\v'] = IS_SPACE | S,
    ['\n'] = IS_LINE_END | S, ['\r'] = IS_LINE_END | S, ['0'] = W, ['1'] = W, ['2'] = W,
    ['3'] = W, ['4'] = W, ['5'] = W, ['6'] = W, ['7'] = W, ['8'] = W, ['9'] = W, ['a'] = W,
    ['b'] = W, ['c'] = W, ['d'] = W, ['e'] = W, ['f'] = W, ['g'] = W, ['h'] = W, ['i'] = W,
    ['j'] = W, ['k'] = W, ['l'] = W, ['m'] = W, ['n'] = W, ['o'] = W, ['p'] = W, ['q'] = W,
    ['r'] = W, ['s'] = W, ['t'] = W, ['u'] = W, ['v'] = W, ['w'] = W, ['x'] = W, ['y'] = W,
    ['z'] = W, ['A'] = W, ['B'] = W, ['C'] = W, ['D'] = W, ['E'] = W, ['F'] = W, ['G'] = W,
    ['H'] = W, ['I'] = W, ['J'] = W, ['K'] = W, ['L'] = W, ['M'] = W, ['N'] = W, ['O'] = W,
    ['P'] = W, ['Q'] = W, ['R'] = W, ['S'] = W, ['T'] = W, ['U'] = W, ['V'] = W, ['W'] = W,
    ['X'] = W, ['Y'] = W, ['Z'] = W, ['_'] = W, ['$'] = IS_WORD | S, ['.'] = IS_NUMBER | P,
    ['\''] = IS_NUMBER | S, ['!'] = P, ['%'] = P, ['*'] = P, ['+'] = P, ['-'] = P, ['/'] = P,
    [':'] = P, ['='] = P, ['?'] = P, ['@'] = P, ['^'] = P, ['~'] = P, ['&'] = P | S,
    ['<'] = P | S, ['>'] = P | S, ['|'] = P | S, ['\\'] = P, [';'] = S, ['('] = S, [')'] = S,
    ['"'] = S, ['`'] = S, ['{'] = S, ['}'] = S, ['['] = S, [']'] = S,
};
/* clang-format on */
#undef W
#undef P
#undef S

static bool is(char byte, unsigned classes)
{
    return (byte_class[(uint8_t)byte] & classes) != 0;
}

static uint32_t span(struct firn_text text, uint32_t at, unsigned classes)
{
    while (at < text.size && is(text.data[at], classes))
        at++;
    return at;
}

/* Length of a line end at `at`: 0, 1 or 2. */
static uint32_t line_end_size(struct firn_text text, uint32_t at)
{
    if (at < text.size && text.data[at] == '\n')
        return 1;
    return at + 1 < text.size && text.data[at] == '\r' && text.data[at + 1] == '\n' ? 2 : 0;
}

static uint32_t skip_blanks(struct firn_text text, uint32_t at, unsigned classes)
{
    for (;;) {
        at = span(text, at, classes);
        if (at >= text.size || text.data[at] != '\\')
            return at;
        uint32_t end = line_end_size(text, at + 1);
        if (end == 0)
            return at;
        at += 1 + end;
    }
}

static struct firn_text clamp(struct firn_text text, uint32_t at)
{
    if (text.size - at > LOOK_AHEAD)
        text.size = at + LOOK_AHEAD;
    return text;
}

uint32_t firn_lexis_start(enum firn_skip skip, struct firn_text text, uint32_t at)
{
    text = clamp(text, at);
    switch (skip) {
    case FIRN_SKIP_SPACES:
        return skip_blanks(text, at, IS_SPACE);
    case FIRN_SKIP_BLANKS:
        return skip_blanks(text, at, IS_SPACE | IS_LINE_END);
    default:
        return at;
    }
}

static uint32_t word_end(struct firn_text text, uint32_t at)
{
    while (at < text.size && ((uint8_t)text.data[at] >= 0x80 || is(text.data[at], IS_WORD)))
        at++;
    return at;
}

static uint32_t number_end(struct firn_text text, uint32_t at)
{
    uint32_t start = at;
    if (at < text.size && (text.data[at] == '-' || text.data[at] == '+'))
        at++;
    bool hexadecimal =
        at + 1 < text.size && text.data[at] == '0' && (text.data[at + 1] | 32) == 'x';
    for (; at < text.size; at++) {
        char byte = text.data[at];
        if (is(byte, IS_NUMBER))
            continue;
        char before = at > start ? (char)(text.data[at - 1] | 32) : 0;
        bool exponent = hexadecimal ? before == 'p' : before == 'e';
        if ((byte != '-' && byte != '+') || !exponent)
            break;
    }
    return at;
}

/* The line's end from `at`, before its \n or \r\n. */
static uint32_t line_end(struct firn_text text, uint32_t at)
{
    const char *end = memchr(text.data + at, '\n', text.size - at);
    if (end == NULL)
        return text.size;
    uint32_t place = (uint32_t)(end - text.data);
    return place > at && text.data[place - 1] == '\r' ? place - 1 : place;
}

static uint32_t line_with_end(struct firn_text text, uint32_t at)
{
    uint32_t end = line_end(text, at);
    return end + line_end_size(text, end);
}

static uint32_t logical_line_end(struct firn_text text, uint32_t at)
{
    for (;;) {
        uint32_t end = line_end(text, at);
        if (end >= text.size || end == at || text.data[end - 1] != '\\')
            return end;
        at = end + line_end_size(text, end);
    }
}

static uint32_t directive_end(struct firn_text text, uint32_t at)
{
    uint32_t end = logical_line_end(text, at);
    for (; at + 1 < end; at++) {
        if (text.data[at] == '/' && text.data[at + 1] == '*')
            return at;
    }
    return end;
}

static uint32_t comment_end(struct firn_text text, uint32_t at)
{
    if (text.size - at < 2 || text.data[at] != '/' || text.data[at + 1] != '*')
        return logical_line_end(text, at);
    for (at += 2; at + 1 < text.size; at++) {
        const char *star = memchr(text.data + at, '*', text.size - at - 1);
        if (star == NULL)
            return text.size;
        at = (uint32_t)(star - text.data);
        if (star[1] == '/')
            return at + 2;
    }
    return text.size;
}

/* To the mark `close` from `at`; an escape is skipped, or ends it when stop_at_escape; so does a
 * line end when in_line. Three marks are asked for when triple. */
static uint32_t find_mark(struct firn_text text, uint32_t at, char close, bool triple,
                          bool stop_at_escape, bool in_line)
{
    for (; at < text.size; at++) {
        char byte = text.data[at];
        if (byte == close && (!triple || (text.size - at >= 3 && text.data[at + 1] == close &&
                                          text.data[at + 2] == close)))
            return at;
        if (in_line && (byte == '\n' || byte == '\r'))
            return at;
        if (byte == '\\') {
            if (stop_at_escape)
                return at;
            at++;
        }
    }
    return text.size;
}

static char closing(char open)
{
    switch (open) {
    case '<':
        return '>';
    case '(':
        return ')';
    case '[':
        return ']';
    case '{':
        return '}';
    default:
        return open;
    }
}

static uint32_t quoted_end(struct firn_text text, uint32_t at)
{
    if (at >= text.size)
        return at;
    char open = text.data[at];
    uint32_t end = find_mark(text, at + 1, closing(open), false, false, open != '`');
    return end < text.size && text.data[end] == closing(open) ? end + 1 : end;
}

static uint32_t content_end(struct firn_text text, uint32_t at, bool long_form, bool raw)
{
    char open = at > 0 ? text.data[at - 1] : '"';
    bool triple = long_form && at >= 3 && text.data[at - 2] == open && text.data[at - 3] == open;
    return find_mark(text, at, closing(open), triple, !raw, !long_form);
}

static uint32_t template_end(struct firn_text text, uint32_t at)
{
    for (; at < text.size; at++) {
        char byte = text.data[at];
        if (byte == '`' || byte == '\\')
            break;
        if (byte == '$' && at + 1 < text.size && text.data[at + 1] == '{')
            break;
    }
    return at;
}

static bool is_hexadecimal(char byte)
{
    char lower = (char)(byte | 32);
    return (byte >= '0' && byte <= '9') || (lower >= 'a' && lower <= 'f');
}

static uint32_t digits_end(struct firn_text text, uint32_t at, uint32_t most, bool octal)
{
    uint32_t end = text.size - at > most ? at + most : text.size;
    while (at < end &&
           (octal ? text.data[at] >= '0' && text.data[at] <= '7' : is_hexadecimal(text.data[at])))
        at++;
    return at;
}

static uint32_t character_end(struct firn_text text, uint32_t at)
{
    if (at < text.size)
        at++;
    while (at < text.size && ((uint8_t)text.data[at] & 0xC0) == 0x80)
        at++;
    return at;
}

static uint32_t escape_end(struct firn_text text, uint32_t at)
{
    if (text.size - at < 2 || text.data[at] != '\\')
        return character_end(text, at);
    char kind = text.data[++at];
    if (kind >= '0' && kind <= '7')
        return digits_end(text, at, 3, true);
    if (kind == '\r' || kind == '\n')
        return at + line_end_size(text, at);
    if (kind != 'x' && kind != 'u' && kind != 'U')
        return character_end(text, at);
    at++;
    if (at < text.size && text.data[at] == '{') {
        at = digits_end(text, at + 1, 8, false);
        return at < text.size ? at + 1 : at;
    }
    return digits_end(text, at, kind == 'x' ? 2 : kind == 'u' ? 4 : 8, false);
}

static uint32_t pattern_end(struct firn_text text, uint32_t at)
{
    bool in_class = false;
    for (; at < text.size; at++) {
        char byte = text.data[at];
        if (byte == '\n' || (byte == '/' && !in_class))
            break;
        if (byte == '\\' && at + 1 < text.size)
            at++;
        else if (byte == '[')
            in_class = true;
        else if (byte == ']')
            in_class = false;
    }
    return at;
}

static uint32_t markup_end(struct firn_text text, uint32_t at)
{
    while (at < text.size && text.data[at] != '<' && text.data[at] != '{' && text.data[at] != '&')
        at++;
    return at;
}

static uint32_t shell_word_end(struct firn_text text, uint32_t at)
{
    while (at < text.size && !is(text.data[at], IS_SHELL_END))
        at += text.data[at] == '\\' && at + 1 < text.size ? 2 : 1;
    return at;
}

static uint32_t blank_line_end(struct firn_text text, uint32_t at)
{
    uint32_t end = span(text, at, IS_SPACE);
    uint32_t size = line_end_size(text, end);
    return size > 0 ? end + size : at;
}

uint32_t firn_lexis_end(enum firn_lexis lexis, uint32_t fixed_size, struct firn_text text,
                        uint32_t start)
{
    uint32_t whole_size = text.size;
    text = clamp(text, start);
    switch (lexis) {
    case FIRN_LEXIS_FIXED:
        return text.size - start < fixed_size ? text.size : start + fixed_size;
    case FIRN_LEXIS_WORD:
        return word_end(text, start);
    case FIRN_LEXIS_NUMBER:
        return number_end(text, start);
    case FIRN_LEXIS_LINE:
        return line_end(text, start);
    case FIRN_LEXIS_LINE_WITH_END:
        return line_with_end(text, start);
    case FIRN_LEXIS_LOGICAL_LINE:
        return logical_line_end(text, start);
    case FIRN_LEXIS_DIRECTIVE:
        return directive_end(text, start);
    case FIRN_LEXIS_COMMENT:
        return comment_end(text, start);
    case FIRN_LEXIS_QUOTED:
        return quoted_end(text, start);
    case FIRN_LEXIS_CONTENT:
        return content_end(text, start, false, false);
    case FIRN_LEXIS_LONG_CONTENT:
        return content_end(text, start, true, false);
    case FIRN_LEXIS_RAW_CONTENT:
        return content_end(text, start, true, true);
    case FIRN_LEXIS_TEMPLATE:
        return template_end(text, start);
    case FIRN_LEXIS_ESCAPE:
        return escape_end(text, start);
    case FIRN_LEXIS_CHARACTER:
        return character_end(text, start);
    case FIRN_LEXIS_PATTERN:
        return pattern_end(text, start);
    case FIRN_LEXIS_MARKUP:
        return markup_end(text, start);
    case FIRN_LEXIS_OPERATOR:
        return span(text, start, IS_PUNCTUATION);
    case FIRN_LEXIS_SHELL_WORD:
        return shell_word_end(text, start);
    case FIRN_LEXIS_LINE_END:
        return blank_line_end(text, start);
    case FIRN_LEXIS_BLANKS:
        return span(text, start, IS_SPACE | IS_LINE_END);
    case FIRN_LEXIS_REST:
        return whole_size;
    default:
        return start;
    }
}
