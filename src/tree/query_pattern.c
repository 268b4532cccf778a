/* Patterns to steps (query_steps.h tells what the steps are). A recursive descent over the source,
 * bounded by FIRN_QUERY_NESTING_MAX; called for each pattern by query.c.
 *
 * What a construct becomes, with the indices of steps:
 *   [A B]   A…, jump to the end, B…             A's first step has B's as its alternative
 *   A?      A…                                  the last alternative of A's first step is the end
 *   A+      A…, fork to A's first step
 *   A*      A…, fork to A's first step          and as for A?
 * A field, a capture and the anchor before `)` are set on a construct's first step and on all the
 * alternatives of it. */
#include "tree/query_pattern.h"

#include <string.h>

/* What is being read: depth below the pattern's root, whether an anchor stood before it. */
struct place {
    struct firn_query_pattern *pattern;
    uint16_t depth;
    bool is_immediate;
};

static firn_status read_item(struct firn_query_source *source, struct place place,
                             bool *ret_is_end);

firn_status firn_query_step_add(struct firn_query_source *source, struct firn_query_step step)
{
    firn_query *query = source->query;

    if (query->step_count >= FIRN_QUERY_STEPS_MAX)
        return firn_query_fail(source, FIRN_LIMIT, source->at, "the query has too many nodes");
    if (!firn_grow(query->allocator, (void **)&query->steps, &query->step_capacity,
                   query->step_count + 1, sizeof *query->steps))
        return firn_query_no_memory(source);
    query->steps[query->step_count++] = step;
    return FIRN_OK;
}

static struct firn_query_step step_of(firn_label label, struct place place)
{
    return (struct firn_query_step){
        .label = label,
        .depth = place.depth,
        .alternative = FIRN_STEP_NONE,
        .captures = {FIRN_STEP_NONE, FIRN_STEP_NONE, FIRN_STEP_NONE},
        .is_immediate = place.is_immediate,
    };
}

/* The next of a construct's alternatives behind a step; FIRN_STEP_NONE when there is none. */
static uint16_t next_alternative(const firn_query *query, uint16_t step)
{
    const uint16_t alternative = query->steps[step].alternative;
    return alternative != FIRN_STEP_NONE && alternative > step && alternative < query->step_count
               ? alternative
               : FIRN_STEP_NONE;
}

/* --- names --- */

static firn_status find_label(struct firn_query_source *source, struct firn_query_text name,
                              bool is_named, size_t offset, firn_label *ret_label)
{
    const firn_query *query = source->query;

    for (unsigned label = 0; label < query->label_count; label++) {
        const char *other = firn_family_label_name(query->family, (firn_label)label);
        if (firn_family_label_named(query->family, (firn_label)label) == is_named &&
            other[0] != '\0' && strlen(other) == name.size &&
            memcmp(other, name.data, name.size) == 0) { /* a text may hold a NUL */
            *ret_label = (firn_label)label;
            return FIRN_OK;
        }
    }
    return firn_query_fail(source, FIRN_NOT_FOUND, offset, "there is no node type %s%.*s%s",
                           is_named ? "" : "\"", name.size < 64 ? (int)name.size : 64, name.data,
                           is_named ? "" : "\"");
}

static firn_status find_field(struct firn_query_source *source, struct firn_query_text name,
                              size_t offset, firn_field *ret_field)
{
    const firn_family *family = source->query->family;

    for (unsigned field = 1; field < firn_family_field_count(family); field++) {
        const char *other = firn_family_field_name(family, (firn_field)field);
        if (strlen(other) == name.size && memcmp(other, name.data, name.size) == 0) {
            *ret_field = (firn_field)field;
            return FIRN_OK;
        }
    }
    return firn_query_fail(source, FIRN_NOT_FOUND, offset, "there is no field %.*s",
                           name.size < 64 ? (int)name.size : 64, name.data);
}

uint16_t firn_query_capture_find(const firn_query *query, struct firn_query_text name)
{
    for (uint32_t i = 0; i < query->capture_count; i++)
        if (query->captures[i].size == name.size &&
            memcmp(query->captures[i].data, name.data, name.size) == 0)
            return (uint16_t)i;
    return FIRN_STEP_NONE;
}

