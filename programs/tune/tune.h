/* `firn tune`: what a program does, and which settings fit it. */
#ifndef TUNE_TUNE_H
#define TUNE_TUNE_H

#include "common/options.h"

extern const struct command_group tune_group;

enum exit_status command_tune_memory(const struct invocation *invocation);
enum exit_status command_tune_bench(const struct invocation *invocation);
enum exit_status command_tune_recommend(const struct invocation *invocation);
enum exit_status command_tune_track(const struct invocation *invocation);

#endif
