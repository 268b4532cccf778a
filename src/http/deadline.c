/* Deadlines: a list for each kind of waiting, the one that began first in front. As all in a list
 * wait for the same time, beginning, ending and finding the next are O(1) (Varghese and Lauck's
 * scheme for a single interval). */
#include "http/connection.h"

#define LINGER_MS 1000u

static uint32_t or_default(uint32_t ms, uint32_t otherwise)
{
    return ms > 0 ? ms : otherwise;
}

void firn_http_deadlines_init(struct loop *loop)
{
    const firn_http_server_options *options = loop->options;
    loop->deadlines[DEADLINE_IDLE].after_ms = or_default(options->idle_ms, 75000);
    loop->deadlines[DEADLINE_HEAD].after_ms = or_default(options->head_ms, 10000);
    loop->deadlines[DEADLINE_BODY].after_ms = or_default(options->body_ms, 30000);
    loop->deadlines[DEADLINE_SEND].after_ms = or_default(options->send_ms, 30000);
    loop->deadlines[DEADLINE_LINGER].after_ms = LINGER_MS;
}

void firn_http_deadline_end(struct connection *connection)
{
    struct deadline_list *list = &connection->loop->deadlines[connection->deadline];
    *(connection->previous != NULL ? &connection->previous->next : &list->first) = connection->next;
    *(connection->next != NULL ? &connection->next->previous : &list->last) = connection->previous;
    connection->next = connection->previous = NULL;
}

void firn_http_deadline_begin(struct connection *connection, enum deadline which)
{
    struct deadline_list *list = &connection->loop->deadlines[which];
    connection->deadline = (uint8_t)which;
    connection->since_ms = connection->loop->now_ms;
    connection->previous = list->last;
    connection->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = connection;
    list->last = connection;
}

void firn_http_deadline_go_on(struct connection *connection, enum deadline which)
{
    struct deadline_list *list = &connection->loop->deadlines[which];
    if (connection->deadline == which && which == DEADLINE_HEAD)
        return; /* a head has so much time in all */
    if (connection->deadline == which && connection->since_ms == connection->loop->now_ms)
        return;
    if (connection->deadline == which && list->last == connection) {
        connection->since_ms = connection->loop->now_ms;
        return;
    }
    firn_http_deadline_end(connection);
    firn_http_deadline_begin(connection, which);
}

uint32_t firn_http_deadline_next(const struct loop *loop)
{
    uint32_t next = UINT32_MAX;
    for (unsigned which = 0; which < DEADLINE_NEVER; which++) {
        const struct deadline_list *list = &loop->deadlines[which];
        if (list->first == NULL)
            continue;
        uint32_t waited = loop->now_ms - list->first->since_ms;
        uint32_t left = waited < list->after_ms ? list->after_ms - waited : 0;
        next = left < next ? left : next;
    }
    return next;
}

struct connection *firn_http_deadline_missed(const struct loop *loop)
{
    for (unsigned which = 0; which < DEADLINE_NEVER; which++) {
        const struct deadline_list *list = &loop->deadlines[which];
        if (list->first != NULL && loop->now_ms - list->first->since_ms >= list->after_ms)
            return list->first;
    }
    return NULL;
}
