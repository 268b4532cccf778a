/* Style sheets: a text, until somebody asks for its rules; then these, each with the texts before
 * its block and in it, of which equal ones are kept once. What a rule says is looked at when
 * somebody asks about it.
 *
 * Follows CSS Syntax Level 3; rules that it does not let stand, and rules of names that nobody
 * knows, are not there. Threads: confined to one. */
#ifndef TABS_CSS_SHEET_H
#define TABS_CSS_SHEET_H

#include "tabs/css/scan.h"
#include "tabs/css/text.h"
#include "tabs/dom/dom.h"

typedef struct css_sheet css_sheet;
typedef uint32_t css_rule; /* 0: the sheet itself, of which rules are children */

typedef enum css_rule_kind { /* as CSSRule.type has them, and others from 100 on */
                             CSS_RULE_STYLE = 1,
                             CSS_RULE_IMPORT = 3,
                             CSS_RULE_MEDIA = 4,
                             CSS_RULE_FONT_FACE = 5,
                             CSS_RULE_PAGE = 6,
                             CSS_RULE_KEYFRAMES = 7,
                             CSS_RULE_KEYFRAME = 8,
                             CSS_RULE_NAMESPACE = 10,
                             CSS_RULE_COUNTER_STYLE = 11,
                             CSS_RULE_SUPPORTS = 12,
                             CSS_RULE_LAYER_BLOCK = 100,
                             CSS_RULE_LAYER_STATEMENT,
                             CSS_RULE_CONTAINER,
                             CSS_RULE_PROPERTY,
                             CSS_RULE_SCOPE,
                             CSS_RULE_STARTING_STYLE,
} css_rule_kind;

/* Copies the text and looks at nothing. FIRN_NO_MEMORY; FIRN_LIMIT from 1 GiB on. */
firn_status css_sheet_create(const char *text, size_t size, css_sheet **ret_sheet);
/* The same with memory from allocator, where NULL is the system's. */
firn_status css_sheet_create_with(const firn_allocator *allocator, const char *text, size_t size,
                                  css_sheet **ret_sheet);
void css_sheet_destroy(css_sheet *sheet);
/* Takes another text in place of all rules. */
firn_status css_sheet_replace(css_sheet *sheet, const char *text, size_t size);
/* Whether the text that it was made of is what stands below a node now; once it was read that is
 * known by its size and CRC-32C. */
bool css_sheet_is_text(const css_sheet *sheet, const dom *page, dom_id node);
/* Bytes that it takes, and how many rules it has, 0 while nobody has asked. */
size_t css_sheet_usage(const css_sheet *sheet, size_t *ret_rules);

/* Finds the rules, unless that was done. page: whose names selectors are checked by.
 * FIRN_NO_MEMORY: it has none then. */
firn_status css_sheet_read(css_sheet *sheet, dom *page);
css_rule css_sheet_first(const css_sheet *sheet, css_rule parent);
css_rule css_sheet_next(const css_sheet *sheet, css_rule rule); /* 0 at the end */
css_rule css_sheet_parent(const css_sheet *sheet, css_rule rule);
css_rule_kind css_sheet_kind(const css_sheet *sheet, css_rule rule);
/* What stands before the block, or before ";", without the at-word and blanks around it; and the
 * declarations within the block, "" for those with rules within. Valid until the sheet changes. */
const char *css_sheet_prelude(const css_sheet *sheet, css_rule rule, size_t *ret_size);
const char *css_sheet_body(const css_sheet *sheet, css_rule rule, size_t *ret_size);

/* Reads one rule and puts it before the index-th child of parent. FIRN_INVALID for what is no rule;
 * FIRN_NOT_FOUND for an index beyond the end; FIRN_LIMIT beyond 2^24 rules; FIRN_NO_MEMORY. */
firn_status css_sheet_insert(css_sheet *sheet, dom *page, css_rule parent, size_t index,
                             const char *text, size_t size, css_rule *ret_rule);
void css_sheet_remove(css_sheet *sheet, css_rule rule);
/* FIRN_NOT_FOUND: there is no such rule; FIRN_INVALID for the body of one with rules within. */
firn_status css_sheet_set_prelude(css_sheet *sheet, css_rule rule, const char *text, size_t size);
firn_status css_sheet_set_body(css_sheet *sheet, css_rule rule, const char *text, size_t size);

/* --- declarations of a body, or of a style attribute, in their order --- */

typedef struct css_declaration {
    const char *name, *value;
    size_t name_bytes, value_bytes;
    bool important;
} css_declaration;

typedef struct css_body {
    css_scanner scanner;
} css_body;

void css_body_begin(css_body *body, firn_arena *arena, const char *text, size_t size);
/* False at the end. What is no declaration is passed over; whether a property is known is not
 * looked at. */
bool css_body_next(css_body *body, css_declaration *ret_declaration);

/* Writes the declarations of a body, all of whose brackets are closed, with nothing else between
 * them. False where they would not read the same so; out->failed as ever. */
bool css_body_write(css_text *out, firn_arena *arena, const char *text, size_t size);

/* Whether a text is a list of selectors. */
bool css_is_selectors(dom *page, const char *text, size_t size);

#endif
