/* The file of pages that processes alike have in common: its form, and what process.c needs of
 * process_share.c. See firn/process.h.
 *
 *     file   0                      the header
 *            k                      a page that in the template's file lies at k, as it is now
 *            FIRN_SHARE_ANONYMOUS+a a page of memory without a file at the address a
 *
 * So where a page lies says what it is, and there is no table: a page that is not there is a hole,
 * zeros. The template's file has nothing but its own table in the first 4 GiB, and ends before
 * FIRN_SHARE_ANONYMOUS.
 */
#ifndef FIRN_REGION_PROCESS_SHARE_H
#define FIRN_REGION_PROCESS_SHARE_H

#include "region/process_work.h"

#define FIRN_SHARE_MAGIC UINT64_C(0x6572616873206e66)
#define FIRN_SHARE_VERSION 1
#define FIRN_SHARE_ANONYMOUS (UINT64_C(1) << 59)
#define FIRN_SHARE_FILE_BYTES (UINT64_C(1) << 60)

typedef struct firn_process_share_header {
    uint64_t magic;
    uint32_t version, page_bytes;
    uint64_t template_id;
    uint32_t reserved;
    uint32_t crc; /* CRC-32C of what stands before */
} firn_process_share_header;
_Static_assert(sizeof(firn_process_share_header) == 32, "the format has 32 bytes");

/* Whether these options are valid; NULL are. */
bool firn_process_share_options_valid(const firn_process_share_options *options);

/* Whether pages of a mapping may be shared: memory that can be written, of the template, without a
 * file or of one that is shared, not kept, and with nothing about it that another mapping in its
 * place would lack. */
bool firn_process_share_may(const firn_process_template *zygote,
                            const firn_process_share_options *options, const firn_mapping *mapping);

/* Where in such a file a page of such a mapping is. */
uint64_t firn_process_share_place(const firn_mapping *mapping, uint64_t address);

/* Whether that is a file whose bytes stay what they are, of pages against the template. False with
 * work's status. */
bool firn_process_share_check(firn_process_work *work, int fd);

/* Whether a mapping is of a file that the process shares. */
bool firn_process_share_is(const firn_process_template *zygote, const firn_mapping *mapping);

/* Makes all that is shared the process's own again. Signals must be blocked. False with work's
 * status: a part may still be shared. */
bool firn_process_share_return(firn_process_work *work);

#endif
