/* Manual pages from the command tables, as scdoc takes them. */
#ifndef FIRN_PROGRAMS_MANUAL_H
#define FIRN_PROGRAMS_MANUAL_H

#include "common/options.h"

#include <stdio.h>

/* firn(1), which lists all commands. groups ends with NULL. */
void manual_print(FILE *out, const struct command_group *const *groups);
/* firn-GROUP(1), which lists its commands, or is that of the one that it is. */
void manual_print_group(FILE *out, const struct command_group *group);
/* firn-GROUP-COMMAND(1) */
void manual_print_command(FILE *out, const struct command_group *group,
                          const struct command *command);
/* What follows the word firn for each page but the first, a line each: "code", "code find". */
void manual_print_names(FILE *out, const struct command_group *const *groups);

#endif
