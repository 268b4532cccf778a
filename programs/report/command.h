/* `firn report`: all benches, measured here and now, as one page. */
#ifndef REPORT_COMMAND_H
#define REPORT_COMMAND_H

#include "common/options.h"

extern const struct command_group report_group;

#endif
