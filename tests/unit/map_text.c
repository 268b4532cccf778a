/* Nodes of byte strings alone, in slots as small as they may be: each call of firn_node_text. What
 * holds for random keys is in tests/model/map_text.c. */
#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "support/text_node.h"

#define KIND (&firn_node_text)

static const firn_shape numbered = {.kind = KIND, .value_bytes = 4, .node_bytes = 2048};
static const firn_shape plain = {.kind = KIND, .node_bytes = 2048};
static uint8_t long_text[FIRN_MAP_KEY_MAX + 1];

static unsigned find(const text_node *node, firn_bytes key, bool *ret_equal)
{
    return KIND->search(node->shape, node->slot, &key, ret_equal);
}

static void add_texts(text_node *node, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_node_add(node, text_of(texts[i]));
    assert_null(KIND->check(node->shape, node->slot));
}

/* Of one letter, with a last byte. */
static firn_bytes of_size(size_t size, uint8_t last)
{
    memset(long_text, 'l', size);
    long_text[size - 1] = last;
    return (firn_bytes){long_text, size};
}

static void an_empty_node_has_no_key(void **state)
{
    (void)state;
    text_node node;
    bool equal = true;
    text_node_init(&node, &numbered);
    assert_int_equal(text_node_need(&node), sizeof(firn_node));
    assert_int_equal(find(&node, text_of("a"), &equal), 0);
    assert_false(equal);
    assert_int_equal(find(&node, (firn_bytes){NULL, 0}, &equal), 0);
    assert_false(equal);
    assert_null(KIND->check(&numbered, node.slot));
    text_node_fini(&node);
}

static void keys_are_in_the_order_of_memcmp_with_prefixes_first(void **state)
{
    (void)state;
    static const firn_bytes sorted[] = {
        {NULL, 0},   {"\0", 1},       {"\0\0", 2},        {"a", 1},    {"a\0", 2},
        {"a\0b", 3}, {"ab", 2},       {"a\xff", 2},       {"\x7f", 1}, {"\x80", 1},
        {"\xff", 1}, {"\xff\xff", 2}, {"\xff\xff\xff", 3}};
    static const unsigned order[] = {4, 12, 0, 7, 3, 9, 1, 11, 5, 8, 2, 10, 6};
    const unsigned count = sizeof(order) / sizeof(order[0]);
    text_node node;
    text_node_init(&node, &numbered);
    for (unsigned i = 0; i < count; i++)
        memcpy(text_node_add(&node, sorted[order[i]]), &order[i], sizeof(order[i]));
    assert_null(KIND->check(&numbered, node.slot));
    for (unsigned i = 0; i < count; i++) {
        bool equal = false;
        assert_int_equal(find(&node, sorted[i], &equal), i);
        assert_true(equal);
        assert_true(text_node_has(&node, i, sorted[i]));
        assert_memory_equal(KIND->value(&numbered, node.slot, i), &i, sizeof(i));
        assert_true(KIND->compare(&numbered, KIND->lowest, &sorted[i]) <= 0);
        if (i > 0)
            assert_true(KIND->compare(&numbered, &sorted[i - 1], &sorted[i]) < 0);
    }
    text_node_fini(&node);
}

static void an_entry_costs_a_byte_in_narrow_nodes_and_two_in_wide_ones(void **state)
{
    (void)state;
    text_node node;
    text_node_init(&node, &plain);
    text_node_add(&node, text_of("0123456789abcdefghij"));
    text_node_add(&node, text_of("0123xxxxxxxxxxxxxxxx"));
    text_node_add(&node, text_of("0124yyyyyyyyyyyyyyyy"));
    size_t narrow = sizeof(firn_node) + (1 + 20) + (1 + 16) + (1 + 17);
    assert_int_equal(text_node_need(&node), narrow);

    text_node_add(&node, text_of("0123456789")); /* the first then shares 10 bytes with it */
    assert_int_equal(text_node_need(&node), narrow + 1 + 4);
    bool equal;
    KIND->remove(&plain, node.slot, find(&node, text_of("0123456789"), &equal), 1);
    assert_null(KIND->check(&plain, node.slot));
    text_node_move(&node, 2048); /* which finds that it need not be wide any more */
    assert_int_equal(text_node_need(&node), narrow);

    text_node_add(&node, text_of("9 is the first byte of a long key"));
    assert_int_equal(text_node_need(&node), narrow + 3 + 1 + 1 + 33);
    text_node_fini(&node);
}

