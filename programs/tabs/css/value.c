/* Values of longhands: whether each component is one that the longhand takes, and the components as
 * CSSOM writes them; computed, with lengths in px and colours as rgb().
 *
 * Invariants:
 *   I1  a computed value is made from one that was read, so that nothing is refused there
 *
 * Complexity: O(size); brackets at most 32 deep.
 */
#include "tabs/css/value.h"

#include <string.h>

struct writing {
    const css_properties *properties;
    const css_longhand *of;
    css_scanner scanner;
    const css_measures *measures; /* NULL: as specified */
    css_text *out;
    size_t components; /* since the last comma */
    int depth;
    bool wrong, colors;
};

/* --- pieces --- */

static int depth_change(css_kind kind)
{
    switch (kind) {
    case CSS_FUNCTION:
    case CSS_OPEN_ROUND:
    case CSS_OPEN_SQUARE:
    case CSS_OPEN_CURLY:
        return 1;
    case CSS_CLOSE_ROUND:
    case CSS_CLOSE_SQUARE:
    case CSS_CLOSE_CURLY:
        return -1;
    default:
        return 0;
    }
}

size_t css_pieces(const char *text, size_t size, css_piece *into, size_t most)
{
    css_scanner scanner;
    firn_arena arena;
    size_t count = 0;
    char before = ' ';
    bool open = false;
    if (firn_arena_init(&arena, NULL) != FIRN_OK)
        return 0;
    css_scan_begin(&scanner, &arena, text, size);
    int depth = 0;
    for (css_token token; (token = css_scan(&scanner)).kind != CSS_END;) {
        bool comma = token.kind == CSS_COMMA;
        bool slash = token.kind == CSS_DELIM && token.code == '/';
        if (depth == 0 && (comma || slash || token.kind == CSS_BLANK)) {
            open = false;
            before = comma ? ',' : slash ? '/' : before;
            continue;
        }
        if (!open || (depth == 0 && token.start > 0 && into[count - 1].size > 0 &&
                      text[token.start - 1] == ')')) {
            if (count == most) {
                count = 0;
                break;
            }
            into[count] = (css_piece){text + token.start, 0, count == 0 ? ' ' : before};
            count++;
            before = ' ';
            open = true;
        }
        depth += depth_change(token.kind);
        depth = depth < 0 ? 0 : depth;
        into[count - 1].size = (size_t)(text + token.end - into[count - 1].text);
    }
    firn_arena_fini(&arena);
    return count;
}

/* --- components --- */

static bool takes(const struct writing *writing, uint32_t types)
{
    return (writing->of->types & types) != 0;
}

static bool is_free(const struct writing *writing)
{
    return writing->depth > 0 || takes(writing, CSS_FREE);
}

static void put_color(struct writing *writing, const css_color *color)
{
    css_put_color(writing->out, color);
}

static bool is_also_word(const css_token *token)
{
    static const char words[] =
        "inset mandatory proximity first last safe unsafe legacy from to at each-line hanging span "
        "subgrid auto-fill auto-fit dense round evenodd nonzero closest-side closest-corner "
        "farthest-side farthest-corner x y both block inline context-fill context-stroke fill "
        "reverse "
        "center left right top bottom only";
    return css_has_word(words, token->text, token->text_bytes);
}

static void write_word(struct writing *writing, const css_token *token)
{
    css_color color;
    css_text *out = writing->out;
    bool word = css_has_word(writing->of->words, token->text, token->text_bytes);
    bool colors = writing->colors;
    if (colors && css_is_word(token, "currentcolor")) {
        if (writing->measures != NULL && writing->measures->color != NULL)
            css_put(out, writing->measures->color, writing->measures->color_bytes);
        else
            css_put_text(out, "currentcolor");
    } else if (colors && (!word || writing->depth > 0 || writing->measures != NULL) &&
               css_color_word(token->text, token->text_bytes, &color)) {
        writing->measures != NULL ? put_color(writing, &color)
                                  : css_put_lower(out, token->text, token->text_bytes);
    } else if (word || (is_free(writing) && is_also_word(token))) {
        css_put_lower(out, token->text, token->text_bytes);
    } else if (takes(writing, CSS_WORDS) || writing->depth > 0 ||
               (takes(writing, CSS_DASHED) && token->text_bytes > 2 &&
                memcmp(token->text, "--", 2) == 0)) {
        css_put_ident(out, token->text, token->text_bytes);
    } else {
        writing->wrong = true;
    }
}

