/* What was fetched, for all tabs once: responses by URL, their bodies by content, packed, in a
 * frozen store or in memory; and pictures that were decoded, in memory that tabs share
 * (pictures.h).
 *
 * A response is kept as HTTP's rules for caches let a private one keep it: see freshness. What has
 * not been asked for for longest makes room for what is new, by S3-FIFO. The rules are RFC 9111's,
 * but that of Vary only Accept-Encoding and User-Agent are known, as the host always sends the
 * same; ranges and partial responses are not kept.
 *
 * Threads: confined to one. */
#ifndef TABS_RESOURCES_RESOURCES_H
#define TABS_RESOURCES_RESOURCES_H

#include <firn/allocator.h>
#include <firn/status.h>

typedef struct resources resources;

#define RESOURCES_BODY_MAX_BYTES (16u << 20) /* larger ones are not kept */

typedef struct resources_options {
    const firn_allocator *allocator; /* NULL: the system's */
    const char *folder;   /* of the frozen store, made when it is missing; NULL: all in memory */
    uint64_t limit_bytes; /* of bodies, packed; 0: 64 MiB in memory, 256 MiB in a folder */
    uint64_t reserved[2]; /* must be 0 */
} resources_options;

/* Takes up what an earlier process left in the folder. A folder that is damaged begins anew, since
 * all in it can be fetched again. FIRN_INVALID, FIRN_BUSY, FIRN_NOT_STORE, FIRN_PERMISSION,
 * FIRN_NO_MEMORY, FIRN_NO_SPACE, FIRN_IO. */
firn_status resources_open(const resources_options *options, resources **ret_resources,
                           firn_error *ret_error);
/* All resources must have been let go. Writes down what is there. NULL is let pass. */
void resources_close(resources *all);
/* Writes down what is there: what came since the last time is lost when the process ends otherwise.
 */
firn_status resources_flush(resources *all, firn_error *ret_error);

/* What came of a fetch, or lay here. */
typedef struct resource {
    unsigned status;     /* of HTTP */
    const char *headers; /* lines "Name: value\r\n", ends with NUL */
    const void *body;    /* NULL when empty */
    size_t body_bytes;
    bool is_fresh;        /* may be used without asking; else ask with the validators below */
    uint64_t content;     /* names the body's bytes while this process lasts: equal numbers, equal
                             bytes; 0: there are none */
    const char *etag;     /* for If-None-Match; NULL: none */
    const char *modified; /* for If-Modified-Since; NULL: none */
    void *body_block, *text_block; /* private, as what follows */
    size_t body_block_bytes, text_block_bytes;
    const firn_allocator *allocator;
} resource;

/* Finds what lies under a URL (absolute, without a fragment; only GET). time_s: since 1970. The
 * caller lets it go. FIRN_NOT_FOUND; FIRN_CORRUPT or FIRN_IO when it cannot be read, which also
 * forgets it; FIRN_NO_MEMORY. */
firn_status resources_get(resources *all, const char *url, int64_t time_s, resource *ret_resource);
void resource_let_go(resource *gone);

/* Keeps the response to a GET, in place of what there was, if it may be kept (*ret_kept may be
 * NULL); requested_s: when it was asked for. FIRN_NO_MEMORY, FIRN_NO_SPACE, FIRN_IO: it is not
 * kept.
 */
firn_status resources_put(resources *all, const char *url, unsigned status, const char *headers,
                          const void *body, size_t body_bytes, int64_t requested_s, bool *ret_kept);
/* Takes the fields of a 304: what lies under the URL is fresh again as these say. FIRN_NOT_FOUND,
 * FIRN_NO_MEMORY. */
firn_status resources_renew(resources *all, const char *url, const char *headers,
                            int64_t requested_s);
/* Forgets a URL, as after an unsafe method; one that is not there is let pass. */
void resources_remove(resources *all, const char *url);

typedef struct resources_summary {
    uint64_t url_count, body_count;
    uint64_t plain_bytes;  /* of the bodies */
    uint64_t packed_bytes; /* of them, in RAM or on disk */
    uint64_t ram_bytes, disk_bytes;
    uint64_t hit_count, miss_count;
} resources_summary;
void resources_usage(const resources *all, resources_summary *ret_summary);

#endif
