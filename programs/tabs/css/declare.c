/* Declarations taken apart: which kind each shorthand is of, and what they share.
 *
 * Invariants:
 *   I1  nothing is given before all of a declaration was taken
 *
 * Complexity: O(size of the value) times the longhands of the shorthand.
 */
#include "tabs/css/declare.h"

#include "tabs/css/declare_parts.h"

#include <string.h>

css_wide css_wide_of(const char *text, size_t size)
{
    static const char *const words[] = {"initial", "inherit", "unset", "revert", "revert-layer"};
    for (size_t i = 0; i < 5; i++) {
        if (css_equals(text, size, words[i]))
            return (css_wide)(i + 1);
    }
    return CSS_NOT_WIDE;
}

bool css_has_var(const char *text, size_t size)
{
    for (size_t i = 0; i + 4 <= size; i++) {
        if (css_equals(text + i, 4, "var("))
            return true;
    }
    return false;
}

/* --- what the kinds share --- */

bool css_take(struct css_declaring *declaring, css_property longhand, const char *text, size_t size)
{
    size_t start = declaring->text.size;
    if (longhand == CSS_NO_PROPERTY || declaring->given_count == CSS_GIVEN_MAX)
        return false;
    if (!css_value_read(declaring->properties, longhand, text, size, &declaring->text)) {
        declaring->text.size = start;
        return false;
    }
    declaring->given[declaring->given_count].longhand = longhand;
    declaring->given[declaring->given_count].start = start;
    declaring->given[declaring->given_count++].end = declaring->text.size;
    return true;
}

bool css_take_text(struct css_declaring *declaring, css_property longhand, const char *text)
{
    return css_take(declaring, longhand, text, strlen(text));
}

bool css_take_piece(struct css_declaring *declaring, css_property longhand, size_t piece)
{
    return css_take(declaring, longhand, declaring->pieces[piece].text,
                    declaring->pieces[piece].size);
}

bool css_take_initial(struct css_declaring *declaring, css_property longhand)
{
    if (longhand == CSS_NO_PROPERTY || declaring->given_count == CSS_GIVEN_MAX)
        return false;
    size_t start = declaring->text.size;
    css_put_text(&declaring->text, "initial");
    declaring->given[declaring->given_count].longhand = longhand;
    declaring->given[declaring->given_count].start = start;
    declaring->given[declaring->given_count++].end = declaring->text.size;
    return true;
}

bool css_is_taken(const struct css_declaring *declaring, css_property longhand)
{
    for (size_t i = 0; i < declaring->given_count; i++) {
        if (declaring->given[i].longhand == longhand)
            return true;
    }
    return false;
}

bool css_fits(struct css_declaring *declaring, css_property longhand, const char *text, size_t size)
{
    size_t start = declaring->text.size;
    bool fits = longhand != CSS_NO_PROPERTY &&
                css_value_read(declaring->properties, longhand, text, size, &declaring->text);
    declaring->text.size = start;
    return fits;
}

bool css_piece_is(const struct css_declaring *declaring, size_t piece, const char *word)
{
    return piece < declaring->count &&
           css_equals(declaring->pieces[piece].text, declaring->pieces[piece].size, word);
}

css_property css_of(const struct css_declaring *declaring, const char *name)
{
    return css_property_find(declaring->properties, name, strlen(name));
}

/* --- the kinds --- */