static firn_status capture_number(struct firn_query_source *source, struct firn_query_text name,
                                  uint16_t *ret_capture)
{
    firn_query *query = source->query;

    *ret_capture = firn_query_capture_find(query, name);
    if (*ret_capture != FIRN_STEP_NONE)
        return FIRN_OK;
    char *copy = firn_arena_strndup(&query->arena, name.data, name.size);
    if (copy == NULL ||
        !firn_grow(query->allocator, (void **)&query->captures, &query->capture_capacity,
                   query->capture_count + 1, sizeof *query->captures))
        return firn_query_no_memory(source);
    query->captures[query->capture_count] = (struct firn_query_text){copy, name.size};
    *ret_capture = (uint16_t)query->capture_count++; /* below the number of steps and of captures in
                                                        each, so it fits */
    return FIRN_OK;
}

/* --- nodes --- */

static firn_status expected(struct firn_query_source *source, const char *what)
{
    if (source->at >= source->size)
        return firn_query_fail(source, FIRN_INVALID, source->at, "%s is expected, and it ends",
                               what);
    return firn_query_fail(source, FIRN_INVALID, source->at, "%s is expected", what);
}

/* Reads what may follow MISSING. */
static firn_status read_missing(struct firn_query_source *source, firn_label *ret_label)
{
    struct firn_query_text name;
    const size_t start = source->at;

    *ret_label = FIRN_LABEL_ANY;
    if (firn_query_at_name(source))
        return find_label(source, firn_query_name(source), true, start, ret_label);
    if (firn_query_peek(source) != '"')
        return firn_query_peek(source) == ')' ? FIRN_OK : expected(source, "a node type or )");
    firn_status status = firn_query_string(source, &name);
    return status == FIRN_OK ? find_label(source, name, false, start + 1, ret_label) : status;
}

static bool is_word(struct firn_query_text name, const char *word)
{
    return name.size == strlen(word) && memcmp(name.data, word, name.size) == 0;
}

/* The group of a name; 0 when there is none, or a label has the name. */
static uint8_t find_group(const firn_query *query, struct firn_query_text name)
{
    for (unsigned label = 0; label < query->label_count; label++)
        if (firn_family_label_named(query->family, (firn_label)label) &&
            is_word(name, firn_family_label_name(query->family, (firn_label)label)))
            return 0;
    for (unsigned group = 1; group <= FIRN_GROUP_MAX; group++)
        if (is_word(name, firn_family_group_name(query->family, group)))
            return (uint8_t)group;
    return 0;
}

/* Reads what may follow a group: the node type that is wanted of it. */
static firn_status read_subtype(struct firn_query_source *source, firn_label *ret_label)
{
    firn_query_skip_blanks(source);
    if (firn_query_peek(source) != '/')
        return FIRN_OK;
    source->at++;
    if (!firn_query_at_name(source))
        return expected(source, "a node type");
    const size_t start = source->at;
    return find_label(source, firn_query_name(source), true, start, ret_label);
}

/* Reads the node type behind a parenthesis and adds its step. */
static firn_status read_node_type(struct firn_query_source *source, struct place place)
{
    const size_t start = source->at;
    firn_label label = FIRN_LABEL_ANY;
    bool is_missing = false;
    uint8_t group = 0;
    firn_status status = FIRN_OK;

    if (!firn_query_at_name(source))
        return expected(source, "a node type");
    const struct firn_query_text name = firn_query_name(source);
    if (is_word(name, "MISSING")) {
        is_missing = true;
        firn_query_skip_blanks(source);
        status = read_missing(source, &label);
    } else if ((group = find_group(source->query, name)) != 0) {
        status = read_subtype(source, &label);
    } else if (!is_word(name, "_")) {
        status = find_label(source, name, true, start, &label);
    }
    if (status != FIRN_OK)
        return status;
    struct firn_query_step step = step_of(label, place);
    step.is_missing = is_missing;
    step.is_named = label == FIRN_LABEL_ANY && group == 0;
    step.group = group;
    return firn_query_step_add(source, step);
}

static firn_status add_negated(struct firn_query_source *source, firn_field field)
{
    firn_query *query = source->query;

    if (query->negated_count >= FIRN_QUERY_STEPS_MAX)
        return firn_query_fail(source, FIRN_LIMIT, source->at, "too many negated fields");
    if (!firn_grow(query->allocator, (void **)&query->negated, &query->negated_capacity,
                   query->negated_count + 1, sizeof *query->negated))
        return firn_query_no_memory(source);
    query->negated[query->negated_count++] = field;
    return FIRN_OK;
}

