/* Random begins, puts, commits, aborts, opens, pins and closes, against lists of what was put. */
#include "support/failing.h"
#include "support/random.h"
#include "support/tempdir.h"

#include <firn/store.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { STEPS = 6000, READERS = 4, SEGMENTS = 64, PINS = 6, CACHE = 20000 };

/* What a generation holds: segment i is `sizes[i]` bytes that follow from `seeds[i]`. */
typedef struct model {
    uint32_t count;
    uint32_t sizes[SEGMENTS];
    uint32_t seeds[SEGMENTS];
} model;

typedef struct reader {
    firn_store *store; /* NULL: closed */
    model content;     /* of when it was opened */
    firn_segment pinned[PINS];
    uint32_t numbers[PINS];
} reader;

typedef struct world {
    rng random;
    char root[TEMPDIR_PATH_BYTES];
    char path[TEMPDIR_PATH_BYTES + 8];
    failing memory;
    firn_codec *codec;
    bool exists;
    model committed;
    firn_store_writer *writer; /* NULL: none */
    model written;
    reader readers[READERS];
} world;

static void content(uint32_t seed, uint32_t size, uint8_t *out)
{
    uint32_t mixed = seed;
    for (uint32_t i = 0; i < size; i++) {
        if (i % (1 + seed % 97) == 0)
            mixed = mixed * 1664525 + 1013904223;
        out[i] = (uint8_t)(mixed >> 24);
    }
}

static void expect_segment(const model *content_model, uint32_t number, const firn_segment *segment)
{
    static uint8_t expected[1 << 16];
    uint32_t size = content_model->sizes[number];
    assert_int_equal(segment->size, size);
    content(content_model->seeds[number], size, expected);
    if (size > 0)
        assert_memory_equal(segment->data, expected, size);
}

/* --- the writer's steps --- */

static void begin(world *w)
{
    firn_store_writer *writer = NULL;
    firn_store_writer_options options = {.allocator = &w->memory.allocator};
    firn_status status = firn_store_begin(w->path, &options, &writer, NULL);
    assert_int_equal(status, w->writer != NULL ? FIRN_BUSY : FIRN_OK);
    if (status != FIRN_OK)
        return;
    w->writer = writer;
    w->written.count = 0;
}

static void put(world *w)
{
    static uint8_t data[1 << 16];
    uint32_t number = 0;
    if (w->writer == NULL || w->written.count == SEGMENTS)
        return;
    uint32_t i = w->written.count++;
    w->written.sizes[i] = (uint32_t)(rng_any_size(&w->random) % 9000);
    w->written.seeds[i] = (uint32_t)rng_next(&w->random);
    content(w->written.seeds[i], w->written.sizes[i], data);
    firn_codec_kind kind = (firn_codec_kind)rng_below(&w->random, 3);
    int level = kind == FIRN_CODEC_ZSTD ? 1 + (int)rng_below(&w->random, 4) : 0;
    assert_int_equal(firn_store_put(w->writer, w->codec, i, kind, level, data, w->written.sizes[i],
                                    &number, NULL),
                     FIRN_OK);
    assert_int_equal(number, i);
}

static void commit(world *w)
{
    if (w->writer == NULL)
        return;
    assert_int_equal(firn_store_commit(w->writer, NULL), FIRN_OK);
    w->writer = NULL;
    w->committed = w->written;
    w->exists = true;
}

static void abort_writer(world *w)
{
    firn_store_abort(w->writer);
    w->writer = NULL;
}

/* --- the readers' steps --- */

static reader *any_reader(world *w)
{
    return &w->readers[rng_below(&w->random, READERS)];
}

static void open_reader(world *w)
{
    reader *r = any_reader(w);
    if (r->store != NULL)
        return;
    firn_store_options options = {.allocator = &w->memory.allocator, .cache_bytes = CACHE};
    firn_store *store = NULL;
    firn_status status = firn_store_open(w->path, &options, &store, NULL);
    if (!w->exists) {
        assert_true(status == FIRN_NOT_FOUND || status == FIRN_NOT_STORE);
        return;
    }
    assert_int_equal(status, FIRN_OK);
    r->store = store;
    r->content = w->committed;
    assert_int_equal(firn_store_segment_count(store), w->committed.count);
}

static void unpin(reader *r, size_t at)
{
    if (r->pinned[at].entry == NULL)
        return;
    expect_segment(&r->content, r->numbers[at], &r->pinned[at]);
    firn_store_unpin(r->store, &r->pinned[at]);
}

static void expect_limit_kept(const reader *r)
{
    firn_usage usage;
    uint64_t pinned = 0;
    bool seen[SEGMENTS] = {false};
    for (size_t i = 0; i < PINS; i++) {
        if (r->pinned[i].entry != NULL && !seen[r->numbers[i]])
            pinned += r->pinned[i].size;
        seen[r->numbers[i]] |= r->pinned[i].entry != NULL;
    }
    firn_store_usage(r->store, &usage);
    assert_in_range(usage.live_bytes, pinned, pinned > CACHE ? pinned : CACHE);
}

static void pin(world *w)
{
    reader *r = any_reader(w);
    size_t at = rng_below(&w->random, PINS);
    if (r->store == NULL)
        return;
    unpin(r, at);
    uint32_t number = (uint32_t)rng_below(&w->random, r->content.count + 1);
    firn_status status = firn_store_pin(r->store, number, &r->pinned[at], NULL);
    assert_int_equal(status, number < r->content.count ? FIRN_OK : FIRN_INVALID);
    if (status != FIRN_OK)
        return;
    r->numbers[at] = number;
    expect_segment(&r->content, number, &r->pinned[at]);
    expect_limit_kept(r);
}

static void close_reader(reader *r)
{
    for (size_t i = 0; i < PINS; i++)
        unpin(r, i);
    firn_store_close(r->store);
    r->store = NULL;
}

static void step(world *w)
{
    switch (rng_below(&w->random, 40)) {
    case 0:
    case 1:
        begin(w);
        break;
    case 2:
        commit(w);
        break;
    case 3:
        if (rng_below(&w->random, 3) == 0)
            abort_writer(w);
        break;
    case 4:
    case 5:
        open_reader(w);
        break;
    case 6:
        close_reader(any_reader(w));
        break;
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
        put(w);
        break;
    default:
        pin(w);
        break;
    }
}

static void a_store_is_what_its_lists_say(void **state)
{
    (void)state;
    static world w;
    rng_init(&w.random, "a_store_is_what_its_lists_say");
    tempdir_make(w.root);
    snprintf(w.path, sizeof w.path, "%s/S", w.root);
    failing_init(&w.memory, 0);
    assert_int_equal(firn_codec_create(&w.memory.allocator, &w.codec), FIRN_OK);
    for (int i = 0; i < STEPS; i++)
        step(&w);
    abort_writer(&w);
    for (size_t i = 0; i < READERS; i++)
        close_reader(&w.readers[i]);
    firn_codec_destroy(w.codec);
    failing_check(&w.memory);
    tempdir_remove(w.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_store_is_what_its_lists_say)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
