/* The history of a browser: visits (URL, title, time), kept for good in a folder of their own, at
 * some 9 bytes a visit (bench/tabs measures it).
 *
 * FOLDER/visits is a frozen store of columns: pages (URL and title, each pair once) and visits (the
 * number of a page, and a time); FOLDER/recent has the newest visits until they make a block, so
 * that a visit is safe from the end of this process as soon as history_add returns, and from the
 * machine's after history_flush. Format: docs/formats/history.md. RAM: the newest visits, at most
 * some 2 MB (8 MB while they cannot be packed), and what a search holds while it runs.
 *
 * Threads: confined to one. */
#ifndef TABS_HISTORY_HISTORY_H
#define TABS_HISTORY_HISTORY_H

#include <firn/allocator.h>
#include <firn/bytes.h>
#include <firn/status.h>
#include <firn/usage.h>

typedef struct history history;

/* Longer URLs and titles are cut off. */
#define HISTORY_TEXT_MAX_BYTES 4096u

/* Opens the history in a folder, which is made when it is missing (its parent must exist); what a
 * process that died left half written is passed over. allocator NULL: the system's. FIRN_BUSY when
 * another has it open; FIRN_NOT_STORE, FIRN_CORRUPT, FIRN_VERSION, FIRN_PERMISSION, FIRN_NO_MEMORY,
 * FIRN_NO_SPACE, FIRN_IO. */
firn_status history_open(const char *folder, const firn_allocator *allocator, history **ret_history,
                         firn_error *ret_error);
/* What was added stays. NULL is let pass. */
void history_close(history *visited);

/* Adds a visit; time_ms since 1970. Texts hold any bytes. FIRN_NO_MEMORY, FIRN_NO_SPACE, FIRN_IO,
 * FIRN_CORRUPT (of a block that must be read to write the next): the visit is not added. */
firn_status history_add(history *visited, firn_bytes url, firn_bytes title, int64_t time_ms,
                        firn_error *ret_error);

/* Makes all that was added safe from a failure of the machine. FIRN_NO_SPACE, FIRN_IO. */
firn_status history_flush(history *visited, firn_error *ret_error);

typedef enum history_how {
    HISTORY_SUBSTRING, /* in the URL or the title; letters of ASCII in either case */
    HISTORY_PREFIX,    /* of the URL, with or without its scheme and "www.", or of the title */
} history_how;

typedef struct history_query {
    firn_bytes text; /* empty: everything */
    history_how how;
    size_t limit;     /* of what is told; 0: none */
    bool every_visit; /* else of each URL and title only the last visit */
} history_query;

typedef struct history_visit {
    firn_bytes url, title; /* valid during the call */
    int64_t time_ms;
} history_visit;

/* Takes a visit; false ends the search. */
typedef bool (*history_visit_fn)(void *context, const history_visit *visit);

/* Tells of the visits that were asked for, the one added last first. FIRN_CORRUPT (what could not
 * be read is left out, and all others were told), FIRN_NO_MEMORY, FIRN_IO. */
firn_status history_search(history *visited, const history_query *query, history_visit_fn visit,
                           void *context, firn_error *ret_error);

typedef struct history_summary {
    uint64_t visit_count, page_count; /* pages: different pairs of URL and title; those of the
                                         newest visits are not counted among them */
    uint64_t disk_bytes;
    uint64_t ram_bytes;
} history_summary;
void history_usage(const history *visited, history_summary *ret_summary);

#endif