/* The fields that a node must not have, kept until its children are read: a child's own come in
 * between. */
struct negated {
    firn_field fields[8];
    unsigned count;
};

static firn_status read_negated(struct firn_query_source *source, struct negated *negated)
{
    firn_field field = 0;

    source->at++;
    firn_query_skip_blanks(source);
    const size_t start = source->at;
    if (!firn_query_at_name(source))
        return expected(source, "a field");
    firn_status status = find_field(source, firn_query_name(source), start, &field);
    if (status != FIRN_OK)
        return status;
    if (negated->count == sizeof negated->fields / sizeof negated->fields[0])
        return firn_query_fail(source, FIRN_LIMIT, start, "a node has too many negated fields");
    negated->fields[negated->count++] = field;
    firn_query_skip_blanks(source);
    return FIRN_OK;
}

static firn_status set_negated(struct firn_query_source *source, uint16_t step,
                               const struct negated *negated)
{
    firn_status status = FIRN_OK;

    if (negated->count == 0)
        return FIRN_OK;
    source->query->steps[step].negated = (uint16_t)source->query->negated_count;
    for (unsigned i = 0; i < negated->count && status == FIRN_OK; i++)
        status = add_negated(source, negated->fields[i]);
    return status == FIRN_OK ? add_negated(source, 0) : status;
}

static bool read_anchor(struct firn_query_source *source)
{
    if (firn_query_peek(source) != '.')
        return false;
    source->at++;
    firn_query_skip_blanks(source);
    return true;
}

/* An anchor before the closing parenthesis: the last child's step and its alternatives. */
static firn_status set_last(struct firn_query_source *source, uint32_t last_child)
{
    if (last_child == UINT32_MAX)
        return firn_query_fail(source, FIRN_INVALID, source->at,
                               "an anchor needs a node before or behind it");
    for (uint16_t step = (uint16_t)last_child; step != FIRN_STEP_NONE;
         step = next_alternative(source->query, step))
        source->query->steps[step].is_last = true;
    return FIRN_OK;
}

/* Reads a node's children to its closing parenthesis. */
static firn_status read_children(struct firn_query_source *source, struct place node,
                                 struct negated *negated)
{
    struct place place = {.pattern = node.pattern, .depth = (uint16_t)(node.depth + 1)};
    uint32_t last_child = UINT32_MAX;
    bool is_end = false;

    for (;;) {
        firn_status status;
        if (firn_query_peek(source) == '!') {
            status = read_negated(source, negated);
            if (status != FIRN_OK)
                return status;
            continue;
        }
        place.is_immediate |= read_anchor(source);
        const uint32_t before = source->query->step_count;
        status = read_item(source, place, &is_end);
        if (status != FIRN_OK)
            return status;
        if (is_end)
            break;
        if (source->query->step_count > before) { /* not a predicate */
            last_child = before;
            place.is_immediate = false;
        }
    }
    if (firn_query_peek(source) != ')')
        return expected(source, ")");
    source->at++;
    return place.is_immediate ? set_last(source, last_child) : FIRN_OK;
}

static firn_status read_node(struct firn_query_source *source, struct place place)
{
    const uint16_t step = (uint16_t)source->query->step_count;
    struct negated negated = {.count = 0};
    firn_status status = read_node_type(source, place);

    if (status == FIRN_OK) {
        firn_query_skip_blanks(source);
        status = read_children(source, place, &negated);
    }
    return status == FIRN_OK ? set_negated(source, step, &negated) : status;
}

/* --- groups and alternations --- */

static firn_status read_group(struct firn_query_source *source, struct place place)
{
    bool is_end = false;

    for (;;) {
        place.is_immediate |= read_anchor(source);
        firn_status status = read_item(source, place, &is_end);
        if (status != FIRN_OK)
            return status;
        if (is_end)
            break;
        place.is_immediate = false;
    }
    if (firn_query_peek(source) != ')')
        return expected(source, ")");
    source->at++;
    return FIRN_OK;
}

/* Links branches that lie one behind the other, each but the last with a jump at its end. */
static void link_branches(firn_query *query, const uint16_t *branches, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        struct firn_query_step *jump = &query->steps[branches[i + 1] - 1];
        query->steps[branches[i]].alternative = branches[i + 1];
        jump->alternative = (uint16_t)query->step_count;
        jump->is_jump = true;
    }
}

