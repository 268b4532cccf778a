/* Selectors from their text. A recursion stands for each list within a list, at most MAX_DEPTH.
 *
 * Complexity: O(bytes).
 */
#include "tabs/css/selector_words.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 64
#define MAX_COMPOUNDS 256 /* of a selector: matching recurses for each */
#define SPECIFICITY_ID (1u << 20)
#define SPECIFICITY_CLASS (1u << 10)
#define SPECIFICITY_TYPE 1u
#define SPECIFICITY_MOST 1023u /* of each */

struct reader {
    dom *page;
    firn_arena *arena;
    css_scanner scanner;
    css_token token; /* the next */
    unsigned depth;
    bool in_has;
    firn_status status; /* why reading ends; FIRN_INVALID is set where nothing else was */
};

static void advance(struct reader *reader)
{
    reader->token = css_scan(&reader->scanner);
    if (reader->scanner.no_memory)
        reader->status = FIRN_NO_MEMORY;
}

static bool fail(struct reader *reader, firn_status status)
{
    if (reader->status == FIRN_OK)
        reader->status = status;
    return false;
}

static void skip_blank(struct reader *reader)
{
    if (reader->token.kind == CSS_BLANK)
        advance(reader);
}

static bool is_delim(const struct reader *reader, char byte)
{
    return reader->token.kind == CSS_DELIM && reader->token.code == (uint32_t)byte;
}

static void *make(struct reader *reader, size_t size)
{
    void *made = firn_arena_alloc_zeroed(reader->arena, 1, size);
    if (made == NULL)
        fail(reader, FIRN_NO_MEMORY);
    return made;
}

static void add_specificity(uint32_t *sum, uint32_t more)
{
    for (uint32_t shift = 0; shift <= 20; shift += 10) {
        uint32_t count = (*sum >> shift & SPECIFICITY_MOST) + (more >> shift & SPECIFICITY_MOST);
        count = count < SPECIFICITY_MOST ? count : SPECIFICITY_MOST;
        *sum = (*sum & ~(SPECIFICITY_MOST << shift)) | count << shift;
    }
}

static bool read_list(struct reader *reader, css_kind end, bool forgiving, bool relative,
                      css_selectors **ret_list);

/* --- names --- */

#define LOWER_BYTES 128 /* longer names have no capitals that matter */

static bool put_name(struct reader *reader, const char *text, size_t size, dom_name *ret_name)
{
    firn_status status = dom_name_put(reader->page, text, size, ret_name);
    return status == FIRN_OK || fail(reader, status);
}

/* The name as it is written, and in lower case. */
static bool read_names(struct reader *reader, part *into)
{
    const css_token *token = &reader->token;
    char lower[LOWER_BYTES];
    if (!put_name(reader, token->text, token->text_bytes, &into->name))
        return false;
    into->lower = into->name;
    if (token->text_bytes > sizeof lower)
        return true;
    for (size_t i = 0; i < token->text_bytes; i++) {
        char byte = token->text[i];
        lower[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte + 'a' - 'A') : byte;
    }
    return put_name(reader, lower, token->text_bytes, &into->lower);
}

/* The source goes away when it is read: a text is kept. */
static bool keep_text(struct reader *reader, part *into)
{
    into->text = firn_arena_strndup(reader->arena, reader->token.text, reader->token.text_bytes);
    into->text_bytes = reader->token.text_bytes;
    return into->text != NULL || fail(reader, FIRN_NO_MEMORY);
}

/* --- the parts of a compound --- */

/* A type, with the namespaces that need no declaration: "*|a" is any, "|a" none. */
static bool read_type(struct reader *reader, part *into, uint32_t *specificity)
{
    css_token first = reader->token;
    bool bar = is_delim(reader, '|');
    into->kind = PART_TYPE;
    into->name = into->lower = FIRN_INTERN_NONE;
    if (!bar && first.kind == CSS_IDENT && !read_names(reader, into))
        return false;
    if (!bar)
        advance(reader);
    if (is_delim(reader, '|')) {
        if (first.kind == CSS_IDENT) /* a prefix, and none is declared */
            return fail(reader, FIRN_INVALID);
        into->none_space = bar;
        advance(reader);
        bool any = is_delim(reader, '*');
        if (!any && reader->token.kind != CSS_IDENT)
            return fail(reader, FIRN_INVALID);
        if (!any && !read_names(reader, into))
            return false;
        advance(reader);
    }
    if (into->name != FIRN_INTERN_NONE)
        add_specificity(specificity, SPECIFICITY_TYPE);
    return true;
}

