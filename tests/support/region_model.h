/* A hundred regions in every mode and at every level against copies of all their objects: random
 * steps of allocating, writing, freeing, sleeping, waking, going away and verifying. Header-only.
 */
#ifndef FIRN_TESTS_REGION_MODEL_H
#define FIRN_TESTS_REGION_MODEL_H

#include "support/random.h"
#include "support/region_heap.h"

enum { MODEL_REGIONS = 100, MODEL_OBJECTS = 40 };

struct model_object {
    uint8_t *at;   /* in the region */
    uint8_t *copy; /* what must be there */
    size_t size;
};

struct model_region {
    firn_region *region;
    firn_region_wake_mode mode;
    struct model_object objects[MODEL_OBJECTS];
    uint8_t *snapshot; /* while it is away */
    size_t snapshot_bytes;
    uint64_t digest; /* of its last sleep, while all of it sleeps */
};

struct model {
    rng random;
    struct model_region regions[MODEL_REGIONS];
    firn_region_template *sibling;
    size_t sleeps, wakes, checks, aways;
};

static inline void model_come_back(struct model *model, struct model_region *of)
{
    (void)model;
    if (of->snapshot == NULL)
        return;
    const firn_bytes snapshot = {of->snapshot, of->snapshot_bytes};
    assert_int_equal(firn_region_restore(of->region, snapshot, NULL), FIRN_OK);
    free(of->snapshot);
    of->snapshot = NULL;
}

/* Has the region's objects be there for a look. */
static inline void model_reach(struct model *model, struct model_region *of)
{
    model_come_back(model, of);
    if (of->mode == FIRN_REGION_EAGER || rng_below(&model->random, 4) == 0) {
        bool is_asleep = firn_region_state_get(of->region) == FIRN_REGION_ASLEEP;
        assert_int_equal(firn_region_wake(of->region), FIRN_OK);
        uint64_t digest = 0;
        if (is_asleep && rng_below(&model->random, 4) == 0) {
            assert_int_equal(firn_region_digest(of->region, &digest), FIRN_OK);
            assert_int_equal(digest, of->digest);
        }
        model->wakes += is_asleep;
    }
}

static inline void model_check(struct model *model, struct model_region *of, size_t count)
{
    model_reach(model, of);
    for (size_t i = 0; i < count; i++) {
        const struct model_object *object = &of->objects[rng_below(&model->random, MODEL_OBJECTS)];
        if (object->at != NULL)
            assert_memory_equal(object->at, object->copy, object->size);
    }
    model->checks++;
}

static inline void model_fill(struct model *model, struct model_region *of,
                              struct model_object *object)
{
    size_t from = rng_below(&model->random, object->size), kind = rng_below(&model->random, 4);
    size_t size = 1 + rng_below(&model->random, object->size - from);
    if (kind == 0)
        size = size < 64 ? size : 64;
    memset(object->copy + from, (int)rng_below(&model->random, 256), size);
    if (kind == 1)
        rng_bytes(&model->random, object->copy + from, size);
    const void *other = of->objects[rng_below(&model->random, MODEL_OBJECTS)].at;
    if (kind == 2 && size >= sizeof(other))
        memcpy(object->copy + from, &other, sizeof(other));
    memcpy(object->at + from, object->copy + from, size);
}

static inline void model_change(struct model *model, struct model_region *of)
{
    model_reach(model, of);
    firn_allocator memory = firn_region_allocator(of->region);
    struct model_object *object = &of->objects[rng_below(&model->random, MODEL_OBJECTS)];
    if (object->at != NULL && rng_below(&model->random, 2) == 0) {
        assert_memory_equal(object->at, object->copy, object->size);
        firn_release(&memory, object->at, object->size);
        free(object->copy);
        *object = (struct model_object){0};
    } else if (object->at != NULL) {
        model_fill(model, of, object);
    } else {
        size_t size = 1 + rng_below(&model->random, (size_t)1 << rng_below(&model->random, 16));
        object->at = firn_allocate(&memory, size);
        assert_non_null(object->at);
        object->copy = calloc(1, size);
        object->size = size;
        memset(object->at, 0, size);
        model_fill(model, of, object);
    }
}

static inline void model_sleep(struct model *model, struct model_region *of)
{
    static const int levels[] = {0, 1, 1, 1, 3, 9, FIRN_REGION_LEVEL_LZ4, FIRN_REGION_LEVEL_RAW};
    if (of->snapshot != NULL)
        return;
    firn_region_hibernate_options options = {.level = levels[rng_below(&model->random, 8)]};
    if (options.level >= 0 && rng_below(&model->random, 2) == 0)
        options.sibling = model->sibling;
    uint64_t before = 0;
    assert_int_equal(firn_region_digest(of->region, &before), FIRN_OK);
    assert_int_equal(firn_region_hibernate(of->region, &options), FIRN_OK);
    assert_int_equal(firn_region_digest(of->region, &of->digest), FIRN_OK);
    assert_int_equal(before, of->digest);
    model->sleeps++;
    if (rng_below(&model->random, 4) == 0)
        assert_int_equal(firn_region_verify(of->region), FIRN_OK);
    if (rng_below(&model->random, 8) == 0) {
        uint64_t size = 0;
        assert_int_equal(firn_region_snapshot_size(of->region, &size), FIRN_OK);
        of->snapshot = malloc(size);
        assert_int_equal(firn_region_snapshot(of->region, of->snapshot, size, &of->snapshot_bytes),
                         FIRN_OK);
        assert_int_equal(firn_region_away(of->region), FIRN_OK);
        model->aways++;
    }
}

static inline void model_init(struct model *model, const char *name)
{
    *model = (struct model){0};
    rng_init(&model->random, name);
    int modes = fault_is_allowed() ? FIRN_REGION_MODE_COUNT : FIRN_REGION_ON_FAULT;
    for (int i = 0; i < MODEL_REGIONS; i++) {
        firn_region_options options = {.mode = (firn_region_wake_mode)(i % modes)};
        options.limit_bytes = i % 4 == 0 ? 0 : 8 << 20;
        options.reserve_bytes = i % 10 == 0 ? 3 * FIRN_REGION_RESERVE_BYTES : 0;
        model->regions[i].region = region_make(&options);
        model->regions[i].mode = options.mode;
    }
    for (int i = 0; i < 30; i++)
        model_change(model, &model->regions[1]);
    firn_status status = firn_region_template_create(model->regions[1].region, &model->sibling);
    assert_int_equal(status, FIRN_OK);
}

static inline void model_run(struct model *model, size_t steps)
{
    for (size_t step = 0; step < steps; step++) {
        struct model_region *of = &model->regions[rng_below(&model->random, MODEL_REGIONS)];
        uint64_t kind = rng_below(&model->random, 10);
        if (kind < 4)
            model_change(model, of);
        else if (kind < 7)
            model_sleep(model, of);
        else
            model_check(model, of, 1 + rng_below(&model->random, 8));
    }
}

static inline void model_fini(struct model *model)
{
    for (int i = 0; i < MODEL_REGIONS; i++) {
        struct model_region *of = &model->regions[i];
        model_check(model, of, 200);
        assert_int_equal(firn_region_wake(of->region), FIRN_OK);
        assert_int_equal(firn_region_verify(of->region), FIRN_OK);
        for (int k = 0; k < MODEL_OBJECTS; k++)
            free(of->objects[k].copy);
        firn_region_destroy(of->region);
    }
    firn_region_template_release(model->sibling);
    printf("%zu sleeps, %zu wakes, %zu checks, %zu away and back\n", model->sleeps, model->wakes,
           model->checks, model->aways);
}

#endif
