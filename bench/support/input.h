/* What benches read: laid out by scripts of the tree, once. */
#ifndef FIRN_BENCH_INPUT_H
#define FIRN_BENCH_INPUT_H

#include <stdbool.h>

/* Runs `script path` where nothing is at path yet; says so on stderr. False when nothing is there
 * then, either, as where there is no such script. */
bool input_lay_out(const char *script, const char *path);

#endif
