/* What `firn run` would keep of large blocks that were freed, by its own rule, which stands in
 * run/preload/large.c: up to 16 MiB. Confined to one thread at a time. */
#ifndef TRACK_KEPT_H
#define TRACK_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool track_kept_is_large(uint64_t size)
{
    return size > (uint64_t)1 << 20;
}

/* A large block was freed; one is allocated, perhaps in what is kept. */
void track_kept_free(uint64_t size);
void track_kept_alloc(uint64_t size);

uint64_t track_kept_bytes(void);

/* In a child of fork: nothing is. */
void track_kept_reset(void);

#endif
