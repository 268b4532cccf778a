/* Computed values of longhands: from what won, by inheritance, defaults, and what each property
 * makes of its value. Groups of 16 values are computed together and kept once.
 *
 * Invariants:
 *   I1  a style's basics (font size, colour) are there before any of its groups; those of the
 * styles above it before them, made from the top down, so that no depth of a page is one of the
 * stack
 *
 * Complexity: O(1) where the group is there, else O(16 · size) and the same for styles above it.
 */
#include "tabs/css/compute_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct style *at(css_styles *styles, uint32_t style)
{
    return &styles->styles[style];
}

/* --- what is specified --- */

static void forget_after(css_text *out, size_t size)
{
    out->size = size;
    if (out->bytes != NULL)
        out->bytes[size] = 0;
}

struct picking {
    css_property wanted;
    css_text *out;
};

static void pick(void *context, css_property longhand, const char *text, size_t size)
{
    struct picking *picking = context;
    if (longhand == picking->wanted)
        css_put(picking->out, text, size);
}

/* Writes a value that has var(), or names the shorthand that it is of ("\1name:value"), as the
 * longhand takes it; nothing where it does not. */
static void resolve(css_styles *styles, uint32_t style, css_property longhand, const char *text,
                    size_t size, css_text *out)
{
    css_text whole = {0}, picked = {0};
    css_property property = longhand;
    if (size > 0 && text[0] == 1) {
        const char *colon = memchr(text, ':', size);
        property = css_property_find(styles->properties, text + 1, (size_t)(colon - text) - 1);
        size -= (size_t)(colon + 1 - text);
        text = colon + 1;
    }
    struct picking picking = {longhand, &picked};
    if (property != CSS_NO_PROPERTY && css_substitute(styles, style, text, size, &whole) &&
        !css_has_var(whole.bytes, whole.size))
        css_declare(styles->properties, property, whole.bytes, whole.size, pick, &picking);
    css_put(out, picked.bytes != NULL ? picked.bytes : "", picked.size);
    css_text_fini(&whole);
    css_text_fini(&picked);
}

/* Writes what is specified, and whether that is a value, the initial one or the inherited one. */
static css_wide specified(css_styles *styles, uint32_t style, css_property longhand, css_text *out)
{
    const css_longhand *of = &styles->properties->longhands[longhand];
    size_t size, start = out->size;
    uint32_t won = css_won(styles, at(styles, style), longhand);
    for (int round = 0; round < 2 && won != NO_TEXT; round++) {
        const char *text = css_kept_text(styles, won, &size);
        if ((size > 0 && text[0] == 1) || css_has_var(text, size))
            resolve(styles, style, longhand, text, size, out);
        else
            css_put(out, text, size);
        css_wide wide = css_wide_of(out->bytes + start, out->size - start);
        if (wide == CSS_NOT_WIDE && out->size > start)
            return CSS_NOT_WIDE;
        forget_after(out, start);
        if (wide == CSS_INITIAL || wide == CSS_INHERIT)
            return wide;
        won = wide == CSS_REVERT || wide == CSS_REVERT_LAYER
                  ? css_won_of_html(styles, at(styles, style), longhand)
                  : NO_TEXT;
    }
    return of->inherited ? CSS_INHERIT : CSS_INITIAL;
}

/* --- basics --- */

static bool is_monospace(css_styles *styles, uint32_t style, bool inherited)
{
    css_text text = {0};
    css_wide wide = specified(styles, style, styles->properties->font_family, &text);
    bool is = wide == CSS_INHERIT ? inherited : css_text_is(&text, "monospace");
    css_text_fini(&text);
    return is;
}

static double keyword_size(int keyword, bool monospace)
{
    static const double sizes[2][8] = {{9, 10, 13, 16, 18, 24, 32, 48},
                                       {9, 9, 10, 13, 16, 20, 26, 39}};
    return sizes[monospace][keyword - 1];
}

static int keyword_of(const css_text *text)
{
    static const char *const words[] = {"xx-small", "x-small", "small",    "medium",
                                        "large",    "x-large", "xx-large", "xxx-large"};
    for (int i = 0; i < 8; i++) {
        if (css_text_is(text, words[i]))
            return i + 1;
    }
    return 0;
}

/* The size of a font, from that of the style above, of which a family of fixed width has another
 * default. */
