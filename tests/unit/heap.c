/* The heap, call by call. */
#include "alloc/heap/space.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

struct fixture {
    firn_heap *heap;
    firn_type leaf, pair, pointers, traced;
};

struct pair {
    struct pair *left, *right;
};

static void trace_all(void *object, size_t size, firn_tracer *tracer)
{
    for (size_t i = 0; i < size / 8; i++)
        firn_trace(tracer, (void **)object + i);
}

static firn_type put(firn_heap *heap, firn_type_options options)
{
    firn_type type;
    assert_int_equal(firn_heap_type_put(heap, &options, &type), FIRN_OK);
    return type;
}

static void open_heap(struct fixture *fixture, firn_heap_options options)
{
    static const uint32_t offsets[] = {0, 8};
    assert_int_equal(firn_heap_create(&options, &fixture->heap), FIRN_OK);
    firn_heap *heap = fixture->heap;
    fixture->leaf = put(heap, (firn_type_options){.name = "leaf", .kind = FIRN_TYPE_LEAF});
    fixture->pair = put(
        heap, (firn_type_options){
                  .name = "pair", .kind = FIRN_TYPE_MAP, .offsets = offsets, .offset_count = 2});
    fixture->pointers =
        put(heap, (firn_type_options){.name = "pointers", .kind = FIRN_TYPE_POINTERS});
    fixture->traced = put(
        heap, (firn_type_options){.name = "traced", .kind = FIRN_TYPE_TRACE, .trace = trace_all});
}

static void assert_whole(firn_heap *heap)
{
    firn_error error = {0};
    if (firn_heap_verify(heap, &error) != FIRN_OK)
        fail_msg("%s", error.text);
}

static void collect(firn_heap *heap, firn_collection kind)
{
    assert_int_equal(firn_heap_collect(heap, kind), FIRN_OK);
    assert_whole(heap);
}

static struct pair *cons(struct fixture *fixture, void *left, void *right)
{
    void *slots[2] = {left, right};
    firn_roots frame;
    firn_roots_begin(fixture->heap, &frame, slots, 2);
    struct pair *pair = firn_heap_alloc(fixture->heap, fixture->pair, sizeof *pair);
    assert_non_null(pair);
    pair->left = slots[0];
    pair->right = slots[1];
    firn_roots_end(fixture->heap, &frame);
    return pair;
}

/* --- options and types --- */

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    const firn_heap_options bad[] = {
        {.limit_bytes = 1},
        {.limit_bytes = (4 << 20)},
        {.limit_bytes = SIZE_MAX},
        {.nursery_bytes = 1000},
        {.nursery_bytes = (size_t)1 << 40},
        {.nursery_bytes = 64 << 20, .limit_bytes = 64 << 20},
        {.pause_target_ns = 10},
        {.pause_target_ns = UINT64_MAX},
        {.step_bytes = 1},
        {.step_bytes = SIZE_MAX},
        {.promote_age = 16},
        {.growth_percent = 5},
        {.growth_percent = 5000},
        {.reserved = {1, 0}},
        {.reserved = {0, 1}},
    };
    firn_heap *heap = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(firn_heap_create(&bad[i], &heap), FIRN_INVALID);
        assert_null(heap);
    }
    assert_int_equal(firn_heap_create(NULL, &heap), FIRN_OK);
    assert_whole(heap);
    firn_heap_destroy(heap);
    firn_heap_destroy(NULL);
}

/* The nursery is chosen by the limit then. */
static void every_limit_from_the_least_on_will_do(void **state)
{
    (void)state;
    firn_heap *heap = NULL;
    size_t least = 4 * ((size_t)128 << 10) + ((size_t)8 << 20);
    firn_heap_options options = {.limit_bytes = least - 1};
    assert_int_equal(firn_heap_create(&options, &heap), FIRN_INVALID);
    for (options.limit_bytes = least; options.limit_bytes < (size_t)1 << 30;
         options.limit_bytes += options.limit_bytes / 5 + 12345) {
        assert_int_equal(firn_heap_create(&options, &heap), FIRN_OK);
        firn_type type = put(heap, (firn_type_options){.name = "leaf"});
        for (int i = 0; i < 2000; i++)
            assert_non_null(firn_heap_alloc(heap, type, 1000));
        assert_whole(heap);
        firn_heap_destroy(heap);
    }
}

