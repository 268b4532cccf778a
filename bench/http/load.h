/* Clients of a server on this machine, all in one thread: they ask, and count what is answered. */
#ifndef FIRN_BENCH_HTTP_LOAD_H
#define FIRN_BENCH_HTTP_LOAD_H

#include <stdint.h>

/* Waits up to five seconds for a server on the port; ends this program when there is none. */
void load_wait(uint16_t port);
/* Waits up to 70 seconds until a server could have the port: what the kernel keeps of a connection
 * or a ring of one that was killed may have it for a while. */
void load_wait_gone(uint16_t port);

/* So many connections that each send `depth` requests in one piece and read their answers, until
 * there were about `requests`; returns how many there were. All answers must be of the same size.
 * load_run is the three of load_begin, load_go_on, which may be called again, and load_end. */
void load_begin(uint16_t port, unsigned connections, unsigned depth);
uint64_t load_go_on(uint64_t requests);
void load_end(void);
uint64_t load_run(uint16_t port, unsigned connections, unsigned depth, uint64_t requests);

/* Opens so many connections, each of which asks once; load_close ends them. */
void load_open(uint16_t port, unsigned connections);
void load_close(void);

#endif
