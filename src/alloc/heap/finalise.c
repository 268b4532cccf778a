/* Finalisers: an object whose type has one stands in a list of young or of old ones; a collection
 * that finds it dead keeps it and moves it to the list of those that are due, which are roots; they
 * run when the pause is over. Called by collect.c, nursery.c and mark.c. Threads: one.
 *
 * Invariants:
 *   I1  each such object stands in exactly one list until its finaliser begins
 *   I2  each list has room for all that stand in any, so that a collection never needs memory
 */
#include "alloc/heap/finalise.h"

static bool ensure(struct heap *heap, object_list *list, size_t count)
{
    void *items = list->items;
    if (!firn_grow(heap->allocator, &items, &list->capacity, count, sizeof(void *)))
        return false;
    list->items = items;
    return true;
}

bool firn_final_ensure(struct heap *heap)
{
    size_t count = heap->final_young.count + heap->final_old.count + heap->final_due.count + 1;
    return ensure(heap, &heap->final_young, count) && ensure(heap, &heap->final_old, count) &&
           ensure(heap, &heap->final_due, count);
}

void firn_final_put(struct heap *heap, void *object)
{
    object_list *list = is_young(heap, object) ? &heap->final_young : &heap->final_old;
    assert(list->count < list->capacity); /* I2 */
    list->items[list->count++] = object;
}

static void visit_list(object_list *list, firn_tracer *tracer)
{
    for (size_t i = 0; i < list->count; i++)
        tracer->visit(tracer, &list->items[i]);
}

void firn_final_visit(struct heap *heap, firn_tracer *tracer)
{
    visit_list(&heap->final_young, tracer);
    visit_list(&heap->final_old, tracer);
}

bool firn_final_run(struct heap *heap, size_t count)
{
    if (heap->finalising)
        return false;
    heap->finalising = true;
    for (; count > 0 && heap->final_due.count > 0; count--) {
        void *object = heap->final_due.items[--heap->final_due.count];
        header_word h = *header_of(object);
        const struct type of = *header_type(heap, h); /* a copy: the finaliser may register types */
        firn_roots frame;
        firn_roots_begin(&heap->front, &frame, &object, 1);
        of.finalise(&heap->front, object, header_size(h), of.context);
        firn_roots_end(&heap->front, &frame);
        heap->stats.finalised_count++;
    }
    heap->finalising = false;
    return heap->final_due.count > 0;
}

static void free_list(struct heap *heap, object_list *list)
{
    firn_release(heap->allocator, list->items, list->capacity * sizeof(void *));
}

void firn_final_fini(struct heap *heap)
{
    free_list(heap, &heap->final_young);
    free_list(heap, &heap->final_old);
    free_list(heap, &heap->final_due);
}
