/* A loop: see connection.h. Confined to its thread. */
#ifndef FIRN_HTTP_LOOP_H
#define FIRN_HTTP_LOOP_H

#include "http/connection.h"

/* Makes a loop whose listener is open already, and which then is the loop's in any case. */
FIRN_NODISCARD firn_status firn_http_loop_init(struct loop *loop, firn_http_server *server,
                                               const firn_http_server_options *options,
                                               int listener);
void firn_http_loop_fini(struct loop *loop);

/* Serves until a stop was asked for and all exchanges are over, or out of time. */
FIRN_NODISCARD firn_status firn_http_loop_run(struct loop *loop, const atomic_bool *stops);

#endif
