/* Completion for shells from the command tables. groups ends with NULL, here and below. */
#ifndef FIRN_PROGRAMS_COMPLETION_H
#define FIRN_PROGRAMS_COMPLETION_H

#include "common/options.h"

#include <stdbool.h>
#include <stdio.h>

/* For bash, zsh or fish. False, and nothing is printed, for another shell. */
bool completion_print(FILE *out, const char *shell, const struct command_group *const *groups);

void completion_print_zsh(FILE *out, const struct command_group *const *groups);
void completion_print_fish(FILE *out, const struct command_group *const *groups);

#endif
