/* Decoded segments: shared while pinned, kept up to the limit, the least recently used going first.
 */
#include "support/failing.h"
#include "support/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { COUNT = 16, SIZE = 1000 };

static failing memory;

/* The store has segments of SIZE bytes. */
static int set_up_written(void **state)
{
    uint8_t data[SIZE];
    firn_codec *codec;
    firn_store *writer;
    uint32_t number;
    set_up(state);
    failing_init(&memory, 0);
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(store_open_as(FIRN_STORE_REPLACE, &writer, NULL), FIRN_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        memset(data, (int)i, sizeof data);
        assert_int_equal(firn_store_put(writer, codec,
                                        &(firn_store_put_options){.codec = FIRN_CODEC_LZ4}, data,
                                        SIZE, &number, NULL),
                         FIRN_OK);
    }
    assert_int_equal(firn_store_commit(writer, FIRN_SEGMENT_NONE, NULL), FIRN_OK);
    firn_store_close(writer);
    firn_codec_destroy(codec);
    return 0;
}

static int tear_down_checked(void **state)
{
    failing_check(&memory);
    return tear_down(state);
}

static firn_store *open_store(size_t cache_bytes)
{
    firn_store_options options = {.allocator = &memory.allocator, .cache_bytes = cache_bytes};
    firn_store *store = NULL;
    assert_int_equal(firn_store_open(path, &options, &store, NULL), FIRN_OK);
    return store;
}

static firn_segment pin(firn_store *store, uint32_t i)
{
    firn_segment segment = {0};
    assert_int_equal(firn_store_pin(store, i, &segment, NULL), FIRN_OK);
    assert_int_equal(segment.size, SIZE);
    assert_int_equal(segment.data[0], i);
    assert_int_equal(segment.data[SIZE - 1], i);
    return segment;
}

static void touch(firn_store *store, uint32_t i)
{
    firn_segment segment = pin(store, i);
    firn_store_unpin(store, &segment);
    assert_null(segment.data);
}

static uint64_t live(const firn_store *store)
{
    firn_usage usage;
    firn_store_usage(store, &usage);
    assert_int_equal(usage.reserved_bytes, usage.live_bytes + usage.overhead_bytes);
    assert_int_equal(usage.resident_bytes, usage.reserved_bytes);
    return usage.live_bytes;
}

/* Whether a pin of it reads anything: reading allocates. */
static bool is_decoded(firn_store *store, uint32_t i)
{
    size_t before = atomic_load(&memory.calls);
    touch(store, i);
    return atomic_load(&memory.calls) == before;
}

static void pins_of_one_segment_share_its_data(void **state)
{
    (void)state;
    firn_store *store = open_store(1);
    firn_segment first = pin(store, 3);
    firn_segment second = pin(store, 3);
    assert_ptr_equal(first.data, second.data);
    assert_int_equal(live(store), SIZE);
    firn_store_unpin(store, &first);
    assert_int_equal(second.data[1], 3);
    assert_int_equal(live(store), SIZE);
    firn_store_unpin(store, &second);
    assert_int_equal(live(store), 0);
    firn_store_close(store);
}

static void the_least_recently_used_goes_first(void **state)
{
    (void)state;
    firn_store *store = open_store(3 * SIZE);
    for (uint32_t i = 0; i < 3; i++)
        touch(store, i);
    assert_true(is_decoded(store, 0)); /* now 1 is the oldest */
    touch(store, 3);
    assert_int_equal(live(store), 3 * SIZE);
    assert_true(is_decoded(store, 0));
    assert_true(is_decoded(store, 2));
    assert_true(is_decoded(store, 3));
    assert_false(is_decoded(store, 1));
    assert_false(is_decoded(store, 0));
    firn_store_close(store);
}

static void pinned_segments_stay_even_above_the_limit(void **state)
{
    (void)state;
    firn_store *store = open_store(2 * SIZE);
    firn_segment pinned[COUNT];
    for (uint32_t i = 0; i < COUNT; i++)
        pinned[i] = pin(store, i);
    assert_int_equal(live(store), COUNT * SIZE);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(pinned[i].data[SIZE / 2], i);
    for (uint32_t i = 0; i < COUNT; i++) {
        firn_store_unpin(store, &pinned[i]);
        uint64_t still = (COUNT - 1 - i) * SIZE;
        assert_int_equal(live(store), still > 2 * SIZE ? still : 2 * SIZE);
    }
    firn_store_close(store);
}

static void room_is_made_before_a_segment_is_decoded(void **state)
{
    (void)state;
    firn_store *store = open_store(3 * SIZE);
    for (uint32_t i = 0; i < COUNT; i++) {
        firn_segment segment = pin(store, i);
        assert_in_range(live(store), SIZE, 3 * SIZE);
        firn_store_unpin(store, &segment);
    }
    firn_store_close(store);
}

/* Unpinned ones below the limit beside pinned ones: the limit counts both. */
static void pinned_segments_take_of_the_limit(void **state)
{
    (void)state;
    firn_store *store = open_store(3 * SIZE);
    firn_segment first = pin(store, 0), second = pin(store, 1);
    touch(store, 2);
    touch(store, 3);
    assert_int_equal(live(store), 3 * SIZE);
    assert_true(is_decoded(store, 3));
    assert_false(is_decoded(store, 2));
    firn_store_unpin(store, &first);
    firn_store_unpin(store, &second);
    assert_int_equal(live(store), 3 * SIZE);
    firn_store_close(store);
}

static void the_default_limit_keeps_small_stores_whole(void **state)
{
    (void)state;
    firn_store *store = open_store(0);
    for (uint32_t i = 0; i < COUNT; i++)
        touch(store, i);
    assert_int_equal(live(store), COUNT * SIZE);
    firn_store_close(store);
}

static void usage_counts_what_the_allocator_gave(void **state)
{
    (void)state;
    firn_usage usage;
    firn_store *store = open_store(0);
    touch(store, 0); /* an unpacker may stay, too */
    firn_store_usage(store, &usage);
    assert_int_equal(usage.live_bytes, SIZE);
    assert_in_range(atomic_load(&memory.live_bytes), usage.reserved_bytes,
                    usage.reserved_bytes + 200);
    firn_store_close(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_written, tear_down_checked)
    const struct CMUnitTest tests[] = {
        TEST(pins_of_one_segment_share_its_data),
        TEST(the_least_recently_used_goes_first),
        TEST(pinned_segments_stay_even_above_the_limit),
        TEST(room_is_made_before_a_segment_is_decoded),
        TEST(pinned_segments_take_of_the_limit),
        TEST(the_default_limit_keeps_small_stores_whole),
        TEST(usage_counts_what_the_allocator_gave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
