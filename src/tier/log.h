/* The log of the commits since the manifest was written (docs/formats/frozen.md). */
#ifndef FIRN_TIER_LOG_H
#define FIRN_TIER_LOG_H

#include "tier/manifest.h"

enum { FIRN_LOG_HEADER_BYTES = 36, FIRN_LOG_RECORD_HEADER_BYTES = 40, FIRN_LOG_SEAL_BYTES = 20 };

/* The checkpoint that a log goes on from. */
typedef struct firn_log_base {
    uint64_t store_id;
    uint64_t generation;
    uint32_t crc; /* the checkpoint's */
} firn_log_base;

/* Writes FIRN_LOG_HEADER_BYTES to out. */
void firn_log_header_write(const firn_log_base *base, uint8_t *out);

/* A record, and its bytes. previous_crc: of the record before, or of the checkpoint. Returns the
 * record's own CRC. */
size_t firn_log_record_bytes(const firn_changes *changes);
uint32_t firn_log_record_write(const firn_changes *changes, uint32_t previous_crc, uint8_t *out);

/* The mark that a record was synced. Writes FIRN_LOG_SEAL_BYTES to out. */
void firn_log_seal_write(uint64_t store_id, uint64_t generation, uint32_t record_crc, uint8_t *out);

/* How a log ends. */
typedef struct firn_log_end {
    size_t bytes; /* of what is whole */
    uint32_t crc; /* of the last record, or of the checkpoint */
    bool sealed;  /* that one was synced, as is known for certain */
    bool torn;    /* bytes of a record that was never acknowledged follow */
} firn_log_end;

/* Reads the log that goes on from a checkpoint, whose state then takes in what the commits changed.
 * FIRN_CORRUPT, FIRN_VERSION, FIRN_NO_MEMORY, with *ret_cause; the state is then to be released. */
FIRN_NODISCARD firn_status firn_log_replay(const uint8_t *data, size_t size,
                                           const firn_log_base *base,
                                           const firn_allocator *allocator, firn_state *state,
                                           firn_log_end *ret_end, const char **ret_cause);

#endif
