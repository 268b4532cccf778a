/* Messages between the thread that reads and the one that works, in their order; and the word that
 * a request is not wanted any more. What waits is bounded: a put waits for room, so that a client
 * which sends without end is read no faster than it is answered. One thread puts and cancels, one
 * takes. */
#ifndef CODE_LSP_QUEUE_H
#define CODE_LSP_QUEUE_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define QUEUE_MAX 256u
#define QUEUE_MAX_BYTES ((size_t)64 << 20) /* of messages as they came; one alone may have more */

struct queue_item {
    json_t *message; /* NULL: something that was none */
    int error;       /* then why, as server.h numbers it */
    size_t bytes;
    bool is_cancelled;
};

enum queue_event { QUEUE_ITEM, QUEUE_TIME, QUEUE_END };

struct queue {
    pthread_mutex_t mutex; /* private, all */
    pthread_cond_t has_item, has_room;
    struct queue_item items[QUEUE_MAX];
    size_t first, count, bytes;
    bool is_closed;    /* nothing more is put */
    bool is_abandoned; /* nothing more is taken */
    const json_t *current;
    atomic_bool current_cancelled;
};

void queue_init(struct queue *queue);
/* Drops what is left. */
void queue_fini(struct queue *queue);

/* Puts an item, which is taken over in any case; false when nothing is taken any more. */
bool queue_put(struct queue *queue, json_t *message, int error, size_t bytes);
/* Cancels the request of this id, whether it waits or is at work. */
void queue_cancel(struct queue *queue, const json_t *id);
/* Nothing more will be put; drop also what waits, and cancel what is at work. */
void queue_close(struct queue *queue, bool drop);

/* Takes the next item, waiting for up to timeout_ms. The item's message is given back by
 * queue_done.
 */
enum queue_event queue_take(struct queue *queue, unsigned timeout_ms, struct queue_item *ret_item);
void queue_done(struct queue *queue, struct queue_item *item);
/* Nothing more will be taken. */
void queue_abandon(struct queue *queue);
/* Whether the request at work was cancelled. */
bool queue_is_cancelled(const struct queue *queue);

#endif
