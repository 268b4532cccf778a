/* What the command tables say: --help. */
#ifndef FIRN_PROGRAMS_HELP_H
#define FIRN_PROGRAMS_HELP_H

#include "common/options.h"

#include <stdio.h>

#define HELP_SUMMARY "keeps much open in little memory"

/* `firn --help`. groups ends with NULL. */
void help_program(FILE *out, const struct command_group *const *groups);
/* `firn GROUP --help` */
void help_group(FILE *out, const struct command_group *group);
/* `firn GROUP COMMAND --help` */
void help_command(FILE *out, const struct command_group *group, const struct command *command);
/* The line of usage, without what stands before and behind it. */
void help_usage(FILE *out, const struct command_group *group, const struct command *command);

#endif
