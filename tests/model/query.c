/* Random queries without quantifiers on random trees, against all ways to lay a pattern on a tree.
 */
#include "support/random_tree.h"

#include <firn/query.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum {
    PATTERN_NODES = 8,
    CHILDREN = 3,
    CAPTURES = 8,
    MATCHES = 4096,
    SOURCE_BYTES = 1024,
    ANY = -1,
    ANY_NAMED = -2
};

struct pattern {
    int label; /* or ANY, ANY_NAMED */
    unsigned field;
    unsigned negated;
    bool is_captured;
    bool is_immediate; /* an anchor stands before it */
    bool is_last;      /* and one behind it */
    unsigned child_count;
    struct pattern *child[CHILDREN];
};

/* What one match captured: nodes in the order of the pattern. */
struct found {
    uint32_t node[CAPTURES];
    unsigned count;
};

struct model {
    rng random;
    struct random_tree tree;
    struct pattern pool[PATTERN_NODES];
    unsigned used;
    struct found found[MATCHES];
    unsigned found_count;
    bool is_full;
};

/* --- a random pattern --- */

static struct pattern *make_pattern(struct model *model, unsigned depth)
{
    struct pattern *pattern = &model->pool[model->used++];
    const uint64_t inner = depth < 2 ? RANDOM_TREE_INNER : RANDOM_TREE_LABELS;

    *pattern = (struct pattern){.label = (int)rng_below(&model->random, inner)};
    if (depth > 0 && rng_below(&model->random, 3) == 0)
        pattern->label = rng_below(&model->random, 2) == 0 ? ANY : ANY_NAMED;
    if (depth > 0 && rng_below(&model->random, 6) == 0)
        pattern->field = 1 + (unsigned)rng_below(&model->random, RANDOM_TREE_FIELDS - 1);
    const bool has_parentheses =
        pattern->label == ANY_NAMED || (pattern->label >= 0 && pattern->label % 2 == 0);
    pattern->is_captured = rng_below(&model->random, 2) == 0;
    if (!has_parentheses)
        return pattern;
    if (rng_below(&model->random, 8) == 0)
        pattern->negated = 1 + (unsigned)rng_below(&model->random, RANDOM_TREE_FIELDS - 1);
    uint64_t children = depth < 3 ? rng_below(&model->random, CHILDREN + 1) : 0;
    for (uint64_t i = 0; i < children && model->used < PATTERN_NODES; i++) {
        struct pattern *child = make_pattern(model, depth + 1);
        child->is_immediate = rng_below(&model->random, 4) == 0;
        pattern->child[pattern->child_count++] = child;
    }
    if (pattern->child_count > 0 && rng_below(&model->random, 5) == 0)
        pattern->child[pattern->child_count - 1]->is_last = true;
    return pattern;
}

static void add_text(char *out, const char *text)
{
    const size_t size = strlen(out);
    assert_true(size + strlen(text) < SOURCE_BYTES);
    snprintf(out + size, SOURCE_BYTES - size, "%s", text);
}

static void add_name(char *out, const char *before, unsigned number, const char *behind)
{
    char text[32];
    snprintf(text, sizeof text, "%s%u%s", before, number, behind);
    add_text(out, text);
}

static void print_pattern(const struct pattern *pattern, char *out)
{
    const bool is_anonymous = pattern->label >= 0 && pattern->label % 2 != 0;
    const bool is_last =
        pattern->child_count > 0 && pattern->child[pattern->child_count - 1]->is_last;

    if (pattern->field != 0)
        add_name(out, "field", pattern->field, ": ");
    if (is_anonymous) {
        add_name(out, "\"label", (unsigned)pattern->label, "\"");
    } else if (pattern->label == ANY) {
        add_text(out, "_");
    } else {
        add_text(out, "(");
        if (pattern->label == ANY_NAMED)
            add_text(out, "_");
        else
            add_name(out, "label", (unsigned)pattern->label, "");
        if (pattern->negated != 0)
            add_name(out, " !field", pattern->negated, "");
        for (unsigned i = 0; i < pattern->child_count; i++) {
            add_text(out, pattern->child[i]->is_immediate ? " . " : " ");
            print_pattern(pattern->child[i], out);
        }
        add_text(out, is_last ? " .)" : ")");
    }
    if (pattern->is_captured)
        add_text(out, " @c");
}

/* --- all ways --- */

static bool is_named(const struct model *model, uint32_t node)
{
    return model->tree.node[node].label % 2 == 0;
}

static bool node_fits(const struct model *model, const struct pattern *pattern, uint32_t index)
{
    const struct random_node *node = &model->tree.node[index];

    if (pattern->label >= 0 && node->label != pattern->label)
        return false;
    if (pattern->label < 0 && (node->flags & FIRN_NODE_ERROR) != 0)
        return false;
    if (pattern->label == ANY_NAMED && !is_named(model, index))
        return false;
    if (pattern->field != 0 && node->field != pattern->field)
        return false;
    for (uint32_t i = index + 1; i < node->next && pattern->negated != 0;
         i = model->tree.node[i].next)
        if (model->tree.node[i].field == pattern->negated)
            return false;
    return true;
}

static bool named_between(const struct model *model, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i = model->tree.node[i].next)
        if (is_named(model, i))
            return true;
    return false;
}

/* What remains to be laid: the pattern's children from `next` on, under a parent, behind `from`;
 * then what remained before. */
struct rest {
    const struct pattern *pattern;
    unsigned next;
    uint32_t parent;
    uint32_t from;
    const struct rest *outer;
};

