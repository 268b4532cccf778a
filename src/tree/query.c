/* Compiled queries: patterns read one by one, then sorted by what their matches begin with.
 *
 * Called by users (firn/query.h). The steps come from query_pattern.c, the predicates from
 * query_predicate.c; cursors (query_cursor.c) run them. A compiled query is never changed.
 *
 * An *entry* is a step that a match may begin with: the pattern's first one, and each of its
 * alternatives. A wildcard that stands above a node that is none is entered by that node, so that
 * cursors need not try it everywhere: its parent is looked at then. */
#include "tree/query_pattern.h"

#include <string.h>

static firn_status entry_add(struct firn_query_source *source, struct firn_query_entry entry)
{
    firn_query *query = source->query;
    if (!firn_grow(query->allocator, (void **)&query->entries, &query->entry_capacity,
                   query->entry_count + 1, sizeof *query->entries))
        return firn_query_no_memory(source);
    query->entries[query->entry_count++] = entry;
    return FIRN_OK;
}

/* Whether an entry's step is the pattern's one root. */
static bool is_rooted(const firn_query *query, uint32_t step)
{
    for (uint32_t i = step + 1; i < query->step_count && !query->steps[i].is_jump; i++)
        if (query->steps[i].depth == 0)
            return false;
    return query->steps[step].depth == 0;
}

/* Whether a pattern's root can be entered by its first child. */
static bool is_entered_below(const firn_query *query, uint32_t step)
{
    const struct firn_query_step *root = &query->steps[step];
    const struct firn_query_step *child = root + 1; /* there is one, or the pattern's end */
    return root->label == FIRN_LABEL_ANY && root->depth == 0 && root->field == 0 &&
           child->label != FIRN_LABEL_ANY && child->depth == 1 && !child->is_immediate;
}

/* Where a match goes on from a step that matches nothing by itself. Only forward: what a repetition
 * goes back to is an entry already. */
static uint32_t skip_links(const firn_query *query, uint32_t step)
{
    while (query->steps[step].is_jump || query->steps[step].is_fork)
        step = query->steps[step].is_jump ? query->steps[step].alternative : step + 1;
    return step;
}

static firn_status add_entries(struct firn_query_source *source, uint16_t pattern)
{
    const firn_query *query = source->query;
    uint32_t step = skip_links(query, query->patterns[pattern].step);
    uint16_t root_alternative = FIRN_STEP_NONE;

    for (;;) {
        uint16_t alternative = FIRN_STEP_NONE;
        if (query->steps[step].depth != FIRN_STEP_DONE) { /* what matches nothing is no match */
            if (is_entered_below(query, step)) {
                root_alternative = query->steps[step].alternative;
                step++;
            }
            firn_status status = entry_add(
                source, (struct firn_query_entry){(uint16_t)step, pattern, is_rooted(query, step)});
            if (status != FIRN_OK)
                return status;
            alternative = query->steps[step].alternative;
        }
        if (alternative == FIRN_STEP_NONE) {
            alternative = root_alternative;
            root_alternative = FIRN_STEP_NONE;
        }
        if (alternative == FIRN_STEP_NONE)
            return FIRN_OK;
        step = skip_links(query, alternative);
    }
}

static firn_status read_pattern(struct firn_query_source *source)
{
    static const struct firn_query_step done = {
        .label = FIRN_LABEL_ANY,
        .depth = FIRN_STEP_DONE,
        .alternative = FIRN_STEP_NONE,
        .captures = {FIRN_STEP_NONE, FIRN_STEP_NONE, FIRN_STEP_NONE}};
    firn_query *query = source->query;
    const size_t start = source->at;
    const uint32_t number = query->pattern_count;

    if (!firn_grow(query->allocator, (void **)&query->patterns, &query->pattern_capacity,
                   number + 1, sizeof *query->patterns))
        return firn_query_no_memory(source);
    struct firn_query_pattern *pattern = &query->patterns[query->pattern_count++];
    *pattern = (struct firn_query_pattern){.step = (uint16_t)query->step_count};
    firn_status status = firn_query_pattern_read(source, pattern);
    if (status == FIRN_OK && query->step_count == pattern->step)
        status = firn_query_fail(source, FIRN_INVALID, start,
                                 "a predicate stands inside the parentheses of its pattern");
    if (status == FIRN_OK)
        status = firn_query_step_add(source, done);
    return status == FIRN_OK ? add_entries(source, (uint16_t)number) : status;
}

/* --- sorting --- */

static int entry_rank(const firn_query *query, const struct firn_query_entry *entry)
{
    const firn_label label = query->steps[entry->step].label;
    return label == FIRN_LABEL_ANY ? -1 : label;
}

