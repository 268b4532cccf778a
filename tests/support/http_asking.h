/* A client and what tests of it ask with it. Header-only. */
#ifndef FIRN_TESTS_HTTP_ASKING_H
#define FIRN_TESTS_HTTP_ASKING_H

#include "support/http_script.h"

#include <firn/http_client.h>

#define STEPS(list) list, sizeof list / sizeof list[0]

static char body[1 << 20]; /* of the last reply, with a NUL */
static firn_error error;

static inline firn_http_client *client_new(const firn_http_client_options *options)
{
    firn_http_client *client;
    firn_http_client_options none = {.wait_ms = 5000};
    if (firn_http_client_create(options != NULL ? options : &none, &client, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    return client;
}

/* Reads a reply to its end. */
static inline firn_status read_all(firn_http_reply *reply, size_t *ret_size)
{
    size_t size = 0, got = 1;
    while (got > 0) {
        firn_status status =
            firn_http_reply_read(reply, body + size, sizeof body - 1 - size, &got, &error);
        if (status != FIRN_OK)
            return status;
        size += got;
    }
    body[size] = '\0';
    *ret_size = size;
    return FIRN_OK;
}

/* Asks, reads and closes; ret_status may be NULL. */
static inline firn_status ask(firn_http_client *client, const firn_http_request *request,
                              uint16_t *ret_status)
{
    firn_http_reply *reply;
    size_t size;
    firn_status status = firn_http_client_open(client, request, &reply, &error);
    if (status != FIRN_OK)
        return status;
    if (ret_status != NULL)
        *ret_status = firn_http_reply_head(reply)->status;
    status = read_all(reply, &size);
    firn_http_reply_close(reply);
    return status;
}

static inline firn_status get(firn_http_client *client, const char *url, uint16_t *ret_status)
{
    const firn_http_request request = {.url = url};
    return ask(client, &request, ret_status);
}

static inline firn_http_client_stats stats_of(firn_http_client *client)
{
    firn_http_client_stats stats;
    firn_http_client_stats_get(client, &stats);
    return stats;
}

#endif
