/* What --data sends: a text, a file, or what comes from stdin. */
#ifndef GET_BODY_H
#define GET_BODY_H

#include <firn/http_client.h>

struct body {
    const char *path; /* of a file; NULL: none */
    int fd;           /* -1: none */
    int64_t begin;    /* where a file began to be read; -1: it cannot be read again */
    int error;        /* errno of a read that failed */
};

/* Has the request send what data says: a text, @FILE, or @- for stdin. False after one line. The
 * caller calls body_close in any case. */
bool body_open(struct body *body, const char *data, firn_http_request *request);
void body_close(struct body *body);

#endif
