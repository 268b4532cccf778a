/* Declarations of a body, by CSS Syntax Level 3. Complexity: O(bytes). */
#include "tabs/css/sheet.h"

void css_body_begin(css_body *body, firn_arena *arena, const char *text, size_t size)
{
    css_scan_begin(&body->scanner, arena, text, size);
}

/* Goes behind the next ";" or block of this level, from a token that is part of no declaration;
 * notes where the value that stands there ends, and whether it is important. */
static bool take_value(css_body *body, css_declaration *into)
{
    size_t start = 0, end = 0, before_mark = 0;
    bool begun = false, marked = false, important = false, good = true;
    int depth = 0;
    for (css_token token;;) {
        token = css_scan(&body->scanner);
        if (token.kind == CSS_END || (depth == 0 && token.kind == CSS_SEMICOLON))
            break;
        if (token.kind == CSS_BLANK)
            continue;
        bool opens = token.kind == CSS_OPEN_CURLY || token.kind == CSS_OPEN_ROUND ||
                     token.kind == CSS_OPEN_SQUARE || token.kind == CSS_FUNCTION;
        bool closes = token.kind == CSS_CLOSE_CURLY || token.kind == CSS_CLOSE_ROUND ||
                      token.kind == CSS_CLOSE_SQUARE;
        if (important) /* something stands behind it */
            good = false;
        if (marked && !important) {
            important = token.kind == CSS_IDENT && css_is_word(&token, "important");
            good = good && important;
        }
        if (depth == 0 && token.kind == CSS_DELIM && token.code == '!') {
            marked = true;
            before_mark = end;
        }
        good = good && token.kind != CSS_BAD_STRING && token.kind != CSS_BAD_URL &&
               !(closes && depth == 0);
        if (token.kind == CSS_OPEN_CURLY &&
            !(into->name_bytes > 2 && into->name[0] == '-' && into->name[1] == '-'))
            good = false;
        depth += opens - (closes && depth > 0);
        start = begun ? start : token.start;
        begun = true;
        end = token.end;
        if (token.kind == CSS_CLOSE_CURLY && depth == 0 && !good)
            break; /* a nested rule has no ";" */
    }
    if (marked)
        end = before_mark > start ? before_mark : start;
    into->value = body->scanner.source + start;
    into->value_bytes = begun ? end - start : 0;
    into->important = important;
    bool custom = into->name_bytes > 2 && into->name[0] == '-' && into->name[1] == '-';
    return good && (!marked || important) && (into->value_bytes > 0 || custom);
}

bool css_body_next(css_body *body, css_declaration *ret_declaration)
{
    for (;;) {
        css_token token = css_scan(&body->scanner);
        if (token.kind == CSS_END)
            return false;
        if (token.kind == CSS_BLANK || token.kind == CSS_SEMICOLON)
            continue;
        css_declaration made = {.name = token.text, .name_bytes = token.text_bytes};
        size_t start = token.start;
        css_token colon = token;
        if (token.kind == CSS_IDENT) {
            do
                colon = css_scan(&body->scanner);
            while (colon.kind == CSS_BLANK);
        }
        if (token.kind != CSS_IDENT || colon.kind != CSS_COLON) {
            body->scanner.at = start;
            made.name_bytes = 0;
            take_value(body, &made);
        } else if (take_value(body, &made)) {
            *ret_declaration = made;
            return true;
        }
    }
}

static bool lies_in(const char *text, size_t size, const char *part)
{
    return part >= text && part <= text + size;
}

bool css_body_write(css_text *out, firn_arena *arena, const char *text, size_t size)
{
    css_body body;
    css_declaration one;
    size_t start = out->size;
    css_body_begin(&body, arena, text, size);
    while (css_body_next(&body, &one)) {
        if (!lies_in(text, size, one.name) || /* it has escapes */
            (one.value_bytes > 0 && one.value[one.value_bytes - 1] == '\\'))
            return false;
        if (out->size > start)
            css_put(out, ";", 1);
        css_put(out, one.name, one.name_bytes);
        css_put(out, ":", 1);
        css_put(out, one.value, one.value_bytes);
        if (one.important)
            css_put_text(out, "!important");
    }
    out->failed = out->failed || body.scanner.no_memory;
    return true;
}