struct branches {
    uint16_t *starts;
    size_t capacity;
    size_t count;
};

static firn_status read_branch(struct firn_query_source *source, struct place place,
                               struct branches *branches, bool *ret_is_end)
{
    firn_query *query = source->query;
    const uint16_t start = (uint16_t)query->step_count;
    firn_status status = read_item(source, place, ret_is_end);

    if (status != FIRN_OK || *ret_is_end)
        return status;
    if (query->step_count == start)
        return firn_query_fail(source, FIRN_INVALID, source->at,
                               "a predicate cannot be a branch of an alternation");
    if (!firn_grow(query->allocator, (void **)&branches->starts, &branches->capacity,
                   branches->count + 1, sizeof *branches->starts))
        return firn_query_no_memory(source);
    branches->starts[branches->count++] = start;
    place.is_immediate = false;
    return firn_query_step_add(source, step_of(FIRN_LABEL_ANY, place));
}

static firn_status read_alternation(struct firn_query_source *source, struct place place)
{
    struct branches branches = {0};
    firn_query *query = source->query;
    firn_status status = FIRN_OK;
    bool is_end = false;

    source->at++;
    firn_query_skip_blanks(source);
    while (status == FIRN_OK && !is_end)
        status = read_branch(source, place, &branches, &is_end);
    if (status == FIRN_OK && (firn_query_peek(source) != ']' || branches.count == 0))
        status = expected(source, branches.count == 0 ? "a branch" : "]");
    if (status == FIRN_OK) {
        source->at++;
        query->step_count--; /* the last branch needs no jump */
        link_branches(query, branches.starts, branches.count);
    }
    firn_release(query->allocator, branches.starts, branches.capacity * sizeof *branches.starts);
    return status;
}

/* --- fields, texts, suffixes --- */

static firn_status read_field(struct firn_query_source *source, struct place place)
{
    const size_t start = source->at;
    const uint16_t first = (uint16_t)source->query->step_count;
    const struct firn_query_text name = firn_query_name(source);
    firn_field field = 0;
    bool is_end = false;

    firn_query_skip_blanks(source);
    if (firn_query_peek(source) != ':')
        return firn_query_fail(source, FIRN_INVALID, start,
                               "a node stands in parentheses, and a field has a : behind it");
    source->at++;
    firn_query_skip_blanks(source);
    firn_status status = read_item(source, place, &is_end);
    if (status == FIRN_OK && (is_end || source->query->step_count == first))
        status = expected(source, "the field's node");
    if (status == FIRN_OK)
        status = find_field(source, name, start, &field);
    if (status != FIRN_OK)
        return status;
    for (uint16_t step = first; step != FIRN_STEP_NONE;
         step = next_alternative(source->query, step))
        source->query->steps[step].field = field;
    return FIRN_OK;
}

static firn_status read_anonymous(struct firn_query_source *source, struct place place)
{
    const size_t start = source->at;
    struct firn_query_text text;
    firn_label label;
    firn_status status = firn_query_string(source, &text);

    if (status == FIRN_OK)
        status = find_label(source, text, false, start + 1, &label);
    return status == FIRN_OK ? firn_query_step_add(source, step_of(label, place)) : status;
}

static firn_status add_fork(struct firn_query_source *source, uint16_t first, uint16_t depth)
{
    struct firn_query_step step = step_of(FIRN_LABEL_ANY, (struct place){.depth = depth});
    step.alternative = first;
    step.is_fork = true;
    step.alternative_is_immediate = true;
    return firn_query_step_add(source, step);
}

/* Lets the construct from a step on be passed over, behind all its other alternatives. */
static void make_optional(firn_query *query, uint16_t first, uint32_t end)
{
    uint32_t step = first;
    while (query->steps[step].alternative != FIRN_STEP_NONE &&
           query->steps[step].alternative < end) {
        /* what repeats goes back; behind it is the way on */
        step = query->steps[step].alternative > step ? query->steps[step].alternative : step + 1;
        if (step >= end)
            return;
    }
    query->steps[step].alternative = (uint16_t)query->step_count;
}

