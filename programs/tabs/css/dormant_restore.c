/* Style sheets from what was packed. Any bytes are safe: numbers are looked at before they are
 * used, and sheets that do not come out right are emptied.
 *
 * Complexity: O(bytes). */
#include "tabs/css/dormant.h"
#include "tabs/css/dormant_parts.h"

#include <firn/varint.h>

#include <string.h>

struct name {
    firn_bytes text; /* data NULL: in own_texts, from own on */
    size_t own, use_count;
    asleep_reader values;
};

struct restoring {
    css_sheet *sheet;
    const css_properties *properties;
    const firn_allocator *allocator;
    asleep_reader parts[PART_COUNT];
    struct name *names;
    size_t name_count;
    asleep_bytes own_texts;
    asleep_bytes text;          /* the prelude or body that is read */
    asleep_bytes before, piece; /* of a prelude */
    struct css_distinct distinct;
};

static bool take_number(struct restoring *restoring, int part, uint64_t below, uint64_t *ret)
{
    return asleep_number(&restoring->parts[part], below, ret);
}

static bool take_byte(struct restoring *restoring, int part, uint8_t *ret)
{
    asleep_reader *from = &restoring->parts[part];
    if (from->at == from->end)
        return false;
    *ret = *from->at++;
    return true;
}

/* --- names --- */

static firn_status read_name(struct restoring *restoring, struct name *name)
{
    const css_properties *properties = restoring->properties;
    asleep_reader *from = &restoring->parts[PART_NAMES];
    uint64_t property;
    uint8_t end;
    if (!asleep_number(from, properties->longhand_count + properties->shorthand_count + 1,
                       &property))
        return FIRN_CORRUPT;
    if (property > 0) {
        const char *text = css_property_name(properties, (css_property)(property - 1));
        name->text = (firn_bytes){text, strlen(text)};
    } else {
        name->own = restoring->own_texts.size;
        firn_status status = asleep_text(restoring->allocator, from, &restoring->own_texts, &end);
        if (status != FIRN_OK || end != ASLEEP_ENDS)
            return status != FIRN_OK ? status : FIRN_CORRUPT;
        name->text.size = restoring->own_texts.size - name->own;
    }
    return FIRN_OK;
}

/* The name that a use is of; false where uses end. */
static bool take_use(struct restoring *restoring, uint8_t use, uint64_t *ret_name)
{
    uint64_t more = 0;
    if (use == USE_LARGE && !take_number(restoring, PART_USES, UINT32_MAX, &more))
        return false;
    *ret_name = use - (uint64_t)USE_FIRST + more;
    return *ret_name < restoring->name_count;
}

/* Finds where the values of each name lie: as many as it has uses. */
static firn_status find_values(struct restoring *restoring)
{
    asleep_reader *values = &restoring->parts[PART_VALUES], uses = restoring->parts[PART_USES];
    uint64_t name;
    uint8_t use;
    while (take_byte(restoring, PART_USES, &use)) {
        if (use < USE_FIRST)
            continue;
        if (!take_use(restoring, use, &name))
            return FIRN_CORRUPT;
        restoring->names[name].use_count++;
    }
    restoring->parts[PART_USES] = uses;
    for (size_t i = 0; i < restoring->name_count; i++) {
        struct name *one = &restoring->names[i];
        one->values = *values;
        for (size_t left = one->use_count; left > 0; values->at++) {
            if (values->at == values->end)
                return FIRN_CORRUPT;
            left -= *values->at == ASLEEP_ENDS || *values->at == ASLEEP_ENDS_TOO;
        }
        one->values.end = values->at;
    }
    return FIRN_OK;
}

