/* Random puts, removals, commits, aborts, compactions, closings, openings, refreshes and pins of
 * one writer and several readers, against lists of what was put. */
#include "support/failing.h"
#include "support/random.h"
#include "support/tempdir.h"

#include <firn/store.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { STEPS = 6000, READERS = 4, SEGMENTS = 1024, PINS = 6, CACHE = 20000 };

/* What a store holds: segment i is there when sizes[i] is not GONE, and is so many bytes that
 * follow from seeds[i]. */
#define GONE UINT32_MAX
typedef struct model {
    uint32_t next; /* the first number that was not used */
    uint32_t root;
    uint32_t count;
    uint32_t sizes[SEGMENTS];
    uint32_t seeds[SEGMENTS];
} model;

typedef struct user {
    firn_store *store; /* NULL: closed */
    model content;     /* of what it sees */
    firn_segment pinned[PINS];
    uint32_t numbers[PINS];
    uint32_t seeds[PINS];
} user;

typedef struct world {
    rng random;
    char root[TEMPDIR_PATH_BYTES];
    char path[TEMPDIR_PATH_BYTES + 8];
    failing memory;
    firn_codec *codec;
    bool exists;
    model committed;
    user writer;
    user readers[READERS];
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

static void expect_segment(uint32_t seed, const firn_segment *segment)
{
    static uint8_t expected[1 << 16];
    content(seed, (uint32_t)segment->size, expected);
    if (segment->size > 0)
        assert_memory_equal(segment->data, expected, segment->size);
}

/* A number that was used, mostly, and one that is there where that is wanted and can be. */
static uint32_t any_number(world *w, const model *known, bool is_there)
{
    for (int tries = 0; tries < 50; tries++) {
        uint32_t number = (uint32_t)rng_below(&w->random, known->next + 1);
        if (!is_there || (number < known->next && known->sizes[number] != GONE))
            return number;
    }
    return FIRN_SEGMENT_NONE;
}

static void expect_content(const user *u)
{
    firn_segment_info info;
    firn_store_summary summary;
    const model *known = &u->content;
    uint32_t count = 0;
    for (uint32_t from = 0; firn_store_next(u->store, from, &info) == FIRN_OK;
         from = info.segment + 1) {
        assert_in_range(info.segment, from, known->next - 1);
        assert_int_equal(info.plain_bytes, known->sizes[info.segment]);
        assert_int_equal(info.kind, known->seeds[info.segment]);
        count++;
    }
    assert_int_equal(count, known->count);
    assert_int_equal(firn_store_root(u->store), known->root);
    firn_store_summary_get(u->store, &summary);
    assert_int_equal(summary.segment_count, known->count);
}

/* --- pins --- */

static void unpin(user *u, size_t at)
{
    if (u->pinned[at].entry == NULL)
        return;
    expect_segment(u->seeds[at], &u->pinned[at]);
    firn_store_unpin(u->store, &u->pinned[at]);
}

static void expect_limit_kept(const user *u)
{
    firn_usage usage;
    uint64_t pinned = 0;
    for (size_t i = 0; i < PINS; i++) {
        bool counted = u->pinned[i].entry == NULL;
        for (size_t k = 0; k < i && !counted; k++)
            counted = u->pinned[k].entry != NULL && u->numbers[k] == u->numbers[i];
        pinned += counted ? 0 : u->pinned[i].size;
    }
    firn_store_usage(u->store, &usage);
    assert_in_range(usage.live_bytes, pinned, pinned > CACHE ? pinned : CACHE);
}

static void pin(world *w, user *u)
{
    size_t at = rng_below(&w->random, PINS);
    if (u->store == NULL)
        return;
    unpin(u, at);
    uint32_t number = any_number(w, &u->content, rng_below(&w->random, 8) != 0);
    bool is_there = number < u->content.next && u->content.sizes[number] != GONE;
    firn_status status = firn_store_pin(u->store, number, &u->pinned[at], NULL);
    assert_int_equal(status, is_there ? FIRN_OK : FIRN_NOT_FOUND);
    if (status != FIRN_OK)
        return;
    u->numbers[at] = number;
    u->seeds[at] = u->content.seeds[number];
    assert_int_equal(u->pinned[at].size, u->content.sizes[number]);
    expect_segment(u->seeds[at], &u->pinned[at]);
    expect_limit_kept(u);
}

static void close_user(user *u)
{
    for (size_t i = 0; i < PINS; i++)
        unpin(u, i);
    firn_store_close(u->store);
    u->store = NULL;
}

/* --- the writer's steps --- */

static void open_writer(world *w)
{
    firn_store *store = NULL;
    bool replaces = rng_below(&w->random, 8) == 0;
    firn_store_options options = {.allocator = &w->memory.allocator,
                                  .cache_bytes = CACHE,
                                  .mode = replaces ? FIRN_STORE_REPLACE : FIRN_STORE_WRITE};
    firn_status status = firn_store_open(w->path, &options, &store, NULL);
    assert_int_equal(status, w->writer.store != NULL ? FIRN_BUSY : FIRN_OK);
    if (status != FIRN_OK)
        return;
    w->writer.store = store;
    w->writer.content = w->committed;
    if (replaces) {
        memset(w->writer.content.sizes, 0xFF, sizeof w->writer.content.sizes);
        w->writer.content.count = 0;
        w->writer.content.root = FIRN_SEGMENT_NONE;
    }
    expect_content(&w->writer);
}

static void put(world *w)
{
    static uint8_t data[1 << 16];
    model *written = &w->writer.content;
    uint32_t number = 0;
    if (w->writer.store == NULL || written->next == SEGMENTS)
        return;
    uint32_t size = (uint32_t)(rng_any_size(&w->random) % 9000);
    uint32_t seed = (uint32_t)rng_next(&w->random);
    content(seed, size, data);
    firn_codec_kind kind = (firn_codec_kind)rng_below(&w->random, 3);
    int level = kind == FIRN_CODEC_ZSTD ? 1 + (int)rng_below(&w->random, 4) : 0;
    const firn_store_put_options options = {.kind = seed, .codec = kind, .level = level};
    assert_int_equal(firn_store_put(w->writer.store, w->codec, &options, data, size, &number, NULL),
                     FIRN_OK);
    assert_in_range(number, written->next, SEGMENTS);
    if (number == SEGMENTS)
        return;
    for (; written->next < number; written->next++)
        written->sizes[written->next] = GONE; /* of those that were aborted */
    written->next = number + 1;
    written->sizes[number] = size;
    written->seeds[number] = seed;
    written->count++;
}

static void remove_one(world *w)
{
    model *written = &w->writer.content;
    if (w->writer.store == NULL)
        return;
    uint32_t number = any_number(w, written, rng_below(&w->random, 8) != 0);
    bool is_there = number < written->next && written->sizes[number] != GONE;
    assert_int_equal(firn_store_remove(w->writer.store, number),
                     is_there ? FIRN_OK : FIRN_NOT_FOUND);
    if (!is_there)
        return;
    written->sizes[number] = GONE;
    written->count--;
    if (written->root == number)
        written->root = FIRN_SEGMENT_NONE; /* what the next commit will say */
}

static void commit(world *w)
{
    model *written = &w->writer.content;
    if (w->writer.store == NULL)
        return;
    written->root = any_number(w, written, true);
    assert_int_equal(firn_store_commit(w->writer.store, written->root, NULL), FIRN_OK);
    expect_content(&w->writer);
    w->committed = *written;
    w->exists = true;
}

static void compact(world *w)
{
    uint64_t moved = 0;
    if (w->writer.store == NULL)
        return;
    const firn_store_compact_options options = {
        .garbage_percent = (uint32_t)rng_below(&w->random, 101),
        .level = rng_below(&w->random, 3) == 0 ? 1 + (int)rng_below(&w->random, 5) : 0,
        .move_bytes = rng_below(&w->random, 2) == 0 ? 0 : rng_any_size(&w->random)};
    assert_int_equal(firn_store_compact(w->writer.store, w->codec, &options, &moved, NULL),
                     FIRN_OK);
    uint32_t root = w->writer.content.root;
    w->writer.content.root = firn_store_root(w->writer.store);
    expect_content(&w->writer);
    w->writer.content.root = root;
}

static void abort_writer(world *w)
{
    uint32_t next = w->writer.content.next;
    if (w->writer.store == NULL || !w->exists)
        return;
    close_user(&w->writer);
    firn_store_options options = {
        .allocator = &w->memory.allocator, .cache_bytes = CACHE, .mode = FIRN_STORE_WRITE};
    assert_int_equal(firn_store_open(w->path, &options, &w->writer.store, NULL), FIRN_OK);
    w->writer.content = w->committed;
    expect_content(&w->writer);
    put(w);
    firn_store_abort(w->writer.store);
    w->writer.content = w->committed;
    expect_content(&w->writer);
    assert_true(next >= w->committed.next);
}

/* --- the readers' steps --- */

static user *any_reader(world *w)
{
    return &w->readers[rng_below(&w->random, READERS)];
}

static void open_reader(world *w)
{
    user *u = any_reader(w);
    if (u->store != NULL)
        return;
    firn_store_options options = {.allocator = &w->memory.allocator, .cache_bytes = CACHE};
    firn_store *store = NULL;
    firn_status status = firn_store_open(w->path, &options, &store, NULL);
    if (!w->exists) {
        assert_true(status == FIRN_NOT_FOUND || status == FIRN_NOT_STORE);
        return;
    }
    assert_int_equal(status, FIRN_OK);
    u->store = store;
    u->content = w->committed;
    expect_content(u);
}

static void refresh_reader(world *w)
{
    user *u = any_reader(w);
    if (u->store == NULL)
        return;
    assert_int_equal(firn_store_refresh(u->store, NULL, NULL), FIRN_OK);
    u->content = w->committed;
    expect_content(u);
}

static void step(world *w)
{
    switch (rng_below(&w->random, 48)) {
    case 0:
    case 1:
        open_writer(w);
        break;
    case 2:
    case 3:
        commit(w);
        break;
    case 4:
        if (rng_below(&w->random, 6) == 0)
            abort_writer(w);
        break;
    case 5:
    case 6:
        open_reader(w);
        break;
    case 7:
        close_user(any_reader(w));
        break;
    case 8:
        if (rng_below(&w->random, 3) == 0)
            close_user(&w->writer);
        break;
    case 9:
    case 10:
        refresh_reader(w);
        break;
    case 11:
    case 12:
    case 13:
    case 14:
        remove_one(w);
        break;
    case 15:
    case 16:
    case 17:
    case 18:
    case 19:
        put(w);
        break;
    case 20:
        compact(w);
        break;
    case 21:
    case 22:
        pin(w, &w->writer);
        break;
    default:
        pin(w, any_reader(w));
        break;
    }
}

static void a_store_is_what_its_lists_say(void **state)
{
    (void)state;
    static world w;
    rng_init(&w.random, "a_store_is_what_its_lists_say");
    tempdir_make_fast(w.root);
    snprintf(w.path, sizeof w.path, "%s/S", w.root);
    failing_init(&w.memory, 0);
    w.committed.root = FIRN_SEGMENT_NONE;
    memset(w.committed.sizes, 0xFF, sizeof w.committed.sizes);
    assert_int_equal(firn_codec_create(&w.memory.allocator, &w.codec), FIRN_OK);
    for (int i = 0; i < STEPS; i++)
        step(&w);
    close_user(&w.writer);
    for (size_t i = 0; i < READERS; i++)
        close_user(&w.readers[i]);
    firn_codec_destroy(w.codec);
    failing_check(&w.memory);
    tempdir_remove(w.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_store_is_what_its_lists_say)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
