/* A server of one store on a Unix socket: its clients, and what ends it. The protocol is that of
 * docs/code-server.md. */
#ifndef CODE_SERVE_SERVER_H
#define CODE_SERVE_SERVER_H

#include "code/serve/pool.h"
#include "code/serve/served.h"

#define CLIENT_MAX 256u
#define THREAD_MAX 64u
#define PARTIAL_MS 30000u /* that a line may take to come */
#define STOP_MS 3000u     /* that answers under way have when the server ends */

struct server;

struct server_options {
    struct served *served;
    const char *store; /* absolute path of its folder */
    bool is_resident;  /* told by health */
    int listening;     /* the socket */
    int stop;          /* a descriptor that becomes readable when the server is to end */
};

FIRN_NODISCARD firn_status server_create(const struct server_options *options,
                                         struct server **ret_server, firn_error *ret_error);

/* Serves until it is to end; false when answers under way did not end in time, and the process is
 * to end without server_destroy. */
bool server_run(struct server *server);
void server_destroy(struct server *server);

#endif
