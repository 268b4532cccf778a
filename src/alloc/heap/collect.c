/* The order of collections: minor ones when eden is full, and between them, every 64 KiB of young
 * objects, a step of what is in hand: sweeping, giving memory back, marking. A marking begins when
 * the old space has come half to three quarters of the way from what lived to its goal, by what the
 * last one took, and is paced to end before the goal: each step marks in proportion to what was
 * promoted since the last; what it has no time for is owed to the next ones. The sooner a marking
 * ends, the less dies unseen meanwhile, and the less is written that must be looked at again.
 * Called by allocate.c and by the program; calls everything below.
 *
 * Steps are bounded by the clock (a quarter of the pause target) and by step_bytes. The final pause
 * is tried when nothing is grey and all that was written is looked at; if it takes too long it is
 * given up, and the marking goes on in steps, unless the goal is far behind.
 *
 * Invariants:
 *   I1  eden is open only when the reserve of blocks is free, usable and within the limit
 *   I2  a marking begins only when everything is swept
 *
 * Threads: one. Complexity: a step is bounded, the rest as its parts.
 */
#include "alloc/heap/collect.h"

#include "alloc/heap/blocks.h"
#include "alloc/heap/compact.h"
#include "alloc/heap/finalise.h"
#include "alloc/heap/mark.h"
#include "alloc/heap/nursery.h"
#include "alloc/heap/old.h"
#include "alloc/heap/pause.h"

#include <firn/system.h>

#define WINDOW_BYTES ((size_t)64 << 10)
#define WINDOW_CLEANING ((size_t)16 << 10) /* the same while what is written is looked at */
#define GROWTH_LEAST ((size_t)8 << 20)     /* of the old space over what lived, bytes */
#define GROWTH_MIN 16                      /* the same in per cent, as chosen */
#define GROWTH_MAX 200
#define MARK_SHARE 7                /* the part of all time that marking should take */
#define STEP_MIN ((size_t)64 << 10) /* bytes marked in a step at least */
#define COST_MIN ((size_t)64 << 10) /* bytes kept that tell what keeping costs */
#define PACE 4.0     /* how much faster than must be, so that what is expected may be wrong */
#define OWED_STEPS 4 /* among which what is owed is spread */
#define SWEEP_BLOCKS 64
#define TRIM_BLOCKS 16
#define STRESS_WORK 2048

void firn_collect_aim(struct heap *heap)
{
    size_t live = heap->live_bytes;
    if (heap->growth == 0)
        heap->growth = GROWTH_MIN; /* nothing is known yet */
    size_t growth = live / 100 * heap->growth;
    growth = growth > GROWTH_LEAST ? growth : GROWTH_LEAST;
    size_t most = (size_t)(heap->block_limit - heap->reserve) << BLOCK_SHIFT;
    size_t goal = live + growth < most ? live + growth : most;
    heap->goal_bytes = goal > live ? goal : live;
    size_t room = heap->goal_bytes - live, runway = heap->runway_bytes;
    runway = runway < room / 8 ? room / 8 : runway > room / 2 ? room / 2 : runway;
    heap->trigger_bytes = heap->goal_bytes - runway;
    if (heap->stress)
        heap->trigger_bytes = live; /* always at it */
}

/* Learns from a marking how far the old space should grow until the next: what was allocated there
 * since the last one, by how much too often that was. A program that fills the old space fast gets
 * more room, up to the point where memory matters more. */
static void learn_growth(struct heap *heap)
{
    uint64_t now = firn_clock_thread_ns(), before = heap->finished_ns;
    uint64_t allocated = heap->old_allocated - heap->finished_at;
    heap->finished_ns = now;
    heap->finished_at = heap->old_allocated;
    if (heap->growth_percent != 0 || before == 0 || now <= before || heap->marked_bytes == 0)
        return;
    double share = (double)heap->mark_ns / (double)(now - before);
    double wanted = (double)allocated * share * MARK_SHARE;
    double percent = wanted / (double)heap->marked_bytes * 100;
    percent = percent > GROWTH_MIN ? percent : GROWTH_MIN;
    percent = percent < GROWTH_MAX ? percent : GROWTH_MAX;
    heap->growth = (heap->growth + (uint32_t)percent) / 2;
}