static void keys_in_order_are_appended_without_moving_values(void **state)
{
    (void)state;
    text_node node;
    text_node_init(&node, &numbered);
    text_node_move(&node, 512);
    const void *first = text_node_add(&node, text_of("a"));
    text_node_add(&node, text_of("b"));
    assert_ptr_equal(KIND->value(&numbered, node.slot, 0), first);
    text_node_fini(&node);
}

static void long_keys_lie_in_blocks_of_their_own(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    firn_shape shape = numbered;
    shape.allocator = &memory.allocator;
    text_node node;
    text_node_init(&node, &shape);
    text_node_add(&node, of_size(250, 'm'));
    assert_int_equal(atomic_load(&memory.calls), 0);
    text_node_add(&node, of_size(251, 'm'));
    assert_int_equal(atomic_load(&memory.live_bytes), 251);
    text_node_add(&node, of_size(251, 'k'));
    text_node_add(&node, of_size(FIRN_MAP_KEY_MAX, 'k'));
    text_node_add(&node, text_of("lm"));
    text_node_add(&node, text_of("a"));
    assert_null(KIND->check(&shape, node.slot));

    static const size_t sizes[] = {1, 251, FIRN_MAP_KEY_MAX, 251, 250, 2};
    uint64_t key_bytes, kept_bytes, expected = 0;
    for (unsigned i = 0; i < 6; i++) {
        firn_key_room room;
        const firn_bytes *key = KIND->key(&shape, node.slot, i, &room);
        bool equal = false;
        assert_int_equal(key->size, sizes[i]);
        assert_int_equal(find(&node, *key, &equal), i);
        assert_true(equal);
        expected += sizes[i];
    }
    KIND->usage(&shape, node.slot, &key_bytes, &kept_bytes);
    assert_int_equal(key_bytes, expected);
    assert_int_equal(kept_bytes, 2 * 251 + FIRN_MAP_KEY_MAX);
    assert_int_equal(kept_bytes, atomic_load(&memory.live_bytes));
    KIND->remove(&shape, node.slot, 1, 3);
    assert_int_equal(atomic_load(&memory.live_bytes), 251);
    assert_null(KIND->check(&shape, node.slot));
    text_node_fini(&node);
    failing_check(&memory);
}

static void keeping_a_key_fails_without_memory_and_above_the_limit(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 1);
    firn_shape shape = numbered;
    shape.allocator = &memory.allocator;
    void *kept = &memory;
    firn_bytes key = of_size(251, 'k'), too_long = {long_text, FIRN_MAP_KEY_MAX + 1};
    assert_int_equal(KIND->keep(&shape, &key, &kept), FIRN_NO_MEMORY);
    assert_ptr_equal(kept, &memory);
    assert_int_equal(KIND->keep(&shape, &too_long, &kept), FIRN_LIMIT);
    assert_ptr_equal(kept, &memory);
    assert_int_equal(KIND->keep(&shape, &key, &kept), FIRN_OK); /* the second allocation */
    assert_memory_equal(kept, key.data, key.size);
    KIND->drop(&shape, &key, kept);
    key.size = 250;
    assert_int_equal(KIND->keep(&shape, &key, &kept), FIRN_OK);
    assert_null(kept);
    KIND->drop(&shape, &key, kept);
    failing_check(&memory);
}

static void separator_is(const char *before, const char *behind, const char *expected)
{
    text_node left, right;
    firn_key_room room;
    text_node_init(&left, &plain);
    text_node_init(&right, &plain);
    text_node_add(&left, text_of(before));
    text_node_add(&right, text_of(behind));
    const firn_bytes *got = KIND->separator(&plain, left.slot, right.slot, &room);
    assert_int_equal(got->size, strlen(expected));
    assert_memory_equal(got->data, expected, got->size);
    text_node_fini(&left);
    text_node_fini(&right);
}

