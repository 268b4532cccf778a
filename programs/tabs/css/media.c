/* Conditions: of media queries and of @supports, which share "not", "and", "or" and brackets.
 *
 * Invariants:
 *   I1  what is not known is neither true nor false, and so is its "not" (Media Queries 4, 3.1)
 *
 * Complexity: O(size); brackets at most 32 deep.
 */
#include "tabs/css/media.h"

#include "tabs/css/sheet.h"

#include <math.h>
#include <string.h>

typedef enum truth { NO, YES, UNKNOWN } truth;

struct reading {
    css_scanner scanner;
    css_token token;
    const css_viewport *viewport;     /* of media queries */
    const css_properties *properties; /* of @supports */
    dom *page;
    int depth;
    bool wrong;
};

static void advance(struct reading *reading)
{
    do
        reading->token = css_scan(&reading->scanner);
    while (reading->token.kind == CSS_BLANK);
}

static bool is_word(const struct reading *reading, const char *word)
{
    return reading->token.kind == CSS_IDENT && css_is_word(&reading->token, word);
}

static truth negate(truth a)
{
    return a == UNKNOWN ? UNKNOWN : a == NO ? YES : NO; /* I1 */
}

static truth both(truth a, truth b)
{
    return a == NO || b == NO ? NO : a == YES && b == YES ? YES : UNKNOWN;
}

static truth either(truth a, truth b)
{
    return a == YES || b == YES ? YES : a == NO && b == NO ? NO : UNKNOWN;
}

/* --- features of media --- */

struct side { /* of a comparison: a number, or a name */
    bool number;
    double value;
    char name[40];
};

static bool take_side(struct reading *reading, struct side *side)
{
    const css_token *token = &reading->token;
    double factor;
    *side = (struct side){.number = true};
    const css_measures measures = {.em = 16,
                                   .rem = 16,
                                   .width = reading->viewport->width,
                                   .height = reading->viewport->height};
    if (token->kind == CSS_IDENT && token->text_bytes < sizeof side->name) {
        side->number = false;
        for (size_t i = 0; i < token->text_bytes; i++)
            side->name[i] = token->text[i] >= 'A' && token->text[i] <= 'Z'
                                ? (char)(token->text[i] + 'a' - 'A')
                                : token->text[i];
    } else if (token->kind == CSS_NUMBER) {
        side->value = token->number;
    } else if (token->kind == CSS_DIMENSION && css_unit(token, &measures, &factor)) {
        side->value = token->number * factor;
    } else if (token->kind == CSS_DIMENSION &&
               (css_is_word(token, "dppx") || css_is_word(token, "x") ||
                css_is_word(token, "dpi") || css_is_word(token, "dpcm"))) {
        double by = css_is_word(token, "dpi") ? 96 : css_is_word(token, "dpcm") ? 96 / 2.54 : 1;
        side->value = token->number / by;
    } else {
        return false;
    }
    advance(reading);
    if (side->number && reading->token.kind == CSS_DELIM && reading->token.code == '/') {
        advance(reading);
        if (reading->token.kind != CSS_NUMBER)
            return false;
        side->value /= reading->token.number;
        advance(reading);
    }
    return true;
}

/* The number of a feature that has one. */
static bool find_number(const css_viewport *viewport, const char *name, double *ret_value)
{
    const struct {
        const char *name;
        double value;
    } all[] = {
        {"width", viewport->width},
        {"height", viewport->height},
        {"device-width", viewport->width},
        {"device-height", viewport->height},
        {"aspect-ratio", viewport->width / viewport->height},
        {"device-aspect-ratio", viewport->width / viewport->height},
        {"resolution", 1},
        {"-webkit-device-pixel-ratio", 1},
        {"color", 8},
        {"color-index", 0},
        {"monochrome", 0},
        {"grid", 0},
        {"-webkit-transform-3d", 1},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].name, name) == 0) {
            *ret_value = all[i].value;
            return true;
        }
    }
    return false;
}

