/* What cascade.c (which declarations an element has) and compute.c (what comes of them) share. */
#ifndef TABS_CSS_STYLES_STATE_H
#define TABS_CSS_STYLES_STATE_H

#include "tabs/css/styles.h"

#include <firn/arena.h>

#define GROUP_VALUES 16
#define GROUPS_MAX 40
#define NO_TEXT UINT32_MAX
#define SEEN_COUNT 512

/* A selector of a rule, under the id, class or type that an element must have, by its hash. */
struct entry {
    uint32_t hash, rule, order;
    uint16_t sheet, selector, layer, pseudo;
};
_Static_assert(sizeof(struct entry) == 20, "there are thousands");

/* A declaration: of a longhand, or with CUSTOM of a name in `texts`. */
#define CUSTOM 0x80000000u
#define NO_LAYER 0xffffu
struct declared {
    uint32_t property;
    uint32_t value : 31, important : 1;
};
struct block {
    uint32_t first, count;
};

/* The declarations that won, sorted by property. `origin_from` says where they are from. */
struct won {
    uint32_t property, value;
    bool from_page; /* not of html.css */
};
struct cascade {
    uint32_t first, count;
    uint32_t key; /* its id among the keys, by which what html.css has is found again */
};

/* A style: what won, and the style that it inherits from. */
struct style {
    uint32_t parent; /* 0: none */
    uint32_t cascade;
    uint32_t color; /* a text */
    float font_size, root_size;
    bool is_root, is_pseudo, has_basics, is_monospace, is_absolute;
    uint8_t keyword;             /* of the font size, from 1 on; 0: none */
    uint32_t groups[GROUPS_MAX]; /* from 1 on; 0: not computed */
};

struct sheet_state {
    css_sheet *sheet;
    uint32_t *seen; /* of each rule its number among those seen, from 1 on; 0: it is not */
};

/* A rule that an element was tried with, as few are. */
struct seen_rule {
    css_selectors *selectors;
    uint32_t block; /* from 1 on; 0: none matched */
};

struct css_styles {
    dom *page;
    css_properties *properties;
    css_viewport viewport;
    css_sheet *html; /* html.css */
    /* what is made anew when sheets change */
    firn_arena arena;
    struct sheet_state *sheets; /* the first is html */
    size_t sheet_count;
    struct entry *entries; /* sorted by hash and order */
    size_t entry_count, entry_room;
    struct seen_rule *seen_rules;
    size_t seen_rule_count, seen_rule_room;
    char (*layers)[64]; /* names, as they come */
    size_t layer_count, layer_room;
    uint16_t *layer_order;
    size_t layer_order_count;
    bool stale;       /* nothing was made since the sheets changed */
    firn_arena names; /* of the layers of these */
    css_applied *applied;
    size_t applied_count;
    /* what is kept of styles */
    firn_intern *texts, *bodies, *cascade_keys, *style_keys, *groups;
    struct declared *declared;
    size_t declared_count, declared_room;
    struct block *blocks;
    size_t block_count, block_room;
    struct won *wons;
    size_t won_count, won_room;
    struct cascade *cascades;
    size_t cascade_count, cascade_room;
    struct style *styles; /* the first is none */
    size_t style_count, style_room;
    struct {
        uint64_t version;
        dom_id element;
        uint32_t style, parent;
        uint16_t pseudo;
    } seen[SEEN_COUNT];
    uint64_t generation;
    bool no_memory;
};

/* --- cascade.c --- */

uint32_t css_keep_text(css_styles *styles, const char *text, size_t size);
const char *css_kept_text(const css_styles *styles, uint32_t text, size_t *ret_size);
/* What won of a property; NO_TEXT for none. */
uint32_t css_won(const css_styles *styles, const struct style *style, uint32_t property);
/* The same of html.css alone. */
uint32_t css_won_of_html(css_styles *styles, const struct style *style, uint32_t property);

/* --- index.c --- */

/* Makes the index, unless that was done since the sheets changed. */
firn_status css_index(css_styles *styles);
uint32_t css_hash(char kind, const char *text, size_t size);
/* The pseudo-elements that there is style of, from 1 on; 0 for others. */
uint16_t css_pseudo(const char *name, size_t size);
/* Below 0, 0 or above 0, as declarations of the one lose to those of the other. */
int css_compare_layers(const css_styles *styles, uint16_t a, uint16_t b);

/* --- variables.c --- */

/* Writes a value with its var() replaced; false where one of them has no value. */
bool css_substitute(css_styles *styles, uint32_t style, const char *text, size_t size,
                    css_text *out);
/* The value of a name with "--"; false for none. */
bool css_custom(css_styles *styles, uint32_t style, uint32_t name, int depth, css_text *out);

/* --- compute.c --- */

/* Writes a longhand's value. */
void css_compute(css_styles *styles, uint32_t style, css_property longhand, css_text *out);

#endif
