/* S3-FIFO (Yang and others, SOSP 2023): a small queue of a tenth, from which only what was asked
 * for twice moves on to the main one, and a ghost list as long as the main queue, whose keys come
 * back to the main queue at once. */
#include "tier_sim/lists.h"
#include "tier_sim/policy.h"

enum { SMALL, MAIN, GHOST };
enum { HITS_MAX = 3, HITS_TO_MAIN = 2 };

struct s3fifo {
    struct lists lists;
    uint32_t capacity, small_capacity;
    uint8_t *hits;
};

static void *create(const struct trace *trace, uint32_t capacity)
{
    struct s3fifo *state = need(calloc(1, sizeof *state));
    lists_init(&state->lists, trace->key_count);
    state->capacity = capacity;
    state->small_capacity = capacity >= 10 ? capacity / 10 : 1;
    state->hits = need(calloc(trace->key_count, 1));
    return state;
}

static void destroy(void *memory)
{
    struct s3fifo *state = memory;
    lists_fini(&state->lists);
    free(state->hits);
    free(state);
}

static void put_ghost(struct s3fifo *state, uint32_t key)
{
    struct lists *lists = &state->lists;
    if (lists->counts[GHOST] > 0 && lists->counts[GHOST] >= state->capacity - state->small_capacity)
        list_remove(lists, list_last(lists, GHOST));
    list_put_first(lists, GHOST, key);
}

static void evict_main(struct s3fifo *state)
{
    struct lists *lists = &state->lists;
    uint32_t key = list_last(lists, MAIN);
    for (; state->hits[key] > 0; key = list_last(lists, MAIN)) {
        state->hits[key]--;
        list_move_first(lists, MAIN, key);
    }
    list_remove(lists, key);
}

/* Moves keys on to the main queue until one of the small queue goes. */
static void evict_small(struct s3fifo *state)
{
    struct lists *lists = &state->lists;
    while (lists->counts[SMALL] > 0) {
        uint32_t key = list_last(lists, SMALL);
        bool is_wanted = state->hits[key] >= HITS_TO_MAIN;
        state->hits[key] = 0;
        list_remove(lists, key);
        if (!is_wanted) {
            put_ghost(state, key);
            return;
        }
        list_put_first(lists, MAIN, key);
        if (lists->counts[MAIN] > state->capacity - state->small_capacity) {
            evict_main(state);
            return;
        }
    }
}

static bool get(void *memory, uint32_t key)
{
    struct s3fifo *state = memory;
    struct lists *lists = &state->lists;
    if (list_has(lists, SMALL, key) || list_has(lists, MAIN, key)) {
        state->hits[key] = (uint8_t)(state->hits[key] + (state->hits[key] < HITS_MAX));
        return true;
    }
    bool was_ghost = list_has(lists, GHOST, key);
    if (was_ghost)
        list_remove(lists, key);
    while (lists->counts[SMALL] + lists->counts[MAIN] >= state->capacity) {
        if (lists->counts[SMALL] >= state->small_capacity || lists->counts[MAIN] == 0)
            evict_small(state);
        else
            evict_main(state);
    }
    list_put_first(lists, was_ghost ? MAIN : SMALL, key);
    state->hits[key] = 0;
    return false;
}

const struct policy policy_s3fifo = {"S3-FIFO", create, get, destroy};
