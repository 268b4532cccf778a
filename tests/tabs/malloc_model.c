/* A page's malloc, under names of its own: pieces keep what was written to them, whatever else is
 * taken, resized, released and given back; what a zygote has taken stays as it is. */
#define NAMED(name) __asm__("tested_" #name)
#include "tabs/page/heap.c"

#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { PIECES = 3000, STEPS = 60000, TRIM_STEPS = 4000 };

struct piece {
    uint8_t *at; /* NULL: there is none */
    size_t size;
    uint8_t fill;
};

static struct piece pieces[PIECES];

void *blocks_take(size_t alignment, size_t size)
{
    (void)alignment, (void)size;
    return NULL;
}

bool blocks_release(void *memory)
{
    (void)memory;
    return false;
}

static size_t some_size(rng *random)
{
    const uint64_t kind = rng_below(random, 100);
    return (size_t)(kind < 70   ? rng_below(random, 300)
                    : kind < 95 ? rng_below(random, 10000)
                                : rng_below(random, 300000));
}

static void check(const struct piece *piece)
{
    for (size_t i = 0; i < piece->size; i++)
        assert_int_equal(piece->at[i], piece->fill);
}

static void fill(struct piece *piece, size_t size, rng *random)
{
    piece->size = size;
    piece->fill = (uint8_t)rng_below(random, 256);
    memset(piece->at, piece->fill, size);
}

static void make(struct piece *piece, rng *random)
{
    const size_t size = some_size(random), alignment = (size_t)16 << rng_below(random, 9);
    switch (rng_below(random, 8)) {
    case 0:
        piece->at = heap_aligned_alloc(alignment, size);
        assert_int_equal((uintptr_t)piece->at % alignment, 0);
        break;
    case 1:
        piece->at = heap_calloc(size / 4 + 1, 4);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(piece->at[i], 0);
        break;
    default:
        piece->at = heap_malloc(size);
    }
    assert_non_null(piece->at);
    assert_int_equal((uintptr_t)piece->at % UNIT, 0);
    fill(piece, size, random);
}

static void change(struct piece *piece, rng *random)
{
    const size_t size = some_size(random) + 1, kept = size < piece->size ? size : piece->size;
    check(piece);
    if (rng_below(random, 3) != 0) {
        heap_free(piece->at);
        piece->at = NULL;
        return;
    }
    piece->at = heap_realloc(piece->at, size);
    piece->size = kept;
    check(piece);
    fill(piece, size, random);
}

static void pieces_keep_what_they_hold(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "pieces_keep_what_they_hold");
    for (int step = 0; step < STEPS; step++) {
        struct piece *piece = &pieces[rng_below(&random, PIECES)];
        if (piece->at == NULL)
            make(piece, &random);
        else
            change(piece, &random);
        if (step % TRIM_STEPS == 0)
            heap_trim(rng_below(&random, 2) == 0);
    }
    size_t bytes = 0;
    for (size_t i = 0; i < PIECES; i++) {
        if (pieces[i].at != NULL)
            bytes += pieces[i].size;
    }
    assert_true(heap_bytes() >= bytes);
    for (size_t i = 0; i < PIECES; i++) {
        if (pieces[i].at != NULL)
            check(&pieces[i]);
        heap_free(pieces[i].at);
        pieces[i].at = NULL;
    }
    assert_int_equal(heap_bytes(), 0);
    assert_int_equal(heap.lowest, 0);
}

static void free_slots_are_cleared(void **state)
{
    (void)state;
    uint8_t *first = heap_malloc(40), *second = heap_malloc(40);
    memset(first, 1, 40);
    memset(second, 2, 40);
    heap_free(second);
    heap_trim(true);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(first[i], 1);
        assert_int_equal(second[i], 0);
    }
    heap_free(first);
}

static void unmakeable_pieces_are_refused(void **state)
{
    (void)state;
    void *made = &made;
    assert_null(heap_malloc(SIZE_MAX));
    assert_null(heap_malloc((size_t)PAGES_MAX * PAGE_BYTES + 1));
    assert_null(heap_calloc(SIZE_MAX / 2, 4));
    assert_null(heap_aligned_alloc(48, 10));
    assert_int_equal(heap_posix_memalign(&made, 24, 10), EINVAL);
    assert_ptr_equal(made, &made);
}

/* The last one, since there is no way back. */
static void what_the_zygote_took_stays(void **state)
{
    (void)state;
    char *small = heap_malloc(100), *other = heap_malloc(100), *large = heap_malloc(100000);
    memset(small, 3, 100);
    memset(large, 4, 100000);
    heap_free(other);
    heap_part();
    const size_t bytes = heap_bytes();
    heap_free(small);
    assert_int_equal(heap_bytes(), bytes);
    char *grown = heap_realloc(large, 200000), *made = heap_malloc(100);
    assert_true(grown != large && made != small && made != other && !is_kept(made));
    heap_trim(true);
    assert_int_equal(small[99], 3);
    assert_int_equal(large[99999], 4);
    assert_int_equal(grown[99999], 4);
    heap_free(grown);
    heap_free(made);
    assert_int_equal(heap_bytes(), bytes);
}

static int begin(void **state)
{
    (void)state;
    heap_begin();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_keep_what_they_hold),
        cmocka_unit_test(free_slots_are_cleared),
        cmocka_unit_test(unmakeable_pieces_are_refused),
        cmocka_unit_test(what_the_zygote_took_stays),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
