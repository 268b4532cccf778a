/* What a list of selectors is made of: selector_read.c makes it, selector_match.c walks it. */
#ifndef TABS_CSS_SELECTOR_PARTS_H
#define TABS_CSS_SELECTOR_PARTS_H

#include "tabs/css/selector.h"

typedef enum part_kind {
    PART_TYPE,
    PART_ID,
    PART_CLASS,
    PART_ATTRIBUTE,
    PART_PSEUDO_ELEMENT,
    PART_NEVER,  /* what no element here is, such as :visited */
    PART_ANCHOR, /* of :has: the element that it stands at */
    PART_SCOPE,
    PART_ROOT,
    PART_EMPTY,
    PART_NTH, /* all that count siblings */
    PART_ONLY,
    PART_IS,
    PART_NOT,
    PART_HAS,
    PART_LINK,
    PART_LANG,
    PART_DIR,
    PART_ENABLED,
    PART_DISABLED,
    PART_CHECKED,
    PART_REQUIRED,
    PART_OPTIONAL,
    PART_READ_WRITE,
    PART_READ_ONLY,
    PART_DEFAULT,
    PART_DEFINED,
    PART_INVALID,
    PART_STATE, /* as the callback says; css_state in `state` */
} part_kind;

typedef enum attribute_operator {
    OPERATOR_EXISTS,
    OPERATOR_EQUALS,
    OPERATOR_INCLUDES, /* ~= */
    OPERATOR_DASH,     /* |= */
    OPERATOR_PREFIX,
    OPERATOR_SUFFIX,
    OPERATOR_SUBSTRING,
} attribute_operator;

typedef struct part {
    struct part *next; /* in the compound */
    part_kind kind;
    bool of_type;   /* PART_NTH, PART_ONLY: among siblings of the same type */
    bool from_last; /* PART_NTH */
    bool any_case;  /* PART_ATTRIBUTE: values are compared without case; of HTML's elements only
                     * where any_case_html alone is set */
    bool any_case_html;
    attribute_operator is;
    css_state state;
    dom_name name;    /* of a type or attribute as written; FIRN_INTERN_NONE: any type */
    dom_name lower;   /* the same as elements of HTML have it */
    bool none_space;  /* a type without a namespace is meant */
    bool any_space;   /* an attribute of any namespace is */
    const char *text; /* of an id, class, value or language */
    size_t text_bytes;
    int a, b;            /* PART_NTH: a n + b */
    css_selectors *list; /* of what stands within */
} part;

typedef enum combinator {
    COMBINE_NONE,
    COMBINE_DESCENDANT,
    COMBINE_CHILD,
    COMBINE_NEXT,
    COMBINE_LATER,
} combinator;

/* The parts of one element, and how it stands to the compound before it, on its left. */
typedef struct compound {
    part *parts;
    combinator to_left;
    struct compound *left;
} compound;

typedef struct selector {
    struct selector *next;
    compound *last; /* the one on the right */
    uint32_t specificity;
    bool of_pseudo;
    bool among_siblings; /* within :has: what may match stands behind the anchor, or below those */
} selector;

struct css_selectors {
    selector *first;
    size_t count;
    dom_name id_name, class_name, lang_name, dir_name;
};

#endif
