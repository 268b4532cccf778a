/* What single properties make of their values: display by float and position, weights by the weight
 * above, widths of borders that are not drawn, and the like. Complexity: O(size). */
#include "tabs/css/compute_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct finishing {
    css_styles *styles;
    uint32_t style;
    css_property longhand;
    css_text *out;
    size_t start;
};

static const char *value_of(const struct finishing *finishing)
{
    return finishing->out->bytes != NULL ? finishing->out->bytes + finishing->start : "";
}

static bool is(const struct finishing *finishing, const char *word)
{
    return strcmp(value_of(finishing), word) == 0;
}

static void begin_again(struct finishing *finishing)
{
    finishing->out->size = finishing->start;
    if (finishing->out->bytes != NULL)
        finishing->out->bytes[finishing->start] = 0;
}

static void become(struct finishing *finishing, const char *text)
{
    begin_again(finishing);
    css_put_text(finishing->out, text);
}

static bool has(const struct finishing *finishing, css_property longhand, const char *words)
{
    return css_is_value(finishing->styles, finishing->style, longhand, words);
}

static uint32_t parent_of(const struct finishing *finishing)
{
    return finishing->styles->styles[finishing->style].parent;
}

/* --- boxes --- */

static bool is_item(const struct finishing *finishing)
{
    const css_properties *known = finishing->styles->properties;
    uint32_t parent = parent_of(finishing);
    return parent != 0 && css_is_value(finishing->styles, parent, known->display,
                                       "flex inline-flex grid inline-grid -webkit-flex "
                                       "-webkit-inline-flex");
}

/* The least size of what nobody has given one: `auto` where the box above asks for it. */
static void finish_least(struct finishing *finishing)
{
    const css_properties *known = finishing->styles->properties;
    const struct style *style = &finishing->styles->styles[finishing->style];
    bool open =
        is(finishing, "auto") || css_won(finishing->styles, style, finishing->longhand) == NO_TEXT;
    if (!open)
        return;
    bool item = is_item(finishing) && !has(finishing, known->position, "absolute fixed") &&
                !has(finishing, known->display, "contents");
    for (uint32_t at = finishing->style; at != 0 && item; at = finishing->styles->styles[at].parent)
        item = !css_is_value(finishing->styles, at, known->display, "none"); /* it has no box */
    become(finishing, item ? "auto" : "0px");
}

static void finish_display(struct finishing *finishing)
{
    static const char *const blocks[][2] = {
        {"inline", "block"},
        {"inline-block", "block"},
        {"inline-flex", "flex"},
        {"inline-grid", "grid"},
        {"inline-table", "table"},
        {"ruby", "block"},
        {"ruby-text", "block"},
        {"table-row", "block"},
        {"table-cell", "block"},
        {"table-row-group", "block"},
        {"table-column", "block"},
        {"table-caption", "block"},
        {"table-header-group", "block"},
        {"table-footer-group", "block"},
        {"table-column-group", "block"},
        {"-webkit-inline-box", "flex"},
    };
    const css_properties *known = finishing->styles->properties;
    static const char *const aliases[][2] = {{"-webkit-flex", "flex"},
                                             {"-webkit-inline-flex", "inline-flex"}};
    for (size_t i = 0; i < 2; i++) {
        if (is(finishing, aliases[i][0]))
            become(finishing, aliases[i][1]);
    }
    if (is(finishing, "none"))
        return;
    const struct style *style = &finishing->styles->styles[finishing->style];
    bool block = style->is_root || has(finishing, known->position, "absolute fixed") ||
                 !has(finishing, known->float_, "none") || is_item(finishing);
    if (style->is_root && is(finishing, "contents"))
        become(finishing, "block");
    for (size_t i = 0; block && i < sizeof blocks / sizeof blocks[0]; i++) {
        if (is(finishing, blocks[i][0])) {
            become(finishing, blocks[i][1]);
            return;
        }
    }
}

static void finish_overflow(struct finishing *finishing)
{
    const css_properties *known = finishing->styles->properties;
    css_property other =
        finishing->longhand == known->overflow_x ? known->overflow_y : known->overflow_x;
    if (is(finishing, "overlay"))
        become(finishing, "auto");
    if (has(finishing, other, "visible clip"))
        return;
    if (is(finishing, "visible"))
        become(finishing, "auto");
    else if (is(finishing, "clip"))
        become(finishing, "hidden");
}

/* Widths of lines: words, whole px, and none where no line is drawn. */
static void finish_width(struct finishing *finishing, css_property style)
{
    bool thin = is(finishing, "thin"), thick = is(finishing, "thick");
    if (thin || thick || is(finishing, "medium"))
        become(finishing, thin ? "1px" : thick ? "5px" : "3px");
    double width = strtod(value_of(finishing), NULL);
    bool border = style != CSS_NO_PROPERTY;
    if (border && has(finishing, style, "none hidden"))
        width = 0;
    width = width > 0 && width < 1 ? 1 : floor(width);
    begin_again(finishing);
    css_put_number(finishing->out, width);
    css_put_text(finishing->out, "px");
}