static void contradictory_types_are_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){0});
    static const uint32_t odd[] = {4}, good[] = {8}, far[] = {1u << 31};
    const firn_type_options bad[] = {
        {.kind = FIRN_TYPE_MAP},
        {.kind = FIRN_TYPE_MAP, .offsets = good},
        {.kind = FIRN_TYPE_MAP, .offset_count = 1},
        {.kind = FIRN_TYPE_MAP, .offsets = odd, .offset_count = 1},
        {.kind = FIRN_TYPE_MAP, .offsets = far, .offset_count = 1},
        {.kind = FIRN_TYPE_LEAF, .offsets = good, .offset_count = 1},
        {.kind = FIRN_TYPE_POINTERS, .trace = trace_all},
        {.kind = FIRN_TYPE_TRACE},
        {.kind = FIRN_TYPE_TRACE + 1},
        {.kind = FIRN_TYPE_LEAF, .reserved = {1, 0}},
    };
    firn_type type = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(firn_heap_type_put(fixture.heap, &bad[i], &type), FIRN_INVALID);
    assert_int_equal(firn_heap_type_put(fixture.heap, NULL, &type), FIRN_INVALID);
    assert_int_equal(type, 77);
    firn_heap_destroy(fixture.heap);
}

static void unknown_types_and_impossible_sizes_give_null(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){.limit_bytes = 64 << 20});
    static const size_t sizes[] = {SIZE_MAX,     SIZE_MAX - 7, SIZE_MAX - 15,
                                   SIZE_MAX / 2, UINT32_MAX,   FIRN_HEAP_OBJECT_MAX + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_null(firn_heap_alloc(fixture.heap, fixture.leaf, sizes[i]));
        assert_int_equal(firn_heap_status(fixture.heap), FIRN_INVALID);
        assert_null(firn_heap_alloc_pinned(fixture.heap, fixture.leaf, sizes[i]));
        assert_int_equal(firn_heap_status(fixture.heap), FIRN_INVALID);
    }
    static const firn_type types[] = {4, 65535, TYPE_FINAL, TYPE_FINAL * 2, UINT32_MAX};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        assert_null(firn_heap_alloc(fixture.heap, types[i], 16));
        assert_int_equal(firn_heap_status(fixture.heap), FIRN_INVALID);
    }
    assert_null(firn_heap_alloc(fixture.heap, fixture.leaf, FIRN_HEAP_OBJECT_MAX));
    assert_int_equal(firn_heap_status(fixture.heap), FIRN_LIMIT);
    assert_non_null(firn_heap_alloc(fixture.heap, fixture.leaf, 0));
    assert_whole(fixture.heap);
    firn_heap_destroy(fixture.heap);
}

/* --- objects and roots --- */

static void objects_of_every_size_are_zeroed_and_know_their_size(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){0});
    for (size_t size = 1; size < 200000; size += size / 7 + 1) {
        for (int pinned = 0; pinned < 2; pinned++) {
            uint8_t *object = pinned ? firn_heap_alloc_pinned(fixture.heap, fixture.leaf, size)
                                     : firn_heap_alloc(fixture.heap, fixture.leaf, size);
            assert_non_null(object);
            assert_int_equal((uintptr_t)object % 8, 0);
            assert_int_equal(firn_heap_size(object), size);
            assert_int_equal(firn_heap_type(fixture.heap, object), fixture.leaf);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(object[i], 0);
            memset(object, 0xaa, size);
        }
    }
    assert_int_equal(firn_heap_size(firn_heap_alloc(fixture.heap, fixture.leaf, 0)), 1);
    collect(fixture.heap, FIRN_COLLECT_FULL);
    firn_heap_stats stats;
    firn_heap_stats_get(fixture.heap, &stats);
    assert_int_equal(stats.old_bytes, 0);
    assert_int_equal(stats.block_bytes, 0);
    firn_heap_destroy(fixture.heap);
}

