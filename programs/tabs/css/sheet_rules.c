/* Style sheets: what is asked of them and what scripts change.
 *
 * Invariants:
 *   I1  rule 0 is the sheet; children are a list by `next`, in their order
 *   I2  a rule that was removed keeps its number, so that what names it stays harmless
 *   I3  a text is there until the sheet is replaced
 *
 * A sheet of Bootstrap, 171 KB of text with 2,430 rules, takes 171 KB, too, once it was read, where
 * it took 302 KB as the text and places in it: equal texts are there once, and of what stands
 * between them nothing.
 *
 * Complexity: O(1); an insertion O(rules before it), a removal the same.
 */
#include "tabs/css/sheet_state.h"

#include <firn/checksum.h>
#include <firn/varint.h>

#include <string.h>

firn_status css_sheet_create(const char *text, size_t size, css_sheet **ret_sheet)
{
    return css_sheet_create_with(NULL, text, size, ret_sheet);
}

firn_status css_sheet_create_with(const firn_allocator *allocator, const char *text, size_t size,
                                  css_sheet **ret_sheet)
{
    css_sheet *sheet = firn_allocate_zeroed(allocator, 1, sizeof *sheet);
    if (sheet == NULL)
        return FIRN_NO_MEMORY;
    sheet->allocator = allocator;
    firn_status status = css_sheet_replace(sheet, text, size);
    if (status == FIRN_OK)
        *ret_sheet = sheet;
    else
        css_sheet_destroy(sheet);
    return status;
}

static void forget_rules(css_sheet *sheet)
{
    firn_release(sheet->allocator, sheet->rules, sheet->room * sizeof *sheet->rules);
    firn_release(sheet->allocator, sheet->texts, sheet->texts_room);
    sheet->rules = NULL;
    sheet->texts = NULL;
    sheet->count = sheet->room = sheet->texts_bytes = sheet->texts_room = 0;
}

static void forget_text(css_sheet *sheet)
{
    if (sheet->text != NULL)
        firn_release(sheet->allocator, sheet->text, sheet->text_bytes + 1);
    sheet->text = NULL;
}

void css_sheet_empty(css_sheet *sheet)
{
    forget_rules(sheet);
    forget_text(sheet);
    sheet->text_bytes = sheet->text_checksum = 0;
}

void css_sheet_destroy(css_sheet *sheet)
{
    if (sheet == NULL)
        return;
    css_sheet_empty(sheet);
    firn_release(sheet->allocator, sheet, sizeof *sheet);
}

firn_status css_sheet_replace(css_sheet *sheet, const char *text, size_t size)
{
    if (size >= TEXT_MAX)
        return FIRN_LIMIT;
    char *copy = firn_allocate(sheet->allocator, size + 1);
    if (copy == NULL)
        return FIRN_NO_MEMORY;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = 0;
    css_sheet_empty(sheet);
    sheet->text = copy;
    sheet->text_bytes = size;
    return FIRN_OK;
}

bool css_sheet_is_text(const css_sheet *sheet, const dom *page, dom_id node)
{
    size_t at = 0, size;
    uint32_t checksum = 0;
    for (dom_id child = dom_first(page, node); child != 0; child = dom_next(page, child)) {
        if (dom_kind_of(page, child) != DOM_TEXT)
            continue;
        const char *text = dom_value(page, child, &size);
        if (size > sheet->text_bytes - at ||
            (sheet->text != NULL && memcmp(sheet->text + at, text, size) != 0))
            return false;
        if (sheet->text == NULL)
            checksum = firn_crc32c(checksum, text, size);
        at += size;
    }
    return at == sheet->text_bytes && (sheet->text != NULL || checksum == sheet->text_checksum);
}

size_t css_sheet_usage(const css_sheet *sheet, size_t *ret_rules)
{
    *ret_rules = sheet->count > 0 ? sheet->count - 1 : 0;
    return sizeof *sheet + (sheet->text != NULL ? sheet->text_bytes + 1 : 0) + sheet->texts_room +
           sheet->room * sizeof *sheet->rules;
}

/* --- texts and rules --- */

static uint32_t hash_of(const char *text, size_t size)
{
    uint32_t hash = firn_crc32c(0, text, size);
    return hash ^ hash >> 15;
}

const char *css_sheet_text(const css_sheet *sheet, uint32_t at, size_t *ret_size)
{
    uint64_t size = 0;
    const uint8_t *text =
        firn_varint_get(sheet->texts + at, sheet->texts + sheet->texts_bytes, &size);
    *ret_size = (size_t)size;
    return (const char *)text;
}

/* Where a text stands in the table, or the place where it is to stand; makes room for it. NULL:
 * there is no memory. */
