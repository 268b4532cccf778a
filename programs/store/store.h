/* `firn store`: looks after any frozen store, whoever wrote it. */
#ifndef FIRN_PROGRAMS_STORE_H
#define FIRN_PROGRAMS_STORE_H

#include "common/options.h"

/* verify, stat, compact, dump */
extern const struct command_group store_group;

#endif