static void compute_font_size(css_styles *styles, uint32_t style)
{
    struct style *one = at(styles, style), initial = {.font_size = 16, .keyword = 4};
    const struct style *above = one->parent != 0 ? at(styles, one->parent) : &initial;
    css_text text = {0};
    css_amount amount;
    double root = one->is_root || one->parent == 0 ? 16 : above->root_size, size = above->font_size;
    css_wide wide = specified(styles, style, styles->properties->font_size, &text);
    one->is_monospace = is_monospace(styles, style, above->is_monospace);
    css_measures measures = {above->font_size,        root, styles->viewport.width,
                             styles->viewport.height, NULL, 0};
    int keyword = wide == CSS_NOT_WIDE ? keyword_of(&text) : wide == CSS_INITIAL ? 4 : 0;
    bool relative = true;
    one->keyword = (uint8_t)keyword;
    one->is_absolute = false;
    if (keyword != 0) {
        size = keyword_size(keyword, one->is_monospace);
    } else if (wide == CSS_INHERIT) {
        one->keyword = above->keyword;
        one->is_absolute = above->is_absolute;
        if (one->is_monospace != above->is_monospace && !above->is_absolute)
            size = above->keyword != 0 ? keyword_size(above->keyword, one->is_monospace)
                   : one->is_monospace ? size * 13 / 16
                                       : size * 16 / 13;
    } else if (css_text_is(&text, "larger") || css_text_is(&text, "smaller")) {
        size *= css_text_is(&text, "larger") ? 1.2 : 1 / 1.2;
    } else if (css_amount_read(text.bytes, text.size, &measures, &amount)) {
        size = amount.px + amount.percent * above->font_size / 100;
        relative = strstr(text.bytes, "em") != NULL || amount.has == CSS_HAS_PERCENT;
    }
    if (keyword == 0 && wide == CSS_NOT_WIDE) {
        one->is_absolute = above->is_absolute || !relative;
        if (relative && one->is_monospace != above->is_monospace && !one->is_absolute)
            size *= one->is_monospace ? 13 / 16.0 : 16 / 13.0;
    }
    one->font_size = (float)(size < 0 ? 0 : size > 10000 ? 10000 : size);
    one->root_size = one->is_root ? one->font_size : (float)root;
    css_text_fini(&text);
}

static void compute_color(css_styles *styles, uint32_t style)
{
    struct style *one = at(styles, style);
    css_text text = {0}, out = {0};
    uint32_t above = one->parent != 0 ? at(styles, one->parent)->color
                                      : css_keep_text(styles, "rgb(0, 0, 0)", 12);
    css_wide wide = specified(styles, style, styles->properties->color, &text);
    css_measures measures = {16, 16, 0, 0, NULL, 0};
    measures.color = css_kept_text(styles, above, &measures.color_bytes);
    if (wide == CSS_NOT_WIDE) {
        css_value_compute(styles->properties, styles->properties->color, text.bytes, text.size,
                          &measures, &out);
        one->color = css_keep_text(styles, out.bytes, out.size);
    } else {
        one->color = wide == CSS_INHERIT ? above : css_keep_text(styles, "rgb(0, 0, 0)", 12);
    }
    css_text_fini(&text);
    css_text_fini(&out);
}

/* From the top down: I1. */
static void ensure_basics(css_styles *styles, uint32_t style)
{
    uint32_t *chain = NULL;
    size_t count = 0, room = 0;
    for (uint32_t one = style; one != 0 && !at(styles, one)->has_basics;
         one = at(styles, one)->parent) {
        if (!firn_grow(NULL, (void **)&chain, &room, count + 1, sizeof *chain)) {
            styles->no_memory = true;
            break;
        }
        chain[count++] = one;
    }
    while (count > 0) {
        uint32_t one = chain[--count];
        at(styles, one)->has_basics = true;
        compute_font_size(styles, one);
        compute_color(styles, one);
    }
    firn_release(NULL, chain, room * sizeof *chain);
}

void css_measures_of(css_styles *styles, uint32_t style, css_measures *ret_measures)
{
    const struct style *one = at(styles, style);
    *ret_measures = (css_measures){.em = one->font_size,
                                   .rem = one->root_size,
                                   .width = styles->viewport.width,
                                   .height = styles->viewport.height};
    ret_measures->color = css_kept_text(styles, one->color, &ret_measures->color_bytes);
}

/* --- one value --- */

/* Whether a colour that nobody has set is that of the text. */
static bool is_of_text(const css_longhand *of)
{
    static const char not [] = "color flood-color stop-color fill lighting-color";
    return (of->types & CSS_COLORS) != 0 && strcmp(of->initial, "rgb(0, 0, 0)") == 0 &&
           !css_has_word(not, of->name, strlen(of->name));
}

static void put_kept(css_styles *styles, uint32_t text, css_text *out)
{
    size_t size;
    const char *bytes = css_kept_text(styles, text, &size);
    css_put(out, bytes, size);
}

static void put_initial(css_styles *styles, uint32_t style, css_property longhand, css_text *out)
{
    const css_longhand *of = &styles->properties->longhands[longhand];
    if (is_of_text(of))
        put_kept(styles, at(styles, style)->color, out);
    else
        css_put_text(out, of->initial);
}

