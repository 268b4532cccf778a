/* Manual pages from the command tables, as scdoc takes them. */
#ifndef FIRN_PROGRAMS_MANUAL_H
#define FIRN_PROGRAMS_MANUAL_H

#include "common/options.h"

#include <stdio.h>

/* firn(1), with all commands. groups ends with NULL. */
void manual_print(FILE *out, const struct command_group *const *groups);
/* firn-GROUP(1) */
void manual_print_group(FILE *out, const struct command_group *group);

#endif
