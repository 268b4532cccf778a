/* The document object model of a page, compact: a node is 24 bytes in a pool, links are 32-bit
 * handles, names and texts are interned, and elements with the same attribute names share the list
 * of these. What a node costs on a real page stands in bench/tabs.
 *
 * This is the tree alone: no script sees it, and nothing here calls back. All nodes of a page lie
 * in one dom, in trees of which each document is one; a node that was removed is the root of its
 * own tree until it is inserted again or freed.
 *
 * Texts and names are UTF-8, in which a surrogate without its partner, which scripts can make, is
 * written as three bytes; comparisons are by bytes. Texts that are given must not lie in the page.
 *
 * Follows the DOM standard (nodes, mutation) and the HTML standard (parsing, serialisation).
 * Threads: confined to one. */
#ifndef TABS_DOM_DOM_H
#define TABS_DOM_DOM_H

#include <firn/allocator.h>
#include <firn/intern.h>
#include <firn/pool.h>
#include <firn/status.h>

typedef struct dom dom;

/* A node; 0 is none. Given out again once the node is freed. */
typedef firn_pool_handle dom_id;
/* An interned text; 0 is the empty one. Only nodes and attributes keep a text: see dom_sweep. */
typedef uint32_t dom_text;
/* An interned name, as it was written, with the prefix; for good. */
typedef uint32_t dom_name;

typedef enum dom_kind { /* as Node.nodeType */
                        DOM_ELEMENT = 1,
                        DOM_ATTRIBUTE = 2, /* of scripts alone; no node here is one */
                        DOM_TEXT = 3,
                        DOM_CDATA = 4,
                        DOM_INSTRUCTION = 7, /* <?target data?> */
                        DOM_COMMENT = 8,
                        DOM_DOCUMENT = 9,
                        DOM_DOCTYPE = 10,
                        DOM_FRAGMENT = 11,
} dom_kind;

typedef enum dom_space { /* a namespace; further ones are numbered as they come */
                         DOM_SPACE_NONE,
                         DOM_SPACE_HTML,
                         DOM_SPACE_SVG,
                         DOM_SPACE_MATHML,
                         DOM_SPACE_XLINK,
                         DOM_SPACE_XML,
                         DOM_SPACE_XMLNS,
                         DOM_SPACE_COUNT,
                         DOM_SPACE_MAX = 16,
} dom_space;

/* --- a page's nodes --- */

/* allocator NULL: the system's. FIRN_NO_MEMORY. */
firn_status dom_create(const firn_allocator *allocator, dom **ret_dom);
void dom_destroy(dom *page);

/* Counts every change of structure, attributes and texts: what was found before holds while this
 * stays. */
uint64_t dom_version(const dom *page);

typedef struct dom_usage {
    size_t node_count, text_count, name_count, shape_count;
    size_t node_bytes, attribute_bytes, text_bytes, name_bytes; /* with their tables, reserved */
} dom_usage;
void dom_usage_get(const dom *page, dom_usage *ret_usage);

/* Gives up texts that no node has, when those make up half; called now and then by who changes
 * texts, as it renumbers them: a dom_text held elsewhere is not valid after it. FIRN_NO_MEMORY,
 * with nothing changed. O(nodes) when it does anything. */
firn_status dom_sweep(dom *page);

/* --- names --- */

/* FIRN_LIMIT when a page has 2^18 names. */
firn_status dom_name_put(dom *page, const char *text, size_t size, dom_name *ret_name);
/* FIRN_INTERN_NONE for one that no node or attribute ever had. */
dom_name dom_name_find(const dom *page, const char *text, size_t size);
const char *dom_name_text(const dom *page, dom_name name, size_t *ret_size);

/* The number of a namespace's address; "" is DOM_SPACE_NONE. FIRN_LIMIT for the 17th. */
firn_status dom_space_put(dom *page, const char *address, size_t size, uint32_t *ret_space);
const char *dom_space_text(const dom *page, uint32_t space, size_t *ret_size);
uint32_t dom_space_count(const dom *page);

/* --- nodes --- */

/* All return FIRN_NO_MEMORY, with nothing changed. */
firn_status dom_element(dom *page, uint32_t space, dom_name name, dom_id *ret_node);
firn_status dom_characters(dom *page, dom_kind kind, const char *text, size_t size,
                           dom_id *ret_node); /* text, CDATA section or comment */
firn_status dom_instruction(dom *page, dom_name target, const char *text, size_t size,
                            dom_id *ret_node);
