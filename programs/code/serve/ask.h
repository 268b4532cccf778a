/* Asking the server of a store, from a command. */
#ifndef CODE_SERVE_ASK_H
#define CODE_SERVE_ASK_H

#include "code/answer.h"
#include "common/options.h"

/* Has the server print the answer. False, with nothing printed, when there is no server, or it
 * cannot be asked: the command then opens the store itself. */
bool ask_server(const struct invocation *invocation, const struct method *method,
                const struct question *question, enum exit_status *ret_exit);

#endif
