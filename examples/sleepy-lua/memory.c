/* What the process takes, as the kernel counts it. A mapping is a structure of the kernel's of some
 * 200 bytes, more than half of it in a tree's nodes; page tables are counted by it. */
#include "sleepy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPING_BYTES = 200 + 64 };

static double read_kilobytes(const char *path, const char *key)
{
    char line[256];
    double kilobytes = -1;
    FILE *file = fopen(path, "r");
    while (file != NULL && kilobytes < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            kilobytes = strtod(line + strlen(key), NULL);
    if (file != NULL)
        fclose(file);
    if (kilobytes < 0) {
        fprintf(stderr, "sleepy-lua: cannot read %s\n", path);
        exit(1);
    }
    return kilobytes;
}

static double count_mappings(void)
{
    double count = 0;
    int byte;
    FILE *file = fopen("/proc/self/maps", "r");
    while (file != NULL && (byte = getc(file)) != EOF)
        count += byte == '\n';
    if (file != NULL)
        fclose(file);
    return count;
}

memory memory_now(void)
{
    return (memory){
        .pages = read_kilobytes("/proc/self/smaps_rollup", "Rss:") * 1024,
        .page_tables = read_kilobytes("/proc/self/status", "VmPTE:") * 1024,
        .mappings = count_mappings() * MAPPING_BYTES,
    };
}
