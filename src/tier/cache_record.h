/* The records of groups and of frozen segments: a key, a value and a number about them. */
#ifndef FIRN_TIER_CACHE_RECORD_H
#define FIRN_TIER_CACHE_RECORD_H

#include <firn/bytes.h>
#include <firn/status.h>

typedef struct firn_cache_record {
    firn_bytes key;
    firn_bytes value;
    uint32_t state; /* whatever the user of the records means by it */
} firn_cache_record;

#define FIRN_CACHE_RECORD_HEAD_MAX_BYTES 13

/* Bytes that a record takes. */
size_t firn_cache_record_size(const firn_cache_record *record);
/* Writes it and returns its size. */
size_t firn_cache_record_put(uint8_t *out, const firn_cache_record *record);

/* Reads the record at *at and moves *at behind it. FIRN_END_OF_DATA when *at is end, FIRN_CORRUPT
 * when there is no whole record with a key of 1 to FIRN_CACHE_KEY_MAX_BYTES. */
FIRN_NODISCARD firn_status firn_cache_record_next(const uint8_t **at, const uint8_t *end,
                                                  firn_cache_record *ret_record);

/* Finds a key; *ret_slot counts the records before it. FIRN_NOT_FOUND, FIRN_CORRUPT. */
FIRN_NODISCARD firn_status firn_cache_record_find(const void *records, size_t size, firn_bytes key,
                                                  firn_cache_record *ret_record,
                                                  uint32_t *ret_slot);

#endif
