/* The C library's malloc and free: there is nothing to begin. */
#include "gc/memory.h"

void memory_begin(bool fixed)
{
    (void)fixed;
}

void hold(void **slot)
{
    (void)slot;
}

void free_all(void)
{
}

struct collections collections(void)
{
    return (struct collections){.minor = 0};
}

void memory_report(void)
{
}