static uint32_t *find_text(const css_sheet *sheet, struct css_distinct *distinct, const char *text,
                           size_t size)
{
    size_t known_bytes;
    if (distinct->count * 4 >= distinct->room * 3) {
        struct css_distinct larger = {.room = distinct->room > 0 ? distinct->room * 2 : 64,
                                      .count = distinct->count};
        larger.slots = firn_allocate_zeroed(sheet->allocator, larger.room, sizeof *larger.slots);
        if (larger.slots == NULL)
            return NULL;
        for (size_t i = 0; i < distinct->room; i++) {
            if (distinct->slots[i] == 0)
                continue;
            const char *known = css_sheet_text(sheet, distinct->slots[i], &known_bytes);
            size_t at = hash_of(known, known_bytes) & (larger.room - 1);
            while (larger.slots[at] != 0)
                at = (at + 1) & (larger.room - 1);
            larger.slots[at] = distinct->slots[i];
        }
        css_distinct_fini(sheet, distinct);
        *distinct = larger;
    }
    size_t at = hash_of(text, size) & (distinct->room - 1);
    for (; distinct->slots[at] != 0; at = (at + 1) & (distinct->room - 1)) {
        const char *known = css_sheet_text(sheet, distinct->slots[at], &known_bytes);
        if (known_bytes == size && memcmp(known, text, size) == 0)
            break;
    }
    return &distinct->slots[at];
}

void css_distinct_fini(const css_sheet *sheet, struct css_distinct *distinct)
{
    if (distinct->slots != NULL)
        firn_release(sheet->allocator, distinct->slots, distinct->room * sizeof *distinct->slots);
    *distinct = (struct css_distinct){0};
}

static firn_status add_text(css_sheet *sheet, const char *text, size_t size, uint32_t *ret_at)
{
    size_t room = sheet->texts_room, wanted = sheet->texts_bytes + size + FIRN_VARINT_MAX_BYTES;
    if (size >= TEXT_MAX || wanted > UINT32_MAX / 2)
        return FIRN_LIMIT;
    if (!firn_grow(sheet->allocator, (void **)&sheet->texts, &room, wanted, 1))
        return FIRN_NO_MEMORY;
    sheet->texts_room = (uint32_t)room;
    *ret_at = sheet->texts_bytes;
    sheet->texts_bytes += (uint32_t)firn_varint_put(sheet->texts + sheet->texts_bytes, size);
    if (size > 0)
        memcpy(sheet->texts + sheet->texts_bytes, text, size);
    sheet->texts_bytes += (uint32_t)size;
    return FIRN_OK;
}

firn_status css_sheet_put(css_sheet *sheet, struct css_distinct *distinct, const char *text,
                          size_t size, uint32_t *ret_at)
{
    uint32_t *slot = NULL;
    if (size == 0) {
        *ret_at = 0;
        return FIRN_OK;
    }
    if (distinct != NULL) {
        slot = find_text(sheet, distinct, text, size);
        if (slot == NULL)
            return FIRN_NO_MEMORY;
        if (*slot != 0) {
            *ret_at = *slot;
            return FIRN_OK;
        }
    }
    firn_status status = add_text(sheet, text, size, ret_at);
    if (status == FIRN_OK && slot != NULL) {
        *slot = *ret_at;
        distinct->count++;
    }
    return status;
}

firn_status css_sheet_add(css_sheet *sheet, css_rule parent, uint32_t kind, css_rule *ret_rule)
{
    size_t room = sheet->room;
    uint32_t empty;
    if (sheet->count >= RULES_MAX)
        return FIRN_LIMIT;
    if (!firn_grow(sheet->allocator, (void **)&sheet->rules, &room, sheet->count + (size_t)1,
                   sizeof *sheet->rules))
        return FIRN_NO_MEMORY;
    sheet->room = (uint32_t)room;
    if (sheet->texts_bytes == 0 && add_text(sheet, "", 0, &empty) != FIRN_OK)
        return FIRN_NO_MEMORY;
    sheet->rules[sheet->count] =
        (struct rule){.parent = parent & (RULES_MAX - 1), .kind = kind & 0xff};
    *ret_rule = sheet->count++;
    return FIRN_OK;
}

void css_sheet_fit(css_sheet *sheet)
{
    void *rules =
        firn_reallocate(sheet->allocator, sheet->rules, sheet->room * sizeof *sheet->rules,
                        sheet->count * sizeof *sheet->rules);
    if (rules != NULL) {
        sheet->rules = rules;
        sheet->room = sheet->count;
    }
    void *texts =
        firn_reallocate(sheet->allocator, sheet->texts, sheet->texts_room, sheet->texts_bytes);
    if (texts != NULL) {
        sheet->texts = texts;
        sheet->texts_room = sheet->texts_bytes;
    }
}

