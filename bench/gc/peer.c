/* A program for each memory: `PEER WORK SIZE`. */
#include <string.h>

#include "gc/memory.h"
#include "gc/work.h"

int main(int count, char **words)
{
    static const struct {
        const char *name;
        void (*run)(uint32_t size);
    } works[] = {{"trees", work_trees}, {"gcbench", work_gcbench}, {"map", work_map},
                 {"ring", work_ring},   {"minor", work_minor},     {"mix", work_mix}};
    for (size_t i = 0; count == 3 && i < sizeof works / sizeof works[0]; i++)
        if (strcmp(words[1], works[i].name) == 0) {
            works[i].run((uint32_t)strtoul(words[2], NULL, 10));
            memory_report();
            return 0;
        }
    fprintf(stderr, "usage: %s trees|gcbench|map|ring|minor|mix SIZE\n", words[0]);
    return 2;
}
