/* Weak references: cells outside of the range, in a list of those to young objects, one of those to
 * old ones and one of cleared ones, so that a minor collection looks at the young ones only. Called
 * by nursery.c, mark.c and compact.c; calls the allocator. Threads: one. Complexity: O(1) each;
 * O(list) in the pause of a collection.
 *
 * Invariant I1: the target of a cell in weak_young is young, in weak_old old, in weak_cleared NULL.
 */
#include "alloc/heap/weak.h"

static void link_to(firn_weak **list, firn_weak *weak)
{
    weak->next = *list;
    weak->link = list;
    if (weak->next != NULL)
        weak->next->link = &weak->next;
    *list = weak;
}

static void unlink_from_list(firn_weak *weak)
{
    *weak->link = weak->next;
    if (weak->next != NULL)
        weak->next->link = weak->link;
}

static void clear(struct heap *heap, firn_weak *weak)
{
    unlink_from_list(weak);
    weak->target = NULL;
    link_to(&heap->weak_cleared, weak);
    heap->stats.weak_cleared_count++;
}

firn_weak *firn_weak_create(firn_heap *front, void *object)
{
    struct heap *heap = heap_of(front);
    if (object == NULL || (!is_young(heap, object) && !is_old(heap, object)))
        return NULL;
    firn_weak *weak = firn_allocate(heap->allocator, sizeof *weak);
    if (weak == NULL)
        return NULL;
    weak->target = object;
    link_to(is_young(heap, object) ? &heap->weak_young : &heap->weak_old, weak); /* I1 */
    return weak;
}

void *firn_weak_get(const firn_weak *weak)
{
    return weak->target;
}

void firn_weak_destroy(firn_heap *front, firn_weak *weak)
{
    if (weak == NULL)
        return;
    unlink_from_list(weak);
    firn_release(heap_of(front)->allocator, weak, sizeof *weak);
}

void firn_weak_minor(struct heap *heap, uintptr_t from_start, size_t from_bytes)
{
    for (firn_weak *weak = heap->weak_young, *next; weak != NULL; weak = next) {
        next = weak->next;
        assert((uintptr_t)weak->target - from_start < from_bytes);
        (void)from_start;
        (void)from_bytes;
        header_word h = *header_of(weak->target);
        if (!(h & HEADER_FORWARDED)) {
            clear(heap, weak);
            continue;
        }
        weak->target = (void *)(uintptr_t)(h - HEADER_FORWARDED);
        if (!is_young(heap, weak->target)) {
            unlink_from_list(weak);
            link_to(&heap->weak_old, weak);
        }
    }
}

void firn_weak_marked(struct heap *heap)
{
    for (firn_weak *weak = heap->weak_old, *next; weak != NULL; weak = next) {
        next = weak->next;
        if (!is_marked(heap, weak->target))
            clear(heap, weak);
    }
}

static void visit_list(firn_weak *weak, firn_tracer *tracer)
{
    for (; weak != NULL; weak = weak->next)
        tracer->visit(tracer, &weak->target);
}

void firn_weak_visit(struct heap *heap, firn_tracer *tracer)
{
    visit_list(heap->weak_young, tracer);
    visit_list(heap->weak_old, tracer);
}

static void free_list(struct heap *heap, firn_weak *weak)
{
    while (weak != NULL) {
        firn_weak *next = weak->next;
        firn_release(heap->allocator, weak, sizeof *weak);
        weak = next;
    }
}

void firn_weak_fini(struct heap *heap)
{
    free_list(heap, heap->weak_young);
    free_list(heap, heap->weak_old);
    free_list(heap, heap->weak_cleared);
}
