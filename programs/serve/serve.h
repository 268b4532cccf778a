/* `firn serve`: a folder over HTTP. */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "common/options.h"

extern const struct command_group serve_group;

#endif