static void a_separator_is_as_short_as_may_be(void **state)
{
    (void)state;
    separator_is("", "abc", "a");
    separator_is("abc", "abd", "abd");
    separator_is("abc", "abcdef", "abcd");
    separator_is("include/a/b", "src/a/b", "s");
}

static void the_middle_halves_the_bytes(void **state)
{
    (void)state;
    text_node node;
    text_node_init(&node, &plain);
    add_texts(&node, (const char *const[]){"a", "b", "c", "d", "e", "f"}, 6);
    assert_int_equal(KIND->middle(&plain, node.slot), 3);
    text_node_add(&node, text_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    assert_int_equal(KIND->middle(&plain, node.slot), 2);
    KIND->remove(&plain, node.slot, 2, 7);
    assert_int_equal(KIND->middle(&plain, node.slot), 1);
    text_node_fini(&node);
}

/* Each takes a node that is right, and does one thing to it. */
static void check_says(void (*damage)(firn_node *node), const char *expected)
{
    text_node node;
    text_node_init(&node, &numbered);
    add_texts(&node, (const char *const[]){"abc", "abd", "abde", "b"}, 4);
    text_node_move(&node, 128);
    damage(node.slot.node);
    assert_string_equal(KIND->check(&numbered, node.slot), expected);
    free(node.slot.node);
}

static void more_entries(firn_node *node)
{
    node->count = 300;
}

static void more_bytes(firn_node *node)
{
    node->used++;
}

static void first_shares(firn_node *node)
{
    firn_text_heads(node)[0] |= 1u << 5;
}

static void shares_too_much(firn_node *node)
{
    firn_text_heads(node)[1] |= 7u << 5;
}

static void shares_too_little(firn_node *node)
{
    firn_text_heads(node)[1] = 1u << 5 | 1;
    firn_text_firsts(node)[1] = 'b';
}

static void lesser_byte(firn_node *node)
{
    firn_text_firsts(node)[1] = 'b';
}

static void nothing_of_its_own(firn_node *node)
{
    firn_text_heads(node)[1]--;
}

static void too_long(firn_node *node)
{
    firn_text_heads(node)[2] = 3u << 5 | 29;
    firn_text_heads(node)[0] = 2; /* there are not so many bytes, but for the sum of these two */
    node->used += 27;
}

static void byte_of_none(firn_node *node)
{
    firn_text_heads(node)[0] = 0;
    node->used -= 2;
}

static void check_finds_what_is_wrong(void **state)
{
    (void)state;
    check_says(more_entries, "a node larger than its slot");
    check_says(more_bytes, "the sum of a node's suffixes");
    check_says(first_shares, "a key shares more than there is");
    check_says(shares_too_much, "a key shares more than there is");
    check_says(shares_too_little, "a key shares less than it could");
    check_says(lesser_byte, "keys out of order");
    check_says(nothing_of_its_own, "keys out of order");
    check_says(too_long, "a key is too long for its node");
    check_says(byte_of_none, "the first byte of an empty key");
    firn_node node = {0};
    assert_string_equal(KIND->check(&numbered, (firn_slot){&node, sizeof(node) - 1}),
                        "a slot with no room for a node");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_node_has_no_key),
        cmocka_unit_test(keys_are_in_the_order_of_memcmp_with_prefixes_first),
        cmocka_unit_test(an_entry_costs_a_byte_in_narrow_nodes_and_two_in_wide_ones),
        cmocka_unit_test(keys_in_order_are_appended_without_moving_values),
        cmocka_unit_test(long_keys_lie_in_blocks_of_their_own),
        cmocka_unit_test(keeping_a_key_fails_without_memory_and_above_the_limit),
        cmocka_unit_test(a_separator_is_as_short_as_may_be),
        cmocka_unit_test(the_middle_halves_the_bytes),
        cmocka_unit_test(check_finds_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
