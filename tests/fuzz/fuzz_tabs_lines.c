/* Lines of a script, on tabs whose processes end as soon as they are there: each command has one
 * line as its answer. */
#include "tabs_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes its time. */
static bool is_sleep(const char *line, size_t size)
{
    size_t at = 0;
    while (at < size && (line[at] == ' ' || line[at] == '\t'))
        at++;
    return size - at >= 5 && memcmp(line + at, "sleep", 5) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *last = at + size;
    unsigned count = 0;
    world_begin(NULL, 0);
    world.host.json = size > 0 && (data[size - 1] & 1);
    for (bool goes_on = true; goes_on && at < last && count < 50; count++) {
        const char *end = memchr(at, '\n', (size_t)(last - at));
        const size_t bytes = (size_t)((end != NULL ? end : last) - at);
        if (!is_sleep(at, bytes))
            goes_on = world_ask(at, bytes);
        at += bytes + 1;
    }
    world_end();
    return 0;
}
