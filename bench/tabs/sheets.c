/* A page's style sheets put to sleep and woken: what they take as texts, in use, and asleep, and
 * how long it lasts. In use are their rules and texts, and the index that computed style finds them
 * by. Prints a figure a line: see contender.h. */
#include "tabs/css/dormant.h"
#include "tabs/css/styles.h"
#include "tabs/dom/parse.h"

#include <firn/file.h>

#include <stdio.h>
#include <string.h>

#include "support/measure.h"

enum { SHEETS_MAX = 16 };

static void check(firn_status status)
{
    if (status == FIRN_OK)
        return;
    fprintf(stderr, "%s\n", firn_status_text(status));
    exit(1);
}

static css_sheet *read_sheet(const char *path, size_t *text_bytes)
{
    void *text;
    size_t size;
    firn_error error;
    css_sheet *sheet;
    if (firn_file_read_all(path, 64u << 20, NULL, &text, &size, NULL, &error) != FIRN_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    check(css_sheet_create(text, size, &sheet));
    firn_release(NULL, text, size);
    *text_bytes += size;
    return sheet;
}

/* Bytes of the index after a question about an element that no rule of a page is for. */
static size_t index_bytes(css_styles *styles, const css_scope *scope, dom_id element,
                          const css_applied *sheets, size_t count)
{
    css_styles_stats usage;
    css_text out = {0};
    check(css_styles_apply(styles, sheets, count));
    check(css_styles_get(styles, scope, element, "", "color", 5, &out));
    css_text_fini(&out);
    css_styles_usage(styles, &usage);
    return usage.bytes;
}

int main(int count, char **words)
{
    css_sheet *sheets[SHEETS_MAX];
    css_applied applied[SHEETS_MAX];
    size_t text_bytes = 0, sheet_bytes = 0, rule_count = 0, rules, packed_bytes = 0;
    size_t sheet_count = (size_t)count - 1;
    dom *page;
    dom_id element;
    dom_name name;
    css_styles *styles;
    void *packed = NULL;
    if (count < 2 || sheet_count > SHEETS_MAX)
        return 2;
    check(dom_create(NULL, &page));
    check(dom_name_put(page, "x-element", 9, &name));
    check(dom_element(page, DOM_SPACE_HTML, name, &element));
    check(css_styles_create(page, &styles));
    css_scope scope = {.page = page};
    for (size_t i = 0; i < sheet_count; i++) {
        sheets[i] = read_sheet(words[i + 1], &text_bytes);
        applied[i] = (css_applied){sheets[i], ""};
        check(css_sheet_read(sheets[i], page));
        sheet_bytes += css_sheet_usage(sheets[i], &rules);
        rule_count += rules;
    }
    size_t without = index_bytes(styles, &scope, element, NULL, 0);
    size_t index = index_bytes(styles, &scope, element, applied, sheet_count) - without;
    double pack_ms = 1e9, restore_ms = 1e9;
    for (int i = 0; i < 5; i++) {
        const css_properties *known = css_styles_properties(styles);
        firn_release(NULL, packed, packed_bytes);
        uint64_t begun = wall_ns();
        check(css_dormant_pack(sheets, sheet_count, known, NULL, &packed, &packed_bytes));
        double packed_ms = (double)(wall_ns() - begun) / 1e6;
        css_dormant_empty(sheets, sheet_count);
        begun = wall_ns();
        check(css_dormant_restore(sheets, sheet_count, known, packed, packed_bytes));
        double restored_ms = (double)(wall_ns() - begun) / 1e6;
        pack_ms = packed_ms < pack_ms ? packed_ms : pack_ms;
        restore_ms = restored_ms < restore_ms ? restored_ms : restore_ms;
    }
    double asleep = (double)packed_bytes;
    printf("rules %zu\ntext_bytes %zu\nsheet_bytes %zu\nindex_bytes %zu\npacked_bytes %zu\n",
           rule_count, text_bytes, sheet_bytes, index, packed_bytes);
    printf("text_ratio %.2f\nsheet_ratio %.2f\nuse_ratio %.2f\npack_ms %.2f\nrestore_ms %.2f\n",
           (double)text_bytes / asleep, (double)sheet_bytes / asleep,
           (double)(sheet_bytes + index) / asleep, pack_ms, restore_ms);
    return 0;
}
