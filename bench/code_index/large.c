/* See large.h. Each is measured once: sizes are the same in every run. */
#include "code_index/large.h"

#include <stdio.h>

#include "code_index/program.h"
#include "code_index/queries.h"
#include "code_index/serving.h"

enum { NAMES = 31 };

void large_measure(const char *root, struct large *ret_large)
{
    static char output[1 << 20], store[4400], names[4400];
    const char *folder = folder_make();
    snprintf(store, sizeof store, "%s/store", folder);
    snprintf(names, sizeof names, "%s/names", folder);
    const char *const words[] = {"code", "index",  root,      "--store",
                                 store,  "--json", "--quiet", NULL};
    program_run_firn(words, output, sizeof output);
    *ret_large = (struct large){.lines = program_value(output, "lines"),
                                .seconds = program_value(output, "seconds"),
                                .tree_bytes = program_value(output, "tree_bytes"),
                                .store_bytes = program_value(output, "store_bytes"),
                                .index_rss_bytes = program_value(output, "peak_rss_bytes")};
    queries_names(store, names, NAMES);
    ret_large->resident_bytes = serving_pss(store, names, true);
    ret_large->tiered_bytes = serving_pss(store, names, false);
    folder_remove(folder);
}