static void every_kind_of_root_keeps_and_follows_its_object(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){0});
    firn_heap *heap = fixture.heap;
    void *global = cons(&fixture, cons(&fixture, NULL, NULL), NULL), *framed = NULL;
    assert_int_equal(firn_heap_root_put(heap, &global), FIRN_OK);
    framed = cons(&fixture, cons(&fixture, NULL, NULL), NULL);
    firn_roots frame;
    firn_roots_begin(heap, &frame, &framed, 1);
    firn_handle_scope scope = firn_handles_begin(heap);
    void **handle = firn_handle_get(heap, cons(&fixture, NULL, NULL));
    static const firn_collection kinds[] = {FIRN_COLLECT_MINOR, FIRN_COLLECT_MINOR,
                                            FIRN_COLLECT_MINOR, FIRN_COLLECT_FULL,
                                            FIRN_COLLECT_COMPACT};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        uint64_t moved = (uintptr_t)global ^ (uintptr_t)framed ^ (uintptr_t)*handle;
        collect(heap, kinds[i]);
        uint64_t now = (uintptr_t)global ^ (uintptr_t)framed ^ (uintptr_t)*handle;
        assert_true(i >= 3 || moved != now);
        assert_non_null(((struct pair *)global)->left);
        assert_non_null(((struct pair *)framed)->left);
        assert_null(((struct pair *)*handle)->left);
        assert_int_equal(firn_heap_size(*handle), 16);
    }
    firn_type_stats rows[4];
    assert_int_equal(firn_heap_type_stats(heap, rows, 4), 4);
    assert_int_equal(rows[1].count, 5);
    assert_int_equal(rows[1].bytes, 80);
    firn_handles_end(heap, scope);
    firn_roots_end(heap, &frame);
    assert_int_equal(firn_heap_root_remove(heap, &global), FIRN_OK);
    assert_int_equal(firn_heap_root_remove(heap, &global), FIRN_NOT_FOUND);
    collect(heap, FIRN_COLLECT_FULL);
    firn_heap_type_stats(heap, rows, 2);
    assert_int_equal(rows[1].count, 0);
    firn_heap_destroy(heap);
}

static void handles_nest_over_many_chunks(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){0});
    for (int round = 0; round < 3; round++) {
        firn_handle_scope outer = firn_handles_begin(fixture.heap);
        void **first = firn_handle_get(fixture.heap, cons(&fixture, NULL, NULL));
        for (int depth = 0; depth < 5; depth++) {
            firn_handle_scope inner = firn_handles_begin(fixture.heap);
            for (int i = 0; i < 400 * depth; i++)
                assert_non_null(firn_handle_get(fixture.heap, cons(&fixture, *first, NULL)));
            collect(fixture.heap, FIRN_COLLECT_MINOR);
            if (depth % 2 == 0)
                firn_handles_end(fixture.heap, inner);
        }
        assert_null(((struct pair *)*first)->left);
        firn_handles_end(fixture.heap, outer);
    }
    firn_heap_destroy(fixture.heap);
}

static void pinned_and_large_objects_stay_where_they_are(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){.stress = true});
    void *objects[3] = {0};
    firn_roots frame;
    firn_roots_begin(fixture.heap, &frame, objects, 3);
    objects[0] = firn_heap_alloc_pinned(fixture.heap, fixture.pair, 16);
    objects[1] = firn_heap_alloc(fixture.heap, fixture.pointers, 100000);
    objects[2] = firn_heap_alloc_pinned(fixture.heap, fixture.traced, 20000);
    void *before[3];
    memcpy(before, objects, sizeof before);
    for (size_t i = 0; i < 300; i++) {
        struct pair *pair = cons(&fixture, NULL, NULL);
        firn_heap_write(fixture.heap, objects[i % 3],
                        (void **)objects[i % 3] + (i % 3 == 0 ? i % 2 : i), pair);
    }
    collect(fixture.heap, FIRN_COLLECT_COMPACT);
    assert_memory_equal(before, objects, sizeof before);
    firn_roots_end(fixture.heap, &frame);
    firn_heap_destroy(fixture.heap);
}

/* --- weak references and finalisers --- */

static unsigned finalised;
static void *resurrected;

static void count_finalised(firn_heap *heap, void *object, size_t size, void *context)
{
    (void)size;
    assert_ptr_equal(context, &finalised);
    assert_non_null(((struct pair *)object)->left); /* intact, and what it refers to */
    assert_int_equal(firn_heap_size(((struct pair *)object)->left), 16);
    finalised++;
    if (resurrected == NULL)
        resurrected = object;
    for (int i = 0; i < 1000; i++)
        assert_non_null(firn_heap_alloc(heap, 0, 100));
}