static firn_status read_names(struct restoring *restoring)
{
    const asleep_reader *from = &restoring->parts[PART_NAMES];
    uint64_t count;
    if (!take_number(restoring, PART_NAMES, (uint64_t)(from->end - from->at), &count))
        return FIRN_CORRUPT;
    restoring->names =
        firn_allocate_zeroed(restoring->allocator, (size_t)count + 1, sizeof *restoring->names);
    if (restoring->names == NULL)
        return FIRN_NO_MEMORY;
    restoring->name_count = (size_t)count;
    firn_status status = FIRN_OK;
    for (size_t i = 0; i < restoring->name_count && status == FIRN_OK; i++)
        status = read_name(restoring, &restoring->names[i]);
    return status == FIRN_OK ? find_values(restoring) : status;
}

/* --- preludes and bodies: each into `text` --- */

static firn_status put(struct restoring *restoring, const void *text, size_t size)
{
    return asleep_put(restoring->allocator, &restoring->text, text, size);
}

static firn_status take_piece(struct restoring *restoring, uint8_t *ret_end)
{
    asleep_bytes *before = &restoring->before, *piece = &restoring->piece;
    uint8_t same, ends;
    if (!take_byte(restoring, PART_SAME, &same) || !take_byte(restoring, PART_ENDS, &ends) ||
        (size_t)same + ends > before->size)
        return FIRN_CORRUPT;
    piece->size = 0;
    firn_status status = asleep_put(restoring->allocator, piece, before->data, same);
    if (status == FIRN_OK)
        status = asleep_text(restoring->allocator, &restoring->parts[PART_PIECES], piece, ret_end);
    if (status == FIRN_OK && ends > 0)
        status = asleep_put(restoring->allocator, piece, before->data + before->size - ends, ends);
    if (status != FIRN_OK)
        return status;
    const asleep_bytes made = *piece;
    *piece = *before;
    *before = made;
    return put(restoring, made.data, made.size);
}

static firn_status take_prelude(struct restoring *restoring)
{
    uint8_t end;
    restoring->text.size = 0;
    firn_status status = take_piece(restoring, &end);
    while (status == FIRN_OK && end == ASLEEP_ENDS_TOO) {
        status = put(restoring, ",", 1);
        if (status == FIRN_OK)
            status = take_piece(restoring, &end);
    }
    return status;
}

static firn_status take_declaration(struct restoring *restoring, uint64_t number)
{
    uint8_t end;
    struct name *name = &restoring->names[number];
    firn_status status = restoring->text.size > 0 ? put(restoring, ";", 1) : FIRN_OK;
    if (status == FIRN_OK && name->text.size > 0)
        status =
            put(restoring,
                name->text.data != NULL ? name->text.data : restoring->own_texts.data + name->own,
                name->text.size);
    if (status == FIRN_OK)
        status = put(restoring, ":", 1);
    if (status == FIRN_OK)
        status = asleep_text(restoring->allocator, &name->values, &restoring->text, &end);
    return status == FIRN_OK && end == ASLEEP_ENDS_TOO ? put(restoring, "!important", 10) : status;
}

static firn_status take_body(struct restoring *restoring)
{
    uint8_t use, end;
    restoring->text.size = 0;
    for (bool first = true;; first = false) {
        uint64_t name;
        if (!take_byte(restoring, PART_USES, &use))
            return FIRN_CORRUPT;
        if (use == USE_END)
            return FIRN_OK;
        if (use == USE_BODY)
            return !first ? FIRN_CORRUPT
                          : asleep_text(restoring->allocator, &restoring->parts[PART_BODIES],
                                        &restoring->text, &end);
        if (!take_use(restoring, use, &name))
            return FIRN_CORRUPT;
        firn_status status = take_declaration(restoring, name);
        if (status != FIRN_OK)
            return status;
    }
}

static firn_status keep_text(struct restoring *restoring, uint32_t *ret_at)
{
    return css_sheet_put(restoring->sheet, &restoring->distinct, (const char *)restoring->text.data,
                         restoring->text.size, ret_at);
}

/* --- rules --- */

static bool is_kind(uint8_t kind)
{
    return (kind >= CSS_RULE_STYLE && kind <= CSS_RULE_SUPPORTS && kind != 2 && kind != 9) ||
           (kind >= CSS_RULE_LAYER_BLOCK && kind <= CSS_RULE_STARTING_STYLE);
}