static bool finish_boxes(struct finishing *finishing)
{
    const css_properties *known = finishing->styles->properties;
    css_property longhand = finishing->longhand;
    const css_property widths[][2] = {
        {known->border_top_width, known->border_top_style},
        {known->border_right_width, known->border_right_style},
        {known->border_bottom_width, known->border_bottom_style},
        {known->border_left_width, known->border_left_style},
        {known->outline_width, CSS_NO_PROPERTY},
        {known->column_rule_width, CSS_NO_PROPERTY},
        {known->row_rule_width, CSS_NO_PROPERTY},
    };
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        if (longhand == widths[i][0]) {
            finish_width(finishing, widths[i][1]);
            return true;
        }
    }
    if (longhand == known->display)
        finish_display(finishing);
    else if (longhand == known->float_ && has(finishing, known->position, "absolute fixed"))
        become(finishing, "none");
    else if (longhand == known->position && is(finishing, "-webkit-sticky"))
        become(finishing, "sticky");
    else if (longhand == known->overflow_x || longhand == known->overflow_y)
        finish_overflow(finishing);
    else if (longhand == known->min_height || longhand == known->min_width)
        finish_least(finishing);
    else
        return false;
    return true;
}

/* --- fonts and texts --- */

static void finish_weight(struct finishing *finishing)
{
    uint32_t parent = parent_of(finishing);
    css_text above = {0};
    bool bolder = is(finishing, "bolder"), lighter = is(finishing, "lighter");
    if (is(finishing, "normal") || is(finishing, "bold")) {
        become(finishing, is(finishing, "bold") ? "700" : "400");
    } else if (bolder || lighter) {
        double weight = 400;
        if (parent != 0) {
            css_compute(finishing->styles, parent, finishing->longhand, &above);
            weight = above.bytes != NULL ? strtod(above.bytes, NULL) : 400;
        }
        weight = bolder ? (weight < 350   ? 400
                           : weight < 550 ? 700
                           : weight < 900 ? 900
                                          : weight)
                        : (weight < 100   ? weight
                           : weight < 550 ? 100
                           : weight < 750 ? 400
                                          : 700);
        begin_again(finishing);
        css_put_number(finishing->out, weight);
    }
    css_text_fini(&above);
}

static void finish_line_height(struct finishing *finishing)
{
    const char *value = value_of(finishing);
    size_t size = strlen(value);
    if (size > 0 && value[size - 1] == '%') {
        double part = strtod(value, NULL) / 100;
        begin_again(finishing);
        css_put_number(finishing->out,
                       part * finishing->styles->styles[finishing->style].font_size);
        css_put_text(finishing->out, "px");
    } else if (strcmp(value, "normal") != 0 && size > 0 && value[size - 1] != 'x') {
        double part = strtod(value, NULL);
        begin_again(finishing);
        css_put_number(finishing->out,
                       part * finishing->styles->styles[finishing->style].font_size);
        css_put_text(finishing->out, "px");
    }
}

static void finish_align(struct finishing *finishing)
{
    uint32_t parent = parent_of(finishing);
    css_text above = {0};
    bool center = is(finishing, "-internal-center");
    if ((center || is(finishing, "-webkit-match-parent")) && parent != 0) {
        css_compute(finishing->styles, parent, finishing->longhand, &above);
        if (center)
            become(finishing, css_text_is(&above, "start") ? "center" : above.bytes);
        else if (above.bytes != NULL)
            become(finishing, above.bytes);
    } else if (center) {
        become(finishing, "center");
    } else if (is(finishing, "-webkit-match-parent")) {
        become(finishing, "start");
    }
    css_text_fini(&above);
}

