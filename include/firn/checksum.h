/* CRC-32C (Castagnoli), by ISA-L. Thread-safe. */
#ifndef FIRN_CHECKSUM_H
#define FIRN_CHECKSUM_H

#include <firn/api.h>

FIRN_BEGIN

/* The CRC-32C of data, as RFC 3720 defines it ("123456789" gives 0xE3069283). To go on from an
 * earlier part, pass that part's result as crc; else pass 0. */
FIRN_API uint32_t firn_crc32c(uint32_t crc, const void *data, size_t size);

FIRN_END

#endif