static void write_number(struct writing *writing, const css_token *token)
{
    bool numbers = is_free(writing) || takes(writing, CSS_NUMBERS) ||
                   (takes(writing, CSS_INTEGERS) && token->is_integer);
    if (token->number < 0 && !is_free(writing) && !takes(writing, CSS_BELOW_0))
        writing->wrong = true;
    else if (numbers)
        css_put_number(writing->out, token->number);
    else if (token->number == 0 && takes(writing, CSS_ZERO))
        css_put_text(writing->out, takes(writing, CSS_LENGTHS) ? "0px" : "0");
    else
        writing->wrong = true;
}

static void write_dimension(struct writing *writing, const css_token *token)
{
    css_text *out = writing->out;
    double factor;
    bool length = css_unit(token, writing->measures, &factor);
    bool time = css_is_word(token, "s") || css_is_word(token, "ms");
    bool angle = css_is_word(token, "deg") || css_is_word(token, "rad") ||
                 css_is_word(token, "turn") || css_is_word(token, "grad");
    bool other = css_is_word(token, "fr") || css_is_word(token, "dpi") || css_is_word(token, "x") ||
                 css_is_word(token, "dppx");
    uint32_t wanted = length ? CSS_LENGTHS : time ? CSS_TIMES : angle ? CSS_ANGLES : CSS_FRACTIONS;
    if ((!length && !time && !angle && !other) || (!is_free(writing) && !takes(writing, wanted)) ||
        (token->number < 0 && !is_free(writing) && !takes(writing, CSS_BELOW_0))) {
        writing->wrong = true;
        return;
    }
    if (length && writing->measures != NULL) {
        css_put_number(out, token->number * factor);
        css_put_text(out, "px");
    } else if (time && writing->measures != NULL) {
        css_put_number(out, token->number * (css_is_word(token, "ms") ? 0.001 : 1));
        css_put_text(out, "s");
    } else {
        css_put_number(out, token->number);
        css_put_lower(out, token->text, token->text_bytes);
    }
}

static void write_percentage(struct writing *writing, const css_token *token)
{
    if (!is_free(writing) &&
        (!takes(writing, CSS_PERCENTS) || (token->number < 0 && !takes(writing, CSS_BELOW_0)))) {
        writing->wrong = true;
        return;
    }
    css_put_number(writing->out, token->number);
    css_put_text(writing->out, "%");
}

/* --- functions --- */

/* Where the brackets that stand open before `at` close; the end where they do not. */
static size_t find_close(const struct writing *writing)
{
    css_scanner ahead = writing->scanner;
    int depth = 1;
    for (css_token token; (token = css_scan(&ahead)).kind != CSS_END;) {
        depth += depth_change(token.kind);
        if (depth == 0)
            return token.start;
    }
    return writing->scanner.size;
}

static void write_inner(struct writing *writing, css_kind close);

static bool has_part(const css_token *token, const char *part)
{
    size_t size = strlen(part);
    for (size_t i = 0; i + size <= token->text_bytes; i++) {
        if (css_equals(token->text + i, size, part))
            return true;
    }
    return false;
}

/* Passes over what is open, whose end is `close`. */
static void skip_to(struct writing *writing, size_t close)
{
    writing->scanner.at = close < writing->scanner.size ? close + 1 : close;
}

