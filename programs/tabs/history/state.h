/* What the files of the history share: the blocks in its store. Included by these files only.
 *
 * The store's root is a block of columns that lists all others: how (0 pages, 1 visits), segment,
 * rows. A block of pages has the columns URL and title, one of visits the number of its page and
 * its time. Pages are numbered from 0 through all blocks of pages in the order of the list; so are
 * visits, the oldest first. */
#ifndef TABS_HISTORY_STATE_H
#define TABS_HISTORY_STATE_H

#include "tabs/history/recent.h"

#include <firn/codec.h>
#include <firn/columns.h>
#include <firn/store.h>

#define RECENT_MAX_VISITS 8192u /* that make a block */
#define RECENT_MAX_BYTES (2u << 20)
#define PAGES_MAX 16384u /* in a block */
#define VISITS_MAX 65536u

typedef enum block_kind { BLOCK_PAGES = 0, BLOCK_VISITS = 1, BLOCK_KINDS } block_kind;

struct block {
    uint32_t segment, rows;
};

struct blocks {
    struct block *items;
    size_t count, capacity;
    uint64_t rows; /* of all */
};

struct history {
    const firn_allocator *allocator;
    firn_store *store;
    firn_codec *codec;
    struct blocks blocks[BLOCK_KINDS];
    recent recent;
    size_t retry_at; /* how many recent visits there must be before they are packed again */
};

/* A block of pages, unpacked: of each row URL and title. */
struct pages {
    firn_bytes *urls, *titles;
    uint32_t rows;
    void *url_block, *title_block;
    size_t url_bytes, title_bytes;
    const firn_allocator *allocator;
};

/* A block of visits, unpacked. */
struct visits {
    uint64_t *pages, *times;
    uint32_t rows;
    const firn_allocator *allocator;
};

/* blocks.c: FIRN_CORRUPT also for a block with another number of rows than is listed. */
firn_status pages_read(history *visited, const struct block *block, struct pages *ret_pages,
                       firn_error *ret_error);
void pages_free(struct pages *pages);
firn_status visits_read(history *visited, const struct block *block, struct visits *ret_visits,
                        firn_error *ret_error);
void visits_free(struct visits *visits);
/* Reads the list of blocks that the store's root is. */
firn_status blocks_read(history *visited, firn_error *ret_error);
void blocks_free(history *visited);

/* pack.c: moves the recent visits into blocks; on failure all stays as it was. */
firn_status history_pack(history *visited, firn_error *ret_error);

#endif
