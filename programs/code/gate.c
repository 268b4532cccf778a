/* The memory gate: a ticket lock whose holder waits for room. The order keeps a large file from
 * being passed by small ones for ever. */
#include "code/gate.h"

void gate_init(struct gate *gate, size_t limit_bytes)
{
    *gate = (struct gate){.limit_bytes = limit_bytes};
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_cond_init(&gate->moved, NULL);
}

void gate_fini(struct gate *gate)
{
    pthread_cond_destroy(&gate->moved);
    pthread_mutex_destroy(&gate->mutex);
}

void gate_enter(struct gate *gate, size_t bytes)
{
    pthread_mutex_lock(&gate->mutex);
    uint64_t ticket = gate->next_ticket++;
    while (ticket != gate->served ||
           (gate->inside > 0 && (gate->used_bytes >= gate->limit_bytes ||
                                 bytes > gate->limit_bytes - gate->used_bytes)))
        pthread_cond_wait(&gate->moved, &gate->mutex);
    gate->served++;
    gate->inside++;
    gate->used_bytes += bytes;
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->mutex);
}

void gate_leave(struct gate *gate, size_t bytes)
{
    pthread_mutex_lock(&gate->mutex);
    gate->inside--;
    gate->used_bytes -= bytes;
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->mutex);
}
