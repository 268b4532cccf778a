/* What the commands of `firn store` share. */
#ifndef STORE_COMMANDS_H
#define STORE_COMMANDS_H

#include "common/emitter.h"
#include "common/options.h"

#include <firn/store.h>

/* The commands; each in the file of its name. */
enum exit_status command_store_verify(const struct invocation *invocation);
enum exit_status command_store_stat(const struct invocation *invocation);
enum exit_status command_store_compact(const struct invocation *invocation);
enum exit_status command_store_dump(const struct invocation *invocation);

/* Opens the store that the operand names; NULL after one line on stderr. */
firn_store *open_operand(const struct invocation *invocation);

/* "raw", "lz4", "zstd", "zstd+dictionary" */
const char *codec_name(firn_codec_kind codec);

#endif