static bool write_math(struct writing *writing, const css_token *token, size_t close)
{
    static const char names[] = "calc -webkit-calc min max clamp";
    css_amount amount;
    if (!css_has_word(names, token->text, token->text_bytes))
        return false;
    uint32_t numeric =
        CSS_LENGTHS | CSS_PERCENTS | CSS_NUMBERS | CSS_INTEGERS | CSS_TIMES | CSS_ANGLES;
    writing->wrong = writing->wrong || (!is_free(writing) && !takes(writing, numeric));
    const char *start = writing->scanner.source + token->start;
    size_t size = close - token->start + (close < writing->scanner.size);
    if (!css_amount_read(start, size, writing->measures, &amount)) {
        css_amount any;
        const css_measures some = {.em = 16, .rem = 16, .width = 100, .height = 100};
        if (writing->measures == NULL &&
            css_has_word("calc -webkit-calc", token->text, token->text_bytes) &&
            !css_amount_read(start, size, &some, &any))
            writing->wrong = true;
        return false;
    }
    bool bare = writing->measures != NULL || amount.has == (CSS_HAS_PX | CSS_HAS_PERCENT);
    if (!bare)
        css_put_text(writing->out, "calc(");
    css_put_amount(writing->out, &amount);
    if (!bare)
        css_put_text(writing->out, ")");
    skip_to(writing, close);
    return true;
}

static void write_function(struct writing *writing, const css_token *token)
{
    static const char any[] = "calc -webkit-calc min max clamp env attr counter counters round mod "
                              "rem abs sign sin cos tan pow sqrt hypot log exp anchor anchor-size "
                              "color-mix light-dark color lab lch oklab oklch";
    css_color color;
    css_text *out = writing->out;
    size_t close = find_close(writing);
    const char *inner = writing->scanner.source + writing->scanner.at;
    if (writing->colors && css_color_function(token->text, token->text_bytes, inner,
                                              close - writing->scanner.at, &color)) {
        put_color(writing, &color);
        skip_to(writing, close);
        return;
    }
    if (write_math(writing, token, close))
        return;
    const char *name = token->text;
    bool known = css_has_word(any, token->text, token->text_bytes) || writing->depth > 0;
    for (const char *at = writing->of->functions; !known && *at != 0;) {
        size_t length = strcspn(at, " ");
        known = length == token->text_bytes && strncasecmp(at, token->text, length) == 0;
        name = known ? at : name;
        at += length + (at[length] == ' ');
    }
    writing->wrong = writing->wrong || !known || writing->depth > 30;
    bool colors = writing->colors;
    writing->colors = colors || has_part(token, "gradient") || has_part(token, "shadow") ||
                      has_part(token, "image");
    css_put_ident(out, name, token->text_bytes);
    css_put_text(out, "(");
    writing->depth++;
    write_inner(writing, CSS_CLOSE_ROUND);
    writing->depth--;
    writing->colors = colors;
    css_put_text(out, ")");
}

static void write_url(css_text *out, const css_token *token)
{
    css_put_text(out, "url(");
    css_put_string(out, token->text, token->text_bytes);
    css_put_text(out, ")");
}

/* url("...") is a function of a string. */
static bool write_url_function(struct writing *writing, const css_token *token)
{
    if (!css_is_word(token, "url"))
        return false;
    css_token inner;
    do
        inner = css_scan(&writing->scanner);
    while (inner.kind == CSS_BLANK);
    writing->wrong = writing->wrong || inner.kind != CSS_STRING;
    if (!writing->wrong)
        write_url(writing->out, &inner);
    skip_to(writing, find_close(writing));
    return true;
}

static void write_hash(struct writing *writing, const css_token *token)
{
    css_color color;
    if (!writing->colors || !css_color_hash(token->text, token->text_bytes, &color))
        writing->wrong = true;
    else
        put_color(writing, &color);
}