/* Writes the number that a line height is inherited as; false where it is none. */
static bool put_line_number(css_styles *styles, uint32_t style, css_text *out)
{
    css_property longhand = styles->properties->line_height;
    css_wide wide = CSS_INHERIT;
    css_text text = {0};
    for (; style != 0 && wide == CSS_INHERIT; style = at(styles, style)->parent) {
        css_text_fini(&text);
        wide = specified(styles, style, longhand, &text);
    }
    char last = wide == CSS_NOT_WIDE && text.size > 0 ? text.bytes[text.size - 1] : 0;
    bool is_number = (last >= '0' && last <= '9') || last == '.';
    if (is_number)
        css_put(out, text.bytes, text.size);
    css_text_fini(&text);
    return is_number;
}

/* Writes what the style above has, or what it is without one. */
static void put_inherited(css_styles *styles, uint32_t style, css_property longhand, css_text *out)
{
    uint32_t parent = at(styles, style)->parent;
    size_t start = out->size;
    if (parent == 0) {
        put_initial(styles, style, longhand, out);
        return;
    }
    if (longhand == styles->properties->line_height && put_line_number(styles, parent, out))
        return;
    css_compute(styles, parent, longhand, out);
    size_t size;
    const char *color = css_kept_text(styles, at(styles, parent)->color, &size);
    if (is_of_text(&styles->properties->longhands[longhand]) && size == out->size - start &&
        memcmp(color, out->bytes + start, size) == 0) {
        forget_after(out, start); /* the text's colour is inherited as such */
        put_kept(styles, at(styles, style)->color, out);
    }
}

/* Writes a value before what its property makes of it. */
static void put_plain(css_styles *styles, uint32_t style, css_property longhand, css_text *out)
{
    css_text text = {0};
    css_measures measures;
    css_wide wide = specified(styles, style, longhand, &text);
    css_measures_of(styles, style, &measures);
    if (wide == CSS_INHERIT)
        put_inherited(styles, style, longhand, out);
    else if (wide == CSS_INITIAL)
        put_initial(styles, style, longhand, out);
    else
        css_value_compute(styles->properties, longhand, text.bytes, text.size, &measures, out);
    css_text_fini(&text);
}

bool css_is_value(css_styles *styles, uint32_t style, css_property longhand, const char *words)
{
    css_text text = {0};
    put_plain(styles, style, longhand, &text);
    bool is = css_has_word(words, text.bytes != NULL ? text.bytes : "", text.size);
    css_text_fini(&text);
    return is;
}

static void put_value(css_styles *styles, uint32_t style, css_property longhand, css_text *out)
{
    const css_properties *known = styles->properties;
    size_t start = out->size;
    if (longhand == known->color) {
        put_kept(styles, at(styles, style)->color, out);
    } else if (longhand == known->font_size) {
        css_put_number(out, at(styles, style)->font_size);
        css_put_text(out, "px");
    } else {
        put_plain(styles, style, longhand, out);
        css_finish(styles, style, longhand, out, start);
    }
}

/* --- groups --- */

static void make_group(css_styles *styles, uint32_t style, uint32_t group)
{
    uint32_t values[GROUP_VALUES] = {0}, id;
    for (uint32_t i = 0; i < GROUP_VALUES; i++) {
        css_property longhand = group * GROUP_VALUES + i;
        css_text text = {0};
        if (!css_is_longhand(styles->properties, longhand))
            break;
        put_value(styles, style, longhand, &text);
        styles->no_memory = styles->no_memory || text.failed;
        values[i] = css_keep_text(styles, text.bytes != NULL ? text.bytes : "", text.size);
        css_text_fini(&text);
    }
    if (firn_intern_put(styles->groups, values, sizeof values, &id, NULL) == FIRN_OK)
        at(styles, style)->groups[group] = id + 1;
    else
        styles->no_memory = true;
}

/* From the top down: I1. */
static void ensure_group(css_styles *styles, uint32_t style, uint32_t group)
{
    uint32_t *chain = NULL;
    size_t count = 0, room = 0;
    for (uint32_t one = style; one != 0 && at(styles, one)->groups[group] == 0;
         one = at(styles, one)->parent) {
        if (!firn_grow(NULL, (void **)&chain, &room, count + 1, sizeof *chain)) {
            styles->no_memory = true;
            break;
        }
        chain[count++] = one;
    }
    while (count > 0 && !styles->no_memory)
        make_group(styles, chain[--count], group);
    firn_release(NULL, chain, room * sizeof *chain);
}

void css_compute(css_styles *styles, uint32_t style, css_property longhand, css_text *out)
{
    size_t size;
    uint32_t value, group;
    longhand = styles->properties->longhands[longhand].physical;
    group = longhand / GROUP_VALUES;
    if (group >= GROUPS_MAX)
        return;
    ensure_basics(styles, style);
    if (at(styles, style)->groups[group] == 0)
        ensure_group(styles, style, group);
    if (styles->no_memory)
        return;
    const char *values =
        firn_intern_get(styles->groups, at(styles, style)->groups[group] - 1, &size);
    memcpy(&value, values + longhand % GROUP_VALUES * sizeof value, sizeof value);
    put_kept(styles, value, out);
}
