/* Threads that read one map at the same time, each by its own cursor, and threads that change maps
 * of their own of the same type. */
#include <firn/map.h>

#include "support/map_keys.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { KEYS = 5000, THREADS = 2 };

typedef struct shared {
    enum map_keys kind;
    const firn_map *map;
    const firn_map_type *type;
    bool right; /* of one thread */
} shared;

static bool visit(void *context, const void *key, void *value)
{
    (void)key;
    uint32_t number;
    memcpy(&number, value, sizeof(number));
    *(uint64_t *)context += number;
    return true;
}

static bool reads_right(const shared *with)
{
    map_key room;
    firn_map_cursor cursor;
    uint64_t sum = 0;
    firn_map_cursor_init(&cursor, with->map);
    for (uint32_t i = 0; i < KEYS; i++) {
        const void *key = map_keys_make(with->kind, i * 2, &room);
        const uint32_t *value = firn_map_get(with->map, key);
        if (value == NULL || memcmp(value, &i, sizeof(i)) != 0 ||
            firn_map_ceiling(&cursor, key) != FIRN_OK ||
            map_keys_number(with->kind, cursor.key) != i * 2)
            return false;
        firn_status next = firn_map_next(&cursor);
        if (next != (i + 1 < KEYS ? FIRN_OK : FIRN_NOT_FOUND) ||
            firn_map_get(with->map, map_keys_make(with->kind, i * 2 + 1, &room)) != NULL)
            return false;
    }
    return firn_map_visit(with->map, NULL, NULL, visit, &sum) == FIRN_OK &&
           sum == (uint64_t)KEYS * (KEYS - 1) / 2 && firn_map_verify(with->map, NULL) == FIRN_OK;
}

static bool fills(const shared *with, firn_map *map)
{
    for (uint32_t i = 0; i < KEYS; i++) {
        map_key room;
        uint32_t number = i * 7 % KEYS;
        if (firn_map_put(map, map_keys_make(with->kind, number * 2, &room), &number) != FIRN_OK)
            return false;
    }
    return true;
}

static void *work(void *context)
{
    shared *with = context;
    firn_map own;
    firn_map_init(&own, with->type);
    shared alone = {with->kind, &own, with->type, false};
    with->right = reads_right(with) && fills(with, &own) && reads_right(&alone);
    firn_map_fini(&own);
    return NULL;
}

static void threads_may_read_together(void **state)
{
    (void)state;
    for (int kind = 0; kind < KEYS_KINDS; kind++) {
        firn_map_type *type;
        firn_map map;
        firn_map_type_options options = {.value_bytes = 4};
        map_keys_options((enum map_keys)kind, &options);
        assert_int_equal(firn_map_type_create(&options, &type), FIRN_OK);
        firn_map_init(&map, type);
        shared threads[THREADS];
        pthread_t ids[THREADS];
        for (int i = 0; i < THREADS; i++)
            threads[i] = (shared){(enum map_keys)kind, &map, type, false};
        assert_true(fills(&threads[0], &map));
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&ids[i], NULL, work, &threads[i]), 0);
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(ids[i], NULL), 0);
            assert_true(threads[i].right);
        }
        firn_map_fini(&map);
        firn_map_type_destroy(type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_may_read_together)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
