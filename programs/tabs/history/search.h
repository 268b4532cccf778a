/* What a search looks for, made ready: text that is compared without regard to the case of ASCII's
 * letters. */
#ifndef TABS_HISTORY_SEARCH_H
#define TABS_HISTORY_SEARCH_H

#include "tabs/history/history.h"

typedef struct search_text {
    history_how how;
    uint8_t *text; /* in lower case */
    size_t size;
    size_t skip[256]; /* Horspool's: how far to go on from a byte under the last one */
} search_text;

/* FIRN_NO_MEMORY. */
firn_status search_text_init(search_text *text, const history_query *query,
                             const firn_allocator *allocator);
void search_text_fini(search_text *text, const firn_allocator *allocator);

bool search_matches(const search_text *text, firn_bytes url, firn_bytes title);

/* URL, title and the URL's size, by which pages are told apart; returns how many bytes. Room for
 * all of them is the caller's. */
size_t search_key(firn_bytes url, firn_bytes title, uint8_t *ret_key);

#endif
