/* See queue.h. */
#include "code/lsp/queue.h"

#include <time.h>

void queue_init(struct queue *queue)
{
    pthread_condattr_t attributes;
    *queue = (struct queue){.first = 0};
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->has_item, &attributes);
    pthread_cond_init(&queue->has_room, NULL);
    pthread_condattr_destroy(&attributes);
}

static void drop_all(struct queue *queue)
{
    for (; queue->count > 0; queue->count--) {
        json_decref(queue->items[queue->first].message);
        queue->first = (queue->first + 1) % QUEUE_MAX;
    }
    queue->bytes = 0;
}

void queue_fini(struct queue *queue)
{
    drop_all(queue);
    pthread_cond_destroy(&queue->has_item);
    pthread_cond_destroy(&queue->has_room);
    pthread_mutex_destroy(&queue->mutex);
}

static bool has_room(const struct queue *queue, size_t bytes)
{
    return queue->count == 0 ||
           (queue->count < QUEUE_MAX && bytes <= QUEUE_MAX_BYTES - queue->bytes);
}

bool queue_put(struct queue *queue, json_t *message, int error, size_t bytes)
{
    const size_t counted = bytes < QUEUE_MAX_BYTES ? bytes : QUEUE_MAX_BYTES;
    pthread_mutex_lock(&queue->mutex);
    while (!queue->is_abandoned && !has_room(queue, counted))
        pthread_cond_wait(&queue->has_room, &queue->mutex);
    const bool is_taken = !queue->is_abandoned;
    if (is_taken) {
        const size_t at = (queue->first + queue->count++) % QUEUE_MAX;
        queue->items[at] = (struct queue_item){message, error, counted, false};
        queue->bytes += counted;
        pthread_cond_signal(&queue->has_item);
    }
    pthread_mutex_unlock(&queue->mutex);
    if (!is_taken)
        json_decref(message);
    return is_taken;
}

void queue_cancel(struct queue *queue, const json_t *id)
{
    if (!json_is_integer(id) && !json_is_string(id))
        return;
    pthread_mutex_lock(&queue->mutex);
    if (queue->current != NULL && json_equal(json_object_get(queue->current, "id"), id))
        atomic_store(&queue->current_cancelled, true);
    for (size_t i = 0; i < queue->count; i++) {
        struct queue_item *item = &queue->items[(queue->first + i) % QUEUE_MAX];
        if (json_equal(json_object_get(item->message, "id"), id))
            item->is_cancelled = true;
    }
    pthread_mutex_unlock(&queue->mutex);
}

void queue_close(struct queue *queue, bool drop)
{
    pthread_mutex_lock(&queue->mutex);
    queue->is_closed = true;
    if (drop) {
        drop_all(queue);
        atomic_store(&queue->current_cancelled, true);
    }
    pthread_cond_signal(&queue->has_item);
    pthread_mutex_unlock(&queue->mutex);
}

enum queue_event queue_take(struct queue *queue, unsigned timeout_ms, struct queue_item *ret_item)
{
    enum queue_event event = QUEUE_ITEM;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)timeout_ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&queue->mutex);
    while (queue->count == 0 && !queue->is_closed && event == QUEUE_ITEM)
        if (pthread_cond_timedwait(&queue->has_item, &queue->mutex, &until) != 0)
            event = QUEUE_TIME;
    if (queue->count > 0) {
        event = QUEUE_ITEM;
        *ret_item = queue->items[queue->first];
        queue->first = (queue->first + 1) % QUEUE_MAX;
        queue->count--;
        queue->bytes -= ret_item->bytes;
        queue->current = ret_item->message;
        atomic_store(&queue->current_cancelled, false);
        pthread_cond_signal(&queue->has_room);
    } else if (queue->is_closed) {
        event = QUEUE_END;
    }
    pthread_mutex_unlock(&queue->mutex);
    return event;
}

void queue_done(struct queue *queue, struct queue_item *item)
{
    pthread_mutex_lock(&queue->mutex);
    queue->current = NULL;
    pthread_mutex_unlock(&queue->mutex);
    json_decref(item->message);
    item->message = NULL;
}

void queue_abandon(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->is_abandoned = true;
    pthread_cond_signal(&queue->has_room);
    pthread_mutex_unlock(&queue->mutex);
}

bool queue_is_cancelled(const struct queue *queue)
{
    return atomic_load_explicit(&queue->current_cancelled, memory_order_relaxed);
}
