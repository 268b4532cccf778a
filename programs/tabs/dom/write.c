/* Nodes to HTML and to text, without recursion: the way back up is by the nodes' parents, and from
 * a template's contents by a list of the templates that are open.
 *
 * Complexity: O(bytes written + nodes).
 */
#include "tabs/dom/write.h"

#include "tabs/dom/state.h"

#include <string.h>

struct writer {
    const dom *page;
    dom_write_fn write;
    void *context;
    dom_id *templates; /* whose contents are being written */
    size_t count, capacity;
};

static firn_status put(struct writer *writer, const char *text, size_t size)
{
    return size > 0 ? writer->write(writer->context, text, size) : FIRN_OK;
}

static firn_status put_word(struct writer *writer, const char *word)
{
    return put(writer, word, strlen(word));
}

/* What stands for a byte, or (of two) a no-break space, in a text or a value; NULL: itself. */
static const char *escape(const char *at, size_t left, bool value, size_t *ret_used)
{
    *ret_used = 1;
    switch (*at) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return value ? "&quot;" : NULL;
    case '\xc2':
        *ret_used = 2;
        return left > 1 && at[1] == '\xa0' ? "&nbsp;" : NULL;
    default:
        return NULL;
    }
}

static firn_status put_escaped(struct writer *writer, const char *text, size_t size, bool value)
{
    firn_status status = FIRN_OK;
    size_t done = 0, used;
    for (size_t at = 0; at < size && status == FIRN_OK; at++) {
        const char *word = escape(text + at, size - at, value, &used);
        if (word == NULL)
            continue;
        status = put(writer, text + done, at - done);
        if (status == FIRN_OK)
            status = put_word(writer, word);
        done = at + used;
        at = done - 1;
    }
    return status == FIRN_OK ? put(writer, text + done, size - done) : status;
}

static bool is_one_of(const dom *page, dom_id element, const char *const *names, size_t count)
{
    size_t size;
    if (dom_kind_of(page, element) != DOM_ELEMENT || dom_space_of(page, element) != DOM_SPACE_HTML)
        return false;
    const char *name = dom_name_text(page, dom_name_of(page, element), &size);
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
            return true;
    }
    return false;
}

static bool is_void(const dom *page, dom_id element)
{
    static const char *const names[] = {"area",  "base",  "basefont", "bgsound", "br",    "col",
                                        "embed", "frame", "hr",       "img",     "input", "keygen",
                                        "link",  "meta",  "param",    "source",  "track", "wbr"};
    return is_one_of(page, element, names, sizeof names / sizeof names[0]);
}

/* Whether texts in it are not escaped. */
static bool is_raw(const dom *page, dom_id element)
{
    static const char *const names[] = {"style",   "script",   "xmp",       "iframe",
                                        "noembed", "noframes", "plaintext", "noscript"};
    return element != 0 && is_one_of(page, element, names, sizeof names / sizeof names[0]);
}

static firn_status put_name(struct writer *writer, dom_name name)
{
    size_t size;
    const char *text = dom_name_text(writer->page, name, &size);
    return put(writer, text, size);
}

static firn_status put_start(struct writer *writer, dom_id element)
{
    const dom *page = writer->page;
    firn_status status = put_word(writer, "<");
    if (status == FIRN_OK)
        status = put_name(writer, dom_name_of(page, element));
    size_t count = dom_attribute_count(page, element);
    for (size_t i = 0; status == FIRN_OK && i < count; i++) {
        dom_attribute attribute = dom_attribute_at(page, element, i);
        size_t size;
        const char *value = dom_text_get(page, attribute.value, &size);
        status = put_word(writer, " ");
        if (status == FIRN_OK)
            status = put_name(writer, attribute.name);
        if (status == FIRN_OK)
            status = put_word(writer, "=\"");
        if (status == FIRN_OK)
            status = put_escaped(writer, value, size, true);
        if (status == FIRN_OK)
            status = put_word(writer, "\"");
    }
    return status == FIRN_OK ? put_word(writer, ">") : status;
}

static firn_status put_end(struct writer *writer, dom_id element)
{
    if (dom_kind_of(writer->page, element) != DOM_ELEMENT || is_void(writer->page, element))
        return FIRN_OK;
    firn_status status = put_word(writer, "</");
    if (status == FIRN_OK)
        status = put_name(writer, dom_name_of(writer->page, element));
    return status == FIRN_OK ? put_word(writer, ">") : status;
}

static firn_status put_between(struct writer *writer, const char *before, dom_id node,
                               const char *after)
{
    size_t size;
    const char *text = dom_value(writer->page, node, &size);
    firn_status status = put_word(writer, before);
    if (status == FIRN_OK)
        status = put(writer, text, size);
    return status == FIRN_OK ? put_word(writer, after) : status;
}

