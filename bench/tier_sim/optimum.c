/* The optimum (Belady 1966): gives up the key that is asked for last of all held, the new one among
 * them. A heap has the key whose next get is farthest on top. */
#include "support/measure.h"
#include "tier_sim/policy.h"

struct optimum {
    const struct trace *trace;
    uint32_t *next_gets; /* of the key at each place of the trace; trace->count: none */
    uint32_t at;         /* the place of this get */
    uint32_t capacity, count;
    uint32_t *heap;   /* keys */
    uint32_t *places; /* of a key in the heap, from 1; 0: not held */
    uint32_t *dues;   /* of a key: the place of its next get */
};

static void *create(const struct trace *trace, uint32_t capacity)
{
    struct optimum *state = need(calloc(1, sizeof *state));
    *state = (struct optimum){.trace = trace, .capacity = capacity};
    state->next_gets = need(malloc(trace->count * sizeof *state->next_gets));
    state->heap = need(malloc((capacity + (size_t)2) * sizeof *state->heap));
    state->places = need(calloc(trace->key_count, sizeof *state->places));
    state->dues = need(malloc(trace->key_count * sizeof *state->dues));
    for (uint32_t key = 0; key < trace->key_count; key++)
        state->dues[key] = trace->count;
    for (uint32_t i = trace->count; i-- > 0;) {
        state->next_gets[i] = state->dues[trace->keys[i]];
        state->dues[trace->keys[i]] = i;
    }
    return state;
}

static void destroy(void *memory)
{
    struct optimum *state = memory;
    free(state->next_gets);
    free(state->heap);
    free(state->places);
    free(state->dues);
    free(state);
}

static void place(struct optimum *state, uint32_t at, uint32_t key)
{
    state->heap[at] = key;
    state->places[key] = at;
}

static void move_up(struct optimum *state, uint32_t at, uint32_t key)
{
    for (; at > 1 && state->dues[state->heap[at / 2]] < state->dues[key]; at /= 2)
        place(state, at, state->heap[at / 2]);
    place(state, at, key);
}

static void remove_top(struct optimum *state)
{
    uint32_t key = state->heap[state->count--], at = 1;
    state->places[state->heap[1]] = 0;
    if (state->count == 0)
        return;
    for (uint32_t child = 2; child <= state->count; child = 2 * at) {
        if (child < state->count &&
            state->dues[state->heap[child + 1]] > state->dues[state->heap[child]])
            child++;
        if (state->dues[state->heap[child]] <= state->dues[key])
            break;
        place(state, at, state->heap[child]);
        at = child;
    }
    place(state, at, key);
}

static bool get(void *memory, uint32_t key)
{
    struct optimum *state = memory;
    bool is_hit = state->places[key] != 0;
    state->dues[key] = state->next_gets[state->at++];
    move_up(state, is_hit ? state->places[key] : ++state->count, key);
    if (state->count > state->capacity)
        remove_top(state);
    return is_hit;
}

const struct policy policy_optimum = {"optimum", create, get, destroy};
