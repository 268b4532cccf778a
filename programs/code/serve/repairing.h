/* Making the store of a server whole again, when an answer ran into damage: files whose parts are
 * damaged are indexed from their sources, all files when it is the index itself. May be shared
 * between threads. */
#ifndef CODE_SERVE_REPAIRING_H
#define CODE_SERVE_REPAIRING_H

#include <pthread.h>

#include "code/serve/served.h"

#define REPAIR_NOTE_BYTES 256

struct repairing {
    struct served *served;
    pthread_mutex_t mutex;        /* one at a time */
    uint64_t failed;              /* generation + 1 of a store that could not be repaired */
    char note[REPAIR_NOTE_BYTES]; /* of the last repair */
};

void repairing_init(struct repairing *repairing, struct served *served);
void repairing_fini(struct repairing *repairing);

/* Repairs the store that an edition is of, unless another did so since; tells on stderr what came
 * of it, and in note what a client may be told. Whoever answers asks served_take for the edition
 * that comes of it. False when it cannot be repaired: the failure stands. */
bool repairing_run(struct repairing *repairing, const struct edition *edition,
                   char note[REPAIR_NOTE_BYTES]);

#endif
