/* The memory of one parse: what tree-sitter takes while a heap is running comes from it, up to a
 * bound, and all of it goes at once. Where a request cannot be met, the work is left by a long
 * jump, so that tree-sitter, which cannot cope with NULL, never sees one.
 *
 * Nouns: a *block* is what tree-sitter asked for with a header of 8 bytes. Small blocks lie in
 * *chunks*; a freed one waits in the list of its size class. Large blocks come from the allocator
 * one by one. What counts against the bound depends on the requests alone, not on earlier work.
 *
 * A heap is confined to one thread at a time; several may run in different threads. */
#ifndef CODE_HEAP_H
#define CODE_HEAP_H

#include <setjmp.h>

#include <firn/allocator.h>
#include <firn/status.h>

#define HEAP_CLASS_COUNT 96

struct heap_block;
struct heap_chunk;
struct heap_large;

/* Private; taken_bytes = bytes of chunks in use + bytes of large blocks <= limit_bytes. */
struct heap {
    char *next; /* where the next new block goes; to end, in the newest chunk */
    char *end;
    struct heap_block *free[HEAP_CLASS_COUNT];
    struct heap_chunk *chunks; /* in use */
    struct heap_chunk *spare;  /* kept for later */
    size_t spare_count;
    struct heap_large *large;
    size_t live_bytes;
    size_t taken_bytes;
    size_t peak_bytes;
    size_t limit_bytes;
    const firn_allocator *allocator;
    firn_status failure; /* why the work is left */
    jmp_buf escape;
};

/* Makes an empty heap in the caller's struct; allocates nothing. */
void heap_init(struct heap *heap, const firn_allocator *allocator, size_t limit_bytes);
void heap_fini(struct heap *heap);

/* Runs work with tree-sitter's memory taken from the heap. FIRN_LIMIT when work needed more than
 * the bound, FIRN_NO_MEMORY when the allocator had no more: work was then left in the middle of a
 * call of tree-sitter's, and only heap_reset makes the heap usable again. work must not run a heap
 * itself, and must hold nothing across calls of tree-sitter's that only it could release. */
FIRN_NODISCARD firn_status heap_run(struct heap *heap, void (*work)(void *context), void *context);

/* Frees all that was taken; keeps chunks of up to keep_bytes for the next work. */
void heap_reset(struct heap *heap, size_t keep_bytes);

/* Bytes of the blocks in use, rounded up as malloc does, without headers. */
size_t heap_live_bytes(const struct heap *heap);

/* The most bytes that were taken since the last reset, with what waits to be used again. */
size_t heap_peak_bytes(const struct heap *heap);

#endif
