/* One URL: asked for, and written where it is to go. */
#ifndef GET_FETCH_H
#define GET_FETCH_H

#include "common/options.h"

#include <firn/http_client.h>

struct fetch {
    firn_http_client *client;
    firn_http_request request; /* but its URL */
    firn_http_pair *fields;    /* of the request, with room for two more */
    bool goes_on;              /* --continue */
    bool has_range;            /* the user's own field asks for a part */
    bool quiet, json;
    bool only_head;
};

/* Gets one into a file (NULL: stdout), reports what fails in one line, and prints what came. */
enum exit_status fetch(const struct fetch *fetch, const char *url, const char *path);

#endif
