/* Style sheets: where each rule's parts lie in the text.
 *
 * Invariants:
 *   I1  rule 0 is the sheet; children are a list by `next`, in their order
 *   I2  all offsets lie in `text`, to which text is only ever added, until `replace`
 *   I3  a rule that was removed keeps its number, so that what names it stays harmless
 *
 * Complexity: O(text) to read; an insertion O(rules before it).
 */
#include "tabs/css/sheet.h"

#include "tabs/css/selector.h"
#include "tabs/css/text.h"

#include <string.h>

#define DEPTH_MAX 32

struct rule {
    css_rule parent, first, next;
    uint32_t prelude, prelude_bytes, body, body_bytes;
    uint32_t kind;
};
_Static_assert(sizeof(struct rule) == 32, "a rule is 32 bytes");

struct css_sheet {
    css_text text;
    struct rule *rules; /* NULL until the text was read */
    size_t count, room;
    size_t first_bytes; /* of the text that it was made of */
};

firn_status css_sheet_create(const char *text, size_t size, css_sheet **ret_sheet)
{
    css_sheet *sheet = firn_allocate_zeroed(NULL, 1, sizeof *sheet);
    firn_status status = sheet != NULL ? css_sheet_replace(sheet, text, size) : FIRN_NO_MEMORY;
    if (status == FIRN_OK)
        *ret_sheet = sheet;
    else
        css_sheet_destroy(sheet);
    return status;
}

static void forget_rules(css_sheet *sheet)
{
    firn_release(NULL, sheet->rules, sheet->room * sizeof *sheet->rules);
    sheet->rules = NULL;
    sheet->count = sheet->room = 0;
}

void css_sheet_destroy(css_sheet *sheet)
{
    if (sheet == NULL)
        return;
    forget_rules(sheet);
    css_text_fini(&sheet->text);
    firn_release(NULL, sheet, sizeof *sheet);
}

firn_status css_sheet_replace(css_sheet *sheet, const char *text, size_t size)
{
    if (size >= 1u << 30)
        return FIRN_LIMIT;
    char *copy = firn_allocate(NULL, size + 1);
    if (copy == NULL)
        return FIRN_NO_MEMORY;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = 0;
    css_text_fini(&sheet->text);
    sheet->text = (css_text){.bytes = copy, .size = size, .room = size + 1};
    sheet->first_bytes = size;
    forget_rules(sheet);
    return FIRN_OK;
}

bool css_sheet_is_text(const css_sheet *sheet, const dom *page, dom_id node)
{
    size_t at = 0, size;
    for (dom_id child = dom_first(page, node); child != 0; child = dom_next(page, child)) {
        if (dom_kind_of(page, child) != DOM_TEXT)
            continue;
        const char *text = dom_value(page, child, &size);
        if (size > sheet->first_bytes - at || memcmp(sheet->text.bytes + at, text, size) != 0)
            return false;
        at += size;
    }
    return at == sheet->first_bytes;
}

size_t css_sheet_usage(const css_sheet *sheet, size_t *ret_rules)
{
    *ret_rules = sheet->count > 0 ? sheet->count - 1 : 0;
    return sizeof *sheet + sheet->text.room + sheet->room * sizeof *sheet->rules;
}

/* --- reading --- */

struct reading {
    css_sheet *sheet;
    dom *page;
    css_scanner scanner;
    css_token token;
    firn_arena names; /* of escapes, and of selectors while they are checked */
    firn_status status;
    int depth;
};

static void advance(struct reading *reading)
{
    reading->token = css_scan(&reading->scanner);
}

bool css_is_selectors(dom *page, const char *text, size_t size)
{
    firn_arena arena;
    css_selectors *list;
    size_t where;
    if (firn_arena_init(&arena, NULL) != FIRN_OK)
        return false;
    bool is = css_selectors_read(page, &arena, text, size, &list, &where) == FIRN_OK;
    firn_arena_fini(&arena);
    return is;
}

static css_rule add_rule(struct reading *reading, css_rule parent, css_rule_kind kind)
{
    css_sheet *sheet = reading->sheet;
    if (sheet->count >= UINT32_MAX || !firn_grow(NULL, (void **)&sheet->rules, &sheet->room,
                                                 sheet->count + 1, sizeof *sheet->rules)) {
        reading->status = FIRN_NO_MEMORY;
        return 0;
    }
    sheet->rules[sheet->count] = (struct rule){.parent = parent, .kind = (uint32_t)kind};
    return (css_rule)sheet->count++;
}

