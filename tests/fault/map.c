/* Maps when each allocation fails in turn, in every call: a call that fails leaves the map as it
 * was, and nothing leaks. */
#include <firn/map.h>

#include "support/failing.h"
#include "support/map_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { KEYS = 200 };

typedef struct job {
    enum map_keys kind;
    firn_map map;
    bool there[KEYS];
    uint64_t count;
    firn_status status; /* of the work: FIRN_NO_MEMORY once a call has failed so */
} job;

typedef struct place {
    const job *of;
    uint32_t next;
    map_key key;
} place;

static uint32_t at_or_after(const job *work, uint32_t number)
{
    while (number < KEYS && !work->there[number])
        number++;
    return number;
}

static bool next_key(void *context, const void **ret_key, const void **ret_value)
{
    place *from = context;
    from->next = at_or_after(from->of, from->next);
    if (from->next == KEYS)
        return false;
    *ret_key = map_keys_make(from->of->kind, from->next++, &from->key);
    *ret_value = NULL;
    return true;
}

static bool visit(void *context, const void *key, void *value)
{
    place *from = context;
    (void)value;
    from->next = at_or_after(from->of, from->next);
    assert_int_equal(map_keys_number(from->of->kind, key), from->next++);
    return true;
}

static void check(const job *work, const firn_map *map)
{
    place from = {.of = work};
    firn_error error = {0};
    if (firn_map_verify(map, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    assert_int_equal(firn_map_count(map), work->count);
    assert_int_equal(firn_map_visit(map, NULL, NULL, visit, &from), FIRN_OK);
    assert_int_equal(at_or_after(work, from.next), KEYS);
}

/* Checks the map after a failure; whether the call was done. */
static bool done(job *work, firn_status status)
{
    if (status == FIRN_NO_MEMORY) {
        work->status = status;
        check(work, &work->map);
    } else {
        assert_int_equal(status, FIRN_OK);
    }
    return status == FIRN_OK;
}

static void put(job *work, uint32_t number)
{
    map_key room;
    if (done(work, firn_map_put(&work->map, map_keys_make(work->kind, number, &room), NULL)) &&
        !work->there[number]) {
        work->there[number] = true;
        work->count++;
    }
}

static void take(job *work, uint32_t number)
{
    map_key room;
    firn_status status = firn_map_remove(&work->map, map_keys_make(work->kind, number, &room));
    assert_int_equal(status, work->there[number] ? FIRN_OK : FIRN_NOT_FOUND);
    work->count -= work->there[number];
    work->there[number] = false;
}

static void copy(job *work, bool load)
{
    firn_map other;
    place from = {.of = work};
    firn_map_init(&other, work->map.type);
    if (done(work, load ? firn_map_load_sorted(&other, next_key, &from)
                        : firn_map_clone(&work->map, &other)))
        check(work, &other);
    else
        assert_int_equal(firn_map_count(&other), 0);
    firn_map_fini(&other);
}

static void change(job *work)
{
    for (uint32_t i = 0; i < KEYS; i++)
        put(work, i * 101 % KEYS);
    copy(work, false);
    copy(work, true);
    (void)done(work, firn_map_shrink(&work->map));
    check(work, &work->map);
    for (uint32_t i = 0; i < KEYS; i++)
        if (i % 7 != 0)
            take(work, i * 67 % KEYS);
    check(work, &work->map);
    (void)done(work, firn_map_shrink(&work->map));
    map_key rooms[2];
    uint64_t gone = firn_map_remove_range(&work->map, map_keys_make(work->kind, 40, &rooms[0]),
                                          map_keys_make(work->kind, 120, &rooms[1]));
    for (uint32_t i = 40; i < 120; i++) {
        gone -= work->there[i];
        work->count -= work->there[i];
        work->there[i] = false;
    }
    assert_int_equal(gone, 0);
    check(work, &work->map);
    for (uint32_t i = 0; i < KEYS; i++)
        take(work, i);
}

static firn_status run(const firn_allocator *allocator, void *context)
{
    job work = {.kind = *(const enum map_keys *)context};
    firn_map_type *type;
    firn_map_type_options options = {
        .value_bytes = 3,
        .allocator = allocator,
        .node_bytes = work.kind == KEYS_TEXT ? 1280 : 128,
    };
    map_keys_options(work.kind, &options);
    firn_status status = firn_map_type_create(&options, &type);
    if (status != FIRN_OK)
        return status;
    firn_map_init(&work.map, type);
    change(&work);
    assert_null(work.map.content);
    firn_map_fini(&work.map);
    firn_map_type_destroy(type);
    return work.status;
}

static void maps_survive_each_allocation_failing(void **state)
{
    (void)state;
    for (enum map_keys kind = KEYS_U32; kind < KEYS_KINDS; kind++)
        assert_true(failing_each(run, &kind) > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(maps_survive_each_allocation_failing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
