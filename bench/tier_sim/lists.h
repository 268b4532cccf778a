/* Doubly linked lists of keys, each key on one list at most. A list's ends are the neighbours of a
 * head of its own, which is numbered behind the keys. Header-only. */
#ifndef FIRN_BENCH_LISTS_H
#define FIRN_BENCH_LISTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "support/measure.h"

enum { LISTS_MAX = 4 };

struct lists {
    uint32_t *next, *previous; /* towards the end, towards the begin */
    uint8_t *list_of;          /* LISTS_MAX: on none */
    uint32_t heads;            /* the first head: the number of keys */
    uint32_t counts[LISTS_MAX];
};

static inline void lists_init(struct lists *lists, uint32_t key_count)
{
    *lists = (struct lists){.heads = key_count};
    lists->next = need(malloc((key_count + (size_t)LISTS_MAX) * sizeof *lists->next));
    lists->previous = need(malloc((key_count + (size_t)LISTS_MAX) * sizeof *lists->previous));
    lists->list_of = need(malloc((size_t)key_count + 1));
    for (uint32_t key = 0; key < key_count; key++)
        lists->list_of[key] = LISTS_MAX;
    for (uint32_t head = key_count; head < key_count + LISTS_MAX; head++)
        lists->next[head] = lists->previous[head] = head;
}

static inline void lists_fini(struct lists *lists)
{
    free(lists->next);
    free(lists->previous);
    free(lists->list_of);
}

static inline bool list_has(const struct lists *lists, unsigned list, uint32_t key)
{
    return lists->list_of[key] == list;
}

static inline bool list_is_end(const struct lists *lists, uint32_t key)
{
    return key >= lists->heads;
}

/* The key that was put first of those there; the list must not be empty. */
static inline uint32_t list_last(const struct lists *lists, unsigned list)
{
    return lists->previous[lists->heads + list];
}

static inline void list_put_first(struct lists *lists, unsigned list, uint32_t key)
{
    uint32_t head = lists->heads + list, second = lists->next[head];
    lists->next[key] = second;
    lists->previous[key] = head;
    lists->next[head] = lists->previous[second] = key;
    lists->list_of[key] = (uint8_t)list;
    lists->counts[list]++;
}

static inline void list_remove(struct lists *lists, uint32_t key)
{
    lists->next[lists->previous[key]] = lists->next[key];
    lists->previous[lists->next[key]] = lists->previous[key];
    lists->counts[lists->list_of[key]]--;
    lists->list_of[key] = LISTS_MAX;
}

static inline void list_move_first(struct lists *lists, unsigned list, uint32_t key)
{
    list_remove(lists, key);
    list_put_first(lists, list, key);
}

#endif
