/* The frame of the answers that look at one file: finds and decodes the file, or takes a kept view
 * of it, calls the answer, gives all back. */
#ifndef CODE_WITH_FILE_H
#define CODE_WITH_FILE_H

#include "code/answer.h"
#include "code/commands.h"
#include "code/view.h"

/* Prints what is asked. Failures are written to ret_error and returned. */
typedef firn_status (*view_fn)(const struct question *question, struct view *view,
                               struct emitter *emitter, firn_error *ret_error);

/* Shows the file that path names, as resolve_file takes it; the view may be whole where a partial
 * one is asked for. */
FIRN_NODISCARD firn_status with_file(struct opened *opened, const struct question *question,
                                     const char *path, enum view_kind kind, view_fn show,
                                     struct emitter *emitter, firn_error *ret_error);

#endif
