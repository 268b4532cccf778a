/* HTML to nodes: Gumbo reads the whole text into nodes of its own, in an arena, and these are
 * copied one by one, in the order of the text.
 *
 * What Gumbo reads otherwise than a browser with scripts on is set right on the way: the contents
 * of noscript are a text, those of a template a fragment apart, and attributes of other namespaces
 * get their prefix back; what stands before the end of a form is in it.
 *
 * Invariants:
 *   I1  `open` has the copies of the parents of `next`, the document or fragment first
 *   I2  when Gumbo finds no memory, which it does not look for, its allocator leaves it by longjmp;
 *       all that it has lies in the arena
 */
#include "tabs/dom/parse.h"

#include "tabs/dom/state.h"

#include <firn/arena.h>

#include <gumbo.h>
#include <setjmp.h>
#include <string.h>
#include <strings.h>

struct dom_parse {
    dom *page;
    firn_arena arena;
    jmp_buf no_memory; /* I2 */
    const GumboOutput *output;
    const GumboNode *next; /* to be copied; NULL at the end */
    dom_id *open;
    size_t depth, capacity;
    bool fragment; /* its scripts must not run */
};

/* --- Gumbo's memory --- */

static void *give(void *context, size_t size)
{
    dom_parse *parse = context;
    void *block = firn_arena_alloc(&parse->arena, size);
    if (block == NULL)
        longjmp(parse->no_memory, 1);
    return block;
}

static void take(void *context, void *block)
{
    (void)context;
    (void)block;
}

static firn_status read_all(dom_parse *parse, const char *html, size_t size, GumboTag context,
                            GumboNamespaceEnum space)
{
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = give;
    options.deallocator = take;
    options.userdata = parse;
    options.max_errors = 0;
    options.fragment_context = context;
    options.fragment_namespace = space;
    if (setjmp(parse->no_memory) != 0)
        return FIRN_NO_MEMORY;
    parse->output = gumbo_parse_with_options(&options, html, size);
    return FIRN_OK;
}

/* --- names --- */

static uint32_t space_of(GumboNamespaceEnum space)
{
    return space == GUMBO_NAMESPACE_SVG      ? DOM_SPACE_SVG
           : space == GUMBO_NAMESPACE_MATHML ? DOM_SPACE_MATHML
                                             : DOM_SPACE_HTML;
}

#define NAME_BYTES 64 /* of a name that is put together here; longer ones come as they are */

/* The name of an element that Gumbo has no number for: from the text, in lower case. */
static firn_status unknown_name(dom *page, GumboStringPiece tag, dom_name *ret_name)
{
    char lower[NAME_BYTES];
    gumbo_tag_from_original_text(&tag);
    if (tag.length > sizeof lower)
        return dom_name_put(page, tag.data, tag.length, ret_name);
    for (size_t i = 0; i < tag.length; i++) {
        char byte = tag.data[i];
        lower[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte + 'a' - 'A') : byte;
    }
    return dom_name_put(page, lower, tag.length, ret_name);
}

static firn_status element_name(dom *page, const GumboElement *element, dom_name *ret_name)
{
    GumboStringPiece tag = element->original_tag;
    if (element->tag_namespace == GUMBO_NAMESPACE_SVG) {
        gumbo_tag_from_original_text(&tag);
        const char *name = gumbo_normalize_svg_tagname(&tag);
        if (name != NULL)
            return dom_name_put(page, name, strlen(name), ret_name);
    }
    if (element->tag == GUMBO_TAG_UNKNOWN)
        return unknown_name(page, element->original_tag, ret_name);
    const char *name = gumbo_normalized_tagname(element->tag);
    return dom_name_put(page, name, strlen(name), ret_name);
}

