/* Differences: sorted and nearly sorted sequences as gaps, and the edits that turn one text into
 * another (copy and insert ranges). Decoders take hostile bytes. Thread-safe: there is no state.
 * Formats: docs/formats/delta.md. */
#ifndef FIRN_DELTA_H
#define FIRN_DELTA_H

#include <firn/allocator.h>
#include <firn/status.h>

FIRN_BEGIN

/* Packs count values as zigzag gaps (any order is right, sorted is small) into a block from
 * allocator of *ret_size bytes, which the caller releases; NULL and 0 for no values.
 * FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_delta_pack(const uint64_t *values, size_t count,
                                                    const firn_allocator *allocator,
                                                    void **ret_data, size_t *ret_size);
/* Unpacks exactly count values from exactly size bytes. FIRN_CORRUPT. */
FIRN_API FIRN_NODISCARD firn_status firn_delta_unpack(const void *data, size_t size, size_t count,
                                                      uint64_t *ret_values);

/* Finds edits that turn base into target, in linear time and memory of at most 2 bytes a byte of
 * base beside the result, and packs them into a block of *ret_size bytes that the caller releases:
 * never larger than the target and 32 bytes. Matches of 16 bytes and more are found by hashes of
 * blocks, as in rsync and VCDIFF (RFC 3284); where a block of base is repeated much, the earliest
 * few are tried. FIRN_NO_MEMORY; FIRN_LIMIT for inputs of 4 GiB and more. */
FIRN_API FIRN_NODISCARD firn_status firn_edit_pack(const void *base, size_t base_size,
                                                   const void *target, size_t target_size,
                                                   const firn_allocator *allocator, void **ret_data,
                                                   size_t *ret_size);

/* Reads the size of the target from packed edits. FIRN_CORRUPT. Hostile edits may tell any size
 * below 4 GiB: bound it before allocating. */
FIRN_API FIRN_NODISCARD firn_status firn_edit_target_size(const void *edits, size_t edits_size,
                                                          size_t *ret_size);

/* Applies edits to base; target must have room for exactly the size that firn_edit_target_size
 * gave. FIRN_CORRUPT when the edits are damaged or of another base's size; target is then
 * undefined. */
FIRN_API FIRN_NODISCARD firn_status firn_edit_apply(const void *base, size_t base_size,
                                                    const void *edits, size_t edits_size,
                                                    void *target, size_t target_size);

FIRN_END

#endif
