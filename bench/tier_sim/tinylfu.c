/* W-TinyLFU (Einziger and others, 2017) with a window of 1 %: an LRU before a segmented LRU, whose
 * victim stays when a sketch of counters has seen it more often than the window's. */
#include "tier_sim/lists.h"
#include "tier_sim/policy.h"

enum { WINDOW, PROBATION, PROTECTED };
enum { ROWS = 4, COUNT_MAX = 15, SAMPLE_FACTOR = 10 };

struct tinylfu {
    struct lists lists;
    uint32_t capacity, window_capacity, protected_capacity;
    uint8_t *counters; /* ROWS of them, each of mask + 1 */
    uint32_t mask;
    uint32_t sample; /* gets since the counters were halved */
};

static void *create(const struct trace *trace, uint32_t capacity)
{
    struct tinylfu *state = need(calloc(1, sizeof *state));
    lists_init(&state->lists, trace->key_count);
    state->capacity = capacity;
    state->window_capacity = capacity >= 100 ? capacity / 100 : 1;
    state->protected_capacity = (uint32_t)((uint64_t)(capacity - state->window_capacity) * 4 / 5);
    for (state->mask = 63; state->mask < 2 * capacity;)
        state->mask = 2 * state->mask + 1;
    state->counters = need(calloc(ROWS, (size_t)state->mask + 1));
    return state;
}

static void destroy(void *memory)
{
    struct tinylfu *state = memory;
    lists_fini(&state->lists);
    free(state->counters);
    free(state);
}

static uint8_t *counter(const struct tinylfu *state, unsigned row, uint32_t key)
{
    static const uint64_t factors[ROWS] = {0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f,
                                           0x165667b19e3779f9, 0xd6e8feb86659fd93};
    uint64_t hash = (key + 1) * factors[row];
    hash = (hash ^ hash >> 32) * factors[row];
    return &state->counters[row * ((size_t)state->mask + 1) + (hash >> 32 & state->mask)];
}

static unsigned frequency(const struct tinylfu *state, uint32_t key)
{
    unsigned least = COUNT_MAX;
    for (unsigned row = 0; row < ROWS; row++)
        if (*counter(state, row, key) < least)
            least = *counter(state, row, key);
    return least;
}

static void count(struct tinylfu *state, uint32_t key)
{
    for (unsigned row = 0; row < ROWS; row++)
        if (*counter(state, row, key) < COUNT_MAX)
            ++*counter(state, row, key);
    if (++state->sample < (uint64_t)SAMPLE_FACTOR * state->capacity)
        return;
    state->sample /= 2;
    for (size_t i = 0; i < ROWS * ((size_t)state->mask + 1); i++)
        state->counters[i] /= 2;
}

static void hit(struct tinylfu *state, uint32_t key)
{
    struct lists *lists = &state->lists;
    if (!list_has(lists, PROBATION, key)) {
        list_move_first(lists, lists->list_of[key], key);
        return;
    }
    list_move_first(lists, PROTECTED, key);
    if (lists->counts[PROTECTED] > state->protected_capacity)
        list_move_first(lists, PROBATION, list_last(lists, PROTECTED));
}

static bool get(void *memory, uint32_t key)
{
    struct tinylfu *state = memory;
    struct lists *lists = &state->lists;
    count(state, key);
    if (lists->list_of[key] != LISTS_MAX) {
        hit(state, key);
        return true;
    }
    list_put_first(lists, WINDOW, key);
    if (lists->counts[WINDOW] <= state->window_capacity)
        return false;
    uint32_t candidate = list_last(lists, WINDOW);
    list_move_first(lists, PROBATION, candidate);
    if (lists->counts[PROBATION] + lists->counts[PROTECTED] <=
        state->capacity - state->window_capacity)
        return false;
    uint32_t victim = list_last(lists, PROBATION);
    if (victim == candidate && lists->counts[PROTECTED] > 0)
        victim = list_last(lists, PROTECTED);
    list_remove(lists, frequency(state, candidate) > frequency(state, victim) ? victim : candidate);
    return false;
}

const struct policy policy_tinylfu = {"W-TinyLFU", create, get, destroy};
