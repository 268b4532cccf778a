/* `firn code`: syntax trees, names and sources of a source tree in one small store. */
#ifndef FIRN_PROGRAMS_CODE_H
#define FIRN_PROGRAMS_CODE_H

#include "common/options.h"

/* index, update, watch, find, refs, outline, at, tree, cat, stats, verify */
extern const struct command_group code_group;

#endif