static bool read_operator(struct reader *reader, part *into)
{
    static const struct {
        char byte;
        attribute_operator is;
    } operators[] = {{'~', OPERATOR_INCLUDES}, {'|', OPERATOR_DASH},      {'^', OPERATOR_PREFIX},
                     {'$', OPERATOR_SUFFIX},   {'*', OPERATOR_SUBSTRING}, {'=', OPERATOR_EQUALS}};
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (!is_delim(reader, operators[i].byte))
            continue;
        into->is = operators[i].is;
        advance(reader);
        if (into->is == OPERATOR_EQUALS)
            return true;
        if (!is_delim(reader, '='))
            return fail(reader, FIRN_INVALID);
        advance(reader);
        return true;
    }
    return fail(reader, FIRN_INVALID);
}

static bool read_attribute_name(struct reader *reader, part *into)
{
    if (is_delim(reader, '*') || is_delim(reader, '|')) {
        into->any_space = is_delim(reader, '*');
        if (into->any_space)
            advance(reader);
        if (!is_delim(reader, '|'))
            return fail(reader, FIRN_INVALID);
        advance(reader);
    }
    if (reader->token.kind != CSS_IDENT)
        return fail(reader, FIRN_INVALID);
    into->any_case_html = css_is_caseless_attribute(&reader->token);
    if (!read_names(reader, into))
        return false;
    advance(reader);
    return true;
}

static bool read_attribute(struct reader *reader, part *into)
{
    into->kind = PART_ATTRIBUTE;
    advance(reader);
    skip_blank(reader);
    if (!read_attribute_name(reader, into))
        return false;
    skip_blank(reader);
    if (reader->token.kind != CSS_CLOSE_SQUARE) {
        if (!read_operator(reader, into))
            return false;
        skip_blank(reader);
        if ((reader->token.kind != CSS_IDENT && reader->token.kind != CSS_STRING) ||
            !keep_text(reader, into))
            return fail(reader, FIRN_INVALID);
        advance(reader);
        skip_blank(reader);
        bool flag = reader->token.kind == CSS_IDENT;
        if (flag && css_is_word(&reader->token, "i"))
            into->any_case = true;
        else if (flag)
            return fail(reader, FIRN_INVALID);
        if (flag)
            advance(reader);
        skip_blank(reader);
    }
    if (reader->token.kind != CSS_CLOSE_SQUARE && reader->token.kind != CSS_END)
        return fail(reader, FIRN_INVALID);
    advance(reader);
    return true;
}

/* --- pseudo-classes --- */

static void set_pseudo(part *into, const struct pseudo *pseudo)
{
    into->kind = pseudo->kind;
    into->state = pseudo->state;
    into->a = pseudo->a;
    into->b = pseudo->b;
    into->of_type = pseudo->of_type;
    into->from_last = pseudo->from_last;
}

/* What "a n + b" is: its text without blanks, which tokens cut in many ways. */
#define NTH_BYTES 48

static size_t gather_nth(struct reader *reader, char *text)
{
    size_t size = 0;
    while (reader->token.kind != CSS_CLOSE_ROUND && reader->token.kind != CSS_END) {
        const css_token *token = &reader->token;
        size_t bytes = token->end - token->start;
        if (size > 0 && token->kind == CSS_IDENT && css_is_word(token, "of"))
            break;
        if (token->kind != CSS_BLANK && token->kind != CSS_NUMBER && token->kind != CSS_DIMENSION &&
            token->kind != CSS_IDENT && token->kind != CSS_DELIM)
            return 0;
        /* A blank may stand round the sign only. */
        bool blank = token->kind == CSS_BLANK;
        if (size + bytes + 1 >= NTH_BYTES)
            return 0;
        if (blank)
            text[size++] = ' ';
        for (size_t i = 0; !blank && i < bytes; i++) {
            char byte = reader->scanner.source[token->start + i];
            text[size++] = byte >= 'A' && byte <= 'Z' ? (char)(byte + 'a' - 'A') : byte;
        }
        advance(reader);
    }
    while (size > 0 && text[size - 1] == ' ')
        size--;
    text[size] = 0;
    return size;
}

/* A number of up to nine digits, with or without a sign. */
static bool read_integer(const char **at, bool sign, int *ret_value)
{
    const char *text = *at;
    int value = 0, digits = 0;
    bool minus = *text == '-';
    if (*text == '+' || *text == '-') {
        if (!sign)
            return false;
        text++;
    }
    for (; *text >= '0' && *text <= '9'; text++, digits++)
        value = digits < 9 ? value * 10 + (*text - '0') : 999999999;
    if (digits == 0)
        return false;
    *ret_value = minus ? -value : value;
    *at = text;
    return true;
}

