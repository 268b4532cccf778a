/* Interned strings: ids, texts of any bytes, limits, memory. */
#include <firn/intern.h>

#include "pack/hash.h"
#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void ids_are_dense_and_in_the_order_of_first_sight(void **state)
{
    (void)state;
    firn_intern *intern = NULL;
    assert_int_equal(firn_intern_create(NULL, &intern), FIRN_OK);
    assert_int_equal(firn_intern_count(intern), 0);
    static const char *const texts[] = {"int", "x", "", "int", "y", "x", "", "long long"};
    static const uint32_t ids[] = {0, 1, 2, 0, 3, 1, 2, 4};
    static const bool news[] = {true, true, true, false, true, false, false, true};
    for (size_t i = 0; i < 8; i++) {
        uint32_t id = 77;
        bool is_new = !news[i];
        assert_int_equal(firn_intern_put(intern, texts[i], strlen(texts[i]), &id, &is_new),
                         FIRN_OK);
        assert_int_equal(id, ids[i]);
        assert_int_equal(is_new, news[i]);
        assert_int_equal(firn_intern_find(intern, texts[i], strlen(texts[i])), id);
        size_t size = 77;
        const void *text = firn_intern_get(intern, id, &size);
        assert_int_equal(size, strlen(texts[i]));
        assert_memory_equal(text, texts[i], size);
    }
    assert_int_equal(firn_intern_count(intern), 5);
    firn_intern_destroy(intern);
    firn_intern_destroy(NULL);
}

static void texts_not_put_are_not_found(void **state)
{
    (void)state;
    firn_intern *intern = NULL;
    uint32_t id;
    assert_int_equal(firn_intern_create(NULL, &intern), FIRN_OK);
    assert_int_equal(firn_intern_find(intern, "a", 1), FIRN_INTERN_NONE);
    assert_int_equal(firn_intern_find(intern, NULL, 0), FIRN_INTERN_NONE);
    assert_int_equal(firn_intern_put(intern, "a\0b", 3, &id, NULL), FIRN_OK);
    assert_int_equal(firn_intern_find(intern, "a", 1), FIRN_INTERN_NONE);
    assert_int_equal(firn_intern_find(intern, "a\0c", 3), FIRN_INTERN_NONE);
    assert_int_equal(firn_intern_find(intern, "", 0), FIRN_INTERN_NONE);
    assert_int_equal(firn_intern_find(intern, "a\0b", 3), id);
    firn_intern_destroy(intern);
}

static void texts_of_every_length_come_back(void **state)
{
    (void)state;
    static uint8_t text[40000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)(i * i >> 5);
    firn_intern *intern = NULL;
    assert_int_equal(firn_intern_create(NULL, &intern), FIRN_OK);
    uint32_t next = 0;
    for (size_t size = 0; size <= sizeof(text); size += size < 300 ? 1 : 997) {
        uint32_t id = 77;
        assert_int_equal(firn_intern_put(intern, text, size, &id, NULL), FIRN_OK);
        assert_int_equal(id, next++);
    }
    next = 0;
    for (size_t size = 0; size <= sizeof(text); size += size < 300 ? 1 : 997) {
        size_t got = 77;
        const void *at = firn_intern_get(intern, next, &got);
        assert_int_equal(got, size);
        assert_memory_equal(at, text, size);
        assert_int_equal(firn_intern_find(intern, text, size), next++);
    }
    firn_intern_destroy(intern);
}

/* So many that some have the same place and tag in the table. */
static void texts_of_one_length_are_told_apart(void **state)
{
    (void)state;
    firn_intern *intern = NULL;
    assert_int_equal(firn_intern_create(NULL, &intern), FIRN_OK);
    for (uint32_t i = 0; i < 390000; i++) {
        uint32_t id = 77;
        assert_int_equal(firn_intern_put(intern, &i, sizeof(i), &id, NULL), FIRN_OK);
        assert_int_equal(id, i);
    }
    for (uint32_t i = 0; i < 800000; i++)
        assert_int_equal(firn_intern_find(intern, &i, sizeof(i)),
                         i < 390000 ? i : FIRN_INTERN_NONE);
    firn_intern_destroy(intern);
}

