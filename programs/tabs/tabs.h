/* `firn tabs`. */
#ifndef TABS_TABS_H
#define TABS_TABS_H

#include "common/options.h"

extern const struct command_group tabs_group;

#endif
