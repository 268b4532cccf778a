/* What bench/run lays out once, below build/PRESET/bench/input. */
#ifndef FIRN_BENCH_INPUT_H
#define FIRN_BENCH_INPUT_H

#include <stdbool.h>

/* Where an input is; valid until the next call. */
const char *input_path(const char *name);

/* The source of tree-sitter, which came with the grammars, in one preprocessed file. */
#define INPUT_SOURCE "tree-sitter.i"
void input_make_source(void);
/* Whether that is there or can be made: it needs what `make setup` lays out. */
bool input_has_source(void);

/* A repository with 6,000 commits to the sources of libfirn. */
#define INPUT_HISTORY "history"
void input_make_history(void);

#endif
