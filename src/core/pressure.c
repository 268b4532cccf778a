/* Reads /proc/pressure/memory and memory.pressure of the process's control group, whose first line
 * is `some avg10=1.23 avg60=...`. The group's own limit makes its processes wait while the machine
 * has memory enough, and the machine's shows what others cause. Called by tier/; calls cgroup.c and
 * kernel_text.c. Threads: no state. Memory: some paths of stack. */
#include "core/pressure.h"

#include "core/cgroup.h"
#include "core/kernel_text.h"

#include <limits.h>
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

/* Raises *share to what the file tells; false when it tells nothing. */
static bool read_file(const char *folder, const char *path, uint32_t *share)
{
    firn_kernel_lines lines;
    uint32_t found = 0;
    if (!firn_kernel_lines_open(&lines, folder, path))
        return false;
    const char *line = firn_kernel_lines_next(&lines);
    bool reads = line != NULL && strncmp(line, WORD, sizeof WORD - 1) == 0 &&
                 read_share(line + sizeof WORD - 1, &found);
    firn_kernel_lines_close(&lines);
    if (reads && found > *share)
        *share = found;
    return reads;
}

bool firn_pressure_memory(const char *root, uint32_t *ret_share)
{
    char folder[PATH_MAX];
    uint32_t share = 0;
    bool found = read_file(root, "/proc/pressure/memory", &share);
    if (firn_cgroup_folder(root, folder, sizeof folder))
        found |= read_file(folder, "/memory.pressure", &share);
    if (found)
        *ret_share = share;
    return found;
}