static firn_status copy_attribute(dom *page, dom_id element, const GumboAttribute *attribute)
{
    static const struct {
        uint32_t space;
        const char *prefix;
    } of[] = {
        [GUMBO_ATTR_NAMESPACE_NONE] = {DOM_SPACE_NONE, ""},
        [GUMBO_ATTR_NAMESPACE_XLINK] = {DOM_SPACE_XLINK, "xlink:"},
        [GUMBO_ATTR_NAMESPACE_XML] = {DOM_SPACE_XML, "xml:"},
        [GUMBO_ATTR_NAMESPACE_XMLNS] = {DOM_SPACE_XMLNS, "xmlns:"},
    };
    const char *prefix = of[attribute->attr_namespace].prefix;
    char whole[NAME_BYTES];
    dom_name name;
    size_t before = strlen(prefix), size = strlen(attribute->name);
    const char *text = attribute->name;
    if (before > 0 && strcmp(text, "xmlns") != 0 && before + size <= sizeof whole) {
        memcpy(whole, prefix, before);
        memcpy(whole + before, text, size);
        text = whole;
        size += before;
    }
    firn_status status = dom_name_put(page, text, size, &name);
    if (status != FIRN_OK)
        return status;
    return dom_attribute_set(page, element, of[attribute->attr_namespace].space, name,
                             attribute->value, strlen(attribute->value));
}

/* --- nodes --- */

static firn_status copy_element(dom_parse *parse, const GumboElement *element, dom_id *ret_node)
{
    dom *page = parse->page;
    dom_name name;
    dom_id node;
    firn_status status = element_name(page, element, &name);
    if (status == FIRN_OK)
        status = dom_element(page, space_of(element->tag_namespace), name, &node);
    if (status != FIRN_OK)
        return status;
    for (unsigned i = 0; i < element->attributes.length; i++) {
        status = copy_attribute(page, node, element->attributes.data[i]);
        if (status == FIRN_LIMIT) /* what is too much for an element is left out */
            status = FIRN_OK;
        if (status != FIRN_OK) {
            dom_free(page, node);
            return status;
        }
    }
    *ret_node = node;
    return FIRN_OK;
}

static firn_status append(dom_parse *parse, dom_id node)
{
    dom_insert(parse->page, parse->open[parse->depth - 1], node, 0);
    return FIRN_OK;
}

static firn_status append_text(dom_parse *parse, dom_kind kind, const char *text, size_t size)
{
    dom_id node;
    firn_status status = dom_characters(parse->page, kind, text, size, &node);
    return status == FIRN_OK ? append(parse, node) : status;
}

/* The contents of noscript, which Gumbo has read as nodes. */
static firn_status append_source(dom_parse *parse, const GumboElement *element)
{
    const char *from = element->original_tag.data + element->original_tag.length;
    const char *to = element->original_end_tag.data;
    if (element->original_tag.length == 0 || element->original_end_tag.length == 0 || to <= from)
        return FIRN_OK;
    return append_text(parse, DOM_TEXT, from, (size_t)(to - from));
}

static firn_status open_node(dom_parse *parse, dom_id node)
{
    if (!firn_grow(parse->page->allocator, (void **)&parse->open, &parse->capacity,
                   parse->depth + 1, sizeof *parse->open))
        return FIRN_NO_MEMORY;
    parse->open[parse->depth++] = node;
    return FIRN_OK;
}

static bool is_html(const GumboNode *node, GumboTag tag)
{
    return (node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE) &&
           node->v.element.tag == tag && node->v.element.tag_namespace == GUMBO_NAMESPACE_HTML;
}

static bool is_script(const GumboNode *node)
{
    return node->type == GUMBO_NODE_ELEMENT && node->v.element.tag == GUMBO_TAG_SCRIPT &&
           node->v.element.tag_namespace != GUMBO_NAMESPACE_MATHML;
}

/* Copies an element and opens it; what its children go into is a template's fragment. */
static firn_status enter(dom_parse *parse, const GumboNode *from)
{
    dom_id node, into;
    firn_status status = copy_element(parse, &from->v.element, &node);
    if (status == FIRN_OK)
        status = append(parse, node);
    into = node;
    if (status == FIRN_OK && is_html(from, GUMBO_TAG_TEMPLATE))
        status = dom_contents(parse->page, node, &into);
    if (status == FIRN_OK && parse->fragment && is_script(from))
        dom_flag_set(parse->page, node, DOM_FLAG_STARTED, true);
    return status == FIRN_OK ? open_node(parse, into) : status;
}

#define FORM_END "</form"

/* How many bytes of a text stand before the end of the form that it comes behind: Gumbo takes that
 * element away, and does not say where it ended, before it makes a node of the text that it has
 * gathered. None where that is not plain. */