static const char *skip_spaces(const char *text)
{
    while (*text == ' ')
        text++;
    return text;
}

static bool parse_nth(const char *text, int *ret_a, int *ret_b)
{
    bool minus = *text == '-';
    *ret_a = 0;
    if (strcmp(text, "odd") == 0 || strcmp(text, "even") == 0) {
        *ret_a = 2;
        *ret_b = text[0] == 'o';
        return true;
    }
    if (!read_integer(&text, true, ret_a)) {
        text += *text == '-' || *text == '+';
        *ret_a = minus ? -1 : 1;
        if (*text != 'n')
            return false;
    }
    if (*text != 'n') {
        *ret_b = *ret_a;
        *ret_a = 0;
        return *text == 0;
    }
    text = skip_spaces(text + 1);
    *ret_b = 0;
    if (*text == 0)
        return true;
    minus = *text == '-';
    if (*text != '-' && *text != '+')
        return false;
    text = skip_spaces(text + 1);
    bool good = read_integer(&text, false, ret_b) && *text == 0;
    *ret_b = minus ? -*ret_b : *ret_b;
    return good;
}

static uint32_t list_specificity(const css_selectors *list)
{
    uint32_t most = 0;
    for (const selector *one = list->first; one != NULL; one = one->next)
        most = one->specificity > most ? one->specificity : most;
    return most;
}

static bool read_nth(struct reader *reader, part *into, uint32_t *specificity)
{
    char text[NTH_BYTES];
    skip_blank(reader);
    if (gather_nth(reader, text) == 0 || !parse_nth(text, &into->a, &into->b))
        return fail(reader, FIRN_INVALID);
    add_specificity(specificity, SPECIFICITY_CLASS);
    if (reader->token.kind != CSS_IDENT)
        return true;
    if (into->of_type)
        return fail(reader, FIRN_INVALID);
    advance(reader);
    if (!read_list(reader, CSS_CLOSE_ROUND, false, false, &into->list))
        return false;
    add_specificity(specificity, list_specificity(into->list));
    return true;
}

/* A language or a direction. */
static bool read_words(struct reader *reader, part *into)
{
    skip_blank(reader);
    if (reader->token.kind != CSS_IDENT || !keep_text(reader, into))
        return fail(reader, FIRN_INVALID);
    advance(reader);
    skip_blank(reader);
    return true;
}

static bool read_within(struct reader *reader, part *into, const struct pseudo *pseudo,
                        uint32_t *specificity)
{
    bool has = into->kind == PART_HAS, outer = reader->in_has;
    bool forgiving = into->kind == PART_IS;
    if (has && outer) /* :has may not stand within :has */
        return fail(reader, FIRN_INVALID);
    reader->in_has = has || outer;
    bool good = read_list(reader, CSS_CLOSE_ROUND, forgiving, has, &into->list);
    reader->in_has = outer;
    if (good && strcmp(pseudo->name, "where") != 0)
        add_specificity(specificity, list_specificity(into->list));
    return good;
}

/* Passes over what stands between brackets, up to the one that closes the function. */
static bool skip_arguments(struct reader *reader)
{
    for (unsigned open = 0; reader->token.kind != CSS_END; advance(reader)) {
        if (reader->token.kind == CSS_OPEN_ROUND || reader->token.kind == CSS_FUNCTION)
            open++;
        else if (reader->token.kind == CSS_CLOSE_ROUND && open-- == 0)
            return true;
    }
    return true;
}

static bool read_function(struct reader *reader, part *into, uint32_t *specificity)
{
    const struct pseudo *pseudo = css_pseudo_find(&reader->token, true);
    if (pseudo == NULL)
        return fail(reader, FIRN_INVALID);
    set_pseudo(into, pseudo);
    advance(reader);
    bool good;
    switch (into->kind) {
    case PART_NTH:
        good = read_nth(reader, into, specificity);
        break;
    case PART_LANG:
    case PART_DIR:
        good = read_words(reader, into);
        add_specificity(specificity, SPECIFICITY_CLASS);
        break;
    case PART_NEVER:
        good = skip_arguments(reader);
        add_specificity(specificity, SPECIFICITY_CLASS);
        break;
    default:
        good = read_within(reader, into, pseudo, specificity);
        break;
    }
    if (good && reader->token.kind != CSS_CLOSE_ROUND && reader->token.kind != CSS_END)
        return fail(reader, FIRN_INVALID);
    advance(reader);
    return good;
}

