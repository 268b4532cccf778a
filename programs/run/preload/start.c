/* What happens when the library is loaded into a process, and when the process ends. Blocks may
 * have been allocated before: they come from slabs. */
#include "run/environment.h"
#include "run/preload/complain.h"
#include "run/preload/heap.h"
#include "run/preload/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void use_ceiling(const char *text)
{
    char *end = NULL;
    errno = 0;
    run_bump_ceiling = RUN_CEILING_BYTES;
    unsigned long long bytes = text != NULL ? strtoull(text, &end, 10) : 0;
    if (text == NULL)
        return;
    if (errno == 0 && end != text && *end == '\0' && bytes <= SIZE_MAX / 2)
        run_bump_ceiling = (size_t)bytes;
    else
        run_complain(RUN_CEILING, "is no number of bytes; " RUN_CEILING_TEXT " is taken");
}

__attribute__((constructor)) static void begin(void)
{
    const char *mode = getenv(RUN_MODE);
    bool is_compiler = mode != NULL && strcmp(mode, "compiler") == 0;
    if (mode != NULL && !is_compiler && strcmp(mode, "runtime") != 0)
        run_complain(RUN_MODE, "is neither compiler nor runtime; runtime is taken");
    run_heap_watch_forks();
    run_summary_begin(is_compiler ? "compiler" : "runtime");
    if (is_compiler) {
        use_ceiling(getenv(RUN_CEILING));
        run_heap_use_arenas();
    }
}

__attribute__((destructor)) static void end(void)
{
    run_summary_end();
}
