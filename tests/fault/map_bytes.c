/* Maps of long byte strings when each allocation fails in turn. The keys share so much that those
 * of inner nodes are long too, and lie in blocks of their own. */
#include <firn/map.h>

#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define KEYS 160
#define PREFIX 290

struct key {
    char text[PREFIX + 16];
    firn_bytes bytes;
};

/* Every fourth is short and every fourth has fewer equal bytes; their order is not that of numbers.
 */
static const void *make_key(unsigned number, struct key *ret_key)
{
    size_t prefix = number % 4 == 0 ? 3 : number % 4 == 1 ? 200 : PREFIX;
    memset(ret_key->text, 'k', prefix);
    int tail = snprintf(ret_key->text + prefix, 16, "%04u", number);
    ret_key->bytes = (firn_bytes){ret_key->text, prefix + (size_t)tail};
    return &ret_key->bytes;
}

static bool put_all(firn_map *map, bool *there)
{
    struct key key;
    for (unsigned i = 0; i < KEYS; i++) {
        unsigned number = i * 61 % KEYS;
        uint64_t count = firn_map_count(map);
        firn_status status = firn_map_put(map, make_key(number, &key), &number);
        there[number] = status == FIRN_OK;
        if (status != FIRN_OK) {
            assert_int_equal(status, FIRN_NO_MEMORY);
            assert_int_equal(firn_map_count(map), count);
            assert_int_equal(firn_map_verify(map, NULL), FIRN_OK);
            return false;
        }
    }
    return true;
}

static firn_status work(const firn_allocator *allocator, void *context)
{
    (void)context;
    firn_map_type_options options = {.key = FIRN_KEY_BYTES,
                                     .value_bytes = sizeof(unsigned),
                                     .node_bytes = 1088,
                                     .allocator = allocator};
    firn_map_type *type = NULL;
    bool there[KEYS] = {false};
    struct key key;
    if (firn_map_type_create(&options, &type) != FIRN_OK)
        return FIRN_NO_MEMORY;
    firn_map map, copy;
    firn_map_init(&map, type);
    bool whole = put_all(&map, there);
    firn_status status = firn_map_clone(&map, &copy);
    assert_int_equal(firn_map_count(&copy), status == FIRN_OK ? firn_map_count(&map) : 0);
    assert_int_equal(firn_map_verify(&copy, NULL), FIRN_OK);
    firn_map_fini(&copy);
    whole = whole && status == FIRN_OK;
    for (unsigned i = 0; i < KEYS; i++) {
        const unsigned *value = firn_map_get(&map, make_key(i, &key));
        assert_int_equal(value != NULL, there[i]);
        assert_true(value == NULL || *value == i);
        if (i % 3 != 0) /* never needs memory */
            assert_int_equal(firn_map_remove(&map, &key.bytes),
                             there[i] ? FIRN_OK : FIRN_NOT_FOUND);
    }
    assert_int_equal(firn_map_verify(&map, NULL), FIRN_OK);
    firn_map_fini(&map);
    firn_map_type_destroy(type);
    return whole ? FIRN_OK : FIRN_NO_MEMORY;
}

static void long_keys_survive_any_failed_allocation(void **state)
{
    (void)state;
    assert_true(failing_each(work, NULL) > KEYS); /* a block for most keys, and the nodes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_keys_survive_any_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
