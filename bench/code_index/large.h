/* What only a tree of 10 M lines shows: the store, the memory to make it and the memory to serve
 * it. */
#ifndef FIRN_BENCH_CODE_LARGE_H
#define FIRN_BENCH_CODE_LARGE_H

struct large {
    double lines, seconds, tree_bytes, store_bytes, index_rss_bytes;
    double resident_bytes, tiered_bytes; /* of servers */
};

/* Indexes the tree, which is named by its real path, and asks servers of the store for some names.
 */
void large_measure(const char *root, struct large *ret_large);

#endif