/* By label, and by pattern within one: a stable insertion sort of the few entries there are. */
static void sort_entries(firn_query *query)
{
    for (uint32_t i = 1; i < query->entry_count; i++) {
        const struct firn_query_entry entry = query->entries[i];
        uint32_t at = i;
        while (at > 0 && entry_rank(query, &query->entries[at - 1]) > entry_rank(query, &entry)) {
            query->entries[at] = query->entries[at - 1];
            at--;
        }
        query->entries[at] = entry;
    }
    for (uint32_t i = query->entry_count; i-- > 0;) {
        const int rank = entry_rank(query, &query->entries[i]);
        if (rank >= 0)
            query->entry_of[rank] = i;
        else
            query->wildcard_count++;
    }
}

/* --- labels --- */

/* Two labels of one name, by label. */
static int compare_labels(const firn_family *family, firn_label left, firn_label right)
{
    const int named =
        (int)firn_family_label_named(family, left) - (int)firn_family_label_named(family, right);
    if (named != 0)
        return named;
    return strcmp(firn_family_label_name(family, left), firn_family_label_name(family, right));
}

/* Grammars may number one name twice. */
static firn_status name_labels(struct firn_query_source *source)
{
    firn_query *query = source->query;
    const unsigned count = query->label_count;

    query->canonical = firn_allocate_zeroed(query->allocator, count, sizeof *query->canonical);
    query->entry_of = firn_allocate_zeroed(query->allocator, count, sizeof *query->entry_of);
    if (query->canonical == NULL || query->entry_of == NULL)
        return firn_query_no_memory(source);
    for (unsigned label = 0; label < count; label++) {
        unsigned first = 0;
        while (first < label &&
               compare_labels(query->family, (firn_label)first, (firn_label)label) != 0)
            first++;
        query->canonical[label] = (firn_label)first;
    }
    return FIRN_OK;
}

static firn_status compile(struct firn_query_source *source)
{
    firn_query *query = source->query;
    firn_status status = name_labels(source);

    if (status == FIRN_OK && !firn_grow(query->allocator, (void **)&query->negated,
                                        &query->negated_capacity, 1, sizeof *query->negated))
        status = firn_query_no_memory(source);
    if (status != FIRN_OK)
        return status;
    query->negated[query->negated_count++] = 0; /* 0 tells that a step has no list */
    firn_query_skip_blanks(source);
    while (status == FIRN_OK && source->at < source->size) {
        status = read_pattern(source);
        firn_query_skip_blanks(source);
    }
    for (unsigned label = 0; label < query->label_count; label++)
        query->entry_of[label] = query->entry_count;
    if (status == FIRN_OK)
        sort_entries(query);
    return status;
}

firn_status firn_query_create(const firn_family *family, const char *source, size_t size,
                              const firn_allocator *allocator, firn_query **ret_query,
                              firn_error *ret_error)
{
    struct firn_query_source reader = {.text = source, .size = size, .ret_error = ret_error};
    const firn_arena_options arena = {.allocator = allocator};
    firn_query *query = firn_allocate_zeroed(allocator, 1, sizeof *query);

    reader.query = query;
    if (query == NULL)
        return firn_query_no_memory(&reader);
    query->family = family;
    query->allocator = allocator;
    query->label_count = firn_family_label_count(family);
    firn_status status = firn_arena_init(&query->arena, &arena);
    if (status == FIRN_OK)
        status = compile(&reader);
    if (status != FIRN_OK) {
        firn_query_destroy(query);
        return status;
    }
    *ret_query = query;
    return FIRN_OK;
}

void firn_query_destroy(firn_query *query)
{
    if (query == NULL)
        return;
    for (uint32_t i = 0; i < query->pattern_count; i++)
        firn_predicates_fini(query->patterns[i].predicates);
    const firn_allocator *allocator = query->allocator;
    firn_arena_fini(&query->arena);
    firn_release(allocator, query->steps, query->step_capacity * sizeof *query->steps);
    firn_release(allocator, query->patterns, query->pattern_capacity * sizeof *query->patterns);
    firn_release(allocator, query->captures, query->capture_capacity * sizeof *query->captures);
    firn_release(allocator, query->negated, query->negated_capacity * sizeof *query->negated);
    firn_release(allocator, query->entries, query->entry_capacity * sizeof *query->entries);
    firn_release(allocator, query->canonical, query->label_count * sizeof *query->canonical);
    firn_release(allocator, query->entry_of, query->label_count * sizeof *query->entry_of);
    firn_release(allocator, query, sizeof *query);
}

unsigned firn_query_pattern_count(const firn_query *query)
{
    return query->pattern_count;
}

unsigned firn_query_capture_count(const firn_query *query)
{
    return query->capture_count;
}

const char *firn_query_capture_name(const firn_query *query, unsigned capture)
{
    return query->captures[capture].data;
}