firn_status css_sheet_read(css_sheet *sheet, dom *page)
{
    if (sheet->rules != NULL)
        return FIRN_OK;
    firn_status status = css_sheet_read_text(sheet, page);
    if (status != FIRN_OK) {
        forget_rules(sheet);
        return status;
    }
    sheet->text_checksum = firn_crc32c(0, sheet->text, sheet->text_bytes);
    forget_text(sheet);
    css_sheet_fit(sheet);
    return FIRN_OK;
}

/* --- asking --- */

css_rule css_sheet_first(const css_sheet *sheet, css_rule parent)
{
    return parent < sheet->count && is_group(sheet->rules[parent].kind) ? sheet->rules[parent].first
                                                                        : 0;
}

css_rule css_sheet_next(const css_sheet *sheet, css_rule rule)
{
    return rule < sheet->count ? sheet->rules[rule].next : 0;
}

css_rule css_sheet_parent(const css_sheet *sheet, css_rule rule)
{
    return rule < sheet->count ? sheet->rules[rule].parent : 0;
}

css_rule_kind css_sheet_kind(const css_sheet *sheet, css_rule rule)
{
    return rule < sheet->count ? (css_rule_kind)sheet->rules[rule].kind : 0;
}

const char *css_sheet_prelude(const css_sheet *sheet, css_rule rule, size_t *ret_size)
{
    *ret_size = 0;
    return rule < sheet->count ? css_sheet_text(sheet, sheet->rules[rule].prelude, ret_size) : "";
}

const char *css_sheet_body(const css_sheet *sheet, css_rule rule, size_t *ret_size)
{
    *ret_size = 0;
    return rule < sheet->count && !is_group(sheet->rules[rule].kind)
               ? css_sheet_text(sheet, sheet->rules[rule].body, ret_size)
               : "";
}

/* --- changing --- */

firn_status css_sheet_insert(css_sheet *sheet, dom *page, css_rule parent, size_t index,
                             const char *text, size_t size, css_rule *ret_rule)
{
    css_rule before = 0, after, rule = 0;
    firn_status status = css_sheet_read(sheet, page);
    if (status == FIRN_OK && (parent >= sheet->count || !is_group(sheet->rules[parent].kind)))
        status = FIRN_NOT_FOUND;
    if (status != FIRN_OK)
        return status;
    after = sheet->rules[parent].first;
    for (size_t i = 0; i < index; i++) {
        if (after == 0)
            return FIRN_NOT_FOUND;
        before = after;
        after = sheet->rules[after].next;
    }
    const uint32_t count = sheet->count, texts_bytes = sheet->texts_bytes;
    status = css_sheet_read_rule(sheet, page, parent, text, size, &rule);
    if (status != FIRN_OK || rule == 0) {
        sheet->count = count;
        sheet->texts_bytes = texts_bytes;
        return status != FIRN_OK ? status : FIRN_INVALID;
    }
    sheet->rules[rule].next = after;
    if (before == 0)
        sheet->rules[parent].first = rule;
    else
        sheet->rules[before].next = rule;
    *ret_rule = rule;
    return FIRN_OK;
}

void css_sheet_remove(css_sheet *sheet, css_rule rule)
{
    if (rule == 0 || rule >= sheet->count)
        return;
    css_rule *at = &sheet->rules[sheet->rules[rule].parent].first;
    while (*at != 0 && *at != rule)
        at = &sheet->rules[*at].next;
    if (*at != 0)
        *at = sheet->rules[rule].next;
    sheet->rules[rule].next = 0; /* I2 */
}

/* Gives a rule another text. */
static firn_status set_text(css_sheet *sheet, css_rule rule, bool body, const char *text,
                            size_t size)
{
    uint32_t at;
    if (rule == 0 || rule >= sheet->count)
        return FIRN_NOT_FOUND;
    if (body && is_group(sheet->rules[rule].kind))
        return FIRN_INVALID;
    firn_status status = css_sheet_put(sheet, NULL, text, size, &at);
    if (status == FIRN_OK)
        *(body ? &sheet->rules[rule].body : &sheet->rules[rule].prelude) = at;
    return status;
}

firn_status css_sheet_set_prelude(css_sheet *sheet, css_rule rule, const char *text, size_t size)
{
    return set_text(sheet, rule, false, text, size);
}

firn_status css_sheet_set_body(css_sheet *sheet, css_rule rule, const char *text, size_t size)
{
    return set_text(sheet, rule, true, text, size);
}
