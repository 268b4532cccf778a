/* A context: freed by a reset or a collection, as its mode has it. */
#include "gc/kinds.h"
#include "gc/memory.h"

firn_context *context;
firn_type types[KINDS];

void memory_begin(bool fixed)
{
    const firn_context_options options = {.mode = MEMORY_MODE};
    (void)fixed;
    if (firn_context_create(&options, &context) != FIRN_OK)
        need(NULL);
    for (enum kind kind = 0; kind < KINDS; kind++) {
        const firn_type_options type = kind_type(kind);
        if (firn_context_type_put(context, &type, &types[kind]) != FIRN_OK)
            need(NULL);
    }
}

void hold(void **slot)
{
    if (firn_context_root_put(context, slot) != FIRN_OK)
        need(NULL);
}

void free_all(void)
{
    firn_heap *heap = firn_context_heap(context);
    if ((heap != NULL ? firn_heap_collect(heap, FIRN_COLLECT_FULL) : firn_context_reset(context)) !=
        FIRN_OK)
        need(NULL);
}

struct collections collections(void)
{
    return (struct collections){.minor = 0};
}

void memory_report(void)
{
}
