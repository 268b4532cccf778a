/* A document's nodes put to sleep and woken: what they take, and how long it lasts. Prints a figure
 * a line: see contender.h. */
#include "tabs/dom/dormant.h"
#include "tabs/dom/parse.h"

#include <firn/file.h>

#include <stdio.h>

#include "support/measure.h"

static void check(firn_status status)
{
    if (status == FIRN_OK)
        return;
    fprintf(stderr, "%s\n", firn_status_text(status));
    exit(1);
}

static void read_document(dom *page, const char *html, size_t size)
{
    dom_parse *parse;
    dom_id document, script;
    check(dom_container(page, DOM_DOCUMENT, &document));
    check(dom_parse_begin(page, document, html, size, &parse));
    do
        check(dom_parse_next(parse, &script));
    while (script != 0);
    dom_parse_end(parse);
}

int main(int count, char **words)
{
    void *html, *packed = NULL;
    size_t html_bytes, packed_bytes = 0;
    firn_error error;
    dom *page;
    dom_usage usage;
    if (count != 2)
        return 2;
    if (firn_file_read_all(words[1], 64u << 20, NULL, &html, &html_bytes, NULL, &error) !=
        FIRN_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    check(dom_create(NULL, &page));
    read_document(page, html, html_bytes);
    dom_usage_get(page, &usage);
    double pack_ms = 1e9, restore_ms = 1e9;
    for (int i = 0; i < 5; i++) {
        firn_release(NULL, packed, packed_bytes);
        uint64_t begun = wall_ns();
        check(dom_dormant_pack(page, NULL, &packed, &packed_bytes));
        double packed_ms = (double)(wall_ns() - begun) / 1e6;
        dom_dormant_empty(page);
        begun = wall_ns();
        check(dom_dormant_restore(page, packed, packed_bytes));
        double restored_ms = (double)(wall_ns() - begun) / 1e6;
        pack_ms = packed_ms < pack_ms ? packed_ms : pack_ms;
        restore_ms = restored_ms < restore_ms ? restored_ms : restore_ms;
    }
    size_t pool_bytes =
        usage.node_bytes + usage.attribute_bytes + usage.text_bytes + usage.name_bytes;
    printf("nodes %zu\nhtml_bytes %zu\npool_bytes %zu\nnode_bytes %.2f\n", usage.node_count,
           html_bytes, pool_bytes, (double)pool_bytes / (double)usage.node_count);
    printf("packed_bytes %zu\nhtml_ratio %.2f\npool_ratio %.2f\npack_ms %.2f\nrestore_ms %.2f\n",
           packed_bytes, (double)html_bytes / (double)packed_bytes,
           (double)pool_bytes / (double)packed_bytes, pack_ms, restore_ms);
    return 0;
}