static size_t within_form(const GumboNode *text)
{
    const GumboNode *parent = text->parent;
    if (parent->type != GUMBO_NODE_ELEMENT || text->index_within_parent == 0)
        return 0;
    const GumboNode *form = parent->v.element.children.data[text->index_within_parent - 1];
    const GumboStringPiece *source = &text->v.text.original_text;
    if (!is_html(form, GUMBO_TAG_FORM))
        return 0;
    const char *closed = source->data - strlen(FORM_END ">"); /* where there is no text in it */
    if (closed >= form->v.element.original_tag.data &&
        strncasecmp(closed, FORM_END ">", strlen(FORM_END ">")) == 0)
        return 0;
    const char *end = memchr(source->data, '<', source->length);
    size_t size = end != NULL ? (size_t)(end - source->data) : 0;
    bool plain = size > 0 && source->length - size > strlen(FORM_END) &&
                 strncasecmp(end, FORM_END, strlen(FORM_END)) == 0 &&
                 strncmp(text->v.text.text, source->data, size) == 0;
    return plain ? size : 0;
}

static firn_status copy_leaf(dom_parse *parse, const GumboNode *from)
{
    static const dom_kind kinds[] = {
        [GUMBO_NODE_TEXT] = DOM_TEXT,
        [GUMBO_NODE_WHITESPACE] = DOM_TEXT,
        [GUMBO_NODE_CDATA] = DOM_TEXT, /* as HTML has it, even in foreign elements */
        [GUMBO_NODE_COMMENT] = DOM_COMMENT,
    };
    const char *text = from->v.text.text;
    size_t inner = kinds[from->type] == DOM_TEXT ? within_form(from) : 0;
    if (inner > 0) {
        dom_id form = dom_last(parse->page, parse->open[parse->depth - 1]), node;
        firn_status status = dom_characters(parse->page, DOM_TEXT, text, inner, &node);
        if (status != FIRN_OK)
            return status;
        bool there = form != 0 && dom_kind_of(parse->page, form) == DOM_ELEMENT;
        dom_insert(parse->page, there ? form : parse->open[parse->depth - 1], node, 0);
        text += inner;
    }
    return *text != 0 ? append_text(parse, kinds[from->type], text, strlen(text)) : FIRN_OK;
}

/* Goes on behind a node whose copy is whole; closes what ends with it, up to a script, which is
 * told.
 */
static void leave(dom_parse *parse, const GumboNode *node, const GumboNode *top, dom_id *ret_script)
{
    *ret_script = 0;
    for (;;) {
        const GumboNode *parent = node->parent;
        const GumboVector *siblings = parent->type == GUMBO_NODE_DOCUMENT
                                          ? &parent->v.document.children
                                          : &parent->v.element.children;
        if (node->index_within_parent + 1 < siblings->length) {
            parse->next = siblings->data[node->index_within_parent + 1];
            return;
        }
        if (parent == top) {
            parse->next = NULL;
            return;
        }
        if (is_script(parent))
            *ret_script = parse->open[parse->depth - 1];
        parse->depth--;
        node = parent;
    }
}

/* Copies the next node; *ret_script is the script element that ends with it. */
static firn_status copy_next(dom_parse *parse, const GumboNode *top, dom_id *ret_script)
{
    const GumboNode *node = parse->next;
    *ret_script = 0;
    if (node->type != GUMBO_NODE_ELEMENT && node->type != GUMBO_NODE_TEMPLATE) {
        firn_status status = copy_leaf(parse, node);
        if (status == FIRN_OK)
            leave(parse, node, top, ret_script);
        return status;
    }
    firn_status status = enter(parse, node);
    bool source = is_html(node, GUMBO_TAG_NOSCRIPT);
    if (status == FIRN_OK && source)
        status = append_source(parse, &node->v.element);
    if (status != FIRN_OK)
        return status;
    if (!source && node->v.element.children.length > 0) {
        parse->next = node->v.element.children.data[0];
        return FIRN_OK;
    }
    dom_id empty = is_script(node) ? parse->open[parse->depth - 1] : 0;
    parse->depth--;
    leave(parse, node, top, ret_script);
    *ret_script = empty != 0 ? empty : *ret_script;
    return FIRN_OK;
}

/* --- the calls --- */

