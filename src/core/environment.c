/* The environment, behind one call, so that nothing else looks at it. Called by alloc/. Threads: no
 * state of its own. Memory: none.
 */
#include "core/environment.h"

#include <stdlib.h>
#include <string.h>

void firn_environment_get(const char *name, char *ret_value, size_t size)
{
    const char *value = getenv(name);
    size_t length = value != NULL ? strnlen(value, size - 1) : 0;
    if (length > 0)
        memcpy(ret_value, value, length);
    ret_value[length] = '\0';
}
