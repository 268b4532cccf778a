/* Roots: frames on the C stack, handles in chunks that never move, and slots that the program
 * named. Called by the collections, which visit them all each time; calls the allocator only.
 * Threads: one. Complexity: making a handle or naming a slot O(1), visiting O(roots).
 *
 * Invariants:
 *   I1  handles in use are the first handle_count slots of the chunks from handles_first on
 *   I2  `handles` is the chunk of the last one, NULL when there is none
 */
#include "alloc/heap/roots.h"

static void visit_all(void **slots, size_t count, firn_tracer *tracer)
{
    for (size_t i = 0; i < count; i++)
        tracer->visit(tracer, &slots[i]);
}

static void visit_handles(struct heap *heap, firn_tracer *tracer)
{
    size_t left = heap->handle_count;
    for (handle_chunk *chunk = heap->handles_first; left > 0; chunk = chunk->next) {
        size_t count = left < HANDLE_CHUNK ? left : HANDLE_CHUNK;
        visit_all(chunk->slots, count, tracer);
        left -= count;
    }
}

void firn_roots_visit(struct heap *heap, firn_tracer *tracer)
{
    for (firn_roots *frame = heap->front.roots; frame != NULL; frame = frame->previous)
        visit_all(frame->slots, frame->count, tracer);
    visit_handles(heap, tracer);
    for (size_t i = 0; i < heap->global_count; i++)
        tracer->visit(tracer, heap->globals[i]);
    visit_all(heap->final_due.items, heap->final_due.count, tracer);
}

void firn_roots_fini(struct heap *heap)
{
    for (handle_chunk *chunk = heap->handles_first; chunk != NULL;) {
        handle_chunk *next = chunk->next;
        firn_release(heap->allocator, chunk, sizeof *chunk);
        chunk = next;
    }
    firn_release(heap->allocator, heap->globals, heap->global_capacity * sizeof(void **));
}

/* --- root slots --- */

firn_status firn_heap_root_put(firn_heap *front, void **slot)
{
    struct heap *heap = heap_of(front);
    void *globals = heap->globals;
    if (!firn_grow(heap->allocator, &globals, &heap->global_capacity, heap->global_count + 1,
                   sizeof(void **)))
        return FIRN_NO_MEMORY;
    heap->globals = globals;
    heap->globals[heap->global_count++] = slot;
    return FIRN_OK;
}

firn_status firn_heap_root_remove(firn_heap *front, void **slot)
{
    struct heap *heap = heap_of(front);
    for (size_t i = heap->global_count; i-- > 0;) {
        if (heap->globals[i] == slot) {
            heap->globals[i] = heap->globals[--heap->global_count];
            return FIRN_OK;
        }
    }
    return FIRN_NOT_FOUND;
}

/* --- handles --- */

firn_handle_scope firn_handles_begin(firn_heap *front)
{
    return heap_of(front)->handle_count;
}

void firn_handles_end(firn_heap *front, firn_handle_scope scope)
{
    struct heap *heap = heap_of(front);
    assert(scope <= heap->handle_count);
    size_t chunks = (heap->handle_count + HANDLE_CHUNK - 1) / HANDLE_CHUNK;
    size_t kept = (scope + HANDLE_CHUNK - 1) / HANDLE_CHUNK;
    for (; chunks > kept; chunks--)
        heap->handles = heap->handles->previous;
    heap->handle_count = scope;
}

/* Goes to the chunk after the present one, which is full. */
static bool next_chunk(struct heap *heap)
{
    handle_chunk *next = heap->handles != NULL ? heap->handles->next : heap->handles_first;
    if (next == NULL) {
        next = firn_allocate(heap->allocator, sizeof *next);
        if (next == NULL)
            return false;
        next->previous = heap->handles;
        next->next = NULL;
        if (heap->handles != NULL)
            heap->handles->next = next;
        else
            heap->handles_first = next;
    }
    heap->handles = next;
    return true;
}

void **firn_handle_get(firn_heap *front, void *object)
{
    struct heap *heap = heap_of(front);
    size_t within = heap->handle_count % HANDLE_CHUNK;
    if (within == 0 && !next_chunk(heap))
        return NULL;
    heap->handle_count++;
    void **slot = &heap->handles->slots[within];
    *slot = object;
    return slot;
}
