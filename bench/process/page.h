/* What lives in a page process of bench/process. */
#ifndef FIRN_BENCH_PROCESS_PAGE_H
#define FIRN_BENCH_PROCESS_PAGE_H

#include <stdbool.h>

struct page {
    const char *name;
    void (*load)(void);           /* in the zygote: what all pages have */
    void (*begin)(void);          /* in a page: a state of its own */
    bool (*work)(unsigned round); /* changes it a little; false when it is not what it should be */
};

extern const struct page page_malloc;
extern const struct page page_script; /* name NULL: not built in */

#endif
