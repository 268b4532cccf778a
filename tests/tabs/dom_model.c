/* Trees of nodes against plain arrays of children. */
#include "tabs/dom/dom.h"

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define NODES 120
#define NAMES 6
#define NONE (-1)

struct plain {
    dom_id id; /* 0: none such */
    bool element;
    int parent, children[NODES], count;
    int values[NAMES]; /* of attributes; NONE */
    int text;
};

struct model {
    rng random;
    dom *page;
    dom_name names[NAMES];
    struct plain nodes[NODES];
};

static int some_node(struct model *model)
{
    return (int)rng_below(&model->random, NODES);
}

static size_t write_text(char *text, int number)
{
    return (size_t)snprintf(text, 32, "text %d", number);
}

static bool is_within(const struct model *model, int node, int top)
{
    while (node != top && node != NONE)
        node = model->nodes[node].parent;
    return node == top;
}

static void make(struct model *model, int at)
{
    struct plain *node = &model->nodes[at];
    char text[32];
    *node = (struct plain){.parent = NONE, .element = rng_below(&model->random, 4) != 0};
    node->text = (int)rng_below(&model->random, 50);
    for (int i = 0; i < NAMES; i++)
        node->values[i] = NONE;
    size_t size = write_text(text, node->text);
    firn_status status = node->element
                             ? dom_element(model->page, DOM_SPACE_HTML, model->names[0], &node->id)
                             : dom_characters(model->page, DOM_TEXT, text, size, &node->id);
    assert_int_equal(status, FIRN_OK);
}

static void take_out(struct model *model, int at)
{
    struct plain *node = &model->nodes[at];
    if (node->parent == NONE)
        return;
    struct plain *parent = &model->nodes[node->parent];
    int place = 0;
    while (parent->children[place] != at)
        place++;
    memmove(&parent->children[place], &parent->children[place + 1],
            (size_t)(--parent->count - place) * sizeof parent->children[0]);
    node->parent = NONE;
}

static void insert(struct model *model, int at, int into)
{
    struct plain *node = &model->nodes[at], *parent = &model->nodes[into];
    if (!parent->element || is_within(model, into, at))
        return;
    take_out(model, at);
    dom_remove(model->page, node->id);
    int place = (int)rng_below(&model->random, (uint64_t)parent->count + 1);
    dom_insert(model->page, parent->id, node->id,
               place < parent->count ? model->nodes[parent->children[place]].id : 0);
    memmove(&parent->children[place + 1], &parent->children[place],
            (size_t)(parent->count++ - place) * sizeof parent->children[0]);
    parent->children[place] = at;
    node->parent = into;
}

static void forget(struct model *model, int at)
{
    struct plain *node = &model->nodes[at];
    for (int i = 0; i < node->count; i++)
        forget(model, node->children[i]);
    node->id = 0;
}

static void change_attribute(struct model *model, struct plain *node)
{
    int which = (int)rng_below(&model->random, NAMES), number = NONE;
    char text[32];
    if (rng_below(&model->random, 3) == 0) {
        assert_int_equal(dom_attribute_remove(model->page, node->id, model->names[which]),
                         node->values[which] == NONE ? FIRN_NOT_FOUND : FIRN_OK);
    } else {
        number = (int)rng_below(&model->random, 1000);
        size_t size = write_text(text, number);
        assert_int_equal(
            dom_attribute_set(model->page, node->id, 0, model->names[which], text, size), FIRN_OK);
    }
    node->values[which] = number;
}

static void step(struct model *model)
{
    int at = some_node(model);
    struct plain *node = &model->nodes[at];
    if (node->id == 0) {
        make(model, at);
        return;
    }
    switch (rng_below(&model->random, 8)) {
    case 0:
        take_out(model, at);
        dom_remove(model->page, node->id);
        break;
    case 1:
        if (rng_below(&model->random, 6) == 0) {
            take_out(model, at);
            dom_free(model->page, node->id);
            forget(model, at);
        }
        break;
    case 2:
    case 3:
        if (node->element)
            change_attribute(model, node);
        break;
    default: {
        int into = some_node(model);
        if (model->nodes[into].id != 0)
            insert(model, at, into);
    }
    }
}

static void check_text(const char *is, size_t size, int number)
{
    char text[32];
    assert_int_equal(size, write_text(text, number));
    assert_memory_equal(is, text, size);
}