/* Whether a feature of words has this one; word NULL: whether it is more than none. */
static truth has_word(const css_viewport *viewport, const char *name, const char *word)
{
    static const char *const all[][3] = {
        /* name, what it is, what else there is */
        {"hover", "none", "hover"},
        {"any-hover", "none", "hover"},
        {"pointer", "none", "fine coarse"},
        {"any-pointer", "none", "fine coarse"},
        {"prefers-reduced-motion", "no-preference", "reduce"},
        {"prefers-reduced-transparency", "no-preference", "reduce"},
        {"prefers-reduced-data", "no-preference", "reduce"},
        {"prefers-contrast", "no-preference", "more less custom"},
        {"forced-colors", "none", "active"},
        {"inverted-colors", "none", "inverted"},
        {"display-mode", "browser", "fullscreen standalone minimal-ui picture-in-picture"},
        {"update", "fast", "none slow"},
        {"overflow-block", "scroll", "none paged"},
        {"overflow-inline", "scroll", "none"},
        {"color-gamut", "srgb", "p3 rec2020"},
        {"dynamic-range", "standard", "high"},
        {"video-dynamic-range", "standard", "high"},
        {"scripting", "enabled", "none initial-only"},
        {"scan", "", "interlace progressive"},
    };
    bool wide = viewport->width > viewport->height;
    if (strcmp(name, "orientation") == 0)
        return word == NULL || strcmp(word, wide ? "landscape" : "portrait") == 0 ? YES
               : css_has_word("landscape portrait", word, strlen(word))           ? NO
                                                                                  : UNKNOWN;
    if (strcmp(name, "prefers-color-scheme") == 0)
        return word == NULL || strcmp(word, viewport->dark ? "dark" : "light") == 0 ? YES
               : css_has_word("light dark", word, strlen(word))                     ? NO
                                                                                    : UNKNOWN;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i][0], name) != 0)
            continue;
        if (word == NULL)
            return strcmp(all[i][1], "none") != 0 && strcmp(all[i][1], "no-preference") != 0 &&
                           all[i][1][0] != 0
                       ? YES
                       : NO;
        return strcmp(all[i][1], word) == 0                  ? YES
               : css_has_word(all[i][2], word, strlen(word)) ? NO
                                                             : UNKNOWN;
    }
    return UNKNOWN;
}

/* "<", "<=", ">", ">=", "=" or ":", as a sign and whether equal ones are meant; false for none. */
static bool take_comparison(struct reading *reading, int *ret_sign, bool *ret_equal)
{
    *ret_sign = 0;
    *ret_equal = true;
    if (reading->token.kind == CSS_COLON) {
        advance(reading);
        return true;
    }
    if (reading->token.kind != CSS_DELIM || strchr("<>=", (int)reading->token.code) == NULL ||
        reading->token.code == 0)
        return false;
    *ret_sign = reading->token.code == '<' ? -1 : reading->token.code == '>' ? 1 : 0;
    size_t end = reading->token.end;
    advance(reading);
    if (*ret_sign != 0) {
        *ret_equal = reading->token.kind == CSS_DELIM && reading->token.code == '=' &&
                     reading->token.start == end;
        if (*ret_equal)
            advance(reading);
    }
    return true;
}

static truth compare(double a, int sign, bool equal, double b)
{
    bool same = fabs(a - b) < 1e-9;
    return (sign < 0 && a < b && !same) || (sign > 0 && a > b && !same) || (equal && same) ? YES
                                                                                           : NO;
}

/* name: value, where the name may begin with min- or max-. */
static truth compare_plain(struct reading *reading, const char *name, const struct side *value)
{
    double number;
    char bare[40];
    int sign = 0;
    memcpy(bare, name, sizeof bare);
    for (size_t i = 0; i < 2 && sign == 0; i++) {
        const char *prefix = i == 0 ? "min-" : "max-";
        const char *found = strncmp(name, prefix, 4) == 0 ? name
                            : strncmp(name, "-webkit-", 8) == 0 && strncmp(name + 8, prefix, 4) == 0
                                ? name + 8
                                : NULL;
        if (found == NULL)
            continue;
        sign = i == 0 ? 1 : -1;
        size_t before = (size_t)(found - name);
        memmove(bare + before, found + 4, strlen(found + 4) + 1);
    }
    if (!value->number)
        return sign == 0 ? has_word(reading->viewport, bare, value->name) : UNKNOWN;
    if (!find_number(reading->viewport, bare, &number))
        return UNKNOWN;
    return compare(number, sign, true, value->value);
}

