/* Firn's arena. */
#include "gc/memory.h"

firn_arena arena;

void memory_begin(bool fixed)
{
    (void)fixed;
    if (firn_arena_init(&arena, NULL) != FIRN_OK)
        need(NULL);
}

void hold(void **slot)
{
    (void)slot;
}

void free_all(void)
{
    firn_arena_reset(&arena);
}

struct collections collections(void)
{
    return (struct collections){.minor = 0};
}

void memory_report(void)
{
}
