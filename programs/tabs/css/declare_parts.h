/* What declare.c and the files of its kinds of shorthands share. */
#ifndef TABS_CSS_DECLARE_PARTS_H
#define TABS_CSS_DECLARE_PARTS_H

#include "tabs/css/value.h"

#define CSS_GIVEN_MAX 64

/* What has been taken apart so far: longhands, with their values one behind the other in `text`. */
struct css_declaring {
    const css_properties *properties;
    const css_property *set; /* the shorthand's longhands */
    size_t set_count;
    css_piece pieces[CSS_PIECES_MAX];
    size_t count;
    struct {
        css_property longhand;
        size_t start, end;
    } given[CSS_GIVEN_MAX];
    size_t given_count;
    css_text text;
};

typedef bool (*css_expand_fn)(struct css_declaring *declaring);

/* Takes a value for a longhand; false where it takes it not. */
bool css_take(struct css_declaring *declaring, css_property longhand, const char *text,
              size_t size);
bool css_take_text(struct css_declaring *declaring, css_property longhand, const char *text);
bool css_take_piece(struct css_declaring *declaring, css_property longhand, size_t piece);
bool css_take_initial(struct css_declaring *declaring, css_property longhand);
bool css_is_taken(const struct css_declaring *declaring, css_property longhand);
/* Whether it would. */
bool css_fits(struct css_declaring *declaring, css_property longhand, const char *text,
              size_t size);
bool css_piece_is(const struct css_declaring *declaring, size_t piece, const char *word);
/* A longhand of this name. */
css_property css_of(const struct css_declaring *declaring, const char *name);

/* declare_layers.c: transition, animation, background and mask. */
bool css_expand_layers(struct css_declaring *declaring);
/* declare_kinds.c */
bool css_expand_box(struct css_declaring *declaring);
bool css_expand_any(struct css_declaring *declaring);
bool css_expand_border(struct css_declaring *declaring);
bool css_expand_border_image(struct css_declaring *declaring);
bool css_expand_radius(struct css_declaring *declaring);
bool css_expand_flex(struct css_declaring *declaring);
bool css_expand_font(struct css_declaring *declaring);
bool css_expand_white_space(struct css_declaring *declaring);
bool css_expand_lines(struct css_declaring *declaring);
bool css_expand_grid(struct css_declaring *declaring);

#endif
