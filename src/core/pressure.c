/* Reads /proc/pressure/memory, whose first line is `some avg10=1.23 avg60=...`. Called by tier/;
 * calls kernel_text.c. Threads: no state. Memory: 4 KiB of stack. */
#include "core/pressure.h"

#include "core/kernel_text.h"

#include <string.h>

static const char WORD[] = "some avg10=";

/* Reads `12.34` as 1234. */
static bool read_share(const char *text, uint32_t *ret_share)
{
    uint32_t share = 0;
    int digits = 0;
    for (; *text >= '0' && *text <= '9' && digits < 3; text++, digits++)
        share = share * 10 + (uint32_t)(*text - '0');
    if (digits == 0 || text[0] != '.' || text[1] < '0' || text[1] > '9' || text[2] < '0' ||
        text[2] > '9')
        return false;
    *ret_share = share * 100 + (uint32_t)(text[1] - '0') * 10 + (uint32_t)(text[2] - '0');
    return true;
}

bool firn_pressure_memory(const char *root, uint32_t *ret_share)
{
    firn_kernel_lines lines;
    if (!firn_kernel_lines_open(&lines, root, "/proc/pressure/memory"))
        return false;
    const char *line = firn_kernel_lines_next(&lines);
    bool found = line != NULL && strncmp(line, WORD, sizeof WORD - 1) == 0 &&
                 read_share(line + sizeof WORD - 1, ret_share);
    firn_kernel_lines_close(&lines);
    return found;
}