/* --- eden --- */

/* Whether a step has anything to do. */
static bool is_busy(const struct heap *heap)
{
    return heap->phase == PHASE_MARK || heap->sweep_at < heap->sweep_end || heap->trimming ||
           heap->old_bytes >= heap->trigger_bytes;
}

static bool is_cleaning(const struct heap *heap)
{
    return heap->phase == PHASE_MARK && heap->cleaning;
}

/* The end of the part of eden that may be filled before the next step. What is left of eden is not
 * cut into less than half of one: the program would feel the step and the minor collection that
 * soon follows as one pause. */
static void set_window(struct heap *heap)
{
    size_t left = (size_t)(heap->eden_limit - heap->front.next);
    size_t window = is_cleaning(heap) ? WINDOW_CLEANING : is_busy(heap) ? WINDOW_BYTES : left;
    heap->window = heap->front.next + (window + window / 2 < left ? window : left);
}

firn_status firn_collect_open(struct heap *heap)
{
    firn_status status = firn_blocks_allow(heap, 0);
    heap->closed = status != FIRN_OK; /* I1 */
    if (!heap->closed)
        set_window(heap);
    bool slow = EVERY_OBJECT || heap->stress || heap->closed;
    heap->front.end = slow ? heap->front.next : heap->window;
    return status;
}

/* What the survivors cost, ns a KiB, the kernel's part left out, which can be as much again but
 * only as long as blocks are fresh: a fourth of the collections cost more. Steps, so that one that
 * another program disturbed does not tell by how much. */
static void learn_cost(struct heap *heap, uint64_t kept, uint64_t ns)
{
    if (kept < COST_MIN)
        return;
    uint64_t cost = ns * 1024 / kept, known = heap->kept_cost_ns, step = known / 32 + 1;
    if (known == 0)
        heap->kept_cost_ns = cost;
    else
        heap->kept_cost_ns += cost > known ? 3 * step : known > step ? 0 - step : 0;
}

/* What the kernel takes for giving memory to the blocks that `bytes` promoted ones fill. */
static uint64_t faults_ns(const struct heap *heap, size_t bytes)
{
    size_t warm = (size_t)heap->warm_count << BLOCK_SHIFT;
    return bytes > warm ? (bytes - warm) / heap->page_bytes * heap->fault_ns : 0;
}

/* The most bytes of eden that may all survive at once, with the survivors, within a part of the
 * pause target. */
static double eden_most(const struct heap *heap)
{
    double survivors = (double)(heap->from_end - heap->survivors[heap->from]);
    double time = (double)heap->pause_target_ns * 0.75;
    double warm = (double)heap->warm_count * BLOCK_BYTES;
    double cost = (double)heap->kept_cost_ns / 1024;
    double fault = (double)heap->fault_ns / (double)heap->page_bytes;
    double most = time / cost <= warm ? time / cost : (time + warm * fault) / (cost + fault);
    return most - survivors;
}

/* Keeps minor collections at three eighths of the pause target, by the size of eden, and below the
 * target even if all of eden survives all at once. It does not grow while almost all survives and
 * fills fresh blocks: a program that builds what it keeps would pay for eden and spare no copying.
 * Measured on a compiler's objects: 10.7 bytes each over their payload instead of 13.0 when there
 * are 100,000, 9.2 instead of 10.1 when there are a million. */
