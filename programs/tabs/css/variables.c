/* Custom properties, and var() in values (CSS Custom Properties Level 1). Complexity: O(text that
 * comes of it), at most 1 MiB; var() at most 32 deep, by which cycles end, too. */
#include "tabs/css/styles_state.h"

#include <string.h>

#define DEPTH_MAX 32
#define TEXT_MAX (1u << 20)

static bool substitute(css_styles *styles, uint32_t style, const char *text, size_t size, int depth,
                       css_text *out);

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

static void trim(const char **text, size_t *size)
{
    while (*size > 0 && is_blank((*text)[0]))
        (*text)++, (*size)--;
    while (*size > 0 && is_blank((*text)[*size - 1]))
        (*size)--;
}

bool css_custom(css_styles *styles, uint32_t style, uint32_t name, int depth, css_text *out)
{
    size_t size;
    for (; style != 0; style = styles->styles[style].parent) {
        uint32_t won = css_won(styles, &styles->styles[style], CUSTOM | name);
        if (won == NO_TEXT)
            continue;
        const char *text = css_kept_text(styles, won, &size);
        css_wide wide = css_wide_of(text, size);
        if (wide == CSS_INITIAL)
            return false;
        if (wide != CSS_NOT_WIDE)
            continue; /* it is inherited */
        return substitute(styles, style, text, size, depth + 1, out);
    }
    return false;
}

/* Of a var() whose inside this is. */
static bool substitute_one(css_styles *styles, uint32_t style, const char *inner, size_t size,
                           int depth, css_text *out)
{
    const char *comma = NULL;
    int open = 0;
    for (size_t i = 0; i < size && comma == NULL; i++) {
        open += (inner[i] == '(') - (inner[i] == ')');
        comma = inner[i] == ',' && open == 0 ? inner + i : NULL;
    }
    const char *name = inner;
    size_t name_size = comma != NULL ? (size_t)(comma - inner) : size, start = out->size;
    trim(&name, &name_size);
    if (name_size < 3 || memcmp(name, "--", 2) != 0)
        return false;
    if (css_custom(styles, style, css_keep_text(styles, name, name_size), depth, out))
        return true;
    out->size = start;
    return comma != NULL &&
           substitute(styles, style, comma + 1, size - (size_t)(comma + 1 - inner), depth + 1, out);
}

static bool substitute(css_styles *styles, uint32_t style, const char *text, size_t size, int depth,
                       css_text *out)
{
    css_scanner scanner;
    firn_arena arena;
    if (depth > DEPTH_MAX || out->size > TEXT_MAX || firn_arena_init(&arena, NULL) != FIRN_OK)
        return false;
    /* texts that are kept may move while others are put in */
    char *copy = firn_arena_strndup(&arena, text, size);
    bool good = copy != NULL;
    css_scan_begin(&scanner, &arena, copy, good ? size : 0);
    for (css_token token; good && (token = css_scan(&scanner)).kind != CSS_END;) {
        if (token.kind != CSS_FUNCTION || !css_is_word(&token, "var")) {
            css_put(out, copy + token.start, token.end - token.start);
            continue;
        }
        size_t start = scanner.at, end = size;
        for (int open = 1; open > 0 && (token = css_scan(&scanner)).kind != CSS_END;) {
            open += (token.kind == CSS_FUNCTION || token.kind == CSS_OPEN_ROUND) -
                    (token.kind == CSS_CLOSE_ROUND);
            end = open == 0 ? token.start : size;
        }
        good = substitute_one(styles, style, copy + start, end - start, depth, out);
    }
    firn_arena_fini(&arena);
    return good && out->size <= TEXT_MAX;
}

bool css_substitute(css_styles *styles, uint32_t style, const char *text, size_t size,
                    css_text *out)
{
    return substitute(styles, style, text, size, 0, out);
}
