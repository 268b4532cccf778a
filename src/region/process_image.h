/* The image of a process (docs/formats/process.md): header, blocks of pages, blocks of tables. Here
 * is what can be read and checked without the template and without the process.
 */
#ifndef FIRN_REGION_PROCESS_IMAGE_H
#define FIRN_REGION_PROCESS_IMAGE_H

#include "core/raw.h"
#include "region/block.h"
#include "region/process_maps.h"

enum {
    FIRN_PROCESS_IMAGE_MAGIC = 0x43525046, /* FPRC */
    FIRN_PROCESS_IMAGE_VERSION = 3,
    FIRN_PROCESS_IMAGE_MACHINE = 62, /* x86-64, as ELF numbers it */
    FIRN_PROCESS_IMAGE_BLOCK_HEADER_BYTES = 8,
    FIRN_PROCESS_IMAGE_PIECE_PAGES = 256,
};
enum {
    FIRN_PROCESS_IMAGE_CONFINED =
        1, /* cannot be rebuilt: something is mapped that a new child lacks */
    FIRN_PROCESS_IMAGE_WHOLE = 2,    /* all pages are one piece */
    FIRN_PROCESS_IMAGE_PREFIXED = 4, /* the words have those of the base before them */
};

/* All of it little-endian, as the machine has it. */
typedef struct firn_process_image_header {
    uint32_t magic, version, machine, page_bytes;
    uint64_t build; /* of the library */
    uint64_t template_id;
    uint64_t image_bytes;
    uint64_t tables_at;
    uint32_t mapping_count, run_count, signal_count, name_bytes;
    uint64_t page_count; /* of data */
    uint64_t brk;
    uint64_t context;   /* address of the ucontext_t, which lies on the stack */
    uint64_t stack_low; /* from here on the stack is in use */
    uint64_t signal_stack, signal_stack_bytes;
    uint32_t signal_stack_flags;
    uint32_t process;
    uint32_t flags;
    uint32_t crc;     /* of all of the image with 0 here */
    uint64_t base_id; /* of the image that it was packed against, which follows; 0: none */
    uint64_t base_bytes;
} firn_process_image_header;
_Static_assert(sizeof(firn_process_image_header) == 144, "the format has 144 bytes");

typedef enum firn_run_kind {
    FIRN_RUN_DATA = 0, /* in the blocks, in the order of the runs: what differs */
    FIRN_RUN_ZERO = 1,
    FIRN_RUN_BASE = 2, /* what the base has at the same addresses, in data runs of its own */
} firn_run_kind;

/* Pages of the image that lie one after the other in one mapping. */
typedef struct firn_process_image_run {
    uint64_t start;
    uint32_t page_count;
    uint32_t kind;
} firn_process_image_run;
_Static_assert(sizeof(firn_process_image_run) == 16, "the format has 16 bytes");

/* A signal that is not at its default. */
typedef struct firn_process_image_signal {
    uint64_t number;
    firn_raw_action action;
} firn_process_image_signal;
_Static_assert(sizeof(firn_process_image_signal) == 40, "the format has 40 bytes");

typedef struct firn_process_image_tables {
    firn_mapping *mappings;
    firn_process_image_run *runs;
    firn_process_image_signal *signals;
    char *names;
} firn_process_image_tables;

/* A number of this build's version and format. */
uint64_t firn_process_image_build(void);

/* What another image calls this one, where it is its base. */
uint64_t firn_process_image_id(const firn_process_image_header *header);

/* Writes the checksum into a header that lies before its image. */
void firn_process_image_finish(firn_process_image_header *header);

/* Checks everything that the bytes alone tell. *ret_cause is a sentence, also on success. */
firn_status firn_process_image_read(const void *image, size_t size,
                                    firn_process_image_header *ret_header, const char **ret_cause);

/* Bytes of all tables together. */
uint64_t firn_process_image_tables_bytes(const firn_process_image_header *header);
/* Where in tables each is. */
firn_process_image_tables firn_process_image_tables_in(const firn_process_image_header *header,
                                                       void *tables);
/* Whether unpacked tables fit together and the header. */
bool firn_process_image_tables_check(const firn_process_image_header *header,
                                     const firn_process_image_tables *tables);

/* Unpacks the block at *at in the image into out (size bytes, less than 4 GiB) and moves *at behind
 * it; not beyond end. */
bool firn_process_image_block_unpack(firn_block_unpacker *unpacker, const uint8_t *image,
                                     uint64_t end, uint64_t *at, const void *prefix,
                                     size_t prefix_size, void *out, size_t size);
/* Packs one; out has room for FIRN_PROCESS_IMAGE_BLOCK_HEADER_BYTES + size. Returns its bytes. */
size_t firn_process_image_block_pack(firn_block_packer *packer, const void *prefix,
                                     size_t prefix_size, const void *data, size_t size,
                                     uint8_t *out);

#endif