static firn_status read_capture(struct firn_query_source *source, uint16_t first)
{
    firn_query *query = source->query;
    uint16_t capture;

    source->at++;
    const size_t start = source->at;
    if (!firn_query_at_name(source))
        return expected(source, "a capture's name");
    firn_status status = capture_number(source, firn_query_name(source), &capture);
    for (uint16_t step = first; step != FIRN_STEP_NONE && status == FIRN_OK;
         step = next_alternative(query, step)) {
        unsigned i = 0;
        while (i < FIRN_QUERY_CAPTURES_PER_NODE && query->steps[step].captures[i] != FIRN_STEP_NONE)
            i++;
        if (i == FIRN_QUERY_CAPTURES_PER_NODE)
            status = firn_query_fail(source, FIRN_LIMIT, start, "a node has more than %u captures",
                                     FIRN_QUERY_CAPTURES_PER_NODE);
        else
            query->steps[step].captures[i] = capture;
    }
    return status;
}

/* Reads quantifiers and captures. Of several quantifiers each does what those before it did not. */
static firn_status read_suffixes(struct firn_query_source *source, uint16_t first, uint16_t depth)
{
    firn_query *query = source->query;
    firn_status status = FIRN_OK;
    bool is_repeated = false;
    bool is_optional = false;

    while (status == FIRN_OK) {
        firn_query_skip_blanks(source);
        const char c = firn_query_peek(source);
        const bool repeats = c == '+' || c == '*';
        const bool skips = c == '?' || c == '*';
        if (c == '@') {
            status = read_capture(source, first);
            continue;
        }
        if (!repeats && !skips)
            return FIRN_OK;
        source->at++;
        const bool adds_fork = repeats && !is_repeated;
        if (adds_fork)
            status = add_fork(source, first, depth);
        if (status == FIRN_OK && skips && !is_optional)
            make_optional(query, first, query->step_count - (adds_fork ? 1 : 0));
        is_repeated |= repeats;
        is_optional |= skips;
    }
    return status;
}

/* What stands behind an opening parenthesis; *ret_is_predicate takes no suffixes. */
static firn_status read_parenthesis(struct firn_query_source *source, struct place place,
                                    bool *ret_is_predicate)
{
    source->at++;
    firn_query_skip_blanks(source);
    switch (firn_query_peek(source)) {
    case '(':
    case '[':
    case '"':
        return read_group(source, place);
    case '#':
    case '.':
        source->at++;
        *ret_is_predicate = true;
        return firn_query_predicate(source, place.pattern);
    default:
        return read_node(source, place);
    }
}

static firn_status read_construct(struct firn_query_source *source, struct place place,
                                  bool *ret_is_predicate)
{
    switch (firn_query_peek(source)) {
    case '(':
        return read_parenthesis(source, place, ret_is_predicate);
    case '[':
        return read_alternation(source, place);
    case '"':
        return read_anonymous(source, place);
    case '_':
        source->at++;
        return firn_query_step_add(source, step_of(FIRN_LABEL_ANY, place));
    default:
        if (firn_query_at_name(source))
            return read_field(source, place);
        return expected(source, "a pattern");
    }
}

/* Reads one construct with its suffixes and the blanks behind it. *ret_is_end tells instead that a
 * closing bracket stands here. */
static firn_status read_item(struct firn_query_source *source, struct place place, bool *ret_is_end)
{
    const uint16_t first = (uint16_t)source->query->step_count;
    const char c = firn_query_peek(source);
    bool is_predicate = false;

    if (c == ')' || c == ']') {
        *ret_is_end = true;
        return FIRN_OK;
    }
    if (++source->nesting > FIRN_QUERY_NESTING_MAX)
        return firn_query_fail(source, FIRN_LIMIT, source->at, "the pattern is nested too deep");
    firn_status status = read_construct(source, place, &is_predicate);
    if (status == FIRN_OK && !is_predicate)
        status = read_suffixes(source, first, place.depth);
    source->nesting--;
    return status;
}

firn_status firn_query_pattern_read(struct firn_query_source *source,
                                    struct firn_query_pattern *pattern)
{
    const struct place place = {.pattern = pattern};
    bool is_end = false;
    firn_status status = read_item(source, place, &is_end);

    if (status == FIRN_OK && is_end)
        return firn_query_fail(source, FIRN_INVALID, source->at, "nothing is open here to close");
    return status;
}
