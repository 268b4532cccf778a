/* Rules of text (CSS Syntax Level 3, 5).
 *
 * A body is kept as its declarations alone, without what is none, comments and blanks between them:
 * nothing else of it is ever asked for.
 *
 * Complexity: O(text).
 */
#include "tabs/css/sheet_state.h"

#include "tabs/css/selector.h"
#include "tabs/css/text.h"

#include <string.h>

#define DEPTH_MAX 32

struct reading {
    css_sheet *sheet;
    dom *page;
    css_scanner scanner;
    css_token token;
    firn_arena names; /* of escapes */
    struct css_distinct distinct;
    css_text declarations; /* of the body that is read */
    firn_status status;
    int depth;
};

/* What stands before a block, and in it. */
struct span {
    size_t start, size;
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

/* Adds a rule; 0 where that failed. */
static css_rule add_rule(struct reading *reading, css_rule parent, css_rule_kind kind,
                         struct span prelude)
{
    css_rule rule = 0;
    uint32_t at = 0;
    firn_status status = css_sheet_put(reading->sheet, &reading->distinct,
                                       reading->scanner.source + prelude.start, prelude.size, &at);
    if (status == FIRN_OK)
        status = css_sheet_add(reading->sheet, parent, kind, &rule);
    if (status == FIRN_OK)
        reading->sheet->rules[rule].prelude = at;
    else
        reading->status = status;
    return status == FIRN_OK ? rule : 0;
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
static struct span take_prelude(struct reading *reading, bool nested, bool at_rule)
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
    return (struct span){start, begun ? end - start : 0};
}

/* Passes over the block that begins here; where what stands in it does, and whether it was closed.
 */
static struct span take_block(struct reading *reading, bool *ret_closed)
{
    size_t start = reading->token.end;
    skip_block(reading);
    bool closed = reading->token.kind == CSS_CLOSE_CURLY;
    size_t end = closed ? reading->token.start : reading->scanner.size;
    if (closed)
        advance(reading);
    *ret_closed = closed;
    return (struct span){start, end - start};
}

/* Takes the block that begins here as the body of a rule. */
static void take_body(struct reading *reading, css_rule rule)
{
    bool closed;
    uint32_t at;
    struct span span = take_block(reading, &closed);
    const char *text = reading->scanner.source + span.start;
    reading->declarations.size = 0;
    if (closed && css_body_write(&reading->declarations, &reading->names, text, span.size)) {
        text = reading->declarations.bytes;
        span.size = reading->declarations.size;
    }
    if (reading->declarations.failed) {
        reading->status = FIRN_NO_MEMORY;
        return;
    }
    firn_status status = css_sheet_put(reading->sheet, &reading->distinct, text, span.size, &at);
    if (status == FIRN_OK)
        reading->sheet->rules[rule].body = at;
    else
        reading->status = status;
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
    advance(reading);
    reading->depth++;
    take_rules(reading, rule, true);
    reading->depth--;
    if (reading->token.kind == CSS_CLOSE_CURLY)
        advance(reading);
}

static css_rule take_at_rule(struct reading *reading, css_rule parent, bool nested)
{
    const struct at_kind *kind = NULL;
    bool closed;
    for (size_t i = 0; i < sizeof at_kinds / sizeof at_kinds[0]; i++)
        kind = css_is_word(&reading->token, at_kinds[i].name) ? &at_kinds[i] : kind;
    advance(reading);
    struct span prelude = take_prelude(reading, nested, true);
    bool block = reading->token.kind == CSS_OPEN_CURLY;
    if (kind == NULL || (block && !kind->block) || (!block && !kind->statement) ||
        reading->depth >= DEPTH_MAX) {
        if (block)
            take_block(reading, &closed);
        else if (reading->token.kind == CSS_SEMICOLON)
            advance(reading);
        return 0;
    }
    bool statement = !block && kind->kind == CSS_RULE_LAYER_BLOCK;
    css_rule rule =
        add_rule(reading, parent, statement ? CSS_RULE_LAYER_STATEMENT : kind->kind, prelude);
    if (rule == 0)
        return 0;
    if (block && kind->group)
        take_group(reading, rule);
    else if (block)
        take_body(reading, rule);
    else if (reading->token.kind == CSS_SEMICOLON)
        advance(reading);
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
    const css_sheet *sheet = reading->sheet;
    bool closed;
    struct span prelude = take_prelude(reading, nested, false);
    if (reading->token.kind != CSS_OPEN_CURLY)
        return 0;
    const char *text = reading->scanner.source + prelude.start;
    bool keyframe = parent != 0 && sheet->rules[parent].kind == CSS_RULE_KEYFRAMES;
    if (keyframe ? !is_keyframe(text, prelude.size)
                 : !css_is_selectors(reading->page, text, prelude.size)) {
        take_block(reading, &closed);
        return 0;
    }
    css_rule rule =
        add_rule(reading, parent, keyframe ? CSS_RULE_KEYFRAME : CSS_RULE_STYLE, prelude);
    if (rule == 0)
        take_block(reading, &closed);
    else
        take_body(reading, rule);
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
        if ((import && (nested || begun > 0)) || (namespace && (nested || begun > 1))) {
            reading->sheet->count = rule; /* these stand before all others */
            continue;
        }
        begun = import || kind == CSS_RULE_LAYER_STATEMENT ? begun : namespace ? 1 : 2;
        append_child(reading->sheet, parent, &last, rule);
    }
}

static firn_status begin(struct reading *reading, css_sheet *sheet, dom *page, const char *text,
                         size_t size)
{
    *reading = (struct reading){.sheet = sheet, .page = page};
    const firn_arena_options options = {.allocator = sheet->allocator};
    firn_status status = firn_arena_init(&reading->names, &options);
    if (status != FIRN_OK)
        return status;
    css_scan_begin(&reading->scanner, &reading->names, text, size);
    advance(reading);
    return FIRN_OK;
}

static firn_status end(struct reading *reading)
{
    firn_status status = reading->scanner.no_memory ? FIRN_NO_MEMORY : reading->status;
    css_text_fini(&reading->declarations);
    css_distinct_fini(reading->sheet, &reading->distinct);
    firn_arena_fini(&reading->names);
    return status;
}

firn_status css_sheet_read_text(css_sheet *sheet, dom *page)
{
    struct reading reading;
    css_rule whole;
    firn_status status = begin(&reading, sheet, page, sheet->text, sheet->text_bytes);
    if (status != FIRN_OK)
        return status;
    reading.status = css_sheet_add(sheet, 0, 0, &whole);
    if (reading.status == FIRN_OK)
        take_rules(&reading, 0, false);
    return end(&reading);
}

firn_status css_sheet_read_rule(css_sheet *sheet, dom *page, css_rule parent, const char *text,
                                size_t size, css_rule *ret_rule)
{
    struct reading reading;
    firn_status status = begin(&reading, sheet, page, text, size);
    if (status != FIRN_OK)
        return status;
    while (reading.token.kind == CSS_BLANK)
        advance(&reading);
    css_rule rule = reading.token.kind == CSS_END ? 0 : take_rule(&reading, parent, false);
    while (reading.token.kind == CSS_BLANK)
        advance(&reading);
    bool whole = reading.token.kind == CSS_END;
    status = end(&reading);
    if (status == FIRN_OK)
        *ret_rule = whole ? rule : 0;
    return status;
}