static void append_child(css_sheet *sheet, css_rule parent, css_rule *last, css_rule rule)
{
    if (*last == 0)
        sheet->rules[parent].first = rule;
    else
        sheet->rules[*last].next = rule;
    *last = rule;
}

/* Passes over what is open. */
static void skip_block(struct reading *reading)
{
    int depth = 1;
    while (depth > 0 && reading->token.kind != CSS_END) {
        advance(reading);
        switch (reading->token.kind) {
        case CSS_OPEN_CURLY:
        case CSS_OPEN_ROUND:
        case CSS_OPEN_SQUARE:
        case CSS_FUNCTION:
            depth++;
            break;
        case CSS_CLOSE_CURLY:
        case CSS_CLOSE_ROUND:
        case CSS_CLOSE_SQUARE:
            depth--;
            break;
        default:
            break;
        }
    }
}

/* Goes to the "{" or ";" that ends a prelude, or to the end of what it stands in; gives where it
 * began and ended. */
static void take_prelude(struct reading *reading, bool nested, struct rule *rule, bool at_rule)
{
    bool begun = false;
    size_t start = reading->token.start, end = start;
    while (reading->token.kind != CSS_END && reading->token.kind != CSS_OPEN_CURLY &&
           !(at_rule && reading->token.kind == CSS_SEMICOLON) &&
           !(nested && reading->token.kind == CSS_CLOSE_CURLY)) {
        bool opens = reading->token.kind == CSS_FUNCTION || reading->token.kind == CSS_OPEN_ROUND ||
                     reading->token.kind == CSS_OPEN_SQUARE;
        if (reading->token.kind != CSS_BLANK && !begun) {
            start = reading->token.start;
            begun = true;
        }
        bool blank = reading->token.kind == CSS_BLANK;
        if (opens)
            skip_block(reading);
        end = blank ? end : reading->token.end;
        advance(reading);
    }
    rule->prelude = (uint32_t)(begun ? start : reading->token.start);
    rule->prelude_bytes = (uint32_t)(begun ? end - start : 0);
}

/* Takes the block that begins here as it is. */
static void take_body(struct reading *reading, struct rule *rule)
{
    rule->body = (uint32_t)reading->token.end;
    skip_block(reading);
    bool closed = reading->token.kind == CSS_CLOSE_CURLY;
    size_t end = closed ? reading->token.start : reading->scanner.size;
    rule->body_bytes = (uint32_t)(end - rule->body);
    if (closed)
        advance(reading);
}

static void take_rules(struct reading *reading, css_rule parent, bool nested);

struct at_kind {
    const char *name;
    css_rule_kind kind;
    bool group, block, statement; /* with rules within; with a block; without one */
};

static const struct at_kind at_kinds[] = {
    {"media", CSS_RULE_MEDIA, true, true, false},
    {"supports", CSS_RULE_SUPPORTS, true, true, false},
    {"layer", CSS_RULE_LAYER_BLOCK, true, true, true},
    {"container", CSS_RULE_CONTAINER, true, true, false},
    {"scope", CSS_RULE_SCOPE, true, true, false},
    {"starting-style", CSS_RULE_STARTING_STYLE, true, true, false},
    {"keyframes", CSS_RULE_KEYFRAMES, true, true, false},
    {"-webkit-keyframes", CSS_RULE_KEYFRAMES, true, true, false},
    {"font-face", CSS_RULE_FONT_FACE, false, true, false},
    {"page", CSS_RULE_PAGE, false, true, false},
    {"counter-style", CSS_RULE_COUNTER_STYLE, false, true, false},
    {"property", CSS_RULE_PROPERTY, false, true, false},
    {"import", CSS_RULE_IMPORT, false, false, true},
    {"namespace", CSS_RULE_NAMESPACE, false, false, true},
};

