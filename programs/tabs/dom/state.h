/* What the files of the DOM share: the layout of a node, and the page that all lie in. Included by
 * these files only; nothing here calls back up. */
#ifndef TABS_DOM_STATE_H
#define TABS_DOM_STATE_H

#include "tabs/dom/dom.h"

#include <firn/map.h>

/* Children are a list whose first knows the last: its `previous` is the last, and the last's `next`
 * is 0. A root has neither siblings nor parent. */
struct dom_node {
    uint32_t parent, next, previous;
    union {
        uint32_t first;     /* child, of elements, documents and fragments */
        uint32_t system_id; /* of a doctype: a text */
    };
    uint32_t head; /* kind 4 bits, namespace 4, flags 6, name 18 */
    union {
        uint32_t attributes; /* of an element: see attributes.c; 0: none */
        uint32_t text;       /* of a text, a comment and the like; of a doctype its public id */
    };
};
_Static_assert(sizeof(struct dom_node) == 24, "a node is 24 bytes");

#define HEAD_KIND 0xfu
#define HEAD_SPACE_SHIFT 4
#define HEAD_FLAG_SHIFT 8
#define HEAD_NAME_SHIFT 14
#define NAME_MAX (1u << 18)

/* A list of attribute names: that of `before`, and one more. Elements whose attributes were set in
 * the same order share it; shape 0 is the empty list. As the hidden classes of script engines. */
struct shape {
    uint32_t before;
    uint32_t name : 28, space : 4;
    uint32_t count;
};

#define BLOCK_KINDS 17 /* sizes of lists of values */

struct dom {
    const firn_allocator *allocator;
    firn_pool nodes;
    firn_intern *names, *texts;
    struct shape *shapes;
    size_t shape_count, shape_capacity;
    firn_map_type *step_type, *content_type;
    firn_map steps; /* from shape and name to the shape with both */
    firn_pool blocks[BLOCK_KINDS];
    bool block_made[BLOCK_KINDS];
    firn_map contents; /* of templates: from element to fragment */
    dom_name spaces[DOM_SPACE_MAX];
    uint32_t space_count;
    size_t swept_bytes; /* of texts after the last sweep */
    uint64_t version;
};

static inline struct dom_node *node_at(const dom *page, dom_id id)
{
    return firn_pool_get(&page->nodes, id);
}

static inline dom_kind kind_of(const struct dom_node *node)
{
    return (dom_kind)(node->head & HEAD_KIND);
}

static inline bool has_text(dom_kind kind)
{
    return kind == DOM_TEXT || kind == DOM_CDATA || kind == DOM_COMMENT || kind == DOM_INSTRUCTION;
}

static inline bool has_children(dom_kind kind)
{
    return kind == DOM_ELEMENT || kind == DOM_DOCUMENT || kind == DOM_FRAGMENT;
}

/* page.c: a zeroed page, but for its allocator, to one without nodes; what is there when it fails
 * is for dom_dormant_empty. */
firn_status dom_make(dom *page);

/* attributes.c */
void dom_attributes_free(dom *page, struct dom_node *element);
firn_status dom_attributes_copy(dom *page, const struct dom_node *from, struct dom_node *to);
/* The values of an element's attributes, count of them; NULL when there are none. */
uint32_t *dom_attributes_values(const dom *page, const struct dom_node *element, size_t *ret_count);

/* The shape of an element, 0 for none. */
uint32_t dom_attributes_shape(const dom *page, const struct dom_node *element);
/* The shape with one name more. */
firn_status dom_shape_step(dom *page, uint32_t before, uint32_t space, dom_name name,
                           uint32_t *ret_shape);
/* Gives an element without attributes all of a shape, which is not 0. *ret_values are to be set. */
firn_status dom_attributes_make(dom *page, struct dom_node *element, uint32_t shape,
                                dom_text **ret_values);

/* texts.c */
firn_status dom_text_put(dom *page, const char *text, size_t size, dom_text *ret_text);

#endif