static bool read_pseudo(struct reader *reader, part *into, uint32_t *specificity)
{
    advance(reader);
    bool element = reader->token.kind == CSS_COLON;
    if (element)
        advance(reader);
    if (element && !css_is_known_element(&reader->token))
        return fail(reader, FIRN_INVALID);
    if (reader->token.kind == CSS_IDENT && (element || css_is_old_element(&reader->token))) {
        into->kind = PART_PSEUDO_ELEMENT;
        if (!keep_text(reader, into))
            return false;
        add_specificity(specificity, SPECIFICITY_TYPE);
        advance(reader);
        return true;
    }
    if (reader->token.kind == CSS_FUNCTION && element) {
        into->kind = PART_PSEUDO_ELEMENT;
        add_specificity(specificity, SPECIFICITY_TYPE);
        advance(reader);
        skip_arguments(reader);
        advance(reader);
        return true;
    }
    if (reader->token.kind == CSS_FUNCTION)
        return read_function(reader, into, specificity);
    const struct pseudo *pseudo =
        reader->token.kind == CSS_IDENT ? css_pseudo_find(&reader->token, false) : NULL;
    if (pseudo == NULL)
        return fail(reader, FIRN_INVALID);
    set_pseudo(into, pseudo);
    add_specificity(specificity, SPECIFICITY_CLASS);
    advance(reader);
    return true;
}

/* --- compounds, selectors, lists --- */

static bool starts_type(const struct reader *reader)
{
    return reader->token.kind == CSS_IDENT || is_delim(reader, '*') || is_delim(reader, '|');
}

static bool starts_part(const struct reader *reader)
{
    css_kind kind = reader->token.kind;
    return kind == CSS_HASH || kind == CSS_OPEN_SQUARE || kind == CSS_COLON ||
           is_delim(reader, '.');
}

static bool read_part(struct reader *reader, part *into, uint32_t *specificity)
{
    switch (reader->token.kind) {
    case CSS_HASH:
        into->kind = PART_ID;
        if (!reader->token.is_id || !keep_text(reader, into))
            return fail(reader, FIRN_INVALID);
        add_specificity(specificity, SPECIFICITY_ID);
        advance(reader);
        return true;
    case CSS_OPEN_SQUARE:
        add_specificity(specificity, SPECIFICITY_CLASS);
        return read_attribute(reader, into);
    case CSS_COLON:
        return read_pseudo(reader, into, specificity);
    default: /* "." */
        into->kind = PART_CLASS;
        advance(reader);
        if (reader->token.kind != CSS_IDENT || !keep_text(reader, into))
            return fail(reader, FIRN_INVALID);
        add_specificity(specificity, SPECIFICITY_CLASS);
        advance(reader);
        return true;
    }
}

static bool read_compound(struct reader *reader, compound *into, selector *whole)
{
    part **last = &into->parts;
    bool type = starts_type(reader);
    while (type || starts_part(reader)) {
        part *next = make(reader, sizeof *next);
        if (next == NULL)
            return false;
        if (type ? !read_type(reader, next, &whole->specificity)
                 : !read_part(reader, next, &whole->specificity))
            return false;
        whole->of_pseudo |= next->kind == PART_PSEUDO_ELEMENT;
        *last = next;
        last = &next->next;
        type = false;
    }
    return into->parts != NULL || fail(reader, FIRN_INVALID);
}

/* Takes a combinator, if one comes; COMBINE_NONE where the selector ends. */
static combinator read_combinator(struct reader *reader)
{
    static const struct {
        char byte;
        combinator is;
    } combinators[] = {{'>', COMBINE_CHILD}, {'+', COMBINE_NEXT}, {'~', COMBINE_LATER}};
    bool blank = reader->token.kind == CSS_BLANK;
    skip_blank(reader);
    for (size_t i = 0; i < sizeof combinators / sizeof combinators[0]; i++) {
        if (!is_delim(reader, combinators[i].byte))
            continue;
        advance(reader);
        skip_blank(reader);
        return combinators[i].is;
    }
    return blank && (starts_type(reader) || starts_part(reader)) ? COMBINE_DESCENDANT
                                                                 : COMBINE_NONE;
}

/* The element that :has stands at, on the left of a relative selector. */
static compound *make_anchor(struct reader *reader)
{
    compound *anchor = make(reader, sizeof *anchor);
    part *only = anchor != NULL ? make(reader, sizeof *only) : NULL;
    if (only == NULL)
        return NULL;
    only->kind = PART_ANCHOR;
    anchor->parts = only;
    return anchor;
}

