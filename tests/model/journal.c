/* Random versions of random blobs, put, removed, committed, aborted and opened anew, against plain
 * arrays. */
#include "support/journal.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { BLOBS = 60, SIZE_MAX_BYTES = 60000, STEPS = 3000 };

struct version {
    uint8_t *data; /* NULL: there is no such blob */
    size_t size;
};

struct model {
    rng random;
    struct version now[BLOBS], committed[BLOBS];
    char root[TEMPDIR_PATH_BYTES], path[TEMPDIR_PATH_BYTES + 8];
    kept k;
};

static uint64_t id_of(size_t i)
{
    return i * i * UINT64_C(0x100000001) + i;
}

static void version_set(struct version *version, const uint8_t *data, size_t size)
{
    uint8_t *copy = NULL;
    if (data != NULL) {
        copy = malloc(size + 1);
        memcpy(copy, data, size);
    }
    free(version->data);
    *version = (struct version){copy, data != NULL ? size : 0};
}

static void versions_copy(struct version *to, const struct version *from)
{
    for (size_t i = 0; i < BLOBS; i++)
        version_set(&to[i], from[i].data, from[i].size);
}

/* A new text, or the last one with some bytes inserted, removed or changed. */
static size_t next_version(struct model *m, const struct version *last, uint8_t *out)
{
    rng *random = &m->random;
    if (last->data == NULL || last->size == 0 || rng_below(random, 20) == 0) {
        size_t size = rng_any_size(random) % (rng_below(random, 20) == 0 ? SIZE_MAX_BYTES : 3000);
        rng_bytes(random, out, size);
        return size;
    }
    size_t at = rng_below(random, last->size), cut = rng_any_size(random) % 40;
    size_t add = rng_any_size(random) % 40;
    cut = cut < last->size - at ? cut : last->size - at;
    add = add < SIZE_MAX_BYTES - last->size ? add : 0;
    memcpy(out, last->data, at);
    rng_bytes(random, out + at, add);
    memcpy(out + at + add, last->data + at + cut, last->size - at - cut);
    return last->size + add - cut;
}

static void check_all(const struct model *m)
{
    uint64_t damaged, count = 0;
    firn_journal_summary summary;
    for (size_t i = 0; i < BLOBS; i++) {
        const struct version *v = &m->now[i];
        count += v->data != NULL;
        assert_true(kept_is(&m->k, id_of(i), v->data, v->size) == (v->data != NULL));
    }
    assert_int_equal(firn_journal_verify(m->k.journal, &damaged, NULL), FIRN_OK);
    firn_journal_summary_get(m->k.journal, &summary);
    assert_int_equal(summary.blob_count, count);
}

static void step_put(struct model *m)
{
    static uint8_t data[SIZE_MAX_BYTES + 100];
    size_t i = rng_below(&m->random, BLOBS);
    if (rng_below(&m->random, 8) == 0) {
        assert_int_equal(firn_journal_remove(m->k.journal, id_of(i)),
                         m->now[i].data != NULL ? FIRN_OK : FIRN_NOT_FOUND);
        version_set(&m->now[i], NULL, 0);
        return;
    }
    size_t size = next_version(m, &m->now[i], data);
    if (rng_below(&m->random, 30) == 0)
        assert_int_equal(firn_journal_replace(m->k.journal, id_of(i), data, size, NULL), FIRN_OK);
    else
        kept_put(&m->k, id_of(i), data, size);
    version_set(&m->now[i], data, size);
}

static void reopen(struct model *m)
{
    kept_close(&m->k);
    versions_copy(m->now, m->committed);
    kept_open(&m->k, m->path, FIRN_STORE_WRITE);
}

/* What the store moves is found all the same. */
static void compact(struct model *m)
{
    firn_store_compact_options options = {.garbage_percent = 1};
    firn_codec *codec;
    uint64_t moved;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(firn_store_compact(m->k.store, codec, &options, &moved, NULL), FIRN_OK);
    assert_int_equal(firn_store_commit(m->k.store, firn_store_root(m->k.store), NULL), FIRN_OK);
    firn_codec_destroy(codec);
}

static void step_commit(struct model *m)
{
    uint32_t table;
    uint64_t choice = rng_below(&m->random, 10);
    if (choice == 0) { /* flushed, yet not committed */
        assert_int_equal(firn_journal_flush(m->k.journal, &table, NULL), FIRN_OK);
        reopen(m);
    } else if (choice == 1) {
        reopen(m);
    } else {
        if (choice == 2) /* flushed twice, with a change in between */
            assert_int_equal(firn_journal_flush(m->k.journal, &table, NULL), FIRN_OK);
        if (choice == 2)
            step_put(m);
        kept_commit(&m->k);
        versions_copy(m->committed, m->now);
        if (choice == 3)
            compact(m);
        if (choice < 6)
            reopen(m);
    }
    check_all(m);
}

static void random_versions_are_what_plain_arrays_hold(void **state)
{
    (void)state;
    static struct model m;
    rng_init(&m.random, "random_versions_are_what_plain_arrays_hold");
    tempdir_make(m.root);
    snprintf(m.path, sizeof m.path, "%s/S", m.root);
    kept_open(&m.k, m.path, FIRN_STORE_WRITE);
    for (int i = 0; i < STEPS; i++) {
        step_put(&m);
        if (rng_below(&m.random, 60) == 0)
            step_commit(&m);
    }
    kept_commit(&m.k);
    versions_copy(m.committed, m.now);
    reopen(&m);
    check_all(&m);
    kept_close(&m.k);
    for (size_t i = 0; i < BLOBS; i++) {
        version_set(&m.now[i], NULL, 0);
        version_set(&m.committed[i], NULL, 0);
    }
    tempdir_remove(m.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_versions_are_what_plain_arrays_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