firn_status dom_doctype(dom *page, dom_name name, const char *public_id, const char *system_id,
                        dom_id *ret_node);
firn_status dom_container(dom *page, dom_kind kind, dom_id *ret_node); /* document or fragment */

/* Frees a root with all below it, contents of templates included. 0 is let pass. */
void dom_free(dom *page, dom_id root);

/* Whether this is the number of a node that lives; all other calls must be given one. */
bool dom_is_node(const dom *page, dom_id node);
dom_kind dom_kind_of(const dom *page, dom_id node);
dom_id dom_parent(const dom *page, dom_id node);
dom_id dom_first(const dom *page, dom_id node);
dom_id dom_last(const dom *page, dom_id node);
dom_id dom_next(const dom *page, dom_id node);     /* sibling */
dom_id dom_previous(const dom *page, dom_id node); /* sibling */
dom_id dom_root(const dom *page, dom_id node);

/* The node after `node` in tree order below `top`, 0 at the end; dom_after passes over what is
 * below `node`. */
dom_id dom_follow(const dom *page, dom_id node, dom_id top);
dom_id dom_after(const dom *page, dom_id node, dom_id top);

/* Whether node is top or below it. */
bool dom_within(const dom *page, dom_id node, dom_id top);
/* Below 0, 0 or above 0: where a stands in tree order seen from b; of different trees, by number.
 */
int dom_compare(const dom *page, dom_id a, dom_id b);

/* Puts a root among the children of parent, before one of them or (0) at the end; the children of a
 * fragment in its place, which is empty then. The caller has checked what the DOM standard calls
 * pre-insertion validity; here parent must not lie within node. */
void dom_insert(dom *page, dom_id parent, dom_id node, dom_id before);
/* Makes a node the root of its own tree. */
void dom_remove(dom *page, dom_id node);

/* A copy without a parent; `deep` with all below it, contents of templates included. */
firn_status dom_clone(dom *page, dom_id node, bool deep, dom_id *ret_copy);

dom_name dom_name_of(const dom *page, dom_id node); /* of elements, instructions and doctypes */
uint32_t dom_space_of(const dom *page, dom_id element);

/* What a text, CDATA section, comment or instruction holds; "" for others. Valid until the next
 * change of any text. */
const char *dom_value(const dom *page, dom_id node, size_t *ret_size);
firn_status dom_value_set(dom *page, dom_id node, const char *text, size_t size);
/* Of a doctype. */
const char *dom_doctype_public(const dom *page, dom_id node, size_t *ret_size);
const char *dom_doctype_system(const dom *page, dom_id node, size_t *ret_size);

/* The fragment that holds the contents of an HTML template element; made when it is asked for. */
firn_status dom_contents(dom *page, dom_id template_element, dom_id *ret_fragment);
dom_id dom_contents_if_any(const dom *page, dom_id template_element);

/* Bits that the users of a node keep with it; all are 0 in a new one. */
typedef enum dom_flag {
    DOM_FLAG_WRAPPED = 1,   /* a script has an object for it */
    DOM_FLAG_LISTENING = 2, /* it has listeners */
    DOM_FLAG_STARTED = 4,   /* a script element that has run, or must not */
    DOM_FLAG_STATE = 8,     /* a form control has a value of its own, or an element was scrolled */
} dom_flag;
bool dom_flag_get(const dom *page, dom_id node, dom_flag flag);
void dom_flag_set(dom *page, dom_id node, dom_flag flag, bool set);

/* --- attributes: in the order in which they were set --- */

typedef struct dom_attribute {
    dom_name name;
    uint32_t space;
    dom_text value;
} dom_attribute;

size_t dom_attribute_count(const dom *page, dom_id element);
dom_attribute dom_attribute_at(const dom *page, dom_id element, size_t index);
/* Its value, NULL when there is none; valid until the next change of any text. The name is as it
 * was written, whatever the namespace. */
const char *dom_attribute_get(const dom *page, dom_id element, dom_name name, size_t *ret_size);
/* The same for a name as text, in lower case where the element is of HTML. */
const char *dom_attribute_find(const dom *page, dom_id element, const char *name, size_t *ret_size);
/* FIRN_LIMIT beyond 4,096 of an element. */
firn_status dom_attribute_set(dom *page, dom_id element, uint32_t space, dom_name name,
                              const char *value, size_t size);
/* FIRN_NOT_FOUND. */
firn_status dom_attribute_remove(dom *page, dom_id element, dom_name name);

const char *dom_text_get(const dom *page, dom_text text, size_t *ret_size);

#endif
