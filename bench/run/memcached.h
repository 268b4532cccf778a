/* A load for memcached, over its socket. */
#ifndef FIRN_BENCH_MEMCACHED_H
#define FIRN_BENCH_MEMCACHED_H

#include <stdbool.h>
#include <sys/types.h>

/* Where this process lets memcached listen. */
const char *memcached_socket(void);

/* Waits until the server listens, loads it, checks its answers, and ends it. False when it fails.
 */
bool memcached_load(pid_t server);

#endif