static firn_status take_rule(struct restoring *restoring, css_rule *parent)
{
    css_sheet *sheet = restoring->sheet;
    uint64_t code;
    uint8_t kind;
    uint32_t prelude, body = 0;
    css_rule rule, number = sheet->count;
    if (!take_byte(restoring, PART_KINDS, &kind) || !is_kind(kind) ||
        !take_number(restoring, PART_PARENTS, number + (uint64_t)2, &code))
        return FIRN_CORRUPT;
    *parent = code == 0 ? *parent : code == 1 ? number - 1 : (css_rule)code - 2;
    if (!is_group(sheet->rules[*parent].kind))
        return FIRN_CORRUPT;
    firn_status status = take_prelude(restoring);
    if (status == FIRN_OK)
        status = keep_text(restoring, &prelude);
    if (status == FIRN_OK && !is_group(kind)) {
        status = take_body(restoring);
        if (status == FIRN_OK)
            status = keep_text(restoring, &body);
    }
    if (status == FIRN_OK)
        status = css_sheet_add(sheet, *parent, kind, &rule);
    if (status == FIRN_OK) {
        sheet->rules[rule].prelude = prelude;
        sheet->rules[rule].body = body;
    }
    return status;
}

static firn_status link_by_number(struct restoring *restoring)
{
    css_sheet *sheet = restoring->sheet;
    css_rule *last = firn_allocate_zeroed(restoring->allocator, sheet->count, sizeof *last);
    if (last == NULL)
        return FIRN_NO_MEMORY;
    for (css_rule rule = 1; rule < sheet->count; rule++) {
        css_rule parent = sheet->rules[rule].parent;
        if (last[parent] == 0)
            sheet->rules[parent].first = rule;
        else
            sheet->rules[last[parent]].next = rule;
        last[parent] = rule;
    }
    firn_release(restoring->allocator, last, sheet->count * sizeof *last);
    return FIRN_OK;
}

static bool take_link(struct restoring *restoring, css_rule rule, uint32_t *ret_link)
{
    uint64_t code;
    if (!take_number(restoring, PART_LINKS, (uint64_t)1 << 33, &code))
        return false;
    int64_t link = (int64_t)rule + firn_unzigzag(code);
    if (link < 0 || link >= (int64_t)restoring->sheet->count)
        return false;
    *ret_link = (uint32_t)link;
    return true;
}

/* Whether each rule stands in one list at most, that of its parent, and leads nowhere when it
 * stands in none. */
static bool are_lists(const css_sheet *sheet, bool *seen)
{
    for (css_rule group = 0; group < sheet->count; group++) {
        if (!is_group(sheet->rules[group].kind))
            continue;
        for (css_rule at = sheet->rules[group].first; at != 0; at = sheet->rules[at].next) {
            if (seen[at] || sheet->rules[at].parent != group)
                return false;
            seen[at] = true;
        }
    }
    for (css_rule rule = 0; rule < sheet->count; rule++) {
        if (!seen[rule] && sheet->rules[rule].next != 0)
            return false;
    }
    return true;
}

static firn_status link_as_told(struct restoring *restoring)
{
    css_sheet *sheet = restoring->sheet;
    for (css_rule rule = 0; rule < sheet->count; rule++) {
        struct rule *at = &sheet->rules[rule];
        if ((is_group(at->kind) && !take_link(restoring, rule, &at->first)) ||
            !take_link(restoring, rule, &at->next))
            return FIRN_CORRUPT;
    }
    bool *seen = firn_allocate_zeroed(restoring->allocator, sheet->count, sizeof *seen);
    if (seen == NULL)
        return FIRN_NO_MEMORY;
    bool good = are_lists(sheet, seen);
    firn_release(restoring->allocator, seen, sheet->count * sizeof *seen);
    return good ? FIRN_OK : FIRN_CORRUPT;
}

/* --- sheets --- */