static void finalisers_run_once_for_dead_objects_with_their_content(void **state)
{
    (void)state;
    for (int old = 0; old < 2; old++) {
        struct fixture fixture;
        open_heap(&fixture, (firn_heap_options){0});
        firn_heap *heap = fixture.heap;
        static const uint32_t offsets[] = {0, 8};
        firn_type final = put(heap, (firn_type_options){.name = "final",
                                                        .kind = FIRN_TYPE_MAP,
                                                        .offsets = offsets,
                                                        .offset_count = 2,
                                                        .finalise = count_finalised,
                                                        .finalise_context = &finalised});
        finalised = 0;
        resurrected = NULL;
        assert_int_equal(firn_heap_root_put(heap, &resurrected), FIRN_OK);
        void *slots[20] = {0};
        firn_weak *weaks[20];
        firn_roots frame;
        firn_roots_begin(heap, &frame, slots, 20);
        for (int i = 0; i < 20; i++) {
            slots[i] = cons(&fixture, NULL, NULL);
            struct pair *pair = firn_heap_alloc(heap, final, 16);
            pair->left = slots[i];
            slots[i] = pair;
            weaks[i] = firn_weak_create(heap, pair);
            assert_non_null(weaks[i]);
        }
        bool full = old || ((struct heap *)heap)->stress; /* which has made all old by now */
        firn_collection kind = full ? FIRN_COLLECT_FULL : FIRN_COLLECT_MINOR;
        collect(heap, kind);
        assert_int_equal(finalised, 0);
        for (int i = 0; i < 20; i++)
            assert_ptr_equal(firn_weak_get(weaks[i]), slots[i]);
        memset(slots, 0, 10 * sizeof slots[0]);
        collect(heap, kind);
        assert_int_equal(finalised, 10);
        for (int i = 0; i < 20; i++)
            assert_ptr_equal(firn_weak_get(weaks[i]), slots[i]);
        assert_non_null(resurrected);
        collect(heap, FIRN_COLLECT_FULL);
        assert_int_equal(firn_heap_size(((struct pair *)resurrected)->left), 16);
        resurrected = NULL;
        collect(heap, FIRN_COLLECT_FULL);
        assert_int_equal(finalised, 10);
        firn_weak_destroy(heap, weaks[3]);
        firn_weak_destroy(heap, weaks[13]);
        firn_weak_destroy(heap, NULL);
        firn_roots_end(heap, &frame);
        collect(heap, FIRN_COLLECT_FULL);
        assert_int_equal(finalised, 20);
        firn_heap_destroy(heap);
    }
}

static void weak_references_to_no_object_are_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    int elsewhere;
    open_heap(&fixture, (firn_heap_options){0});
    assert_null(firn_weak_create(fixture.heap, NULL));
    assert_null(firn_weak_create(fixture.heap, &elsewhere));
    firn_heap_destroy(fixture.heap);
}

/* --- the limit --- */

static void a_full_heap_says_so_and_stays_usable(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){.limit_bytes = 12 << 20, .nursery_bytes = 256 << 10});
    firn_heap *heap = fixture.heap;
    void *list = NULL;
    assert_int_equal(firn_heap_root_put(heap, &list), FIRN_OK);
    size_t size = ((struct heap *)heap)->stress ? 4000 : 16; /* for its time */
    for (int round = 0; round < 3; round++) {
        size_t count = 0;
        for (;; count++) {
            struct pair *pair = firn_heap_alloc(heap, fixture.pair, size);
            if (pair == NULL)
                break;
            pair->left = list;
            list = pair;
        }
        assert_int_equal(firn_heap_status(heap), FIRN_LIMIT);
        assert_true(count * size > 2000000);
        assert_null(firn_heap_alloc(heap, fixture.leaf, 100000));
        assert_int_equal(firn_heap_status(heap), FIRN_LIMIT);
        assert_whole(heap);
        for (struct pair *pair = list; pair != NULL; pair = pair->left)
            count--;
        assert_int_equal(count, 0);
        list = NULL;
        assert_non_null(firn_heap_alloc(heap, fixture.pair, 16));
        assert_int_equal(firn_heap_status(heap), FIRN_OK);
        firn_usage usage;
        firn_heap_usage(heap, &usage);
        assert_true(usage.resident_bytes <= 12 << 20);
        assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
    }
    firn_heap_destroy(heap);
}

