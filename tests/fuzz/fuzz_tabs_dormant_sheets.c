/* Style sheets asleep from hostile bytes, past the checksums that guard them: what wakes are sheets
 * whose rules lie in each other as a tree, that can be packed, woken again, read and freed. */
#include "tabs/css/dormant.h"

#include "support/frames.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SHEETS = 3 };

static css_properties *properties;

/* Counts the rules below one; each is met once. */
static size_t count_rules(const css_sheet *sheet, css_rule parent, size_t *bytes)
{
    size_t count = 0, size;
    for (css_rule rule = css_sheet_first(sheet, parent); rule != 0;
         rule = css_sheet_next(sheet, rule)) {
        check(css_sheet_parent(sheet, rule) == parent);
        const char *prelude = css_sheet_prelude(sheet, rule, &size);
        *bytes += size + (size > 0 ? (uint8_t)prelude[size - 1] : 0);
        const char *body = css_sheet_body(sheet, rule, &size);
        *bytes += size + (size > 0 ? (uint8_t)body[size - 1] : 0);
        count += 1 + count_rules(sheet, rule, bytes);
    }
    return count;
}

static void look_at(css_sheet *const *sheets, size_t counts[SHEETS], size_t bytes[SHEETS])
{
    size_t rules;
    for (size_t i = 0; i < SHEETS; i++) {
        bytes[i] = 0;
        counts[i] = count_rules(sheets[i], 0, &bytes[i]);
        css_sheet_usage(sheets[i], &rules);
        check(counts[i] <= rules);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    css_sheet *sheets[SHEETS];
    size_t counts[SHEETS], bytes[SHEETS], counts_again[SHEETS], bytes_again[SHEETS], again_bytes;
    void *again;
    struct frames frames;
    if (properties == NULL)
        check(css_properties_create(&properties) == FIRN_OK);
    if (!frames_make(&frames, data, size))
        return 0;
    for (size_t i = 0; i < SHEETS; i++)
        check(css_sheet_create("a{}", 3, &sheets[i]) == FIRN_OK);
    if (css_dormant_restore(sheets, SHEETS, properties, frames.block, frames.size) == FIRN_OK) {
        look_at(sheets, counts, bytes);
        check(css_dormant_pack(sheets, SHEETS, properties, NULL, &again, &again_bytes) == FIRN_OK);
        css_dormant_empty(sheets, SHEETS);
        check(css_dormant_restore(sheets, SHEETS, properties, again, again_bytes) == FIRN_OK);
        firn_release(NULL, again, again_bytes);
        look_at(sheets, counts_again, bytes_again);
        check(memcmp(counts, counts_again, sizeof counts) == 0);
        check(memcmp(bytes, bytes_again, sizeof bytes) == 0);
    }
    for (size_t i = 0; i < SHEETS; i++)
        css_sheet_destroy(sheets[i]);
    frames_free(&frames);
    return 0;
}
