/* The power fails: of what a writer did, the disk has kept what was synced and any part of the
 * rest. Each commit that was acknowledged is there, no half one is, and the next writer goes on. */
#include "support/power.h"
#include "support/store_calls.h"

enum { STEPS = 8, OLD = 3 }; /* a step's segment lives through so many commits */

static char left[TEMPDIR_PATH_BYTES + 8]; /* what the failure has left */

static size_t content_of(uint32_t step, uint8_t out[STORE_CONTENT_MAX])
{
    return store_content(1, step * 7 + 20, out);
}

static void step_put(firn_store *store, firn_codec *codec, uint32_t step)
{
    uint8_t data[STORE_CONTENT_MAX];
    const firn_store_put_options options = {.kind = step, .codec = (firn_codec_kind)(step % 2)};
    uint32_t number;
    firn_error error = {0};
    size_t size = content_of(step, data);
    ok(firn_store_put(store, codec, &options, data, size, &number, &error), &error);
    assert_int_equal(number, step - 1);
    if (step > OLD)
        assert_int_equal(firn_store_remove(store, step - OLD - 1), FIRN_OK);
}

/* What the store holds after a step: the segments of the last ones, the newest being the root. */
static void expect_step(firn_store *store, uint32_t step, const char *what)
{
    uint8_t data[STORE_CONTENT_MAX];
    firn_segment segment;
    firn_error error = {0};
    if (store_count(store) != (step < OLD ? step : OLD))
        fail_msg("%s: %u segments at step %u", what, store_count(store), step);
    for (uint32_t i = step > OLD ? step - OLD + 1 : 1; i <= step; i++) {
        size_t size = content_of(i, data);
        if (firn_store_pin(store, i - 1, &segment, &error) != FIRN_OK)
            fail_msg("%s: %s", what, error.text);
        assert_int_equal(segment.size, size);
        assert_memory_equal(segment.data, data, size);
        firn_store_unpin(store, &segment);
    }
}

static uint32_t step_of(const firn_store *store)
{
    uint32_t found = firn_store_root(store);
    return found == FIRN_SEGMENT_NONE ? 0 : found + 1;
}

static void check_left(const char *folder, size_t acknowledged, const char *what)
{
    static const firn_store_options write = {.mode = FIRN_STORE_WRITE};
    firn_store *store = NULL;
    firn_codec *codec;
    firn_error error = {0};
    uint32_t step = 0;
    firn_status status = firn_store_open(folder, NULL, &store, &error);
    if (status == FIRN_OK) {
        step = step_of(store);
        expect_step(store, step, what);
        firn_store_close(store);
    } else if (status != FIRN_NOT_STORE || acknowledged > 0) {
        fail_msg("%s: %s", what, error.text);
    }
    if (step < acknowledged || step > acknowledged + 1)
        fail_msg("%s: step %u of %zu", what, step, acknowledged);
    /* The next writer finds the same, and its commit holds. */
    if (firn_store_open(folder, &write, &store, &error) != FIRN_OK)
        fail_msg("%s: %s", what, error.text);
    assert_int_equal(step_of(store), step);
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    uint32_t number = put(store, codec, "after", 5);
    commit(store, number);
    firn_store_close(store);
    firn_codec_destroy(codec);
    assert_int_equal(firn_store_open(folder, NULL, &store, &error), FIRN_OK);
    expect_text(store, number, "after");
    assert_int_equal(store_count(store), (step < OLD ? step : OLD) + 1);
    firn_store_close(store);
}

/* Tries a failure after each event. */
static void check_all(void)
{
    size_t failures = power.event_count;
    power.is_on = false;
    snprintf(left, sizeof left, "%s/left", root);
    for (size_t count = 0; count <= failures; count++)
        power_each_after(count, left, check_left);
    assert_true(failures > 20);
    power_end();
}

static void what_was_acknowledged_survives_every_power_failure(void **state)
{
    (void)state;
    firn_codec *codec;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(mkdir(path, 0777), 0);
    power_begin(path);
    firn_store *store = open_writer();
    for (uint32_t step = 1; step <= STEPS; step++) {
        step_put(store, codec, step);
        commit(store, step - 1);
        power_acknowledge(step);
        if (step % 3 == 0) {
            firn_store_close(store);
            store = open_writer();
        }
    }
    firn_store_close(store);
    firn_codec_destroy(codec);
    check_all();
}

static void compaction_survives_every_power_failure(void **state)
{
    (void)state;
    uint64_t moved;
    firn_codec *codec;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(mkdir(path, 0777), 0);
    power_begin(path);
    firn_store *store = open_writer();
    for (uint32_t step = 1; step <= STEPS; step++) {
        const firn_store_compact_options options = {.garbage_percent = 1,
                                                    .level = step % 2 == 0 ? 3 : 0};
        step_put(store, codec, step);
        if (step > OLD)
            assert_int_equal(firn_store_compact(store, codec, &options, &moved, NULL), FIRN_OK);
        commit(store, step - 1);
        power_acknowledge(step);
    }
    firn_store_close(store);
    firn_codec_destroy(codec);
    check_all();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_acknowledged_survives_every_power_failure),
        TEST(compaction_survives_every_power_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