static bool read_selector(struct reader *reader, bool relative, selector *into)
{
    compound *left = NULL;
    combinator how = COMBINE_NONE;
    unsigned count = 0;
    skip_blank(reader);
    if (relative) {
        how = read_combinator(reader);
        how = how == COMBINE_NONE ? COMBINE_DESCENDANT : how;
        into->among_siblings = how == COMBINE_NEXT || how == COMBINE_LATER;
        left = make_anchor(reader);
        if (left == NULL)
            return false;
    }
    do {
        if (count++ == MAX_COMPOUNDS)
            return fail(reader, FIRN_LIMIT);
        compound *next = make(reader, sizeof *next);
        if (next == NULL || !read_compound(reader, next, into))
            return false;
        next->left = left;
        next->to_left = left != NULL ? how : COMBINE_NONE;
        left = next;
        how = read_combinator(reader);
    } while (how != COMBINE_NONE);
    into->last = left;
    return true;
}

/* From the beginning of what a forgiving list forgets to its next comma, or the list's end. */
static void skip_to_next(struct reader *reader, css_kind end)
{
    unsigned open = 0;
    for (; reader->token.kind != CSS_END; advance(reader)) {
        css_kind kind = reader->token.kind;
        if (open == 0 && (kind == CSS_COMMA || kind == end))
            return;
        if (kind == CSS_OPEN_ROUND || kind == CSS_FUNCTION || kind == CSS_OPEN_SQUARE)
            open++;
        else if ((kind == CSS_CLOSE_ROUND || kind == CSS_CLOSE_SQUARE) && open > 0)
            open--;
    }
}

static bool put_names(struct reader *reader, css_selectors *list)
{
    return put_name(reader, "id", 2, &list->id_name) &&
           put_name(reader, "class", 5, &list->class_name) &&
           put_name(reader, "lang", 4, &list->lang_name) &&
           put_name(reader, "dir", 3, &list->dir_name);
}

/* One selector of a list, up to the comma or end behind it. */
static bool read_one(struct reader *reader, css_kind end, bool forgiving, bool relative,
                     selector *into, bool *ret_taken)
{
    css_scanner at = reader->scanner;
    css_token first = reader->token;
    bool good = read_selector(reader, relative, into);
    css_kind kind = reader->token.kind;
    good = good && (kind == CSS_COMMA || kind == end || kind == CSS_END);
    *ret_taken = good;
    if (good)
        return true;
    fail(reader, FIRN_INVALID);
    if (!forgiving || reader->status != FIRN_INVALID)
        return false;
    reader->status = FIRN_OK;
    reader->scanner = at;
    reader->token = first;
    skip_to_next(reader, end);
    return true;
}

static bool read_selectors(struct reader *reader, css_kind end, bool forgiving, bool relative,
                           css_selectors *list)
{
    selector **last = &list->first;
    skip_blank(reader);
    if (forgiving && reader->token.kind == end)
        return true;
    for (;; advance(reader)) {
        bool taken;
        selector *one = make(reader, sizeof *one);
        if (one == NULL || !read_one(reader, end, forgiving, relative, one, &taken))
            return false;
        if (taken) {
            *last = one;
            last = &one->next;
            list->count++;
        }
        if (reader->token.kind != CSS_COMMA)
            return true;
    }
}

static bool read_list(struct reader *reader, css_kind end, bool forgiving, bool relative,
                      css_selectors **ret_list)
{
    css_selectors *list = make(reader, sizeof *list);
    if (list == NULL || !put_names(reader, list))
        return false;
    if (reader->depth == MAX_DEPTH)
        return fail(reader, FIRN_LIMIT);
    reader->depth++;
    bool good = read_selectors(reader, end, forgiving, relative, list);
    reader->depth--;
    *ret_list = list;
    return good;
}

firn_status css_selectors_read(dom *page, firn_arena *arena, const char *text, size_t size,
                               css_selectors **ret_list, size_t *ret_where)
{
    struct reader reader = {.page = page, .arena = arena, .status = FIRN_OK};
    css_selectors *list;
    css_scan_begin(&reader.scanner, arena, text, size);
    advance(&reader);
    bool good = read_list(&reader, CSS_END, false, false, &list);
    if (good && reader.status == FIRN_OK && reader.token.kind == CSS_END) {
        *ret_list = list;
        return FIRN_OK;
    }
    *ret_where = reader.token.start;
    return reader.status != FIRN_OK ? reader.status : FIRN_INVALID;
}
