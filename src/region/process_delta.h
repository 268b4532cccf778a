/* A page as what differs from a known one: a bit for each of its words of 8 bytes, and the words
 * that differ. Without state. */
#ifndef FIRN_REGION_PROCESS_DELTA_H
#define FIRN_REGION_PROCESS_DELTA_H

#include <stddef.h>
#include <stdint.h>

enum { FIRN_DELTA_MASK_BYTES = 64 }; /* of a page */

/* Writes the mask of a page and its words, for which there is room for a page; returns the bytes of
 * the words. Pages and words are aligned to 8. */
size_t firn_delta_take(const void *page, const void *known, uint8_t *mask, void *words);

/* The bytes of the words that belong to a mask. */
size_t firn_delta_bytes(const uint8_t *mask);

/* Makes the page of a known one. Calls nothing, so that it works while a process becomes another.
 */
void firn_delta_apply(void *page, const uint8_t *mask, const void *words);

#endif
