/* A node of byte strings against a sorted array: random keys in and out, splits, joins and moves to
 * other slots. Keys are of several families, so that they share much, are each other's prefixes,
 * and lie on both sides of the limits of narrow nodes and of keys in nodes. */
#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "support/text_keys.h"
#include "support/text_node.h"

#define ENTRIES_MAX 400
#define KIND (&firn_node_text)

struct entry {
    uint8_t *data;
    size_t size;
    uint8_t value[16];
};

struct model {
    struct entry entries[ENTRIES_MAX];
    unsigned count;
};

static struct model model;

static firn_bytes key_of(const struct entry *entry)
{
    return (firn_bytes){entry->data, entry->size};
}

/* --- the array --- */

static unsigned model_search(const struct model *all, firn_bytes key, bool *ret_equal)
{
    unsigned position = 0;
    int order = -1;
    for (; position < all->count; position++) {
        firn_bytes here = key_of(&all->entries[position]);
        size_t most = here.size < key.size ? here.size : key.size;
        order = most > 0 ? memcmp(here.data, key.data, most) : 0;
        order = order != 0 ? order : (here.size > key.size) - (here.size < key.size);
        if (order >= 0)
            break;
    }
    *ret_equal = position < all->count && order == 0;
    return position;
}

static void model_add(unsigned position, firn_bytes key, const uint8_t *value)
{
    struct entry *at = &model.entries[position];
    memmove(at + 1, at, (model.count - position) * sizeof(*at));
    at->data = malloc(key.size + 1);
    assert_non_null(at->data);
    if (key.size > 0)
        memcpy(at->data, key.data, key.size);
    at->size = key.size;
    memcpy(at->value, value, sizeof(at->value));
    model.count++;
}

static void model_remove(unsigned begin, unsigned end)
{
    for (unsigned i = begin; i < end; i++)
        free(model.entries[i].data);
    memmove(&model.entries[begin], &model.entries[end],
            (model.count - end) * sizeof(model.entries[0]));
    model.count -= end - begin;
}

/* --- both --- */

/* Holds a node against entries from `first` on. */
static void compare_all(const text_node *node, unsigned first, unsigned count)
{
    const char *wrong = KIND->check(node->shape, node->slot);
    if (wrong != NULL)
        fail_msg("%s", wrong);
    assert_int_equal(node->slot.node->count, count);
    assert_true(text_node_need(node) <= node->slot.bytes);
    uint64_t key_bytes = 0, kept_bytes = 0, told_key_bytes, told_kept_bytes;
    for (unsigned i = 0; i < count; i++) {
        const struct entry *entry = &model.entries[first + i];
        assert_true(text_node_has(node, i, key_of(entry)));
        const void *value = KIND->value(node->shape, node->slot, i);
        assert_int_equal((uintptr_t)value % (node->shape->value_bytes % 8 == 0   ? 8
                                             : node->shape->value_bytes % 4 == 0 ? 4
                                                                                 : 1),
                         0);
        if (node->shape->value_bytes > 0)
            assert_memory_equal(value, entry->value, node->shape->value_bytes);
        key_bytes += entry->size;
        kept_bytes += entry->size > FIRN_TEXT_INLINE_MAX ? entry->size : 0;
    }
    KIND->usage(node->shape, node->slot, &told_key_bytes, &told_kept_bytes);
    assert_int_equal(told_key_bytes, key_bytes);
    assert_int_equal(told_kept_bytes, kept_bytes);
}

static void search_is_right(const text_node *node, firn_bytes key)
{
    bool equal, expected_equal;
    unsigned expected = model_search(&model, key, &expected_equal);
    assert_int_equal(KIND->search(node->shape, node->slot, &key, &equal), expected);
    assert_int_equal(equal, expected_equal);
}