/* Takes what a group has within; the token behind it is next. */
static void take_group(struct reading *reading, css_rule rule)
{
    size_t start = reading->token.end;
    advance(reading);
    reading->depth++;
    take_rules(reading, rule, true);
    reading->depth--;
    size_t end =
        reading->token.kind == CSS_CLOSE_CURLY ? reading->token.start : reading->scanner.size;
    if (reading->token.kind == CSS_CLOSE_CURLY)
        advance(reading);
    reading->sheet->rules[rule].body = (uint32_t)start;
    reading->sheet->rules[rule].body_bytes = (uint32_t)(end - start);
}

static css_rule take_at_rule(struct reading *reading, css_rule parent, bool nested)
{
    const struct at_kind *kind = NULL;
    struct rule made = {.parent = parent};
    for (size_t i = 0; i < sizeof at_kinds / sizeof at_kinds[0]; i++)
        kind = css_is_word(&reading->token, at_kinds[i].name) ? &at_kinds[i] : kind;
    advance(reading);
    take_prelude(reading, nested, &made, true);
    bool block = reading->token.kind == CSS_OPEN_CURLY;
    if (kind == NULL || (block && !kind->block) || (!block && !kind->statement) ||
        reading->depth >= DEPTH_MAX) {
        if (block)
            take_body(reading, &made);
        else if (reading->token.kind == CSS_SEMICOLON)
            advance(reading);
        return 0;
    }
    css_rule rule = add_rule(reading, parent, kind->kind);
    if (rule == 0)
        return 0;
    reading->sheet->rules[rule].prelude = made.prelude;
    reading->sheet->rules[rule].prelude_bytes = made.prelude_bytes;
    if (block && kind->group) {
        take_group(reading, rule);
    } else if (block) {
        take_body(reading, &made);
        reading->sheet->rules[rule].body = made.body;
        reading->sheet->rules[rule].body_bytes = made.body_bytes;
    } else {
        if (kind->kind == CSS_RULE_LAYER_BLOCK)
            reading->sheet->rules[rule].kind = CSS_RULE_LAYER_STATEMENT;
        if (reading->token.kind == CSS_SEMICOLON)
            advance(reading);
    }
    return rule;
}

/* Whether a prelude is a list of "from", "to" and percentages. */
static bool is_keyframe(const char *text, size_t size)
{
    css_scanner scanner;
    firn_arena arena;
    if (firn_arena_init(&arena, NULL) != FIRN_OK)
        return false;
    css_scan_begin(&scanner, &arena, text, size);
    bool good = size > 0;
    for (css_token token; good && (token = css_scan(&scanner)).kind != CSS_END;)
        good =
            token.kind == CSS_BLANK || token.kind == CSS_COMMA || token.kind == CSS_PERCENTAGE ||
            (token.kind == CSS_IDENT && (css_is_word(&token, "from") || css_is_word(&token, "to")));
    firn_arena_fini(&arena);
    return good;
}

static css_rule take_style_rule(struct reading *reading, css_rule parent, bool nested)
{
    struct rule made = {.parent = parent};
    css_sheet *sheet = reading->sheet;
    take_prelude(reading, nested, &made, false);
    if (reading->token.kind != CSS_OPEN_CURLY)
        return 0;
    take_body(reading, &made);
    const char *prelude = sheet->text.bytes + made.prelude;
    bool keyframe = parent != 0 && sheet->rules[parent].kind == CSS_RULE_KEYFRAMES;
    if (keyframe ? !is_keyframe(prelude, made.prelude_bytes)
                 : !css_is_selectors(reading->page, prelude, made.prelude_bytes))
        return 0;
    css_rule rule = add_rule(reading, parent, keyframe ? CSS_RULE_KEYFRAME : CSS_RULE_STYLE);
    if (rule != 0) {
        made.kind = sheet->rules[rule].kind;
        sheet->rules[rule] = made;
    }
    return rule;
}

/* Takes one rule, 0 for what is none, and passes over it. */
static css_rule take_rule(struct reading *reading, css_rule parent, bool nested)
{
    return reading->token.kind == CSS_AT ? take_at_rule(reading, parent, nested)
                                         : take_style_rule(reading, parent, nested);
}

