/* A store between threads: puts in parallel, readers of one store, readers that open while writers
 * commit, readers of damage. Threads check by themselves and abort, since cmocka's assertions are
 * for the main thread. */
#include "support/store_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { THREADS = 4, EACH = 60, COUNT = 40, PINS = 4000, COMMITS = 40 };

static void must(bool holds, const char *what, const firn_error *error)
{
    if (holds)
        return;
    fprintf(stderr, "%s: %s\n", what, error != NULL ? error->text : "");
    abort();
}

typedef void *(*thread_fn)(void *);

static void run(thread_fn work, void *contexts, size_t size)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (uint8_t *)contexts + i * size),
                         0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* --- puts --- */

typedef struct putter {
    firn_store *writer;
    uint32_t version;
    uint32_t numbers[EACH]; /* where its segments went */
} putter;

static void *put_each(void *context)
{
    putter *p = context;
    firn_codec *codec;
    firn_error error = {0};
    must(firn_codec_create(NULL, &codec) == FIRN_OK, "codec", NULL);
    for (uint32_t i = 0; i < EACH; i++)
        must(store_put_one(p->writer, codec, p->version, i, &p->numbers[i], &error) == FIRN_OK,
             "put", &error);
    firn_codec_destroy(codec);
    return NULL;
}

static void threads_put_in_parallel_and_each_segment_is_where_it_was_told(void **state)
{
    (void)state;
    putter putters[THREADS];
    bool seen[THREADS * EACH] = {false};
    firn_store *store;
    firn_store *writer;
    assert_int_equal(store_open_as(FIRN_STORE_REPLACE, &writer, NULL), FIRN_OK);
    for (uint32_t t = 0; t < THREADS; t++)
        putters[t] = (putter){.writer = writer, .version = t + 1};
    run(put_each, putters, sizeof *putters);
    assert_int_equal(firn_store_commit(writer, FIRN_SEGMENT_NONE, NULL), FIRN_OK);
    firn_store_close(writer);
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    assert_int_equal(store_count(store), THREADS * EACH);
    for (uint32_t t = 0; t < THREADS; t++) {
        for (uint32_t i = 0; i < EACH; i++) {
            uint8_t data[STORE_CONTENT_MAX];
            firn_segment segment;
            size_t size = store_content(t + 1, i, data);
            uint32_t number = putters[t].numbers[i];
            assert_true(i == 0 || number > putters[t].numbers[i - 1]);
            assert_false(seen[number]);
            seen[number] = true;
            assert_int_equal(firn_store_pin(store, number, &segment, NULL), FIRN_OK);
            assert_int_equal(segment.size, size);
            if (size > 0)
                assert_memory_equal(segment.data, data, size);
            firn_store_unpin(store, &segment);
        }
    }
    firn_store_close(store);
}

/* Segments so large that the threads share the finishing of many files. */
static void *put_large(void *context)
{
    putter *p = context;
    firn_codec *codec;
    firn_error error = {0};
    size_t size = 1 << 20;
    uint8_t *data = malloc(size);
    must(data != NULL && firn_codec_create(NULL, &codec) == FIRN_OK, "codec", NULL);
    memset(data, (int)p->version, size);
    for (uint32_t i = 0; i < 6; i++)
        must(firn_store_put(p->writer, codec, &(firn_store_put_options){.kind = p->version}, data,
                            size, &p->numbers[i], &error) == FIRN_OK,
             "put", &error);
    firn_codec_destroy(codec);
    free(data);
    return NULL;
}

static void threads_share_the_finishing_of_full_files(void **state)
{
    (void)state;
    putter putters[THREADS];
    firn_store *store;
    firn_store *writer;
    uint32_t damaged = 1;
    assert_int_equal(store_open_as(FIRN_STORE_REPLACE, &writer, NULL), FIRN_OK);
    for (uint32_t t = 0; t < THREADS; t++)
        putters[t] = (putter){.writer = writer, .version = t + 1};
    run(put_large, putters, sizeof *putters);
    assert_int_equal(firn_store_commit(writer, FIRN_SEGMENT_NONE, NULL), FIRN_OK);
    firn_store_close(writer);
    assert_int_equal(tempdir_count(path), 4 + THREADS * 6 / 3);
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    assert_int_equal(firn_store_verify(store, &damaged, NULL), FIRN_OK);
    firn_store_close(store);
}

/* --- readers of one store --- */

typedef struct pinner {
    firn_store *store;
    uint32_t seed;
    uint32_t version;
    firn_status expected;
} pinner;

