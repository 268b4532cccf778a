/* What a sheet is made of: sheet_rules.c answers, sheet_read.c makes rules of text, dormant.c and
 * dormant_restore.c put it to sleep and wake it. */
#ifndef TABS_CSS_SHEET_STATE_H
#define TABS_CSS_SHEET_STATE_H

#include "tabs/css/sheet.h"

#include <firn/allocator.h>

/* Texts lie behind each other, each behind its size, a varint; the first is "". */
struct rule {
    uint32_t parent : 24, kind : 8;
    uint32_t next;
    uint32_t prelude; /* a text */
    union {
        uint32_t body;  /* a text */
        uint32_t first; /* of those that have rules within */
    };
};
_Static_assert(sizeof(struct rule) == 16, "a rule is 16 bytes");

#define RULES_MAX (1u << 24)
#define TEXT_MAX (1u << 30)

struct css_sheet {
    const firn_allocator *allocator;
    char *text; /* NULL once it was read */
    size_t text_bytes;
    uint32_t text_checksum; /* once it was read */
    struct rule *rules;     /* NULL until then, or asleep */
    uint32_t count, room;
    uint8_t *texts;
    uint32_t texts_bytes, texts_room;
};

static inline bool is_group(uint32_t kind)
{
    return kind == 0 || kind == CSS_RULE_MEDIA || kind == CSS_RULE_SUPPORTS ||
           kind == CSS_RULE_LAYER_BLOCK || kind == CSS_RULE_CONTAINER || kind == CSS_RULE_SCOPE ||
           kind == CSS_RULE_STARTING_STYLE || kind == CSS_RULE_KEYFRAMES;
}

/* Texts of a sheet while it is made, by their hashes, so that equal ones are kept once; begin with
 * all bytes 0. */
struct css_distinct {
    uint32_t *slots; /* texts, 0: none */
    size_t count, room;
};
void css_distinct_fini(const css_sheet *sheet, struct css_distinct *distinct);

/* Adds a text; distinct may be NULL. FIRN_NO_MEMORY, FIRN_LIMIT. */
firn_status css_sheet_put(css_sheet *sheet, struct css_distinct *distinct, const char *text,
                          size_t size, uint32_t *ret_at);
const char *css_sheet_text(const css_sheet *sheet, uint32_t at, size_t *ret_size);
/* Adds a rule with nothing but these; the first is the sheet itself. FIRN_NO_MEMORY, FIRN_LIMIT. */
firn_status css_sheet_add(css_sheet *sheet, css_rule parent, uint32_t kind, css_rule *ret_rule);
/* Gives back what the texts and rules do not need. */
void css_sheet_fit(css_sheet *sheet);
/* Gives back all memory but that of the struct. */
void css_sheet_empty(css_sheet *sheet);

/* Makes rules of the text, which stays. What failed has rules of a part of it. */
firn_status css_sheet_read_text(css_sheet *sheet, dom *page);
/* Reads a text as one rule, with the names of page; *ret_rule is 0 for what is none. Adds it
 * and those within, linked to nothing. */
firn_status css_sheet_read_rule(css_sheet *sheet, dom *page, css_rule parent, const char *text,
                                size_t size, css_rule *ret_rule);

#endif