static firn_status take_text(struct restoring *restoring)
{
    asleep_reader *from = &restoring->parts[PART_TEXTS];
    uint64_t size;
    if (!take_number(restoring, PART_SHEETS, TEXT_MAX, &size) ||
        size > (uint64_t)(from->end - from->at))
        return FIRN_CORRUPT;
    from->at += size;
    return css_sheet_replace(restoring->sheet, (const char *)from->at - size, (size_t)size);
}

static firn_status take_rules(struct restoring *restoring, bool plain)
{
    css_sheet *sheet = restoring->sheet;
    uint64_t text_bytes, checksum, count;
    css_rule parent = 0, whole;
    if (!take_number(restoring, PART_SHEETS, TEXT_MAX, &text_bytes) ||
        !take_number(restoring, PART_SHEETS, (uint64_t)UINT32_MAX + 1, &checksum) ||
        !take_number(restoring, PART_SHEETS, RULES_MAX, &count))
        return FIRN_CORRUPT;
    firn_status status = css_sheet_add(sheet, 0, 0, &whole);
    restoring->before.size = 0;
    for (uint64_t i = 0; i < count && status == FIRN_OK; i++)
        status = take_rule(restoring, &parent);
    css_distinct_fini(sheet, &restoring->distinct);
    if (status == FIRN_OK)
        status = plain ? link_by_number(restoring) : link_as_told(restoring);
    if (status != FIRN_OK)
        return status;
    sheet->text_bytes = (size_t)text_bytes;
    sheet->text_checksum = (uint32_t)checksum;
    css_sheet_fit(sheet);
    return FIRN_OK;
}

static firn_status restore_sheets(struct restoring *restoring, css_sheet *const *sheets,
                                  size_t count)
{
    firn_status status = read_names(restoring);
    for (size_t i = 0; i < count && status == FIRN_OK; i++) {
        uint64_t state;
        restoring->sheet = sheets[i];
        if (!take_number(restoring, PART_SHEETS, SHEET_PLAIN + 1, &state))
            return FIRN_CORRUPT;
        status = state == SHEET_TEXT ? take_text(restoring)
                                     : take_rules(restoring, state == SHEET_PLAIN);
    }
    return status;
}

static bool all_taken(const struct restoring *restoring)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (restoring->parts[i].at != restoring->parts[i].end)
            return false;
    }
    for (size_t i = 0; i < restoring->name_count; i++) {
        if (restoring->names[i].values.at != restoring->names[i].values.end)
            return false;
    }
    return true;
}

void css_dormant_empty(css_sheet *const *sheets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        css_sheet_empty(sheets[i]);
}

firn_status css_dormant_restore(css_sheet *const *sheets, size_t count,
                                const css_properties *properties, const void *data, size_t size)
{
    struct restoring restoring = {.properties = properties,
                                  .allocator = count > 0 ? sheets[0]->allocator : NULL};
    asleep_bytes frames[PART_COUNT + 1] = {0};
    uint64_t sheet_count;
    css_dormant_empty(sheets, count);
    firn_status status = asleep_unpack(restoring.allocator, DORMANT_SHEETS_VERSION, data, size,
                                       frames, restoring.parts, PART_COUNT, &sheet_count);
    if (status == FIRN_OK)
        status = sheet_count == count ? restore_sheets(&restoring, sheets, count) : FIRN_INVALID;
    if (status == FIRN_OK && !all_taken(&restoring))
        status = FIRN_CORRUPT;
    if (restoring.sheet != NULL)
        css_distinct_fini(restoring.sheet, &restoring.distinct);
    asleep_release(restoring.allocator, &restoring.own_texts);
    asleep_release(restoring.allocator, &restoring.text);
    asleep_release(restoring.allocator, &restoring.before);
    asleep_release(restoring.allocator, &restoring.piece);
    if (restoring.names != NULL)
        firn_release(restoring.allocator, restoring.names,
                     (restoring.name_count + 1) * sizeof *restoring.names);
    for (size_t i = 0; i <= PART_COUNT; i++)
        asleep_release(restoring.allocator, &frames[i]);
    if (status != FIRN_OK)
        css_dormant_empty(sheets, count);
    return status;
}