static void check_node(const struct model *model, const struct plain *node)
{
    size_t size, count = 0;
    dom_id parent = node->parent == NONE ? 0 : model->nodes[node->parent].id, previous = 0;
    assert_int_equal(dom_parent(model->page, node->id), parent);
    if (!node->element) {
        const char *value = dom_value(model->page, node->id, &size);
        check_text(value, size, node->text);
    }
    dom_id child = dom_first(model->page, node->id);
    for (int i = 0; i < node->count; i++) {
        assert_int_equal(child, model->nodes[node->children[i]].id);
        assert_int_equal(dom_previous(model->page, child), previous);
        previous = child;
        child = dom_next(model->page, child);
    }
    assert_int_equal(child, 0);
    assert_int_equal(dom_last(model->page, node->id), previous);
    for (int i = 0; i < NAMES; i++) {
        const char *value = dom_attribute_get(model->page, node->id, model->names[i], &size);
        assert_int_equal(value != NULL, node->values[i] != NONE);
        if (value != NULL)
            check_text(value, size, node->values[i]);
        count += value != NULL;
    }
    if (node->element)
        assert_int_equal(dom_attribute_count(model->page, node->id), count);
}

/* Notes the nodes below `at` in tree order. */
static void list(const struct model *model, int at, int *order, int *count)
{
    order[(*count)++] = at;
    for (int i = 0; i < model->nodes[at].count; i++)
        list(model, model->nodes[at].children[i], order, count);
}

static void check_order(struct model *model, int top)
{
    int order[NODES], count = 0;
    list(model, top, order, &count);
    dom_id at = model->nodes[top].id;
    for (int i = 0; i < count; i++) {
        assert_int_equal(at, model->nodes[order[i]].id);
        at = dom_follow(model->page, at, model->nodes[top].id);
    }
    assert_int_equal(at, 0);
    int a = (int)rng_below(&model->random, (uint64_t)count);
    int b = (int)rng_below(&model->random, (uint64_t)count);
    int compared = dom_compare(model->page, model->nodes[order[a]].id, model->nodes[order[b]].id);
    assert_int_equal((compared > 0) - (compared < 0), (a > b) - (a < b));
}

/* A copy has the same children, and can be freed alone. */
static void check_copy(struct model *model, const struct plain *node)
{
    dom_usage before, after;
    dom_id copy;
    dom_usage_get(model->page, &before);
    assert_int_equal(dom_clone(model->page, node->id, true, &copy), FIRN_OK);
    dom_id a = node->id, b = copy;
    while (a != 0) {
        assert_int_equal(dom_kind_of(model->page, a), dom_kind_of(model->page, b));
        assert_int_equal(dom_attribute_count(model->page, a), dom_attribute_count(model->page, b));
        a = dom_follow(model->page, a, node->id);
        b = dom_follow(model->page, b, copy);
        assert_int_equal(a != 0, b != 0);
    }
    dom_free(model->page, copy);
    dom_usage_get(model->page, &after);
    assert_int_equal(after.node_count, before.node_count);
}

static void check(struct model *model)
{
    dom_usage usage;
    size_t count = 0;
    for (int i = 0; i < NODES; i++) {
        if (model->nodes[i].id == 0)
            continue;
        count++;
        check_node(model, &model->nodes[i]);
    }
    dom_usage_get(model->page, &usage);
    assert_int_equal(usage.node_count, count);
    int at = some_node(model);
    if (model->nodes[at].id != 0 && model->nodes[at].parent == NONE) {
        check_order(model, at);
        if (model->nodes[at].element)
            check_copy(model, &model->nodes[at]);
    }
}

static void trees_are_as_their_children_say(void **state)
{
    static struct model model;
    failing memory;
    (void)state;
    failing_init(&memory, 0);
    rng_init(&model.random, "trees_are_as_their_children_say");
    assert_int_equal(dom_create(&memory.allocator, &model.page), FIRN_OK);
    for (int i = 0; i < NAMES; i++) {
        char name = (char)('a' + i);
        assert_int_equal(dom_name_put(model.page, &name, 1, &model.names[i]), FIRN_OK);
    }
    for (int i = 0; i < 40000; i++) {
        step(&model);
        if (i % 16 == 0)
            check(&model);
        if (i % 256 == 0)
            assert_int_equal(dom_sweep(model.page), FIRN_OK);
    }
    dom_destroy(model.page);
    failing_check(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_as_their_children_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
