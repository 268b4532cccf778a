/* The frame of the commands that look at one file: opens the store, finds and decodes the file,
 * calls the command, closes all. */
#ifndef CODE_WITH_FILE_H
#define CODE_WITH_FILE_H

#include "code/commands.h"

/* A file whose nodes are decoded, with its lines. */
struct view {
    struct opened *opened;
    struct opened_file file;
    struct loaded loaded;
    firn_lines lines;
};

/* Prints what the command is for. Failures are written to ret_error and returned; *ret_exit is the
 * exit status after FIRN_OK. */
typedef firn_status (*view_fn)(const struct invocation *invocation, struct view *view,
                               void *context, enum exit_status *ret_exit, firn_error *ret_error);

enum exit_status with_file(const struct invocation *invocation, const char *operand, view_fn show,
                           void *context);

#endif