static void finish_stretch(struct finishing *finishing)
{
    static const char *const words[][2] = {
        {"normal", "100%"},   {"ultra-condensed", "50%"},  {"extra-condensed", "62.5%"},
        {"condensed", "75%"}, {"semi-condensed", "87.5%"}, {"semi-expanded", "112.5%"},
        {"expanded", "125%"}, {"extra-expanded", "150%"},  {"ultra-expanded", "200%"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (is(finishing, words[i][0])) {
            become(finishing, words[i][1]);
            return;
        }
    }
}

static bool finish_texts(struct finishing *finishing)
{
    const css_properties *known = finishing->styles->properties;
    css_property longhand = finishing->longhand;
    if (longhand == known->font_weight)
        finish_weight(finishing);
    else if (longhand == known->line_height)
        finish_line_height(finishing);
    else if (longhand == known->text_align)
        finish_align(finishing);
    else if (longhand == known->font_stretch)
        finish_stretch(finishing);
    else if (longhand == known->text_indent && is(finishing, "0"))
        become(finishing, "0px");
    else if (longhand == known->word_spacing && is(finishing, "normal"))
        become(finishing, "0px");
    else if (longhand == known->letter_spacing && is(finishing, "0px"))
        become(finishing, "normal");
    else
        return false;
    return true;
}

/* --- places --- */

/* "right 10px" and the like: from the other end. */
static void put_offset(css_text *out, const css_piece *edge, const css_piece *offset)
{
    css_amount amount;
    bool far = css_has_word("right bottom", edge->text, edge->size);
    if (!far || !css_amount_read(offset->text, offset->size, NULL, &amount)) {
        css_put(out, offset->text, offset->size);
        return;
    }
    amount.percent = 100 - amount.percent;
    amount.px = -amount.px;
    amount.has |= CSS_HAS_PERCENT;
    if (amount.px == 0)
        amount.has = CSS_HAS_PERCENT;
    css_put_amount(out, &amount);
}

/* A pair of places: words are percentages, and one alone stands with the middle. */
static void finish_place(struct finishing *finishing)
{
    static const char *const words[][2] = {
        {"left", "0%"}, {"center", "50%"}, {"right", "100%"}, {"top", "0%"}, {"bottom", "100%"}};
    css_piece pieces[64];
    css_text copy = {0};
    css_put_text(&copy, value_of(finishing));
    size_t count = copy.failed ? 0 : css_pieces(copy.bytes, copy.size, pieces, 64), end;
    begin_again(finishing);
    for (size_t i = 0; i < count; i = end) {
        for (end = i + 1; end < count && pieces[end].before != ',';)
            end++;
        if (i > 0)
            css_put_text(finishing->out, ", ");
        const css_piece *first = &pieces[i], *second = end - i > 1 ? &pieces[i + 1] : NULL;
        bool upright = css_has_word("top bottom", first->text, first->size);
        bool sideways = second != NULL && css_has_word("left right", second->text, second->size);
        if (end - i < 3 && (upright || sideways)) {
            const css_piece *swap = first;
            first = second;
            second = swap;
        }
        if (end - i == 4) {
            bool upright_first = css_has_word("top bottom", first->text, first->size);
            const css_piece *across = upright_first ? first + 2 : first;
            const css_piece *down = upright_first ? first : first + 2;
            put_offset(finishing->out, across, across + 1);
            css_put_text(finishing->out, " ");
            put_offset(finishing->out, down, down + 1);
            continue;
        }
        for (size_t j = 0; j < (end - i < 3 ? 2 : end - i); j++) {
            const css_piece *one = end - i > 2 ? &pieces[i + j] : j == 0 ? first : second;
            const char *word = one == NULL ? "50%" : NULL;
            for (size_t k = 0; word == NULL && end - i < 3 && k < 5; k++)
                word = css_equals(one->text, one->size, words[k][0]) ? words[k][1] : NULL;
            css_put_text(finishing->out, j > 0 ? " " : "");
            word != NULL ? css_put_text(finishing->out, word)
                         : css_put(finishing->out, one->text, one->size);
        }
    }
    css_text_fini(&copy);
}

static bool finish_places(struct finishing *finishing)
{
    const css_properties *known = finishing->styles->properties;
    css_property longhand = finishing->longhand;
    if (longhand == known->background_position || longhand == known->mask_position ||
        longhand == known->object_position || longhand == known->perspective_origin ||
        longhand == known->transform_origin) {
        finish_place(finishing);
    } else if (longhand == known->transform && !is(finishing, "none")) {
        css_text copy = {0};
        css_measures measures;
        css_put_text(&copy, value_of(finishing));
        begin_again(finishing);
        css_measures_of(finishing->styles, finishing->style, &measures);
        if (copy.failed || !css_put_matrix(copy.bytes, copy.size, &measures, finishing->out))
            become(finishing, "none");
        css_text_fini(&copy);
    } else if (longhand == known->border_spacing) {
        const char *value = value_of(finishing), *blank = strchr(value, ' ');
        size_t first = blank != NULL ? (size_t)(blank - value) : 0;
        if (blank != NULL && strlen(blank + 1) == first && memcmp(value, blank + 1, first) == 0) {
            finishing->out->size = finishing->start + first;
            finishing->out->bytes[finishing->out->size] = 0;
        }
    } else {
        return false;
    }
    return true;
}

/* Of 0 to 1, with a percentage as its part of 1. */
static void finish_opacity(struct finishing *finishing)
{
    const char *value = value_of(finishing);
    size_t size = strlen(value);
    double number = strtod(value, NULL) / (size > 0 && value[size - 1] == '%' ? 100 : 1);
    begin_again(finishing);
    css_put_number(finishing->out, number < 0 ? 0 : number > 1 ? 1 : number);
}

void css_finish(css_styles *styles, uint32_t style, css_property longhand, css_text *out,
                size_t start)
{
    struct finishing finishing = {styles, style, longhand, out, start};
    const css_properties *known = styles->properties;
    const char *name = known->longhands[longhand].name;
    size_t size = strlen(name);
    if (finish_boxes(&finishing) || finish_texts(&finishing) || finish_places(&finishing))
        return;
    if (size >= 7 && strcmp(name + size - 7, "opacity") == 0)
        finish_opacity(&finishing);
    else if (longhand == known->content && styles->styles[style].is_pseudo &&
             is(&finishing, "normal"))
        become(&finishing, "none");
    else if (longhand == known->cursor && strncmp(value_of(&finishing), "-webkit-", 8) == 0)
        memmove(out->bytes + start, out->bytes + start + 8, (out->size -= 8) - start + 1);
}