static firn_status put_named(struct writer *writer, const char *before, dom_id node)
{
    firn_status status = put_word(writer, before);
    return status == FIRN_OK ? put_name(writer, dom_name_of(writer->page, node)) : status;
}

/* Writes a node but for what is below it. */
static firn_status put_node(struct writer *writer, dom_id node)
{
    const dom *page = writer->page;
    firn_status status;
    size_t size;
    switch (dom_kind_of(page, node)) {
    case DOM_ELEMENT:
        return put_start(writer, node);
    case DOM_TEXT:
    case DOM_CDATA: {
        const char *text = dom_value(page, node, &size);
        return is_raw(page, dom_parent(page, node)) ? put(writer, text, size)
                                                    : put_escaped(writer, text, size, false);
    }
    case DOM_COMMENT:
        return put_between(writer, "<!--", node, "-->");
    case DOM_INSTRUCTION:
        status = put_named(writer, "<?", node);
        return status == FIRN_OK ? put_between(writer, " ", node, ">") : status;
    case DOM_DOCTYPE:
        status = put_named(writer, "<!DOCTYPE ", node);
        return status == FIRN_OK ? put_word(writer, ">") : status;
    default:
        return FIRN_OK;
    }
}

/* What is to be written below a node: its first child, or its contents' where it is a template. */
static firn_status below(struct writer *writer, dom_id node, dom_id *ret_first)
{
    const dom *page = writer->page;
    dom_id contents = dom_contents_if_any(page, node);
    *ret_first = 0;
    if (dom_kind_of(page, node) == DOM_ELEMENT && is_void(page, node))
        return FIRN_OK;
    *ret_first = dom_first(page, contents != 0 ? contents : node);
    if (contents == 0 || *ret_first == 0)
        return FIRN_OK;
    if (!firn_grow(page->allocator, (void **)&writer->templates, &writer->capacity,
                   writer->count + 1, sizeof *writer->templates))
        return FIRN_NO_MEMORY;
    writer->templates[writer->count++] = node;
    return FIRN_OK;
}

/* The element whose end comes when all children of `parent` are written. */
static dom_id element_around(struct writer *writer, dom_id parent)
{
    bool contents =
        dom_kind_of(writer->page, parent) == DOM_FRAGMENT && writer->count > 0 &&
        dom_contents_if_any(writer->page, writer->templates[writer->count - 1]) == parent;
    return contents ? writer->templates[--writer->count] : parent;
}

/* Ends what ends behind a node without children, and returns what comes next, 0 for nothing. */
static firn_status go_on(struct writer *writer, dom_id node, dom_id top, dom_id *ret_next)
{
    const dom *page = writer->page;
    firn_status status = FIRN_OK;
    while (status == FIRN_OK && node != top) {
        dom_id next = dom_next(page, node);
        if (next != 0) {
            *ret_next = next;
            return FIRN_OK;
        }
        node = element_around(writer, dom_parent(page, node));
        if (node != top)
            status = put_end(writer, node);
    }
    *ret_next = 0;
    return status;
}

static firn_status write_below(struct writer *writer, dom_id top)
{
    dom_id node, first;
    firn_status status = below(writer, top, &node);
    while (status == FIRN_OK && node != 0) {
        status = put_node(writer, node);
        if (status == FIRN_OK)
            status = below(writer, node, &first);
        if (status != FIRN_OK)
            break;
        if (first != 0) {
            node = first;
            continue;
        }
        status = put_end(writer, node);
        if (status == FIRN_OK)
            status = go_on(writer, node, top, &node);
    }
    return status;
}

firn_status dom_write_html(const dom *page, dom_id node, bool inner, dom_write_fn write,
                           void *context)
{
    struct writer writer = {.page = page, .write = write, .context = context};
    firn_status status = inner ? FIRN_OK : put_node(&writer, node);
    if (status == FIRN_OK)
        status = write_below(&writer, node);
    if (status == FIRN_OK && !inner)
        status = put_end(&writer, node);
    firn_release(page->allocator, writer.templates, writer.capacity * sizeof *writer.templates);
    return status;
}

firn_status dom_write_text(const dom *page, dom_id top, dom_write_fn write, void *context)
{
    firn_status status = FIRN_OK;
    size_t size;
    if (has_text(dom_kind_of(page, top))) {
        const char *text = dom_value(page, top, &size);
        return write(context, text, size);
    }
    for (dom_id node = top; node != 0 && status == FIRN_OK; node = dom_follow(page, node, top)) {
        dom_kind kind = dom_kind_of(page, node);
        if (kind != DOM_TEXT && kind != DOM_CDATA)
            continue;
        const char *text = dom_value(page, node, &size);
        status = write(context, text, size);
    }
    return status;
}
