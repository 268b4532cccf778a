/* LRU, CLOCK with one bit, and SIEVE (Zhang and others, NSDI 2024): one queue each, that differ in
 * what a hit does and in where the next victim is looked for. */
#include "tier_sim/lists.h"
#include "tier_sim/policy.h"

#include <string.h>

enum { QUEUE };

struct recency {
    struct lists lists;
    uint32_t capacity;
    uint32_t hand; /* SIEVE: the next to look at; a head: the last one */
    uint8_t *was_hit;
};

static void *create(const struct trace *trace, uint32_t capacity)
{
    struct recency *state = need(calloc(1, sizeof *state));
    lists_init(&state->lists, trace->key_count);
    state->capacity = capacity;
    state->hand = trace->key_count;
    state->was_hit = need(calloc(trace->key_count, 1));
    return state;
}

static void destroy(void *memory)
{
    struct recency *state = memory;
    lists_fini(&state->lists);
    free(state->was_hit);
    free(state);
}

static bool is_full(const struct recency *state)
{
    return state->lists.counts[QUEUE] == state->capacity;
}

static bool lru_get(void *memory, uint32_t key)
{
    struct recency *state = memory;
    if (list_has(&state->lists, QUEUE, key)) {
        list_move_first(&state->lists, QUEUE, key);
        return true;
    }
    if (is_full(state))
        list_remove(&state->lists, list_last(&state->lists, QUEUE));
    list_put_first(&state->lists, QUEUE, key);
    return false;
}

static bool clock_get(void *memory, uint32_t key)
{
    struct recency *state = memory;
    if (list_has(&state->lists, QUEUE, key)) {
        state->was_hit[key] = 1;
        return true;
    }
    if (is_full(state)) {
        uint32_t victim = list_last(&state->lists, QUEUE);
        for (; state->was_hit[victim]; victim = list_last(&state->lists, QUEUE)) {
            state->was_hit[victim] = 0;
            list_move_first(&state->lists, QUEUE, victim);
        }
        list_remove(&state->lists, victim);
    }
    list_put_first(&state->lists, QUEUE, key);
    return false;
}

static void sieve_evict(struct recency *state)
{
    const struct lists *lists = &state->lists;
    uint32_t victim = state->hand;
    for (;; victim = lists->previous[victim]) {
        if (list_is_end(lists, victim))
            victim = list_last(lists, QUEUE);
        if (!state->was_hit[victim])
            break;
        state->was_hit[victim] = 0;
    }
    state->hand = lists->previous[victim];
    list_remove(&state->lists, victim);
}

static bool sieve_get(void *memory, uint32_t key)
{
    struct recency *state = memory;
    if (list_has(&state->lists, QUEUE, key)) {
        state->was_hit[key] = 1;
        return true;
    }
    if (is_full(state))
        sieve_evict(state);
    list_put_first(&state->lists, QUEUE, key);
    return false;
}

const struct policy policy_lru = {"LRU", create, lru_get, destroy};
const struct policy policy_clock = {"CLOCK", create, clock_get, destroy};
const struct policy policy_sieve = {"SIEVE", create, sieve_get, destroy};
