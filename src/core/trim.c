/* See trim.h. */
#include "core/trim.h"

#include <malloc.h>

void firn_system_heap_trim(void)
{
    (void)malloc_trim(0);
}
