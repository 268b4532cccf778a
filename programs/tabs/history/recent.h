/* The newest visits of a history, in a file that grows by one record a visit, and in memory.
 *
 *     "FIRNVIS\n"   8 bytes
 *     version       4 bytes: 1
 *     CRC-32C       4 bytes: of all other bytes of this head
 *     first         8 bytes: how many visits there were before the first one of this file
 *     records       CRC-32C of what follows of it (4), time (8), sizes of URL and title (2 each),
 *                   URL, title
 *
 * A record that does not fit its checksum ends the file: what follows was never acknowledged, or
 * is damaged. Numbers are little-endian. */
#ifndef TABS_HISTORY_RECENT_H
#define TABS_HISTORY_RECENT_H

#include "tabs/history/history.h"

#include <firn/file.h>

#define RECENT_HEAD_BYTES 24u
#define RECENT_RECORD_BYTES 16u /* without its texts */

typedef struct recent {
    const firn_allocator *allocator;
    char *path;
    size_t path_bytes;
    firn_file file;
    uint64_t file_bytes; /* up to the last whole record */
    bool is_torn;        /* the file may be longer */
    uint8_t *data;       /* records */
    size_t size, capacity;
    uint32_t *at; /* where each begins */
    size_t count, at_capacity;
} recent;

/* Reads what the bytes of a file hold into *ret_first and `recent`, but for the first `skip`
 * visits of all there are, and tells how many bytes are right. Any bytes are safe. FIRN_NOT_STORE
 * and FIRN_VERSION by the head, FIRN_CORRUPT when that is damaged; FIRN_NO_MEMORY. */
firn_status recent_read(recent *newest, const void *data, size_t size, uint64_t skip,
                        uint64_t *ret_first, size_t *ret_right_bytes);

/* Opens FOLDER/recent, or makes it; visit_count: those that are in the store already. */
firn_status recent_open(recent *newest, const char *folder, uint64_t visit_count,
                        const firn_allocator *allocator, firn_error *ret_error);
void recent_close(recent *newest);

/* Adds a visit, in the file and in memory; both or none. */
firn_status recent_add(recent *newest, const history_visit *visit, firn_error *ret_error);
/* The file begins anew behind visit_count visits; where that cannot be written, the old file goes
 * on, whose first visits are passed over when it is read. */
void recent_clear(recent *newest, uint64_t visit_count);
firn_status recent_sync(recent *newest, firn_error *ret_error);

history_visit recent_get(const recent *newest, size_t index);

#endif