static void resize(struct heap *heap, uint64_t ns, bool grow)
{
    size_t whole = (size_t)(heap->eden_end - heap->eden);
    size_t eden = (size_t)(heap->eden_limit - heap->eden);
    uint64_t wanted = heap->pause_target_ns / 8 * 3;
    if (ns > wanted)
        eden -= (size_t)((double)eden * (double)(ns - wanted) / (double)ns / 2);
    else if (ns < wanted / 4 * 3 && grow)
        eden += eden / (ns < wanted / 4 ? 4 : 8);
    if (heap->kept_cost_ns > 0) {
        double most = eden_most(heap);
        eden = most < 0 ? 0 : (double)eden > most ? (size_t)most : eden;
    }
    eden = eden < EDEN_MIN ? EDEN_MIN : eden;
    eden = eden > whole ? whole : eden;
    heap->eden_limit = heap->eden + (eden & ~(size_t)7);
    if (heap->eden_touched < heap->eden_limit)
        heap->eden_touched = heap->eden_limit;
}

/* Learns from what the collection worked, not from how long it took: a thread that had to wait for
 * its processor would shrink eden for no good. */
static void minor(struct heap *heap, promotion which)
{
    uint64_t start = firn_clock_ns(), worked = firn_clock_thread_ns(), cold = heap->cold_taken;
    uint64_t kept = heap->stats.copied_bytes + heap->stats.promoted_bytes;
    bool full = heap->front.next + WINDOW_BYTES / 4 >= heap->eden_limit;
    size_t held = firn_nursery_held(heap);
    firn_nursery_collect(heap, which);
    firn_pause_count(&heap->stats.minor, firn_clock_ns() - start);
    worked = firn_clock_thread_ns() - worked;
    if (heap->fixed_nursery || which == PROMOTE_DEAD)
        return;
    kept = heap->stats.copied_bytes + heap->stats.promoted_bytes - kept;
    uint64_t faults = (heap->cold_taken - cold) * (BLOCK_BYTES / heap->page_bytes) * heap->fault_ns;
    faults = faults < worked / 2 ? faults : worked / 2;
    learn_cost(heap, kept, worked - faults);
    uint64_t expected = faults_ns(heap, kept);
    worked -= faults > expected ? faults - expected : 0;
    if (full || worked > heap->pause_target_ns / 2)
        resize(heap, worked, kept < held / 8 * 7 || heap->cold_taken == cold);
}

void firn_collect_minor(struct heap *heap)
{
    firn_pause_begin(heap);
    minor(heap, is_cleaning(heap) ? PROMOTE_ALL : PROMOTE_AGED);
    firn_pause_end(heap);
}

/* --- steps --- */

/* Bytes that this step should mark: a part of what is owed. */
static size_t step_work(struct heap *heap)
{
    size_t allocated = (size_t)(heap->old_allocated - heap->paced_at);
    size_t expected = heap->expected_bytes, marked = heap->marked_bytes;
    size_t left = expected > marked ? expected - marked : 0;
    size_t runway = heap->goal_bytes > heap->old_bytes ? heap->goal_bytes - heap->old_bytes : 0;
    heap->paced_at = heap->old_allocated;
    if (heap->stress)
        return STRESS_WORK;
    if (runway < STEP_MIN)
        return heap->step_bytes;
    heap->owed_bytes += (size_t)(PACE * (double)allocated * (double)left / (double)runway);
    heap->owed_bytes = heap->owed_bytes < left ? heap->owed_bytes : left;
    size_t work = STEP_MIN + heap->owed_bytes / OWED_STEPS;
    return work < heap->step_bytes ? work : heap->step_bytes;
}

static void finish(struct heap *heap)
{
    firn_mark_finish(heap);
    firn_collect_aim(heap);
    firn_blocks_age(heap, false);
    heap->trimming = true;
}

/* Whether the memory matters more than the pause. */
static bool is_late(const struct heap *heap)
{
    return heap->old_bytes > heap->goal_bytes + heap->goal_bytes / 4;
}

/* Tries the final pause, after a minor collection of what eden holds. */
static void try_to_finish(struct heap *heap, uint64_t start)
{
    uint64_t deadline = start + heap->pause_target_ns / 8 * 7;
    if (is_late(heap))
        deadline = NO_DEADLINE;
    minor(heap, PROMOTE_ALL); /* survivors would have to be looked at */
    if (!firn_mark_final(heap, deadline))
        return;
    heap->runway_bytes = (size_t)(heap->old_allocated - heap->started_at) / 2 * 3;
    learn_growth(heap);
    finish(heap);
}