/* The last node of a pattern as it is written: behind a `_` there, an anchor is strict. */
static const struct pattern *last_of(const struct pattern *pattern)
{
    while (pattern->child_count > 0)
        pattern = pattern->child[pattern->child_count - 1];
    return pattern;
}

static void lay_rest(struct model *model, const struct rest *rest, struct found found);

static void lay_node(struct model *model, const struct pattern *pattern, uint32_t node,
                     const struct rest *outer, struct found found)
{
    const struct rest rest = {pattern, 0, node, node + 1, outer};
    if (pattern->is_captured)
        found.node[found.count++] = node;
    lay_rest(model, &rest, found);
}

static void lay_rest(struct model *model, const struct rest *rest, struct found found)
{
    if (rest == NULL) {
        for (unsigned i = 0; i < model->found_count; i++)
            if (memcmp(&model->found[i], &found, sizeof found) == 0)
                return;
        model->is_full |= model->found_count == MATCHES;
        if (!model->is_full)
            model->found[model->found_count++] = found;
        return;
    }
    if (rest->next == rest->pattern->child_count || model->is_full) {
        lay_rest(model, rest->outer, found);
        return;
    }
    const struct pattern *child = rest->pattern->child[rest->next];
    const bool is_strict = child->is_immediate && rest->next > 0 &&
                           last_of(rest->pattern->child[rest->next - 1])->label == ANY;
    const uint32_t end = model->tree.node[rest->parent].next;
    for (uint32_t i = rest->from; i < end; i = model->tree.node[i].next) {
        const struct rest after = {rest->pattern, rest->next + 1, rest->parent,
                                   model->tree.node[i].next, rest->outer};
        if (child->is_immediate &&
            (named_between(model, rest->from, i) || (is_strict && i != rest->from)))
            return;
        if (!node_fits(model, child, i) ||
            (child->is_last && named_between(model, model->tree.node[i].next, end)))
            continue;
        lay_node(model, child, i, &after, found);
    }
}

/* --- comparing --- */

static int compare_found(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(struct found));
}

static unsigned without_doubles(struct found *found, unsigned count)
{
    unsigned kept = 0;
    qsort(found, count, sizeof *found, compare_found);
    for (unsigned i = 0; i < count; i++)
        if (kept == 0 || memcmp(&found[kept - 1], &found[i], sizeof *found) != 0)
            found[kept++] = found[i];
    return kept;
}

static unsigned run_query(const struct model *model, const firn_family *family,
                          const firn_nodes *nodes, const char *source, struct found *found)
{
    firn_query *query;
    firn_query_cursor *cursor;
    firn_query_match match;
    firn_error error = {0};
    unsigned count = 0;

    if (firn_query_create(family, source, strlen(source), NULL, &query, &error) != FIRN_OK)
        fail_msg("%s: %s", source, error.text);
    assert_int_equal(firn_query_cursor_create(query, NULL, &cursor), FIRN_OK);
    firn_query_cursor_begin(cursor, nodes, model->tree.text);
    while (firn_query_cursor_next(cursor, &match) == FIRN_OK) {
        struct found one = {.count = match.capture_count};
        assert_true(count < 16 * MATCHES && match.capture_count <= CAPTURES);
        for (uint32_t i = 0; i < match.capture_count; i++)
            one.node[i] = match.captures[i].node;
        found[count++] = one;
    }
    firn_query_cursor_destroy(cursor);
    firn_query_destroy(query);
    return without_doubles(found, count);
}

static void check_pattern(struct model *model, const firn_family *family, const firn_nodes *nodes)
{
    static struct found found[16 * MATCHES];
    char source[SOURCE_BYTES] = "";

    model->used = 0;
    const struct pattern *pattern = make_pattern(model, 0);
    if (pattern->label % 2 != 0)
        return; /* a root in quotes has no children */
    print_pattern(pattern, source);
    model->found_count = 0;
    model->is_full = false;
    for (uint32_t i = 0; i < model->tree.count; i++)
        if (node_fits(model, pattern, i))
            lay_node(model, pattern, i, NULL, (struct found){.count = 0});
    if (model->is_full)
        return;
    const unsigned wanted = without_doubles(model->found, model->found_count);
    const unsigned count = run_query(model, family, nodes, source, found);
    if (count != wanted || memcmp(found, model->found, count * sizeof *found) != 0)
        fail_msg("%s: %u matches instead of %u", source, count, wanted);
}

static void all_ways_to_lay_a_pattern_are_found(void **state)
{
    static struct model model;
    const char *operations = getenv("FIRN_OPS");
    const unsigned long rounds = operations != NULL ? strtoul(operations, NULL, 10) : 300;
    (void)state;

    rng_init(&model.random, "model_query");
    for (unsigned long round = 0; round < rounds; round++) {
        firn_family *family;
        firn_builder *builder;
        random_tree_make(&model.tree, &model.random, 1u << (3 + round % 8));
        assert_int_equal(firn_family_create(NULL, &family), FIRN_OK);
        assert_int_equal(random_tree_vocabulary(family), FIRN_OK);
        assert_int_equal(firn_builder_create(family, NULL, &builder), FIRN_OK);
        assert_int_equal(random_tree_build(&model.tree, builder), FIRN_OK);
        for (unsigned i = 0; i < 200; i++)
            check_pattern(&model, family, firn_builder_nodes(builder));
        firn_builder_destroy(builder);
        firn_family_destroy(family);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ways_to_lay_a_pattern_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