static firn_status begin(dom *page, dom_id into, const char *html, size_t size, GumboTag context,
                         GumboNamespaceEnum space, dom_parse **ret_parse)
{
    if (size > INT32_MAX)
        return FIRN_LIMIT;
    dom_parse *parse = firn_allocate_zeroed(page->allocator, 1, sizeof *parse);
    if (parse == NULL)
        return FIRN_NO_MEMORY;
    parse->page = page;
    firn_arena_options options = {.allocator = page->allocator};
    firn_status status = firn_arena_init(&parse->arena, &options);
    if (status == FIRN_OK)
        status = open_node(parse, into);
    if (status == FIRN_OK)
        status = read_all(parse, html, size, context, space);
    if (status == FIRN_OK)
        *ret_parse = parse;
    else
        dom_parse_end(parse);
    return status;
}

static firn_status append_doctype(dom_parse *parse, const GumboDocument *document)
{
    dom_name name;
    dom_id node;
    firn_status status = dom_name_put(parse->page, document->name, strlen(document->name), &name);
    if (status == FIRN_OK)
        status = dom_doctype(parse->page, name, document->public_identifier,
                             document->system_identifier, &node);
    return status == FIRN_OK ? append(parse, node) : status;
}

firn_status dom_parse_begin(dom *page, dom_id document, const char *html, size_t size,
                            dom_parse **ret_parse)
{
    dom_parse *parse;
    firn_status status =
        begin(page, document, html, size, GUMBO_TAG_LAST, GUMBO_NAMESPACE_HTML, &parse);
    if (status != FIRN_OK)
        return status;
    const GumboDocument *read = &parse->output->document->v.document;
    parse->next = read->children.length > 0 ? read->children.data[0] : NULL;
    if (read->has_doctype)
        status = append_doctype(parse, read);
    if (status == FIRN_OK)
        *ret_parse = parse;
    else
        dom_parse_end(parse);
    return status;
}

dom_quirks dom_parse_quirks(const dom_parse *parse)
{
    switch (parse->output->document->v.document.doc_type_quirks_mode) {
    case GUMBO_DOCTYPE_QUIRKS:
        return DOM_QUIRKS;
    case GUMBO_DOCTYPE_LIMITED_QUIRKS:
        return DOM_LIMITED_QUIRKS;
    default:
        return DOM_NO_QUIRKS;
    }
}

firn_status dom_parse_next(dom_parse *parse, dom_id *ret_script)
{
    dom_id script = 0;
    while (parse->next != NULL && script == 0) {
        firn_status status = copy_next(parse, parse->output->document, &script);
        if (status != FIRN_OK) {
            parse->next = NULL;
            return status;
        }
    }
    *ret_script = script;
    return FIRN_OK;
}

void dom_parse_end(dom_parse *parse)
{
    if (parse == NULL)
        return;
    const firn_allocator *allocator = parse->page->allocator;
    firn_arena_fini(&parse->arena);
    firn_release(allocator, parse->open, parse->capacity * sizeof *parse->open);
    firn_release(allocator, parse, sizeof *parse);
}

static firn_status copy_fragment(dom_parse *parse)
{
    const GumboNode *root = parse->output->root;
    firn_status status = FIRN_OK;
    dom_id script;
    parse->fragment = true;
    parse->next = root->v.element.children.length > 0 ? root->v.element.children.data[0] : NULL;
    while (parse->next != NULL && status == FIRN_OK)
        status = copy_next(parse, root, &script);
    return status;
}

firn_status dom_parse_fragment(dom *page, uint32_t context_space, dom_name context,
                               const char *html, size_t size, dom_id *ret_fragment)
{
    size_t length;
    const char *name = dom_name_text(page, context, &length);
    GumboTag tag = gumbo_tagn_enum(name, (unsigned)length);
    GumboNamespaceEnum space = context_space == DOM_SPACE_SVG      ? GUMBO_NAMESPACE_SVG
                               : context_space == DOM_SPACE_MATHML ? GUMBO_NAMESPACE_MATHML
                                                                   : GUMBO_NAMESPACE_HTML;
    dom_id fragment;
    dom_parse *parse;
    firn_status status = dom_container(page, DOM_FRAGMENT, &fragment);
    if (status != FIRN_OK)
        return status;
    status = begin(page, fragment, html, size, tag == GUMBO_TAG_UNKNOWN ? GUMBO_TAG_DIV : tag,
                   space, &parse);
    if (status == FIRN_OK) {
        status = copy_fragment(parse);
        dom_parse_end(parse);
    }
    if (status == FIRN_OK)
        *ret_fragment = fragment;
    else
        dom_free(page, fragment);
    return status;
}
