/* A piece of memory that somebody else owns. */
#ifndef FIRN_BYTES_H
#define FIRN_BYTES_H

#include <firn/api.h>

FIRN_BEGIN

/* data may be NULL when size is 0. */
typedef struct firn_bytes {
    const void *data;
    size_t size;
} firn_bytes;

FIRN_END

#endif
