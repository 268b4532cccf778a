/* `firn get`. */
#ifndef GET_GET_H
#define GET_GET_H

#include "common/options.h"

extern const struct command_group get_group;

#endif