static void memory_that_is_free_goes_back(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){0});
    void *root = firn_heap_alloc(fixture.heap, fixture.leaf, 64 << 20);
    assert_non_null(root);
    assert_int_equal(firn_heap_root_put(fixture.heap, &root), FIRN_OK);
    memset(root, 1, 64 << 20);
    firn_heap_stats stats;
    firn_heap_stats_get(fixture.heap, &stats);
    assert_true(stats.block_bytes >= 64 << 20);
    root = NULL;
    collect(fixture.heap, FIRN_COLLECT_FULL);
    firn_heap_stats_get(fixture.heap, &stats);
    assert_int_equal(stats.block_bytes, 0);
    assert_true(stats.spare_bytes <= 12 << 20);
    firn_heap_destroy(fixture.heap);
}

/* Without being told: by the steps of a program that goes on with a little. */
static void memory_of_what_was_much_goes_back(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){0});
    firn_heap *heap = fixture.heap;
    if (heap_of(heap)->stress) { /* always has more to do */
        firn_heap_destroy(heap);
        return;
    }
    const size_t count = 2000000; /* 48 MB, with headers */
    void *list = NULL;
    assert_int_equal(firn_heap_root_put(heap, &list), FIRN_OK);
    for (size_t i = 0; i < count; i++)
        list = cons(&fixture, list, NULL);
    list = NULL;
    firn_heap_stats before, stats;
    firn_heap_stats_get(heap, &before);
    do { /* objects that are born old drive the marking */
        assert_non_null(firn_heap_alloc(heap, fixture.leaf, FIRN_HEAP_YOUNG_MAX + 1));
        firn_heap_stats_get(heap, &stats);
    } while (stats.mark_count < before.mark_count + 2);
    while (firn_heap_step(heap))
        continue;
    firn_heap_stats_get(heap, &stats);
    assert_true(stats.block_bytes <= 24 << 20);
    assert_true(stats.spare_bytes <= 24 << 20);
    firn_heap_destroy(heap);
}

static void survivors_that_last_are_promoted_sooner(void **state)
{
    (void)state;
    struct fixture fixture;
    enum { SLOTS = 20000, STEPS = 200000, GARBAGE = 9 };
    open_heap(&fixture, (firn_heap_options){.nursery_bytes = 2 << 20, .fixed_nursery = true});
    firn_heap *heap = fixture.heap;
    void *ring = firn_heap_alloc(heap, fixture.pointers, SLOTS * sizeof(void *));
    assert_non_null(ring);
    assert_int_equal(firn_heap_root_put(heap, &ring), FIRN_OK);
    for (size_t i = 0; i < STEPS && !heap_of(heap)->stress; i++) {
        void *kept = firn_heap_alloc(heap, fixture.leaf, 56);
        assert_non_null(kept);
        firn_heap_write(heap, ring, (void **)ring + i % SLOTS, kept);
        for (size_t j = 0; j < GARBAGE; j++)
            assert_non_null(firn_heap_alloc(heap, fixture.leaf, 56));
    }
    firn_heap_stats stats;
    firn_heap_stats_get(heap, &stats);
    assert_true(heap_of(heap)->stress || stats.promoted_bytes >= (STEPS - SLOTS) * 64);
    assert_true(stats.copied_bytes <= stats.promoted_bytes / 2);
    assert_whole(heap);
    firn_heap_destroy(heap);
}

static void eden_does_not_grow_for_what_stays(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){.pause_target_ns = 1000000000});
    firn_heap_stats stats;
    firn_heap_stats_get(fixture.heap, &stats);
    uint64_t first = stats.eden_bytes;
    size_t count = heap_of(fixture.heap)->stress ? 1000 : 250000; /* 6 MB, with headers */
    void *list = NULL;
    assert_int_equal(firn_heap_root_put(fixture.heap, &list), FIRN_OK);
    for (size_t i = 0; i < count; i++)
        list = cons(&fixture, list, NULL);
    firn_heap_stats_get(fixture.heap, &stats);
    assert_true(stats.minor_count > 0);
    assert_true(stats.eden_bytes <= first);
    firn_heap_destroy(fixture.heap);
}