/* What stands within brackets of a media query. */
static truth take_feature(struct reading *reading)
{
    struct side first, second, third;
    int sign, sign2 = 0;
    bool equal, equal2 = false, colon;
    double number;
    if (!take_side(reading, &first))
        return UNKNOWN;
    if (reading->token.kind == CSS_CLOSE_ROUND || reading->token.kind == CSS_END) {
        if (first.number)
            return UNKNOWN;
        if (find_number(reading->viewport, first.name, &number))
            return number != 0 ? YES : NO;
        return has_word(reading->viewport, first.name, NULL);
    }
    colon = reading->token.kind == CSS_COLON;
    if (!take_comparison(reading, &sign, &equal) || !take_side(reading, &second))
        return UNKNOWN;
    if (colon)
        return first.number ? UNKNOWN : compare_plain(reading, first.name, &second);
    if (take_comparison(reading, &sign2, &equal2)) {
        if (!take_side(reading, &third) || second.number || !first.number || !third.number ||
            sign * sign2 <= 0 || !find_number(reading->viewport, second.name, &number))
            return UNKNOWN;
        return both(compare(first.value, sign, equal, number),
                    compare(number, sign2, equal2, third.value));
    }
    const struct side *name = first.number ? &second : &first;
    const struct side *value = first.number ? &first : &second;
    if (name->number || !value->number || !find_number(reading->viewport, name->name, &number))
        return UNKNOWN;
    return first.number ? compare(value->value, sign, equal, number)
                        : compare(number, sign, equal, value->value);
}

/* --- what is supported --- */

static void ignore(void *context, css_property longhand, const char *text, size_t size)
{
    (void)context, (void)longhand, (void)text, (void)size;
}

static truth take_support(struct reading *reading, size_t close)
{
    css_body body;
    css_declaration declaration;
    size_t start = reading->token.start;
    css_body_begin(&body, reading->scanner.arena, reading->scanner.source + start, close - start);
    if (!css_body_next(&body, &declaration))
        return UNKNOWN;
    if (declaration.name_bytes > 2 && memcmp(declaration.name, "--", 2) == 0)
        return YES;
    css_property property =
        css_property_find(reading->properties, declaration.name, declaration.name_bytes);
    return property != CSS_NO_PROPERTY &&
                   css_declare(reading->properties, property, declaration.value,
                               declaration.value_bytes, ignore, NULL)
               ? YES
               : NO;
}

/* --- conditions --- */

static truth take_condition(struct reading *reading);

static size_t find_close(const struct reading *reading)
{
    css_scanner ahead = reading->scanner;
    ahead.at = reading->token.start;
    int depth = 1;
    for (css_token token; (token = css_scan(&ahead)).kind != CSS_END;) {
        depth += (token.kind == CSS_OPEN_ROUND || token.kind == CSS_FUNCTION) -
                 (token.kind == CSS_CLOSE_ROUND);
        if (depth == 0)
            return token.start;
    }
    return reading->scanner.size;
}

static void go_behind(struct reading *reading, size_t close)
{
    reading->scanner.at = close < reading->scanner.size ? close + 1 : close;
    advance(reading);
}

/* selector(...) of @supports, and functions that nobody knows. */
static truth take_function(struct reading *reading)
{
    bool selector = reading->properties != NULL && css_is_word(&reading->token, "selector");
    advance(reading);
    size_t start = reading->token.start, close = find_close(reading);
    truth found = UNKNOWN;
    if (selector && reading->page != NULL)
        found = css_is_selectors(reading->page, reading->scanner.source + start, close - start)
                    ? YES
                    : NO;
    go_behind(reading, close);
    return found;
}

static truth take_brackets(struct reading *reading)
{
    if (reading->token.kind == CSS_FUNCTION)
        return take_function(reading);
    if (reading->token.kind != CSS_OPEN_ROUND || ++reading->depth > 32) {
        reading->wrong = true;
        return UNKNOWN;
    }
    advance(reading);
    size_t close = find_close(reading);
    truth found;
    if (reading->token.kind == CSS_OPEN_ROUND || reading->token.kind == CSS_FUNCTION ||
        is_word(reading, "not"))
        found = take_condition(reading);
    else if (reading->properties != NULL)
        found = take_support(reading, close);
    else
        found = take_feature(reading);
    if (reading->token.kind == CSS_CLOSE_ROUND && reading->token.start != close)
        found = UNKNOWN;
    else if (reading->properties == NULL && reading->token.kind != CSS_CLOSE_ROUND &&
             reading->token.kind != CSS_END)
        found = UNKNOWN;
    go_behind(reading, close);
    reading->depth--;
    return found;
}

