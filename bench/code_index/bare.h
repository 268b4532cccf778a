/* What an index is measured against: parsing the same files, and nothing else. */
#ifndef FIRN_BENCH_CODE_BARE_H
#define FIRN_BENCH_CODE_BARE_H

/* Parses all sources below a folder with as many threads as there are processors; the seconds that
 * it took, the walk of the folder left out. */
double bare_parse(const char *root);

#endif