static void *pin_many(void *context)
{
    const pinner *p = context;
    uint32_t state = p->seed;
    for (int i = 0; i < PINS; i++) {
        firn_error error = {0};
        state = state * 1664525 + 1013904223;
        /* half of them want the same few at the same time */
        uint32_t number = (uint32_t)(i % 2 == 0 ? i / 8 : (int)(state >> 16)) % COUNT;
        must(store_check_one(p->store, p->version, number, &error) == FIRN_OK, "pin", &error);
        if (i % 8 == 0)
            must(firn_store_segment_verify(p->store, number, &error) == FIRN_OK, "verify", &error);
    }
    return NULL;
}

static void readers_of_one_store_see_its_content(void **state)
{
    (void)state;
    pinner pinners[THREADS];
    firn_store *store;
    firn_usage usage;
    firn_store_options options = {.cache_bytes = 12000};
    assert_int_equal(store_write(path, NULL, 1, COUNT, NULL), FIRN_OK);
    assert_int_equal(firn_store_open(path, &options, &store, NULL), FIRN_OK);
    for (uint32_t t = 0; t < THREADS; t++)
        pinners[t] = (pinner){.store = store, .seed = t * 77, .version = 1};
    run(pin_many, pinners, sizeof *pinners);
    firn_store_usage(store, &usage);
    assert_in_range(usage.live_bytes, 1, 12000);
    firn_store_close(store);
}

static void *pin_damaged(void *context)
{
    const pinner *p = context;
    for (int i = 0; i < PINS / 4; i++) {
        firn_error error = {0};
        firn_segment segment;
        must(firn_store_pin(p->store, COUNT - 1, &segment, &error) == FIRN_CORRUPT, "damage",
             &error);
        must(strstr(error.text, "segment 39 is damaged") != NULL, "text", &error);
        must(store_check_one(p->store, 1, (uint32_t)i % (COUNT - 1), &error) == FIRN_OK, "pin",
             &error);
    }
    return NULL;
}

static void every_reader_of_a_damaged_segment_is_told(void **state)
{
    (void)state;
    pinner pinners[THREADS];
    firn_store *store;
    size_t size;
    assert_int_equal(store_write(path, NULL, 1, COUNT, NULL), FIRN_OK);
    uint8_t *data = tempdir_read(tempdir_path(path, "data-0.firn"), &size);
    data[size - 1] ^= 1;
    tempdir_write(tempdir_path(path, "data-0.firn"), data, size);
    free(data);
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    for (uint32_t t = 0; t < THREADS; t++)
        pinners[t] = (pinner){.store = store};
    run(pin_damaged, pinners, sizeof *pinners);
    firn_store_close(store);
}

/* --- readers that open while a writer commits --- */

static atomic_bool written;

/* Version v has COUNT - v % 8 segments, of which the first tells v by its length. */
static void *open_often(void *context)
{
    uint32_t latest = 1;
    (void)context;
    while (!atomic_load(&written)) {
        firn_store *store;
        firn_segment segment;
        firn_error error = {0};
        must(firn_store_open(path, NULL, &store, &error) == FIRN_OK, "open", &error);
        must(firn_store_pin(store, store_number(store, 0), &segment, &error) == FIRN_OK, "pin",
             &error);
        uint32_t version = (uint32_t)segment.size;
        firn_store_unpin(store, &segment);
        must(version >= latest, "an older content came back", NULL);
        latest = version;
        must(store_check_open(store, version, COUNT - version % 8, &error) == FIRN_OK, "content",
             &error);
        firn_store_close(store);
    }
    return NULL;
}

static void readers_open_whole_contents_while_a_writer_commits(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    firn_error error = {0};
    assert_int_equal(store_write(path, NULL, 1, COUNT - 1, NULL), FIRN_OK);
    atomic_store(&written, false);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_often, NULL), 0);
    for (uint32_t version = 2; version < COMMITS; version++)
        must(store_write(path, NULL, version, COUNT - version % 8, &error) == FIRN_OK, "write",
             &error);
    atomic_store(&written, true);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* --- readers in threads and processes beside a writer that compacts --- */

enum { READERS = 8, PROCESSES = 2, ROUNDS = 60, LIVING = 40 };

static atomic_bool *ended; /* shared with the processes */