static void compaction_empties_sparse_blocks(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){0});
    firn_heap *heap = fixture.heap;
    enum { COUNT = 100000 };
    void *array = firn_heap_alloc(heap, fixture.pointers, COUNT * 8);
    assert_int_equal(firn_heap_root_put(heap, &array), FIRN_OK);
    for (size_t i = 0; i < COUNT; i++) {
        void *pair = firn_heap_alloc(heap, fixture.pair, 16);
        firn_heap_write(heap, array, (void **)array + i, pair);
    }
    collect(heap, FIRN_COLLECT_FULL);
    for (size_t i = 0; i < COUNT; i++) {
        if (i % 10 != 0)
            firn_heap_write(heap, array, (void **)array + i, NULL);
    }
    firn_heap_stats sparse, dense;
    collect(heap, FIRN_COLLECT_FULL);
    firn_heap_stats_get(heap, &sparse);
    collect(heap, FIRN_COLLECT_COMPACT);
    firn_heap_stats_get(heap, &dense);
    assert_int_equal(sparse.old_bytes, dense.old_bytes);
    assert_true(dense.block_bytes - COUNT * 8 < (sparse.block_bytes - COUNT * 8) / 5);
    for (size_t i = 0; i < COUNT; i++)
        assert_true((((void **)array)[i] != NULL) == (i % 10 == 0));
    firn_heap_destroy(heap);
}

/* --- a barrier that is missed --- */

static void verify_finds_an_old_object_with_an_unseen_young_one(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){0});
    void *root = cons(&fixture, NULL, NULL);
    assert_int_equal(firn_heap_root_put(fixture.heap, &root), FIRN_OK);
    collect(fixture.heap, FIRN_COLLECT_FULL);
    struct pair *young = cons(&fixture, NULL, NULL);
    ((struct pair *)root)->left = young;
    firn_error error;
    assert_int_equal(firn_heap_verify(fixture.heap, &error), FIRN_CORRUPT);
    assert_non_null(strstr(error.text, "V5"));
    firn_heap_write(fixture.heap, root, &((struct pair *)root)->left, young);
    assert_whole(fixture.heap);
    ((struct pair *)root)->right = young;
    firn_heap_wrote(fixture.heap, root, root, sizeof *young);
    assert_whole(fixture.heap);
    firn_heap_destroy(fixture.heap);
}

static void verify_finds_a_black_object_with_an_unseen_white_one(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){0});
    firn_heap *heap = fixture.heap;
    void *roots[2] = {NULL, NULL};
    firn_roots frame;
    firn_roots_begin(heap, &frame, roots, 2);
    roots[1] = cons(&fixture, NULL, NULL);
    for (int i = 0; i < 20000; i++)
        roots[0] = cons(&fixture, roots[0], NULL);
    struct pair *last = roots[0];
    collect(heap, FIRN_COLLECT_FULL);
    for (last = roots[0]; last->left->left != NULL;)
        last = last->left;
    ((struct heap *)heap)->trigger_bytes = 0;
    ((struct heap *)heap)->step_bytes = 4096;
    ((struct heap *)heap)->goal_bytes = 0; /* so that a step marks as much as it may */
    while (!is_marked((struct heap *)heap, roots[1]) || ((struct heap *)heap)->phase == PHASE_IDLE)
        firn_heap_step(heap);
    firn_heap_step(heap);
    struct pair *white = last->left;
    assert_false(is_marked((struct heap *)heap, white));
    ((struct pair *)roots[1])->left = white;
    firn_error error;
    firn_status status = firn_heap_verify(heap, &error);
    assert_int_equal(status, FIRN_CORRUPT);
    assert_non_null(strstr(error.text, "V6"));
    firn_heap_write(heap, roots[1], &((struct pair *)roots[1])->left, white);
    assert_whole(heap);
    firn_heap_write(heap, last, &last->left, NULL);
    while (((struct heap *)heap)->phase == PHASE_MARK) {
        firn_heap_step(heap);
        assert_whole(heap);
    }
    assert_whole(heap);
    assert_int_equal(firn_heap_size(((struct pair *)roots[1])->left), 16);
    firn_roots_end(heap, &frame);
    firn_heap_destroy(heap);
}

/* --- lazy sweeping --- */

/* The first object that a minor collection promotes after a marking makes a block be swept: the
 * very one whose card is looked at. */
static void a_card_of_a_block_that_is_not_swept_is_looked_at_whole(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){.promote_age = 1});
    firn_heap *heap = fixture.heap;
    struct heap *inside = (struct heap *)heap;
    enum { COUNT = 64 };
    void *slots[COUNT] = {0};
    firn_roots frame;
    firn_roots_begin(heap, &frame, slots, COUNT);
    for (int i = 0; i < COUNT; i++)
        slots[i] = cons(&fixture, NULL, NULL);
    collect(heap, FIRN_COLLECT_FULL); /* they lie side by side now */
    inside->trigger_bytes = 0;
    while (inside->sweep_at == inside->sweep_end && !inside->stress)
        firn_heap_step(heap);
    for (int i = 0; i < COUNT; i++) {
        struct pair *young = cons(&fixture, NULL, NULL), *old = slots[i];
        young->left = old;
        firn_heap_write(heap, old, &old->right, young);
    }
    collect(heap, FIRN_COLLECT_MINOR);
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(((struct pair *)slots[i])->right->left, slots[i]);
    firn_roots_end(heap, &frame);
    firn_heap_destroy(heap);
}