static void add(rng *random, text_node *node, firn_bytes key, size_t limit_bytes)
{
    bool equal;
    unsigned position = model_search(&model, key, &equal);
    search_is_right(node, key);
    if (equal || model.count == ENTRIES_MAX ||
        KIND->need(node->shape, node->slot, 0, model.count, position, &key) > limit_bytes)
        return;
    uint8_t value[16];
    rng_bytes(random, value, sizeof(value));
    void *at = text_node_add(node, key);
    memcpy(at, value, node->shape->value_bytes);
    model_add(position, key, value);
}

static void take_out(rng *random, text_node *node)
{
    unsigned begin = (unsigned)rng_below(random, model.count + 1);
    unsigned most = rng_below(random, 4) == 0 ? model.count : 3;
    unsigned end = begin + (unsigned)rng_below(random, most + 1);
    end = end < model.count ? end : model.count;
    size_t before = text_node_need(node);
    KIND->remove(node->shape, node->slot, begin, end);
    model_remove(begin, end);
    assert_true(text_node_need(node) <= before);
}

/* A new node of entries [begin, end), in a slot as small as it may be. */
static text_node part(const text_node *node, unsigned begin, unsigned end)
{
    const firn_shape *shape = node->shape;
    size_t need = KIND->need(shape, node->slot, begin, end, begin, NULL);
    text_node copy = {shape, text_slot(need)};
    KIND->copy(shape, node->slot, begin, end, copy.slot);
    assert_true(text_node_need(&copy) <= need);
    compare_all(&copy, begin, end - begin);
    return copy;
}

static void separator_is_the_shortest(const text_node *left, const text_node *right,
                                      unsigned position)
{
    const firn_shape *shape = left->shape;
    firn_key_room room;
    firn_bytes before = key_of(&model.entries[position - 1]);
    firn_bytes behind = key_of(&model.entries[position]);
    firn_bytes separator =
        *(const firn_bytes *)KIND->separator(shape, left->slot, right->slot, &room);
    assert_true(KIND->compare(shape, &before, &separator) < 0);
    assert_true(KIND->compare(shape, &separator, &behind) <= 0);
    separator.size--;
    assert_true(KIND->compare(shape, &before, &separator) >= 0);
}

/* Two nodes of one, held against the model, and one of both. */
static void split_and_join(rng *random, text_node *node)
{
    const firn_shape *shape = node->shape;
    unsigned count = model.count, position = KIND->middle(shape, node->slot);
    assert_in_range(position, 1, count - 1);
    if (rng_below(random, 2) == 0)
        position = 1 + (unsigned)rng_below(random, count - 1);
    text_node left = part(node, 0, position), right = part(node, position, count);
    separator_is_the_shortest(&left, &right, position);
    free(node->slot.node);

    size_t need = KIND->need_joined(shape, left.slot, right.slot);
    node->slot = text_slot(need);
    KIND->copy(shape, left.slot, 0, position, node->slot);
    KIND->copy(shape, right.slot, 0, count - position, node->slot);
    assert_true(text_node_need(node) <= need);
    free(left.slot.node);
    free(right.slot.node);
}

/* The same as the tree does it with inner nodes, where the first key of the right one is none and
 * the one between comes from the parent. */
static void split_and_join_inner(rng *random, text_node *node)
{
    const firn_shape *shape = node->shape;
    unsigned count = model.count, position = 1 + (unsigned)rng_below(random, count - 1);
    for (unsigned i = 1; i < count && rng_below(random, 8) != 0; i++) /* mostly a long one */
        position = model.entries[i].size > model.entries[position].size ? i : position;
    text_node left = part(node, 0, position);
    text_node right = {shape,
                       text_slot(KIND->need(shape, node->slot, position, count, position, NULL))};
    KIND->insert(shape, right.slot, 0, KIND->lowest, NULL);
    KIND->copy(shape, node->slot, position + 1, count, right.slot);
    memcpy(KIND->value(shape, right.slot, 0), model.entries[position].value, shape->value_bytes);
    const char *wrong = KIND->check(shape, right.slot);
    if (wrong != NULL)
        fail_msg("%s", wrong);

    firn_bytes between = key_of(&model.entries[position]);
    size_t need = KIND->need_joined(shape, left.slot, right.slot) +
                  KIND->need(shape, left.slot, 0, position, position, &between) -
                  text_node_need(&left);
    void *kept = NULL;
    assert_int_equal(KIND->keep(shape, &between, &kept), FIRN_OK);
    KIND->remove(shape, node->slot, position, position + 1);
    free(node->slot.node);
    node->slot = text_slot(need);
    KIND->copy(shape, left.slot, 0, position, node->slot);
    memcpy(KIND->insert(shape, node->slot, position, &between, kept), model.entries[position].value,
           shape->value_bytes);
    KIND->copy(shape, right.slot, 1, count - position, node->slot);
    assert_true(text_node_need(node) <= need);
    free(left.slot.node);
    free(right.slot.node);
}

