/* An allocator for tests that counts, fails a chosen call, checks the sizes that releases and
 * reallocations are told, moves every block that is reallocated, and knows what leaked. A breach
 * prints a line and aborts. May be shared between threads. Header-only.
 *
 *     failing memory;
 *     failing_init(&memory, 3);                     the third call fails, 0: none
 *     firn_status status = work(&memory.allocator);
 *     failing_check(&memory);                       aborts when a block is still held
 */
#ifndef FIRN_TESTS_FAILING_H
#define FIRN_TESTS_FAILING_H

#include <firn/allocator.h>
#include <firn/status.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct failing {
    firn_allocator allocator; /* its context is this struct, which must stay where it is */
    size_t fail_at;           /* from 1; 0: never */
    bool fail_onwards;        /* whether all later calls fail too */
    atomic_size_t calls;      /* of allocate and reallocate */
    atomic_size_t live_blocks, live_bytes;
} failing;

struct failing_header {
    size_t size;
    size_t magic;
};

#define FAILING_MAGIC ((size_t)0x5eedf00d)

static inline void failing_breach(const char *what, size_t told, size_t known)
{
    fprintf(stderr, "failing allocator: %s (told %zu, known %zu)\n", what, told, known);
    abort();
}

static inline void *failing_allocate(void *context, size_t size)
{
    failing *memory = context;
    size_t call = atomic_fetch_add(&memory->calls, 1) + 1;
    if (size == 0)
        failing_breach("an allocation of no bytes", 0, 0);
    if (memory->fail_at != 0 &&
        (call == memory->fail_at || (memory->fail_onwards && call > memory->fail_at)))
        return NULL;
    struct failing_header *header = malloc(sizeof(*header) + size);
    if (header == NULL)
        return NULL;
    *header = (struct failing_header){size, FAILING_MAGIC};
    atomic_fetch_add(&memory->live_blocks, 1);
    atomic_fetch_add(&memory->live_bytes, size);
    return memset(header + 1, 0xa5, size); /* what is read before it is written shows */
}

static inline struct failing_header *failing_header_of(void *block, size_t size)
{
    struct failing_header *header = (struct failing_header *)block - 1;
    if (block == NULL || header->magic != FAILING_MAGIC)
        failing_breach("a block that is none of its own, or released before", size, 0);
    if (header->size != size)
        failing_breach("a block given back with another size", size, header->size);
    return header;
}

static inline void failing_release(void *context, void *block, size_t size)
{
    failing *memory = context;
    struct failing_header *header = failing_header_of(block, size);
    header->magic = 0;
    atomic_fetch_sub(&memory->live_blocks, 1);
    atomic_fetch_sub(&memory->live_bytes, size);
    memset(block, 0xdd, size);
    free(header);
}

static inline void *failing_reallocate(void *context, void *block, size_t old_size, size_t new_size)
{
    failing_header_of(block, old_size);
    void *moved = failing_allocate(context, new_size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    failing_release(context, block, old_size);
    return moved;
}

static inline void failing_init(failing *memory, size_t fail_at)
{
    memory->allocator =
        (firn_allocator){failing_allocate, failing_reallocate, failing_release, memory};
    memory->fail_at = fail_at;
    memory->fail_onwards = false;
    atomic_init(&memory->calls, 0);
    atomic_init(&memory->live_blocks, 0);
    atomic_init(&memory->live_bytes, 0);
}

static inline void failing_check(const failing *memory)
{
    if (atomic_load(&memory->live_blocks) != 0)
        failing_breach("blocks leaked", atomic_load(&memory->live_bytes),
                       atomic_load(&memory->live_blocks));
}

/* Runs work with its first allocation failing, then its second, and so on, then all from the first
 * on, from the second on, ..., until it runs to its end with none. work must return FIRN_OK or
 * FIRN_NO_MEMORY and release all it took either way; what else must hold then, it checks itself.
 * Returns how many allocations the whole work makes. */
typedef firn_status (*failing_work_fn)(const firn_allocator *allocator, void *context);

static inline size_t failing_each(failing_work_fn work, void *context)
{
    size_t total = 0;
    for (int onwards = 0; onwards <= 1; onwards++) {
        for (size_t fail_at = 1;; fail_at++) {
            failing memory;
            failing_init(&memory, fail_at);
            memory.fail_onwards = onwards != 0;
            firn_status status = work(&memory.allocator, context);
            failing_check(&memory);
            if (status != FIRN_OK && status != FIRN_NO_MEMORY)
                failing_breach("another status than FIRN_NO_MEMORY", (size_t)status, fail_at);
            if (atomic_load(&memory.calls) < fail_at) {
                if (status != FIRN_OK)
                    failing_breach("a failure though no allocation failed", 0, fail_at);
                total = fail_at - 1;
                break;
            }
        }
    }
    return total;
}

#endif