static void texts_of_sixteen_mebibytes_are_refused(void **state)
{
    (void)state;
    const size_t limit = (size_t)1 << 24;
    uint8_t *text = calloc(limit, 1);
    firn_intern *intern = NULL;
    uint32_t id = 77;
    assert_int_equal(firn_intern_create(NULL, &intern), FIRN_OK);
    assert_int_equal(firn_intern_put(intern, text, limit, &id, NULL), FIRN_LIMIT);
    assert_int_equal(firn_intern_put(intern, text, SIZE_MAX, &id, NULL), FIRN_LIMIT);
    assert_int_equal(firn_intern_find(intern, text, limit), FIRN_INTERN_NONE);
    assert_int_equal(id, 77);
    assert_int_equal(firn_intern_put(intern, text, limit - 1, &id, NULL), FIRN_OK);
    size_t size;
    assert_memory_equal(firn_intern_get(intern, id, &size), text, limit - 1);
    assert_int_equal(size, limit - 1);
    firn_intern_destroy(intern);
    free(text);
}

static void a_reset_forgets_all_and_keeps_the_memory(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    const firn_intern_options options = {.allocator = &memory.allocator};
    firn_intern *intern = NULL;
    assert_int_equal(firn_intern_create(&options, &intern), FIRN_OK);
    firn_intern_reset(intern);
    uint32_t id;
    size_t calls = 0;
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 1000; i++) {
            assert_int_equal(firn_intern_put(intern, &i, sizeof(i), &id, NULL), FIRN_OK);
            assert_int_equal(id, i);
        }
        firn_intern_reset(intern);
        assert_int_equal(firn_intern_count(intern), 0);
        uint32_t zero = 0;
        assert_int_equal(firn_intern_find(intern, &zero, sizeof(zero)), FIRN_INTERN_NONE);
        assert_true(round == 0 || calls == atomic_load(&memory.calls));
        calls = atomic_load(&memory.calls);
    }
    firn_intern_destroy(intern);
    failing_check(&memory);
}

