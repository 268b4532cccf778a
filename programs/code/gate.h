/* A gate that workers pass with an estimate of the memory they are about to take, so that their sum
 * stays below a budget; one that is alone is let in with any. First come, first served. Shared
 * between threads. */
#ifndef CODE_GATE_H
#define CODE_GATE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct gate {
    pthread_mutex_t mutex; /* private, all */
    pthread_cond_t moved;
    size_t limit_bytes;
    size_t used_bytes;
    unsigned inside;
    uint64_t next_ticket;
    uint64_t served;
};

void gate_init(struct gate *gate, size_t limit_bytes);
void gate_fini(struct gate *gate);
/* Waits until there is room. Each enter is followed by a leave with the same figure. */
void gate_enter(struct gate *gate, size_t bytes);
void gate_leave(struct gate *gate, size_t bytes);

#endif
