/* The servers that bench/http compares: each answers every request with the same 13 bytes, in one
 * loop, worker or thread. A server that is not installed exits with CONTENDER_ABSENT. */
#ifndef FIRN_BENCH_HTTP_SERVERS_H
#define FIRN_BENCH_HTTP_SERVERS_H

#include <stdint.h>
#include <sys/types.h>

enum server {
    SERVER_FIRN,
    SERVER_NGINX,
    SERVER_H2O,
    SERVER_LIGHTTPD,
    SERVER_MICROHTTPD,
    SERVER_FASTHTTP,
    SERVER_EPOLL, /* bare: they look for empty lines, no more */
    SERVER_URING,
    SERVERS
};
extern const char *const server_names[SERVERS];

/* Starts one at a port of 127.0.0.1, with a folder for what it must write. preload: NULL, or a
 * library; profile: of Firn's. Where LEDGER is in the environment, Firn's own tells its slabs'
 * calls there. */
pid_t server_start(enum server which, uint16_t port, const char *folder, const char *profile,
                   const char *preload);

/* Serves as Firn, in this process. */
_Noreturn void server_be_firn(uint16_t port, const char *profile);

#endif