static void check_number(firn_store *store, uint32_t number)
{
    uint8_t data[STORE_CONTENT_MAX];
    firn_segment segment;
    firn_error error = {0};
    size_t size = store_content(3, number, data);
    firn_status status = firn_store_pin(store, number, &segment, &error);
    must(status == FIRN_OK || status == FIRN_NOT_FOUND, "pin", &error);
    if (status != FIRN_OK)
        return;
    must(segment.size == size && (size == 0 || memcmp(segment.data, data, size) == 0), "content",
         NULL);
    firn_store_unpin(store, &segment);
}

static void read_along(firn_store *store, uint32_t seed)
{
    uint32_t state = seed;
    firn_error error = {0};
    while (!atomic_load(ended)) {
        must(firn_store_refresh(store, NULL, &error) == FIRN_OK, "refresh", &error);
        uint32_t newest = firn_store_root(store);
        for (int i = 0; i < 20; i++) {
            state = state * 1664525 + 1013904223;
            uint32_t back = (state >> 16) % LIVING;
            check_number(store, back < newest ? newest - back : newest);
        }
    }
}

static void *read_in_thread(void *context)
{
    pinner *p = context;
    read_along(p->store, p->seed);
    return NULL;
}

static void read_in_process(uint32_t seed)
{
    firn_store *store;
    firn_error error = {0};
    const firn_store_options options = {.cache_bytes = 20000};
    while (!atomic_load(ended)) { /* opens again and again, and refreshes in between */
        must(firn_store_open(path, &options, &store, &error) == FIRN_OK, "open", &error);
        for (int i = 0; i < 3; i++) {
            must(firn_store_refresh(store, NULL, &error) == FIRN_OK, "refresh", &error);
            uint32_t newest = firn_store_root(store);
            for (uint32_t back = seed; back < LIVING && back < newest; back += 2)
                check_number(store, newest - back);
        }
        firn_store_close(store);
    }
    _exit(0);
}

static void write_along(firn_store *store, firn_codec *codec, uint32_t from, uint32_t rounds)
{
    firn_error error = {0};
    uint32_t number = 0;
    uint64_t moved;
    const firn_store_compact_options compaction = {.garbage_percent = 1, .level = 3};
    for (uint32_t round = from; round < from + rounds; round++) {
        for (uint32_t i = 0; i < 4; i++) {
            must(store_put_one(store, codec, 3, round * 4 + i, &number, &error) == FIRN_OK, "put",
                 &error);
            must(number == round * 4 + i, "number", NULL);
            if (number >= LIVING)
                must(firn_store_remove(store, number - LIVING) == FIRN_OK, "remove", NULL);
        }
        if (round % 3 == 2)
            must(firn_store_compact(store, codec, &compaction, &moved, &error) == FIRN_OK,
                 "compact", &error);
        must(firn_store_commit(store, number, &error) == FIRN_OK, "commit", &error);
    }
}

static void readers_are_right_while_a_writer_commits_and_compacts(void **state)
{
    (void)state;
    pid_t processes[PROCESSES];
    pthread_t threads[READERS];
    pinner readers[READERS];
    firn_store *store, *shared[2];
    firn_codec *codec;
    ended = mmap(NULL, sizeof *ended, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(ended != MAP_FAILED);
    atomic_store(ended, false);
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(store_open_as(FIRN_STORE_WRITE, &store, NULL), FIRN_OK);
    write_along(store, codec, 0, 20);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        processes[i] = fork();
        if (processes[i] == 0)
            read_in_process(i);
    }
    for (uint32_t i = 0; i < READERS; i++) {
        if (i < 2)
            assert_int_equal(firn_store_open(path, NULL, &shared[i], NULL), FIRN_OK);
        readers[i] = (pinner){.store = shared[i % 2], .seed = i};
        assert_int_equal(pthread_create(&threads[i], NULL, read_in_thread, &readers[i]), 0);
    }
    write_along(store, codec, 20, ROUNDS);
    atomic_store(ended, true);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(processes[i], &status, 0), processes[i]);
        assert_int_equal(status, 0);
    }
    firn_store_close(shared[0]);
    firn_store_close(shared[1]);
    firn_store_close(store);
    firn_codec_destroy(codec);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(threads_put_in_parallel_and_each_segment_is_where_it_was_told),
        TEST(threads_share_the_finishing_of_full_files),
        TEST(readers_of_one_store_see_its_content),
        TEST(every_reader_of_a_damaged_segment_is_told),
        TEST(readers_open_whole_contents_while_a_writer_commits),
        TEST(readers_are_right_while_a_writer_commits_and_compacts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