/* --- pauses --- */

static void pauses_are_counted_by_length(void **state)
{
    (void)state;
    for (size_t slot = 1; slot < FIRN_HEAP_PAUSE_SLOTS; slot++)
        assert_true(firn_heap_pause_ns(slot) > firn_heap_pause_ns(slot - 1));
    firn_heap_pauses pauses = {0};
    assert_int_equal(firn_heap_pause_percentile(&pauses, 99.9), 0);
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){0});
    for (int i = 0; i < 100; i++)
        collect(fixture.heap, FIRN_COLLECT_MINOR);
    firn_heap_stats stats;
    firn_heap_stats_get(fixture.heap, &stats);
    assert_int_equal(stats.minor_count, 100);
    assert_int_equal(stats.minor.count, 100);
    assert_int_equal(stats.all.count, 100);
    assert_true(firn_heap_pause_percentile(&stats.all, 50) <=
                firn_heap_pause_percentile(&stats.all, 99.9));
    assert_true(firn_heap_pause_percentile(&stats.all, 100) <= stats.all.longest_ns);
    assert_true(stats.all.longest_ns >= stats.minor.longest_ns);
    assert_int_equal(firn_heap_collect(fixture.heap, (firn_collection)9), FIRN_INVALID);
    firn_heap_destroy(fixture.heap);
}

/* --- a stack that cannot grow --- */

static void marking_copes_with_a_full_stack(void **state)
{
    (void)state;
    struct fixture fixture;
    open_heap(&fixture, (firn_heap_options){0});
    firn_heap *heap = fixture.heap;
    enum { COUNT = 30000 };
    void *array = firn_heap_alloc(heap, fixture.pointers, COUNT * 8);
    assert_int_equal(firn_heap_root_put(heap, &array), FIRN_OK);
    for (size_t i = 0; i < COUNT; i++) {
        void *pair = cons(&fixture, cons(&fixture, cons(&fixture, NULL, NULL), NULL), NULL);
        firn_heap_write(heap, array, (void **)array + i, pair);
    }
    struct heap *inside = (struct heap *)heap;
    inside->stack_max = inside->stack_capacity = 16;
    collect(heap, FIRN_COLLECT_FULL);
    firn_type_stats rows[2];
    firn_heap_type_stats(heap, rows, 2);
    assert_int_equal(rows[1].count, 3 * COUNT);
    firn_heap_destroy(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(every_limit_from_the_least_on_will_do),
        cmocka_unit_test(contradictory_types_are_refused),
        cmocka_unit_test(unknown_types_and_impossible_sizes_give_null),
        cmocka_unit_test(objects_of_every_size_are_zeroed_and_know_their_size),
        cmocka_unit_test(every_kind_of_root_keeps_and_follows_its_object),
        cmocka_unit_test(handles_nest_over_many_chunks),
        cmocka_unit_test(pinned_and_large_objects_stay_where_they_are),
        cmocka_unit_test(finalisers_run_once_for_dead_objects_with_their_content),
        cmocka_unit_test(weak_references_to_no_object_are_refused),
        cmocka_unit_test(a_full_heap_says_so_and_stays_usable),
        cmocka_unit_test(memory_that_is_free_goes_back),
        cmocka_unit_test(memory_of_what_was_much_goes_back),
        cmocka_unit_test(survivors_that_last_are_promoted_sooner),
        cmocka_unit_test(eden_does_not_grow_for_what_stays),
        cmocka_unit_test(compaction_empties_sparse_blocks),
        cmocka_unit_test(verify_finds_an_old_object_with_an_unseen_young_one),
        cmocka_unit_test(verify_finds_a_black_object_with_an_unseen_white_one),
        cmocka_unit_test(a_card_of_a_block_that_is_not_swept_is_looked_at_whole),
        cmocka_unit_test(pauses_are_counted_by_length),
        cmocka_unit_test(marking_copes_with_a_full_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