/* Looks at what was written when nothing else is left to be marked; then the end is near. */
static void clean_step(struct heap *heap, uint64_t start, uint64_t deadline)
{
    heap->cleaning = true;
    bool whole = heap->clean_at == 0; /* all that was written is looked at in this very pause */
    if (firn_mark_clean(heap, deadline) && whole &&
        (firn_mark_some(heap, heap->step_bytes, deadline) || is_late(heap)))
        try_to_finish(heap, start);
}

static void mark_step(struct heap *heap, uint64_t start)
{
    uint64_t worked = firn_clock_thread_ns();
    uint64_t deadline = start + heap->pause_target_ns / 2;
    heap->stats.step_count++;
    size_t work = step_work(heap), before = heap->marked_bytes;
    bool done = firn_mark_some(heap, work, deadline);
    size_t paid = heap->marked_bytes - before;
    heap->owed_bytes -= paid < heap->owed_bytes ? paid : heap->owed_bytes;
    heap->mark_ns += firn_clock_thread_ns() - worked;
    if (done)
        clean_step(heap, start, deadline);
}

static void step(struct heap *heap, uint64_t start)
{
    if (heap->phase == PHASE_MARK) {
        mark_step(heap, start);
    } else if (heap->sweep_at < heap->sweep_end) {
        firn_sweep_some(heap, SWEEP_BLOCKS);
    } else if (heap->old_bytes >= heap->trigger_bytes) {
        heap->expected_bytes = heap->old_bytes;
        firn_mark_start(heap); /* I2 */
    } else if (heap->trimming) {
        heap->trimming = firn_blocks_trim(heap, TRIM_BLOCKS);
    }
}

bool firn_collect_step(struct heap *heap)
{
    uint64_t start = firn_pause_begin(heap);
    step(heap, start);
    firn_pause_end(heap);
    return is_busy(heap);
}

/* --- all at once --- */

void firn_collect_full(struct heap *heap, bool compact)
{
    firn_pause_begin(heap);
    if (heap->phase == PHASE_MARK)
        firn_mark_abort(heap);
    minor(heap, PROMOTE_DEAD);
    firn_sweep_all(heap);
    firn_mark_start(heap);
    while (!firn_mark_final(heap, NO_DEADLINE))
        continue;
    finish(heap);
    firn_sweep_all(heap);
    if (compact)
        firn_compact(heap, heap->stress);
    firn_collect_aim(heap);
    heap->stats.full_count++;
    firn_pause_end(heap);
}

firn_status firn_heap_collect(firn_heap *front, firn_collection kind)
{
    struct heap *heap = heap_of(front);
    switch (kind) {
    case FIRN_COLLECT_MINOR:
        firn_collect_minor(heap);
        break;
    case FIRN_COLLECT_FULL:
    case FIRN_COLLECT_COMPACT:
        firn_collect_full(heap, kind == FIRN_COLLECT_COMPACT);
        firn_blocks_age(heap, true);
        while (firn_blocks_trim(heap, UINT32_MAX))
            continue;
        break;
    default:
        return FIRN_INVALID;
    }
    firn_status status = firn_collect_open(heap);
    firn_final_run(heap, SIZE_MAX);
    return status;
}

bool firn_heap_step(firn_heap *front)
{
    struct heap *heap = heap_of(front);
    if (!is_busy(heap) && heap->used_lately > heap->used) { /* so it does not come back at once */
        firn_blocks_age(heap, false);
        heap->trimming = true;
    }
    bool more = firn_collect_step(heap) || heap->used_lately > heap->used;
    firn_status status = firn_collect_open(heap);
    (void)status; /* the next allocation finds out */
    return firn_final_run(heap, 1) || more;
}