static css_expand_fn kind_of(const char *name)
{
    static const struct {
        const char *names;
        css_expand_fn expand;
    } kinds[] = {
        {"margin padding border-color border-style border-width inset scroll-margin scroll-padding "
         "overflow gap grid-gap inset-block inset-inline margin-block margin-inline padding-block "
         "padding-inline border-block-color border-block-style border-block-width "
         "border-inline-color border-inline-style border-inline-width overscroll-behavior "
         "place-content place-items place-self contain-intrinsic-size scroll-margin-block "
         "scroll-margin-inline scroll-padding-block scroll-padding-inline marker animation-range",
         css_expand_box},
        {"border border-block border-inline", css_expand_border},
        {"border-image -webkit-mask-box-image", css_expand_border_image},
        {"border-radius -webkit-border-radius", css_expand_radius},
        {"flex -webkit-flex", css_expand_flex},
        {"font", css_expand_font},
        {"white-space", css_expand_white_space},
        {"grid-area grid-row grid-column container", css_expand_lines},
        {"grid grid-template", css_expand_grid},
        {"transition animation background mask -webkit-transition -webkit-animation -webkit-mask",
         css_expand_layers},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (css_has_word(kinds[i].names, name, strlen(name)))
            return kinds[i].expand;
    }
    return css_expand_any;
}

/* The same value to each longhand; of `all` to all but those that it leaves. */
static void give_each(const css_properties *properties, css_property property, const char *text,
                      size_t size, css_declare_fn give, void *context)
{
    const css_property *set = css_property_set(properties, property);
    css_text named = {0};
    if (css_has_var(text, size)) { /* taken apart once it is known: see compute.c */
        css_put_text(&named, "\1");
        css_put_text(&named, css_property_name(properties, property));
        css_put_text(&named, ":");
        css_put(&named, text, size);
        text = named.bytes;
        size = named.size;
    }
    for (; *set != CSS_NO_PROPERTY; set++)
        give(context, *set, text, size);
    bool all = strcmp(css_property_name(properties, property), "all") == 0;
    for (css_property i = 0; all && css_is_longhand(properties, i); i++) {
        if (i != properties->direction &&
            strcmp(properties->longhands[i].name, "unicode-bidi") != 0)
            give(context, i, text, size);
    }
    css_text_fini(&named);
}

static bool expand(const css_properties *properties, css_property property, const char *text,
                   size_t size, css_declare_fn give, void *context)
{
    struct css_declaring *declaring = firn_allocate_zeroed(NULL, 1, sizeof *declaring);
    if (declaring == NULL)
        return false;
    declaring->properties = properties;
    declaring->count = css_pieces(text, size, declaring->pieces, CSS_PIECES_MAX);
    if (css_is_longhand(properties, property)) {
        if (!css_take(declaring, property, text, size))
            declaring->given_count = 0;
    } else {
        declaring->set = css_property_set(properties, property);
        while (declaring->set[declaring->set_count] != CSS_NO_PROPERTY)
            declaring->set_count++;
        css_expand_fn kind = kind_of(css_property_name(properties, property));
        if (declaring->count == 0 || declaring->set_count == 0 || !kind(declaring) ||
            declaring->text.failed)
            declaring->given_count = 0;
    }
    bool good = declaring->given_count > 0;
    for (size_t i = 0; i < declaring->given_count; i++) /* I1 */
        give(context, declaring->given[i].longhand,
             declaring->text.bytes + declaring->given[i].start,
             declaring->given[i].end - declaring->given[i].start);
    css_text_fini(&declaring->text);
    firn_release(NULL, declaring, sizeof *declaring);
    return good;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

bool css_declare(const css_properties *properties, css_property property, const char *text,
                 size_t size, css_declare_fn give, void *context)
{
    while (size > 0 && is_blank(text[0]))
        text++, size--;
    while (size > 0 && is_blank(text[size - 1]))
        size--;
    if (size == 0)
        return false;
    if (css_wide_of(text, size) == CSS_NOT_WIDE && !css_has_var(text, size))
        return expand(properties, property, text, size, give, context);
    char word[16];
    css_wide wide = css_wide_of(text, size);
    for (size_t i = 0; wide != CSS_NOT_WIDE && i < size && i < sizeof word; i++)
        word[i] = (char)(text[i] | (text[i] == '-' ? 0 : 0x20));
    if (wide != CSS_NOT_WIDE)
        text = word;
    if (css_is_longhand(properties, property))
        give(context, property, text, size);
    else
        give_each(properties, property, text, size, give, context);
    return true;
}
