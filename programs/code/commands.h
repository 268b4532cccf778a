/* What the commands of `firn code` share: opening the store that the options name, finding the file
 * that an operand names, printing a place. */
#ifndef CODE_COMMANDS_H
#define CODE_COMMANDS_H

#include "code/code.h"
#include "code/exclude.h"
#include "code/opened.h"
#include "common/emitter.h"
#include "common/options.h"

/* The commands; each in the file of its name. command_ask is that of all that answer.h has. */
enum exit_status command_index(const struct invocation *invocation);
enum exit_status command_ask(const struct invocation *invocation);
enum exit_status command_serve(const struct invocation *invocation);
enum exit_status command_verify(const struct invocation *invocation);
enum exit_status command_lsp(const struct invocation *invocation);
enum exit_status command_update(const struct invocation *invocation);
enum exit_status command_watch(const struct invocation *invocation);

/* Reads the patterns of --exclude; reports a wrong one. */
enum exit_status read_excludes(const struct invocation *invocation, struct exclude *exclude);

/* Opens the store of --store with the cache that --ram allows. */
FIRN_NODISCARD firn_status open_store(const struct invocation *invocation, struct opened *opened,
                                      firn_error *ret_error);

/* Finds the file that an operand names: by its path in the index, else by the path from folder
 * (NULL: where the user stands). */
FIRN_NODISCARD firn_status resolve_file(struct opened *opened, const char *operand,
                                        const char *folder, struct opened_file *ret_file,
                                        firn_error *ret_error);

/* `path:line:column: ` in plain text; row and column from 0. */
void print_place(struct emitter *emitter, const char *path, uint32_t row, uint32_t column);

/* A text as one word: blanks and backslashes in it are escaped (\\s, \\n, \\t, \\\\). */
void print_word(struct emitter *emitter, const char *word);

/* The values "line" and "column" in JSON, from 1. */
void emit_point(struct emitter *emitter, firn_point point);

#endif
