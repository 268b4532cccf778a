/* What a store answers in process, by the parts of `firn code` that its commands use. */
#ifndef FIRN_BENCH_CODE_QUERIES_H
#define FIRN_BENCH_CODE_QUERIES_H

#include <stdbool.h>

/* The median time of `find`, the store's parts being decoded already; in seconds. */
double queries_find(const char *store);

/* The median time to find the node at an offset: in a file that is loaded already, or (frozen) from
 * the store's files on, with a cache that keeps nothing. Files are taken by their bytes' share. */
double queries_at(const char *store, bool frozen);

/* Bytes of the parts of a store, as they are to be searched: checked and decompressed. */
struct queries_plain {
    double trees; /* with the families */
    double names;
    double postings; /* with the definitions */
    double catalog;
};
void queries_plain(const char *store, struct queries_plain *ret_plain);

/* Writes so many names that are defined, spread over the alphabet, into a file, a line each.
 * Returns how many there were. */
unsigned queries_names(const char *store, const char *path, unsigned count);

#endif