/* Adds a key to some entries around it, as when a full node is split for it. */
static void add_to_a_part(rng *random, const text_node *node, firn_bytes key)
{
    const firn_shape *shape = node->shape;
    bool equal;
    unsigned position = model_search(&model, key, &equal);
    if (equal)
        return;
    unsigned begin = (unsigned)rng_below(random, position + 1);
    unsigned end = position + (unsigned)rng_below(random, model.count - position + 1);
    begin = rng_below(random, 4) == 0 ? position : begin;
    size_t need = KIND->need(shape, node->slot, begin, end, position, &key);
    text_node copy = {shape, text_slot(need)};
    KIND->copy(shape, node->slot, begin, end, copy.slot);
    void *kept = NULL;
    assert_int_equal(KIND->keep(shape, &key, &kept), FIRN_OK);
    KIND->insert(shape, copy.slot, position - begin, &key, kept);
    assert_null(KIND->check(shape, copy.slot));
    assert_true(text_node_need(&copy) <= need);
    assert_true(text_node_has(&copy, position - begin, key));
    if (position < end)
        assert_true(text_node_has(&copy, position - begin + 1, key_of(&model.entries[position])));
    KIND->remove(shape, copy.slot, position - begin, position - begin + 1);
    compare_all(&copy, begin, end - begin);
    free(copy.slot.node);
}

static void fill_and_empty(rng *random, enum text_family family, size_t value_bytes,
                           size_t limit_bytes)
{
    failing memory;
    failing_init(&memory, 0);
    firn_shape shape = {.kind = KIND,
                        .inner = value_bytes == 4,
                        .value_bytes = (uint32_t)value_bytes,
                        .node_bytes = (uint32_t)limit_bytes,
                        .allocator = &memory.allocator};
    text_node node;
    text_node_init(&node, &shape);
    uint64_t adds = 3 + rng_below(random, 6); /* of ten operations */
    for (int step = 0; step < 300; step++) {
        uint64_t what = rng_below(random, 10);
        search_is_right(&node, text_key(random, family));
        if (what < adds)
            add(random, &node, text_key(random, family), limit_bytes);
        else if (what < 9)
            take_out(random, &node);
        else if (model.count >= 2 && shape.inner)
            split_and_join_inner(random, &node);
        else if (model.count >= 2)
            split_and_join(random, &node);
        if (rng_below(random, 8) == 0)
            add_to_a_part(random, &node, text_key(random, family));
        if (rng_below(random, 8) == 0)
            text_node_move(&node, text_node_need(&node) + rng_below(random, 70));
        compare_all(&node, 0, model.count);
        if (model.count > 0)
            search_is_right(&node, key_of(&model.entries[rng_below(random, model.count)]));
    }
    model_remove(0, model.count);
    text_node_fini(&node);
    failing_check(&memory);
}

static void a_node_of_texts_is_a_sorted_array(void **state)
{
    (void)state;
    static const size_t value_sizes[] = {0, 1, 4, 4, 8, 16};
    rng random;
    rng_init(&random, "map_text");
    for (int round = 0; round < 20; round++) {
        for (int family = 0; family < TEXT_FAMILIES; family++)
            fill_and_empty(&random, (enum text_family)family, value_sizes[rng_below(&random, 6)],
                           round % 4 == 0 ? 32768 : 2048);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_of_texts_is_a_sorted_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
