/* ARC (Megiddo and Modha, FAST 2003): keys seen once and keys seen again, each with a list of those
 * that were given up, whose hits move the border between the two. */
#include "tier_sim/lists.h"
#include "tier_sim/policy.h"

enum { ONCE, AGAIN, GHOST_ONCE, GHOST_AGAIN }; /* T1, T2, B1, B2 */

struct arc {
    struct lists lists;
    uint32_t capacity;
    uint32_t once_wanted; /* p */
};

static void *create(const struct trace *trace, uint32_t capacity)
{
    struct arc *state = need(calloc(1, sizeof *state));
    lists_init(&state->lists, trace->key_count);
    state->capacity = capacity;
    return state;
}

static void destroy(void *memory)
{
    struct arc *state = memory;
    lists_fini(&state->lists);
    free(state);
}

static void forget_last(struct lists *lists, unsigned list)
{
    list_remove(lists, list_last(lists, list));
}

/* REPLACE of the paper: gives up one key of those held. */
static void replace(struct arc *state, bool is_for_ghost_again)
{
    struct lists *lists = &state->lists;
    uint32_t once = lists->counts[ONCE];
    bool takes_once = once > 0 && (once > state->once_wanted ||
                                   (is_for_ghost_again && once == state->once_wanted));
    if (lists->counts[AGAIN] == 0)
        takes_once = true;
    uint32_t victim = list_last(lists, takes_once ? ONCE : AGAIN);
    list_remove(lists, victim);
    list_put_first(lists, takes_once ? GHOST_ONCE : GHOST_AGAIN, victim);
}

static uint32_t step(uint32_t other, uint32_t own)
{
    return other > own ? other / own : 1;
}

static void put_ghost(struct arc *state, uint32_t key)
{
    struct lists *lists = &state->lists;
    bool is_again = list_has(lists, GHOST_AGAIN, key);
    uint32_t ghosts_once = lists->counts[GHOST_ONCE], ghosts_again = lists->counts[GHOST_AGAIN];
    if (is_again) {
        uint32_t by = step(ghosts_once, ghosts_again);
        state->once_wanted = state->once_wanted > by ? state->once_wanted - by : 0;
    } else {
        uint32_t by = step(ghosts_again, ghosts_once), room = state->capacity - state->once_wanted;
        state->once_wanted += by < room ? by : room;
    }
    replace(state, is_again);
    list_move_first(lists, AGAIN, key);
}

static void put_new(struct arc *state, uint32_t key)
{
    struct lists *lists = &state->lists;
    uint32_t firsts = lists->counts[ONCE] + lists->counts[GHOST_ONCE];
    uint32_t all = firsts + lists->counts[AGAIN] + lists->counts[GHOST_AGAIN];
    if (firsts == state->capacity) {
        if (lists->counts[ONCE] < state->capacity) {
            forget_last(lists, GHOST_ONCE);
            replace(state, false);
        } else {
            forget_last(lists, ONCE);
        }
    } else if (all >= state->capacity) {
        if (all == 2 * state->capacity)
            forget_last(lists, GHOST_AGAIN);
        replace(state, false);
    }
    list_put_first(lists, ONCE, key);
}

static bool get(void *memory, uint32_t key)
{
    struct arc *state = memory;
    if (list_has(&state->lists, ONCE, key) || list_has(&state->lists, AGAIN, key)) {
        list_move_first(&state->lists, AGAIN, key);
        return true;
    }
    if (state->lists.list_of[key] == LISTS_MAX)
        put_new(state, key);
    else
        put_ghost(state, key);
    return false;
}

const struct policy policy_arc = {"ARC", create, get, destroy};
