/* Runs of pages from chunks of 2 MiB. */
#ifndef FIRN_TIER_CACHE_CHUNK_H
#define FIRN_TIER_CACHE_CHUNK_H

#include <firn/allocator.h>

#include <pthread.h>
#include <stdbool.h>

enum { FIRN_CHUNK_BYTES = 2 << 20, FIRN_CHUNK_RUN_MAX_BYTES = 1 << 20 };

typedef struct firn_cache_chunk firn_cache_chunk;

typedef struct firn_cache_chunks {
    pthread_mutex_t lock;
    firn_cache_chunk **all; /* by their addresses */
    size_t count, capacity;
    firn_cache_chunk *partial; /* those with free pages; the ones used last come first */
    size_t page_bytes;
    uint64_t used_count;           /* pages */
    uint64_t kept_count, kept_max; /* free pages that are resident */
    bool is_huge;
} firn_cache_chunks;

/* Keeps up to kept_bytes of what is given back for the next that is taken. is_huge: asks for huge
 * pages. False when there is no memory. */
FIRN_NODISCARD bool firn_cache_chunks_init(firn_cache_chunks *chunks, uint64_t kept_bytes,
                                           bool is_huge);
/* All runs must have been given back. */
void firn_cache_chunks_fini(firn_cache_chunks *chunks);
/* In a child of fork: whether no other thread was at it. */
bool firn_cache_chunks_at_rest(firn_cache_chunks *chunks);

/* Takes size bytes (a multiple of the page size, up to FIRN_CHUNK_RUN_MAX_BYTES) of any content;
 * NULL when there is no memory. */
void *firn_cache_chunks_take(firn_cache_chunks *chunks, size_t size);
void firn_cache_chunks_give(firn_cache_chunks *chunks, void *run, size_t size);
/* Gives to the kernel what was kept, or with a share what is above that part of what is used. */
void firn_cache_chunks_trim(firn_cache_chunks *chunks, uint32_t share);
/* Bytes that are resident and not used, at the most. */
uint64_t firn_cache_chunks_kept(firn_cache_chunks *chunks);

#endif
