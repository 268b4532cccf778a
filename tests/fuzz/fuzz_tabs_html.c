/* HTML from hostile bytes: it is read to its end, a copy is written as the original is, and nothing
 * is left when both are freed. The first byte says whether it is a document or a fragment, and of
 * what. */
#include "tabs/dom/parse.h"
#include "tabs/dom/write.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static firn_status count(void *context, const char *text, size_t size)
{
    (void)text;
    *(size_t *)context += size;
    return FIRN_OK;
}

static void read_document(dom *page, dom_id document, const char *html, size_t size)
{
    dom_parse *parse;
    dom_id script;
    check(dom_parse_begin(page, document, html, size, &parse) == FIRN_OK);
    do
        check(dom_parse_next(parse, &script) == FIRN_OK);
    while (script != 0);
    dom_parse_end(parse);
}

static dom_id read_fragment(dom *page, uint8_t which, const char *html, size_t size)
{
    static const char *const contexts[] = {"div",      "tr",    "select", "table",
                                           "template", "title", "svg",    "x-y"};
    const char *context = contexts[which % 8];
    dom_name name;
    dom_id fragment;
    check(dom_name_put(page, context, strlen(context), &name) == FIRN_OK);
    check(dom_parse_fragment(page, which % 8 == 6 ? DOM_SPACE_SVG : DOM_SPACE_HTML, name, html,
                             size, &fragment) == FIRN_OK);
    return fragment;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dom *page;
    dom_id root, copy;
    size_t written = 0, again = 0;
    if (size == 0)
        return 0;
    const char *html = (const char *)data + 1;
    check(dom_create(NULL, &page) == FIRN_OK);
    if (data[0] < 128) {
        check(dom_container(page, DOM_DOCUMENT, &root) == FIRN_OK);
        read_document(page, root, html, size - 1);
    } else {
        root = read_fragment(page, data[0], html, size - 1);
    }
    check(dom_clone(page, root, true, &copy) == FIRN_OK);
    check(dom_write_html(page, root, true, count, &written) == FIRN_OK);
    dom_free(page, root);
    check(dom_sweep(page) == FIRN_OK);
    check(dom_write_html(page, copy, true, count, &again) == FIRN_OK);
    check(written == again);
    dom_free(page, copy);
    dom_usage usage;
    dom_usage_get(page, &usage);
    check(usage.node_count == 0);
    dom_destroy(page);
    return 0;
}
