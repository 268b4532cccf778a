/* `firn run`: any program on Firn's allocators. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "common/options.h"

extern const struct command_group run_group;

#endif