static truth take_condition(struct reading *reading)
{
    if (is_word(reading, "not")) {
        advance(reading);
        return negate(take_brackets(reading));
    }
    truth all = take_brackets(reading);
    bool and = is_word(reading, "and"), or = is_word(reading, "or");
    while (!reading->wrong && ((and&&is_word(reading, "and")) || (or &&is_word(reading, "or")))) {
        advance(reading);
        truth next = take_brackets(reading);
        all = and? both(all, next) : either(all, next);
    }
    return all;
}

/* --- queries --- */

static truth take_query(struct reading *reading)
{
    bool not = is_word(reading, "not");
    css_scanner ahead = reading->scanner;
    css_token next;
    do
        next = css_scan(&ahead);
    while (next.kind == CSS_BLANK);
    if (reading->token.kind == CSS_OPEN_ROUND || reading->token.kind == CSS_FUNCTION ||
        (not &&next.kind != CSS_IDENT))
        return take_condition(reading);
    if (not || is_word(reading, "only"))
        advance(reading);
    if (reading->token.kind != CSS_IDENT || is_word(reading, "and") || is_word(reading, "or") ||
        is_word(reading, "not") || is_word(reading, "only")) {
        reading->wrong = true;
        return NO;
    }
    truth type = is_word(reading, "all") || is_word(reading, "screen") ? YES : NO;
    advance(reading);
    truth rest = YES;
    if (is_word(reading, "and")) {
        advance(reading);
        rest = take_condition(reading);
    }
    truth all = both(type, rest);
    return not ? negate(all) : all;
}

static truth take_one(struct reading *reading, const char *text, size_t size)
{
    firn_arena arena;
    if (firn_arena_init(&arena, NULL) != FIRN_OK)
        return NO;
    css_scan_begin(&reading->scanner, &arena, text, size);
    advance(reading);
    truth found = reading->viewport != NULL ? take_query(reading) : take_condition(reading);
    if (reading->wrong || reading->token.kind != CSS_END) {
        reading->wrong = true;
        found = NO;
    }
    firn_arena_fini(&arena);
    return found;
}

/* The end of the query that begins at `at`. */
static size_t query_end(const char *text, size_t size, size_t at)
{
    int depth = 0;
    for (; at < size && !(text[at] == ',' && depth == 0); at++)
        depth += (text[at] == '(') - (text[at] == ')');
    return at;
}

static bool is_blank_text(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (strchr(" \t\r\n\f", text[i]) == NULL)
            return false;
    }
    return true;
}

bool css_media_holds(const char *text, size_t size, const css_viewport *viewport)
{
    if (is_blank_text(text, size))
        return true;
    for (size_t at = 0, end; at <= size; at = end + 1) {
        struct reading reading = {.viewport = viewport};
        end = query_end(text, size, at);
        if (take_one(&reading, text + at, end - at) == YES)
            return true;
    }
    return false;
}

static void put_tokens(css_text *out, const char *text, size_t size)
{
    css_scanner scanner;
    firn_arena arena;
    bool blank = false, first = true;
    if (firn_arena_init(&arena, NULL) != FIRN_OK)
        return;
    css_scan_begin(&scanner, &arena, text, size);
    css_kind last = CSS_END;
    for (css_token token; (token = css_scan(&scanner)).kind != CSS_END;) {
        if (token.kind == CSS_BLANK) {
            blank = true;
            continue;
        }
        bool joined = token.kind == CSS_CLOSE_ROUND || token.kind == CSS_COLON ||
                      last == CSS_OPEN_ROUND || last == CSS_FUNCTION;
        if (((blank && !joined) || last == CSS_COLON) && !first)
            css_put_text(out, " ");
        css_put_lower(out, text + token.start, token.end - token.start);
        blank = first = false;
        last = token.kind;
    }
    firn_arena_fini(&arena);
}

void css_put_media(css_text *out, const char *text, size_t size)
{
    static const css_viewport any = {1, 1, false};
    if (is_blank_text(text, size))
        return;
    for (size_t at = 0, end; at <= size; at = end + 1) {
        struct reading reading = {.viewport = &any};
        end = query_end(text, size, at);
        if (at > 0)
            css_put_text(out, ", ");
        take_one(&reading, text + at, end - at);
        if (reading.wrong)
            css_put_text(out, "not all");
        else
            put_tokens(out, text + at, end - at);
    }
}

bool css_supports(const css_properties *properties, dom *page, const char *text, size_t size)
{
    struct reading reading = {.properties = properties, .page = page};
    return take_one(&reading, text, size) == YES;
}