static void the_limit_is_kept_and_what_was_put_stays(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    firn_intern *intern = NULL;
    firn_intern_options options = {.allocator = &memory.allocator, .limit_bytes = 10};
    assert_int_equal(firn_intern_create(&options, &intern), FIRN_LIMIT);
    options.limit_bytes = 20000;
    assert_int_equal(firn_intern_create(&options, &intern), FIRN_OK);
    uint32_t count = 0, id;
    while (firn_intern_put(intern, &count, sizeof(count), &id, NULL) == FIRN_OK) {
        count++;
        assert_true(atomic_load(&memory.live_bytes) <= 20000);
    }
    assert_true(count > 500);
    assert_int_equal(firn_intern_put(intern, &count, sizeof(count), &id, NULL), FIRN_LIMIT);
    assert_int_equal(firn_intern_count(intern), count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(firn_intern_find(intern, &i, sizeof(i)), i);
    firn_intern_destroy(intern);
    failing_check(&memory);
}

static void reserved_options_must_be_zero(void **state)
{
    (void)state;
    firn_intern *intern = NULL;
    const firn_intern_options first = {.reserved = {1, 0}}, second = {.reserved = {0, 1}};
    assert_int_equal(firn_intern_create(&first, &intern), FIRN_INVALID);
    assert_int_equal(firn_intern_create(&second, &intern), FIRN_INVALID);
    assert_null(intern);
}

static void identifiers_take_few_bytes_beyond_their_text(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    const firn_intern_options options = {.allocator = &memory.allocator};
    firn_intern *intern = NULL;
    assert_int_equal(firn_intern_create(&options, &intern), FIRN_OK);
    char name[32];
    uint32_t id;
    for (uint32_t i = 0; i < 100000; i++) {
        int size = snprintf(name, sizeof(name), "identifier_%u", i);
        assert_int_equal(firn_intern_put(intern, name, (size_t)size, &id, NULL), FIRN_OK);
        firn_usage usage;
        firn_intern_usage(intern, &usage);
        assert_int_equal(usage.reserved_bytes, atomic_load(&memory.live_bytes));
        assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
    }
    firn_usage usage;
    firn_intern_usage(intern, &usage);
    assert_true((double)usage.overhead_bytes / 100000 < 1 + 0.25 + 4.5 + 0.5);
    firn_intern_destroy(intern);
    failing_check(&memory);
}

/* The hash must depend on every bit of text, length and seed. */
static void every_bit_changes_the_hash(void **state)
{
    (void)state;
    uint8_t text[70];
    memset(text, 0x5a, sizeof(text));
    const uint64_t a = 0x243f6a8885a308d3u, b = 0x13198a2e03707344u;
    const firn_hash_seed seed = {a, b}, other = {a, b ^ 1}, another = {a ^ 1, b};
    for (size_t size = 0; size < sizeof(text); size++) {
        uint64_t hash = firn_hash_bytes(seed, text, size);
        assert_int_not_equal(hash, firn_hash_bytes(other, text, size));
        assert_int_not_equal(hash, firn_hash_bytes(another, text, size));
        assert_int_not_equal(hash, firn_hash_bytes(seed, text, size + 1 < 70 ? size + 1 : 0));
        for (size_t bit = 0; bit < size * 8; bit++) {
            text[bit / 8] ^= (uint8_t)(1u << bit % 8);
            uint64_t changed = firn_hash_bytes(seed, text, size);
            text[bit / 8] ^= (uint8_t)(1u << bit % 8);
            int differing = __builtin_popcountll(hash ^ changed);
            assert_true(differing > 8 && differing < 56);
        }
    }
}

static firn_status intern_some(const firn_allocator *allocator, void *context)
{
    (void)context;
    const firn_intern_options options = {.allocator = allocator};
    firn_intern *intern = NULL;
    firn_status status = firn_intern_create(&options, &intern);
    if (status != FIRN_OK)
        return status;
    uint32_t count = 0;
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t id = 77;
        bool is_new = false;
        firn_status put = firn_intern_put(intern, &i, sizeof(i), &id, &is_new);
        if (put == FIRN_OK) {
            assert_true(is_new && id == count);
            count++;
            continue;
        }
        status = put;
        assert_int_equal(firn_intern_find(intern, &i, sizeof(i)), FIRN_INTERN_NONE);
        if (firn_intern_put(intern, &i, sizeof(i), &id, NULL) == FIRN_OK) /* once only it failed */
            count++;
        else
            break;
    }
    assert_int_equal(firn_intern_count(intern), count);
    for (uint32_t i = 0; i < count; i++) {
        size_t size;
        const void *text = firn_intern_get(intern, i, &size);
        assert_int_equal(size, sizeof(i));
        assert_memory_equal(text, &i, size);
        assert_int_equal(firn_intern_find(intern, &i, sizeof(i)), i);
    }
    firn_intern_destroy(intern);
    return status;
}

static void each_failed_allocation_adds_nothing_and_breaks_nothing(void **state)
{
    (void)state;
    assert_true(failing_each(intern_some, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_dense_and_in_the_order_of_first_sight),
        cmocka_unit_test(texts_not_put_are_not_found),
        cmocka_unit_test(texts_of_every_length_come_back),
        cmocka_unit_test(texts_of_one_length_are_told_apart),
        cmocka_unit_test(texts_of_sixteen_mebibytes_are_refused),
        cmocka_unit_test(a_reset_forgets_all_and_keeps_the_memory),
        cmocka_unit_test(the_limit_is_kept_and_what_was_put_stays),
        cmocka_unit_test(reserved_options_must_be_zero),
        cmocka_unit_test(identifiers_take_few_bytes_beyond_their_text),
        cmocka_unit_test(every_bit_changes_the_hash),
        cmocka_unit_test(each_failed_allocation_adds_nothing_and_breaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
