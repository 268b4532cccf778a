/* Walks the stack by the rules of rules.c, which a table keeps by address: 1 to 3 ns a frame for
 * 250 that libgcc's walk takes. Called by record.c.
 *
 * Invariants:
 *   S1  an entry of the table counts only when its two words agree, so that a thread that sees one
 *       word of another entry takes it for none: no lock
 *   S2  nothing is read outside of the mapping that the stack lies in, and each frame lies above
 *       the one before
 *
 * Threads: any, at once. Memory: 1 MiB, touched as needed. */
#include "tune/preload/stack.h"

#include "tune/preload/maps.h"
#include "tune/preload/rules.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <ucontext.h>

#define CACHE_ENTRIES ((size_t)1 << 16)

static struct {
    _Atomic(uint64_t) key, rule; /* key: the address XOR the rule (S1) */
} cache[CACHE_ENTRIES];

static uintptr_t own_start, own_end;

struct frame {
    uintptr_t pc, stack, base;
    bool is_exact; /* pc is not a return address, but where a signal came */
};

void track_stack_begin(void)
{
    struct dl_find_object object;
    if (_dl_find_object((void *)(uintptr_t)&track_stack_begin, &object) == 0) {
        own_start = (uintptr_t)object.dlfo_map_start;
        own_end = (uintptr_t)object.dlfo_map_end;
    }
}

void track_stack_forget(void)
{
    for (size_t i = 0; i < CACHE_ENTRIES; i++)
        atomic_store_explicit(&cache[i].key, 0, memory_order_relaxed);
}

static struct rule rule_of(uintptr_t address)
{
    const size_t at = (address * 0x9e3779b97f4a7c15u) >> 48;
    uint64_t key = atomic_load_explicit(&cache[at].key, memory_order_relaxed);
    uint64_t word = atomic_load_explicit(&cache[at].rule, memory_order_relaxed);
    struct rule rule;
    if ((key ^ word) == address) {
        memcpy(&rule, &word, sizeof rule);
        return rule;
    }
    rule = track_rule_find(address);
    memcpy(&word, &rule, sizeof word);
    atomic_store_explicit(&cache[at].rule, word, memory_order_relaxed);
    atomic_store_explicit(&cache[at].key, address ^ word, memory_order_relaxed);
    return rule;
}

/* Reads a word of the stack; false outside of it (S2). */
static bool read_word(const struct trace_thread *thread, uintptr_t at, uintptr_t *ret_word)
{
    if (at % sizeof *ret_word != 0 || at < thread->stack_low ||
        at > thread->stack_high - sizeof *ret_word)
        return false;
    memcpy(ret_word, (const void *)at, sizeof *ret_word);
    return true;
}

/* From where the kernel interrupted the program for a handler. */
static bool leave_handler(const struct trace_thread *thread, struct frame *frame)
{
    const uintptr_t at = frame->stack;
    if (at < thread->stack_low || at > thread->stack_high - sizeof(ucontext_t) || at % 8 != 0)
        return false;
    const ucontext_t *context = (const ucontext_t *)at;
    *frame = (struct frame){.pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP],
                            .stack = (uintptr_t)context->uc_mcontext.gregs[REG_RSP],
                            .base = (uintptr_t)context->uc_mcontext.gregs[REG_RBP],
                            .is_exact = true};
    return frame->pc != 0;
}

static bool step(const struct trace_thread *thread, struct frame *frame)
{
    const struct rule rule = rule_of(frame->pc - !frame->is_exact);
    uintptr_t address = 0, base = frame->base, pc = 0;
    switch (rule.kind) {
    case RULE_STACK:
        address = frame->stack + (uintptr_t)(intptr_t)rule.offset;
        break;
    case RULE_BASE:
        address = frame->base + (uintptr_t)(intptr_t)rule.offset;
        break;
    case RULE_INDIRECT:
        if (!read_word(thread, frame->base + (uintptr_t)(intptr_t)rule.offset, &address))
            return false;
        break;
    case RULE_SIGNAL:
        return leave_handler(thread, frame);
    default:
        return false;
    }
    if (address <= frame->stack || !read_word(thread, address - sizeof pc, &pc)) /* S2 */
        return false;
    if (rule.saved != SAVED_SAME && !read_word(thread,
                                               (rule.saved == SAVED_FRAME ? address : frame->base) +
                                                   (uintptr_t)(intptr_t)rule.saved_offset,
                                               &base))
        return false;
    *frame = (struct frame){.pc = pc, .stack = address, .base = base};
    return pc != 0;
}

__attribute__((noinline)) uint32_t track_stack_walk(struct trace_thread *thread,
                                                    uint64_t frames[TRACE_FRAMES_MAX])
{
    const uintptr_t *here = __builtin_frame_address(0);
    struct frame frame = {
        .pc = here[1], .stack = (uintptr_t)(here + 2), .base = here[0], .is_exact = false};
    uint32_t count = 0;
    if ((frame.stack < thread->stack_low || frame.stack >= thread->stack_high) &&
        !track_maps_bounds(frame.stack, &thread->stack_low, &thread->stack_high))
        thread->stack_low = thread->stack_high = 0;
    if (thread->stack_high == 0)
        return 0;
    do {
        if (frame.pc - own_start >= own_end - own_start)
            frames[count++] = frame.pc;
    } while (count < TRACE_FRAMES_MAX && step(thread, &frame));
    return count;
}