static void write_one(struct writing *writing, const css_token *token)
{
    switch (token->kind) {
    case CSS_IDENT:
        write_word(writing, token);
        return;
    case CSS_NUMBER:
        write_number(writing, token);
        return;
    case CSS_PERCENTAGE:
        write_percentage(writing, token);
        return;
    case CSS_DIMENSION:
        write_dimension(writing, token);
        return;
    case CSS_HASH:
        write_hash(writing, token);
        return;
    case CSS_STRING:
        writing->wrong |= !is_free(writing) && !takes(writing, CSS_STRINGS);
        css_put_string(writing->out, token->text, token->text_bytes);
        return;
    case CSS_URL:
        writing->wrong |= !is_free(writing) && !takes(writing, CSS_URLS);
        write_url(writing->out, token);
        return;
    case CSS_FUNCTION:
        if (!write_url_function(writing, token))
            write_function(writing, token);
        return;
    case CSS_OPEN_SQUARE:
    case CSS_OPEN_ROUND:
        writing->wrong |= !is_free(writing) || writing->depth > 30;
        css_put_text(writing->out, token->kind == CSS_OPEN_SQUARE ? "[" : "(");
        writing->depth++;
        if (!writing->wrong)
            write_inner(writing,
                        token->kind == CSS_OPEN_SQUARE ? CSS_CLOSE_SQUARE : CSS_CLOSE_ROUND);
        writing->depth--;
        css_put_text(writing->out, token->kind == CSS_OPEN_SQUARE ? "]" : ")");
        return;
    default:
        writing->wrong = true;
    }
}

static void write_delim(struct writing *writing, const css_token *token)
{
    char text[4] = {(char)token->code, 0};
    if (!is_free(writing) || strchr("/+-*", (int)token->code) == NULL)
        writing->wrong = true;
    css_put_text(writing->out, text);
}

/* Components up to the end of what is open, between which one blank stands, and none before a
 * comma. */
static void write_inner(struct writing *writing, css_kind close)
{
    bool first = true;
    for (css_token token; !writing->wrong;) {
        token = css_scan(&writing->scanner);
        if (token.kind == CSS_END || token.kind == close)
            break;
        if (token.kind == CSS_BLANK)
            continue;
        if (token.kind == CSS_COMMA) {
            writing->wrong |= writing->depth == 0 && (first || !(writing->of->list));
            css_put_text(writing->out, ",");
            writing->components = writing->depth == 0 ? 0 : writing->components;
            first = false;
            continue;
        }
        if (!first)
            css_put_text(writing->out, " ");
        first = false;
        writing->components += writing->depth == 0;
        token.kind == CSS_DELIM ? write_delim(writing, &token) : write_one(writing, &token);
    }
}

static bool write_value(const css_properties *properties, css_property longhand, const char *text,
                        size_t size, const css_measures *measures, css_text *out)
{
    firn_arena arena;
    const css_longhand *of = &properties->longhands[longhand];
    struct writing writing = {.properties = properties, .of = of, .measures = measures, .out = out};
    writing.colors = (of->types & CSS_COLORS) != 0 || longhand == properties->box_shadow ||
                     longhand == properties->text_shadow || longhand == properties->fill ||
                     longhand == properties->stroke;
    if (firn_arena_init(&arena, NULL) != FIRN_OK)
        return false;
    css_scan_begin(&writing.scanner, &arena, text, size);
    write_inner(&writing, CSS_END);
    bool good = !writing.wrong && !out->failed && writing.components > 0 &&
                ((of->types & CSS_FREE) != 0 || writing.components <= of->count || of->list);
    firn_arena_fini(&arena);
    return good;
}