static void take_rules(struct reading *reading, css_rule parent, bool nested)
{
    css_rule last = 0;
    int begun = 0; /* with namespaces: 1; with other rules: 2 */
    while (reading->token.kind != CSS_END && reading->status == FIRN_OK) {
        if (nested && reading->token.kind == CSS_CLOSE_CURLY)
            return;
        if (reading->token.kind == CSS_BLANK ||
            (!nested && (reading->token.kind == CSS_CDO || reading->token.kind == CSS_CDC))) {
            advance(reading);
            continue;
        }
        css_rule rule = take_rule(reading, parent, nested);
        if (rule == 0)
            continue;
        uint32_t kind = reading->sheet->rules[rule].kind;
        bool import = kind == CSS_RULE_IMPORT, namespace = kind == CSS_RULE_NAMESPACE;
        if ((import && (nested || begun > 0)) || (namespace && (nested || begun > 1)))
            continue; /* these stand before all others */
        begun = import || kind == CSS_RULE_LAYER_STATEMENT ? begun : namespace ? 1 : 2;
        append_child(reading->sheet, parent, &last, rule);
    }
}

static firn_status begin(struct reading *reading, css_sheet *sheet, dom *page, size_t from)
{
    *reading = (struct reading){.sheet = sheet, .page = page};
    firn_status status = firn_arena_init(&reading->names, NULL);
    if (status != FIRN_OK)
        return status;
    css_scan_begin(&reading->scanner, &reading->names, sheet->text.bytes, sheet->text.size);
    reading->scanner.at = from;
    advance(reading);
    return FIRN_OK;
}

firn_status css_sheet_read(css_sheet *sheet, dom *page)
{
    struct reading reading;
    if (sheet->rules != NULL)
        return FIRN_OK;
    firn_status status = begin(&reading, sheet, page, 0);
    if (status != FIRN_OK)
        return status;
    add_rule(&reading, 0, 0); /* I1 */
    if (reading.status == FIRN_OK)
        take_rules(&reading, 0, false);
    status = reading.scanner.no_memory ? FIRN_NO_MEMORY : reading.status;
    firn_arena_fini(&reading.names);
    if (status != FIRN_OK)
        forget_rules(sheet);
    return status;
}

/* --- asking --- */

css_rule css_sheet_first(const css_sheet *sheet, css_rule parent)
{
    return parent < sheet->count ? sheet->rules[parent].first : 0;
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
    *ret_size = rule < sheet->count ? sheet->rules[rule].prelude_bytes : 0;
    return *ret_size > 0 ? sheet->text.bytes + sheet->rules[rule].prelude : "";
}

const char *css_sheet_body(const css_sheet *sheet, css_rule rule, size_t *ret_size)
{
    *ret_size = rule < sheet->count ? sheet->rules[rule].body_bytes : 0;
    return *ret_size > 0 ? sheet->text.bytes + sheet->rules[rule].body : "";
}

/* --- changing --- */

/* Adds a text behind all others; its place. */
static firn_status add_text(css_sheet *sheet, const char *text, size_t size, uint32_t *ret_at)
{
    size_t before = sheet->text.size;
    if (size >= (1u << 30) - before)
        return FIRN_LIMIT;
    css_put(&sheet->text, text, size);
    if (sheet->text.failed) {
        sheet->text.failed = false;
        return FIRN_NO_MEMORY;
    }
    *ret_at = (uint32_t)before;
    return FIRN_OK;
}

