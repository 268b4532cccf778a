/* What the command tables say, for people and for other programs: --help, the manual page's source
 * and the shell completion. */
#ifndef FIRN_PROGRAMS_HELP_H
#define FIRN_PROGRAMS_HELP_H

#include "common/options.h"

#include <stdio.h>

/* `firn --help`. groups ends with NULL, here and below. */
void help_program(FILE *out, const struct command_group *const *groups);
/* `firn GROUP --help` */
void help_group(FILE *out, const struct command_group *group);
/* `firn GROUP COMMAND --help` */
void help_command(FILE *out, const struct command_group *group, const struct command *command);

/* The manual page firn(1), as scdoc takes it. */
void help_manual(FILE *out, const struct command_group *const *groups);
/* A completion script for bash. */
void help_completion(FILE *out, const struct command_group *const *groups);

#endif