/* A name of blanks or signs is a string; one of a single word needs no quotes. */
static void write_family(css_text *out, const char *text, size_t size, bool word)
{
    static const char generic[] =
        "serif sans-serif monospace cursive fantasy system-ui inherit initial";
    bool plain = size > 0 && !(text[0] >= '0' && text[0] <= '9');
    for (size_t i = 0; i < size && plain; i++) {
        char byte = text[i];
        plain = (byte | 0x20) >= 'a' ? (byte | 0x20) <= 'z' || (byte & 0x80) != 0
                                     : (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
    }
    if (word || (plain && !css_has_word(generic, text, size)))
        css_put(out, text, size);
    else
        css_put_string(out, text, size);
}

/* Commas and blanks apart, families are kept as they were written. */
static bool write_families(const char *text, size_t size, css_text *out)
{
    css_piece pieces[CSS_PIECES_MAX];
    size_t count = css_pieces(text, size, pieces, CSS_PIECES_MAX);
    for (size_t i = 0; i < count; i++) {
        const css_piece *piece = &pieces[i];
        char first = piece->text[0];
        bool quoted = first == '"' || first == '\'';
        if (i > 0)
            css_put_text(out, piece->before == ',' ? ", " : " ");
        if (piece->before == '/' || (!quoted && first != '-' && first != '_' && first != '\\' &&
                                     (first & 0x80) == 0 && (first | 0x20) < 'a'))
            return false;
        if (!quoted && memchr(piece->text, '(', piece->size) != NULL)
            return false;
        if (quoted)
            write_family(out, piece->text + 1, piece->size > 1 ? piece->size - 2 : 0, false);
        else
            css_put(out, piece->text, piece->size);
    }
    return count > 0;
}

/* Shadows begin with their colour, and computed ones have all their lengths. */
static bool write_shadows(const css_properties *properties, css_property longhand, const char *text,
                          size_t size, const css_measures *measures, css_text *out)
{
    css_piece pieces[CSS_PIECES_MAX];
    size_t count = css_pieces(text, size, pieces, CSS_PIECES_MAX), end;
    bool box = longhand == properties->box_shadow;
    for (size_t i = 0; i < count; i = end) {
        css_text color = {0}, lengths = {0};
        size_t numbers = 0;
        bool inset = false, good = true;
        for (end = i; end < count && (end == i || pieces[end].before != ','); end++) {
            css_amount amount;
            const css_piece *one = &pieces[end];
            static const css_measures any = {.em = 1, .rem = 1, .width = 1, .height = 1};
            if (box && !inset && css_equals(one->text, one->size, "inset")) {
                inset = true;
            } else if (css_amount_read(one->text, one->size, &any, &amount)) {
                good = good && numbers++ < (box ? 4 : 3) && amount.has != CSS_HAS_PERCENT &&
                       (amount.has == CSS_HAS_PX || amount.number == 0);
                css_put_text(&lengths, lengths.size > 0 ? " " : "");
                if (amount.has == CSS_HAS_NUMBER)
                    css_put_text(&lengths, "0px");
                else
                    good = good && write_value(properties, properties->text_indent, one->text,
                                               one->size, measures, &lengths);
            } else {
                good = good && color.size == 0 &&
                       write_value(properties, properties->color, one->text, one->size, measures,
                                   &color);
            }
        }
        good = good && numbers >= 2;
        for (; measures != NULL && numbers < (box ? 4 : 3); numbers++)
            css_put_text(&lengths, " 0px");
        if (color.size == 0 && measures != NULL)
            css_put(&color, measures->color, measures->color_bytes);
        css_put_text(out, i > 0 ? ", " : "");
        if (color.size > 0) {
            css_put(out, color.bytes, color.size);
            css_put_text(out, " ");
        }
        if (lengths.size > 0)
            css_put(out, lengths.bytes, lengths.size);
        css_put_text(out, inset ? " inset" : "");
        css_text_fini(&color);
        css_text_fini(&lengths);
        if (!good)
            return false;
    }
    return count > 0;
}

/* Any value, by the grammar that its property has. */
static bool write_any(const css_properties *properties, css_property longhand, const char *text,
                      size_t size, const css_measures *measures, css_text *out)
{
    bool shadow = longhand == properties->box_shadow || longhand == properties->text_shadow;
    if (shadow && !css_equals(text, size, "none"))
        return write_shadows(properties, longhand, text, size, measures, out);
    return write_value(properties, longhand, text, size, measures, out);
}

bool css_value_read(const css_properties *properties, css_property longhand, const char *text,
                    size_t size, css_text *out)
{
    if (longhand == properties->font_family)
        return write_families(text, size, out);
    return write_any(properties, longhand, text, size, NULL, out);
}

void css_value_compute(const css_properties *properties, css_property longhand, const char *text,
                       size_t size, const css_measures *measures, css_text *out)
{
    size_t start = out->size;
    if (longhand == properties->font_family ||
        !write_any(properties, longhand, text, size, measures, out)) {
        out->size = start;
        css_put(out, text, size);
    }
}