firn_status css_sheet_insert(css_sheet *sheet, dom *page, css_rule parent, size_t index,
                             const char *text, size_t size, css_rule *ret_rule)
{
    struct reading reading;
    uint32_t at;
    css_rule before = 0, after;
    firn_status status = css_sheet_read(sheet, page);
    if (status == FIRN_OK && parent >= sheet->count)
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
    status = add_text(sheet, text, size, &at);
    if (status == FIRN_OK)
        status = begin(&reading, sheet, page, at);
    if (status != FIRN_OK)
        return status;
    while (reading.token.kind == CSS_BLANK)
        advance(&reading);
    bool none = reading.token.kind == CSS_END;
    css_rule rule = none ? 0 : take_rule(&reading, parent, false);
    while (reading.token.kind == CSS_BLANK)
        advance(&reading);
    bool good = rule != 0 && reading.token.kind == CSS_END;
    status = reading.status;
    firn_arena_fini(&reading.names);
    if (status != FIRN_OK || !good) {
        sheet->text.size = at;
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
    struct rule *parent = &sheet->rules[sheet->rules[rule].parent];
    css_rule *at = &parent->first;
    while (*at != 0 && *at != rule)
        at = &sheet->rules[*at].next;
    if (*at != 0)
        *at = sheet->rules[rule].next;
    sheet->rules[rule].next = 0; /* I3 */
}

firn_status css_sheet_set_prelude(css_sheet *sheet, css_rule rule, const char *text, size_t size)
{
    uint32_t at;
    firn_status status = rule < sheet->count ? add_text(sheet, text, size, &at) : FIRN_NOT_FOUND;
    if (status != FIRN_OK)
        return status;
    sheet->rules[rule].prelude = at;
    sheet->rules[rule].prelude_bytes = (uint32_t)size;
    return FIRN_OK;
}

firn_status css_sheet_set_body(css_sheet *sheet, css_rule rule, const char *text, size_t size)
{
    uint32_t at;
    firn_status status = rule < sheet->count ? add_text(sheet, text, size, &at) : FIRN_NOT_FOUND;
    if (status != FIRN_OK)
        return status;
    sheet->rules[rule].body = at;
    sheet->rules[rule].body_bytes = (uint32_t)size;
    return FIRN_OK;
}

/* --- declarations --- */

void css_body_begin(css_body *body, firn_arena *arena, const char *text, size_t size)
{
    css_scan_begin(&body->scanner, arena, text, size);
}

/* Goes behind the next ";" or block of this level, from a token that is part of no declaration;
 * notes where the value that stands there ends, and whether it is important. */
static bool take_value(css_body *body, css_declaration *into)
{
    size_t start = 0, end = 0, before_mark = 0;
    bool begun = false, marked = false, important = false, good = true;
    int depth = 0;
    for (css_token token;;) {
        token = css_scan(&body->scanner);
        if (token.kind == CSS_END || (depth == 0 && token.kind == CSS_SEMICOLON))
            break;
        if (token.kind == CSS_BLANK)
            continue;
        bool opens = token.kind == CSS_OPEN_CURLY || token.kind == CSS_OPEN_ROUND ||
                     token.kind == CSS_OPEN_SQUARE || token.kind == CSS_FUNCTION;
        bool closes = token.kind == CSS_CLOSE_CURLY || token.kind == CSS_CLOSE_ROUND ||
                      token.kind == CSS_CLOSE_SQUARE;
        if (important) /* something stands behind it */
            good = false;
        if (marked && !important) {
            important = token.kind == CSS_IDENT && css_is_word(&token, "important");
            good = good && important;
        }
        if (depth == 0 && token.kind == CSS_DELIM && token.code == '!') {
            marked = true;
            before_mark = end;
        }
        good = good && token.kind != CSS_BAD_STRING && token.kind != CSS_BAD_URL &&
               !(closes && depth == 0);
        if (token.kind == CSS_OPEN_CURLY &&
            !(into->name_bytes > 2 && into->name[0] == '-' && into->name[1] == '-'))
            good = false;
        depth += opens - (closes && depth > 0);
        start = begun ? start : token.start;
        begun = true;
        end = token.end;
        if (token.kind == CSS_CLOSE_CURLY && depth == 0 && !good)
            break; /* a nested rule has no ";" */
    }
    if (marked)
        end = before_mark > start ? before_mark : start;
    into->value = body->scanner.source + start;
    into->value_bytes = begun ? end - start : 0;
    into->important = important;
    bool custom = into->name_bytes > 2 && into->name[0] == '-' && into->name[1] == '-';
    return good && (!marked || important) && (into->value_bytes > 0 || custom);
}

bool css_body_next(css_body *body, css_declaration *ret_declaration)
{
    for (;;) {
        css_token token = css_scan(&body->scanner);
        if (token.kind == CSS_END)
            return false;
        if (token.kind == CSS_BLANK || token.kind == CSS_SEMICOLON)
            continue;
        css_declaration made = {.name = token.text, .name_bytes = token.text_bytes};
        size_t start = token.start;
        css_token colon = token;
        if (token.kind == CSS_IDENT) {
            do
                colon = css_scan(&body->scanner);
            while (colon.kind == CSS_BLANK);
        }
        if (token.kind != CSS_IDENT || colon.kind != CSS_COLON) {
            body->scanner.at = start;
            made.name_bytes = 0;
            take_value(body, &made);
        } else if (take_value(body, &made)) {
            *ret_declaration = made;
            return true;
        }
    }
}
