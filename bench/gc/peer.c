/* A program for each memory: `PEER WORK SIZE`. */
#include <string.h>

#include "gc/memory.h"
#include "gc/work.h"

int main(int count, char **words)
{
    static const struct {
        const char *name;
        void (*run)(uint32_t size);
        bool fixed;
    } works[] = {{"trees", work_trees, false}, {"gcbench", work_gcbench, false},
                 {"map", work_map, false},     {"ring", work_ring, false},
                 {"minor", work_ring, true},   {"mix", work_mix, false}};
    for (size_t i = 0; count == 3 && i < sizeof works / sizeof works[0]; i++)
        if (strcmp(words[1], works[i].name) == 0) {
            memory_begin(works[i].fixed);
            works[i].run((uint32_t)strtoul(words[2], NULL, 10));
            memory_report();
            return 0;
        }
    fprintf(stderr, "usage: %s trees|gcbench|map|ring|minor|mix SIZE\n", words[0]);
    return 2;
}
